"""Statistics from known answers, two roads to one value, and what a person can get wrong."""

import math
import os
import re

import numpy as np
import pandas as pd
import pytest
import soundfile
import statsmodels.api as sm
from scipy import stats
from scipy.linalg import toeplitz
from scipy.signal import lfilter
from statsmodels.stats.outliers_influence import variance_inflation_factor
from statsmodels.stats.power import TTestIndPower

from tutorial_helpers import corpora, data_prep, features, statistics
from tutorial_helpers.errors import TutorialError

SR = data_prep.SR
# a series without noise is fitted perfectly: the logarithm of no residuals, and a share of two nothings
without_noise = pytest.mark.filterwarnings("ignore:divide by zero", "ignore:invalid value")


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


def corpus_of(table, turns=None):
    """A corpus of these recordings."""
    return corpora.Corpus("test", table, turns, None, table.index[0] if len(table) else "")


def measured(chosen, *, start=0.0):
    """The recordings of `comparison` as the lesson measures them where turns are not known."""
    voices = statistics.measure_turns(corpora.spoken(corpus_of(chosen), start=start), None)
    return statistics.compared(statistics.by_recording(voices), chosen)


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


# in a process of its own


def test_what_is_started_in_the_background_gives_the_same_table_and_the_same_error(voices, tmp_path):
    spoken = corpora.spoken(voices({"a": 120.0, "b": 150.0}))
    waiting = statistics.in_background(statistics.measure_turns, spoken, None)
    failing = statistics.in_background(statistics.measure_turns, spoken.assign(path=str(tmp_path / "gone.wav")), None)
    pd.testing.assert_frame_equal(waiting.result(), statistics.measure_turns(spoken, None))
    with pytest.raises(TutorialError, match="gone.wav"):
        failing.result()


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
        tables = {
            "OLS": statistics.terms(sm.OLS(y, X).fit()),
            "GLSAR": statistics.terms(sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10)),
            "GLS": statistics.gls_ar1(y, X)[0],
        }
        inside.append(statistics.beside({"pitch": 1.5, "level": 0.8}, tables)["inside"])
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


def test_beside_puts_planted_estimate_and_interval_of_each_term_and_method_in_a_row():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=100)}))
    y = 2 * X["pitch"] + rng(2).normal(size=100)
    fit, (gls, _) = sm.OLS(y, X).fit(), statistics.gls_ar1(y, X)
    table = statistics.beside({"pitch": 2.0, "const": 99.0}, {"OLS": statistics.terms(fit), "GLS": gls})
    assert table["term"].tolist() == ["pitch", "pitch", "const", "const"]
    assert table["method"].tolist() == ["OLS", "GLS"] * 2
    assert table["planted"].tolist() == [2.0, 2.0, 99.0, 99.0]
    assert table["inside"].tolist() == [True, True, False, False]
    assert table.loc[0, ["estimate", "low", "high"]].tolist() == [fit.params["pitch"], *fit.conf_int().loc["pitch"]]
    assert table.loc[3, ["estimate", "low", "high"]].tolist() == gls.loc["const", ["estimate", "low", "high"]].tolist()


def test_beside_names_a_term_that_the_table_does_not_have():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=20)}))
    fit = sm.OLS(rng(2).normal(size=20), X).fit()
    with pytest.raises(TutorialError, match="'OLS' has no term 'loudness'. It has: const, pitch"):
        statistics.beside({"loudness": 1.0}, {"OLS": statistics.terms(fit)})


def test_terms_are_the_columns_of_the_fit():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=50)}))
    fit = sm.OLS(X["pitch"] + rng(2).normal(size=50), X).fit()
    table = statistics.terms(fit)
    assert table.index.tolist() == ["const", "pitch"]
    assert table["estimate"].tolist() == fit.params.tolist()
    assert table[["low", "high"]].to_numpy().tolist() == fit.conf_int().to_numpy().tolist()
    assert table["p"].tolist() == fit.pvalues.tolist()


def test_terms_of_a_fit_without_names_are_called_what_statsmodels_calls_them():
    fit = sm.OLS(rng(2).normal(size=50), sm.add_constant(rng().normal(size=50))).fit()
    assert statistics.terms(fit).index.tolist() == ["const", "x1"]


def test_terms_of_a_mixed_model_hold_the_groups_variance_too():
    group = np.arange(60) % 6
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=60)}))
    y = 2 * X["pitch"] + rng(2).normal(size=6)[group] + 0.5 * rng(3).normal(size=60)
    fit = sm.MixedLM(y, X, groups=group).fit()
    table = statistics.terms(fit)
    assert table.index.tolist() == ["const", "pitch", "Group Var"]
    assert table.loc["pitch", "estimate"] == fit.fe_params["pitch"] == pytest.approx(2.0, abs=0.3)
    assert table.loc["pitch", ["low", "high"]].tolist() == fit.conf_int().loc["pitch"].tolist()


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.8])
def test_without_memory_gives_back_the_shocks_of_which_a_series_was_made(rho):
    shocks = rng().normal(size=(20_000, 2))
    started = shocks.copy()
    started[0] /= np.sqrt(1 - rho**2)  # the stationary state, from which the first row comes
    series = lfilter([1.0], [1.0, -rho], started, axis=0)
    before = series.copy()
    fresh = statistics.without_memory(series, rho)
    assert np.allclose(fresh, shocks) and np.array_equal(series, before)
    assert np.allclose(statistics.without_memory(series[:, 1], rho), shocks[:, 1])


def test_what_is_left_without_memory_is_white_and_of_one_size():
    """By matrices: the transformation of the covariance of a series with memory is a multiple of the identity."""
    whitening = statistics.without_memory(np.eye(30), 0.7)
    assert np.allclose(whitening @ toeplitz(0.7 ** np.arange(30)) @ whitening.T, (1 - 0.7**2) * np.eye(30))
    left = statistics.without_memory(statistics.ar1(rng(), 20_000, 0.7), 0.7)
    assert np.corrcoef(left[:-1], left[1:])[0, 1] == pytest.approx(0.0, abs=0.02)


def test_without_memory_of_whole_numbers_does_not_cut_off_the_rest():
    assert statistics.without_memory(np.array([1, 2, 3]), 0.5).tolist() == [np.sqrt(0.75), 1.5, 2.0]


# least squares for errors with memory


def series_with_event(n, rho, seed=1):
    """An outcome with a jump of 2, a trend and a memory, and the terms of its regression."""
    X = statistics.event_terms(n, n // 2)
    return 2 * X["after"].to_numpy() + 0.03 * X["week"].to_numpy() + statistics.ar1(rng(seed), n, rho), X


def dense_likelihood(y, X, rho, variance=None):
    """The restricted log-likelihood by whole matrices; without a variance, at the best one for this rho."""
    n, k = X.shape
    V = toeplitz(rho ** np.arange(n))
    inverse = np.linalg.inv(V)
    information = X.T @ inverse @ X
    residual = y - X @ np.linalg.solve(information, X.T @ inverse @ y)
    squares = residual @ inverse @ residual
    variance = squares / (n - k) if variance is None else variance
    logs = np.linalg.slogdet(V)[1] + np.linalg.slogdet(information)[1] + (n - k) * np.log(variance)
    return -(logs + squares / variance) / 2


SERIES = [(26, 0.3), (52, 0.5), (52, -0.4), (80, 0.0), (120, 0.8)]


@pytest.mark.parametrize(("n", "rho"), SERIES)
def test_gls_finds_the_largest_restricted_likelihood_that_whole_matrices_find(n, rho):
    y, X = series_with_event(n, rho)
    _, found = statistics.gls_ar1(y, X)
    grid = np.arange(-0.98, 0.981, 0.01)
    likelihoods = [dense_likelihood(y, X.to_numpy(), at) for at in grid]
    assert found == pytest.approx(grid[np.argmax(likelihoods)], abs=0.0051)
    assert dense_likelihood(y, X.to_numpy(), found) >= max(likelihoods)


@pytest.mark.parametrize(("n", "rho"), SERIES)
def test_gls_agrees_with_statsmodels_state_space_model_with_diffuse_terms(n, rho):
    y, X = series_with_event(n, rho)
    table, found = statistics.gls_ar1(y, X)
    model = sm.tsa.SARIMAX(
        y, exog=X.to_numpy(), order=(1, 0, 0), trend="n", mle_regression=False, use_exact_diffuse=True
    )
    fit = model.fit(disp=0)
    assert found == pytest.approx(fit.params[0], abs=0.001)
    assert fit.smoothed_state[1:, -1].tolist() == pytest.approx(table["estimate"].tolist(), abs=0.002)


@pytest.mark.parametrize(("n", "rho"), SERIES)
def test_given_the_memory_gls_is_that_of_statsmodels(n, rho):
    y, X = series_with_event(n, rho)
    table, found = statistics.gls_ar1(y, X)
    fit = sm.GLS(y, X, sigma=toeplitz(found ** np.arange(n))).fit()
    half = stats.t.ppf(0.975, table["df"])
    assert np.allclose(table["estimate"], fit.params)
    assert np.allclose((table["high"] - table["estimate"]) / half, fit.bse)
    assert np.allclose((table["estimate"] - table["low"]) / half, fit.bse)
    assert np.allclose(table["p"], 2 * stats.t.sf(np.abs(fit.tvalues), table["df"]))


def test_in_a_long_series_gls_agrees_with_glsar():
    y, X = series_with_event(3000, 0.7)
    table, found = statistics.gls_ar1(y, X)
    model = sm.GLSAR(y, X, rho=1)
    fit = model.iterative_fit(maxiter=20)
    assert found == pytest.approx(model.rho.item(), abs=0.005)
    assert np.abs((table["estimate"] - fit.params) / fit.bse).max() < 0.05
    half = (table["high"] - table["low"]) / 2 / stats.t.ppf(0.975, table["df"])
    assert np.allclose(half, fit.bse, rtol=0.02)


def test_without_a_memory_gls_comes_close_to_ols():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=300)}))
    y = 2 * X["pitch"] + rng(2).normal(size=300)
    table, rho = statistics.gls_ar1(y, X)
    fit = sm.OLS(y, X).fit()
    assert rho == pytest.approx(0.0, abs=0.1)
    assert table.loc["pitch", ["estimate", "low", "high"]].tolist() == pytest.approx(
        [fit.params["pitch"], *fit.conf_int().loc["pitch"]], abs=0.02
    )
    assert 0.9 * fit.df_resid < table.loc["pitch", "df"] <= fit.df_resid


