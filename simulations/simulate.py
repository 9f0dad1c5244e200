"""Is 95 % really 95 %? Corpora with planted values drawn anew, analysed in the naive and in the recommended way.

`make simulate` writes the tables beside this file, in about five minutes on two cores. Nothing here is sound: a corpus
is the tables that lesson 04 makes of sound, drawn from an equation. The functions that estimate get the tables and
never what was planted; the two meet in `covers`.

ladder.csv    how often each method of the ladder finds an effect that is not there, by the errors' memory
series.csv    how often 95 % intervals for a jump hold it, by the number of episodes and the errors' memory
coverage.csv  the same for every question of lesson 04, over corpora whose planted values are drawn anew
"""

from __future__ import annotations

import argparse
import warnings
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path

import numpy as np
import pandas as pd
import statsmodels.api as sm
from statsmodels.tools.sm_exceptions import ConvergenceWarning

from tutorial_helpers.places import bundled
from tutorial_helpers.statistics import across, measurement, within
from tutorial_helpers.statistics.within import ar1

SEED = 20221106
RECOMMENDED = {
    ("a feature within a recording", "GLS by REML"),
    ("a feature without effect", "GLS by REML"),
    ("a jump at an event", "interrupted, GLS"),
    ("an effect on one of two hosts", "against the co-host, GLS"),
    ("speakers of two channels", "a mean a speaker, t"),
    ("within speakers", "speaker fixed effects"),
    ("pitch with errors", "measured twice, SIMEX"),
    ("pitch with errors", "a fifth checked"),
    ("a word misheard", "a fifth checked"),
    ("music taken for talk", "a fifth checked"),
}


# what is planted, and the tables that follow from it


def plant(rng: np.random.Generator) -> dict[str, float]:
    """The values behind one corpus: every one is drawn anew."""
    ranges = {
        "pitch": (-2, 2),  # points a semitone of the host's voice
        "memory": (0.2, 0.8),  # what the error of the listeners' reaction keeps of the one before
        "jump": (-1.5, 1.5),  # semitones at the event, the host's alone
        "chain": (-1, 1),  # semitones at the event, in whatever is recorded
        "trend": (-0.03, 0.03),  # semitones a week, both hosts'
        "wander": (0.15, 0.4),  # standard deviation of an episode about that
        "wander_memory": (0, 0.7),
        "channel": (-3, 3),  # semitones between speakers of two channels
        "between": (1, 3),  # standard deviation of speakers
        "within": (-1, 1),  # points a semitone within a speaker
        "measured": (-1, 1),  # points a unit of what is measured with error
        "reliability": (0.65, 0.9),  # the share of the variance that is no error
        "missed": (0.1, 0.4),  # the share of turns with the word in which the recogniser leaves it out
        "invented": (0.02, 0.15),  # the share of turns without it in which the recogniser hears it
        "music": (0.1, 0.4),  # the share of windows in which the detector takes music for talk
    }
    return {name: rng.uniform(*bounds) for name, bounds in ranges.items()}


def draw_windows(planted: dict[str, float], rng: np.random.Generator) -> pd.DataFrame:
    """118 windows of 5 s: pitch that a turn holds for some windows, a studio that gets damper, and a reaction."""
    n = 118
    turn = np.cumsum(rng.random(n) < 0.3)
    pitch = rng.normal(size=n)[turn] + rng.normal(scale=0.3, size=n)
    error = ar1(rng, n, planted["memory"], sd=2.0)
    return pd.DataFrame(
        {"pitch": pitch, "humidity": ar1(rng, n, 0.95), "reaction": 50 + planted["pitch"] * pitch + error}
    )


