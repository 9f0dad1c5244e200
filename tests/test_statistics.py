"""Statistics from known answers, two roads to one value, and what a person can get wrong."""

import math
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.outliers_influence import variance_inflation_factor

from tutorial_helpers import corpora, data_prep, exercises, features, statistics
from tutorial_helpers.errors import TutorialError

SR = data_prep.SR


def rng(seed=1):
    return np.random.default_rng(seed)


def recordings(**columns):
    """A recordings table as corpora makes it, all speech."""
    n = len(next(iter(columns.values())))
    rows = {f"r{i:02d}": {"path": f"r{i:02d}.wav", "kind": "speech"} for i in range(n)}
    table = corpora._table(rows)
    for name, values in columns.items():
        table[name] = pd.Series(values, index=table.index).astype(table[name].dtype)
    return table


@pytest.fixture(scope="session")
def voices(tmp_path_factory):
    """A folder with a voice of known pitch in each file: voices({name: Hz}, seconds) gives its corpus."""

    def make(pitches, seconds=2.0):
        folder = tmp_path_factory.mktemp("voices")
        for name, f0 in pitches.items():
            path = folder / f"{name}.wav"
            path.parent.mkdir(exist_ok=True)
            y = 0.2 * rng().standard_normal(round(seconds * SR)) if f0 is None else voice(f0, seconds)
            soundfile.write(path, y, SR)
        return corpora.load(folder)

    return make


def voice(f0, seconds):
    return features.harmonic_voice(f0, seconds=seconds, syllables=4.0)


def spoken(table, *, onset=0.0, seconds=600.0):
    """Recordings as corpora.spoken gives them: each a stretch of speech."""
    return table.assign(onset=onset, seconds=seconds)


# windows


def frames(n=200, **columns):
    table = pd.DataFrame({"time": np.arange(n) * 0.01, "level": -20.0, "f0": 100.0, "semitones": 0.0, "voiced": True})
    return table.assign(**columns)


def test_a_window_of_half_a_second_holds_fifty_frames_and_windows_follow_each_other():
    table = statistics.windows(frames(zcr=np.arange(200.0)), seconds=0.5)
    assert table["time"].tolist() == [0.0, 0.5, 1.0, 1.5]
    assert table["zcr"].tolist() == [24.5, 74.5, 124.5, 174.5]


@pytest.mark.parametrize("seconds", [0.1, 0.3, 0.5, 0.7])
def test_every_window_holds_the_same_number_of_frames(seconds):
    table = statistics.windows(frames(2000, zcr=np.arange(2000.0)), seconds)
    assert np.allclose(np.diff(table["zcr"]), seconds / 0.01)
    assert len(table) == int(20 / seconds + 1e-9)


def test_a_last_window_that_is_not_full_is_left_out():
    assert len(statistics.windows(frames(199), seconds=0.5)) == 3


def test_level_in_a_window_is_the_level_of_the_mean_power_not_the_mean_of_decibels():
    table = statistics.windows(frames(50, level=np.where(np.arange(50) < 25, 0.0, -100.0)), seconds=0.5)
    assert table["level"].item() == pytest.approx(10 * math.log10(0.5), abs=1e-6)


def test_pitch_of_a_window_comes_from_its_voiced_frames_and_is_missing_without():
    voiced = np.arange(100) < 10
    table = statistics.windows(frames(100, voiced=voiced, semitones=np.where(voiced, 3.0, np.nan)), seconds=0.5)
    assert table["semitones"].iloc[0] == 3.0 and np.isnan(table["semitones"].iloc[1])
    assert table["voiced"].tolist() == [0.2, 0.0]


def test_a_recording_shorter_than_a_window_is_refused_with_the_length():
    with pytest.raises(TutorialError, match="0.5 s"):
        statistics.windows(frames(20), seconds=0.5)


def test_windows_of_a_real_frame_table_keep_pitch_and_level():
    table = statistics.windows(features.frame_table(voice(150.0, 2.0)), seconds=0.5)
    assert np.allclose(table["f0"], 150.0, rtol=0.01)
    assert np.ptp(table["level"]) < 0.5


# an excerpt that is long enough


def test_an_excerpt_that_is_long_enough_comes_back_untouched(voices):
    corpus = voices({"a": 120.0})
    y = np.ones(31 * SR, np.float32)
    assert statistics.long_enough(y, corpora.pick(corpus), corpus.recordings) is y


