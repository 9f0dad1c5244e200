"""Lesson 04: from tables of measurements to an inference; statsmodels does the statistics, this is the wiring."""

from __future__ import annotations

import librosa
import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from scipy.signal import lfilter

from . import data_prep, features, representations
from .data_prep import SR
from .errors import TutorialError

AT_LEAST = 3  # recordings (or pairs) on either side of a comparison: fewer have no spread to speak of


def windows(frames: pd.DataFrame, seconds: float = 0.5) -> pd.DataFrame:
    """The frames of `features.frame_table` averaged in windows that follow each other: window and hop are the same.

    seconds: the length of a window. Returns one row a window: `time` is its start (s), `voiced` its share of voiced
    frames, `level` the level of its mean power (dB re full scale), `f0` and `semitones` means over its voiced frames
    (missing where it has none), every other column a mean over all its frames. A last window that is not full is
    left out.
    Raises TutorialError where the frames do not fill one window.
    Lesson: 04_statistics.
    """
    frames = frames.assign(voiced=frames["voiced"].astype(float), level=10 ** (frames["level"] / 10))
    which = np.floor(frames["time"] / seconds + 1e-9).astype(int)
    grouped = frames.groupby(which)
    table = grouped.mean()
    step = frames["time"].diff().median()
    table = table[grouped.size() >= np.floor(seconds / step + 1e-9)]
    if table.empty:
        raise TutorialError(f"The excerpt does not fill one window of {seconds:g} s. Choose a longer recording.")
    table["level"] = 10 * np.log10(table["level"])
    table["time"] = table.index * seconds
    return table.rename_axis("window")


