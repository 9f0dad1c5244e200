"""Within a recording: known answers, two roads to one value, and what a person can get wrong."""

import linearmodels
import numpy as np
import pandas as pd
import pytest
import soundfile
import statsmodels.api as sm
from scipy import stats
from scipy.linalg import toeplitz
from scipy.signal import lfilter
from statsmodels.stats.outliers_influence import variance_inflation_factor

from tutorial_helpers import corpora, data_prep, features, voice
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.statistics import across, within
from tutorial_helpers.synthesis import harmonic_voice

SR = data_prep.SR


def rng(seed=1):
    return np.random.default_rng(seed)


# an excerpt that is long enough


@pytest.fixture(scope="module")
def corpus(tmp_path_factory):
    """Four recordings of 2 s, each with a voice of its own pitch."""
    folder = tmp_path_factory.mktemp("voices")
    for name, f0 in {"a": 120.0, "b": 150.0, "c": 200.0, "d": 250.0}.items():
        soundfile.write(folder / f"{name}.wav", harmonic_voice(f0, seconds=2.0, syllables=4.0), SR)
    return corpora.load(folder)


def test_an_excerpt_that_is_long_enough_comes_back_untouched(corpus):
    y = np.ones(31 * SR, np.float32)
    assert within.long_enough(y, corpora.pick(corpus), corpus.recordings) is y


@pytest.mark.parametrize("seconds", [5.0, 4.0, 4.0 + 1e-5, 4.0 + 0.5 / SR])
def test_a_short_excerpt_is_joined_with_others_also_where_they_fill_the_limit_exactly(corpus, seconds):
    y = data_prep.read(corpus.recordings["path"].iloc[0])
    joined = within.long_enough(y, corpus.recordings.iloc[0], corpus.recordings, seconds=seconds)
    assert len(joined) == pytest.approx(seconds * SR, abs=1)
    assert np.array_equal(joined[: len(y)], y) and not np.array_equal(joined[len(y) : 2 * len(y)], y)


def test_an_excerpt_that_lacks_less_than_a_frame_is_long_enough_and_nothing_is_read(corpus):
    y = np.ones(2 * SR - 100, np.float32)
    nowhere = corpus.recordings.assign(path="nowhere.wav")
    assert within.long_enough(y, nowhere.iloc[0], nowhere, seconds=2.0) is y


def test_only_speech_of_the_same_speaker_is_joined_where_speakers_are_known(corpus):
    table = corpus.recordings.assign(speaker=["Ann", "Bo", "Ann", "Ann"], kind=["speech", "speech", "sound", "speech"])
    y = data_prep.read(table["path"].iloc[0])
    joined = within.long_enough(y, table.iloc[0], table, seconds=4.0)
    assert voice.pitch(joined[2 * SR :])["f0"].median() == pytest.approx(250.0, abs=1)


def test_a_corpus_that_is_too_short_altogether_is_refused_with_what_there_is(corpus):
    y = data_prep.read(corpus.recordings["path"].iloc[0])
    with pytest.raises(TutorialError, match="a and what could be joined to it hold 8.0 s"):
        within.long_enough(y, corpus.recordings.iloc[0], corpus.recordings, seconds=9.0)


# one voice among others


def conversation(*stretches):
    """A recording made of (speaker, Hz, gain, seconds) one after the other: its samples and its turns."""
    y = [gain * harmonic_voice(f0, seconds=seconds, syllables=4.0) for _, f0, gain, seconds in stretches]
    offset = np.cumsum([seconds for *_, seconds in stretches])
    speakers = [who for who, *_ in stretches]
    turns = pd.DataFrame({"onset": np.r_[0.0, offset[:-1]], "offset": offset, "speaker": speakers})
    return np.concatenate(y), turns.assign(kind="speech")


