"""For authors: makes the committed notebooks and Binder's files from the one text each that a person edits."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import jupytext
import nbformat
from nbclient import NotebookClient

from ..errors import TutorialError
from ..places import ROOT
from . import runner

SOURCE = runner.NOTEBOOKS / "source"
SOLUTIONS = runner.NOTEBOOKS / "solutions"
BINDER = ROOT / "binder"


def source_paths() -> dict[str, Path]:
    """The lessons' sources by name, in order: {"01_data_prep": path, ...}."""
    return {path.stem: path for path in sorted(SOURCE.glob(f"{runner.LESSON}.py"))}


def repository() -> str:
    """Where the project is published, "https://github.com/owner/name"; empty until `make links` has set it."""
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]
    name = settings["audio-as-data-tutorial"]["repository"]
    return f"https://github.com/{name}" if name else ""


def notebook_from_source(source: Path, leave_out: str) -> nbformat.NotebookNode:
    """Make a notebook without outputs from a source, less the cells tagged `leave_out` ("stub" or "solution").

    What all lessons share is added: the minutes that a lesson takes, where to open it, and Colab's first cell. Cell ids
    are counted rather than drawn, so that making a notebook twice gives the same file.
    """
    notebook = jupytext.read(source)
    notebook.cells = [cell for cell in notebook.cells if leave_out not in cell.metadata.get("tags", [])]
    folder = "notebooks/solutions" if leave_out == "stub" else "notebooks"
    opening = notebook.cells[0]
    opening.source = opening.source.replace("{{TIME}}", time_needed(notebook)) + open_in(
        f"{folder}/{source.stem}.ipynb"
    )
    notebook.cells.insert(1, nbformat.v4.new_code_cell(colab_cell(repository()), metadata={"tags": ["colab"]}))
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
        if leave_out == "stub" and cell.cell_type == "markdown":  # solutions lie one folder deeper
            cell.source = cell.source.replace("](../", "](../../")
    notebook.metadata.pop("jupytext", None)
    return notebook


def colab_cell(address: str) -> str:
    """The first code cell of every notebook: on Google Colab it makes an empty runtime work, elsewhere it does nothing.

    It can only use what Python brings; the rest is in `colab.py`. The address is what `git clone` takes.
    """
    return f'''# Google Colab begins with an empty machine: there, this cell fetches the project and installs what is
# missing. Anywhere else it does nothing.
import subprocess
import sys
from pathlib import Path

repository = "{address}"  # what `git clone` takes
use_my_drive = False  # True mounts your Google Drive; then set corpus = "/content/drive/MyDrive/your-folder" below

if "google.colab" in sys.modules:
    project = Path.home() / "audio-as-data-tutorial"
    if not repository:
        raise ValueError("Write the project's address into `repository` above: this copy does not know it yet.")
    if not project.exists():
        subprocess.run(["git", "clone", "--depth", "1", repository, str(project)], check=True)
    sys.path.insert(0, str(project))
    from tutorial_helpers.project import colab

    colab.set_up(use_my_drive)'''


def open_in(path: str) -> str:
    """Links that open a file of the repository in Colab and on Binder; empty while the repository is not known."""
    if not repository():
        return ""
    name = repository().removeprefix("https://github.com/")
    colab = f"https://colab.research.google.com/github/{name}/blob/main/{path}"
    binder = f"https://mybinder.org/v2/gh/{name}/main?urlpath=lab/tree/{path}"
    return f"\n\nOpen it in [Colab]({colab}) or on [Binder]({binder})."


# Silent reading of English, words a minute: Brysbaert 2019, 10.1016/j.jml.2019.104047. The others are our guesses.
WORDS, CODE_LINES, EXERCISE_MINUTES, QUESTION_MINUTES = 238, 12, 5, 1
NOT_READ = {"quiz", "stub", "solution", "colab"}  # tags of cells that are counted otherwise, or not at all


def minutes(notebook: nbformat.NotebookNode) -> dict[str, int]:
    """Minutes that a learner needs for a lesson: "read" (to the next 5), "exercises" and "quiz".

    Counted, not timed with people. What the machine needs stands in `run.json`: about a minute at most.
    """
    cells = notebook.cells[1:]  # the opening, which says so itself, is not counted
    tags = [cell.metadata.get("tags", []) for cell in cells]
    told = [cell for cell, its in zip(cells, tags, strict=True) if not NOT_READ & {*its}]
    words = sum(len(cell.source.split()) for cell in told if cell.cell_type == "markdown")
    lines = sum(len(cell.source.splitlines()) for cell in told if cell.cell_type == "code")
    questions = sum(cell.source.count("?**") for cell, its in zip(cells, tags, strict=True) if "quiz" in its)
    exercises = sum(bool({"stub", "solution"} & {*its}) for its in tags)
    return {
        "read": 5 * round((words / WORDS + lines / CODE_LINES) / 5),
        "exercises": EXERCISE_MINUTES * exercises,
        "quiz": QUESTION_MINUTES * questions,
    }


