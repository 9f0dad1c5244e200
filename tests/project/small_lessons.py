"""Lessons of a few cells, and a corpus of two recordings, for tests of what runs lessons."""

from pathlib import Path

import nbformat
import numpy as np
import soundfile as sf

PARAMETERS = 'corpus = "prompts"\nrecording = ""\nstart = 0.0\nminutes = 10.0\nmost_recordings = 100\nseed = 1'


def write_lesson(path: Path, *cells: str) -> None:
    """Write a notebook with the lessons' usual parameters, and these code cells after them."""
    notebook = nbformat.v4.new_notebook(
        cells=[nbformat.v4.new_code_cell(PARAMETERS, metadata={"tags": ["parameters"]})]
        + [nbformat.v4.new_code_cell(cell) for cell in cells],
        metadata={"kernelspec": {"name": "python3", "display_name": "Python 3", "language": "python"}},
    )
    nbformat.write(notebook, path)


def write_corpus(folder: Path) -> None:
    """Make a folder with a good recording of 1 s at 16 kHz, and an empty one."""
    folder.mkdir()
    sf.write(folder / "good.wav", 0.5 * np.sin(np.arange(16_000) / 10), 16_000)
    (folder / "broken.mp3").touch()