def test_a_short_series_is_worth_fewer_degrees_of_freedom_for_a_step_than_for_a_fast_feature():
    y, X = series_with_event(52, 0.5)
    df = statistics.gls_ar1(y, X.assign(feature=rng(3).normal(size=52)))[0]["df"]
    assert df["const"] < df["after"] < df["feature"] <= 48
    assert df["after"] < 0.8 * df["feature"]


@pytest.mark.parametrize(("n", "rho"), [(52, 0.5), (120, 0.8)])
def test_degrees_of_freedom_follow_satterthwaites_rule_by_numerical_derivatives(n, rho):
    """The other road: the variance and rho themselves are the parameters, and every matrix is whole."""
    y, X = series_with_event(n, rho)
    table, found = statistics.gls_ar1(y, X)
    V = toeplitz(found ** np.arange(n))
    fit = sm.GLS(y, X, sigma=V).fit()
    theta, step = np.array([fit.scale, found]), np.array([0.01 * fit.scale, 0.002])

    def likelihood(at):
        return dense_likelihood(y, X.to_numpy(), at[1], variance=at[0])

    def variances(at):
        return at[0] * np.diag(np.linalg.inv(X.T @ np.linalg.inv(toeplitz(at[1] ** np.arange(n))) @ X))

    moves = np.diag(step)
    hessian = np.array(
        [
            [
                sum(s * t * likelihood(theta + s * a + t * b) for s in (1, -1) for t in (1, -1))
                / (4 * np.abs(a).sum() * np.abs(b).sum())
                for b in moves
            ]
            for a in moves
        ]
    )
    gradient = np.array([(variances(theta + a) - variances(theta - a)) / (2 * a.sum()) for a in moves])
    spread = np.sum(gradient * (np.linalg.inv(-hessian) @ gradient), axis=0)
    assert table["df"].tolist() == pytest.approx((2 * variances(theta) ** 2 / spread).tolist(), rel=0.02)


def test_intervals_of_gls_hold_a_jump_in_a_short_series_where_those_of_ols_do_not():
    generator, X, held = rng(), statistics.event_terms(52, 26), []
    for _ in range(200):
        y = X["after"] + 0.03 * X["week"] + statistics.ar1(generator, 52, 0.5)
        tables = {"OLS": statistics.terms(sm.OLS(y, X).fit()), "GLS": statistics.gls_ar1(y, X)[0]}
        held.append(
            {name: table.loc["after", "low"] <= 1 <= table.loc["after", "high"] for name, table in tables.items()}
        )
    coverage = pd.DataFrame(held).mean()
    assert 0.90 <= coverage["GLS"] <= 0.985
    assert coverage["OLS"] < 0.88


def test_gls_does_not_care_about_units():
    y, X = series_with_event(52, 0.5)
    (table, rho), (other, same) = statistics.gls_ar1(y, X), statistics.gls_ar1(1000 * y, X)
    assert same == pytest.approx(rho, abs=1e-6)
    assert np.allclose(other[["estimate", "low", "high"]], 1000 * table[["estimate", "low", "high"]], rtol=1e-4)
    assert np.allclose(other[["p", "df"]], table[["p", "df"]], rtol=1e-4)
    scaled, _ = statistics.gls_ar1(y, X * [1, 1, 1000])
    assert scaled.loc["week", "estimate"] == pytest.approx(table.loc["week", "estimate"] / 1000, rel=1e-4)


def test_a_constant_on_top_moves_only_the_constant_of_gls():
    y, X = series_with_event(52, 0.5)
    table, other = (statistics.gls_ar1(values, X)[0] for values in (y, y + 7))
    moved = (other - table)[["estimate", "low", "high"]]
    assert np.allclose(moved.loc["const"], 7, atol=1e-4)
    assert np.allclose(moved.loc[["after", "week"]], 0, atol=1e-4)
    assert np.allclose(other["p"][["after", "week"]], table["p"][["after", "week"]], rtol=1e-3)


def test_gls_takes_a_series_with_dates_for_what_it_is():
    y, X = series_with_event(52, 0.5)
    by_date = pd.Series(y, index=pd.date_range("2022-01-02", periods=52, freq="7D"))
    pd.testing.assert_frame_equal(statistics.gls_ar1(by_date, X)[0], statistics.gls_ar1(y, X)[0])


def test_gls_refuses_too_few_rows_with_both_numbers():
    X = pd.DataFrame(rng().normal(size=(4, 3)), columns=list("abc"))
    with pytest.raises(TutorialError, match="4 rows are too few for 3 terms and a memory"):
        statistics.gls_ar1(np.arange(4.0), X)
    assert statistics.gls_ar1(rng().normal(size=5), pd.DataFrame(rng(2).normal(size=(5, 3))))[0].shape == (3, 5)


def test_gls_names_terms_of_which_one_follows_from_the_others():
    X = statistics.event_terms(30, 15).assign(before=lambda terms: 1 - terms["after"])
    with pytest.raises(TutorialError, match="One of the terms const, after, week, before follows from the others"):
        statistics.gls_ar1(rng().normal(size=30), X)


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
    table, _ = statistics.gls_ar1(y, pd.DataFrame({"const": 1.0, "x": x}))
    assert p["GLS by REML"] == pytest.approx(table.loc["x", "p"])


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


def test_a_series_shorter_than_two_blocks_is_parted_into_quarters():
    x, y = rng().normal(size=30), rng(2).normal(size=30)
    groups = np.arange(30) // 7
    fit = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    p = statistics.p_values(x, y, block=50)
    assert p["blocks as clusters"] == pytest.approx(fit.pvalues[1])
    assert all(0 <= value <= 1 for value in p.values())


def test_with_memory_ols_cries_wolf_and_what_models_the_memory_does_not():
    generator = rng()
    trials = [
        statistics.p_values(statistics.ar1(generator, 600, 0.95), statistics.ar1(generator, 600, 0.95))
        for _ in range(200)
    ]
    rates = (pd.DataFrame(trials) < 0.05).mean()
    assert rates["OLS"] > 0.5
    assert rates["OLS"] > rates["HAC, rule-of-thumb lag"] > rates["HAC, 20 lags"] > 0.1
    for name in ("GLSAR", "differences", "lagged outcome", "circular shift", "GLS by REML"):
        assert rates[name] < 0.11, name


def test_without_memory_every_rung_keeps_its_promise():
    generator = rng()
    trials = [statistics.p_values(generator.normal(size=600), generator.normal(size=600)) for _ in range(200)]
    rates = (pd.DataFrame(trials) < 0.05).mean()
    assert rates.max() < 0.13 and rates.min() > 0.005


# an event


def test_an_event_has_a_constant_a_step_and_weeks_counted_from_it():
    X = statistics.event_terms(7, 3)
    assert X.to_dict("list") == {
        "const": [1.0] * 7,
        "after": [0, 0, 0, 1, 1, 1, 1],
        "week": [-3, -2, -1, 0, 1, 2, 3],
    }


@pytest.mark.parametrize("event", [0, 2, 18, 20])
def test_an_event_at_the_edge_is_refused(event):
    for refuses in (
        lambda: statistics.event_terms(20, event),
        lambda: statistics.event_fits(rng().normal(size=20), event),
    ):
        with pytest.raises(TutorialError, match=f"The event has {event} of 20"):
            refuses()


@without_noise
def test_a_pure_step_is_found_by_every_method():
    fits = statistics.event_fits(5 + 3.0 * (np.arange(40) >= 20), 20)
    assert list(fits) == [
        "before/after",
        "interrupted, OLS",
        "interrupted, HAC(6)",
        "interrupted, GLSAR",
        "interrupted, GLS",
    ]
    for name, table in fits.items():
        expected = {"const": 5.0, "after": 3.0} | ({"week": 0.0} if name != "before/after" else {})
        assert table["estimate"].to_dict() == pytest.approx(expected, abs=1e-9), name


def test_a_trend_alone_moves_the_bare_comparison_by_half_its_rise_and_the_interrupted_series_not_at_all():
    """Over 40 weeks the two halves lie 20 weeks apart; a wiggle that sums to nothing keeps the fits from perfection."""
    wiggle = 0.01 * np.tile([1, -1, -1, 1], 10)
    fits = statistics.event_fits(0.1 * np.arange(40) + wiggle, 20)
    assert fits.pop("before/after").loc["after", ["estimate", "low"]].tolist() == pytest.approx([2.0, 1.62], abs=0.01)
    for name, table in fits.items():
        assert table.loc["after", "estimate"] == pytest.approx(0.0, abs=0.01), name
        assert table.loc["week", "estimate"] == pytest.approx(0.1, abs=0.001), name