def test_a_short_excerpt_is_joined_with_others_up_to_the_length_asked_for(voices):
    corpus = voices({"a": 120.0, "b": 150.0, "c": 200.0})
    episode = corpora.pick(corpus)
    y = data_prep.read(episode.path)
    joined = statistics.long_enough(y, episode, corpus.recordings, seconds=5.0)
    assert len(joined) == 5 * SR
    assert np.array_equal(joined[: len(y)], y) and not np.array_equal(joined[len(y) : 2 * len(y)], y)


def test_only_speech_of_the_same_speaker_is_joined_where_speakers_are_known(voices):
    corpus = voices({"a": 120.0, "b": 150.0, "c": 200.0, "d": 250.0})
    table = corpus.recordings.assign(speaker=["Ann", "Bo", "Ann", "Ann"], kind=["speech", "speech", "sound", "speech"])
    joined = statistics.long_enough(voice(120.0, 2.0), table.iloc[0], table, seconds=4.0)
    assert features.pitch(joined[2 * SR :])["f0"].median() == pytest.approx(250.0, abs=1)


def test_a_corpus_that_is_too_short_altogether_is_refused_with_what_there_is(voices):
    corpus = voices({"a": 120.0, "b": 150.0})
    episode = corpora.pick(corpus)
    with pytest.raises(TutorialError, match="a and what could be joined to it hold 4.0 s"):
        statistics.long_enough(data_prep.read(episode.path), episode, corpus.recordings, seconds=5.0)


# series with memory


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.8, 0.95])
def test_ar1_has_the_lag_1_autocorrelation_and_the_variance_it_is_asked_for(rho):
    x = statistics.ar1(rng(), 200_000, rho, sd=3.0)
    assert np.corrcoef(x[:-1], x[1:])[0, 1] == pytest.approx(rho, abs=0.01)
    assert x.std() == pytest.approx(3.0, rel=0.04)


def test_ar1_has_its_variance_from_the_first_value_on():
    generator = rng()
    starts = np.array([statistics.ar1(generator, 3, 0.95, sd=2.0) for _ in range(4000)])
    assert starts.std(axis=0) == pytest.approx([2.0, 2.0, 2.0], rel=0.05)
    assert np.corrcoef(starts[:, 0], starts[:, 2])[0, 1] == pytest.approx(0.95**2, abs=0.02)


def test_ar1_is_the_same_for_the_same_seed():
    assert np.array_equal(statistics.ar1(rng(3), 50, 0.5), statistics.ar1(rng(3), 50, 0.5))


@pytest.mark.parametrize("rho", [1.0, -1.0, 1.5])
def test_ar1_refuses_a_series_that_never_settles(rho):
    with pytest.raises(TutorialError, match=f"rho is {rho:g}"):
        statistics.ar1(rng(), 10, rho)


def test_planted_coefficients_lie_inside_the_intervals_of_every_method_at_the_promised_rate():
    generator, inside = rng(), []
    for _ in range(120):
        X = sm.add_constant(pd.DataFrame({"pitch": generator.normal(size=200), "level": generator.normal(size=200)}))
        y = 5 + 1.5 * X["pitch"] + 0.8 * X["level"] + statistics.ar1(generator, 200, 0.8)
        fits = {"OLS": sm.OLS(y, X).fit(), "GLSAR": sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10)}
        inside.append(statistics.beside({"pitch": 1.5, "level": 0.8}, fits)["inside"])
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_beside_puts_planted_estimate_and_interval_of_each_term_and_method_in_a_row():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=100)}))
    fit = sm.OLS(2 * X["pitch"] + rng(2).normal(size=100), X).fit()
    table = statistics.beside({"pitch": 2.0, "const": 99.0}, {"OLS": fit})
    assert table["term"].tolist() == ["pitch", "const"]
    assert table["inside"].tolist() == [True, False]
    assert table.loc[0, ["low", "high"]].tolist() == fit.conf_int().loc["pitch"].tolist()


def test_beside_names_a_term_that_the_fit_does_not_have():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=20)}))
    with pytest.raises(TutorialError, match="'OLS' has no term 'loudness'. It has: const, pitch"):
        statistics.beside({"loudness": 1.0}, {"OLS": sm.OLS(X["pitch"], X).fit()})


# standard scores and blocks


def test_standardise_gives_every_column_mean_0_and_sd_1():
    scored = statistics.standardise(pd.DataFrame({"hz": rng().normal(2000, 500, 50), "db": rng(2).normal(-20, 3, 50)}))
    assert scored.mean().abs().max() < 1e-12
    assert scored.std().tolist() == pytest.approx([1.0, 1.0])


