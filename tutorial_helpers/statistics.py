"""Lesson 04: from tables of measurements to an inference; statsmodels does the statistics, this is the wiring."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from itertools import islice
from multiprocessing import get_context
from pathlib import Path

import librosa
import numpy as np
import pandas as pd
import soxr
import statsmodels.api as sm
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.signal import fftconvolve, lfilter
from statsmodels.stats.power import TTestIndPower

from . import data_prep, features, representations
from .data_prep import SR
from .errors import TutorialError

AT_LEAST = 3  # recordings (or pairs) on either side of a comparison: fewer have no spread to speak of
# names of columns that this module makes, and that a learner's metadata.csv therefore cannot have
OWN = {"condition", "label", "unit", "series", "semitones", "rate", "level", "rolloff", "f0", "voiced", "seconds"}
SIMULATIONS = Path(__file__).resolve().parent.parent / "simulations"
MEASURES = {  # column: (name, unit)
    "semitones": ("pitch", "semitones"),
    "rate": ("rate", "syllables/s"),
    "level": ("level", "dB"),
    "rolloff": ("rolloff", "Hz"),
}


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


def in_background(function: Callable, *arguments) -> Future:
    """Start function(*arguments) in a process of its own and go on; `.result()` waits for what it returns or raises.

    Lesson: 04_statistics, 05_deep_learning.
    """
    # a new interpreter, not a copy of this one: a notebook's kernel has threads, which a copy would not survive
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    future = pool.submit(function, *arguments)
    pool.shutdown(wait=False)
    return future


def measure_turns(spoken: pd.DataFrame, turns: pd.DataFrame | None) -> pd.DataFrame:
    """The voice in each stretch of speech: one row a turn, or a recording where turns are not known.

    spoken: rows of `corpora.spoken`. turns: the corpus's; where they are known, only frames in which nobody else speaks
    count. Returns spoken's `recording`, `speaker`, `channel`, `group` and `style`, and, of the voiced frames, `voiced`
    (s), `f0` (median, Hz), `semitones` (of f0 re 100 Hz), `f0_range` (semitones, 10th to 90th percentile), `level` (of
    the mean power, dB re full scale) and `rolloff` (mean, Hz); then `syllables` (nuclei), `seconds` and `rate`
    (syllables a second). A stretch with less than 0.1 s of voice has no row.
    Raises TutorialError where a recording cannot be read.
    Lesson: 04_statistics, 05_deep_learning.
    """
    rows = {}
    for recording, stretches in spoken.groupby("recording", sort=False):
        first, last = stretches["onset"].min(), (stretches["onset"] + stretches["seconds"]).max()
        y = data_prep.read(stretches["path"].iloc[0], start=first, seconds=last - first)
        here = None if turns is None else turns[turns["recording"] == recording]
        for stretch in stretches.itertuples():
            begins = round((stretch.onset - first) * SR)
            voice = _voice(y[begins : begins + round(stretch.seconds * SR)], stretch, here)
            if voice:
                rows[stretch.Index] = voice
    columns = ["voiced", "f0", "f0_range", "level", "rolloff", "syllables", "seconds"]
    measured = pd.DataFrame.from_dict(rows, orient="index", columns=columns).astype(float)
    measured["semitones"] = features.semitones(measured["f0"], 100.0)
    measured["rate"] = measured["syllables"] / measured["seconds"]
    return spoken[["recording", "speaker", "channel", "group", "style"]].join(measured, how="inner")


def _voice(y: np.ndarray, stretch, turns: pd.DataFrame | None) -> dict[str, float]:
    """The measures of one stretch, from its samples; nothing where there is no voice."""
    if len(y) < data_prep.SHORTEST * SR:
        return {}
    track = features.pitch(y)
    times = representations.frame_times(1 + len(y) // representations.HOP_LENGTH)
    f0 = features.f0_at(times, track)
    heard = np.isfinite(f0)
    if turns is not None:
        heard &= alone(times + stretch.onset, turns, stretch.speaker)
    # spectra of 64 ms change little in 10: every fourth frame gives the same mean rolloff in a quarter of the time
    fourth = heard[::4]
    if heard.sum() < 10 or not fourth.any():
        return {}
    S = representations.magnitude(y, hop_length=4 * representations.HOP_LENGTH)[:, fourth]
    return {
        "voiced": heard.sum() * representations.HOP_LENGTH / SR,
        "f0": np.median(f0[heard]),
        "f0_range": np.ptp(features.semitones(np.quantile(f0[heard], [0.1, 0.9]), 100.0)),
        "level": _mean_level(features.level(y)[heard]),
        "rolloff": librosa.feature.spectral_rolloff(S=S, sr=SR)[0].mean(),
        "syllables": len(features.syllable_nuclei(y, track=track)),
        "seconds": len(y) / SR,
    }


def _mean_level(levels: np.ndarray, weights: np.ndarray | None = None) -> float:
    """The level in dB of the mean power of several levels in dB."""
    return 10 * np.log10(np.average(10 ** (levels / 10), weights=weights))


def by_recording(voices: pd.DataFrame) -> pd.DataFrame:
    """Turns put together: one row a recording and speaker, from the table of `measure_turns`.

    `semitones` and `rolloff` are means and `level` that of the mean power, turns weighted by their voiced seconds;
    `f0` is the Hz of `semitones`; `rate` is all syllables over all seconds; `voiced` and `seconds` are sums. Where no
    speaker is known, `speaker` is "".
    Lesson: 04_statistics.
    """
    rows = []
    for (recording, speaker), own in voices.groupby([voices["recording"], voices["speaker"].fillna("")], sort=False):
        weights = own["voiced"].to_numpy()
        rows.append(
            {
                "recording": recording,
                "speaker": speaker,
                "semitones": np.average(own["semitones"], weights=weights),
                "level": _mean_level(own["level"].to_numpy(), weights),
                "rolloff": np.average(own["rolloff"], weights=weights),
                "rate": own["syllables"].sum() / own["seconds"].sum(),
                "voiced": weights.sum(),
                "seconds": own["seconds"].sum(),
            }
        )
    columns = ["recording", "speaker", "semitones", "level", "rolloff", "rate", "voiced", "seconds"]
    table = pd.DataFrame(rows, columns=columns)
    return table.assign(f0=100 * 2 ** (table["semitones"].astype(float) / 12))


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


def terms(fit) -> pd.DataFrame:
    """The terms of a fitted statsmodels regression: one row a term; `estimate`, `low` and `high` (95 %), `p`.

    Lesson: 04_statistics.
    """
    low, high = np.asarray(fit.conf_int()).T
    columns = {"estimate": np.asarray(fit.params), "low": low, "high": high, "p": np.asarray(fit.pvalues)}
    return pd.DataFrame(columns, index=getattr(fit.params, "index", fit.model.exog_names))


def gls_ar1(y: pd.Series | np.ndarray, X: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Least squares for errors that each keep the share rho of the one before, and rho: what the lesson recommends.

    y: shape (n,), even steps. X: one column a term, the constant among them. rho is where the restricted likelihood is
    largest; unlike the autocorrelation of residuals, it does not come out too small in a short series. Outcome and
    terms are freed of that memory and regressed on each other. An interval takes its t distribution with as many
    degrees of freedom as the series has for that term, given that rho was estimated from it too (Satterthwaite's rule).
    Returns a table as `terms` does, with `df`, and rho.
    Raises TutorialError where there are too few rows, or where one term follows from the others.
    Source: Prais & Winsten 1954 for the transformation; Turner et al. 2021 (10.1186/s12874-021-01364-0) find restricted
    likelihood the best of six ways for a series with an event. Lesson: 04_statistics.
    """
    values, design = np.asarray(y, float), X.to_numpy(float)
    n, k = design.shape
    if n < k + 2:
        raise TutorialError(f"{n} rows are too few for {k} terms and a memory. Take fewer terms.")
    if np.linalg.matrix_rank(design) < k:
        raise TutorialError(
            f"One of the terms {', '.join(map(str, X.columns))} follows from the others. Leave one out."
        )

    # on Fisher's scale, eta = arctanh(rho), the likelihood is near a parabola, also near rho = 1
    def restricted(eta: float) -> float:
        squares, penalty, *_ = _freed(values, design, np.tanh(eta))
        return (n - k) * np.log(squares) + penalty

    eta = minimize_scalar(restricted, bounds=(-2.6, 2.6), method="bounded").x
    squares, _, leverage, estimate = _freed(values, design, np.tanh(eta))
    df = _satterthwaite([_freed(values, design, np.tanh(eta + step)) for step in (-0.02, 0.0, 0.02)], 0.02, n - k)
    error = np.sqrt(squares / (n - k) * leverage)
    half = stats.t.ppf(0.975, df) * error
    p = 2 * stats.t.sf(np.abs(estimate) / error, df)
    columns = {"estimate": estimate, "low": estimate - half, "high": estimate + half, "p": p, "df": df}
    return pd.DataFrame(columns, index=X.columns), float(np.tanh(eta))