def test_windows_of_a_speaker_hold_his_pitch_and_level_and_nothing_of_the_others():
    y, turns = conversation(
        ("a", 110, 0.5, 10), ("b", 220, 1.0, 5), ("a", 110 * 2 ** (3 / 12), 0.5, 5), ("a", 110, 0.25, 5)
    )
    loud, soft = (within.speaker_windows(features.frame_table(gain * y), turns, "a") for gain in (1.0, 0.1))
    assert loud["speaks"].tolist() == [1, 1, 0, 1, 1]
    assert loud["relative_pitch"].tolist() == pytest.approx([0, 0, 0, 3, 0], abs=0.1)
    assert loud["relative_level"].tolist() == pytest.approx(
        [0, 0, 0, 0, -6.02], abs=0.5
    )  # of softer speech fewer frames are voiced
    assert (loud.loc[2] == 0).all()
    columns = ["relative_pitch", "relative_level"]
    assert np.allclose(loud[columns], soft[columns], atol=0.05)  # whatever the gain


def test_what_is_loud_and_has_no_voice_does_not_count_as_the_speakers_level():
    y, turns = conversation(("a", 110, 0.2, 10))
    y[6 * SR : 8 * SR] = 0.3 * rng().standard_normal(2 * SR)  # a cough, somebody's chair
    level = within.speaker_windows(features.frame_table(y), turns, "a")["relative_level"]
    assert level[1] - level[0] == pytest.approx(0, abs=0.5)


def test_half_a_second_of_a_voice_is_enough_to_speak_in_a_window_and_less_is_not():
    y, turns = conversation(("a", 110, 0.5, 5), ("a", 110, 0.5, 0.9), ("b", 220, 0.5, 4.1), ("b", 220, 0.5, 5))
    turns.loc[1, "offset"] = 5.3
    turns.loc[2, "onset"] = 5.3
    assert within.speaker_windows(features.frame_table(y), turns, "a")["speaks"].tolist() == [1, 0, 0]
    turns.loc[1, "offset"] = turns.loc[2, "onset"] = 5.9
    assert within.speaker_windows(features.frame_table(y), turns, "a")["speaks"].tolist() == [1, 1, 0]


def test_frames_in_which_two_speak_or_nobody_has_a_turn_are_not_the_speakers():
    y = harmonic_voice(110, seconds=15.0, syllables=4.0)
    turns = pd.DataFrame({"onset": [0.0, 5.0], "offset": [10.0, 10.0], "speaker": ["a", "b"], "kind": "speech"})
    assert within.speaker_windows(features.frame_table(y), turns, "a")["speaks"].tolist() == [1, 0, 0]


def test_a_speaker_without_a_turn_is_refused_and_those_who_have_one_are_named():
    y, turns = conversation(("a", 110, 0.5, 2), ("b", 110, 0.5, 2))
    with pytest.raises(TutorialError, match="nobody has no turn here. Speakers: a, b"):
        within.speaker_windows(features.frame_table(y), turns, "nobody")


# series with memory


@pytest.mark.parametrize("rho", [-0.5, 0.0, 0.95])
def test_ar1_has_the_memory_and_the_variance_it_is_asked_for_from_its_first_value_on(rho):
    x = within.ar1(rng(), 200_000, rho, sd=3.0)
    assert np.corrcoef(x[:-1], x[1:])[0, 1] == pytest.approx(rho, abs=0.01)
    assert x.std() == pytest.approx(3.0, rel=0.04)
    assert np.array_equal(within.ar1(rng(3), 50, rho), within.ar1(rng(3), 50, rho))
    generator = rng()
    starts = np.array([within.ar1(generator, 3, rho, sd=2.0) for _ in range(4000)])
    assert starts.std(axis=0) == pytest.approx([2.0, 2.0, 2.0], rel=0.05)
    assert np.corrcoef(starts[:, 0], starts[:, 2])[0, 1] == pytest.approx(rho**2, abs=0.04)


@pytest.mark.parametrize("rho", [1.0, -1.0, 1.5])
def test_ar1_refuses_a_series_that_never_settles(rho):
    with pytest.raises(TutorialError, match=f"rho is {rho:g}"):
        within.ar1(rng(), 10, rho)


@pytest.mark.parametrize("rho", [-0.6, 0.0, 0.8])
def test_without_memory_gives_back_the_shocks_of_which_a_series_was_made(rho):
    shocks = rng().normal(size=(20_000, 2))
    started = shocks.copy()
    started[0] /= np.sqrt(1 - rho**2)  # the stationary state, from which the first row comes
    series = lfilter([1.0], [1.0, -rho], started, axis=0)
    before = series.copy()
    fresh = within.without_memory(series, rho)
    assert np.allclose(fresh, shocks) and np.array_equal(series, before)
    assert np.allclose(within.without_memory(series[:, 1], rho), shocks[:, 1])


