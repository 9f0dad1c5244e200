"""The exercises of lesson 04."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .judge import Exercise


def _slope(x, y) -> float:
    """The slope of y on x by least squares, with a constant."""
    return np.polyfit(x, y, 1)[0]


def _persistent_series() -> dict:
    """Series of 4000 values around 20, made of waves whose strengths give each exactly the memory it is named by."""
    n, rng = 4_000, np.random.default_rng(4)
    w = 2 * np.pi * np.arange(1, n // 2) / n
    cases = {}
    for rho in (0.9, 0.5):
        strength = 1 / np.sqrt(1 - 2 * rho * np.cos(w) + rho**2)
        waves = np.concatenate([[0], strength * np.exp(2j * np.pi * rng.random(len(w))), [0]])
        x = 20 + np.fft.irfft(waves, n) * np.sqrt(n)
        cases[f"a series of {n} values that each keep {rho:g} of the one before"] = ((x,), n * (1 - rho) / (1 + rho))
    return cases


def _lag_1_correlation(x) -> float:
    """How much a value keeps of the one before."""
    return np.corrcoef(x[:-1], x[1:])[0, 1]


def _effective_n(n: int, rho: float) -> float:
    """How many independent values n persistent ones are worth, for their mean."""
    return n * (1 - rho) / (1 + rho)


def _rated_turns() -> dict:
    """Tables of turns in which a rating follows the semitones within a speaker otherwise than across speakers."""
    cases = {}
    for within, across, turns in ((0.5, -2.0, (3, 8, 5, 12)), (-1.0, 1.5, (6, 4, 9))):
        rng = np.random.default_rng(len(turns))
        speaker = np.repeat(np.arange(len(turns)), turns)
        own = np.linspace(0, 9, len(turns))[speaker]
        moved = pd.Series(rng.normal(size=len(speaker)))
        moved -= moved.groupby(speaker).transform("mean")
        table = pd.DataFrame({"semitones": own + moved, "rating": 50 + across * own + within * moved})
        table.insert(0, "speaker", [f"voice {i}" for i in speaker])
        shuffled = table.iloc[rng.permutation(len(table))].reset_index(drop=True)
        words = f"{len(turns)} speakers who are rated {within:+g} points for each semitone over their own mean"
        cases[words] = (shuffled,), within
    return cases


def _centred(turns, *columns) -> pd.DataFrame:
    """The turns, with each speaker's mean taken off the columns named."""
    names = list(columns)
    return turns.assign(**(turns[names] - turns.groupby("speaker")[names].transform("mean")))


def _standardised_within(turns) -> float:
    """The slope once each speaker has mean 0 and standard deviation 1."""
    grouped = turns.groupby("speaker")[["semitones", "rating"]]
    scaled = _centred(turns, "semitones", "rating")[["semitones", "rating"]] / grouped.transform("std")
    return _slope(scaled["semitones"], scaled["rating"])


def _first_dummy(turns) -> float:
    """The first coefficient of a regression on dummies and semitones: the first speaker's."""
    X = pd.get_dummies(turns["speaker"], dtype=float).assign(semitones=turns["semitones"])
    return np.linalg.lstsq(X.to_numpy(), turns["rating"].to_numpy(), rcond=None)[0][0]


def _two_hosts() -> dict:
    """Weekly pitch of two hosts who share a drift and a jump; his has an effect of its own on top."""
    cases = {}
    for effect, shared, event, n in ((0.6, 0.9, 26, 52), (-0.4, 0.7, 10, 30), (0.0, 1.2, 20, 52)):
        rng = np.random.default_rng(event)
        after = np.arange(n) >= event
        both = shared * after + np.cumsum(rng.normal(scale=0.1, size=n))
        own = pd.DataFrame(rng.normal(scale=0.2, size=(n, 2)))
        own = (own - own.groupby(after).transform("mean")).to_numpy()  # nobody wanders far enough to move a mean
        his, hers = both + effect * after + own[:, 0], 10 + both + own[:, 1]
        cases[f"an effect of {effect:+g} semitones on him and a jump of {shared:+g} that both have"] = (
            (his, hers, event),
            effect,
        )
    return cases


