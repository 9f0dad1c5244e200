"""Makes an empty Google Colab runtime ready for the lessons; called by the first cell of every notebook, only there.

It runs before anything is installed, so it uses what Python brings and nothing else.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from importlib.metadata import distributions
from pathlib import Path

from ..errors import TutorialError
from ..places import ROOT


def set_up(use_my_drive: bool = False) -> None:
    """Install what the lessons need and Colab lacks, go to the notebooks' folder, and mount a drive where asked to.

    Nothing that is installed is replaced by an older version: the rest of the learner's runtime goes on working.

    Parameters
    ----------
    use_my_drive : bool
        Whether to mount the learner's Google Drive.

    Raises
    ------
    TutorialError
        Where pip cannot do that, with what pip says.
    """
    install(ROOT, constraints(installed(), tested()))
    os.chdir(ROOT / "notebooks")
    if use_my_drive:
        from google.colab import drive

        drive.mount("/content/drive")


def constraints(here: dict[str, str], known: dict[str, str]) -> list[str]:
    """Lines for `pip install -c`: what is here may only become newer; what is missing comes as it was tested."""
    floors = [f"{name}>={version}" for name, version in here.items()]
    return floors + [f"{name}=={version}" for name, version in known.items() if name not in here]


def installed() -> dict[str, str]:
    """Versions of the packages that are installed by name, without a builder's mark such as +cu124."""
    found = {each.metadata["Name"]: each.version for each in distributions() if each.metadata["Name"]}
    return {_comparable_name(name): version.split("+")[0] for name, version in found.items()}


def tested() -> dict[str, str]:
    """The exact versions that the lessons were tested with, from constraints.txt."""
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pins = (line.split("==") for line in lines if line and not line.startswith("#"))
    return {_comparable_name(name): version.strip() for name, version in pins}


def install(project: Path, lines: list[str]) -> None:
    """Install the project and what the lessons need with pip, or raise a TutorialError with what pip says."""
    with tempfile.TemporaryDirectory() as folder:
        within = Path(folder) / "constraints.txt"
        within.write_text("\n".join(lines) + "\n", encoding="utf-8")
        command = [sys.executable, "-m", "pip", "install", "-q", "-c", str(within), "-e", f"{project}[archive,offline]"]
        done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        raise TutorialError(
            "Colab could not install what the lessons need. Choose Runtime > Disconnect and delete runtime, and run "
            f"this cell again. pip says:\n{done.stderr.strip()[-1500:]}"
        )


def _comparable_name(name: str) -> str:
    """A package's name as pip compares it."""
    return name.lower().replace("_", "-").replace(".", "-")