def test_a_jump_at_the_event_is_seen_and_a_trend_alone_fools_only_the_bare_comparison():
    time, noise = np.arange(120), rng().normal(size=120)
    jump, trend = (
        {name: table.loc["after", "p"] for name, table in statistics.event_fits(y, 60).items()}
        for y in (3.0 * (time >= 60) + noise, 0.05 * time + noise)
    )
    assert max(jump.values()) < 0.001
    assert trend.pop("before/after") < 0.001
    assert min(trend.values()) > 0.01


def test_the_bare_comparison_is_the_t_test_with_one_variance():
    y = rng().normal(size=30)
    expected = stats.ttest_ind(y[10:], y[:10])
    found = statistics.event_fits(y, 10)["before/after"].loc["after"]
    assert found["p"] == pytest.approx(expected.pvalue)
    assert found[["low", "high"]].tolist() == pytest.approx(list(expected.confidence_interval()))


def test_the_interrupted_series_are_those_of_statsmodels_and_of_gls():
    y, X = series_with_event(52, 0.5)
    fits = statistics.event_fits(y, 26)
    hac = sm.OLS(y, X).fit(cov_type="HAC", cov_kwds={"maxlags": 6}, use_t=True)
    assert fits["interrupted, HAC(6)"]["p"].tolist() == pytest.approx(hac.pvalues.tolist())
    assert fits["interrupted, OLS"]["p"].tolist() == pytest.approx(sm.OLS(y, X).fit().pvalues.tolist())
    pd.testing.assert_frame_equal(fits["interrupted, GLS"], statistics.gls_ar1(y, X)[0])
    assert fits["interrupted, GLSAR"].loc["after", "estimate"] == pytest.approx(
        fits["interrupted, GLS"].loc["after", "estimate"], abs=0.1
    )


@without_noise
def test_placebo_dates_find_nothing_where_only_the_event_changed_anything():
    found = statistics.placebo_effects(3.0 * (np.arange(40) >= 20), 20)
    assert found["at"].tolist() == [8, 9, 10, 11, 12, 28, 29, 30, 31, 32]
    assert np.allclose(found[["before/after", "interrupted"]], 0, atol=1e-9)


def test_a_step_at_the_event_changes_no_placebo_effect():
    noise = statistics.ar1(rng(), 48, 0.5)
    alone, with_step = (statistics.placebo_effects(noise + step * (np.arange(48) >= 22), 22) for step in (0.0, 3.0))
    assert np.allclose(alone, with_step, atol=1e-3)


def test_a_placebo_effect_is_the_effect_of_an_event_at_that_date_in_its_own_part():
    y = statistics.ar1(rng(), 50, 0.5)
    found = statistics.placebo_effects(y, 24, margin=10).set_index("at")
    assert found.index.tolist() == [10, 11, 12, 13, 14, 34, 35, 36, 37, 38, 39, 40]
    for at, part, event in ((12, y[:24], 12), (37, y[24:], 13)):
        fits = statistics.event_fits(part, event)
        assert found.loc[at, "before/after"] == pytest.approx(part[event:].mean() - part[:event].mean())
        assert found.loc[at, "interrupted"] == pytest.approx(fits["interrupted, GLS"].loc["after", "estimate"])


def test_a_series_too_short_for_placebo_dates_has_none():
    assert statistics.placebo_effects(rng().normal(size=30), 15).empty


@without_noise
def test_an_event_study_of_a_step_is_nothing_before_and_the_step_after():
    found = statistics.event_study(1 + 3.0 * (np.arange(40) >= 20), 20)
    assert found["step"].tolist() == [-5, -4, -3, -2, 0, 1, 2, 3, 4]
    assert found["estimate"].tolist() == pytest.approx([0] * 4 + [3] * 5, abs=1e-9)


@without_noise
def test_steps_that_are_not_full_join_their_neighbours():
    """21 weeks before the event and 22 after: one week and two are left over."""
    found = statistics.event_study(np.repeat([1.0, 0.0, 2.0], [5, 32, 6]), 21)
    assert found["step"].tolist() == [-5, -4, -3, -2, 0, 1, 2, 3, 4]
    assert found["estimate"].tolist() == pytest.approx([1, 0, 0, 0, 0, 0, 0, 0, 2], abs=1e-9)


def test_an_event_study_is_the_regression_on_its_steps_with_the_last_before_the_event_as_base():
    y = statistics.ar1(rng(), 24, 0.4)
    found = statistics.event_study(y, 12, step=3)
    step = (np.arange(24) - 12) // 3
    X = pd.DataFrame({"const": 1.0} | {number: (step == number) * 1.0 for number in (-4, -3, -2, 0, 1, 2, 3)})
    table, _ = statistics.gls_ar1(y, X)
    assert found["step"].tolist() == X.columns[1:].tolist()
    assert np.allclose(found[["estimate", "low", "high"]], table.loc[X.columns[1:], ["estimate", "low", "high"]], 1e-3)
    moved = statistics.event_study(y + 3.0 * (step >= 0), 12, step=3) - found
    assert np.allclose(moved["estimate"], 3.0 * (found["step"] >= 0), atol=1e-3)


@pytest.mark.parametrize("event", [3, 37])
@without_noise
def test_a_step_beside_the_event_that_is_not_full_stays_on_its_side(event):
    found = statistics.event_study(3.0 * (np.arange(40) >= event), event).set_index("step")["estimate"]
    assert found[found.index >= 0].tolist() == pytest.approx([3.0] * (found.index >= 0).sum(), abs=1e-9)
    assert (found.index >= 0).any()


# the same by an independent tool


@pytest.fixture(scope="module")
def linearmodels():
    """The independent tool. In CI it has to be there; elsewhere the tests that need it are skipped without it."""
    if os.environ.get("CI"):
        import linearmodels

        return linearmodels
    return pytest.importorskip("linearmodels")


def test_a_difference_in_differences_is_that_of_fixed_effects_for_series_and_weeks(linearmodels):
    X, common = statistics.event_terms(52, 26)[["const", "after"]], statistics.ar1(rng(), 52, 0.7)
    his = common + 1.5 * X["after"] + 0.3 * rng(2).normal(size=52)
    hers = common - 10 + 0.3 * rng(3).normal(size=52)
    table = pd.concat(
        {"his": pd.DataFrame({"y": his, "did": X["after"]}), "hers": pd.DataFrame({"y": hers, "did": 0.0})}
    )
    panel = linearmodels.PanelOLS(table["y"], table[["did"]], entity_effects=True, time_effects=True).fit()
    ols = sm.OLS(his - hers, X).fit()
    assert ols.params["after"] == pytest.approx(panel.params["did"], rel=1e-9)
    assert ols.bse["after"] == pytest.approx(panel.std_errors["did"], rel=1e-9)
    # the two series share their memory: the difference has none, so that gls is close, though not equal
    gls, rho = statistics.gls_ar1(his - hers, X)
    assert gls.loc["after", "estimate"] == pytest.approx(panel.params["did"], abs=0.1 * ols.bse["after"])
    assert (gls.loc["after", "high"] - gls.loc["after", "low"]) / 2 == pytest.approx(2 * ols.bse["after"], rel=0.25)
    assert gls.loc["after", "low"] < 1.5 < gls.loc["after", "high"] and abs(rho) < 0.3


@pytest.mark.parametrize("lags", [0, 6, 20])
@pytest.mark.parametrize("corrected", [False, True])
def test_hac_is_the_bartlett_kernel_of_an_independent_tool(linearmodels, lags, corrected):
    x = statistics.ar1(rng(), 100, 0.9)
    X, y = sm.add_constant(pd.DataFrame({"x": x})), pd.Series(x + statistics.ar1(rng(2), 100, 0.8))
    hac = sm.OLS(y, X).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": corrected})
    other = linearmodels.IV2SLS(y, X, None, None).fit(
        cov_type="kernel", kernel="bartlett", bandwidth=lags, debiased=corrected
    )
    assert hac.params.tolist() == pytest.approx(other.params.tolist())
    assert hac.bse.tolist() == pytest.approx(other.std_errors.tolist())


