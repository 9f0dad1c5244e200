"""Across recordings: what can be compared, the table of the design, and what changed at an event."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice

import numpy as np
import pandas as pd
import statsmodels.api as sm

from .. import data_prep
from ..errors import TutorialError
from .within import gls_ar1, terms

FEWEST_ON_A_SIDE = 3  # recordings (or pairs): fewer have no spread to speak of
MEASURES = {  # column: (name, unit)
    "semitones": ("pitch", "semitones"),
    "rate": ("rate", "syllables/s"),
    "level": ("level", "dB"),
    "rolloff": ("rolloff", "Hz"),
}
ALSO_MEASURED = ["f0", "voiced", "seconds"]
# names of columns that a design table makes, and that a learner's metadata.csv therefore cannot have
RESERVED_COLUMNS = {"side", "label", "unit", "series", *MEASURES, *ALSO_MEASURED}


def choose_design(
    recordings: pd.DataFrame,
    rng: np.random.Generator,
    *,
    event_date: str = "",
    group: str = "",
    most: int = 100,
    start: float = 0.0,
) -> tuple[pd.DataFrame, str]:
    """Which recordings can be compared, and a sentence that says how, or what is missing.

    The first of these that the corpus allows is taken: the event date; the group against all others; `treated`; pairs
    (one speaker, two groups, one name); two groups; the median date as a placebo.
    Lesson: 04_statistics.

    Parameters
    ----------
    recordings : DataFrame
        The corpus's.
    event_date : str
        A day such as "2022-11-06"; empty where there is none.
    group : str
        The value of the column `group` that the event touched; empty where there is none.
    most : int
        How many recordings at most, half on either side; rng draws them.
    start : float, s
        Where each recording will be read from; those of a pair go on for 1.5 s after it.

    Returns
    -------
    chosen : DataFrame
        The recordings with `side` (0 or 1), `label` (its name), `unit` (the pair, or the recording) and `series`
        ("" or, where both an event date and a group are given, the group or "others", the comparison series); no rows
        where there are not at least three on either side.
    sentence : str

    Raises
    ------
    TutorialError
        Where event_date is no date or lies outside the corpus's dates, where no recording is of the group, and where
        metadata.csv has a column with the name of what this lesson measures.
    """
    if taken := RESERVED_COLUMNS & set(recordings.columns):
        raise TutorialError(
            f"metadata.csv has a column '{sorted(taken)[0]}', which is a name that this lesson gives to a measure of "
            "its own. Call it something else."
        )
    speech = recordings[recordings["kind"] == "speech"]
    dates, groups, treated = speech["date"].dropna(), speech["group"].dropna(), speech["treated"].dropna()
    if group and not (groups == group).any():
        raise TutorialError(
            f"No recording is of the group '{group}'. The column 'group' of metadata.csv has: "
            f"{', '.join(sorted(groups.unique())) or 'nothing'}."
        )
    members, others = groups.index[groups == group], groups.index[groups != group]
    sentence, sides = "", {}
    if event_date:
        sentence = f"Recordings before {event_date} and from then on"
        event = _checked_date(event_date, dates)
        sides = _before_and_after(dates[dates.index.isin(members)] if group else dates, event)
        if group:
            sentence += f", of {group}" + (", with the others for comparison" if len(others) else "")
        sentence += "."
    elif group:
        sides = {"others": others, group: members}
        sentence = f"Recordings of {group} and of all other groups."
    elif treated.nunique() == 2:
        yes = treated.astype(bool)
        no_label = _group_in_common(groups.reindex(treated.index[~yes]), "not treated")
        label = _group_in_common(groups.reindex(treated.index[yes]), "treated")
        sides = {no_label: treated.index[~yes], label: treated.index[yes]}
        sentence = f"Recordings that are treated ({label}) and that are not ({no_label})."
    elif not (paired := _pairs_of_one_speaker(speech, rng, most=most // 2, start=start)).empty:
        first, second = paired["label"].iloc[:2]
        return paired, f"{len(paired) // 2} pairs: one voice, one prompt, in {first} and in {second}."
    elif groups.nunique() >= 2:
        sides = {name: groups.index[groups == name] for name in groups.value_counts().index[:2]}
        sentence = f"Two groups: {' and '.join(sides)}."
    elif len(dates):
        event = dates.sort_values().iloc[len(dates) // 2].normalize()
        sides = _before_and_after(dates, event)
        sentence = f"No event date is given: the median date, {event:%Y-%m-%d}, stands in as a placebo."
    if not _enough(sides) or most < 2 * FEWEST_ON_A_SIDE:
        return speech.iloc[:0].assign(side=0, label="", unit="", series=""), (
            f"Recordings are not compared here: that takes {FEWEST_ON_A_SIDE} or more on either side of a date, in "
            "each of two groups, or treated and not, and this corpus of "
            f"{len(recordings)}, of which at most {most} are used, does not give them."
        )
    series = group if group and event_date else ""
    chosen = _draw_sides(speech, sides, rng, most=most).assign(series=series)
    if series:
        sides = {name: index.intersection(others) for name, index in _before_and_after(dates, event).items()}
        if _enough(sides):
            chosen = pd.concat([chosen, _draw_sides(speech, sides, rng, most=most).assign(series="others")])
    return chosen.assign(unit=chosen.index), sentence


def _checked_date(event_date: str, dates: pd.Series) -> pd.Timestamp:
    """The date of an event, which has to lie within the corpus's dates."""
    event = pd.to_datetime(event_date, errors="coerce")
    if pd.isna(event):
        raise TutorialError(f"event_date is '{event_date}', which is no date. Write it as 2022-11-06.")
    if len(dates) and not dates.min() < event <= dates.max():
        raise TutorialError(
            f"event_date {event_date} leaves all recordings on one side: they run from {dates.min():%Y-%m-%d} to "
            f"{dates.max():%Y-%m-%d}. Choose a date between."
        )
    return event