def test_standardise_does_not_care_about_units():
    hz = pd.DataFrame({"f": rng().normal(2000, 500, 50)})
    assert np.allclose(statistics.standardise(hz), statistics.standardise(hz / 1000 + 7))


@pytest.mark.parametrize("value", [0.0, -20.1, 0.1, np.nan])
def test_standardise_refuses_a_constant_column_by_name(value):
    with pytest.raises(TutorialError, match="'flat' does not vary"):
        statistics.standardise(pd.DataFrame({"hz": [1.0, 2.0, 3.0], "flat": [value] * 3}))


def test_block_ids_have_the_stated_length():
    blocks = statistics.block_ids(np.arange(100) * 0.5, seconds=5.0)
    assert np.bincount(blocks).tolist() == [10] * 10


def test_block_ids_count_from_the_first_time_and_follow_the_clock_over_gaps():
    assert statistics.block_ids(np.array([7.0, 8.0, 11.9, 12.0, 30.0]), 5.0).tolist() == [0, 0, 0, 1, 4]


def test_block_ids_of_a_decimal_hop_do_not_slip():
    assert np.bincount(statistics.block_ids(np.arange(600) * 0.1, 0.3)).tolist() == [3] * 200


@pytest.mark.parametrize(("seconds", "words"), [(0.0, "holds nothing"), (100.0, "one block of 100 s")])
def test_blocks_that_part_nothing_are_refused(seconds, words):
    with pytest.raises(TutorialError, match=words):
        statistics.block_ids(np.arange(10.0), seconds)


# circular shifts


def test_circular_shift_against_a_closed_form():
    """x is 1 at the start and 0 elsewhere, so a shift by k picks y[k]: p is the rank of y[0]'s distance to the mean."""
    y = np.array([1.0, 5.0, 9.0, 3.0, 4.0, 8.0, 2.0, 6.0])
    x = np.eye(8)[0]
    distance = np.abs(y - y.mean())
    assert statistics.circular_shift_p(x, y) == np.mean(distance >= distance[0]) == 0.25


def test_circular_shift_agrees_with_rolling_one_series_along_the_other():
    x, y = statistics.ar1(rng(), 101, 0.8), statistics.ar1(rng(2), 101, 0.8)
    rolled = np.abs([np.corrcoef(np.roll(x, k), y)[0, 1] for k in range(101)])
    assert statistics.circular_shift_p(x, y) == pytest.approx(np.mean(rolled >= rolled[0] - 1e-9))


@pytest.mark.parametrize("sign", [1, -1])
def test_circular_shift_of_a_copy_is_the_smallest_p_there_is(sign):
    x = statistics.ar1(rng(), 200, 0.9)
    assert statistics.circular_shift_p(x, 7 + sign * 3 * x) == 1 / 200


