"""Errors of measurement, what recording chains change, and how much data would be enough."""

from __future__ import annotations

import numpy as np
import pandas as pd
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.power import TTestIndPower

from .. import degrade, features, segments
from ..errors import TutorialError
from ..places import bundled
from .across import event_terms
from .within import without_memory

SIMEX_STEPS = np.array([0.0, 0.5, 1.0, 1.5, 2.0])
COMPARED_ACROSS_CHAINS = ["semitones", "level", "centroid", "rolloff", "f0_range", "rate", "voiced"]


def calibrate(outcome: np.ndarray, measured: np.ndarray, checked: np.ndarray) -> pd.Series:
    """The slope of an outcome on a predictor that is measured with error, corrected by a part that was checked by hand.

    The slope on the measured values comes from the rows that were not checked; it is divided by the slope of the right
    value on the measured one, from those that were. Nothing is assumed about the errors, not even that they are alike
    everywhere; that the checked rows are a random part is.
    Lesson: 04_statistics, 05_deep_learning.

    Parameters
    ----------
    outcome, measured : ndarray of shape (n,)
    checked : ndarray of shape (n,)
        The right value where somebody looked, NaN elsewhere; ten or more of either kind.

    Returns
    -------
    Series
        `naive`, `estimate`, `low`, `high` (95 %, delta method).

    References
    ----------
    Rosner, Willett & Spiegelman 1989, 10.1002/sim.4780080905.
    """
    looked = np.isfinite(checked)
    if min(looked.sum(), (~looked).sum()) < 10:
        raise TutorialError(
            f"{looked.sum()} of {len(looked)} rows were checked; the correction needs 10 of either kind."
        )
    naive, naive_error = _slope_and_error(measured[~looked], outcome[~looked])
    right, right_error = _slope_and_error(measured[looked], checked[looked])
    estimate = naive / right
    half = stats.norm.ppf(0.975) * np.hypot(naive_error / right, naive * right_error / right**2)
    return pd.Series({"naive": naive, "estimate": estimate, "low": estimate - half, "high": estimate + half})


def _slope_and_error(x: np.ndarray, y: np.ndarray) -> tuple[float, float]:
    """The slope of y on x and its standard error, also where y scatters more at some x than at others (HC3)."""
    fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="HC3")
    return fit.params[1], fit.bse[1]


def simex(outcome: np.ndarray, takes: np.ndarray, rng: np.random.Generator, *, boots: int = 200) -> pd.Series:
    """The slope of an outcome on a predictor that was measured twice, with the errors' effect extrapolated away.

    The differences of the two measurements tell how large the errors are. Errors of 0.5 to 2 times their variance are
    added to the mean of the two; the slopes fall on a curve b / (c + steps), which is followed back to -1, where no
    error is left.
    Lesson: 04_statistics.

    Parameters
    ----------
    outcome : ndarray of shape (n,)
    takes : ndarray of shape (n, 2)
        Two measurements of each row's predictor, with errors of their own.
    boots : int
        How many bootstrap samples of rows give the interval.

    Returns
    -------
    Series
        `naive`, `estimate`, `low`, `high` (95 %, percentiles).

    References
    ----------
    Cook & Stefanski 1994, 10.1080/01621459.1994.10476871, the curve of a straight line's slope.
    """
    outcome, takes = np.asarray(outcome, float), np.asarray(takes, float)
    if takes.ndim != 2 or takes.shape[1] != 2:
        raise TutorialError(f"SIMEX here takes two measurements a row; takes has the shape {takes.shape}.")
    slopes = simex_slopes(outcome, takes, rng, repeats=100)
    n = len(outcome)
    drawn = (simex_slopes(outcome[rows], takes[rows], rng, repeats=20) for rows in rng.integers(0, n, size=(boots, n)))
    low, high = np.percentile(np.array([simex_curve(again, -1.0) for again in drawn]), [2.5, 97.5])
    return pd.Series({"naive": slopes[0], "estimate": simex_curve(slopes, -1.0), "low": low, "high": high})


def simex_slopes(outcome: np.ndarray, takes: np.ndarray, rng: np.random.Generator, *, repeats: int) -> np.ndarray:
    """The mean slope after errors of `SIMEX_STEPS` times the measurements' own variance were added, shape (5,).

    outcome, takes: as in `simex`. repeats: how often errors are drawn.
    Lesson: 04_statistics.
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


def robustness(pieces: list[np.ndarray], rng: np.random.Generator) -> tuple[pd.DataFrame, pd.Series]:
    """How far each chain of `degrade.recording_chains` moves each measure, in units of its spread between pieces.

    Lesson: 04_statistics.

    Parameters
    ----------
    pieces : list of ndarray
        Samples at 16 kHz of one voice, three or more pieces, each with some seconds of speech.

    Returns
    -------
    moved : DataFrame
        Measures (as in `segments.measure`) by chains: the median change over the spread.
    spread : Series
        The standard deviation of each measure between the pieces as they are.
    """
    if len(pieces) < 3:
        raise TutorialError(f"A spread between pieces of speech needs three of them; there are {len(pieces)}.")
    clean = _measure_pieces(pieces)
    spread = clean.std()
    moved = {
        name: (_measure_pieces([chain(y) for y in pieces]) - clean).median() / spread
        for name, chain in degrade.recording_chains(rng).items()
    }
    return pd.DataFrame(moved), spread


def _measure_pieces(pieces: list[np.ndarray]) -> pd.DataFrame:
    """One row a piece: what can be compared, measured over all of it."""
    frames = pd.concat([features.frame_table(y).assign(recording=str(i)) for i, y in enumerate(pieces)])
    whole = segments.whole(frames)
    return segments.measure(frames, whole)[COMPARED_ACROSS_CHAINS]


def power_of_speakers(
    effect: float, *, between: float, within: float, speakers: np.ndarray, turns: int, alpha: float = 0.05
) -> np.ndarray:
    """The power to tell two groups of speakers apart, by a t-test of one mean a speaker, shape of `speakers`.

    By statsmodels' TTestIndPower: a speaker's mean has the variance between^2 + within^2 / turns.
    Lesson: 04_statistics.

    Parameters
    ----------
    effect : float
        The difference.
    between, within : float
        The standard deviations of speakers within a group and of a speaker's turns, in the same unit.
    speakers : ndarray of int
        How many in each group, 2 or more.
    turns : int
        How many of each speaker.
    """
    size = effect / np.sqrt(between**2 + within**2 / turns)
    return np.array([TTestIndPower().power(size, nobs1=n, alpha=alpha, ratio=1.0) for n in speakers])


def power_of_episodes(
    effect: float, *, sd: float, rho: float, episodes: np.ndarray, trend: bool = True, alpha: float = 0.05
) -> np.ndarray:
    """The power to find a jump in the middle of a series of episodes, shape of `episodes`.

    From the exact error of generalised least squares and the noncentral F. It takes rho for known, so that in short
    series it is a little too hopeful.
    Lesson: 04_statistics.

    Parameters
    ----------
    effect : float
        The jump.
    sd, rho : float
        The standard deviation of an episode about its trend, and the share that it keeps of the one before.
    episodes : ndarray of int
        How many in all, even numbers of 8 or more.
    trend : bool
        Whether the regression has one, as in `across.event_terms`.
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

    Lesson: 04_statistics.
    """
    path = bundled("simulations") / f"{name}.csv"
    if not path.is_file():
        raise TutorialError(f"{path} is missing. Install the tutorial again, or make it anew with `make simulate`.")
    return pd.read_csv(path)