def test_clustered_errors_are_those_of_an_independent_tool_up_to_the_correction_for_few_clusters(linearmodels):
    x = statistics.ar1(rng(), 100, 0.9)
    index = pd.MultiIndex.from_product([range(100), [0]])
    X = sm.add_constant(pd.DataFrame({"x": x}, index=index))
    y = pd.Series(x + statistics.ar1(rng(2), 100, 0.8), index=index)
    blocks = pd.DataFrame({"block": np.arange(100) // 10}, index=index)
    ours = sm.OLS(y, X).fit(cov_type="cluster", cov_kwds={"groups": blocks["block"]})
    model = linearmodels.PooledOLS(y, X)
    plain = model.fit(cov_type="clustered", clusters=blocks, debiased=False)
    corrected = model.fit(cov_type="clustered", clusters=blocks, debiased=True, group_debias=True)
    assert np.allclose(ours.bse**2, plain.std_errors**2 * (10 / 9) * (99 / 98))
    assert np.allclose(ours.bse, corrected.std_errors)


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


# one voice among others


def show_of(*stretches):
    """A recording made of (speaker, Hz, gain, seconds) one after the other: its samples and its turns."""
    y, rows, now = [], [], 0.0
    for speaker, f0, gain, seconds in stretches:
        y.append(gain * voice(f0, seconds))
        rows.append({"onset": now, "offset": now + seconds, "speaker": speaker, "style": "calm"})
        now += seconds
    return np.concatenate(y), as_turns(rows)


def as_turns(rows):
    """Turns in one recording r, as a corpus knows them."""
    table = pd.DataFrame(rows).assign(recording="r", kind="speech", channel="studio", text=pd.NA)
    return table.reindex(columns=features.TURN_COLUMNS)


@pytest.fixture
def voices_in(tmp_path):
    """Measure a recording made of samples and turns: voices_in(y, turns)."""

    def make(y, turns):
        soundfile.write(tmp_path / "r.wav", y, SR)
        table = recordings(group=["FM"]).set_axis(["r"]).assign(path=str(tmp_path / "r.wav"))
        return statistics.measure_turns(corpora.spoken(corpus_of(table, turns)), turns)

    return make


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


def test_each_speakers_turns_are_measured_by_themselves(voices_in):
    y, turns = show_of(("a", 110, 0.5, 4), ("b", 220, 0.25, 4), ("a", 120, 0.5, 2))
    found = voices_in(y, turns)
    assert found["speaker"].tolist() == ["a", "b", "a"]
    assert found[["recording", "channel", "group", "style"]].drop_duplicates().to_numpy().tolist() == [
        ["r", "studio", "FM", "calm"]
    ]
    assert found["f0"].tolist() == pytest.approx([110, 220, 120], rel=0.01)
    assert found["semitones"].tolist() == pytest.approx([12 * math.log2(hz / 100) for hz in (110, 220, 120)], abs=0.05)
    assert found["seconds"].tolist() == [4, 4, 2]
    assert found["rate"].tolist() == pytest.approx([4, 4, 4], abs=0.6)
    assert (found["rate"] * found["seconds"]).tolist() == found["syllables"].tolist()
    assert found["level"].iloc[0] - found["level"].iloc[1] == pytest.approx(6.02, abs=0.5)
    assert (found["voiced"] / found["seconds"]).between(0.7, 1.0).all()
    alone = features.summarise(y[: 4 * SR])  # the other road: cut out, and measured as a recording
    assert found["f0"].iloc[0] == pytest.approx(alone["f0"], rel=0.002)
    assert found["rate"].iloc[0] == pytest.approx(alone["rate"])
    assert found["voiced"].iloc[0] == pytest.approx(alone["voiced"] * 4, abs=0.05)


def test_level_and_rolloff_of_a_turn_are_those_of_its_voiced_frames(voices_in):
    y, turns = show_of(("a", 110, 0.5, 4))
    y[SR : 2 * SR] = 0.2 * rng().standard_normal(SR)  # somebody's chair
    frames = features.frame_table(y)
    voiced = frames[frames["voiced"]]
    found = voices_in(y, turns).iloc[0]
    assert found["level"] == pytest.approx(10 * np.log10(np.mean(10 ** (voiced["level"] / 10))), abs=0.05)
    assert found["rolloff"] == pytest.approx(voiced["rolloff"].mean(), rel=0.03)
    assert frames["rolloff"].mean() > 1.3 * voiced["rolloff"].mean()


def test_frames_in_which_two_speak_count_for_neither(voices_in):
    own, other = voice(110, 4.0), voice(220, 4.0)
    y = np.zeros(6 * SR, np.float32)
    y[: 4 * SR] += 0.5 * own
    y[2 * SR :] += 0.5 * other
    turns = as_turns([{"onset": 0.0, "offset": 4.0, "speaker": "a"}, {"onset": 2.0, "offset": 6.0, "speaker": "b"}])
    found = voices_in(y, turns).set_index("speaker")
    first, last = (voices_in(*show_of((name, f0, 0.5, 2))) for name, f0 in (("a", 110), ("b", 220)))
    apart = pd.concat([first, last]).set_index("speaker")  # what is left where each speaks alone
    assert found["f0"].tolist() == pytest.approx([110, 220], rel=0.01)
    assert found["voiced"].tolist() == pytest.approx(apart["voiced"].tolist(), abs=0.1)
    assert found["level"].tolist() == pytest.approx(apart["level"].tolist(), abs=0.3)
    assert found["rolloff"].tolist() == pytest.approx(apart["rolloff"].tolist(), rel=0.05)
    assert found["seconds"].tolist() == [4, 4]


def test_a_turn_that_is_too_short_or_without_a_voice_has_no_row(voices_in):
    y, turns = show_of(("a", 110, 0.5, 2), ("b", 150, 0.5, 0.12), ("b", 150, 0.5, 0.03), ("c", 150, 0.5, 2))
    y[-2 * SR :] = 0.1 * rng().standard_normal(2 * SR)
    found = voices_in(y, turns)
    assert found["speaker"].tolist() == ["a"]
    assert found.index.tolist() == ["r/01"]


def test_where_turns_are_not_known_a_recording_is_measured_as_a_whole(voices):
    corpus = voices({"low": 110.0, "high": 220.0}, 3.0)
    found = statistics.measure_turns(corpora.spoken(corpus), None)
    assert found["recording"].tolist() == ["high", "low"] == found.index.tolist()
    assert found["f0"].tolist() == pytest.approx([220, 110], rel=0.01)
    assert found["seconds"].tolist() == [3.0, 3.0]
    assert found[["speaker", "channel", "group", "style"]].isna().all(axis=None)


def test_a_stretch_is_read_from_its_onset_and_no_further_than_it_lasts(voices):
    low, high = voice(110.0, 3.0), voice(220.0, 3.0)
    corpus = voices({"a": 110.0, "b": 110.0})
    for path in corpus.recordings["path"]:
        soundfile.write(path, np.concatenate([low, high, low]), SR)
    found = statistics.measure_turns(corpora.spoken(corpus, start=3.1, minutes=2.8 / 60), None)
    assert found["f0"].tolist() == pytest.approx([220, 220], rel=0.01)
    assert found["seconds"].tolist() == pytest.approx([2.8, 2.8])


def test_a_turn_late_in_a_recording_is_found_where_it_lies_though_the_first_turns_are_left_out(voices_in, tmp_path):
    y, turns = show_of(("a", 110, 0.5, 3), ("b", 150, 0.5, 2), ("c", 220, 0.5, 3), ("d", 300, 0.5, 2))
    every = voices_in(y, turns)
    table = recordings(speaker=["a"]).set_axis(["r"]).assign(path=str(tmp_path / "r.wav"))
    late = corpora.spoken(corpus_of(table, turns)).loc[["r/03", "r/04"]]
    found = statistics.measure_turns(late, turns)
    assert found["f0"].tolist() == pytest.approx([220, 300], rel=0.01)
    assert np.allclose(found[["f0", "level"]], every.loc[late.index, ["f0", "level"]], rtol=0.002)


def test_a_recording_that_is_not_there_is_named_rather_than_left_out(voices):
    table = voices({"a": 110.0}).recordings.assign(path="nowhere.wav")
    with pytest.raises(TutorialError, match="nowhere.wav"):
        statistics.measure_turns(corpora.spoken(corpus_of(table)), None)


def test_nothing_to_measure_gives_an_empty_table():
    nothing = statistics.measure_turns(corpora.spoken(corpus_of(recordings(speaker=["a"]).iloc[:0])), None)
    assert nothing.empty and {"semitones", "rate", "level"} <= set(nothing.columns)
    assert statistics.by_recording(nothing).empty


def voices_table(**columns):
    """Turns as `measure_turns` gives them."""
    n = len(next(iter(columns.values())))
    plain = {"recording": "r", "speaker": "a", "channel": pd.NA, "group": pd.NA, "style": pd.NA, "voiced": 1.0}
    plain |= {"semitones": 0.0, "level": -20.0, "rolloff": 1000.0, "syllables": 4.0, "seconds": 1.0}
    return pd.DataFrame(plain, index=[f"t{i}" for i in range(n)]).assign(**columns)


def test_turns_of_a_recording_are_put_together_by_hand():
    turns = voices_table(
        voiced=[1.0, 3.0],
        semitones=[0.0, 4.0],
        level=[-20.0, -30.0],
        rolloff=[1000.0, 2000.0],
        syllables=[4.0, 9.0],
        seconds=[1.0, 4.0],
    )
    (found,) = statistics.by_recording(turns).to_dict("records")
    assert found.pop("recording") == "r" and found.pop("speaker") == "a"
    assert found == pytest.approx(
        {
            "semitones": 3.0,
            "level": 10 * math.log10((0.01 + 3 * 0.001) / 4),
            "rolloff": 1750.0,
            "rate": 13 / 5,
            "voiced": 4.0,
            "seconds": 5.0,
            "f0": 100 * 2 ** (3 / 12),
        }
    )


def test_each_speaker_of_each_recording_has_a_row_and_nobody_known_is_called_nothing():
    found = statistics.by_recording(voices_table(recording=list("qqpp"), speaker=["b", "a", "b", "b"]))
    assert found[["recording", "speaker"]].to_numpy().tolist() == [["q", "b"], ["q", "a"], ["p", "b"]]
    assert found["seconds"].tolist() == [1.0, 1.0, 2.0]
    unknown = statistics.by_recording(voices_table(speaker=pd.array([pd.NA] * 2, "string"), semitones=[1.0, 3.0]))
    assert unknown[["speaker", "semitones"]].to_numpy().tolist() == [["", 2.0]]


# voices that take turns


def three_voices(voices, seconds=2.0):
    """Three recordings each of three voices, with their speakers."""
    corpus = voices(
        {f"{s}{i}": f0 for s, f0 in {"a": 110.0, "b": 150.0, "c": 220.0}.items() for i in range(3)}, seconds
    )
    return corpus.recordings.assign(speaker=corpus.recordings.index.str[0])


def test_turns_of_three_known_voices_are_measured_where_they_lie(voices):
    spoken = corpora.spoken(corpus_of(three_voices(voices)))
    known, sentence = statistics.known_speakers(statistics.measure_turns(spoken, None), rng())
    assert sentence == "9 turns of 3 recorded speakers."
    found = known.groupby("speaker")["semitones"].median()
    assert found.tolist() == pytest.approx([12 * math.log2(f0 / 100) for f0 in (110, 150, 220)], abs=0.05)


def test_voices_are_simulated_and_said_to_be_where_speakers_are_not_known_or_not_heard(voices):
    noise = voices({f"noise{i}": None for i in range(6)}).recordings.assign(speaker=["a", "b", "c"] * 2)
    unheard = statistics.measure_turns(corpora.spoken(corpus_of(noise)), None)
    unknown = voices_table(speaker=pd.array([pd.NA] * 9, "string"))
    for table in (unheard, unknown, voices_table(speaker=list("aabb")), voices_table(speaker=list("aabbcd"))):
        known, sentence = statistics.known_speakers(table, rng())
        assert "simulated" in sentence
        assert known["speaker"].value_counts().tolist() == [10] * 4
        assert {"semitones", "level", "rate", "seconds", "channel"} <= set(known.columns)


def test_simulated_voices_differ_in_pitch_and_not_in_rate():
    known, _ = statistics.known_speakers(voices_table(speaker=["a"]), rng())
    by_speaker = {name: [own for _, own in known.groupby("speaker")[name]] for name in ("semitones", "rate")}
    assert stats.f_oneway(*by_speaker["semitones"]).pvalue < 1e-6
    assert stats.f_oneway(*by_speaker["rate"]).pvalue > 0.01


def test_a_speaker_of_one_turn_is_left_out():
    known, sentence = statistics.known_speakers(voices_table(speaker=list("aabbccd")), rng())
    assert sentence == "6 turns of 3 recorded speakers." and "d" not in set(known["speaker"])


def test_all_of_the_chosen_recordings_are_measured_and_some_of_four_voices_where_speakers_are_few(monkeypatch):
    monkeypatch.setattr(data_prep, "probe", lambda path: {"seconds": 3.0})
    table = recordings(speaker=list("a" * 15 + "b" * 12 + "c" * 11 + "d" * 4 + "e" * 3))
    spoken = corpora.spoken(corpus_of(table))
    wanted = statistics.stretches(spoken, table.iloc[[20, 3]], rng(), most=5)
    assert wanted.index.is_unique and {"r20", "r03"} <= set(wanted.index)
    counts = wanted.drop(index=["r20", "r03"], errors="ignore")["speaker"].value_counts()
    assert set(counts.index) == set("abcd")
    assert counts["c"] == 5 and counts["d"] == 4 and counts["a"] in (4, 5) and counts["b"] in (4, 5)


def test_no_more_is_measured_than_the_chosen_where_they_hold_three_speakers_or_nobody_has_more():
    several = recordings(speaker=list("abcd") * 5)
    chosen = several.iloc[:3]
    assert statistics.stretches(corpora.spoken(corpus_of(several)), chosen, rng()).index.tolist() == list(chosen.index)
    for few in (recordings(speaker=[pd.NA] * 9), recordings(speaker=list("ab") * 5)):
        assert len(statistics.stretches(corpora.spoken(corpus_of(few)), few.iloc[:4], rng())) == 4


def test_recordings_that_end_before_the_start_take_no_turn(voices):
    long = three_voices(voices, 3.0)
    short = three_voices(voices, 1.0).rename(index=lambda name: f"short {name}")
    table = pd.concat([long, short])
    spoken = corpora.spoken(corpus_of(table), start=1.5)
    found = statistics.measure_turns(statistics.stretches(spoken, long.iloc[:2], rng()), None)
    assert sorted(found.index) == sorted(long.index)


def test_three_voices_against_three_have_a_p_value_that_can_be_counted():
    """Sums of three of 1, 2, 3, 4, 5, 9: two of the 20 are at least 17, two at most 7."""
    one, two = [3.0, 5.0, 9.0], [1.0, 2.0, 4.0]

    def difference(a, b, axis):
        return np.mean(a, axis=axis) - np.mean(b, axis=axis)

    assert stats.permutation_test((one, two), difference, vectorized=True).pvalue == pytest.approx(4 / 20)
    apart = stats.permutation_test(([7.0, 8.0, 9.0], [1.0, 2.0, 4.0]), difference, vectorized=True)
    assert apart.pvalue == pytest.approx(2 / 20)


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
    assert measured(chosen).empty


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


def test_a_group_is_compared_with_all_others():
    table = recordings(group=["FM"] * 4 + ["web"] * 3 + ["club"] * 2 + [pd.NA] * 2)
    chosen, sentence = statistics.comparison(table, rng(), group="FM")
    assert chosen.groupby("label")["condition"].agg(["first", "size"]).to_dict("index") == {
        "FM": {"first": 1, "size": 4},
        "others": {"first": 0, "size": 5},
    }
    assert set(chosen.loc[chosen["condition"] == 1, "group"]) == {"FM"} and chosen["series"].eq("").all()
    assert sentence == "Recordings of FM and of all other groups."


def test_an_event_of_one_group_makes_it_a_series_and_the_others_another():
    weeks = pd.date_range("2022-01-02", periods=10, freq="7D")
    table = recordings(date=weeks.repeat(2), group=["FM", "web"] * 10)
    chosen, sentence = statistics.comparison(table, rng(), event_date="2022-01-30", group="FM")
    assert sentence == "Recordings before 2022-01-30 and from then on, of FM, with the others for comparison."
    assert chosen.groupby("series")["group"].unique().str[0].to_dict() == {"FM": "FM", "others": "web"}
    assert chosen.groupby(["series", "label"]).size().tolist() == [6, 4, 6, 4]
    assert (chosen["condition"] == (chosen["date"] >= "2022-01-30")).all()
    assert chosen["series"].iloc[0] == "FM" and chosen["unit"].tolist() == chosen.index.tolist()


def test_an_event_without_a_group_has_one_series():
    table = recordings(date=pd.date_range("2022-01-02", periods=10), group=["FM", "web"] * 5)
    chosen, sentence = statistics.comparison(table, rng(), event_date="2022-01-06")
    assert len(chosen) == 10 and chosen["series"].eq("").all() and "comparison" not in sentence


def test_fewer_than_three_others_on_a_side_make_no_comparison_series():
    table = recordings(date=pd.date_range("2022-01-02", periods=10), group=["web"] * 2 + ["FM"] * 6 + ["web"] * 2)
    chosen, _ = statistics.comparison(table, rng(), event_date="2022-01-07", group="FM")
    assert set(chosen["series"]) == {"FM"} and len(chosen) == 6


def test_no_more_than_the_stated_number_is_drawn_of_each_series():
    table = recordings(date=pd.date_range("2022-01-02", periods=40), group=["FM", "web"] * 20)
    chosen, _ = statistics.comparison(table, rng(), event_date="2022-01-22", group="FM", most=8)
    assert chosen.groupby(["series", "condition"]).size().tolist() == [4, 4, 4, 4]


def test_a_group_that_no_recording_is_of_is_refused_and_the_groups_are_named():
    with pytest.raises(TutorialError, match="No recording is of the group 'AM'.*has: FM, web"):
        statistics.comparison(recordings(group=["web", "FM"] * 4), rng(), group="AM")
    with pytest.raises(TutorialError, match="'AM'.*has: nothing"):
        statistics.comparison(recordings(group=[pd.NA] * 4), rng(), group="AM")


def test_recordings_of_no_known_group_are_not_counted_as_the_groups():
    table = recordings(date=pd.date_range("2022-01-02", periods=12), group=["FM", "web", pd.NA] * 4)
    chosen, _ = statistics.comparison(table, rng(), event_date="2022-01-08", group="FM")
    assert set(chosen.loc[chosen["series"] == "FM", "group"].fillna("unknown")) <= {"FM"}


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
    table = measured(statistics.comparison(paired, rng())[0])
    wide = table.pivot(index="unit", columns="condition", values="semitones")
    assert (wide[1] - wide[0]).tolist() == pytest.approx([2.0] * 6, abs=0.05)
    assert table["rate"].tolist() == pytest.approx([4.0] * 12, abs=0.6)


def test_where_half_a_pair_cannot_be_measured_the_other_half_goes_too(paired, voices):
    chosen, _ = statistics.comparison(paired, rng())
    chosen.loc["es/a", "path"] = voices({"noise": None}).recordings["path"].iloc[0]
    table = measured(chosen)
    assert sorted(table["unit"].unique()) == ["b", "c", "d", "e", "f"] and len(table) == 10


def test_where_fewer_than_three_can_be_measured_nothing_is_compared(paired, voices):
    chosen, _ = statistics.comparison(paired, rng())
    chosen.loc[chosen["unit"].isin(list("abcd")), "path"] = voices({"noise": None}).recordings["path"].iloc[0]
    assert measured(chosen).empty


def test_a_recording_that_cannot_be_read_is_named_rather_than_left_out(paired):
    chosen, _ = statistics.comparison(paired, rng())
    chosen.loc["en/b", "path"] = "nowhere.wav"
    with pytest.raises(TutorialError, match="nowhere.wav"):
        measured(chosen)


def chosen_by_date(n=10, event=5):
    """Recordings of `comparison` around an event, the latest first."""
    table = recordings(date=pd.date_range("2022-01-02", periods=n, freq="7D"))
    date = f"{table['date'].iloc[event]:%Y-%m-%d}"
    return statistics.comparison(table, rng(), event_date=date)[0].iloc[::-1]


def test_with_a_focus_every_speaker_is_a_series_and_its_condition_that_of_the_recording():
    chosen = chosen_by_date()
    turns = voices_table(recording=[name for name in chosen.index for _ in "ab"], speaker=["host", "cohost"] * 10)
    turns["semitones"] = np.where(turns["speaker"] == "host", 1.0, 9.0)
    table = statistics.compared(statistics.by_recording(turns), chosen, focus="host")
    assert table.groupby("series")["semitones"].unique().str[0].to_dict() == {"host": 1.0, "cohost": 9.0}
    assert table.groupby(["series", "condition"]).size().tolist() == [5] * 4
    assert table["date"].is_monotonic_increasing and "speaker" not in table
    assert (table["condition"] == (table["date"] >= "2022-02-06")).all()


def test_where_the_speaker_in_focus_is_heard_in_fewer_than_three_on_a_side_nothing_is_compared():
    chosen = chosen_by_date()
    turns = voices_table(recording=list(chosen.index), speaker=["host"] * 2 + ["cohost"] * 3 + ["host"] * 5)
    assert statistics.compared(statistics.by_recording(turns), chosen, focus="host").empty
    turns["speaker"] = ["host"] * 3 + ["cohost"] * 2 + ["host"] * 5
    assert len(statistics.compared(statistics.by_recording(turns), chosen, focus="host")) == 10


def test_without_a_focus_the_series_is_that_of_the_comparison_and_rows_follow_by_date():
    chosen = chosen_by_date().assign(listeners=np.arange(10))
    turns = voices_table(recording=list(chosen.index), speaker=pd.array([pd.NA] * 10, "string"))
    table = statistics.compared(statistics.by_recording(turns), chosen)
    assert table.index.tolist() == chosen.index[::-1].tolist()
    assert table["listeners"].tolist() == list(range(9, -1, -1)) and table["series"].eq("").all()


@pytest.mark.parametrize("name", ["level", "seconds", "condition"])
def test_a_learners_column_with_the_name_of_a_measure_is_refused_by_name(name):
    table = recordings(date=pd.date_range("2022-01-02", periods=8)).assign(listeners=3)
    assert "listeners" in statistics.comparison(table, rng())[0]
    with pytest.raises(TutorialError, match=f"column '{name}'.*Call it something else"):
        statistics.comparison(table.assign(**{name: 3}), rng())


def test_every_column_that_the_comparison_and_the_measures_add_is_one_that_a_learner_may_not_have():
    chosen = chosen_by_date()
    turns = voices_table(recording=list(chosen.index), speaker=pd.array([pd.NA] * 10, "string"))
    table = statistics.compared(statistics.by_recording(turns), chosen)
    assert set(table.columns) - set(corpora.COLUMNS) == statistics.OWN


def test_what_is_followed_is_pitch_or_the_learners_own_column():
    table = pd.DataFrame(
        {"semitones": [1.0], "rate": 4.0, "listeners": 7, "condition": 0, "f0": 110.0, "label": "after"}
    )
    assert statistics.outcome_column(table) == "semitones"
    assert statistics.outcome_column(table, "rate") == "rate"
    assert statistics.outcome_column(table, "listeners") == "listeners"


@pytest.mark.parametrize("name", ["label", "condition", "treated", "mood"])
def test_a_column_that_cannot_be_followed_is_refused_with_those_that_can(name):
    table = pd.DataFrame({"semitones": [1.0], "listeners": 7, "condition": 0, "f0": 110.0, "label": "after"})
    table["treated"] = pd.array([True], "boolean")
    words = f"no column of numbers called '{name}' to follow. Give one of these as outcome: semitones, listeners"
    with pytest.raises(TutorialError, match=words + r"\.$"):
        statistics.outcome_column(table, name)


def test_what_can_be_measured_has_a_name_and_a_unit():
    table = statistics.by_recording(voices_table(speaker=["a"]))
    for column, words in statistics.MEASURES.items():
        assert statistics.outcome_column(table, column) == column and len(words) == 2


# week by week


def by_week(values, *, series="", event=0, first="2022-01-02", skip=()):
    """Recordings of Sundays as `compared` gives them, one a week from the first on, but for those that are skipped."""
    table = pd.DataFrame({"date": pd.date_range(first, periods=len(values), freq="7D"), "rate": values})
    table = table.assign(series=series, condition=(np.arange(len(values)) >= event).astype(int))
    return table.drop(index=list(skip))


def test_a_series_has_a_row_a_week_in_order_of_date_and_knows_how_many_lie_before_the_event():
    table = by_week(np.arange(10.0), series="host", event=4)
    weeks, before = statistics.weekly(table.sample(frac=1, random_state=1), "rate")
    assert before == 4
    assert weeks["host"].tolist() == list(range(10))
    assert weeks.index.tolist() == (table["date"] - pd.Timedelta(days=6)).tolist()  # weeks begin on Monday


def test_recordings_of_one_week_are_averaged():
    table = pd.concat([by_week(np.arange(8.0), event=4), by_week(np.arange(8.0) + 1, event=4, first="2021-12-27")])
    weeks, before = statistics.weekly(table, "rate")
    assert weeks[""].tolist() == [i + 0.5 for i in range(8)] and before == 4


def test_only_weeks_that_all_series_have_take_part():
    table = pd.concat(
        [
            by_week(np.arange(20.0), series="host", event=10),
            by_week(np.arange(20.0), series="cohost", event=10, skip=[3]),
        ]
    )
    weeks, before = statistics.weekly(table, "rate")
    assert sorted(weeks.columns) == ["cohost", "host"] and before == 9
    assert weeks["host"].tolist() == [i for i in range(20) if i != 3]


def test_a_series_that_is_missing_too_often_is_left_out():
    host = by_week(np.arange(20.0), series="host", event=10)
    for skip, columns in (([3, 12], ["guest", "host"]), ([3, 7, 12], ["host"])):
        guest = by_week(np.arange(20.0), series="guest", event=10, skip=skip)
        weeks, before = statistics.weekly(pd.concat([host, guest]), "rate")
        assert sorted(weeks.columns) == columns
        assert (len(weeks), before) == ((20, 10) if columns == ["host"] else (18, 9))


def test_without_dates_or_an_order_in_time_there_is_no_series():
    table = by_week(np.arange(10.0), event=5)
    for without in (
        table.assign(date=pd.NaT),
        table.assign(condition=np.arange(10) % 2),
        table.assign(condition=1 - table["condition"]),
        table.assign(condition=1),
        table.iloc[:0],
    ):
        weeks, before = statistics.weekly(without, "rate")
        assert weeks.empty and before == 0


# pairs by two roads


def test_a_paired_difference_by_ols_with_pair_fixed_effects_is_the_paired_t_test():
    """The roads of the lesson, on a table as `compared` gives: fixed effects exactly, clusters to (2n-1)/(2n-2)."""
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


# a predictor that is measured with error


def a_fifth(x):
    """The right value of the first fifth of rows."""
    return np.where(np.arange(len(x)) < len(x) // 5, x, np.nan)


def test_a_slope_without_noise_is_corrected_exactly():
    right = rng().normal(size=60)
    found = statistics.calibrate(7 + 3 * right, 1 + 2 * right, a_fifth(right))
    assert found.to_dict() == pytest.approx({"naive": 1.5, "estimate": 3.0, "low": 3.0, "high": 3.0})


@pytest.mark.parametrize("errors", ["alike", "larger where the value is"])
def test_a_slope_is_the_naive_one_of_the_rest_over_the_slope_of_the_checked(errors):
    """By hand, with an interval from the bootstrap."""
    generator = rng()
    right = generator.normal(size=1000)
    size = 1.0 if errors == "alike" else np.abs(right)
    y, seen = 1.5 * right + generator.normal(size=1000), right + 0.8 * size * generator.normal(size=1000)
    found = statistics.calibrate(y, seen, a_fifth(right))
    naive = np.polyfit(seen[200:], y[200:], 1)[0]
    assert found["naive"] == pytest.approx(naive)
    assert found["estimate"] == pytest.approx(naive / np.polyfit(seen[:200], right[:200], 1)[0])
    draws = []
    for _ in range(400):
        rows = np.r_[generator.integers(0, 200, 200), generator.integers(200, 1000, 800)]
        draws.append(statistics.calibrate(y[rows], seen[rows], a_fifth(right[rows]))["estimate"])
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * np.std(draws), rel=0.15)
    assert (found["high"] + found["low"]) / 2 == pytest.approx(found["estimate"])


@pytest.mark.parametrize("kind", ["noise", "wrong labels"])
def test_a_planted_slope_comes_back_from_noise_and_from_wrong_labels(kind):
    generator, found = rng(), []
    for _ in range(100):
        if kind == "noise":
            right = generator.normal(size=400)
            seen = right + generator.normal(size=400)
        else:
            right = generator.integers(0, 2, 400).astype(float)
            seen = np.where(generator.random(400) < 0.15, 1 - right, right)
        found.append(statistics.calibrate(4 * right + generator.normal(size=400), seen, a_fifth(right)))
    found = pd.DataFrame(found)
    shrunk = 0.5 if kind == "noise" else 0.7  # one half of the variance is right; 1 - 2 x .15
    assert found["naive"].mean() == pytest.approx(4 * shrunk, rel=0.05)
    assert found["estimate"].mean() == pytest.approx(4, rel=0.03)
    assert 0.88 <= ((found["low"] <= 4) & (found["high"] >= 4)).mean() <= 0.995
    assert not found["naive"].between(found["low"], found["high"]).all()


@pytest.mark.parametrize("checked", [9, 51])
def test_a_correction_by_too_few_rows_is_refused_with_their_number(checked):
    x = rng().normal(size=60)
    with pytest.raises(TutorialError, match=f"{checked} of 60 rows were checked; the correction needs 10"):
        statistics.calibrate(x, x, np.where(np.arange(60) < checked, x, np.nan))


def two_takes(generator, n, *, sd=2.0, error=1.5, slope=1.5, noise=1.0):
    """An outcome and two measurements of its predictor, each with errors of its own."""
    right = sd * generator.normal(size=n)
    return slope * right + noise * generator.normal(size=n), right[:, None] + error * generator.normal(size=(n, 2))


def test_with_errors_added_slopes_fall_as_the_theory_says():
    y, takes = two_takes(rng(), 20_000)
    slopes = statistics.simex_slopes(y, takes, rng(2), repeats=10)
    theory = 1.5 * 4 / (4 + (1 + statistics.SIMEX_STEPS) * 2.25 / 2)
    assert slopes.tolist() == pytest.approx(theory.tolist(), rel=0.02)
    assert slopes[0] == pytest.approx(np.polyfit(takes.mean(axis=1), y, 1)[0])  # nothing was added yet
    assert statistics.simex_curve(theory, -1.0) == pytest.approx(1.5, abs=1e-6)


def test_simex_finds_in_many_rows_what_was_planted():
    y, takes = two_takes(rng(), 20_000)
    found = statistics.simex(y, takes, rng(2), boots=2)
    assert found["naive"] == pytest.approx(1.5 * 4 / (4 + 2.25 / 2), rel=0.02)
    assert found["estimate"] == pytest.approx(1.5, rel=0.03)


def test_simex_of_takes_without_errors_leaves_the_slope_as_it_is():
    y, takes = two_takes(rng(), 300, error=0.0)
    found = statistics.simex(y, takes + 1e-3 * rng(3).normal(size=takes.shape), rng(2), boots=20)
    assert found["estimate"] == pytest.approx(found["naive"], rel=1e-4)


def test_the_interval_of_simex_holds_what_was_planted_in_most_of_forty_corpora():
    generator, held = rng(), []
    for _ in range(40):
        y, takes = two_takes(generator, 200, sd=1.0, error=0.8)
        found = statistics.simex(y, takes, generator, boots=60)
        held.append(found["low"] <= 1.5 <= found["high"])
    assert sum(held) >= 34


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 3)])
def test_simex_refuses_what_was_not_measured_twice(shape):
    with pytest.raises(TutorialError, match=re.escape(f"takes has the shape {shape}")):
        statistics.simex(np.zeros(30), np.zeros(shape), rng())


