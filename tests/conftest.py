"""What the tests share: known signals, and the corpus that has to be installed."""

import os

import numpy as np
import pytest

from tutorial_helpers import corpora
from tutorial_helpers.errors import TutorialError

SR = 16_000


@pytest.fixture(scope="session")
def prompts():
    """The real prompts. In CI they have to be there; elsewhere the tests that need them are skipped without them."""
    try:
        return corpora.load("prompts")
    except TutorialError as error:
        if os.environ.get("CI"):
            raise
        pytest.skip(str(error))


@pytest.fixture
def sine():
    """Make a tone: sine(frequency in Hz, seconds, amplitude)."""

    def make(frequency, seconds=2.0, amplitude=0.5, sr=SR):
        times = np.arange(round(seconds * sr)) / sr
        return (amplitude * np.sin(2 * np.pi * frequency * times)).astype(np.float32)

    return make


@pytest.fixture
def noise():
    """Make white noise: noise(seconds, rms)."""

    def make(seconds=2.0, rms=0.1, sr=SR, seed=0):
        return (rms * np.random.default_rng(seed).standard_normal(round(seconds * sr))).astype(np.float32)

    return make
