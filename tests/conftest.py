"""What the tests share: known signals, the corpus that has to be installed, and how to do without PyTorch."""

import os
import sys
from pathlib import Path

import numpy as np
import pytest

from tutorial_helpers import corpora
from tutorial_helpers.errors import TutorialError

SR = 16_000
WITHOUT_TORCH = bool(os.environ.get("WITHOUT_TORCH"))  # `make test-colab WITHOUT_TORCH=1` installs all but PyTorch
LONGEST = ("test_show", "test_scaling_up", "test_site", "test_lab")
sys.path.append(str(Path(__file__).parent))  # for `from tones import ...` in every folder of tests


class _SkipsWhatImportsTorch:
    """Stands in the way of `import torch`: the test, or the module of tests, that comes to it is skipped."""

    def find_spec(self, name, path=None, target=None):
        if name == "torch":
            pytest.skip("needs PyTorch", allow_module_level=True)


def pytest_configure(config):
    config.addinivalue_line("markers", "torch: needs PyTorch in a process of its own, such as an executed lesson")
    if WITHOUT_TORCH:
        sys.meta_path.insert(0, _SkipsWhatImportsTorch())


def pytest_collection_modifyitems(items):
    """The files that take minutes first: with one of them last, the other core would be idle."""
    items.sort(key=lambda item: item.path.stem not in LONGEST)


def pytest_runtest_setup(item):
    if WITHOUT_TORCH and item.get_closest_marker("torch"):
        pytest.skip("needs PyTorch")


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