def without_memory(values: np.ndarray, rho: float) -> np.ndarray:
    """What each row holds beyond rho times the row before; the first is scaled, so that all vary alike.

    values: shape (n,) or (n, columns). Source: Prais & Winsten 1954. Lesson: 04_statistics.
    """
    fresh = np.array(values, float)
    fresh[1:] -= rho * fresh[:-1].copy()
    fresh[:1] *= np.sqrt(1 - rho**2)
    return fresh


def _freed(values: np.ndarray, design: np.ndarray, rho: float) -> tuple[float, float, np.ndarray, np.ndarray]:
    """The regression without the memory: squared residuals, the likelihood's penalty, leverages, and estimates."""
    Q, R = np.linalg.qr(without_memory(design, rho))
    outcome = without_memory(values, rho)
    inverse = np.linalg.inv(R)
    squares = np.sum((outcome - Q @ (Q.T @ outcome)) ** 2)
    penalty = 2 * np.sum(np.log(np.abs(np.diag(R)))) - np.log(1 - rho**2)
    return squares, penalty, np.sum(inverse**2, axis=1), inverse @ (Q.T @ outcome)


def _satterthwaite(around: list[tuple], step: float, free: int) -> np.ndarray:
    """Degrees of freedom of each term's variance, from the regression a step below, at, and a step above its eta.

    The variance is exp(s) leverage(eta); s, the logarithm of the errors' variance, and eta are estimated, with the
    covariance that the curvature of the restricted likelihood gives them.
    """
    squares, penalty, leverage, _ = map(np.array, zip(*around, strict=True))
    variance = squares[1] / free
    of_s_and_eta = -(squares[2] - squares[0]) / (2 * step) / variance / 2
    bend = (penalty[0] - 2 * penalty[1] + penalty[2] + (squares[0] - 2 * squares[1] + squares[2]) / variance) / step**2
    covariance = np.linalg.inv(np.array([[free / 2, of_s_and_eta], [of_s_and_eta, bend / 2]]))
    slopes = (np.log(leverage[2]) - np.log(leverage[0])) / (2 * step)
    gradient = np.column_stack([np.ones(len(slopes)), slopes])
    return np.clip(2 / np.sum((gradient @ covariance) * gradient, axis=1), 1.0, free)