# between the mouth and the file


def power_between(y, low, high, sr=SR):
    """The power in a band (Hz), in dB, without what the two ends of the recording add."""
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y)))) ** 2
    frequencies = np.fft.rfftfreq(len(y), 1 / sr)
    return 10 * np.log10(spectrum[(low <= frequencies) & (frequencies < high)].sum())


def rms_db(y):
    return 10 * np.log10(np.mean(np.asarray(y, float) ** 2))


@pytest.mark.parametrize("kbps", [16, 24, 64, 128, 160])
def test_a_tone_survives_mp3_at_its_level(sine, kbps):
    y = sine(500, 3.0)
    saved = statistics.as_mp3(y, kbps=kbps)
    assert saved.dtype == np.float32 and len(saved) == len(y)
    assert rms_db(saved[SR : 2 * SR]) == pytest.approx(rms_db(y), abs=1.0)


def test_mp3_of_24_kilobits_loses_what_lies_above_6_khz_and_of_128_keeps_it(noise):
    y = noise(3.0)
    lost, kept = (statistics.as_mp3(y, kbps=kbps) for kbps in (24, 128))
    before = power_between(y, 6000, 7000)
    assert power_between(lost, 6000, 7000) < before - 10
    assert power_between(kept, 6000, 7000) == pytest.approx(before, abs=1.5)
    assert power_between(lost, 500, 4000) == pytest.approx(power_between(y, 500, 4000), abs=1.5)
    assert np.array_equal(lost, statistics.as_mp3(y))  # 24 is what is taken for granted