def speaker_windows(frames: pd.DataFrame, turns: pd.DataFrame, speaker: str, *, seconds: float = 5.0) -> pd.DataFrame:
    """One speaker's voice in windows that follow each other: only voiced frames of turns in which nobody else speaks.

    frames: `features.frame_table` of the recording. turns: its turns (`onset`, `offset` in seconds, `speaker`).
    Returns one row a window, indexed by its number: `speaks` (1.0 where there is half a second of voiced frames, else
    0.0), `pitch` (median f0 in semitones over the speaker's median), `level` (dB over the median of the windows),
    `contrast` (dB), `rolloff` (Hz); all but `speaks` are 0 where the speaker does not speak, so that in a regression
    with `speaks` they stand for differences within the speaker.
    Raises TutorialError where the speaker has no turn in the recording.
    Lesson: 04_statistics.
    """
    if speaker not in set(turns["speaker"].dropna()):
        raise TutorialError(
            f"{speaker} has no turn here. Speakers: {', '.join(sorted(turns['speaker'].dropna().unique()))}."
        )
    voice = frames[frames["voiced"] & alone(frames["time"].to_numpy(), turns, speaker)]
    grouped = voice.groupby(np.floor(voice["time"] / seconds + 1e-9).astype(int))
    table = grouped[["contrast", "rolloff"]].mean()
    table["pitch"] = features.semitones(grouped["f0"].median(), voice["f0"].median())
    table["level"] = 10 * np.log10((10 ** (voice["level"] / 10)).groupby(grouped.ngroup()).mean().to_numpy())
    table = table[grouped.size() >= 50]
    table[["level", "contrast", "rolloff"]] -= table[["level", "contrast", "rolloff"]].median()
    every = pd.RangeIndex(int(frames["time"].iloc[-1] // seconds), name="window")
    return table.assign(speaks=1.0).reindex(every).fillna(0.0)[["speaks", "pitch", "level", "contrast", "rolloff"]]


def alone(times: np.ndarray, turns: pd.DataFrame, speaker: str) -> np.ndarray:
    """For each time (s), whether the speaker has a turn there and nobody else has, shape (n_times,).

    Lesson: 04_statistics.
    """
    own = turns["speaker"] == speaker
    return data_prep.inside(times, turns[own]) & ~data_prep.inside(times, turns[~own & turns["speaker"].notna()])


def measure_turns(recordings: pd.DataFrame, turns: pd.DataFrame, speakers: list[str]) -> pd.DataFrame:
    """Each speaker's voice in each recording: one row a recording and speaker.

    recordings, turns: a corpus's tables. Columns: `recording`, `speaker`; of the voiced frames of turns in which nobody
    else speaks `f0` (median, Hz), `semitones` (re 100 Hz), `level` (of the mean power, dB re full scale) and `rolloff`
    (mean, Hz); `rate` (syllable nuclei a second of turns) and `seconds` (of turns). Who has no turn has no row.
    Raises TutorialError where a recording cannot be read.
    Lesson: 04_statistics.
    """
    rows = []
    for name, path in recordings["path"].items():
        y = data_prep.read(path)
        track = features.pitch(y)
        S = representations.magnitude(y)
        frames = pd.DataFrame({"time": representations.frame_times(S.shape[1]), "level": features.level(y)})
        frames["f0"] = features.f0_at(frames["time"].to_numpy(), track)
        frames["rolloff"] = librosa.feature.spectral_rolloff(S=S, sr=SR)[0]
        nuclei = features.syllable_nuclei(y, track=track)
        here = turns[turns["recording"] == name]
        for speaker in speakers:
            voice = frames[frames["f0"].notna() & alone(frames["time"].to_numpy(), here, speaker)]
            own = here[here["speaker"] == speaker]
            seconds = (own["offset"] - own["onset"]).sum()
            if len(voice):
                rows.append(
                    {
                        "recording": name,
                        "speaker": speaker,
                        "f0": voice["f0"].median(),
                        "level": 10 * np.log10(np.mean(10 ** (voice["level"] / 10))),
                        "rolloff": voice["rolloff"].mean(),
                        "rate": data_prep.inside(nuclei, own).sum() / seconds,
                        "seconds": seconds,
                    }
                )
    table = pd.DataFrame(rows, columns=["recording", "speaker", "f0", "level", "rolloff", "rate", "seconds"])
    return table.assign(semitones=features.semitones(table["f0"], 100.0))


def long_enough(y: np.ndarray, episode: pd.Series, recordings: pd.DataFrame, *, seconds: float = 30.0) -> np.ndarray:
    """The excerpt y itself, or, where it is shorter than `seconds`, joined with other recordings of the speaker.

    y: shape (n_samples,) at 16 kHz. episode: its row. recordings: the corpus's table; where no speaker is known, any
    recording of speech is taken, in the table's order.
    Raises TutorialError where all of them together are too short, or where one cannot be read.
    Lesson: 04_statistics.
    """
    others = recordings[(recordings["kind"] == "speech") & (recordings.index != episode.name)]
    if pd.notna(episode["speaker"]):
        others = others[others["speaker"] == episode["speaker"]]
    parts, missing = [y], seconds - len(y) / SR
    for path in others["path"]:
        if missing <= 0:
            break
        parts.append(data_prep.read(path, seconds=missing))
        missing -= len(parts[-1]) / SR
    if missing > 0.01:
        raise TutorialError(
            f"{episode.name} and what could be joined to it hold {seconds - missing:.1f} s of sound; this lesson needs "
            f"{seconds:g} s. Choose a longer recording, a smaller start, or a larger number of minutes."
        )
    return y if len(parts) == 1 else np.concatenate(parts)


def ar1(rng: np.random.Generator, n: int, rho: float, sd: float = 1.0) -> np.ndarray:
    """A series in which each value keeps the share rho of the one before: mean 0, standard deviation sd, shape (n,).

    It starts in its stationary state: no run-in is needed, and every value has the same variance.
    Raises TutorialError where rho is not between -1 and 1.
    Lesson: 04_statistics.
    """
    if not -1 < rho < 1:
        raise TutorialError(f"rho is {rho:g}; a series that settles needs a value between -1 and 1.")
    shocks = rng.normal(scale=sd * np.sqrt(1 - rho**2), size=n)
    shocks[:1] = rng.normal(scale=sd)
    return lfilter([1.0], [1.0, -rho], shocks)


def standardise(table: pd.DataFrame) -> pd.DataFrame:
    """Every column with mean 0 and standard deviation 1, so that its slope is "per standard deviation".

    Raises TutorialError, with the column's name, where one does not vary.
    Lesson: 04_statistics.
    """
    spread = table.std()
    constant = spread.index[~(spread > 1e-12 * table.abs().max().clip(lower=1e-300))]
    if len(constant):
        raise TutorialError(f"The column '{constant[0]}' does not vary, so it explains nothing. Leave it out.")
    return (table - table.mean()) / spread


def block_ids(times: pd.Series | np.ndarray, seconds: float) -> np.ndarray:
    """The number of the block of `seconds` that each time (s) falls in, counted from the first time, shape (n,).

    Raises TutorialError where the blocks have no length or all times fall in one.
    Lesson: 04_statistics.
    """
    times = np.asarray(times, float)
    if seconds <= 0:
        raise TutorialError(f"A block of {seconds:g} s holds nothing. Give seconds above 0.")
    blocks = np.floor((times - times[0]) / seconds + 1e-9).astype(int)
    if blocks[-1] == 0:
        raise TutorialError(f"All {len(times)} times fall in one block of {seconds:g} s. Choose shorter blocks.")
    return blocks


def circular_shift_p(x: np.ndarray, y: np.ndarray) -> float:
    """The share of all circular shifts of x, the one by 0 among them, that go with y at least as closely as x does.

    x, y: shape (n,), even steps. Both keep their own rhythm; only which value stands beside which is broken.
    The smallest value it can give is 1 / n. Closeness is the absolute correlation.
    Raises TutorialError where the lengths differ or a series does not vary.
    Source: all n correlations at once, by the circular correlation theorem. Lesson: 04_statistics.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) != len(y):
        raise TutorialError(f"x has {len(x)} values and y has {len(y)}. Give two series of one length.")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise TutorialError("A series does not vary, so no shift of it differs from another. Choose another.")
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    correlations = np.abs(np.fft.irfft(np.conj(np.fft.rfft(x)) * np.fft.rfft(y), n=len(x))) / len(x)
    return float(np.mean(correlations >= correlations[0] - 1e-9))


def p_values(x: np.ndarray, y: np.ndarray, *, block: int = 50) -> dict[str, float]:
    """The p-value of "x has nothing to do with y" by every rung of the ladder, from OLS to circular shifts.

    x, y: shape (n,), even steps. block: how many steps make a cluster.
    Source: the rule-of-thumb lag is 4 (n / 100)^(2/9), after Newey & West. Lesson: 04_statistics.
    """
    n = len(x)
    X = sm.add_constant(x)
    ols = sm.OLS(y, X)
    rule = int(4 * (n / 100) ** (2 / 9))
    with_lags = np.column_stack([np.ones(n - 1), x[1:], x[:-1], y[:-1]])
    fits = {
        "OLS": ols.fit(),
        "HAC, rule-of-thumb lag": ols.fit(cov_type="HAC", cov_kwds={"maxlags": rule}, use_t=True),
        "HAC, 20 lags": ols.fit(cov_type="HAC", cov_kwds={"maxlags": 20}, use_t=True),
        "blocks as clusters": ols.fit(cov_type="cluster", cov_kwds={"groups": np.arange(n) // block}, use_t=True),
        "GLSAR": sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10),
        "differences": sm.OLS(np.diff(y), sm.add_constant(np.diff(x))).fit(),
        "lagged outcome": sm.OLS(y[1:], with_lags).fit(),
    }
    return {name: float(fit.pvalues[1]) for name, fit in fits.items()} | {"circular shift": circular_shift_p(x, y)}


def before_after_p_values(y: np.ndarray, event: int) -> dict[str, float]:
    """The p-value of "nothing changed at the event" by a bare before/after and by three interrupted time series.

    y: shape (n,), one value an episode in order of date. event: how many episodes lie before it. An interrupted time
    series lets the level and the slope change at the event; its test is that of the level.
    Raises TutorialError where fewer than three episodes lie on a side.
    Source: Bernal, Cummins & Gasparrini 2017 (10.1093/ije/dyw098). Lesson: 04_statistics.
    """
    if not AT_LEAST <= event <= len(y) - AT_LEAST:
        raise TutorialError(f"The event has {event} of {len(y)} episodes before it; either side needs {AT_LEAST}.")
    time = np.arange(len(y), dtype=float)
    after = (time >= event).astype(float)
    X = sm.add_constant(np.column_stack([after, time, after * (time - event)]))
    fits = {
        "before/after": sm.OLS(y, X[:, :2]).fit(),
        "interrupted, OLS": sm.OLS(y, X).fit(),
        "interrupted, HAC(6)": sm.OLS(y, X).fit(cov_type="HAC", cov_kwds={"maxlags": 6}, use_t=True),
        "interrupted, GLSAR": sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10),
    }
    return {name: float(fit.pvalues[1]) for name, fit in fits.items()}


def beside(planted: dict[str, float], fits: dict) -> pd.DataFrame:
    """What was planted beside what each fit estimates, with its 95 % interval.

    planted: {term: value}. fits: {method: fitted statsmodels results with named terms}; they never see `planted`.
    Returns one row a term and method: `term`, `method`, `planted`, `estimate`, `low`, `high`, `inside`.
    Raises TutorialError where a fit has no term of that name.
    Lesson: 04_statistics.
    """
    rows = []
    for term, value in planted.items():
        for method, fit in fits.items():
            if term not in fit.params.index:
                raise TutorialError(f"The fit '{method}' has no term '{term}'. It has: {', '.join(fit.params.index)}.")
            low, high = fit.conf_int().loc[term]
            rows.append((term, method, value, fit.params[term], low, high, low <= value <= high))
    return pd.DataFrame(rows, columns=["term", "method", "planted", "estimate", "low", "high", "inside"])


def worst_vif(table: pd.DataFrame) -> float:
    """The largest variance inflation factor of a table's columns: 1 where none can be told from the others.

    Infinite where one follows from the others. Raises TutorialError where a column does not vary.
    Source: the factors are the diagonal of the inverse of the correlations. Lesson: 04_statistics.
    """
    correlations = standardise(table).corr().to_numpy()
    try:
        return float(np.abs(np.diag(np.linalg.inv(correlations))).max())
    except np.linalg.LinAlgError:
        return np.inf


def slope_p_values(table: pd.DataFrame, outcomes: np.ndarray) -> np.ndarray:
    """OLS p-values of every column of a table, for many outcomes at once, shape (n_outcomes, n_columns).

    table: one column a predictor; a constant is added. outcomes: shape (n_outcomes, n_rows). The predictors are the
    same for all, so they are decomposed once: thousands of outcomes take as long as one `sm.OLS`, and give its values.
    Raises TutorialError where there are not more rows than coefficients.
    Lesson: 04_statistics.
    """
    X = np.column_stack([np.ones(len(table)), table.to_numpy(float)])
    free = X.shape[0] - X.shape[1]
    if free < 1:
        raise TutorialError(f"{X.shape[0]} rows are too few for {X.shape[1]} coefficients. Take fewer columns.")
    inverse = np.linalg.pinv(X)
    coefficients = outcomes @ inverse.T
    variance = np.sum((outcomes - coefficients @ X.T) ** 2, axis=1, keepdims=True) / free
    t = coefficients / np.sqrt(variance * np.sum(inverse**2, axis=1))
    return 2 * stats.t.sf(np.abs(t), free)[:, 1:]


def turn_windows(spoken: pd.DataFrame, rng: np.random.Generator, *, most: int = 40) -> tuple[pd.DataFrame, str]:
    """Voices that take turns, in windows of 0.1 s: real ones where the corpus names three speakers or more.

    spoken: the table of `corpora.spoken`. most: how many stretches are read at most, 8 s of each.
    Returns a table (`speaker`, `turn`, `semitones` re 100 Hz; only windows with a quarter of voiced frames) and a
    sentence that says where it comes from. Speakers with fewer than two turns or 50 windows are left out; with fewer
    than three speakers left, four voices that take turns are simulated.
    Raises TutorialError where a recording cannot be read.
    Lesson: 04_statistics.
    """
    known = spoken[spoken["speaker"].notna()]
    speakers = known["speaker"].value_counts().index[:4]
    pieces = []
    if len(speakers) >= 3:
        drawn = [known.loc[rng.permutation(known.index[known["speaker"] == name])] for name in speakers]
        for number in range(min(most, 40) // len(speakers) * len(speakers)):
            stretches, nth = drawn[number % len(speakers)], number // len(speakers)
            if nth < len(stretches) and _lasts(stretches["path"].iloc[nth], stretches["onset"].iloc[nth] + 0.2):
                pieces.append(_turn(stretches.iloc[nth], number))
    if pieces:
        table = pd.concat(pieces, ignore_index=True)
        by_speaker = table.groupby("speaker")["turn"]
        table = table[(by_speaker.transform("size") >= 50) & (by_speaker.transform("nunique") >= 2)]
        if table["speaker"].nunique() >= 3:
            counts = f"{table['turn'].nunique()} turns of {table['speaker'].nunique()} recorded speakers"
            return table.reset_index(drop=True), f"{counts} follow each other here."
    return _simulated_turns(
        rng
    ), "Fewer than three speakers with two turns each are known: simulated voices take turns."


def _turn(stretch: pd.Series, number: int) -> pd.DataFrame:
    """The voiced windows of one turn."""
    y = data_prep.read(stretch["path"], start=stretch["onset"], seconds=min(stretch["seconds"], 8.0))
    frames = pd.DataFrame({"time": representations.frame_times(1 + len(y) // representations.HOP_LENGTH), "level": 0.0})
    frames["f0"] = features.f0_at(frames["time"].to_numpy(), features.pitch(y))
    frames["voiced"] = frames["f0"].notna()
    table = windows(frames.assign(semitones=features.semitones(frames["f0"], 100.0)), 0.1)
    semitones = table.loc[table["voiced"] >= 0.25, "semitones"]
    return pd.DataFrame({"speaker": str(stretch["speaker"]), "turn": number, "semitones": semitones})


def _simulated_turns(rng: np.random.Generator) -> pd.DataFrame:
    """Ten turns of 40 windows for each of four voices, 2 semitones apart."""
    turn = np.repeat(np.arange(40), 40)
    semitones = 8.0 + 2.0 * (turn % 4) + np.repeat(rng.normal(size=40), 40) + ar1(rng, len(turn), 0.5, sd=3.0)
    return pd.DataFrame({"speaker": [f"voice {i}" for i in turn % 4], "turn": turn, "semitones": semitones})


def comparison(
    recordings: pd.DataFrame,
    rng: np.random.Generator,
    *,
    event_date: str = "",
    most: int = 100,
    start: float = 0.0,
) -> tuple[pd.DataFrame, str]:
    """Which recordings can be compared, and a sentence that says how, or what is missing.

    recordings: the corpus's table. event_date: a day such as "2022-11-06"; empty where there is none. most: how many
    recordings at most, half on either side, drawn by rng. The first of these that the corpus allows is taken: the
    event date; `treated`; pairs (one speaker, two groups, one name); two groups; the median date as a placebo.
    Returns the recordings with `condition` (0 or 1), `label` (its name) and `unit` (the pair, or the recording);
    an empty table where there are not at least three on either side.
    Raises TutorialError where event_date is no date or lies outside the corpus's dates.
    Lesson: 04_statistics.
    """
    speech = recordings[recordings["kind"] == "speech"]
    dates, group, treated = speech["date"].dropna(), speech["group"].dropna(), speech["treated"].dropna()
    sentence, sides = "", {}
    if event_date:
        sides, sentence = _around(dates, _event(event_date, dates)), f"Recordings before {event_date} and from then on."
    elif treated.nunique() == 2:
        yes = treated.astype(bool)
        names = [
            _only(group.reindex(treated.index[side]), name) for side, name in ((~yes, "not treated"), (yes, "treated"))
        ]
        sides = dict(zip(names, (treated.index[~yes], treated.index[yes]), strict=True))
        sentence = f"Recordings that are treated ({names[1]}) and that are not ({names[0]})."
    elif not (paired := _pairs(speech, rng, most=most // 2, start=start)).empty:
        first, second = paired["label"].iloc[:2]
        return paired, f"{len(paired) // 2} pairs: one voice, one prompt, in {first} and in {second}."
    elif group.nunique() >= 2:
        sides = {name: group.index[group == name] for name in group.value_counts().index[:2]}
        sentence = f"Two groups: {' and '.join(sides)}."
    elif len(dates):
        event = dates.sort_values().iloc[len(dates) // 2].normalize()
        sides = _around(dates, event)
        sentence = f"No event date is given: the median date, {event:%Y-%m-%d}, stands in as a placebo."
    if not sides or min(map(len, sides.values())) < AT_LEAST or most < 2 * AT_LEAST:
        return speech.iloc[:0].assign(condition=0, label="", unit=""), (
            f"Recordings are not compared here: that takes {AT_LEAST} or more on either side of a date, in each of two "
            f"groups, or treated and not, and this corpus of {len(recordings)}, of which at most {most} are used, does "
            "not give them."
        )
    drawn = [speech.loc[index[np.sort(rng.permutation(len(index))[: most // 2])]] for index in sides.values()]
    labelled = [side.assign(condition=i, label=name) for i, (name, side) in enumerate(zip(sides, drawn, strict=True))]
    chosen = pd.concat(labelled)
    return chosen.assign(unit=chosen.index), sentence


def _only(group: pd.Series, otherwise: str) -> str:
    """The one group that all of these recordings are of, or another word for them."""
    return str(group.iloc[0]) if group.notna().all() and group.nunique() == 1 else otherwise


def _event(event_date: str, dates: pd.Series) -> pd.Timestamp:
    """The learner's date, checked."""
    event = pd.to_datetime(event_date, errors="coerce")
    if pd.isna(event):
        raise TutorialError(f"event_date is '{event_date}', which is no date. Write it as 2022-11-06.")
    if len(dates) and not dates.min() < event <= dates.max():
        raise TutorialError(
            f"event_date {event_date} leaves all recordings on one side: they run from {dates.min():%Y-%m-%d} to "
            f"{dates.max():%Y-%m-%d}. Choose a date between."
        )
    return event


def _around(dates: pd.Series, event: pd.Timestamp) -> dict[str, pd.Index]:
    """The names before an event and from its day on."""
    return {"before": dates.index[dates < event], "after": dates.index[dates >= event]}


def _pairs(speech: pd.DataFrame, rng: np.random.Generator, *, most: int, start: float) -> pd.DataFrame:
    """Recordings of one speaker with one name in two groups, such as en/hello and es/hello, 1.5 s long or more."""
    named = speech[speech["group"].notna() & speech["speaker"].notna()]
    named = named.assign(unit=[name.partition("/")[2] for name in named.index], label=named["group"], condition=0)
    named = named[(named["unit"] != "") & (named.groupby("speaker")["group"].transform("nunique") == 2)]
    if named.empty:
        return named
    named = named[named["speaker"] == named["speaker"].value_counts().idxmax()]
    named["condition"] = (named["group"] != named["group"].iloc[0]).astype(int)
    pairs = [pair for _, pair in named.groupby("unit") if sorted(pair["condition"]) == [0, 1]]
    chosen = []
    for i in rng.permutation(len(pairs)):
        if len(chosen) < most and all(_lasts(path, start + 1.5) for path in pairs[i]["path"]):
            chosen.append(pairs[i])
    return pd.concat(chosen) if len(chosen) >= AT_LEAST else named.iloc[:0]


def _lasts(path: str, seconds: float) -> bool:
    """Whether a recording has that many seconds."""
    return data_prep.probe(path)["seconds"] >= seconds


def measure(chosen: pd.DataFrame, *, start: float = 0.0, seconds: float = 600.0) -> pd.DataFrame:
    """`features.summarise` for each recording of `comparison`, and its `semitones` (median f0 re 100 Hz) beside it.

    start, seconds: the excerpt that is read of each. Recordings without a voice in them are left out, and with them
    the other half of their pair; where fewer than three are left on a side, all of them.
    Raises TutorialError where a recording cannot be read.
    Lesson: 04_statistics.
    """
    rows = {
        name: features.summarise(data_prep.read(path, start=start, seconds=seconds))
        for name, path in chosen["path"].items()
    }
    if not rows:
        return chosen.iloc[:0].assign(f0=0.0, semitones=0.0, rate=0.0, level=0.0)
    measured = chosen.join(pd.DataFrame(rows).T.astype(float)).dropna(subset=["f0", "rate", "level"])
    measured["semitones"] = features.semitones(measured["f0"], 100.0)
    there, planned = measured["unit"].value_counts(), chosen["unit"].value_counts()
    measured = measured[measured["unit"].map(there == planned.reindex(there.index))]
    enough = measured["condition"].value_counts().reindex([0, 1], fill_value=0).min() >= AT_LEAST
    return measured if enough else measured.iloc[:0]