def p_values(x: np.ndarray, y: np.ndarray, *, block: int = 50) -> dict[str, float]:
    """The p-value of "x has nothing to do with y" by every rung of the ladder, from OLS to circular shifts.

    x, y: shape (n,), even steps. block: how many steps make a cluster, a quarter of n at most.
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
        "blocks as clusters": ols.fit(
            cov_type="cluster", cov_kwds={"groups": np.arange(n) // min(block, n // 4)}, use_t=True
        ),
        "GLSAR": sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10),
        "differences": sm.OLS(np.diff(y), sm.add_constant(np.diff(x))).fit(),
        "lagged outcome": sm.OLS(y[1:], with_lags).fit(),
    }
    p = {name: float(fit.pvalues[1]) for name, fit in fits.items()}
    recommended, _ = gls_ar1(y, pd.DataFrame(X))
    return p | {"circular shift": circular_shift_p(x, y), "GLS by REML": float(recommended.loc[1, "p"])}


def event_terms(n: int, event: int) -> pd.DataFrame:
    """The terms of an interrupted time series: `const`, `after` (0 or 1) and `week`, counted from the event.

    n: how many episodes, in order of date. event: how many of them lie before it. Leave `week` out, and what remains
    is a bare before/after.
    Raises TutorialError where fewer than three episodes lie on a side.
    Source: Bernal, Cummins & Gasparrini 2017 (10.1093/ije/dyw098). Lesson: 04_statistics.
    """
    if not AT_LEAST <= event <= n - AT_LEAST:
        raise TutorialError(f"The event has {event} of {n} episodes before it; either side needs {AT_LEAST}.")
    week = np.arange(n) - float(event)
    return pd.DataFrame({"const": 1.0, "after": (week >= 0).astype(float), "week": week})


def event_fits(y: np.ndarray, event: int) -> dict[str, pd.DataFrame]:
    """What changed at an event, by a bare before/after and by an interrupted time series with four kinds of errors.

    y: shape (n,), one value an episode in order of date. event: how many lie before it. Returns for each method a table
    as `terms` gives; the change is the term `after`.
    Raises TutorialError as `event_terms` does.
    Source: as `event_terms` and `gls_ar1`. Lesson: 04_statistics.
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
    """The change at dates on which nothing happened: every one with `margin` episodes to either side of it.

    y: shape (n,), one value an episode in order of date. The episodes before the event and those after it are taken
    by themselves, so that the event itself is in none. Returns one row a date: `at` (number of the episode),
    `before/after` and `interrupted` (the estimates).
    Source: placebo-in-time. Lesson: 04_statistics.
    """
    rows = []
    for first, part in ((0, y[:event]), (event, y[event:])):
        for at in range(margin, len(part) - margin + 1):
            X = event_terms(len(part), at)
            bare = sm.OLS(part, X[["const", "after"]]).fit()
            rows.append((first + at, bare.params["after"], gls_ar1(part, X)[0].loc["after", "estimate"]))
    return pd.DataFrame(rows, columns=["at", "before/after", "interrupted"])


