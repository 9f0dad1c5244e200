"""The web page, from the committed notebooks with their outputs: `make site`. No notebook is executed, nothing fetched.

    python site/build.py runs/site

Sphinx reads the files where they lie, so that a link such as `../data/README.md` means the same on GitHub, in
JupyterLab and here. A warning, such as a link that leads nowhere, is a failure.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

from tutorial_helpers.errors import TutorialError

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FRONT_PAGE = "README.html"


def build(out: Path) -> int:
    """Make the site in a folder; the exit status is 0 only if Sphinx had nothing to warn of.

    Raises TutorialError where the folder holds something else than a site.
    """
    if out.exists() and any(out.iterdir()) and not (out / "objects.inv").exists():
        raise TutorialError(f"{out} holds something else than a site. Name a new folder, or empty this one.")
    work = out.with_name(f"{out.name}-work")
    shutil.rmtree(work, ignore_errors=True)
    status = make_pages(ROOT, work)
    if status == 0:
        shutil.rmtree(out, ignore_errors=True)
        (work / "html").rename(out)
    return status


def make_pages(source: Path, work: Path, *only: Path) -> int:
    """Run Sphinx into `work/html`, for all pages or only for some of the source's files. Returns its exit status."""
    html = work / "html"
    options = ["-q", "--jobs", "2", "--fail-on-warning", "-c", str(HERE), "-d", str(work / "doctrees")]
    status = build_main([*options, str(source), str(html), *map(str, only)])
    for template in (html / "_static").glob("*webpack-macros.html"):
        template.unlink()  # the themes' own, copied along: not a page
    if (html / FRONT_PAGE).exists():
        shutil.copy(html / FRONT_PAGE, html / "index.html")  # what a web server shows for the folder
    return status


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