def draw_episodes(planted: dict[str, float], rng: np.random.Generator, n: int = 52) -> pd.DataFrame:
    """A year of episodes: `alone` (a host whose recordings do not change), `host` and `cohost` (whose do)."""
    week = np.arange(n)
    after = (week >= n // 2).astype(float)
    table = pd.DataFrame(
        {name: ar1(rng, n, planted["wander_memory"], planted["wander"]) for name in ("alone", "host", "cohost")}
    ).add(planted["trend"] * week, axis=0)
    table[["alone", "host"]] = table[["alone", "host"]].add(planted["jump"] * after, axis=0)
    table[["host", "cohost"]] = table[["host", "cohost"]].add(planted["chain"] * after, axis=0)
    return table


def draw_speakers(planted: dict[str, float], rng: np.random.Generator) -> pd.DataFrame:
    """Eight speakers, four a channel, with five to fifteen turns each: pitch, and a rating of each turn."""
    turns = rng.integers(5, 16, size=8)
    speaker = np.repeat(np.arange(8), turns)
    channel = (speaker >= 4).astype(float)
    own = rng.normal(scale=planted["between"], size=8)
    moved = rng.normal(size=len(speaker))
    pitch = planted["channel"] * channel + own[speaker] + moved
    # deeper voices start from higher ratings, whatever they do within a turn
    rating = 50 - 2.0 * own[speaker] + planted["within"] * moved + rng.normal(scale=0.7, size=len(speaker))
    return pd.DataFrame({"speaker": speaker, "channel": channel, "pitch": pitch, "rating": rating})


def draw_measured(planted: dict[str, float], rng: np.random.Generator, n: int = 200) -> pd.DataFrame:
    """200 turns: pitch measured twice, a word, the share of talk, each with errors and an outcome; a fifth checked."""
    pitch = rng.normal(size=n)
    error = np.sqrt(1 / planted["reliability"] - 1)
    takes = pitch[:, None] + np.sqrt(2) * error * rng.normal(size=(n, 2))
    word = (rng.random(n) < 0.4).astype(float)
    heard = np.where(word == 1, rng.random(n) >= planted["missed"], rng.random(n) < planted["invented"]).astype(float)
    talk = rng.random(n)
    detected = talk + (1 - talk) * rng.random(n) * (rng.random(n) < planted["music"])
    checked = np.arange(n) < n // 5  # rows have no order, so the first fifth is as random as any
    return pd.DataFrame(
        {
            "first": takes[:, 0],
            "second": takes[:, 1],
            "pitch_checked": np.where(checked, pitch, np.nan),
            "heard": heard,
            "word_checked": np.where(checked, word, np.nan),
            "detected": detected,
            "talk_checked": np.where(checked, talk, np.nan),
            "by_pitch": planted["measured"] * pitch + rng.normal(size=n),
            "by_word": planted["measured"] * word + rng.normal(scale=0.5, size=n),
            "by_talk": planted["measured"] * talk + rng.normal(scale=0.2, size=n),
        }
    )


# what each method says: (question, method): (estimate, low, high)


def interval(table: pd.DataFrame, term: str) -> tuple[float, float, float]:
    """Estimate and 95 % interval of one term."""
    return tuple(table.loc[term, ["estimate", "low", "high"]])


def estimate_windows(windows: pd.DataFrame) -> dict:
    X = sm.add_constant(windows[["pitch", "humidity"]])
    y = windows["reaction"]
    blocks = np.arange(len(windows)) // 10
    ols = sm.OLS(y, X)
    before = X.shift(1).drop(columns="const").add_suffix("_before").assign(y_before=y.shift(1))
    lagged = X.join(before).dropna()
    fits = {
        "OLS": ols.fit(),
        "HAC, rule-of-thumb lag": ols.fit(cov_type="HAC", cov_kwds={"maxlags": 4}, use_t=True),
        "HAC, 20 lags": ols.fit(cov_type="HAC", cov_kwds={"maxlags": 20}, use_t=True),
        "blocks as clusters": ols.fit(cov_type="cluster", cov_kwds={"groups": blocks}, use_t=True),
        "GLSAR": sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10),
        "differences": sm.OLS(y.diff().dropna(), X.diff().dropna().assign(const=1.0)).fit(),
        "lagged outcome": sm.OLS(y[lagged.index], lagged).fit(),
    }
    tables = {name: within.terms(fit) for name, fit in fits.items()} | {"GLS by REML": within.gls_ar1(y, X)[0]}
    questions = {"a feature within a recording": "pitch", "a feature without effect": "humidity"}
    return {
        (question, method): interval(table, term)
        for question, term in questions.items()
        for method, table in tables.items()
    }