def event_study(y: np.ndarray, event: int, *, step: int = 4) -> pd.DataFrame:
    """The series in steps of `step` episodes around an event, each against the last step before it.

    y: shape (n,), one value an episode in order of date. Returns one row a step: `step` (0 begins at the event, the
    one against which all are measured, -1, has no row), `estimate`, `low`, `high` (95 %). A step at an end that is
    not full joins its neighbour on the same side.
    Source: errors as in `gls_ar1`. Lesson: 04_statistics.
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


def beside(planted: dict[str, float], tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What was planted beside what each method estimates, with its 95 % interval.

    planted: {term: value}. tables: {method: what `terms` or `gls_ar1` gives}; they never see `planted`.
    Returns one row a term and method: `term`, `method`, `planted`, `estimate`, `low`, `high`, `inside`.
    Raises TutorialError where a table has no term of that name.
    Lesson: 04_statistics.
    """
    rows = []
    for term, value in planted.items():
        for method, table in tables.items():
            if term not in table.index:
                raise TutorialError(f"The method '{method}' has no term '{term}'. It has: {', '.join(table.index)}.")
            estimate, low, high = table.loc[term, ["estimate", "low", "high"]]
            rows.append((term, method, value, estimate, low, high, low <= value <= high))
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


def stretches(spoken: pd.DataFrame, chosen: pd.DataFrame, rng: np.random.Generator, *, most: int = 10) -> pd.DataFrame:
    """The stretches of speech that this lesson measures: all of the chosen recordings, and some of four voices.

    spoken: the table of `corpora.spoken`. chosen: the table of `comparison`. Where the chosen recordings hold fewer
    than three known speakers, `most` stretches, drawn by rng, are added of each of the four who speak most often, from
    recordings that do not end before.
    Lesson: 04_statistics.
    """
    wanted = spoken.index[spoken["recording"].isin(chosen.index)]
    if spoken.loc[wanted, "speaker"].nunique() < 3 <= spoken["speaker"].nunique():
        for name in spoken["speaker"].value_counts().index[:4]:
            own = spoken[spoken["speaker"] == name]
            drawn = (
                own.index[i]
                for i in rng.permutation(len(own))
                if _lasts(own["path"].iloc[i], own["onset"].iloc[i] + 0.2)
            )
            wanted = wanted.union(list(islice(drawn, most)), sort=False)
    return spoken.loc[wanted]


def known_speakers(voices: pd.DataFrame, rng: np.random.Generator) -> tuple[pd.DataFrame, str]:
    """Turns of three speakers or more, each with two turns or more, and a sentence that says where they come from.

    voices: the table of `measure_turns`. Where it has no three such speakers, ten turns each of four simulated voices
    take their place: `semitones` about 2 semitones apart, `seconds` 4, and a `level` and a `rate` that do not differ.
    Lesson: 04_statistics.
    """
    known = voices[voices["speaker"].notna()]
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