def test_without_memory_makes_any_covariance_of_a_series_with_memory_white():
    """By matrices: the transformation of the covariance is a multiple of the identity."""
    whitening = within.without_memory(np.eye(30), 0.7)
    assert np.allclose(whitening @ toeplitz(0.7 ** np.arange(30)) @ whitening.T, (1 - 0.7**2) * np.eye(30))
    assert within.without_memory(np.array([1, 2, 3]), 0.5).tolist() == [np.sqrt(0.75), 1.5, 2.0]  # whole numbers too


# tables of terms


def test_terms_are_those_of_the_fit_also_without_names_and_of_a_mixed_model():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=60)}))
    group = np.arange(60) % 6
    y = 2 * X["pitch"] + rng(2).normal(size=6)[group] + 0.5 * rng(3).normal(size=60)
    for fit, names in (
        (sm.OLS(y, X).fit(), ["const", "pitch"]),
        (sm.OLS(y.to_numpy(), X.to_numpy()).fit(), ["const", "x1"]),
        (sm.MixedLM(y, X, groups=group).fit(), ["const", "pitch", "Group Var"]),
    ):
        table = within.terms(fit)
        assert table.index.tolist() == names
        assert table["estimate"].tolist() == np.asarray(fit.params).tolist()
        assert table[["low", "high"]].to_numpy().tolist() == np.asarray(fit.conf_int()).tolist()
        assert table["p"].tolist() == np.asarray(fit.pvalues).tolist()


def test_planted_and_estimated_stand_in_one_row_for_each_term_and_method():
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=100)}))
    y = 2 * X["pitch"] + rng(2).normal(size=100)
    fit, (gls, _) = sm.OLS(y, X).fit(), within.gls_ar1(y, X)
    tables = {"OLS": within.terms(fit), "GLS": gls}
    table = within.planted_vs_estimated({"pitch": 2.0, "const": 99.0}, tables)
    assert table["term"].tolist() == ["pitch", "pitch", "const", "const"]
    assert table["method"].tolist() == ["OLS", "GLS"] * 2
    assert table["planted"].tolist() == [2.0, 2.0, 99.0, 99.0]
    assert table["inside"].tolist() == [True, True, False, False]
    assert table.loc[0, ["estimate", "low", "high"]].tolist() == [fit.params["pitch"], *fit.conf_int().loc["pitch"]]
    assert table.loc[3, ["estimate", "low", "high"]].tolist() == gls.loc["const", ["estimate", "low", "high"]].tolist()
    with pytest.raises(TutorialError, match="'OLS' has no term 'loudness'. It has: const, pitch"):
        within.planted_vs_estimated({"loudness": 1.0}, tables)


def test_planted_coefficients_lie_inside_the_intervals_of_every_method_at_the_promised_rate():
    generator, inside = rng(), []
    for _ in range(120):
        X = sm.add_constant(pd.DataFrame({"pitch": generator.normal(size=200), "level": generator.normal(size=200)}))
        y = 5 + 1.5 * X["pitch"] + 0.8 * X["level"] + within.ar1(generator, 200, 0.8)
        tables = {
            "OLS": within.terms(sm.OLS(y, X).fit()),
            "GLSAR": within.terms(sm.GLSAR(y, X, rho=1).iterative_fit(maxiter=10)),
            "GLS": within.gls_ar1(y, X)[0],
        }
        inside.append(within.planted_vs_estimated({"pitch": 1.5, "level": 0.8}, tables)["inside"])
    assert np.mean(inside) == pytest.approx(0.95, abs=0.03)


# least squares for errors with memory