def test_mp3_of_another_rate_keeps_its_pitch(sine):
    saved = statistics.as_mp3(sine(500, 2.0, sr=22_050), 22_050, kbps=32)
    spectrum = np.abs(np.fft.rfft(saved[: 2 * 22_050]))
    assert np.argmax(spectrum) / 2 == pytest.approx(500, abs=1)


@pytest.mark.parametrize("kbps", [24, 48, 128])
def test_what_comes_back_from_mp3_is_in_step_with_what_was_saved(noise, kbps):
    y = noise(1.0)
    saved = statistics.as_mp3(y, kbps=kbps)
    lag = np.argmax(np.correlate(saved, y[2000:10_000], mode="valid")) - 2000
    assert lag == 0 and len(saved) == len(y)


def test_the_lowest_rate_that_is_promised_can_be_had(sine):
    assert len(statistics.as_mp3(sine(500), kbps=8.0))


def test_every_chain_keeps_single_precision_and_the_length(noise):
    y = noise(2.0)
    chains = statistics.recording_chains(rng())
    assert list(chains) == ["gain -12 dB", "mp3, 24 kb/s", "8 kHz", "noise, 10 dB", "room, 0.5 s"]
    for name, chain in chains.items():
        before = y.copy()
        changed = chain(y)
        assert changed.dtype == np.float32, name
        assert len(changed) == len(y), name
        assert np.array_equal(y, before) and not np.array_equal(changed, y), name


