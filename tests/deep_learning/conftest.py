"""What the tests of deep learning share: real speech, and a voice detector that is told what it hears."""

import pandas as pd
import pytest

from tutorial_helpers import corpora, data_prep


def segments_of(*segments):
    return pd.DataFrame(segments, columns=["onset", "offset"], dtype=float)


@pytest.fixture(scope="session")
def spoken(prompts):
    """A minute and a bit of real speech."""
    return data_prep.read(corpora.pick(prompts, "en/demo-instruct").path)


@pytest.fixture
def hears(monkeypatch):
    """Let the voice detector hear these segments: hears((onset, offset), ...), or a function of the samples."""

    def let(*segments):
        find = segments[0] if segments and callable(segments[0]) else lambda y, sr=16_000: segments_of(*segments)
        monkeypatch.setattr(data_prep, "voice_activity", find)

    return let