def series_with_event(n, rho, seed=1):
    """An outcome with a jump of 2, a trend and a memory, and the terms of its regression."""
    X = across.event_terms(n, n // 2)
    return 2 * X["after"].to_numpy() + 0.03 * X["week"].to_numpy() + within.ar1(rng(seed), n, rho), X


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


SERIES = [(26, 0.3), (52, -0.4), (80, 0.0), (120, 0.8)]


@pytest.mark.parametrize(("n", "rho"), SERIES)
def test_gls_agrees_with_whole_matrices_a_state_space_model_and_statsmodels_gls(n, rho):
    y, X = series_with_event(n, rho)
    table, found = within.gls_ar1(y, X)
    grid = np.arange(-0.98, 0.981, 0.01)
    likelihoods = [dense_likelihood(y, X.to_numpy(), at) for at in grid]
    assert found == pytest.approx(grid[np.argmax(likelihoods)], abs=0.0051)
    assert dense_likelihood(y, X.to_numpy(), found) >= max(likelihoods)
    model = sm.tsa.SARIMAX(
        y, exog=X.to_numpy(), order=(1, 0, 0), trend="n", mle_regression=False, use_exact_diffuse=True
    )
    fit = model.fit(disp=0)
    assert found == pytest.approx(fit.params[0], abs=0.001)
    assert fit.smoothed_state[1:, -1].tolist() == pytest.approx(table["estimate"].tolist(), abs=0.002)
    fit = sm.GLS(y, X, sigma=toeplitz(found ** np.arange(n))).fit()
    half = stats.t.ppf(0.975, table["df"])
    assert np.allclose(table["estimate"], fit.params)
    assert np.allclose((table["high"] - table["estimate"]) / half, fit.bse)
    assert np.allclose((table["estimate"] - table["low"]) / half, fit.bse)
    assert np.allclose(table["p"], 2 * stats.t.sf(np.abs(fit.tvalues), table["df"]))


def test_in_a_long_series_gls_agrees_with_glsar_and_without_memory_with_ols():
    y, X = series_with_event(3000, 0.7)
    table, found = within.gls_ar1(y, X)
    model = sm.GLSAR(y, X, rho=1)
    fit = model.iterative_fit(maxiter=20)
    assert found == pytest.approx(model.rho.item(), abs=0.005)
    assert np.abs((table["estimate"] - fit.params) / fit.bse).max() < 0.05
    half = (table["high"] - table["low"]) / 2 / stats.t.ppf(0.975, table["df"])
    assert np.allclose(half, fit.bse, rtol=0.02)
    X = sm.add_constant(pd.DataFrame({"pitch": rng().normal(size=300)}))
    y = 2 * X["pitch"] + rng(2).normal(size=300)
    table, rho = within.gls_ar1(y, X)
    fit = sm.OLS(y, X).fit()
    assert rho == pytest.approx(0.0, abs=0.1)
    expected = [fit.params["pitch"], *fit.conf_int().loc["pitch"]]
    assert table.loc["pitch", ["estimate", "low", "high"]].tolist() == pytest.approx(expected, abs=0.02)
    assert 0.9 * fit.df_resid < table.loc["pitch", "df"] <= fit.df_resid


@pytest.mark.parametrize(("n", "rho"), [(52, 0.5), (120, 0.8)])
def test_degrees_of_freedom_follow_satterthwaites_rule_by_numerical_derivatives(n, rho):
    """The other road: the variance and rho themselves are the parameters, and every matrix is whole."""
    y, X = series_with_event(n, rho)
    table, found = within.gls_ar1(y, X)
    V = toeplitz(found ** np.arange(n))
    fit = sm.GLS(y, X, sigma=V).fit()
    theta, step = np.array([fit.scale, found]), np.array([0.01 * fit.scale, 0.002])

    def likelihood(at):
        return dense_likelihood(y, X.to_numpy(), at[1], variance=at[0])

    def variances(at):
        return at[0] * np.diag(np.linalg.inv(X.T @ np.linalg.inv(toeplitz(at[1] ** np.arange(n))) @ X))

    def second_derivative(a, b):
        signs = [(s, t) for s in (1, -1) for t in (1, -1)]
        return sum(s * t * likelihood(theta + s * a + t * b) for s, t in signs) / (4 * a.sum() * b.sum())

    moves = np.diag(step)
    hessian = np.array([[second_derivative(a, b) for b in moves] for a in moves])
    gradient = np.array([(variances(theta + a) - variances(theta - a)) / (2 * a.sum()) for a in moves])
    spread = np.sum(gradient * (np.linalg.inv(-hessian) @ gradient), axis=0)
    assert table["df"].tolist() == pytest.approx((2 * variances(theta) ** 2 / spread).tolist(), rel=0.02)


def test_a_short_series_is_worth_fewer_degrees_of_freedom_for_a_step_than_for_a_fast_feature():
    y, X = series_with_event(52, 0.5)
    df = within.gls_ar1(y, X.assign(feature=rng(3).normal(size=52)))[0]["df"]
    assert df["const"] < df["after"] < df["feature"] <= 48
    assert df["after"] < 0.8 * df["feature"]


def test_intervals_of_gls_hold_a_jump_in_a_short_series_where_those_of_ols_do_not():
    generator, X, held = rng(), across.event_terms(52, 26), []
    for _ in range(200):
        y = X["after"] + 0.03 * X["week"] + within.ar1(generator, 52, 0.5)
        tables = {"OLS": within.terms(sm.OLS(y, X).fit()), "GLS": within.gls_ar1(y, X)[0]}
        held.append(within.planted_vs_estimated({"after": 1.0}, tables).set_index("method")["inside"])
    coverage = pd.DataFrame(held).mean()
    assert 0.90 <= coverage["GLS"] <= 0.985
    assert coverage["OLS"] < 0.88


def test_gls_does_not_care_about_units_constants_or_dates():
    y, X = series_with_event(52, 0.5)
    (table, rho), (other, same) = within.gls_ar1(y, X), within.gls_ar1(1000 * y, X)
    assert same == pytest.approx(rho, abs=1e-6)
    assert np.allclose(other[["estimate", "low", "high"]], 1000 * table[["estimate", "low", "high"]], rtol=1e-4)
    assert np.allclose(other[["p", "df"]], table[["p", "df"]], rtol=1e-4)
    scaled, _ = within.gls_ar1(y, X * [1, 1, 1000])
    assert scaled.loc["week", "estimate"] == pytest.approx(table.loc["week", "estimate"] / 1000, rel=1e-4)
    moved = (within.gls_ar1(y + 7, X)[0] - table)[["estimate", "low", "high"]]
    assert np.allclose(moved.loc["const"], 7, atol=1e-4) and np.allclose(moved.loc[["after", "week"]], 0, atol=1e-4)
    by_date = pd.Series(y, index=pd.date_range("2022-01-02", periods=52, freq="7D"))
    pd.testing.assert_frame_equal(within.gls_ar1(by_date, X)[0], table)


def test_gls_refuses_too_few_rows_and_names_terms_of_which_one_follows_from_the_others():
    X = pd.DataFrame(rng().normal(size=(4, 3)), columns=list("abc"))
    with pytest.raises(TutorialError, match="4 rows are too few for 3 terms and a memory"):
        within.gls_ar1(np.arange(4.0), X)
    assert within.gls_ar1(rng().normal(size=5), pd.DataFrame(rng(2).normal(size=(5, 3))))[0].shape == (3, 5)
    X = across.event_terms(30, 15).assign(before=lambda terms: 1 - terms["after"])
    with pytest.raises(TutorialError, match="One of the terms const, after, week, before follows from the others"):
        within.gls_ar1(rng().normal(size=30), X)


# standard scores, blocks, many features


def test_standardise_gives_every_column_mean_0_and_sd_1_whatever_its_unit():
    table = pd.DataFrame({"hz": rng().normal(2000, 500, 50), "db": rng(2).normal(-20, 3, 50)})
    scored = within.standardise(table)
    assert scored.mean().abs().max() < 1e-12
    assert scored.std().tolist() == pytest.approx([1.0, 1.0])
    assert np.allclose(scored, within.standardise(table / 1000 + 7))


@pytest.mark.parametrize("value", [0.0, -20.1, 0.1, np.nan])
def test_standardise_and_vif_refuse_a_constant_column_by_name(value):
    table = pd.DataFrame({"hz": [1.0, 2.0, 3.0], "flat": [value] * 3})
    for refuses in (within.standardise, within.worst_vif):
        with pytest.raises(TutorialError, match="'flat' does not vary"):
            refuses(table)


@pytest.mark.parametrize(
    ("times", "seconds", "blocks"),
    [
        (np.arange(100) * 0.5, 5.0, np.repeat(np.arange(10), 10)),
        (np.arange(600) * 0.1, 0.3, np.repeat(np.arange(200), 3)),  # a decimal hop does not slip
        (np.array([7.0, 8.0, 11.9, 12.0, 30.0]), 5.0, [0, 0, 0, 1, 4]),  # from the first time, and over gaps
    ],
)
def test_block_ids_follow_the_clock_from_the_first_time(times, seconds, blocks):
    assert within.block_ids(times, seconds).tolist() == list(blocks)


@pytest.mark.parametrize(("seconds", "words"), [(0.0, "holds nothing"), (100.0, "one block of 100 s")])
def test_blocks_that_part_nothing_are_refused(seconds, words):
    with pytest.raises(TutorialError, match=words):
        within.block_ids(np.arange(10.0), seconds)


def test_vif_is_that_of_statsmodels_whatever_the_units_and_follows_from_a_correlation():
    table = pd.DataFrame(rng().normal(size=(60, 5)) + rng(2).normal(size=(60, 1)), columns=list("abcde"))
    X = sm.add_constant(table)
    expected = max(variance_inflation_factor(X, i) for i in range(1, 6))
    assert within.worst_vif(table) == pytest.approx(expected)
    assert within.worst_vif(table * [1, 1000, 0.001, 1, 5] + 50) == pytest.approx(expected)
    r = np.corrcoef(table["a"], table["b"])[0, 1]
    assert within.worst_vif(table[["a", "b"]]) == pytest.approx(1 / (1 - r**2))
    assert within.worst_vif(table.assign(f=table["a"] + table["b"])) > 1e10


def test_p_values_of_many_outcomes_are_those_of_one_regression_each():
    table = pd.DataFrame(rng().normal(size=(60, 4)) * [1, 100, 0.01, 5], columns=list("abcd"))
    outcomes = rng(2).normal(size=(5, 60)) + 0.3 * table["a"].to_numpy()
    expected = [sm.OLS(y, sm.add_constant(table)).fit().pvalues.iloc[1:] for y in outcomes]
    assert np.allclose(within.slope_p_values(table, outcomes), expected)
    with pytest.raises(TutorialError, match="4 rows are too few for 5"):
        within.slope_p_values(pd.DataFrame(np.eye(4)), np.ones((1, 4)))


# circular shifts


def test_circular_shift_against_a_closed_form():
    """x is 1 at the start and 0 elsewhere, so a shift by k picks y[k]: p is the rank of y[0]'s distance to the mean."""
    y = np.array([1.0, 5.0, 9.0, 3.0, 4.0, 8.0, 2.0, 6.0])
    x = np.eye(8)[0]
    distance = np.abs(y - y.mean())
    assert within.circular_shift_p(x, y) == np.mean(distance >= distance[0]) == 0.25


def test_circular_shift_agrees_with_rolling_one_series_along_the_other_in_any_unit():
    x, y = within.ar1(rng(), 101, 0.8), within.ar1(rng(2), 101, 0.8)
    rolled = np.abs([np.corrcoef(np.roll(x, k), y)[0, 1] for k in range(101)])
    assert within.circular_shift_p(x, y) == pytest.approx(np.mean(rolled >= rolled[0] - 1e-9))
    assert within.circular_shift_p(x, y) == within.circular_shift_p(1000 * x - 5, 0.01 * y + 3)
    for sign in (1, -1):  # a copy has the smallest p there is
        assert within.circular_shift_p(x, 7 + sign * 3 * x) == 1 / 101


def test_circular_shift_p_of_independent_noise_is_uniform():
    generator = rng()
    p = [within.circular_shift_p(generator.normal(size=200), generator.normal(size=200)) for _ in range(1000)]
    assert stats.kstest(p, "uniform").pvalue > 0.01


def test_circular_shift_refuses_series_of_two_lengths_and_one_that_does_not_vary():
    with pytest.raises(TutorialError, match="x has 5 values and y has 6"):
        within.circular_shift_p(np.arange(5), np.arange(6))
    with pytest.raises(TutorialError, match="does not vary"):
        within.circular_shift_p(np.ones(5), np.arange(5))


# the ladder of methods


@pytest.mark.parametrize(("n", "block", "size"), [(100, 20, 20), (30, 50, 7)])  # a quarter of n at most
def test_each_p_value_is_that_of_its_method(n, block, size):
    x, y = within.ar1(rng(), n, 0.9), within.ar1(rng(2), n, 0.9)
    p = within.p_values_by_method(x, y, block=block)
    assert p["OLS"] == pytest.approx(stats.linregress(x, y).pvalue)
    assert p["circular shift"] == within.circular_shift_p(x, y)
    assert p["differences"] == pytest.approx(stats.linregress(np.diff(x), np.diff(y)).pvalue)
    table, _ = within.gls_ar1(y, pd.DataFrame({"const": 1.0, "x": x}))
    assert p["GLS by REML"] == pytest.approx(table.loc["x", "p"])
    groups = np.arange(n) // size
    clustered = sm.OLS(y, sm.add_constant(x)).fit(cov_type="cluster", cov_kwds={"groups": groups}, use_t=True)
    assert p["blocks as clusters"] == pytest.approx(clustered.pvalues[1])
    lagged = pd.DataFrame({"y": y, "x": x, "x_1": np.roll(x, 1), "y_1": np.roll(y, 1)})[1:]
    fit = sm.OLS(lagged["y"], sm.add_constant(lagged[["x", "x_1", "y_1"]])).fit()
    assert p["lagged outcome"] == pytest.approx(fit.pvalues["x"])


def test_every_method_sees_an_effect_that_is_there():
    x = within.ar1(rng(), 600, 0.9)
    p = within.p_values_by_method(x, 2 * x + within.ar1(rng(2), 600, 0.9))
    assert max(p.values()) < 0.01


def test_with_memory_ols_finds_what_is_not_there_and_what_models_the_memory_does_not():
    generator = rng()
    trials = [
        within.p_values_by_method(within.ar1(generator, 600, 0.95), within.ar1(generator, 600, 0.95))
        for _ in range(200)
    ]
    rates = (pd.DataFrame(trials) < 0.05).mean()
    assert rates["OLS"] > 0.5
    assert rates["OLS"] > rates["HAC, rule-of-thumb lag"] > rates["HAC, 20 lags"] > 0.1
    for name in ("GLSAR", "differences", "lagged outcome", "circular shift", "GLS by REML"):
        assert rates[name] < 0.11, name


def test_without_memory_every_method_keeps_its_promise():
    generator = rng()
    trials = [within.p_values_by_method(generator.normal(size=600), generator.normal(size=600)) for _ in range(200)]
    rates = (pd.DataFrame(trials) < 0.05).mean()
    assert rates.max() < 0.13 and rates.min() > 0.005


# what the lesson takes from statsmodels, by an independent tool


def test_hac_and_clustered_errors_of_statsmodels_are_those_of_linearmodels():
    x = within.ar1(rng(), 100, 0.9)
    index = pd.MultiIndex.from_product([range(100), [0]])
    X = sm.add_constant(pd.DataFrame({"x": x}, index=index))
    y = pd.Series(x + within.ar1(rng(2), 100, 0.8), index=index)
    for lags, corrected in ((0, False), (6, True), (20, False)):
        hac = sm.OLS(y, X).fit(cov_type="HAC", cov_kwds={"maxlags": lags, "use_correction": corrected})
        kernel = {"cov_type": "kernel", "kernel": "bartlett", "bandwidth": lags, "debiased": corrected}
        other = linearmodels.IV2SLS(y, X, None, None).fit(**kernel)
        assert hac.bse.tolist() == pytest.approx(other.std_errors.tolist())
    blocks = pd.DataFrame({"block": np.arange(100) // 10}, index=index)
    clustered = sm.OLS(y, X).fit(cov_type="cluster", cov_kwds={"groups": blocks["block"]})
    other = linearmodels.PooledOLS(y, X).fit(cov_type="clustered", clusters=blocks, debiased=True, group_debias=True)
    assert np.allclose(clustered.bse, other.std_errors)