def comparison(
    recordings: pd.DataFrame,
    rng: np.random.Generator,
    *,
    event_date: str = "",
    group: str = "",
    most: int = 100,
    start: float = 0.0,
) -> tuple[pd.DataFrame, str]:
    """Which recordings can be compared, and a sentence that says how, or what is missing.

    recordings: the corpus's table. event_date: a day such as "2022-11-06"; group: the value of the column `group` that
    the event touched; empty where there is none. most: how many recordings at most, half on either side, drawn by rng.
    The first of these that the corpus allows is taken: the event date; the group against all others; `treated`; pairs
    (one speaker, two groups, one name); two groups; the median date as a placebo.
    Returns the recordings with `condition` (0 or 1), `label` (its name), `unit` (the pair, or the recording) and
    `series` ("" or, where both an event date and a group are given, the group or "others", the comparison series);
    an empty table where there are not at least three on either side.
    Raises TutorialError where event_date is no date or lies outside the corpus's dates, where no recording is of the
    group, and where metadata.csv has a column by the name of what this lesson measures.
    Lesson: 04_statistics.
    """
    if taken := OWN & set(recordings.columns):
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
        event = _event(event_date, dates)
        sides = _around(dates[dates.index.isin(members)] if group else dates, event)
        if group:
            sentence += f", of {group}" + (", with the others for comparison" if len(others) else "")
        sentence += "."
    elif group:
        sides = {"others": others, group: members}
        sentence = f"Recordings of {group} and of all other groups."
    elif treated.nunique() == 2:
        yes = treated.astype(bool)
        names = [
            _only(groups.reindex(treated.index[side]), name) for side, name in ((~yes, "not treated"), (yes, "treated"))
        ]
        sides = dict(zip(names, (treated.index[~yes], treated.index[yes]), strict=True))
        sentence = f"Recordings that are treated ({names[1]}) and that are not ({names[0]})."
    elif not (paired := _pairs(speech, rng, most=most // 2, start=start)).empty:
        first, second = paired["label"].iloc[:2]
        return paired, f"{len(paired) // 2} pairs: one voice, one prompt, in {first} and in {second}."
    elif groups.nunique() >= 2:
        sides = {name: groups.index[groups == name] for name in groups.value_counts().index[:2]}
        sentence = f"Two groups: {' and '.join(sides)}."
    elif len(dates):
        event = dates.sort_values().iloc[len(dates) // 2].normalize()
        sides = _around(dates, event)
        sentence = f"No event date is given: the median date, {event:%Y-%m-%d}, stands in as a placebo."
    if not sides or min(map(len, sides.values())) < AT_LEAST or most < 2 * AT_LEAST:
        return speech.iloc[:0].assign(condition=0, label="", unit="", series=""), (
            f"Recordings are not compared here: that takes {AT_LEAST} or more on either side of a date, in each of two "
            f"groups, or treated and not, and this corpus of {len(recordings)}, of which at most {most} are used, does "
            "not give them."
        )
    series = group if group and event_date else ""
    chosen = _labelled(speech, sides, rng, most=most).assign(series=series)
    aside = {name: index.intersection(others) for name, index in _around(dates, event).items()} if series else {}
    if aside and min(map(len, aside.values())) >= AT_LEAST:
        chosen = pd.concat([chosen, _labelled(speech, aside, rng, most=most).assign(series="others")])
    return chosen.assign(unit=chosen.index), sentence


def _labelled(speech: pd.DataFrame, sides: dict, rng: np.random.Generator, *, most: int) -> pd.DataFrame:
    """At most `most` recordings, half of them drawn from each of two sides, with `condition` and `label`."""
    drawn = [speech.loc[index[np.sort(rng.permutation(len(index))[: most // 2])]] for index in sides.values()]
    labelled = [side.assign(condition=i, label=name) for i, (name, side) in enumerate(zip(sides, drawn, strict=True))]
    return pd.concat(labelled)


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
    units = [name.partition("/")[2] for name in named.index]
    named = named.assign(unit=units, label=named["group"], condition=0, series="")
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


def compared(episodes: pd.DataFrame, chosen: pd.DataFrame, *, focus: str = "") -> pd.DataFrame:
    """The recordings that are compared, with what was measured in them: one row a recording and series, by date.

    episodes: the table of `by_recording`. chosen: that of `comparison`. focus: the speaker whose voice is compared,
    where speakers take turns in a recording; all others then are series of their own for comparison. Adds to `chosen`
    the measures and `series` (the speaker; without focus, that of `chosen`). Where one half of a pair has no voice, the
    other goes too; where fewer than three recordings of the first series are left on a side, all of them go.
    Lesson: 04_statistics.
    """
    rows = episodes.set_index("recording").drop(columns="speaker" if not focus else [])
    table = chosen.drop(columns=["speaker", "series"] if focus else []).join(rows, how="inner")
    if focus:
        table = table.rename(columns={"speaker": "series"})
    else:
        there, planned = table["unit"].value_counts(), chosen["unit"].value_counts()
        table = table[table["unit"].map(there == planned.reindex(there.index)).astype(bool)]
    first = table[table["series"] == (focus or chosen["series"].iloc[0])] if len(table) else table
    enough = first["condition"].value_counts().reindex([0, 1], fill_value=0).min() >= AT_LEAST
    return table.sort_values("date", kind="stable") if enough else table.iloc[:0]


def outcome_column(table: pd.DataFrame, outcome: str = "") -> str:
    """The column that is followed over time: the learner's outcome, or pitch where none is named.

    table: that of `compared`. outcome: "semitones", "rate", "level", "rolloff", or a column of numbers from
    metadata.csv.
    Raises TutorialError where the table has no such column of numbers, with those it has.
    Lesson: 04_statistics.
    """
    name = outcome or "semitones"
    own = [column for column in table.select_dtypes("number") if column not in {"condition", "seconds", "voiced", "f0"}]
    if name not in own:
        raise TutorialError(
            f"There is no column of numbers called '{name}' to follow. Give one of these as outcome: {', '.join(own)}."
        )
    return name


def weekly(table: pd.DataFrame, outcome: str) -> tuple[pd.DataFrame, int]:
    """One series a column, one week a row, and how many weeks lie before the event (0 where there is no event in time).

    table: that of `compared`, with `date`, `series`, `condition` and the outcome, whose means by week are taken. Only
    series that are there in at least nine tenths of the weeks of the longest take part, and only weeks with all of
    them; `event_fits` and its kind take what is left for evenly spaced.
    Lesson: 04_statistics.
    """
    dated = table[table["date"].notna()].sort_values("date")
    if dated.empty or not dated["condition"].is_monotonic_increasing or dated["condition"].nunique() < 2:
        return pd.DataFrame(), 0
    week = dated["date"].dt.to_period("W").dt.start_time.rename("week")
    wide = dated.groupby([week, "series"])[outcome].mean().unstack()
    there = wide.notna().sum()
    wide = wide.loc[:, there >= 0.9 * there.max()].dropna()
    return wide, int((wide.index < week[dated["condition"] == 1].iloc[0]).sum())


def calibrate(outcome: np.ndarray, measured: np.ndarray, checked: np.ndarray) -> pd.Series:
    """The slope of an outcome on a predictor that is measured with error, corrected by a part that was checked by hand.

    outcome, measured: shape (n,). checked: the right value where somebody looked, NaN elsewhere, shape (n,). The slope
    on the measured values comes from the rows that were not checked; it is divided by the slope of the right value on
    the measured one, from those that were. Nothing is assumed about the errors, not even that they are alike
    everywhere; that the checked rows are a random part is. Returns `naive`, `estimate`, `low`, `high` (95 %, delta
    method).
    Raises TutorialError where fewer than ten rows were checked or fewer than ten were not.
    Source: Rosner, Willett & Spiegelman 1989 (10.1002/sim.4780080905). Lesson: 04_statistics.
    """
    looked = np.isfinite(checked)
    if min(looked.sum(), (~looked).sum()) < 10:
        raise TutorialError(
            f"{looked.sum()} of {len(looked)} rows were checked; the correction needs 10 of either kind."
        )
    naive, naive_error = _slope(measured[~looked], outcome[~looked])
    right, right_error = _slope(measured[looked], checked[looked])
    estimate = naive / right
    half = stats.norm.ppf(0.975) * np.hypot(naive_error / right, naive * right_error / right**2)
    return pd.Series({"naive": naive, "estimate": estimate, "low": estimate - half, "high": estimate + half})


def _slope(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The slope of y on x and its standard error, also where y scatters more at some x than at others (HC3)."""
    fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC3")
    return fit.params[1], fit.bse[1]


SIMEX_STEPS = np.array([0.0, 0.5, 1.0, 1.5, 2.0])


def simex(outcome: np.ndarray, takes: np.ndarray, rng: np.random.Generator, *, boots: int = 200) -> pd.Series:
    """The slope of an outcome on a predictor that was measured twice, with the errors' effect extrapolated away.

    outcome: shape (n,). takes: two measurements of each row's predictor with errors of their own, shape (n, 2). Their
    differences tell how large the errors are. Errors of 0.5 to 2 times their variance are added to the mean of the two
    takes; the slopes fall on a curve b / (c + steps), which is followed back to -1, where no error is left. Returns
    `naive`, `estimate`, `low`, `high` (95 %, percentiles of `boots` bootstrap samples of rows).
    Raises TutorialError where takes has not two columns.
    Source: Cook & Stefanski 1994 (10.1080/01621459.1994.10476871), the curve of a straight line's slope. Lesson:
    04_statistics.
    """
    outcome, takes = np.asarray(outcome, float), np.asarray(takes, float)
    if takes.ndim != 2 or takes.shape[1] != 2:
        raise TutorialError(f"SIMEX here takes two measurements a row; takes has the shape {takes.shape}.")
    slopes = simex_slopes(outcome, takes, rng, repeats=100)
    n = len(outcome)
    again = [
        simex_curve(simex_slopes(outcome[rows], takes[rows], rng, repeats=20), -1.0)
        for rows in rng.integers(0, n, size=(boots, n))
    ]
    low, high = np.percentile(again, [2.5, 97.5])
    return pd.Series({"naive": slopes[0], "estimate": simex_curve(slopes, -1.0), "low": low, "high": high})


def simex_slopes(outcome: np.ndarray, takes: np.ndarray, rng: np.random.Generator, *, repeats: int) -> np.ndarray:
    """The mean slope after errors of `SIMEX_STEPS` times the takes' own variance were added, shape (5,).

    outcome, takes: as in `simex`. repeats: how often errors are drawn. Lesson: 04_statistics.
    """
    mean, error = takes.mean(axis=1), np.sqrt(np.mean(np.diff(takes, axis=1) ** 2)) / 2
    noise = error * rng.standard_normal((repeats, len(mean)))
    slopes = []
    for step in SIMEX_STEPS:
        x = mean + np.sqrt(step) * noise
        x = x - x.mean(axis=1, keepdims=True)
        slopes.append(np.mean(x @ (outcome - outcome.mean()) / np.sum(x**2, axis=1)))
    return np.array(slopes)


def simex_curve(slopes: np.ndarray, steps: float | np.ndarray) -> float | np.ndarray:
    """The curve b / (c + steps) through the slopes of `simex_slopes`; at -1 no error is left.

    Lesson: 04_statistics.
    """
    b, c = np.linalg.lstsq(np.column_stack([np.ones(5), -slopes]), slopes * SIMEX_STEPS, rcond=None)[0]
    return b / (c + steps)


def as_mp3(y: np.ndarray, sr: int = SR, *, kbps: float = 24.0) -> np.ndarray:
    """What is left of y after it was saved as mp3 of a constant bit rate and read again, shape (n_samples,).

    kbps: kilobits a second, 8 to 160; LAME takes the next rate that it has. Lesson: 04_statistics.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved.mp3"
        data_prep.to_pydub(y, sr).export(path, format="mp3", bitrate=f"{kbps:g}k")
        return data_prep.read_native(path)[0][:, 0]


def recording_chains(rng: np.random.Generator) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Five things that may happen to a voice between the mouth and the file, as functions of y at 16 kHz.

    A gain of -12 dB; mp3 of 24 kb/s; a rate of 8 kHz; white noise 10 dB under the recording's RMS; a room whose sound
    decays by 60 dB in half a second, as loud as the direct sound (drawn by rng, as the noise is).
    Lesson: 04_statistics.
    """
    times = np.arange(round(0.5 * SR)) / SR
    tail = rng.standard_normal(len(times)) * 10 ** (-3 * times / 0.5)
    room = np.concatenate([[1.0], tail / np.sqrt(np.sum(tail**2))]).astype(np.float32)

    def noisy(y):
        noise = np.sqrt(np.mean(y**2)) * 10 ** (-10 / 20) * rng.standard_normal(len(y))
        return y + noise.astype(np.float32)

    return {
        "gain -12 dB": lambda y: y * np.float32(10 ** (-12 / 20)),
        "mp3, 24 kb/s": as_mp3,
        "8 kHz": lambda y: soxr.resample(soxr.resample(y, SR, 8_000), 8_000, SR),
        "noise, 10 dB": noisy,
        "room, 0.5 s": lambda y: fftconvolve(y, room)[: len(y)].astype(np.float32),
    }


def robustness(pieces: list[np.ndarray], rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """How far each chain of `recording_chains` moves each feature, in units of its spread between pieces of speech.

    pieces: samples y at 16 kHz of one voice, each with some seconds of speech. Returns a table of features by chains
    (the median change over the standard deviation of the pieces as they are) and those standard deviations.
    Features are `features.summarise`'s, `f0` in semitones.
    Raises TutorialError where there are fewer than three pieces.
    Lesson: 04_statistics.
    """
    if len(pieces) < 3:
        raise TutorialError(f"A spread between pieces of speech needs three of them; there are {len(pieces)}.")
    clean = _described(pieces)
    spread = clean.std()
    table = {
        name: (_described([chain(y) for y in pieces]) - clean).median() / spread
        for name, chain in recording_chains(rng).items()
    }
    return pd.DataFrame(table), spread


def _described(pieces: list[np.ndarray]) -> pd.DataFrame:
    """One row a piece: its summary, with f0 in semitones."""
    table = pd.DataFrame([features.summarise(y) for y in pieces])
    return table.assign(f0=features.semitones(table["f0"], 100.0)).drop(columns="seconds")


def power_of_speakers(
    effect: float, *, between: float, within: float, speakers: np.ndarray, turns: int, alpha: float = 0.05
) -> np.ndarray:
    """The power to tell two groups of speakers apart, by a t-test of one mean a speaker, shape of `speakers`.

    effect: the difference. between: the standard deviation of speakers within a group; within: that of a speaker's
    turns; all in one unit. speakers: how many in each group, 2 or more. turns: how many of each speaker.
    Source: statsmodels' TTestIndPower; a speaker's mean has the variance between^2 + within^2 / turns. Lesson:
    04_statistics.
    """
    size = effect / np.sqrt(between**2 + within**2 / turns)
    return np.array([TTestIndPower().power(size, nobs1=n, alpha=alpha, ratio=1.0) for n in speakers])


def power_of_episodes(
    effect: float, *, sd: float, rho: float, episodes: np.ndarray, trend: bool = True, alpha: float = 0.05
) -> np.ndarray:
    """The power to find a jump in the middle of a series of episodes, shape of `episodes`.

    effect: the jump. sd: the standard deviation of an episode about its trend; rho: what it keeps of the one before.
    episodes: how many in all, even numbers of 8 or more. trend: whether the regression has one, as in `event_terms`.
    Source: the exact error of generalised least squares, and the noncentral F. It takes rho for known, so that in short
    series it is a little too hopeful. Lesson: 04_statistics.
    """
    power = []
    for n in episodes:
        X = event_terms(n, n // 2)[["const", "after", *(["week"] if trend else [])]].to_numpy()
        fresh = without_memory(X, rho)
        error = sd * np.sqrt(1 - rho**2) * np.sqrt(np.linalg.inv(fresh.T @ fresh)[1, 1])
        free = n - X.shape[1]
        # the square of t is F, whose noncentral distribution stays exact where the effect is many errors large; scipy
        # has it for every noncentrality above 0
        power.append(stats.ncf.sf(stats.f.ppf(1 - alpha, 1, free), 1, free, max((effect / error) ** 2, 1e-12)))
    return np.array(power)


def simulated(name: str) -> pd.DataFrame:
    """A table of the simulations that `make simulate` ran: "ladder", "series" or "coverage".

    Raises TutorialError where it is not there.
    Lesson: 04_statistics.
    """
    path = SIMULATIONS / f"{name}.csv"
    if not path.is_file():
        raise TutorialError(f"{path} is missing. Clone the repository again, or make it anew with `make simulate`.")
    return pd.read_csv(path)
