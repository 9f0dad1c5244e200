"""The simulations keep their word: what is committed is what the code gives, and a small run says the same."""

import sys

import numpy as np
import pandas as pd
import pytest

from tutorial_helpers.places import ROOT, bundled
from tutorial_helpers.statistics.measurement import simulated

sys.path.insert(0, str(bundled("simulations")))
import simulate


def test_every_recommended_interval_of_the_committed_table_covers_between_92_and_98_percent():
    table = simulated("coverage")
    recommended = table[table["recommended"]]
    assert (table["corpora"] >= 200).all() and len(recommended) == len(simulate.RECOMMENDED)
    assert recommended["coverage"].between(0.92, 0.98).all()


def test_for_each_question_the_usual_interval_of_the_committed_table_fails():
    table = simulated("coverage")
    assert set(table["question"]) == {question for question, _ in simulate.RECOMMENDED}
    for question, rows in table.groupby("question"):
        first = rows.iloc[0]  # the usual method comes first
        assert not first["recommended"] and first["coverage"] < 0.85, question


def test_a_small_run_agrees_with_the_committed_table():
    """40 corpora: their own chance is 3 to 8 points, so that 20 points from the table would be a change of the code."""
    small = simulate.coverage(40, workers=1).set_index(["question", "method"])
    table = simulated("coverage").set_index(["question", "method"])
    assert small.index.equals(table.index)
    assert (small["coverage"] - table["coverage"]).abs().max() < 0.2
    recommended = small[small["recommended"]]["coverage"]
    assert recommended.min() > 0.86 and recommended.mean() == pytest.approx(0.95, abs=0.025)


def test_the_first_corpora_are_the_same_every_time():
    pd.testing.assert_frame_equal(simulate.covers(3), simulate.covers(3))
    assert not np.allclose(simulate.covers(3)["miss"], simulate.covers(4)["miss"])


def test_what_is_planted_is_drawn_anew_for_each_corpus():
    first, second = (simulate.plant(np.random.default_rng([simulate.SEED, number])) for number in (0, 1))
    assert first.keys() == second.keys() and all(first[name] != second[name] for name in first)


def test_without_errors_the_tables_follow_from_what_is_planted():
    rng = np.random.default_rng(1)
    planted = simulate.plant(rng) | {"wander": 1e-9, "jump": 1.2, "chain": 0.5, "trend": 0.02, "reliability": 1.0}
    episodes = simulate.draw_episodes(planted, rng)
    assert np.allclose(episodes["alone"].diff().dropna().drop(26), 0.02)
    assert episodes["alone"].diff()[26] == pytest.approx(1.2 + 0.02)
    assert np.allclose((episodes["host"] - episodes["cohost"]).groupby(np.arange(52) // 26).mean().diff().iloc[1], 1.2)
    measured = simulate.draw_measured(planted | {"missed": 0.0, "invented": 0.0, "music": 0.0}, rng)
    assert np.allclose(measured["first"], measured["second"])
    looked = measured.dropna()
    assert len(looked) == 40 and np.allclose(looked["first"], looked["pitch_checked"])
    assert (looked["heard"] == looked["word_checked"]).all() and np.allclose(looked["detected"], looked["talk_checked"])


def test_no_estimating_function_takes_what_was_planted():
    for name in ("estimate_windows", "estimate_episodes", "estimate_speakers", "estimate_measured"):
        code = getattr(simulate, name).__code__
        assert "planted" not in code.co_varnames + code.co_names + code.co_freevars, name


def test_a_small_ladder_agrees_with_the_committed_one():
    found = simulate.false_positives((600, 0.95, 60, 0)).set_index("method")
    table = simulated("ladder").query("n == 600 and rho == 0.95").set_index("method")
    assert found.index.equals(table.index)
    share = found["found"] / found["trials"]
    assert (share - table["share"]).abs().max() < 0.2
    assert share["OLS"] > 0.45 and share["GLS by REML"] < 0.15


def test_the_committed_ladder_and_series_say_what_the_lesson_says():
    worst = simulated("ladder").query("n == 600 and rho == 0.95").set_index("method")["share"]
    assert worst["OLS"] > 0.6 > worst["HAC, rule-of-thumb lag"] > worst["HAC, 20 lags"] > worst["blocks as clusters"]
    assert (
        worst[["GLSAR", "GLS by REML", "differences", "lagged outcome", "circular shift"]].between(0.035, 0.065).all()
    )
    series = simulated("series").query("n >= 52").pivot(index=["n", "rho"], columns="method", values="coverage")
    assert series["interrupted, GLS"].between(0.92, 0.98).all()
    assert (series["interrupted, GLS"] >= series["interrupted, GLSAR"]).all()


def test_the_readme_states_the_coverage_of_the_committed_table():
    table = simulated("coverage")
    usual = table[~table["recommended"]].drop_duplicates("question")["coverage"]
    recommended = table[table["recommended"]]["coverage"]
    readme = " ".join((ROOT / "README.md").read_text().split())
    assert f"{recommended.min():.0%}"[:-1] + f" to {recommended.max():.0%}"[:-1] + " % for the recommended" in readme
    assert f"{usual.min():.0%}"[:-1] + f" to {usual.max():.0%}"[:-1] + " % for the usual" in readme
    assert f"{table['corpora'].iloc[0]:,} corpora" in readme


def test_the_lesson_states_the_size_of_the_committed_table():
    table = simulated("coverage")
    lesson = " ".join((ROOT / "notebooks" / "source" / "04_statistics.py").read_text().replace("# ", "").split())
    assert f"All {len(table)} rows are in `simulations/coverage.csv`" in lesson
    assert f"on {table['corpora'].iloc[0]} simulated corpora" in lesson
    assert f"ran {simulated('ladder')['trials'].iloc[0]} for each of four memories" in lesson


def test_the_guide_and_the_quiz_state_the_tables_numbers():
    guide = " ".join((ROOT / "site" / "workshop.md").read_text().split())
    held = simulated("coverage").query("question == 'a feature without effect'").set_index("method")["coverage"]
    assert f"held the truth in {held['OLS']:.0%} of corpora".replace("%", " %") in guide
    assert f"not quite: {held['HAC, rule-of-thumb lag']:.0%} in the same table".replace("%", " %") in guide
    lesson = (ROOT / "notebooks" / "source" / "04_statistics.py").read_text()
    quiz = " ".join(lesson.partition("# ## Quiz")[2].replace("\n# ", " ").split())
    found = simulated("ladder").query("n == 600 and rho == 0.95").set_index("method")["share"]
    assert f"20 lags still found something in {found['HAC, 20 lags']:.0%} of trials" in quiz
    assert f"{found['HAC, rule-of-thumb lag']:.0%} of the trials found something" in quiz
