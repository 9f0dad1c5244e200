"""Where the recordings, notebooks and tables that come with the project lie: in a checkout, or in an installed copy."""

from __future__ import annotations

from pathlib import Path

PACKAGE = Path(__file__).resolve().parent
# a wheel carries the same folders inside the package, because there is nothing beside it
ROOT = PACKAGE.parent if (PACKAGE.parent / "pyproject.toml").is_file() else PACKAGE / "bundled"


def bundled(name: str) -> Path:
    """The path of a file or folder that comes with the project, named as in the repository, such as "data/show"."""
    return ROOT / name
