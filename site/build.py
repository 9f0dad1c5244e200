"""The web page, from the committed notebooks with their outputs: `make site`. Nothing is executed, nothing fetched.

    python site/build.py runs/site

The files are first laid out as in the repository, so that a link such as `../data/README.md` means the same on GitHub,
in JupyterLab and here; then Sphinx makes pages of them. A warning, such as a link that leads nowhere, is a failure.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

import nbformat
import results
from sphinx.cmd.build import build_main

from tutorial_helpers import publish, runner
from tutorial_helpers.errors import TutorialError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
# what pages consist of or link to, besides the notebooks
FILES = ["CONTRIBUTING.md", "LICENSE", "CITATION.cff", "data/README.md", "data/*.py", "data/*.txt", "docs/**/*"]
FILES += ["benchmarks/*.csv", "benchmarks/*.json", "benchmarks/RESULTS.md", "benchmarks/results.png"]
FILES += ["simulations/*.csv", "site/*.md", "site/*.csv"]
# the README up to this heading is the front page, the rest a page of its own
README_TURNS = "## The recordings\n"
README_REST = "# Use it: recordings, recognisers, checks\n\n"


def build(out: Path) -> int:
    """Make the site in a folder; the exit status is 0 only if Sphinx had nothing to warn of.

    What Sphinx read stays beside it, in `<out>-work/source`, for whoever looks for the cause of a warning.
    Raises TutorialError where the folder holds something else than a site.
    """
    if out.exists() and any(out.iterdir()) and not (out / "objects.inv").exists():
        raise TutorialError(f"{out} holds something else than a site. Name a new folder, or empty this one.")
    work = out.with_name(f"{out.name}-work")
    shutil.rmtree(work, ignore_errors=True)
    stage(work / "source")
    status = make_pages(work, work / "html")
    if status == 0:
        shutil.rmtree(out, ignore_errors=True)
        (work / "html").rename(out)
    return status


def make_pages(work: Path, html: Path, *only: Path) -> int:
    """Run Sphinx on `work/source`, for all pages or only for some of its files. Returns its exit status."""
    options = ["-q", "--jobs", "2", "--fail-on-warning", "-c", str(HERE), "-d", str(work / "doctrees")]
    status = build_main([*options, str(work / "source"), str(html), *map(str, only)])
    for template in (html / "_static").glob("*webpack-macros.html"):
        template.unlink()  # the themes' own, copied along: not a page
    return status


def stage(source: Path) -> None:
    """Lay out everything that Sphinx reads, in the folders of the repository."""
    for pattern in FILES:
        for path in ROOT.glob(pattern):
            if path.is_file():
                copy(path, source / path.relative_to(ROOT))
    for path in runner.lesson_paths().values():
        write_notebook(tidy_notebook(path), source / "notebooks" / path.name)
    for path in runner.lesson_paths(publish.SOLUTIONS).values():
        write_notebook(as_solution(tidy_notebook(path)), source / "notebooks" / "solutions" / path.name)
    stage_readme(source)
    results.write(source)


def copy(path: Path, target: Path) -> None:
    """Copy a file, and make the folders on the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(path, target)


def write_notebook(notebook: nbformat.NotebookNode, target: Path) -> None:
    """Write a notebook, and make the folders on the way."""
    target.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(notebook, target)


def tidy_notebook(path: Path) -> nbformat.NotebookNode:
    """A committed notebook, with the cell that only Colab needs marked as one that pages leave out."""
    notebook = nbformat.read(path, as_version=4)
    for cell in notebook.cells:
        if "colab" in cell.metadata.get("tags", []):
            cell.metadata.tags.append("remove-cell")
    return notebook


def as_solution(notebook: nbformat.NotebookNode) -> nbformat.NotebookNode:
    """The same with "solutions" in its title, and left out of the search, which finds the lesson's own page."""
    opening = notebook.cells[0]
    opening.source = re.sub(r"^# (.+)$", r"# \1 (solutions)", opening.source, count=1, flags=re.MULTILINE)
    notebook.metadata["no-search"] = True
    return notebook


def stage_readme(source: Path) -> None:
    """Write the front page and the page README.md: the two parts of the README.

    Raises TutorialError where the heading at which they part is not there.
    """
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    top, heading, rest = readme.partition(README_TURNS)
    if not heading:
        raise TutorialError(f"README.md has no heading '{README_TURNS.strip()}', where site/build.py divides it.")
    pages = (HERE / "index.md").read_text(encoding="utf-8")
    (source / "index.md").write_text(top + pages, encoding="utf-8")
    (source / "README.md").write_text(README_REST + heading + rest, encoding="utf-8")


def main(arguments: list[str]) -> int:
    """Build into the folder that is named; the exit status says whether it went without a warning."""
    try:
        (out,) = arguments
        status = build(Path(out).resolve())
    except ValueError:
        print("Usage: python site/build.py FOLDER, such as runs/site", file=sys.stderr)
        return 2
    except TutorialError as error:
        print(f"Error: {error}", file=sys.stderr)
        return 1
    print(f"The site is in {out}: open {out}/index.html" if status == 0 else "The site was not made: see above.")
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