def test_a_gain_of_minus_12_db_is_a_quarter(noise):
    y = noise(1.0)
    assert np.allclose(statistics.recording_chains(rng())["gain -12 dB"](y), 10 ** (-12 / 20) * y)


def test_noise_lies_10_db_under_the_recording(sine):
    for amplitude in (0.5, 0.01):
        y = sine(500, 3.0, amplitude)
        noisy = statistics.recording_chains(rng())["noise, 10 dB"](y)
        assert rms_db(y) - rms_db(noisy - y) == pytest.approx(10.0, abs=0.2)


def test_a_rate_of_8_khz_leaves_nothing_above_4_khz_and_the_rest_as_it_was(noise):
    y = noise(2.0)
    narrow = statistics.recording_chains(rng())["8 kHz"](y)
    assert power_between(narrow, 4050, 8000) < power_between(y, 4050, 8000) - 60
    assert power_between(narrow, 100, 3500) == pytest.approx(power_between(y, 100, 3500), abs=0.1)


def test_a_room_answers_a_click_as_loud_as_it_and_dies_away_by_60_db_in_half_a_second():
    click = np.zeros(SR, np.float32)
    click[100] = 1.0
    heard = statistics.recording_chains(rng())["room, 0.5 s"](click)
    assert np.allclose(heard[:100], 0, atol=1e-6) and heard[100] == pytest.approx(1.0, abs=1e-6)
    tail = heard[101 : 101 + SR // 2]
    assert np.sum(tail**2) == pytest.approx(1.0, abs=0.01)
    tenth = SR // 20
    assert rms_db(tail[:tenth]) - rms_db(tail[-tenth:]) == pytest.approx(54, abs=1.5)  # nine tenths of 60
    assert np.allclose(heard[101 + SR // 2 :], 0, atol=1e-6)


def test_chains_drawn_by_one_seed_are_the_same(noise):
    y = noise(1.0)
    one, two = ({name: chain(y) for name, chain in statistics.recording_chains(rng(3)).items()} for _ in range(2))
    assert all(np.array_equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def moved():
    """Four pieces of one voice that moves in pitch, level and rate, put through every chain."""
    pieces = []
    for i, (f0, gain, syllables) in enumerate([(120, 1.0, 3.0), (130, 0.5, 4.0), (142, 0.8, 5.0), (150, 0.3, 6.0)]):
        glide = f0 * 2 ** (np.linspace(0, 1 + i, 2 * SR) / 12)
        pieces.append(np.float32(gain) * features.harmonic_voice(glide, syllables=syllables))
    return pieces, *statistics.robustness(pieces, rng())


def test_a_gain_moves_level_by_12_db_over_its_spread_and_pitch_not_at_all(moved):
    _, table, spread = moved
    assert table.loc["level", "gain -12 dB"] == pytest.approx(-12 / spread["level"], abs=1e-4)
    assert table.loc["f0", "gain -12 dB"] == pytest.approx(0.0, abs=1e-6)
    assert table.loc["rate", "gain -12 dB"] == 0.0
    assert table.loc["centroid", "gain -12 dB"] == pytest.approx(0.0, abs=1e-4)


def test_noise_and_a_room_move_the_spectrum_and_a_narrow_line_lowers_it(moved):
    _, table, _ = moved
    assert table.columns.tolist() == ["gain -12 dB", "mp3, 24 kb/s", "8 kHz", "noise, 10 dB", "room, 0.5 s"]
    assert table.loc["centroid", "noise, 10 dB"] > 1
    assert table.loc["f0"].abs().max() < 0.1


def test_the_spread_between_pieces_is_that_of_their_summaries(moved):
    pieces, table, spread = moved
    summaries = pd.DataFrame([features.summarise(y) for y in pieces])
    assert spread["level"] == pytest.approx(summaries["level"].std())
    assert spread["f0"] == pytest.approx((12 * np.log2(summaries["f0"])).std())
    assert set(table.index) == set(spread.index) == set(summaries.columns) - {"seconds"}


def test_a_spread_between_fewer_than_three_pieces_is_refused():
    with pytest.raises(TutorialError, match="three of them; there are 2"):
        statistics.robustness([voice(120.0, 1.0)] * 2, rng())


# what would have been enough


def test_the_power_of_speakers_is_that_of_a_t_test_of_their_means():
    speakers = np.array([2, 5, 10, 40])
    power = statistics.power_of_speakers(0.8, between=0.6, within=1.2, speakers=speakers, turns=4)
    size = 0.8 / np.sqrt(0.6**2 + 1.2**2 / 4)
    assert power.tolist() == pytest.approx([TTestIndPower().power(size, n, 0.05) for n in speakers])
    df, shift = 2 * speakers - 2, size * np.sqrt(speakers / 2)  # and by the noncentral t itself
    edge = stats.t.ppf(0.975, df)
    assert power.tolist() == pytest.approx((stats.nct.sf(edge, df, shift) + stats.nct.cdf(-edge, df, shift)).tolist())


def test_the_power_of_speakers_is_that_of_simulated_ones():
    generator, found = rng(), []
    for _ in range(300):
        one, two = (
            generator.normal(shift, 1.0, size=10)[:, None] + 2.0 * generator.normal(size=(10, 4))
            for shift in (0.0, 1.5)
        )
        found.append(stats.ttest_ind(one.mean(axis=1), two.mean(axis=1)).pvalue < 0.05)
    power = statistics.power_of_speakers(1.5, between=1.0, within=2.0, speakers=np.array([10]), turns=4)
    assert np.mean(found) == pytest.approx(power[0], abs=0.08)


def test_more_speakers_give_power_and_more_turns_of_the_same_only_up_to_what_lies_between_speakers():
    speakers = np.arange(2, 61)
    few, many, endless = (
        statistics.power_of_speakers(0.8, between=1.0, within=2.0, speakers=speakers, turns=turns)
        for turns in (1, 100, 10**9)
    )
    assert (np.diff(few) > 0).all() and (few < many).all()
    between_only = [TTestIndPower().power(0.8, n, 0.05) for n in speakers]
    assert endless.tolist() == pytest.approx(between_only)
    assert np.abs(many - between_only).max() < 0.03
    one, hundred = (
        statistics.power_of_speakers(0.8, between=1.0, within=0.0, speakers=speakers, turns=turns) for turns in (1, 100)
    )
    assert one.tolist() == hundred.tolist()


def test_the_power_to_find_a_jump_without_memory_or_trend_is_that_of_a_t_test():
    episodes = np.array([8, 20, 52, 120])
    power = statistics.power_of_episodes(0.6, sd=0.8, rho=0.0, episodes=episodes, trend=False)
    assert power.tolist() == pytest.approx([TTestIndPower().power(0.6 / 0.8, n / 2, 0.05) for n in episodes], abs=1e-6)


@pytest.mark.parametrize(("rho", "trend"), [(0.5, True), (0.5, False), (-0.3, True)])
def test_the_power_to_find_a_jump_follows_from_the_whole_covariance_and_the_noncentral_t(rho, trend):
    episodes, power = np.array([12, 52]), []
    for n in episodes:
        X = statistics.event_terms(n, n // 2).iloc[:, : 3 if trend else 2].to_numpy()
        covariance = 0.8**2 * toeplitz(rho ** np.arange(n))
        error = np.sqrt(np.linalg.inv(X.T @ np.linalg.inv(covariance) @ X)[1, 1])
        df = n - X.shape[1]
        edge = stats.t.ppf(0.975, df)
        power.append(stats.nct.sf(edge, df, 0.9 / error) + stats.nct.cdf(-edge, df, 0.9 / error))
    found = statistics.power_of_episodes(0.9, sd=0.8, rho=rho, episodes=episodes, trend=trend)
    assert found.tolist() == pytest.approx(power, abs=1e-6)


@pytest.mark.parametrize(("rho", "effect"), [(0.5, 2.0), (0.3, 1.5), (0.0, 1.0)])
def test_the_power_to_find_a_jump_is_that_of_simulated_series_a_little_too_hopeful(rho, effect):
    generator, X = rng(), statistics.event_terms(52, 26)
    found = []
    for _ in range(200):
        y = effect * X["after"] + 0.02 * X["week"] + statistics.ar1(generator, 52, rho)
        found.append(statistics.gls_ar1(y, X)[0].loc["after", "p"] < 0.05)
    power = statistics.power_of_episodes(effect, sd=1.0, rho=rho, episodes=np.array([52]))
    assert np.mean(found) == pytest.approx(power[0], abs=0.1)


def test_power_to_find_a_jump_rises_with_episodes_and_effect_and_falls_with_a_trend_to_be_told_from():
    episodes = np.arange(8, 201, 4)
    base = {"sd": 1.0, "rho": 0.5, "episodes": episodes}
    small, large = (statistics.power_of_episodes(effect, **base) for effect in (1.0, 2.0))
    assert (np.diff(small) > 0).all() and (small < large).all()
    assert (statistics.power_of_episodes(1.0, trend=False, **base) > small).all()
    assert np.allclose(statistics.power_of_episodes(10.0, **(base | {"sd": 10.0})), small)


def test_an_effect_many_errors_large_is_found_for_certain_and_a_tiny_one_as_often_as_chance():
    episodes = np.array([8, 52, 200])
    for effect in (30.0, 1e3, 1e6):
        power = statistics.power_of_episodes(effect, sd=1.0, rho=0.5, episodes=episodes)
        assert power.tolist() == pytest.approx([1.0, 1.0, 1.0])
    power = statistics.power_of_episodes(1e-4, sd=1.0, rho=0.5, episodes=episodes, alpha=0.1)
    assert power.tolist() == pytest.approx([0.1] * 3, abs=1e-4)


def test_a_jump_of_so_many_standard_deviations_is_found_as_often_in_any_unit():
    episodes = np.array([20, 52])
    hertz, kilohertz = (
        statistics.power_of_episodes(1.2 * sd, sd=sd, rho=0.4, episodes=episodes) for sd in (500.0, 0.5)
    )
    assert hertz.tolist() == pytest.approx(kilohertz.tolist()) and 0.1 < hertz[0] < hertz[1] < 0.95


def test_no_effect_is_found_as_often_as_chance():
    power = statistics.power_of_episodes(0.0, sd=1.0, rho=0.5, episodes=np.array([8, 52]))
    assert power.tolist() == pytest.approx([0.05, 0.05])


def test_no_difference_between_speakers_is_found_as_often_as_chance():
    power = statistics.power_of_speakers(0.0, between=1.0, within=1.0, speakers=np.array([2, 30]), turns=3, alpha=0.1)
    assert power.tolist() == pytest.approx([0.1, 0.1])


def test_the_correction_holds_where_the_measure_errs_more_at_some_values_than_at_others():
    """Music, which is never talk, is measured well, and talk badly: with one error for all, 88 % held the slope."""
    generator, inside = rng(), []
    for _ in range(200):
        talk = np.where(generator.random(300) < 0.85, 1.0, generator.uniform(0, 0.3, 300))
        measured = 0.4 * talk + generator.normal(size=300) * np.where(talk == 1, 0.12, 0.02)
        outcome = 10 * talk + generator.normal(scale=2, size=300)
        checked = np.where(np.arange(300) < 60, talk, np.nan)
        found = statistics.calibrate(outcome, measured, checked)
        inside.append(found["low"] < 10 < found["high"])
    assert np.mean(inside) > 0.9


# what was simulated


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("ladder", {"n", "rho", "method", "share"}),
        ("series", {"n", "rho", "method", "coverage"}),
        ("coverage", {"question", "method", "recommended", "coverage", "corpora"}),
    ],
)
def test_what_was_simulated_is_there(name, columns):
    table = statistics.simulated(name)
    assert len(table) and columns <= set(table.columns)
    rates = table["share" if name == "ladder" else "coverage"]
    assert rates.between(0, 1).all()


def test_a_table_of_simulations_that_is_missing_says_how_to_make_it(tmp_path, monkeypatch):
    monkeypatch.setattr(statistics, "SIMULATIONS", tmp_path)
    with pytest.raises(TutorialError, match=r"ladder\.csv is missing.*make simulate"):
        statistics.simulated("ladder")
