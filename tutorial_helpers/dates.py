"""Dates as people and spreadsheets write them: read where they have one reading, refused where they have two."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta

from .errors import TutorialError

WRITE = "Write year, month and day, such as 2022-11-06."
WORDS = ["%d %B %Y", "%d %b %Y", "%B %d %Y", "%b %d %Y"]  # such as 6 November 2022; commas and dots are left out
EXCEL_DAYS = range(20_000, 80_000)  # the numbers of the days from 1954 to 2119, as Excel counts them
EXCEL_1900, EXCEL_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)


def read_dates(cells: Iterable[str], where: Iterable[str]) -> list[datetime | None]:
    """The date of each cell of a column; None for an empty one.

    A form such as 1/5/2023 is read if another cell, such as 13/5/2023, shows which number is the day. Of a time zone,
    the time that is written is kept, and not its distance from Greenwich.

    Parameters
    ----------
    cells : iterable of str
    where : iterable of str
        What an error calls each cell's place, such as "metadata.csv, line 3".

    Returns
    -------
    list of datetime.datetime or None

    Raises
    ------
    TutorialError
        Where a cell has no reading, or two.
    """
    dates: list[datetime | None] = []
    unclear = []  # number of the cell, its place, and the three numbers in it
    for cell, place in zip((cell.strip() for cell in cells), where, strict=True):
        found = re.fullmatch(r"(\d{1,2})([/-])(\d{1,2})\2(\d{4}|\d{2})", cell)
        if found:
            unclear.append((len(dates), place, cell, int(found[1]), int(found[3]), _year(found[4])))
        dates.append(None if found or not cell else _one_reading(cell, place))
    for number, date in _day_or_month_first(unclear):
        dates[number] = date
    return dates


def _year(digits: str) -> int:
    """A year of two digits lies from 1969 to 2068, as the POSIX standard has it."""
    year = int(digits)
    return year if len(digits) == 4 else year + (2000 if year < 69 else 1900)


def _one_reading(cell: str, place: str) -> datetime:
    """The date in a cell whose form says which number is which."""
    iso = re.fullmatch(
        r"(\d{4})([-/.]?)(\d{2})\2(\d{2})([T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?\s*(Z|[A-Z]{3,4}|[+-]\d{2}:?(\d{2})?)?)?",
        cell,
    ) or re.fullmatch(r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})()()", cell)
    german = re.fullmatch(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})", cell)  # where dates have dots, the day comes first
    try:
        if iso:
            hour, minute, second = (*map(int, re.findall(r"\d+", iso[5] or "")[: 3 if iso[6] else 2]), 0, 0, 0)[:3]
            return datetime(int(iso[1]), int(iso[3]), int(iso[4]), hour, minute, second)
        if german:
            return datetime(_year(german[3]), int(german[2]), int(german[1]))
    except ValueError:
        raise TutorialError(f"{place}: there is no day {cell}. {WRITE}") from None
    for form in WORDS:
        try:
            return datetime.strptime(" ".join(re.split(r"[\s,.]+", cell)), form)
        except ValueError:
            continue
    if re.fullmatch(r"\d{5}", cell) and int(cell) in EXCEL_DAYS:
        usual, old_mac = (first + timedelta(int(cell)) for first in (EXCEL_1900, EXCEL_1904))
        raise TutorialError(
            f"{place}: {cell} is a number. In Excel it can be {usual:%Y-%m-%d}, or {old_mac:%Y-%m-%d} in a file that "
            "began on an old Mac. Format the column as a date in the form 2022-11-06, and save it again."
        )
    if re.fullmatch(r"\d{4}", cell):
        raise TutorialError(f"{place}: {cell} is a year, and names no day. {WRITE}")
    raise TutorialError(f"{place}: a date that cannot be read: {cell}. {WRITE}")


def _day_or_month_first(unclear: list[tuple]) -> Iterable[tuple[int, datetime]]:
    """The dates of cells such as 1/5/2023, if one of them shows whether the day or the month comes first."""
    day_first = {first > 12 for _, _, _, first, second, _ in unclear if max(first, second) > 12}
    if len(day_first) > 1:
        days = next(cell for _, _, cell, first, _, _ in unclear if first > 12)
        months = next(cell for _, _, cell, _, second, _ in unclear if second > 12)
        raise TutorialError(
            f"{unclear[0][1]}: in {days} the day stands first, in {months} the month. "
            f"No date of this column is certain. {WRITE}"
        )
    for number, place, cell, first, second, year in unclear:
        if not day_first and first != second:
            readings = f"{year}-{second:02}-{first:02} or {year}-{first:02}-{second:02}"
            raise TutorialError(f"{place}: {cell} can be {readings}, and no other row says which. {WRITE}")
        day, month = (first, second) if day_first != {False} else (second, first)
        try:
            yield number, datetime(year, month, day)
        except ValueError:
            raise TutorialError(f"{place}: there is no day {cell}. {WRITE}") from None