def _checked_by_hand() -> dict:
    """An outcome, a measured predictor, and its right value in a fifth of 200 rows, whose slopes are known exactly.

    A right value is `worth` times the measured one, plus a rest that the measured one knows nothing of. The rows come
    in five parts, in each of which that rest, and whatever else moves the outcome, is unrelated to the measured value.
    """
    cases = {}
    for slope, worth in ((1.5, 0.5), (-2.0, 1.6)):
        rng = np.random.default_rng(round(10 * worth))
        measured = rng.normal(size=40)
        rest, *noise = (_residuals_on(rng.normal(size=40), measured) for _ in range(6))
        right = worth * measured + 0.8 * rest
        noise[0] = 0.7 * rest  # where rows were checked, the outcome happens to follow what is not measured, too
        order = rng.permutation(200)
        outcome = np.concatenate([slope * right + part for part in noise])[order]
        checked = np.concatenate([right, np.full(160, np.nan)])[order]
        words = f"a slope of {slope:+g} and a right value that moves {worth:g} for each measured 1"
        cases[words] = (outcome, np.tile(measured, 5)[order], checked), slope
    return cases


def _residuals_on(values: np.ndarray, to: np.ndarray) -> np.ndarray:
    """What is left of some values once their mean and whatever goes with others is taken out, standard deviation 1."""
    line = np.column_stack([np.ones(len(to)), to])
    left = values - line @ np.linalg.lstsq(line, values, rcond=None)[0]
    return left / left.std()


def _right_on_measured(measured, checked) -> float:
    """How far the right value moves for each measured 1, in the rows that were checked."""
    looked = np.isfinite(checked)
    return _slope(measured[looked], checked[looked])


def _measured_on_right(measured, checked) -> float:
    """How far the measured value moves for each right 1, in the rows that were checked."""
    looked = np.isfinite(checked)
    return _slope(checked[looked], measured[looked])


def _slope_in_checked_rows(outcome, measured, checked) -> float:
    """The slope of the outcome on the right value, from nothing but the rows that were checked."""
    looked = np.isfinite(checked)
    return _slope(checked[looked], outcome[looked])


def _corrected_over_all_rows(outcome, measured, checked) -> float:
    """The right correction, with the rows left in that nobody checked."""
    return _slope(measured, outcome) / (np.cov(measured, checked)[0, 1] / np.var(measured))


def _predicted_where_unchecked(outcome, measured, checked) -> float:
    """The slope on right values where there are any, and on predicted ones elsewhere."""
    looked = np.isfinite(checked)
    predicted = np.polyval(np.polyfit(measured[looked], checked[looked], 1), measured)
    return _slope(np.where(looked, checked, predicted), outcome)