def estimate_episodes(episodes: pd.DataFrame) -> dict:
    event = len(episodes) // 2
    X = across.event_terms(len(episodes), event)
    tables = {
        ("a jump at an event", name): table for name, table in across.event_fits(episodes["alone"], event).items()
    }
    question = "an effect on one of two hosts"
    difference = episodes["host"] - episodes["cohost"]
    tables[question, "the host alone, interrupted, GLS"] = within.gls_ar1(episodes["host"], X)[0]
    tables[question, "against the co-host, OLS"] = within.terms(sm.OLS(difference, X[["const", "after"]]).fit())
    tables[question, "against the co-host, GLS"] = within.gls_ar1(difference, X[["const", "after"]])[0]
    return {name: interval(table, "after") for name, table in tables.items()}


def estimate_speakers(turns: pd.DataFrame) -> dict:
    X = sm.add_constant(turns["channel"])
    ols = sm.OLS(turns["pitch"], X)
    clusters = {"cov_type": "cluster", "cov_kwds": {"groups": turns["speaker"].to_numpy()}}
    means = turns.groupby("speaker")[["channel", "pitch"]].mean()
    fits = {
        "all turns, OLS": ols.fit(),
        "clusters, normal": ols.fit(**clusters),
        "mixed model, normal": sm.MixedLM(turns["pitch"], X, groups=turns["speaker"]).fit(),
        "a mean a speaker, t": sm.OLS(means["pitch"], sm.add_constant(means["channel"])).fit(),
    }
    question = "speakers of two channels"
    found = {(question, name): interval(within.terms(fit), "channel") for name, fit in fits.items()}
    dummies = pd.get_dummies(turns["speaker"], dtype=float).add_prefix("speaker_")
    fits = {
        "all turns, OLS": sm.OLS(turns["rating"], sm.add_constant(turns["pitch"])).fit(),
        "speaker fixed effects": sm.OLS(turns["rating"], dummies.assign(pitch=turns["pitch"])).fit(),
    }
    return found | {("within speakers", name): interval(within.terms(fit), "pitch") for name, fit in fits.items()}


def estimate_measured(turns: pd.DataFrame, rng: np.random.Generator) -> dict:
    takes = turns[["first", "second"]].to_numpy()
    found = {}
    for question, outcome, measured, checked in (
        ("pitch with errors", "by_pitch", takes.mean(axis=1), "pitch_checked"),
        ("a word misheard", "by_word", turns["heard"].to_numpy(), "word_checked"),
        ("music taken for talk", "by_talk", turns["detected"].to_numpy(), "talk_checked"),
    ):
        y = turns[outcome].to_numpy()
        naive = within.terms(sm.OLS(y, pd.DataFrame({"const": 1.0, "x": measured})).fit())
        found[question, "as measured, OLS"] = interval(naive, "x")
        fixed = measurement.calibrate(y, measured, turns[checked].to_numpy())
        found[question, "a fifth checked"] = tuple(fixed[["estimate", "low", "high"]])
    fixed = measurement.simex(turns["by_pitch"].to_numpy(), takes, rng)
    return found | {("pitch with errors", "measured twice, SIMEX"): tuple(fixed[["estimate", "low", "high"]])}


TRUTH = {
    "a feature within a recording": "pitch",
    "a jump at an event": "jump",
    "an effect on one of two hosts": "jump",
    "speakers of two channels": "channel",
    "within speakers": "within",
    "pitch with errors": "measured",
    "a word misheard": "measured",
    "music taken for talk": "measured",
}


def covers(number: int) -> pd.DataFrame:
    """One corpus, drawn and analysed: a row a question and method."""
    # MixedLM warns where the speakers' variance is near 0, as it is by chance in some corpora; they count like others
    warnings.filterwarnings("ignore", category=ConvergenceWarning)
    rng = np.random.default_rng([SEED, number])
    planted = plant(rng)
    found = estimate_windows(draw_windows(planted, rng))
    found |= estimate_episodes(draw_episodes(planted, rng))
    found |= estimate_speakers(draw_speakers(planted, rng))
    found |= estimate_measured(draw_measured(planted, rng), rng)
    rows = []
    for (question, method), (estimate, low, high) in found.items():
        truth = planted[TRUTH[question]] if question in TRUTH else 0.0
        rows.append((question, method, estimate - truth, high - low, low <= truth <= high))
    return pd.DataFrame(rows, columns=["question", "method", "miss", "width", "inside"])


