"""What every column of every table means: one definition each, with its unit and its source, in `codebook.csv`."""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from functools import lru_cache

import pandas as pd

from .errors import TutorialError
from .places import PACKAGE


@lru_cache(maxsize=1)
def table() -> pd.DataFrame:
    """All definitions, a row a column; a `*` in a name stands for anything, as in `mfcc_*`.

    Lesson: 06_scaling_up.

    Returns
    -------
    DataFrame
        `unit`, `meaning` and `source`, indexed by `column`.
    """
    return pd.read_csv(PACKAGE / "codebook.csv", index_col="column", keep_default_na=False)


def describe(columns: Iterable) -> dict[str, dict[str, str]]:
    """The definitions of some columns, to be kept beside a table.

    Parameters
    ----------
    columns : iterable of str

    Returns
    -------
    dict
        For each column `unit`, `meaning` and `source`.

    Raises
    ------
    TutorialError
        Where a column is not defined.
    """
    found = {}
    for column in map(str, columns):
        name = next((name for name in table().index if fnmatchcase(column, name)), None)
        if name is None:
            raise TutorialError(f"The codebook has no column '{column}'. Define it in {PACKAGE / 'codebook.csv'}.")
        found[column] = {str(key): str(value) for key, value in table().loc[name].items()}
    return found
