"""For authors: makes the committed notebooks and Binder's files from the one text each that a person edits."""

from __future__ import annotations

from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from . import runner
from .errors import TutorialError

SOURCE = runner.NOTEBOOKS / "source"
SOLUTIONS = runner.NOTEBOOKS / "solutions"
BINDER = runner.ROOT / "binder"


def source_paths() -> dict[str, Path]:
    """The lessons' sources, in order: {"01_data_prep": path, ...}."""
    return {path.stem: path for path in sorted(SOURCE.glob("[0-9][0-9]_*.py"))}


def notebook_from_source(source: Path, leave_out: str) -> nbformat.NotebookNode:
    """A source as a notebook without outputs, less the cells tagged `leave_out` ("stub" or "solution").

    Cell ids are counted rather than drawn, so that making a notebook twice gives the same file.
    """
    notebook = jupytext.read(source)
    notebook.cells = [cell for cell in notebook.cells if leave_out not in cell.metadata.get("tags", [])]
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    notebook.metadata.pop("jupytext", None)
    return notebook


def make_notebooks(lessons: str = "") -> list[Path]:
    """Turn sources into executed notebooks: the learner's (exercises open) and its twin with the solutions.

    lessons: "01,03", empty for all. Both run on the default corpus, in their own folder, as a learner would run them.
    Returns the paths written. Raises TutorialError where a cell fails.
    """
    sources = source_paths()
    written = []
    SOLUTIONS.mkdir(exist_ok=True)
    for name in runner.choose_lessons(lessons, sources):
        for folder, leave_out in ((runner.NOTEBOOKS, "solution"), (SOLUTIONS, "stub")):
            notebook = notebook_from_source(sources[name], leave_out)
            try:
                place = {"metadata": {"path": str(folder)}}
                NotebookClient(notebook, timeout=600, resources=place, config=runner.KERNEL_CONFIG).execute()
            except Exception as error:
                raise TutorialError(f"{sources[name]} did not run: {error}") from error
            nbformat.write(_tidy(notebook), folder / f"{name}.ipynb")
            written.append(folder / f"{name}.ipynb")
    return written


def _tidy(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out what changes from run to run."""
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    return notebook


def make_binder() -> list[Path]:
    """Write what Binder reads from `environment.yml`: the same environment, with paths as seen from `binder/`."""
    BINDER.mkdir(exist_ok=True)
    for path, text in binder_files().items():
        path.write_text(text, encoding="utf-8")
    return list(binder_files())


def binder_files() -> dict[Path, str]:
    """What `binder/` should hold: {path: text}."""
    environment = (runner.ROOT / "environment.yml").read_text(encoding="utf-8")
    environment = "".join(line + "\n" for line in environment.splitlines() if not line.startswith("#"))
    # Binder runs pip in binder/, one folder below
    environment = environment.replace("-c constraints.txt", "-c ../constraints.txt").replace("-e .", "-e ..")
    note = "# Made from environment.yml by `make binder`; edit that one.\n"
    return {BINDER / "environment.yml": note + environment}
