"""Runs lessons with papermill, one after the other, and writes down how each went."""

from __future__ import annotations

import ast
import difflib
import html
import json
import platform
import sys
import threading
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import nbformat
import papermill
import psutil
from nbconvert import HTMLExporter
from papermill.exceptions import PapermillExecutionError
from traitlets.config import Config

from . import corpora
from .errors import TutorialError
from .plotting import WIDGET

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = ROOT / "notebooks"
# "fast" is the same path over less sound: for a first look, and for tests
PROFILES = {"full": {}, "fast": {"minutes": 0.5, "most_recordings": 24}}
# kernels talk to us over encrypted sockets where they can; where they are not asked to, each one warns the learner
KERNEL_CONFIG = Config({"KernelManager": {"transport_encryption": "auto"}})
VERSIONS_OF = ["audio-as-data-tutorial", "librosa", "numpy", "pandas", "statsmodels", "scikit-learn", "torch"]


def lesson_paths(folder: Path = NOTEBOOKS) -> dict[str, Path]:
    """The lessons on disk, in order: {"01_data_prep": path of its notebook, ...}."""
    return {path.stem: path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}


def choose_lessons(wanted: str, lessons: dict[str, Path]) -> list[str]:
    """Names of lessons from "01,03" or "01_data_prep"; an empty text means all.

    Raises TutorialError where a lesson does not exist.
    """
    chosen = []
    for word in filter(None, (part.strip() for part in wanted.split(","))):
        found = [name for name in lessons if word in (name, name[:2])]
        if not found:
            raise TutorialError(f"There is no lesson '{word}'. Lessons: {', '.join(lessons)}.")
        chosen += found
    return chosen or list(lessons)


def run(
    corpus: str = corpora.DEFAULT,
    out: str | Path = "runs/latest",
    *,
    lessons: str = "",
    profile: str = "full",
    parameters: dict | None = None,
    progress: bool = True,
) -> dict:
    """Execute lessons on a corpus into a folder; the returned report is also written to its `run.json`.

    out: gets `NN_name.ipynb` (executed), `NN_name.html`, `index.html` and `run.json`. lessons: "01,03", empty for all.
    profile: "full" or "fast". parameters: values for the lessons' `parameters` cells, as texts or as they are; each
    lesson gets those it has. A lesson that fails is reported by cell and error, and the rest still runs.
    Raises TutorialError, before anything is written, where the corpus, a lesson, the profile or a parameter is unknown.
    """
    paths = lesson_paths()
    given, values = plan(corpus, lessons=lessons, profile=profile, parameters=parameters)
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    report = {"corpus": given["corpus"], "profile": profile, "versions": versions(), "lessons": []}
    for name in values:
        report["lessons"].append(run_lesson(paths[name], out / f"{name}.ipynb", values[name], progress=progress))
        _write(out / "run.json", json.dumps(report, indent=2) + "\n")  # what is done stays, whatever comes
        _write(out / "index.html", report_page(report, out))
    return report


def plan(
    corpus: str, *, lessons: str = "", profile: str = "full", parameters: dict | None = None
) -> tuple[dict, dict[str, dict]]:
    """What a run with these arguments would give to the lessons: all values, and those of each chosen lesson by name.

    A corpus on the web is fetched here, once, so that the lessons find it on this machine.
    Raises TutorialError where the corpus, a lesson, the profile, a parameter or the recording is unknown.
    """
    paths = lesson_paths()
    names = choose_lessons(lessons, paths)
    if profile not in PROFILES:
        raise TutorialError(f"There is no profile '{profile}'. Profiles: {', '.join(PROFILES)}.")
    # kernels run in another folder: a folder goes to them with its whole path
    if corpus not in corpora.NAMED and not corpora.is_address(corpus):
        corpus = str(Path(corpus).expanduser().resolve())
    given = {"corpus": corpus, **PROFILES[profile], **(parameters or {})}
    defaults = {name: parameter_defaults(paths[name]) for name in names}
    given = typed(given, {key: value for known in defaults.values() for key, value in known.items()})
    loaded = corpora.load(given["corpus"])
    if given.get("recording"):
        corpora.pick(loaded, given["recording"])
    return given, {name: {key: value for key, value in given.items() if key in defaults[name]} for name in names}


def run_lesson(notebook: Path, output: Path, parameters: dict, *, progress: bool = True) -> dict:
    """Execute one notebook and give its line of the report; the executed notebook and its HTML are left in its folder.

    An error's `cell` is the number that Jupyter shows beside the cell, as in `In [4]`.
    """
    error = None
    started = time.perf_counter()
    with _PeakMemory() as memory:
        try:
            _execute(notebook, output, parameters, progress)
        except PapermillExecutionError as failure:
            error = {"cell": failure.exec_count, "type": failure.ename, "message": failure.evalue}
        except Exception as failure:  # the kernel died, the disk is full: the next lesson may still run
            error = {"cell": None, "type": type(failure).__name__, "message": str(failure)}
    seconds = round(time.perf_counter() - started, 1)
    if output.exists():
        executed = drop_widgets(nbformat.read(output, as_version=4))
        page, _ = HTMLExporter(template_name="lab").from_notebook_node(executed)
        _write(output.with_suffix(".html"), page)
    return {
        "lesson": notebook.stem,
        "status": "failed" if error else "ok",
        "seconds": seconds,
        "peak_rss_mb": round(memory.peak / 1e6),
        "parameters": parameters,
        "error": error,
    }