def coverage(corpora: int, workers: int) -> pd.DataFrame:
    """Over many corpora: how often each interval holds what was planted, how far estimates lie off, how wide it is."""
    results = pd.concat(spread_out(covers, range(corpora), workers))
    grouped = results.groupby(["question", "method"], sort=False)
    table = pd.DataFrame(
        {
            "recommended": [name in RECOMMENDED for name in grouped.size().index],
            "coverage": grouped["inside"].mean().round(3),
            "bias": grouped["miss"].mean().round(3),
            "rmse": grouped["miss"].apply(lambda miss: np.sqrt(np.mean(miss**2))).round(3),
            "width": grouped["width"].median().round(3),
            "corpora": grouped.size(),
        }
    )
    return table.reset_index()


def false_positives(case: tuple[int, float, int, int]) -> pd.DataFrame:
    """How often each method finds an effect between two series that have nothing to do with each other."""
    n, rho, trials, number = case
    rng = np.random.default_rng([SEED, n, round(100 * rho), number])
    p = pd.DataFrame([within.p_values_by_method(ar1(rng, n, rho), ar1(rng, n, rho)) for _ in range(trials)])
    found = (p < 0.05).sum().rename("found").rename_axis("method").reset_index()
    return found.assign(n=n, rho=rho, trials=trials)


def ladder(trials: int, workers: int) -> pd.DataFrame:
    cases = [(n, rho, trials // 4, i) for n, rho in LADDER for i in range(4)]
    table = pd.concat(spread_out(false_positives, cases, workers))
    table = table.groupby(["n", "rho", "method"], sort=False)[["found", "trials"]].sum().reset_index()
    return table.assign(share=(table["found"] / table["trials"]).round(3)).drop(columns="found")


LADDER = [(120, 0.0), (120, 0.5), (120, 0.8), (120, 0.95), (600, 0.0), (600, 0.5), (600, 0.8), (600, 0.95)]
SERIES = [(n, rho) for n in (26, 52, 120) for rho in (0.0, 0.3, 0.5, 0.7)]


def jumps(case: tuple[int, float, int]) -> pd.DataFrame:
    """How often intervals for a jump in a series with a trend hold the jump, which is drawn anew each time."""
    n, rho, trials = case
    rng = np.random.default_rng([SEED, n, round(100 * rho)])
    rows = []
    for _ in range(trials):
        jump = rng.uniform(-1.5, 1.5)
        y = jump * (np.arange(n) >= n // 2) + 0.02 * np.arange(n) + ar1(rng, n, rho)
        for method, table in across.event_fits(y, n // 2).items():
            _, low, high = interval(table, "after")
            rows.append((method, low <= jump <= high))
    share = pd.DataFrame(rows, columns=["method", "coverage"]).groupby("method", sort=False)["coverage"].mean()
    return share.round(3).reset_index().assign(n=n, rho=rho, trials=trials)


def series(trials: int, workers: int) -> pd.DataFrame:
    table = pd.concat(spread_out(jumps, [(n, rho, trials) for n, rho in SERIES], workers))
    return table[["n", "rho", "method", "coverage", "trials"]]


def spread_out(function, cases, workers: int) -> list:
    """function(case) for each case, in order, on so many processes."""
    if workers == 1:
        return [function(case) for case in cases]
    with ProcessPoolExecutor(workers) as pool:
        return list(pool.map(function, cases, chunksize=4))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--corpora", type=int, default=2000)
    parser.add_argument("--trials", type=int, default=4000)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=bundled("simulations"))
    given = parser.parse_args()
    given.out.mkdir(parents=True, exist_ok=True)
    tables = {
        "coverage": coverage(given.corpora, given.workers),
        "ladder": ladder(given.trials, given.workers),
        "series": series(given.trials // 2, given.workers),
    }
    for name, table in tables.items():
        table.to_csv(given.out / f"{name}.csv", index=False)
        print(table.to_string(index=False))


if __name__ == "__main__":
    main()
