"""Runs lessons with papermill, one after the other, and writes down how each went."""

from __future__ import annotations

import ast
import difflib
import errno
import json
import platform
import re
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import nbformat
import papermill
from jinja2 import Environment, PackageLoader, StrictUndefined
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from .. import corpora, metadata
from ..errors import TutorialError
from ..places import bundled
from ..plotting import WIDGET
from .memory import PeakMemory

NOTEBOOKS = bundled("notebooks")
LESSON = "[0-9][0-9]*_*"  # names of lessons: 01_data_prep, 03a_music
# "fast" is the same path over less sound: for a first look, and for tests
PROFILES: dict[str, dict[str, Any]] = {"full": {}, "fast": {"minutes": 0.5, "most_recordings": 24}}
# kernels talk to us over encrypted sockets where they can; where they are not asked to, each one warns the learner
KERNEL_CONFIG = Config({"KernelManager": {"transport_encryption": "auto"}})
VERSIONS_OF = ["audio-as-data-tutorial", "librosa", "numpy", "pandas", "statsmodels", "scikit-learn", "torch"]
NO_PLACE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EPERM}  # nothing more can be written
TEMPLATES = Environment(
    loader=PackageLoader("tutorial_helpers.project"),
    autoescape=True,
    trim_blocks=True,
    lstrip_blocks=True,
    undefined=StrictUndefined,
)


def lesson_paths(folder: Path = NOTEBOOKS) -> dict[str, Path]:
    """The notebooks of a folder's lessons by name, in order: {"01_data_prep": path, ...}."""
    return {path.stem: path for path in sorted(folder.glob(f"{LESSON}.ipynb"))}


def choose_lessons(wanted: str, lessons: dict[str, Path]) -> list[str]:
    """Find the names of lessons that a person asks for.

    Parameters
    ----------
    wanted : str
        Names or their beginnings, with commas: "01,03b" or "01_data_prep"; "03" takes 03a, 03b and so on. Empty means
        all.
    lessons : dict
        The lessons there are, by name.

    Raises
    ------
    TutorialError
        Where a lesson does not exist, or none came with this copy.
    """
    if not lessons:
        raise TutorialError(f"There are no lessons in {NOTEBOOKS}: this copy is not complete. Install it again.")
    chosen = []
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        # the number or its letter is enough, half a word of a name is not
        number = word if re.fullmatch(r"\d\d[a-z]?", word) else None
        found = [name for name in lessons if name == word or (number and name.partition("_")[0].startswith(number))]
        if not found:
            raise TutorialError(f"There is no lesson '{word}'. Lessons: {', '.join(lessons)}.")
        chosen += found
    return list(dict.fromkeys(chosen)) or list(lessons)


def run(
    corpus: str = corpora.DEFAULT,
    out: str | Path = "runs/latest",
    *,
    lessons: str = "",
    profile: str = "full",
    parameters: dict[str, Any] | None = None,
    progress: bool = True,
) -> dict:
    """Execute lessons on a corpus. A lesson that fails is reported by cell and error, and the rest still runs.

    Parameters
    ----------
    corpus : str
        What `corpora.load` takes.
    out : path
        The folder that gets `NN_name.ipynb` (executed), `NN_name.html`, `index.html` and `run.json`.
    lessons : str
        As of `choose_lessons`.
    profile : {"full", "fast"}
        How much sound the lessons read.
    parameters : dict, optional
        Values for the lessons' `parameters` cells, as texts or as they are; each lesson gets those it has.
    progress : bool
        Whether a bar shows how far it is.

    Returns
    -------
    dict
        The report, as in `run.json`.

    Raises
    ------
    TutorialError
        Before anything is written, where the corpus, a lesson, the profile or a parameter is unknown; later, where the
        folder cannot be written to. What was done by then is in `run.json`.
    """
    paths = lesson_paths()
    given, values = plan(corpus, lessons=lessons, profile=profile, parameters=parameters)
    out = Path(out)
    report: dict[str, Any] = {"corpus": given["corpus"], "profile": profile, "versions": _versions(), "lessons": []}
    with writing_to(out):
        _write_report(report, out)
        for name in values:
            report["lessons"].append(_run_lesson(paths[name], out / f"{name}.ipynb", values[name], progress))
            _write_report(report, out)  # what is done stays, whatever comes
    return report