def time_needed(notebook: nbformat.NotebookNode) -> str:
    """The sentence of a lesson's opening that says how long it takes."""
    parts = minutes(notebook)
    whole = 5 * round(sum(parts.values()) / 5)
    read, exercises, quiz = parts["read"], parts["exercises"], parts["quiz"]
    return f"about {whole} minutes: {read} to read and run, {exercises} for the exercises, {quiz} for the quiz."


def make_notebooks(lessons: str = "") -> list[Path]:
    """Turn sources into executed notebooks: the learner's (exercises open) and its twin with the solutions.

    Both run on the default corpus, in their own folder, as a learner would run them. `lessons` are chosen as in
    `runner.choose_lessons`; the paths written are returned.

    Raises
    ------
    TutorialError
        Where a cell fails, or this copy is not a checkout.
    """
    _require_checkout()
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
            nbformat.write(_without_changing_parts(notebook), folder / f"{name}.ipynb")
            written.append(folder / f"{name}.ipynb")
    return written


def set_repository(name: str) -> list[Path]:
    """Write the project's public address, "owner/name", into the one setting, and from there to wherever it is shown.

    Nothing is executed: in the notebooks only the cells that tell the address change. The paths written are returned.

    Raises
    ------
    TutorialError
        Where the name is not of that form, a file has no place for it, or this copy is not a checkout.
    """
    _require_checkout()
    if not re.fullmatch(r"[\w.-]+/[\w.-]+", name):
        raise TutorialError(f"'{name}' is not a repository. Write its owner and its name: make links REPO=owner/name")
    settings, readme = ROOT / "pyproject.toml", ROOT / "README.md"
    _replace(settings, r'(?m)^repository = ".*?"', f'repository = "{name}"')
    links = f"<!-- links -->{open_in('notebooks/01_data_prep.ipynb').strip()}<!-- /links -->"
    _replace(readme, r"(?s)<!-- links -->.*?<!-- /links -->", links)
    return [settings, readme, *_stamp_notebooks()]


def _require_checkout() -> None:
    """Refuse to go on in an installed copy, which has none of the files that authors edit."""
    if not (ROOT / "pyproject.toml").is_file():
        raise TutorialError(
            "This command is for authors and changes the project's own files, which an installed copy does not have. "
            "Clone the repository, and run it there."
        )


def _replace(path: Path, pattern: str, text: str) -> None:
    """Put a text in place of the one that matches, in a file that has to have one."""
    changed, times = re.subn(pattern, lambda _: text, path.read_text(encoding="utf-8"))
    if times != 1:
        raise TutorialError(
            f"{path} has {times} places for '{text}', and one is needed. Restore it: git checkout {path}"
        )
    path.write_text(changed, encoding="utf-8")


def _stamp_notebooks() -> list[Path]:
    """Bring the texts of the committed notebooks up to date with the setting; their outputs stay."""
    stamped = []
    for name, source in source_paths().items():
        for folder, leave_out in ((runner.NOTEBOOKS, "solution"), (SOLUTIONS, "stub")):
            path = folder / f"{name}.ipynb"
            notebook = nbformat.read(path, as_version=4)
            made = notebook_from_source(source, leave_out)
            for cell, new in zip(notebook.cells, made.cells, strict=True):
                cell.source = new.source
            nbformat.write(notebook, path)
            stamped.append(path)
    return stamped


def _without_changing_parts(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Leave out what changes from run to run, and widgets, which only live with a kernel: their figure stays."""
    runner.drop_widgets(notebook)
    for cell in notebook.cells:
        cell.metadata.pop("execution", None)
    notebook.metadata.get("language_info", {}).pop("version", None)
    return notebook


def make_binder() -> list[Path]:
    """Write what Binder reads from `environment.yml`: the same environment, with paths as seen from `binder/`."""
    _require_checkout()
    BINDER.mkdir(exist_ok=True)
    for path, text in binder_files().items():
        path.write_text(text, encoding="utf-8")
    return list(binder_files())


def binder_files() -> dict[Path, str]:
    """What `binder/` should hold: {path: text}."""
    environment = (ROOT / "environment.yml").read_text(encoding="utf-8")
    environment = "".join(line + "\n" for line in environment.splitlines() if not line.startswith("#"))
    # Binder runs pip in binder/, one folder below
    environment = environment.replace("-c constraints.txt", "-c ../constraints.txt").replace("-e .", "-e ..")
    note = "# Made from environment.yml by `make binder`; edit that one.\n"
    return {BINDER / "environment.yml": note + environment}
