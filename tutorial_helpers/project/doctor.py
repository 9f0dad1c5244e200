"""Checks a machine before a lesson: what the tutorial needs, and how to mend what is missing."""

from __future__ import annotations

import os
import platform
import sys
import tempfile
from importlib.metadata import PackageNotFoundError, requires, version
from pathlib import Path

import psutil
from packaging.requirements import Requirement

from .. import corpora
from ..errors import TutorialError

PROJECT = "audio-as-data-tutorial"
TESTED = [(3, 11), (3, 12), (3, 13)]
EXTRAS = {  # what a person may do without, and what each is for
    "notebooks": "`run`, `workshop` and JupyterLab",
    "archive": "`extract` and lesson 06",
    "offline": "recognition without a model hub",
}


def examine() -> list[tuple[bool, str]]:
    """Look at everything the tutorial needs.

    Returns
    -------
    list of (bool, str)
        For each thing whether it is well, and a line on it, which says how to mend what is not. Optional parts are
        always well; the line says what is missing.
    """
    return [
        _python(),
        *_packages(),
        _mp3(),
        _corpus("show"),
        _corpus("prompts", optional=True),
        _memory(),
        _writable(),
    ]


def warm_up() -> None:
    """Have librosa compile its loops, which it keeps on disk: some twenty seconds, spent once and not in a lesson."""
    import librosa

    from .. import representations
    from ..synthesis import chord_music

    sr = 16_000
    y = chord_music([(0, 4, 7)] * 2, bpm=120)
    representations.magnitude(y)
    librosa.beat.beat_track(y=y, sr=sr)
    librosa.pyin(y[:sr], fmin=75, fmax=500, sr=sr)
    librosa.feature.zero_crossing_rate(y)
    librosa.piptrack(y=y, sr=sr)


def _python() -> tuple[bool, str]:
    tested = ", ".join(f"{major}.{minor}" for major, minor in TESTED)
    note = "" if sys.version_info[:2] in TESTED else f" (tested are {tested})"  # pip has refused older ones
    return True, f"Python {platform.python_version()}{note}"


def _packages() -> list[tuple[bool, str]]:
    """A line for each package that the helpers need, and for each extra."""
    try:
        wanted = [Requirement(line) for line in requires(PROJECT) or []]
    except PackageNotFoundError:
        return [(False, "the tutorial itself is not installed: make setup")]
    lines = []
    for requirement in _applying(wanted, ""):
        trouble = _package_trouble(requirement)
        mend = f'{trouble}: pip install "{str(requirement).partition(";")[0].strip()}"'
        lines.append((not trouble, mend if trouble else f"package {requirement.name} {version(requirement.name)}"))
    for extra, purpose in EXTRAS.items():
        of_extra = [each for each in _applying(wanted, extra) if each not in _applying(wanted, "")]
        troubles = list(filter(None, map(_package_trouble, of_extra)))
        mend = f'{", ".join(troubles)}. To have it: pip install "{PROJECT}[{extra}]"'
        lines.append((True, f"optional, for {purpose}: {mend if troubles else f'all {len(of_extra)} packages'}"))
    return lines


def _applying(wanted: list[Requirement], extra: str) -> list[Requirement]:
    """What this machine needs for an extra; for an empty name, what every installation needs."""
    return [each for each in wanted if not each.marker or each.marker.evaluate({"extra": extra})]


def _package_trouble(requirement: Requirement) -> str:
    """What is wrong with an installed package; empty where nothing is."""
    try:
        found = version(requirement.name)
    except PackageNotFoundError:
        return f"package {requirement.name} is not installed"
    right = requirement.specifier.contains(found, prereleases=True)
    return "" if right else f"package {requirement.name} is {found}, and {requirement.specifier} is needed"


def _mp3() -> tuple[bool, str]:
    try:
        import numpy as np

        from .. import data_prep

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "tone.mp3"
            tone = np.sin(np.arange(16_000) / 5).astype(np.float32) / 2
            data_prep.to_pydub(tone, 16_000).export(path, format="mp3")
            read = data_prep.read(path)
        return len(read) >= 16_000, f"mp3 is written and read ({len(read) / 16_000:.1f} s)"
    except Exception as error:  # whatever fails here is what the person has to know
        return False, f"mp3 cannot be written and read ({error}): install the tutorial again"


def _corpus(name: str, *, optional: bool = False) -> tuple[bool, str]:
    try:
        return True, f"corpus '{name}': {len(corpora.load(name).recordings)} recordings"
    except TutorialError as error:
        problem = str(error).replace("\n", " ")
        return optional, f"optional, corpus '{name}' is not here. {problem}" if optional else problem


def _memory() -> tuple[bool, str]:
    free = psutil.virtual_memory().available / 1e9
    enough = free >= 1.5
    return enough, f"{free:.1f} GB of memory free" + ("" if enough else ": close other programs, 1.5 GB is needed")


def _writable() -> tuple[bool, str]:
    here = Path.cwd()
    writable = os.access(here, os.W_OK)
    return writable, f"{here} can be written to" if writable else f"{here} cannot be written to: work in another folder"
