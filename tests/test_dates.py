"""Dates as people write them: one reading is read, two are refused with both."""

from datetime import datetime

import pytest

from tutorial_helpers.dates import read_dates
from tutorial_helpers.errors import TutorialError


def read(*cells):
    return read_dates(cells, [f"metadata.csv, line {number}" for number in range(2, 2 + len(cells))])


@pytest.mark.parametrize(
    "cell",
    [
        *("2022-11-06", "20221106", "2022/11/06", "2022.11.06", "2022-11-6", "06.11.2022", "6.11.22", " 2022-11-06 "),
        *("6 November 2022", "6. November 2022", "6 Nov 2022", "November 6, 2022", "Nov. 6, 2022", "2022-11-06 00:00"),
        *("2022-11-06T00:00:00+05:30", "2022-11-06 00:00:00.000Z", "2022-11-06 00:00:00 CET"),
    ],
)
def test_a_date_with_one_reading_is_read(cell):
    assert read(cell) == [datetime(2022, 11, 6)]


def test_of_a_time_zone_the_time_that_is_written_is_kept():
    assert read("2022-11-06T23:30:15+01:00", "2022-11-06 08:05Z") == [
        datetime(2022, 11, 6, 23, 30, 15),
        datetime(2022, 11, 6, 8, 5),
    ]


def test_an_empty_cell_has_no_date():
    assert read("", "2022-11-06", "  ") == [None, datetime(2022, 11, 6), None]


@pytest.mark.parametrize(
    ("cells", "dates"),
    [
        (["1/5/23", "13/5/23"], [datetime(2023, 5, 1), datetime(2023, 5, 13)]),
        (["1/5/2023", "5/13/2023"], [datetime(2023, 1, 5), datetime(2023, 5, 13)]),
        (["5/5/2023"], [datetime(2023, 5, 5)]),
        (
            ["01-05-2023", "2022-11-06", "31-12-2023"],
            [datetime(2023, 5, 1), datetime(2022, 11, 6), datetime(2023, 12, 31)],
        ),
        (["13/5/68", "13/5/69"], [datetime(2068, 5, 13), datetime(1969, 5, 13)]),
    ],
)
def test_the_column_tells_whether_the_day_or_the_month_comes_first(cells, dates):
    assert read(*cells) == dates


@pytest.mark.parametrize(
    ("cells", "message"),
    [
        (["05/01/2023"], "line 2: 05/01/2023 can be 2023-01-05 or 2023-05-01, and no other row says which. Write year"),
        (["2022-11-06", "1/5/2023"], "line 3: 1/5/2023 can be 2023-05-01 or 2023-01-05"),
        (["13/5/2023", "5/13/2023"], "line 2: in 13/5/2023 the day stands first, in 5/13/2023 the month"),
        (["44872"], "line 2: 44872 is a number. In Excel it can be 2022-11-07, or 2026-11-08 in a file that began"),
        (["2023"], "line 2: 2023 is a year, and names no day. Write year, month and day"),
        (["31/2/2023", "13/2/2023"], "line 2: there is no day 31/2/2023"),
        (["31.04.2023"], "line 2: there is no day 31.04.2023"),
        (["20229999"], "line 2: there is no day 20229999"),
        (["32/13/2023"], "there is no day 32/13/2023"),
        (["last Sunday"], "line 2: a date that cannot be read: last Sunday"),
        (["1.5"], "a date that cannot be read: 1.5"),
        (["202211061"], "a date that cannot be read"),
    ],
)
def test_a_date_without_a_reading_or_with_two_is_refused_with_its_line(cells, message):
    with pytest.raises(TutorialError) as refused:
        read(*cells)
    assert message in str(refused.value)