EXERCISES = {
    "04.1": Exercise(
        right=1 - 0.95**20,
        tolerance=0.003,
        praise="About two in three such papers have a finding to report, and nothing is there.",
        otherwise="one test finds nothing with probability 0.95. How probable is it that all 20 find nothing?",
        mistakes={
            "that is the chance in one test. There are 20 of them, and one is enough.": 0.05,
            "that is how many findings to expect, 20 times 0.05. A probability of 1 would be certainty.": 1.0,
            "that is the chance that none is significant. Asked is that at least one is.": 0.95**20,
            "that is the chance that all 20 are significant at once. One is enough.": 0.05**20,
            "that is in percent. A probability lies between 0 and 1.": 100 * (1 - 0.95**20),
        },
    ),
    "04.2": Exercise(
        cases=_persistent_series,
        tolerance=0.03,
        praise="4000 values that each keep 0.9 of the one before are worth about 210 for their mean.",
        otherwise="correlate x[:-1] with x[1:], and put that rho in the formula.",
        mistakes={
            "that is the number of values itself; neighbours repeat each other.": len,
            "take the mean off before you multiply neighbours, or use np.corrcoef.": (
                lambda x: _effective_n(len(x), np.sum(x[:-1] * x[1:]) / np.sum(x**2))
            ),
            "that is more than there are: (1 - rho) belongs above the line.": lambda x: _effective_n(
                len(x), -_lag_1_correlation(x)
            ),
            "divide by (1 + rho) as well.": lambda x: len(x) * (1 - _lag_1_correlation(x)),
            "that is the share that counts; multiply by the number of values.": lambda x: _effective_n(
                1, _lag_1_correlation(x)
            ),
            "rho squared is for the slope between two such series; a mean takes rho.": (
                lambda x: _effective_n(len(x), _lag_1_correlation(x) ** 2)
            ),
            "that is rho itself. The formula says what it leaves of the values.": _lag_1_correlation,
            "np.corrcoef gives a table of two by two; rho stands in its corner, [0, 1].": (
                lambda x: _effective_n(len(x), np.corrcoef(x[:-1], x[1:]))
            ),
        },
    ),
    "04.3": Exercise(
        cases=_rated_turns,
        praise="Each speaker is compared with nobody but herself, so it does not matter who has which voice.",
        otherwise="take each speaker's own mean off semitones and rating, or give each speaker a dummy, then regress.",
        mistakes={
            "all turns are pooled, so whose voice is deep has a say. Compare each speaker with herself.": (
                lambda turns: _slope(turns["semitones"], turns["rating"])
            ),
            "those are the speakers' means, one dot a person. Asked is what happens within a person.": (
                lambda turns: _slope(*turns.groupby("speaker")[["semitones", "rating"]].mean().to_numpy().T)
            ),
            "the ratings are free of each speaker's mean, and the semitones are not yet.": (
                lambda turns: _slope(turns["semitones"], _centred(turns, "rating")["rating"])
            ),
            "after dividing by standard deviations it is no longer points a semitone. Only means go.": (
                _standardised_within
            ),
            "that is the level of the first speaker, a dummy's coefficient. Take the one of semitones.": _first_dummy,
            "that is semitones a point. The rating is the outcome.": (
                lambda turns: _slope(*_centred(turns, "semitones", "rating")[["rating", "semitones"]].to_numpy().T)
            ),
        },
    ),
    "04.4": Exercise(
        cases=_two_hosts,
        praise="What both share is gone, whatever it was, and only what is his remains.",
        otherwise="take four means: his and hers, before and after. How much more did he change than she?",
        mistakes={
            "that is his change alone. A part of it she had too, so it was not the event's effect on him.": (
                lambda his, hers, event: his[event:].mean() - his[:event].mean()
            ),
            "that is how far apart they are afterwards. They were apart before.": (
                lambda his, hers, event: his[event:].mean() - hers[event:].mean()
            ),
            "the size is right and the sign is not: his change less hers.": (
                lambda his, hers, event: (
                    (hers[event:].mean() - hers[:event].mean()) - (his[event:].mean() - his[:event].mean())
                )
            ),
            "the first week of the event went to the side before: counted from 0, it is number `event`.": (
                lambda his, hers, event: (his - hers)[event + 1 :].mean() - (his - hers)[: event + 1].mean()
            ),
            "two weeks alone wander too much. Take the mean of all weeks on a side.": (
                lambda his, hers, event: (his - hers)[event] - (his - hers)[event - 1]
            ),
            "those are sums, which grow with the number of weeks. Take means.": (
                lambda his, hers, event: (his - hers)[event:].sum() - (his - hers)[:event].sum()
            ),
            "his change and hers are added. What she has too should go.": (
                lambda his, hers, event: (his + hers)[event:].mean() - (his + hers)[:event].mean()
            ),
        },
    ),
    "04.5": Exercise(
        cases=_checked_by_hand,
        praise="A fifth that was checked says what a measured unit is worth, and all rows say the rest.",
        otherwise="two slopes are needed, both on the measured value: of the outcome, and of the right value.",
        mistakes={
            "that is the naive slope, with the errors in it. What do the checked rows say about them?": (
                lambda outcome, measured, checked: _slope(measured, outcome)
            ),
            "that uses the checked rows alone, and throws four fifths of the outcome away.": _slope_in_checked_rows,
            "the second slope goes the wrong way round: how does the right value follow the measured one?": (
                lambda outcome, measured, checked: _slope(measured, outcome) / _measured_on_right(measured, checked)
            ),
            "you multiply where you should divide: a measured unit that is worth half makes the slope half, too.": (
                lambda outcome, measured, checked: _slope(measured, outcome) * _right_on_measured(measured, checked)
            ),
            "right values stand beside measured ones in one column; four fifths have their errors still.": (
                lambda outcome, measured, checked: _slope(np.where(np.isfinite(checked), checked, measured), outcome)
            ),
            "where nobody looked, `checked` is NaN, and one NaN makes the whole slope NaN.": _corrected_over_all_rows,
            "give the checked rows their predicted value as well: right and predicted ones do not mix.": (
                _predicted_where_unchecked
            ),
        },
    ),
}
