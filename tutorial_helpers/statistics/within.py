"""Within one recording: features, memory, and regressions that know of both."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from scipy.optimize import minimize_scalar
from scipy.signal import lfilter

from .. import data_prep, segments, voice
from ..data_prep import SR
from ..errors import TutorialError
from ..representations import HOP_LENGTH


def long_enough(y: np.ndarray, episode: pd.Series, recordings: pd.DataFrame, *, seconds: float = 30.0) -> np.ndarray:
    """The excerpt itself, or, where it is shorter than `seconds`, joined with other recordings of the speaker.

    Less than a frame (10 ms) is not missed.
    Lesson: 04_statistics.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
        The excerpt, at 16 kHz.
    recordings : DataFrame
        The corpus's, of which `episode` is a row. Where no speaker is known, any recording of speech is taken.

    Raises
    ------
    TutorialError
        Where all of them together are too short, or where one cannot be read.
    """
    others = recordings[(recordings["kind"] == "speech") & (recordings.index != episode.name)]
    if pd.notna(episode["speaker"]):
        others = others[others["speaker"] == episode["speaker"]]
    parts, missing = [y], round(seconds * SR) - len(y)
    for path in others["path"]:
        if missing < HOP_LENGTH:
            break
        parts.append(data_prep.read(path, seconds=missing / SR))
        missing -= len(parts[-1])
    if missing >= HOP_LENGTH:
        raise TutorialError(
            f"{episode.name} and what could be joined to it hold {seconds - missing / SR:.1f} s of sound; this lesson "
            f"needs {seconds:g} s. Choose a longer recording, a smaller start, or a larger number of minutes."
        )
    return y if len(parts) == 1 else np.concatenate(parts)


def speaker_windows(frames: pd.DataFrame, turns: pd.DataFrame, speaker: str, *, seconds: float = 5.0) -> pd.DataFrame:
    """One speaker's voice in windows that follow each other: only voiced frames of turns in which nobody else speaks.

    Lesson: 04_statistics.

    Parameters
    ----------
    frames : DataFrame
        `features.frame_table` of a recording.
    turns : DataFrame
        Those of the recording: `onset`, `offset` (s), `speaker`.
    seconds : float, s
        The length of a window.

    Returns
    -------
    DataFrame
        One row a window: `speaks` (1.0 with half a second of voiced frames or more, else 0.0), `relative_pitch`
        (semitones over the speaker's median), `relative_level` and `relative_contrast` (dB) and `relative_rolloff` (Hz)
        over the median of the windows. All but `speaks` are 0 where the speaker does not speak, so that in a
        regression with `speaks` they stand for differences within the speaker.

    Raises
    ------
    TutorialError
        Where the speaker has no turn in the recording.
    """
    if speaker not in set(turns["speaker"].dropna()):
        raise TutorialError(
            f"{speaker} has no turn here. Speakers: {', '.join(sorted(turns['speaker'].dropna().unique()))}."
        )
    times = frames["time"].to_numpy()
    has_turn = data_prep.inside(times, turns[turns["speaker"] == speaker])
    own = frames["voiced"] & has_turn & segments.alone(times, turns, speaker)
    windows = segments.windows(frames, seconds)
    measured = segments.measure(frames.assign(voiced=own, f0=frames["f0"].where(own)), windows)
    measured["pitch"] = voice.semitones(measured["f0"], frames["f0"][own].median())
    names = ["pitch", "level", "contrast", "rolloff"]
    speaks = measured["voiced"] * seconds > 0.495  # half a second, but for rounding
    table = measured.loc[speaks, names]
    table[names[1:]] -= table[names[1:]].median()
    table = table.add_prefix("relative_").assign(speaks=1.0).reindex(measured.index).fillna(0.0)
    return table[["speaks", *(f"relative_{name}" for name in names)]].rename_axis("window")


def ar1(rng: np.random.Generator, n: int, rho: float, sd: float = 1.0) -> np.ndarray:
    """A series in which each value keeps the share rho of the one before: mean 0, standard deviation sd, shape (n,).

    It starts in its stationary state: no run-in is needed, and every value has the same variance. A rho that is not
    between -1 and 1 is refused.
    Lesson: 04_statistics.
    """
    if not -1 < rho < 1:
        raise TutorialError(f"rho is {rho:g}; a series that settles needs a value between -1 and 1.")
    shocks = rng.normal(scale=sd * np.sqrt(1 - rho**2), size=n)
    shocks[:1] = rng.normal(scale=sd)
    return lfilter([1.0], [1.0, -rho], shocks)


def standardise(table: pd.DataFrame) -> pd.DataFrame:
    """Every column with mean 0 and standard deviation 1, so that its slope is "per standard deviation".

    A column that does not vary is refused by name.
    Lesson: 04_statistics.
    """
    spread = table.std()
    constant = spread.index[~(spread > 1e-12 * table.abs().max().clip(lower=1e-300))]
    if len(constant):
        raise TutorialError(f"The column '{constant[0]}' does not vary, so it explains nothing. Leave it out.")
    return (table - table.mean()) / spread


def worst_vif(table: pd.DataFrame) -> float:
    """The largest variance inflation factor of a table's columns: 1 where they are unrelated.

    The factors are the diagonal of the inverse of the correlations; one is infinite where a column follows from others.
    Lesson: 04_statistics.
    """
    correlations = standardise(table).corr().to_numpy()
    try:
        return float(np.abs(np.diag(np.linalg.inv(correlations))).max())
    except np.linalg.LinAlgError:
        return np.inf


def slope_p_values(table: pd.DataFrame, outcomes: np.ndarray) -> np.ndarray:
    """OLS p-values of every column of a table, for many outcomes at once, shape (n_outcomes, n_columns).

    The predictors are the same for all outcomes, so they are decomposed once: thousands of outcomes take as long as
    one `sm.OLS`, and give its values.
    Lesson: 04_statistics.

    Parameters
    ----------
    table : DataFrame of shape (n_rows, n_columns)
        One column a predictor; a constant is added. There have to be more rows than coefficients.
    outcomes : ndarray of shape (n_outcomes, n_rows)
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


def block_ids(times: pd.Series | np.ndarray, seconds: float) -> np.ndarray:
    """The number of the block of `seconds` that each time (s) falls in, counted from the first time, shape (n,).

    Blocks without a length, or so long that all times fall in one, are refused.
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

    Both series keep their own rhythm; a shift changes only which value stands beside which. Closeness is the absolute
    correlation, of all n shifts at once by the circular correlation theorem. The smallest value it can give is 1 / n.
    Lesson: 04_statistics.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Two series that vary, in even steps.
    """
    x, y = np.asarray(x, float), np.asarray(y, float)
    if len(x) != len(y):
        raise TutorialError(f"x has {len(x)} values and y has {len(y)}. Give two series of one length.")
    if np.ptp(x) == 0 or np.ptp(y) == 0:
        raise TutorialError("A series does not vary, so no shift of it differs from another. Choose another.")
    x, y = (x - x.mean()) / x.std(), (y - y.mean()) / y.std()
    correlations = np.abs(np.fft.irfft(np.conj(np.fft.rfft(x)) * np.fft.rfft(y), n=len(x))) / len(x)
    return float(np.mean(correlations >= correlations[0] - 1e-9))


def terms(fit: Any) -> pd.DataFrame:
    """The terms of a fitted statsmodels regression: one row a term; `estimate`, `low` and `high` (95 %), `p`.

    Lesson: 04_statistics.
    """
    low, high = np.asarray(fit.conf_int()).T
    columns = {"estimate": np.asarray(fit.params), "low": low, "high": high, "p": np.asarray(fit.pvalues)}
    return pd.DataFrame(columns, index=getattr(fit.params, "index", fit.model.exog_names))


def gls_ar1(y: pd.Series | np.ndarray, X: pd.DataFrame) -> tuple[pd.DataFrame, float]:
    """Least squares for errors that each keep the share rho of the one before, and rho: what the lesson recommends.

    rho is where the restricted likelihood is largest; unlike the autocorrelation of residuals, it does not come out
    too small in a short series. The memory is taken out of outcome and terms, which then are regressed on each other.
    An interval takes its t distribution with as many degrees of freedom as the series has for that term, given that
    rho was estimated from it too (Satterthwaite's rule).
    Lesson: 04_statistics.

    Parameters
    ----------
    y : ndarray of shape (n,)
        The outcome, in even steps.
    X : DataFrame of shape (n, n_terms)
        One column a term, the constant among them.

    Returns
    -------
    table : DataFrame
        As `terms` gives it, with the degrees of freedom `df`.
    rho : float

    Raises
    ------
    TutorialError
        Where there are too few rows, or where one term follows from the others.

    References
    ----------
    The transformation: Prais & Winsten 1954. Restricted likelihood was the best of six ways for a series with an event
    in Turner et al. 2021, 10.1186/s12874-021-01364-0.
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
        fit = _fit_given_rho(values, design, np.tanh(eta))
        return (n - k) * np.log(fit.squares) + fit.penalty

    eta = minimize_scalar(restricted, bounds=(-2.6, 2.6), method="bounded").x
    below, fit, above = (_fit_given_rho(values, design, np.tanh(eta + step)) for step in (-0.02, 0.0, 0.02))
    df = _satterthwaite(below, fit, above, step=0.02, free=n - k)
    error = np.sqrt(fit.squares / (n - k) * fit.leverage)
    half = stats.t.ppf(0.975, df) * error
    p = 2 * stats.t.sf(np.abs(fit.estimate) / error, df)
    columns = {"estimate": fit.estimate, "low": fit.estimate - half, "high": fit.estimate + half, "p": p, "df": df}
    return pd.DataFrame(columns, index=X.columns), float(np.tanh(eta))


def without_memory(values: np.ndarray, rho: float) -> np.ndarray:
    """What each row holds beyond rho times the row before; the first is scaled, so that all vary alike.

    values: shape (n,) or (n, n_columns), in even steps. The transformation of Prais & Winsten 1954.
    Lesson: 04_statistics.
    """
    fresh = np.array(values, float)
    fresh[1:] -= rho * fresh[:-1].copy()
    fresh[:1] *= np.sqrt(1 - rho**2)
    return fresh


class _Fit(NamedTuple):
    """A regression of which the memory was taken out."""

    squares: float  # of the residuals
    penalty: float  # what restricted likelihood adds to n - k times their logarithm
    leverage: np.ndarray  # of each term: its variance for errors of variance 1
    estimate: np.ndarray


def _fit_given_rho(values: np.ndarray, design: np.ndarray, rho: float) -> _Fit:
    """The regression on a design, shape (n, k), where each error keeps the share rho of the one before."""
    Q, R = np.linalg.qr(without_memory(design, rho))
    outcome = without_memory(values, rho)
    inverse = np.linalg.inv(R)
    squares = np.sum((outcome - Q @ (Q.T @ outcome)) ** 2)
    penalty = 2 * np.sum(np.log(np.abs(np.diag(R)))) - np.log(1 - rho**2)
    return _Fit(squares, penalty, np.sum(inverse**2, axis=1), inverse @ (Q.T @ outcome))


def _satterthwaite(below: _Fit, at: _Fit, above: _Fit, *, step: float, free: int) -> np.ndarray:
    """Degrees of freedom of each term's variance, from the regression a step below, at, and a step above its eta.

    The variance is exp(s) leverage(eta); s, the logarithm of the errors' variance, and eta are estimated, with the
    covariance that the curvature of the restricted likelihood gives them.
    """
    variance = at.squares / free
    of_s_and_eta = -(above.squares - below.squares) / (2 * step) / variance / 2
    bend = below.penalty - 2 * at.penalty + above.penalty
    bend = (bend + (below.squares - 2 * at.squares + above.squares) / variance) / step**2
    covariance = np.linalg.inv(np.array([[free / 2, of_s_and_eta], [of_s_and_eta, bend / 2]]))
    slopes = (np.log(above.leverage) - np.log(below.leverage)) / (2 * step)
    gradient = np.column_stack([np.ones(len(slopes)), slopes])
    return np.clip(2 / np.sum((gradient @ covariance) * gradient, axis=1), 1.0, free)


def p_values_by_method(x: np.ndarray, y: np.ndarray, *, block: int = 50) -> dict[str, float]:
    """The p-value of "x has nothing to do with y" by every method of the ladder, from OLS to circular shifts.

    The rule-of-thumb lag is 4 (n / 100)^(2/9), after Newey & West.
    Lesson: 04_statistics.

    Parameters
    ----------
    x, y : ndarray of shape (n,)
        Two series in even steps.
    block : int
        How many steps make a cluster; a quarter of n at most.
    """
    n = len(x)
    X = sm.add_constant(x)
    ols = sm.OLS(y, X)
    rule = int(4 * (n / 100) ** (2 / 9))
    blocks = np.arange(n) // min(block, n // 4)
    with_lags = np.column_stack([np.ones(n - 1), x[1:], x[:-1], y[:-1]])
    fits = {
        "OLS": ols.fit(),
        "HAC, rule-of-thumb lag": ols.fit(cov_type="HAC", cov_kwds={"maxlags": rule}, use_t=True),
        "HAC, 20 lags": ols.fit(cov_type="HAC", cov_kwds={"maxlags": 20}, use_t=True),
        "blocks as clusters": ols.fit(cov_type="cluster", cov_kwds={"groups": blocks}, use_t=True),
        "GLSAR": sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10),
        "differences": sm.OLS(np.diff(y), sm.add_constant(np.diff(x))).fit(),
        "lagged outcome": sm.OLS(y[1:], with_lags).fit(),
    }
    p = {name: float(fit.pvalues[1]) for name, fit in fits.items()}
    recommended, _ = gls_ar1(y, pd.DataFrame(X))
    return p | {"circular shift": circular_shift_p(x, y), "GLS by REML": float(recommended.loc[1, "p"])}


def planted_vs_estimated(planted: dict[str, float], tables: dict[str, pd.DataFrame]) -> pd.DataFrame:
    """What was planted beside what each method estimates, with its 95 % interval: one row a term and method.

    Lesson: 04_statistics.

    Parameters
    ----------
    planted : dict of term to value
    tables : dict of method to DataFrame
        What `terms` or `gls_ar1` gives; they never see `planted`.

    Returns
    -------
    DataFrame
        Columns `term`, `method`, `planted`, `estimate`, `low`, `high`, `inside`.
    """
    rows = []
    for term, value in planted.items():
        for method, table in tables.items():
            if term not in table.index:
                raise TutorialError(f"The method '{method}' has no term '{term}'. It has: {', '.join(table.index)}.")
            estimate, low, high = table.loc[term, ["estimate", "low", "high"]]
            rows.append((term, method, value, estimate, low, high, low <= value <= high))
    return pd.DataFrame(rows, columns=["term", "method", "planted", "estimate", "low", "high", "inside"])