def _execute(notebook: Path, output: Path, parameters: dict, progress: bool, *, tries: int = 2) -> None:
    """Execute a notebook with papermill, and once more where its kernel did not even start.

    Jupyter looks for free ports before the kernel takes them; what takes one in between lets the kernel die.
    """
    try:
        papermill.execute_notebook(
            notebook,
            output,
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


class _PeakMemory(threading.Thread):
    """The largest resident memory, in bytes, of this process's children (the kernel) while the block runs."""

    def __init__(self):
        super().__init__(daemon=True)
        self.peak = 0
        self._done = threading.Event()

    def run(self):
        me = psutil.Process()
        while not self._done.wait(0.05):
            total = 0
            for child in me.children(recursive=True):
                try:
                    total += child.memory_info().rss
                except psutil.NoSuchProcess:  # it ended between the list and the look
                    continue
            self.peak = max(self.peak, total)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *exception):
        self._done.set()
        self.join()


def drop_widgets(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """Take out live widgets, which are dead without a kernel; the figure that `plotting.knob` drew with each stays."""
    notebook.metadata.pop("widgets", None)
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            output.get("data", {}).pop(WIDGET, None)
    return notebook


def versions() -> dict[str, str]:
    """Versions of Python and of the packages whose numbers the lessons show."""
    found = {"python": platform.python_version()}
    for package in VERSIONS_OF:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            found[package] = "not installed"
    return found


def parameter_defaults(notebook: Path) -> dict:
    """What a lesson's `parameters` cell says: {"minutes": 10.0, ...}."""
    return {name: ast.literal_eval(found["default"]) for name, found in papermill.inspect_notebook(notebook).items()}


def typed(given: dict, defaults: dict) -> dict:
    """Values of parameters, perhaps texts from a command line, as the type of their defaults: "5" becomes 5.0.

    Raises TutorialError where no chosen lesson has a parameter of that name, or a number cannot be read.
    """
    values = {}
    for name, value in given.items():
        if name not in defaults:
            near = difflib.get_close_matches(name, defaults, n=1)
            raise TutorialError(
                f"No chosen lesson has a parameter '{name}'."
                + (f" Did you mean '{near[0]}'?" if near else "")
                + f" Parameters: {', '.join(sorted(defaults))}."
            )
        try:
            values[name] = type(defaults[name])(value)
        except ValueError as error:
            kind = "a whole number" if isinstance(defaults[name], int) else "a number"
            raise TutorialError(
                f"The parameter '{name}' takes {kind}, such as {defaults[name]}, not '{value}'."
            ) from error
    return values


def report_page(report: dict, out: Path) -> str:
    """The report as a page that needs no other file: how each lesson went, then the figures of each.

    out: the folder with the executed notebooks.
    """
    rows = "".join(_report_row(lesson) for lesson in report["lessons"])
    galleries = "".join(_gallery(lesson["lesson"], out) for lesson in report["lessons"])
    used = ", ".join(f"{name} {number}" for name, number in report["versions"].items())
    return page(
        f"Audio as data: {report['corpus']}",
        f"""<h1>Audio as data</h1>
<p>Corpus: <strong>{html.escape(report["corpus"])}</strong>. Profile: {html.escape(report["profile"])}.</p>
<table><thead><tr><th>Lesson</th><th>Result</th><th>Seconds</th><th>Peak memory</th></tr></thead>
<tbody>{rows}</tbody></table>
<p>{html.escape(used)}</p>
{galleries}""",
    )


STYLE = """
:root { color-scheme: light dark; --bad: #b00020; }
@media (prefers-color-scheme: dark) { :root { --bad: #ff9a9a; } }
body { font: 17px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem; }
table { border-collapse: collapse; width: 100%; } td, th { text-align: left; padding: .4rem .8rem .4rem 0; }
tr { border-bottom: 1px solid #8886; } .failed { color: var(--bad); font-weight: bold; }
img { max-width: 100%; margin: .5rem 0; background: white; }
"""


def page(title: str, body: str, style: str = "") -> str:
    """A whole HTML page that needs no other file, light or dark as the reader's machine is set. body: HTML."""
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{html.escape(title)}</title>
<style>{STYLE}{style}</style></head><body>
{body}
</body></html>
"""


def _report_row(lesson: dict) -> str:
    name, error = lesson["lesson"], lesson["error"]
    row = (
        f'<tr><td><a href="{name}.html">{name}</a> (<a href="{name}.ipynb">notebook</a>)</td>'
        f'<td class="{lesson["status"]}">{lesson["status"]}</td><td>{lesson["seconds"]:.0f}</td>'
        f"<td>{lesson['peak_rss_mb']:,} MB</td></tr>"
    )
    if error:
        where = "" if error["cell"] is None else f"cell {error['cell']}, "
        row += f'<tr><td colspan="4">{where}{html.escape(error["type"])}: {html.escape(error["message"])}</td></tr>'
    return row


def _gallery(name: str, out: Path) -> str:
    if not (out / f"{name}.ipynb").exists():
        return ""
    images = "".join(image(png, alt) for png, alt in figures(out / f"{name}.ipynb"))
    return f'<h2><a href="{name}.html">{name}</a></h2>{images}'


def image(png: str, alt: str) -> str:
    """An HTML image that carries its PNG (base64) with it."""
    return f'<img src="data:image/png;base64,{png}" alt="{html.escape(alt, quote=True)}">'


def failures(report: dict) -> list[str]:
    """A line a failed lesson: its name, the cell and the error. Empty where every lesson ran."""
    lines = []
    for lesson in report["lessons"]:
        if lesson["error"]:
            error = lesson["error"]
            where = "" if error["cell"] is None else f", cell {error['cell']}"
            lines.append(f"{lesson['lesson']}{where}: {error['type']}: {error['message']}")
    return lines


def _write(path: Path, text: str) -> None:
    """Write a file whole or not at all, so that a stop in the middle loses nothing that was there."""
    part = path.with_name(path.name + ".part")
    part.write_text(text, encoding="utf-8")
    part.replace(path)


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