def test_circular_shift_p_of_independent_noise_is_uniform():
    generator = rng()
    p = [statistics.circular_shift_p(generator.normal(size=200), generator.normal(size=200)) for _ in range(1000)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_circular_shift_does_not_care_about_units():
    x, y = rng().normal(size=60), rng(2).normal(size=60)
    assert statistics.circular_shift_p(x, y) == statistics.circular_shift_p(1000 * x - 5, 0.01 * y + 3)


def test_circular_shift_refuses_series_of_two_lengths_and_one_that_does_not_vary():
    with pytest.raises(TutorialError, match="x has 5 values and y has 6"):
        statistics.circular_shift_p(np.arange(5), np.arange(6))
    with pytest.raises(TutorialError, match="does not vary"):
        statistics.circular_shift_p(np.ones(5), np.arange(5))


# the ladder


def test_hac_without_lags_is_whites_estimator():
    """The lesson's HAC is White's HC0 where no memory is asked for."""
    X = sm.add_constant(rng().normal(size=80))
    y = rng(2).normal(size=80) * (1 + np.abs(X[:, 1]))
    hac = sm.OLS(y, X).fit(cov_type="HAC", cov_kwds={"maxlags": 0, "use_correction": False})
    assert np.allclose(hac.bse, sm.OLS(y, X).fit(cov_type="HC0").bse)


def test_clusters_of_one_are_whites_estimator_with_the_known_correction():
    X = sm.add_constant(rng().normal(size=80))
    y = rng(2).normal(size=80) * (1 + np.abs(X[:, 1]))
    clustered = sm.OLS(y, X).fit(cov_type="cluster", cov_kwds={"groups": np.arange(80)})
    white = sm.OLS(y, X).fit(cov_type="HC0")
    assert np.allclose(clustered.bse**2, white.bse**2 * 80 / 79 * 79 / 78)


def test_the_ladders_first_rung_is_the_p_value_of_a_plain_regression():
    x, y = rng().normal(size=100), rng(2).normal(size=100)
    p = statistics.p_values(x, y)
    assert p["OLS"] == pytest.approx(stats.linregress(x, y).pvalue)
    assert p["circular shift"] == statistics.circular_shift_p(x, y)
    assert p["differences"] == pytest.approx(stats.linregress(np.diff(x), np.diff(y)).pvalue)


def test_the_ladders_lagged_rung_knows_both_series_one_step_before():
    x, y = statistics.ar1(rng(), 100, 0.9), statistics.ar1(rng(2), 100, 0.9)
    table = pd.DataFrame({"y": y, "x": x, "x_1": np.roll(x, 1), "y_1": np.roll(y, 1)})[1:]
    fit = sm.OLS(table["y"], sm.add_constant(table[["x", "x_1", "y_1"]])).fit()
    assert statistics.p_values(x, y)["lagged outcome"] == pytest.approx(fit.pvalues["x"])


def test_the_ladders_clusters_are_blocks_of_the_length_asked_for():
    x, y = statistics.ar1(rng(), 100, 0.9), statistics.ar1(rng(2), 100, 0.9)
    groups = statistics.block_ids(np.arange(100.0), 20.0)
    fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    assert statistics.p_values(x, y, block=20)["blocks as clusters"] == pytest.approx(fit.pvalues[1])


def test_every_rung_sees_an_effect_that_is_there():
    x = statistics.ar1(rng(), 600, 0.9)
    p = statistics.p_values(x, 2 * x + statistics.ar1(rng(2), 600, 0.9))
    assert max(p.values()) < 0.01


def test_with_memory_ols_cries_wolf_and_glsar_does_not():
    generator = rng()
    trials = [
        statistics.p_values(statistics.ar1(generator, 600, 0.95), statistics.ar1(generator, 600, 0.95))
        for _ in range(200)
    ]
    rates = (pd.DataFrame(trials) < 0.05).mean()
    assert rates["OLS"] > 0.5
    assert rates["OLS"] > rates["HAC, rule-of-thumb lag"] > rates["HAC, 20 lags"] > 0.1
    for name in ("GLSAR", "differences", "lagged outcome", "circular shift"):
        assert rates[name] < 0.11, name


def test_without_memory_every_rung_keeps_its_promise():
    generator = rng()
    trials = [statistics.p_values(generator.normal(size=600), generator.normal(size=600)) for _ in range(200)]
    rates = (pd.DataFrame(trials) < 0.05).mean()
    assert rates.max() < 0.13 and rates.min() > 0.005


# before and after


def test_a_jump_at_the_event_is_seen_and_a_trend_alone_fools_only_the_bare_comparison():
    time, noise = np.arange(120), rng().normal(size=120)
    jump = statistics.before_after_p_values(3.0 * (time >= 60) + noise, 60)
    trend = statistics.before_after_p_values(0.05 * time + noise, 60)
    assert max(jump.values()) < 0.001
    assert trend["before/after"] < 0.001
    assert min(trend[name] for name in trend if name.startswith("interrupted")) > 0.01


def test_a_slope_that_changes_at_the_event_is_not_taken_for_a_jump():
    time = np.arange(120)
    p = statistics.before_after_p_values(0.2 * np.maximum(time - 90, 0) + rng().normal(size=120), 90)
    assert p["before/after"] < 0.001
    assert p["interrupted, OLS"] > 0.05 and p["interrupted, GLSAR"] > 0.05


def test_the_bare_comparison_is_the_t_test_with_one_variance():
    y = rng().normal(size=30)
    expected = stats.ttest_ind(y[:10], y[10:]).pvalue
    assert statistics.before_after_p_values(y, 10)["before/after"] == pytest.approx(expected)


@pytest.mark.parametrize("event", [0, 2, 18, 20])
def test_an_event_at_the_edge_is_refused(event):
    with pytest.raises(TutorialError, match=f"The event has {event} of 20"):
        statistics.before_after_p_values(rng().normal(size=20), event)


# many features


def test_vif_of_unrelated_columns_is_1_and_of_two_columns_follows_from_their_correlation():
    x, z = rng().normal(size=5000), rng(2).normal(size=5000)
    table = pd.DataFrame({"x": x, "z": z})
    assert statistics.worst_vif(table) == pytest.approx(1.0, abs=0.01)
    table["z"] = 0.8 * x + 0.6 * z
    r = np.corrcoef(table["x"], table["z"])[0, 1]
    assert statistics.worst_vif(table) == pytest.approx(1 / (1 - r**2))


def test_vif_is_that_of_statsmodels():
    table = pd.DataFrame(rng().normal(size=(60, 5)) + rng(2).normal(size=(60, 1)), columns=list("abcde"))
    X = sm.add_constant(table)
    expected = max(variance_inflation_factor(X, i) for i in range(1, 6))
    assert statistics.worst_vif(table) == pytest.approx(expected)


def test_vif_of_a_column_that_follows_from_the_others_is_beyond_bounds_and_a_constant_is_named():
    table = pd.DataFrame(rng().normal(size=(60, 2)), columns=list("ab"))
    assert statistics.worst_vif(table.assign(c=table["a"] + table["b"])) > 1e10
    with pytest.raises(TutorialError, match="'c' does not vary"):
        statistics.worst_vif(table.assign(c=1.0))


def test_vif_does_not_care_about_units():
    table = pd.DataFrame(rng().normal(size=(50, 3)), columns=list("abc"))
    assert statistics.worst_vif(table * [1, 1000, 0.001] + 50) == pytest.approx(statistics.worst_vif(table))


def test_p_values_of_many_outcomes_are_those_of_one_regression_each():
    table = pd.DataFrame(rng().normal(size=(60, 4)) * [1, 100, 0.01, 5], columns=list("abcd"))
    outcomes = rng(2).normal(size=(5, 60)) + 0.3 * table["a"].to_numpy()
    expected = [sm.OLS(y, sm.add_constant(table)).fit().pvalues.iloc[1:] for y in outcomes]
    assert np.allclose(statistics.slope_p_values(table, outcomes), expected)


def test_more_columns_than_rows_are_refused():
    with pytest.raises(TutorialError, match="4 rows are too few for 5"):
        statistics.slope_p_values(pd.DataFrame(np.eye(4)), np.ones((1, 4)))


# voices that take turns


def test_turns_of_three_known_voices_are_measured_where_they_lie(voices):
    corpus = voices({f"{s}{i}": f0 for s, f0 in {"a": 110.0, "b": 150.0, "c": 220.0}.items() for i in range(3)}, 3.0)
    table = corpus.recordings.assign(speaker=corpus.recordings.index.str[0])
    turns, sentence = statistics.turn_windows(spoken(table), rng())
    assert sentence.startswith("9 turns of 3 recorded speakers")
    found = turns.groupby("speaker")["semitones"].median()
    assert found.tolist() == pytest.approx([12 * math.log2(f0 / 100) for f0 in (110, 150, 220)], abs=0.2)
    assert turns.groupby("turn")["speaker"].nunique().eq(1).all() and turns["turn"].is_monotonic_increasing


def test_turns_are_simulated_and_said_to_be_where_speakers_are_not_known_or_not_heard(voices):
    noise = voices({f"noise{i}": None for i in range(6)}).recordings
    for table in (recordings(speaker=[pd.NA] * 4), noise.assign(speaker=["a", "b", "c"] * 2)):
        turns, sentence = statistics.turn_windows(spoken(table), rng())
        assert "simulated" in sentence
        assert turns["speaker"].nunique() == 4 and turns.groupby("turn")["speaker"].nunique().eq(1).all()


def test_no_more_recordings_are_read_than_allowed(voices, monkeypatch):
    read = []
    monkeypatch.setattr(data_prep, "read", lambda path, **_: read.append(path) or voice(120.0, 3.0))
    monkeypatch.setattr(data_prep, "probe", lambda path: {"seconds": 3.0})
    statistics.turn_windows(spoken(recordings(speaker=["a", "b", "c"] * 10)), rng(), most=7)
    assert len(read) == 6


# what can be compared


def test_a_folder_with_dates_is_parted_at_the_event():
    table = recordings(date=pd.date_range("2022-11-01", periods=8))
    chosen, sentence = statistics.comparison(table, rng(), event_date="2022-11-04")
    assert chosen["condition"].tolist() == [0] * 3 + [1] * 5
    assert chosen["label"].tolist() == ["before"] * 3 + ["after"] * 5
    assert "2022-11-04" in sentence


def test_without_an_event_the_median_date_is_a_placebo_and_the_sentence_says_so():
    chosen, sentence = statistics.comparison(recordings(date=pd.date_range("2022-11-01", periods=8)), rng())
    assert chosen["condition"].value_counts().to_dict() == {0: 4, 1: 4}
    assert "placebo" in sentence


def test_treated_goes_before_groups_and_groups_before_a_placebo():
    columns = {"date": pd.date_range("2022-11-01", periods=6), "group": ["a", "b"] * 3}
    by_group, _ = statistics.comparison(recordings(**columns), rng())
    assert by_group["label"].tolist() == ["a"] * 3 + ["b"] * 3
    treated, _ = statistics.comparison(recordings(**columns, treated=[True] * 3 + [False] * 3), rng())
    assert treated["label"].tolist() == ["not treated"] * 3 + ["treated"] * 3
    one_group_a_side = {"group": ["FM"] * 3 + ["web"] * 3, "treated": [False] * 3 + [True] * 3}
    assert statistics.comparison(recordings(**one_group_a_side), rng())[0]["label"].tolist() == ["FM"] * 3 + ["web"] * 3
    assert treated.index.tolist() == ["r03", "r04", "r05", "r00", "r01", "r02"]


def test_no_more_than_the_stated_number_is_drawn_half_on_either_side_without_repeats():
    table = recordings(group=["a"] * 40 + ["b"] * 10)
    chosen, _ = statistics.comparison(table, rng(), most=12)
    assert chosen["condition"].value_counts().to_dict() == {0: 6, 1: 6} and chosen.index.is_unique
    assert chosen.index.tolist() == statistics.comparison(table, rng(), most=12)[0].index.tolist()


@pytest.mark.parametrize(
    "columns",
    [
        {"speaker": ["a"]},
        {"speaker": ["a"] * 9},
        {"date": pd.date_range("2022-11-01", periods=5)},
        {"date": [pd.Timestamp("2022-11-01")] * 9},
        {"group": ["a"] * 9 + ["b"] * 2},
        {"group": ["a"] * 9},
    ],
)
def test_where_nothing_can_be_compared_one_sentence_says_what_is_missing(columns):
    chosen, sentence = statistics.comparison(recordings(**columns), rng())
    assert chosen.empty and "not compared" in sentence and "3 or more" in sentence
    assert statistics.measure(chosen).empty


def test_sounds_are_not_compared():
    table = recordings(group=["a"] * 5 + ["b"] * 5).assign(kind="sound")
    assert statistics.comparison(table, rng())[0].empty


@pytest.mark.parametrize(
    ("event_date", "words"),
    [("next week", "'next week', which is no date"), ("2030-01-01", "from 2022-11-01 to 2022-11-08")],
)
def test_an_event_date_that_parts_nothing_is_refused_by_name(event_date, words):
    with pytest.raises(TutorialError, match=words):
        statistics.comparison(recordings(date=pd.date_range("2022-11-01", periods=8)), rng(), event_date=event_date)


@pytest.fixture(scope="session")
def paired(voices):
    """One speaker, two languages, the second two semitones higher; one short prompt, one said in one language."""
    base = dict(zip("abcdef", (110, 120, 130, 140, 150, 160), strict=True))
    names = {f"en/{name}": f0 for name, f0 in base.items()}
    names |= {f"es/{name}": f0 * 2 ** (2 / 12) for name, f0 in base.items()} | {"en/alone": 120.0}
    corpus = voices(names)
    table = corpus.recordings
    group = table.index.str[:2].map({"en": "English", "es": "Spanish"})
    return table.assign(speaker="Ann", group=pd.Series(group, index=table.index).astype("string"))


def test_one_speaker_in_two_groups_is_paired_by_name(paired):
    chosen, sentence = statistics.comparison(paired, rng())
    assert sentence == "6 pairs: one voice, one prompt, in English and in Spanish."
    assert all(sorted(pair) == [0, 1] for _, pair in chosen.groupby("unit")["condition"])
    assert "alone" not in set(chosen["unit"])
    assert chosen.groupby("label")["condition"].first().to_dict() == {"English": 0, "Spanish": 1}


def test_prompts_that_are_too_short_are_not_paired(paired):
    assert "pairs" not in statistics.comparison(paired, rng(), start=1.0)[1]


def test_a_known_difference_of_two_semitones_is_measured(paired):
    measured = statistics.measure(statistics.comparison(paired, rng())[0])
    wide = measured.pivot(index="unit", columns="condition", values="semitones")
    assert (wide[1] - wide[0]).tolist() == pytest.approx([2.0] * 6, abs=0.05)
    assert measured["rate"].tolist() == pytest.approx([4.0] * 12, abs=0.6)


def test_where_half_a_pair_cannot_be_measured_the_other_half_goes_too(paired, voices):
    chosen, _ = statistics.comparison(paired, rng())
    noise = voices({"noise": None}).recordings["path"].iloc[0]
    chosen.loc["es/a", "path"] = noise
    measured = statistics.measure(chosen)
    assert sorted(measured["unit"].unique()) == ["b", "c", "d", "e", "f"] and len(measured) == 10


def test_where_fewer_than_three_can_be_measured_nothing_is_compared(paired, voices):
    chosen, _ = statistics.comparison(paired, rng())
    chosen.loc[chosen["unit"].isin(list("abcd")), "path"] = voices({"noise": None}).recordings["path"].iloc[0]
    assert statistics.measure(chosen).empty


def test_a_recording_that_cannot_be_read_is_named_rather_than_left_out(paired):
    chosen, _ = statistics.comparison(paired, rng())
    chosen.loc["en/b", "path"] = "nowhere.wav"
    with pytest.raises(TutorialError, match="nowhere.wav"):
        statistics.measure(chosen)


def test_recordings_that_end_before_the_start_take_no_turn(voices):
    corpus = voices({f"{s}{i}": f0 for s, f0 in {"a": 110.0, "b": 150.0, "c": 220.0}.items() for i in range(3)}, 3.0)
    table = corpus.recordings.assign(speaker=corpus.recordings.index.str[0])
    assert "simulated" in statistics.turn_windows(spoken(table, onset=5.0), rng())[1]


def test_a_turn_is_read_from_its_onset_and_no_further_than_it_lasts(voices):
    low, high = voice(110.0, 3.0), voice(220.0, 3.0)
    corpus = voices({f"r{i}": 110.0 for i in range(6)})
    for path in corpus.recordings["path"]:
        soundfile.write(path, np.concatenate([low, high, low]), SR)
    table = spoken(corpus.recordings.assign(speaker=["a", "b", "c"] * 2), onset=3.1, seconds=2.8)
    turns, _ = statistics.turn_windows(table, rng())
    assert turns["semitones"].between(12 * math.log2(2.2) - 0.5, 12 * math.log2(2.2) + 0.5).all()
    assert turns.groupby("turn").size().max() <= 28


# one voice among others


def show_of(*stretches):
    """A recording made of (speaker, Hz, gain, seconds) one after the other: its samples and its turns."""
    y, rows, now = [], [], 0.0
    for speaker, f0, gain, seconds in stretches:
        y.append(gain * voice(f0, seconds))
        rows.append({"recording": "r", "onset": now, "offset": now + seconds, "speaker": speaker, "kind": "speech"})
        now += seconds
    return np.concatenate(y), pd.DataFrame(rows)


def test_windows_of_a_speaker_hold_his_pitch_and_level_and_nothing_of_the_others():
    y, turns = show_of(("a", 110, 0.5, 10), ("b", 220, 1.0, 5), ("a", 110 * 2 ** (3 / 12), 0.25, 5), ("a", 110, 0.5, 5))
    found = statistics.speaker_windows(features.frame_table(y), turns, "a", seconds=5.0)
    assert found["speaks"].tolist() == [1, 1, 0, 1, 1]
    assert found["pitch"].tolist() == pytest.approx([0, 0, 0, 3, 0], abs=0.1)
    assert found["level"].tolist() == pytest.approx([0, 0, 0, -6.02, 0], abs=0.3)
    assert (found.loc[2] == 0).all()


def test_what_is_loud_and_has_no_voice_does_not_count_as_the_speakers_level():
    y, turns = show_of(("a", 110, 0.2, 10))
    y[6 * SR : 8 * SR] = 0.3 * rng().standard_normal(2 * SR)  # a cough, somebody's chair
    found = statistics.speaker_windows(features.frame_table(y), turns, "a", seconds=5.0)
    assert found["level"][1] - found["level"][0] == pytest.approx(0, abs=0.5)


def test_windows_of_a_speaker_do_not_care_about_the_gain():
    y, turns = show_of(("a", 110, 0.5, 5), ("a", 150, 0.2, 5), ("b", 220, 1.0, 5), ("a", 130, 0.4, 5))
    loud, soft = (statistics.speaker_windows(features.frame_table(g * y), turns, "a") for g in (1.0, 0.1))
    assert np.allclose(loud[["pitch", "level"]], soft[["pitch", "level"]], atol=0.05)


def test_where_two_speak_at_once_nobody_is_alone():
    turns = pd.DataFrame({"onset": [0.0, 2.0], "offset": [3.0, 4.0], "speaker": ["a", "b"]})
    times = np.array([1.0, 2.5, 3.5])
    assert statistics.alone(times, turns, "a").tolist() == [True, False, False]
    assert statistics.alone(times, turns, "b").tolist() == [False, False, True]


def test_a_speaker_without_a_turn_is_refused_and_those_who_have_one_are_named():
    _, turns = show_of(("a", 110, 0.5, 2), ("b", 110, 0.5, 2))
    with pytest.raises(TutorialError, match="nobody has no turn here. Speakers: a, b"):
        statistics.speaker_windows(frames(), turns, "nobody")


def test_each_speakers_turns_are_measured_by_themselves(tmp_path):
    y, turns = show_of(("a", 110, 0.5, 4), ("b", 220, 0.25, 4), ("c", 330, 1.0, 2))
    soundfile.write(tmp_path / "r.wav", y, SR)
    table = pd.DataFrame({"path": [str(tmp_path / "r.wav")]}, index=["r"])
    found = statistics.measure_turns(table, turns, ["a", "b", "absent"]).set_index("speaker")
    assert found.index.tolist() == ["a", "b"]
    assert found["f0"].tolist() == pytest.approx([110, 220], rel=0.01)
    assert found["seconds"].tolist() == [4, 4]
    assert found["rate"].tolist() == pytest.approx([4, 4], abs=0.3)
    assert found["level"]["a"] - found["level"]["b"] == pytest.approx(6.02, abs=0.5)
    alone = features.summarise(y[: 4 * SR])  # the other road: cut out, and measured as a recording
    assert found["f0"]["a"] == pytest.approx(alone["f0"], rel=0.002)
    assert found["rate"]["a"] == pytest.approx(alone["rate"], abs=0.26)


def test_a_paired_difference_by_ols_with_pair_fixed_effects_is_the_paired_t_test():
    """The roads of the lesson, on a table such as `measure` gives: fixed effects exactly, clusters to (2n-1)/(2n-2)."""
    n, zero = 20, rng().normal(size=20)
    one = zero + 0.5 + 0.5 * rng(2).normal(size=n)
    table = pd.DataFrame({"y": np.concatenate([zero, one]), "condition": np.repeat([0.0, 1.0], n)})
    pair = np.tile(np.arange(n), 2)
    test = stats.ttest_rel(one, zero)
    fixed = sm.OLS(table["y"], pd.get_dummies(pair, dtype=float).assign(condition=table["condition"])).fit()
    assert fixed.pvalues["condition"] == pytest.approx(test.pvalue)
    assert fixed.conf_int().loc["condition"].tolist() == pytest.approx(list(test.confidence_interval()))
    X = sm.add_constant(table["condition"])
    clustered = sm.OLS(table["y"], X).fit(cov_type="cluster", cov_kwds={"groups": pair}, use_t=True)
    assert clustered.params["condition"] == pytest.approx(np.mean(one - zero))
    correction = np.sqrt((2 * n - 1) / (2 * n - 2))
    assert clustered.tvalues["condition"] * correction == pytest.approx(test.statistic)


# exercise


def effective_n(x):
    rho = np.corrcoef(x[:-1], x[1:])[0, 1]
    return len(x) * (1 - rho) / (1 + rho)


def test_exercise_04_1_takes_the_right_function():
    assert exercises.check("04.1", effective_n).startswith("Right.")
    assert exercises.check("04.1", lambda x: effective_n(pd.Series(x).to_numpy())).startswith("Right.")


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (210.0, "is a function"),
        (lambda x: x.missing, "AttributeError"),
        (len, "the number of values itself"),
        (lambda x: effective_n(x) / len(x), "share"),
        (lambda x: len(x) ** 2 / effective_n(x), "more than there are"),
        (lambda x: len(x) * (1 - np.corrcoef(x[:-1], x[1:])[0, 1]), r"divide by \(1 \+ rho\)"),
        (lambda x: len(x) * (1 - (r := x[1:] @ x[:-1] / (x @ x))) / (1 + r), "take the mean off"),
        (lambda x: len(x) * (1 - (r := np.corrcoef(x[:-1], x[1:])[0, 1] ** 2)) / (1 + r), "rho squared"),
        (lambda x: 1.0, "correlate"),
    ],
)
def test_exercise_04_1_answers_named_mistakes_with_a_hint(answer, hint):
    said = exercises.check("04.1", answer)
    assert said.startswith("Not yet") and re.search(hint, said)