@contextmanager
def writing_to(out: Path) -> Iterator[None]:
    """Make a folder, and say in one message where it cannot be written to.

    Raises
    ------
    TutorialError
        Where the disk is full, or the folder is somebody else's.
    """
    try:
        out.mkdir(parents=True, exist_ok=True)
        yield
    except OSError as error:
        raise TutorialError(
            f"{out} cannot be written to: {error.strerror or error}. Make room, or name a folder that you may write to."
        ) from error


def _write_report(report: dict, out: Path) -> None:
    """What is done so far, as `run.json` and as a page."""
    atomic_write(out / "run.json", json.dumps(report, indent=2) + "\n")
    atomic_write(out / "index.html", _report_page(report, out))


def plan(
    corpus: str, *, lessons: str = "", profile: str = "full", parameters: dict[str, Any] | None = None
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """Find what a run with these arguments would give to the lessons.

    A corpus on the web is fetched here, once, so that the lessons find it on this machine.

    Returns
    -------
    given : dict
        Every parameter's value.
    by_lesson : dict of dict
        Those of each chosen lesson, by its name.

    Raises
    ------
    TutorialError
        Where the corpus, a lesson, the profile, a parameter or the recording is unknown.
    """
    paths = lesson_paths()
    names = choose_lessons(lessons, paths)
    if profile not in PROFILES:
        raise TutorialError(f"There is no profile '{profile}'. Profiles: {', '.join(PROFILES)}.")
    # kernels run in another folder: a folder goes to them with its whole path
    if corpus not in corpora.NAMED and not metadata.is_address(corpus):
        corpus = str(Path(corpus).expanduser().resolve())
    given = {"corpus": corpus, **PROFILES[profile], **(parameters or {})}
    defaults = {name: parameter_defaults(paths[name]) for name in names}
    given = typed(given, {key: value for known in defaults.values() for key, value in known.items()})
    loaded = corpora.load(given["corpus"])
    if given.get("recording"):
        corpora.pick(loaded, given["recording"])
    return given, {name: {key: value for key, value in given.items() if key in defaults[name]} for name in names}


def _run_lesson(notebook: Path, output: Path, parameters: dict[str, Any], progress: bool) -> dict:
    """Execute one notebook into another, with a page beside it; its line of the report.

    An error's `cell` is the number that Jupyter shows beside the cell, as in `In [4]`.
    """
    error: dict[str, Any] | None = None
    started = time.perf_counter()
    with PeakMemory() as memory:
        try:
            _execute(notebook, output, parameters, progress)
        except PapermillExecutionError as failure:
            error = {"cell": failure.exec_count, "type": failure.ename, "message": failure.evalue}
        except OSError as failure:
            if failure.errno in NO_PLACE:  # nor would the next lesson find any
                raise
            error = {"cell": None, "type": type(failure).__name__, "message": str(failure)}
        except Exception as failure:  # the kernel died: the next lesson may still run
            error = {"cell": None, "type": type(failure).__name__, "message": str(failure)}
    seconds = round(time.perf_counter() - started, 1)
    if output.exists():
        executed = drop_widgets(nbformat.read(output, as_version=4))
        page, _ = HTMLExporter(template_name="lab").from_notebook_node(executed)
        atomic_write(output.with_suffix(".html"), page)
    return {
        "lesson": notebook.stem,
        "status": "failed" if error else "ok",
        "seconds": seconds,
        "peak_mb": round(memory.peak_mb),
        "parameters": parameters,
        "error": error,
    }


def _execute(notebook: Path, output: Path, parameters: dict[str, Any], progress: bool, *, tries: int = 2) -> None:
    """Execute a notebook with papermill, and once more where its kernel did not even start.

    Jupyter looks for free ports before the kernel takes them; what takes one in between lets the kernel die.
    """
    try:
        papermill.execute_notebook(
            _literal(notebook),
            _literal(output),
            parameters=parameters,
            cwd=str(output.parent),
            config=KERNEL_CONFIG,
            request_save_on_cell_execute=False,  # it is saved at the end, whatever happens, and every 30 s
            progress_bar={"desc": notebook.stem, "file": sys.stderr} if progress else False,
        )
    except RuntimeError as failure:
        if tries == 1 or "before replying" not in str(failure):
            raise
        _execute(notebook, output, parameters, progress, tries=tries - 1)


def _literal(path: Path) -> str:
    """A path for papermill, which would fill in what stands in braces."""
    return str(path).replace("{", "{{").replace("}", "}}")


def drop_widgets(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take out live widgets, which are dead without a kernel; the figure that `plotting.knob` drew with each stays."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def parameter_defaults(notebook: Path) -> dict[str, Any]:
    """What a lesson's `parameters` cell says: {"minutes": 10.0, ...}."""
    return {
        name: ast.literal_eval(found["default"])
        for name, found in papermill.inspect_notebook(_literal(notebook)).items()
    }


def typed(given: dict[str, Any], defaults: dict[str, Any]) -> dict[str, Any]:
    """Read values of parameters, perhaps texts from a command line, as the type of their defaults: "5" becomes 5.0.

    Raises
    ------
    TutorialError
        Where no chosen lesson has a parameter of that name, or a number cannot be read.
    """
    values = {}
    for name, value in given.items():
        if name not in defaults:
            raise TutorialError(
                f"No chosen lesson has a parameter '{name}'.{did_you_mean(name, defaults)} "
                f"Parameters: {', '.join(sorted(defaults))}."
            )
        try:
            values[name] = type(defaults[name])(value)
        except ValueError as error:
            kind = "a whole number" if isinstance(defaults[name], int) else "a number"
            raise TutorialError(
                f"The parameter '{name}' takes {kind}, such as {defaults[name]}, not '{value}'."
            ) from error
    return values


def did_you_mean(name: str, known: dict[str, Any]) -> str:
    """A question for the end of a sentence, such as " Did you mean 'minutes'?"; empty where nothing is near."""
    near = difflib.get_close_matches(name, known, n=1)
    return f" Did you mean '{near[0]}'?" if near else ""


def failures(report: dict) -> list[str]:
    """A line a failed lesson: its name, the cell and the error. Empty where every lesson ran."""
    lines = []
    for lesson in report["lessons"]:
        if lesson["error"]:
            error = lesson["error"]
            where = "" if error["cell"] is None else f", cell {error['cell']}"
            lines.append(f"{lesson['lesson']}{where}: {error['type']}: {error['message']}")
    return lines


def figures(notebook: Path) -> list[tuple[str, str]]:
    """The figures of an executed notebook: (PNG as base64, alt text), in order."""
    return [figure for cell in nbformat.read(notebook, as_version=4).cells for figure in figures_of(cell)]


def figures_of(cell: nbformat.NotebookNode) -> list[tuple[str, str]]:
    """The figures of one executed cell: (PNG as base64, alt text), in order."""
    found = []
    for output in cell.get("outputs", []):
        if "image/png" in output.get("data", {}):
            found.append((output["data"]["image/png"], output.metadata.get("image/png", {}).get("alt", "")))
    return found


def atomic_write(path: Path, text: str) -> None:
    """Write a file whole or not at all, so that a stop in the middle loses nothing that was there."""
    part = path.with_name(path.name + ".part")
    try:
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _versions() -> dict[str, str]:
    """Versions of Python and of the packages whose numbers the lessons show."""
    found = {"python": platform.python_version()}
    for package in VERSIONS_OF:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def _report_page(report: dict, out: Path) -> str:
    """The report as a page that needs no other file; out: the folder with the executed notebooks."""
    notebooks = {line["lesson"]: out / f"{line['lesson']}.ipynb" for line in report["lessons"]}
    galleries = {name: figures(path) for name, path in notebooks.items() if path.exists()}
    return TEMPLATES.get_template("report.html.j2").render(report=report, galleries=galleries)