def _before_and_after(dates: pd.Series, event: pd.Timestamp) -> dict[str, pd.Index]:
    """The names of recordings before an event and from its day on."""
    return {"before": dates.index[dates < event], "after": dates.index[dates >= event]}


def _enough(sides: dict[str, pd.Index]) -> bool:
    """Whether there are sides, and each has enough recordings."""
    return bool(sides) and min(map(len, sides.values())) >= FEWEST_ON_A_SIDE


def _draw_sides(speech: pd.DataFrame, sides: dict, rng: np.random.Generator, *, most: int) -> pd.DataFrame:
    """At most `most` recordings, half of them drawn from each of two sides, with `side` and `label`."""
    drawn = [speech.loc[index[np.sort(rng.permutation(len(index))[: most // 2])]] for index in sides.values()]
    labelled = [side.assign(side=i, label=name) for i, (name, side) in enumerate(zip(sides, drawn, strict=True))]
    return pd.concat(labelled)


def _group_in_common(group: pd.Series, otherwise: str) -> str:
    """The one group that all of these recordings are of, or another word for them."""
    return str(group.iloc[0]) if group.notna().all() and group.nunique() == 1 else otherwise


def _pairs_of_one_speaker(speech: pd.DataFrame, rng: np.random.Generator, *, most: int, start: float) -> pd.DataFrame:
    """Recordings of one speaker with one name in two groups, such as en/hello and es/hello, 1.5 s long or more."""
    named = speech[speech["group"].notna() & speech["speaker"].notna()]
    units = [name.partition("/")[2] for name in named.index]
    named = named.assign(unit=units, label=named["group"], side=0, series="")
    named = named[(named["unit"] != "") & (named.groupby("speaker")["group"].transform("nunique") == 2)]
    if named.empty:
        return named
    named = named[named["speaker"] == named["speaker"].value_counts().idxmax()]
    named["side"] = (named["group"] != named["group"].iloc[0]).astype(int)
    pairs = [pair for _, pair in named.groupby("unit") if sorted(pair["side"]) == [0, 1]]
    drawn = (pairs[i] for i in rng.permutation(len(pairs)))
    chosen = list(islice((pair for pair in drawn if _all_last(pair["path"], start + 1.5)), most))
    return pd.concat(chosen) if len(chosen) >= FEWEST_ON_A_SIDE else named.iloc[:0]


def _all_last(paths: Iterable[str], seconds: float) -> bool:
    """Whether each of these recordings is that long or longer."""
    return all(data_prep.length(path) >= seconds for path in paths)


def choose_segments(
    spoken: pd.DataFrame, chosen: pd.DataFrame, rng: np.random.Generator, *, most: int = 10
) -> pd.DataFrame:
    """The segments of speech that lesson 04 measures: all of the chosen recordings, and some of four voices.

    Lesson: 04_statistics.

    Parameters
    ----------
    spoken : DataFrame
        That of `corpora.spoken`.
    chosen : DataFrame
        That of `choose_design`.
    most : int
        Where the chosen recordings hold fewer than three known speakers, so many segments, drawn by rng, are added of
        each of the four who speak most often, from recordings that do not end before.
    """
    wanted = spoken.index[spoken["recording"].isin(chosen.index)]
    if spoken.loc[wanted, "speaker"].nunique() < 3 <= spoken["speaker"].nunique():
        for name in spoken["speaker"].value_counts().index[:4]:
            own = spoken[spoken["speaker"] == name]
            drawn = (
                own.index[i]
                for i in rng.permutation(len(own))
                if _all_last(own["path"].iloc[[i]], own["onset"].iloc[i] + 0.2)
            )
            wanted = wanted.union(list(islice(drawn, most)), sort=False)
    return spoken.loc[wanted]


def known_speakers(voices: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, str]:
    """Turns of three speakers or more, each with two turns or more, and a sentence that says where they come from.

    voices: a row a turn, measured by `segments.measure`; turns without a voice do not count. Where there are no three
    such speakers, ten turns each of four simulated voices take their place: `semitones` about 2 semitones apart,
    `seconds` 4, and a `level` and a `rate` that do not differ.
    Lesson: 04_statistics.
    """
    known = voices[voices["speaker"].notna() & voices["semitones"].notna()]
    known = known[known.groupby("speaker")["speaker"].transform("size") >= 2]
    if known["speaker"].nunique() >= 3:
        return known, f"{len(known)} turns of {known['speaker'].nunique()} recorded speakers."
    number = np.arange(40) % 4
    simulated = pd.DataFrame({"speaker": [f"voice {i}" for i in number], "seconds": 4.0})
    simulated["channel"] = pd.NA
    simulated["semitones"] = 8.0 + 2.0 * number + rng.normal(size=40)
    simulated["level"] = -25.0 + rng.normal(scale=2.0, size=40)
    simulated["rate"] = 4.3 + rng.normal(scale=0.3, size=40)
    return simulated, "Fewer than three speakers with two turns each are known: simulated voices take their turns."


def design_table(episodes: pd.DataFrame, chosen: pd.DataFrame, *, focus: str = "") -> pd.DataFrame:
    """The recordings that are compared, with what was measured in them: one row a recording and series, by date.

    `chosen` gets what is in `MEASURES` and `ALSO_MEASURED`. Where one half of a pair has no voice, the other goes too;
    where fewer than three recordings of the first series are left on a side, all of them go.
    Lesson: 04_statistics.

    Parameters
    ----------
    episodes : DataFrame
        One row a recording and speaker, measured by `segments.measure`.
    chosen : DataFrame
        That of `choose_design`.
    focus : str
        The speaker whose voice is compared, where speakers take turns in a recording; then each speaker is a `series`,
        the others for comparison.
    """
    heard = episodes.dropna(subset="semitones").set_index("recording")
    rows = heard[[*MEASURES, *ALSO_MEASURED]]
    if focus:
        table = chosen.drop(columns=["speaker", "series"]).join(rows.assign(series=heard["speaker"]), how="inner")
    else:
        table = chosen.join(rows, how="inner")
        left, planned = table["unit"].value_counts(), chosen["unit"].value_counts()
        table = table[table["unit"].map(left == planned.reindex(left.index)).astype(bool)]
    first = table[table["series"] == (focus or chosen["series"].iloc[0])] if len(table) else table
    fewest = first["side"].value_counts().reindex([0, 1], fill_value=0).min()
    return table.sort_values("date", kind="stable") if fewest >= FEWEST_ON_A_SIDE else table.iloc[:0]


def outcome_column(table: pd.DataFrame, outcome: str = "") -> str:
    """The column that is followed over time: the learner's outcome, or pitch where none is named.

    Lesson: 04_statistics.

    Parameters
    ----------
    table : DataFrame
        That of `design_table`.
    outcome : str
        One of `MEASURES`, or a column of numbers from metadata.csv.

    Raises
    ------
    TutorialError
        Where the table has no such column of numbers, with those it has.
    """
    name = outcome or "semitones"
    own = [column for column in table.select_dtypes("number") if column not in {"side", *ALSO_MEASURED}]
    if name not in own:
        raise TutorialError(
            f"There is no column of numbers called '{name}' to follow. Give one of these as outcome: {', '.join(own)}."
        )
    return name


def weekly(table: pd.DataFrame, outcome: str) -> tuple[pd.DataFrame, int]:
    """One series a column, one week a row, and how many weeks lie before the event (0 where there is no event in time).

    Only series that are there in at least nine tenths of the weeks of the longest take part, and only weeks with all
    of them; `event_fits` and its kind take what is left for evenly spaced.
    Lesson: 04_statistics.

    Parameters
    ----------
    table : DataFrame
        That of `design_table`.
    outcome : str
        The column whose means by week are taken.
    """
    dated = table[table["date"].notna()].sort_values("date")
    if dated.empty or not dated["side"].is_monotonic_increasing or dated["side"].nunique() < 2:
        return pd.DataFrame(), 0
    week = dated["date"].dt.to_period("W").dt.start_time.rename("week")
    wide = dated.groupby([week, "series"])[outcome].mean().unstack()
    weeks_with_series = wide.notna().sum()
    wide = wide.loc[:, weeks_with_series >= 0.9 * weeks_with_series.max()].dropna()
    return wide, int((wide.index < week[dated["side"] == 1].iloc[0]).sum())


def event_terms(n: int, event: int) -> pd.DataFrame:
    """The terms of an interrupted time series: `const`, `after` (0 or 1) and `week`, counted from the event.

    n, event: how many episodes, in order of date, and how many lie before the event, three or more on either side.
    Leave `week` out, and what remains is a bare before/after.
    Lesson: 04_statistics.

    References
    ----------
    Bernal, Cummins & Gasparrini 2017, 10.1093/ije/dyw098.
    """
    if not FEWEST_ON_A_SIDE <= event <= n - FEWEST_ON_A_SIDE:
        raise TutorialError(f"The event has {event} of {n} episodes before it; either side needs {FEWEST_ON_A_SIDE}.")
    week = np.arange(n) - float(event)
    return pd.DataFrame({"const": 1.0, "after": (week >= 0).astype(float), "week": week})


def event_fits(y: np.ndarray, event: int) -> dict[str, pd.DataFrame]:
    """What changed at an event, by a bare before/after and by an interrupted time series with four kinds of errors.

    Lesson: 04_statistics.

    Parameters
    ----------
    y : ndarray of shape (n,)
        One value an episode, in order of date.
    event : int
        How many of them lie before the event.

    Returns
    -------
    dict of method to DataFrame
        As `within.terms` gives it; the change is the term `after`.
    """
    X = event_terms(len(y), event)
    y = np.asarray(y, float)
    ols = sm.OLS(y, X)
    fits = {
        "before/after": sm.OLS(y, X[["const", "after"]]).fit(),
        "interrupted, OLS": ols.fit(),
        "interrupted, HAC(6)": ols.fit(cov_type="HAC", cov_kwds={"maxlags": 6}, use_t=True),
        "interrupted, GLSAR": sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10),
    }
    return {name: terms(fit) for name, fit in fits.items()} | {"interrupted, GLS": gls_ar1(y, X)[0]}


def placebo_effects(y: np.ndarray, event: int, *, margin: int = 8) -> pd.DataFrame:
    """The change at dates on which nothing happened (placebo in time): one row a date.

    Columns: `at` (number of the episode), `before/after` and `interrupted` (the estimates). The episodes before the
    event and those after it are taken by themselves, so that the event itself is in none.
    Lesson: 04_statistics.

    Parameters
    ----------
    y, event : as in `event_fits`
    margin : int
        How many episodes lie on either side of each date.
    """
    rows = []
    for first, part in ((0, y[:event]), (event, y[event:])):
        for at in range(margin, len(part) - margin + 1):
            X = event_terms(len(part), at)
            bare = sm.OLS(part, X[["const", "after"]]).fit()
            rows.append((first + at, bare.params["after"], gls_ar1(part, X)[0].loc["after", "estimate"]))
    return pd.DataFrame(rows, columns=["at", "before/after", "interrupted"])


def event_study(y: np.ndarray, event: int, *, step: int = 4) -> pd.DataFrame:
    """The series in steps of `step` episodes around an event, each against the last step before it, by `gls_ar1`.

    One row a step: `step` (0 begins at the event; -1, against which all are measured, has no row), `estimate`, `low`,
    `high` (95 %). A step at an end that is not full joins its neighbour on the same side.
    Lesson: 04_statistics.

    Parameters
    ----------
    y, event : as in `event_fits`
    """
    steps = np.floor((np.arange(len(y)) - event) / step).astype(int)
    sizes = pd.Series(steps).value_counts()
    # the steps on either side of the event have no neighbour on their own side to join
    if sizes[steps[0]] < step and steps[0] < -1:
        steps[steps == steps[0]] += 1
    if sizes[steps[-1]] < step and steps[-1] > 0:
        steps[steps == steps[-1]] -= 1
    X = pd.get_dummies(pd.Series(steps), dtype=float).drop(columns=-1)
    table, _ = gls_ar1(y, X.assign(const=1.0))
    return table.drop(index="const").rename_axis("step").reset_index()[["step", "estimate", "low", "high"]]
