"""Errors of measurement, recording chains and power: theory, simulation, and what a person can get wrong."""

import re

import numpy as np
import pandas as pd
import pytest
from scipy import stats
from scipy.linalg import toeplitz
from statsmodels.stats.power import TTestIndPower

from tutorial_helpers.data_prep import SR
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.statistics import across, measurement, within
from tutorial_helpers.synthesis import harmonic_voice


def rng(seed=1):
    return np.random.default_rng(seed)


# a predictor that is measured with error


def a_fifth(x):
    """The right value of the first fifth of rows."""
    return np.where(np.arange(len(x)) < len(x) // 5, x, np.nan)


def test_a_slope_without_noise_is_corrected_exactly():
    right = rng().normal(size=60)
    found = measurement.calibrate(7 + 3 * right, 1 + 2 * right, a_fifth(right))
    assert found.to_dict() == pytest.approx({"naive": 1.5, "estimate": 3.0, "low": 3.0, "high": 3.0})


@pytest.mark.parametrize("errors", ["alike", "larger where the value is"])
def test_a_slope_is_the_naive_one_of_the_rest_over_the_slope_of_the_checked(errors):
    """By hand, with an interval from the bootstrap."""
    generator = rng()
    right = generator.normal(size=1000)
    size = 1.0 if errors == "alike" else np.abs(right)
    y, seen = 1.5 * right + generator.normal(size=1000), right + 0.8 * size * generator.normal(size=1000)
    found = measurement.calibrate(y, seen, a_fifth(right))
    naive = np.polyfit(seen[200:], y[200:], 1)[0]
    assert found["naive"] == pytest.approx(naive)
    assert found["estimate"] == pytest.approx(naive / np.polyfit(seen[:200], right[:200], 1)[0])
    draws = []
    for _ in range(400):
        rows = np.r_[generator.integers(0, 200, 200), generator.integers(200, 1000, 800)]
        draws.append(measurement.calibrate(y[rows], seen[rows], a_fifth(right[rows]))["estimate"])
    assert found["high"] - found["low"] == pytest.approx(2 * 1.96 * np.std(draws), rel=0.15)
    assert (found["high"] + found["low"]) / 2 == pytest.approx(found["estimate"])


@pytest.mark.parametrize(
    ("kind", "share_left"),
    [("noise", 0.5), ("wrong labels", 0.7), ("larger errors at some values", 0.4 * 0.105 / (0.4**2 * 0.105 + 0.0123))],
)
def test_a_planted_slope_comes_back_from_errors_of_three_kinds(kind, share_left):
    """Half of the variance is noise; 15 % of labels are wrong; music, never talk, is measured better than talk is."""
    generator, found = rng(), []
    for _ in range(150):
        if kind == "noise":
            right = generator.normal(size=400)
            seen = right + generator.normal(size=400)
        elif kind == "wrong labels":
            right = generator.integers(0, 2, 400).astype(float)
            seen = np.where(generator.random(400) < 0.15, 1 - right, right)
        else:
            right = np.where(generator.random(400) < 0.85, 1.0, generator.uniform(0, 0.3, 400))
            seen = 0.4 * right + generator.normal(size=400) * np.where(right == 1, 0.12, 0.02)
        found.append(measurement.calibrate(4 * right + generator.normal(size=400), seen, a_fifth(right)))
    found = pd.DataFrame(found)
    assert found["naive"].mean() == pytest.approx(4 * share_left, rel=0.06)
    assert found["estimate"].mean() == pytest.approx(4, rel=0.04)
    assert 0.89 <= ((found["low"] <= 4) & (found["high"] >= 4)).mean() <= 0.995
    assert not found["naive"].between(found["low"], found["high"]).all()


@pytest.mark.parametrize("checked", [9, 51])
def test_a_correction_by_too_few_rows_is_refused_with_their_number(checked):
    x = rng().normal(size=60)
    with pytest.raises(TutorialError, match=f"{checked} of 60 rows were checked; the correction needs 10"):
        measurement.calibrate(x, x, np.where(np.arange(60) < checked, x, np.nan))


# a predictor that is measured twice


def measured_twice(generator, n, *, sd=2.0, error=1.5, slope=1.5, noise=1.0):
    """An outcome and two measurements of its predictor, each with errors of its own."""
    right = sd * generator.normal(size=n)
    return slope * right + noise * generator.normal(size=n), right[:, None] + error * generator.normal(size=(n, 2))


def test_simex_follows_the_theory_and_finds_in_many_rows_what_was_planted():
    y, takes = measured_twice(rng(), 20_000)
    slopes = measurement.simex_slopes(y, takes, rng(2), repeats=10)
    theory = 1.5 * 4 / (4 + (1 + measurement.SIMEX_STEPS) * 2.25 / 2)
    assert slopes.tolist() == pytest.approx(theory.tolist(), rel=0.02)
    assert slopes[0] == pytest.approx(np.polyfit(takes.mean(axis=1), y, 1)[0])  # nothing was added yet
    assert measurement.simex_curve(theory, -1.0) == pytest.approx(1.5, abs=1e-6)
    found = measurement.simex(y, takes, rng(2), boots=2)
    assert found["naive"] == pytest.approx(slopes[0], rel=1e-12)  # sums in another order on another numpy
    assert found["estimate"] == pytest.approx(1.5, rel=0.03)


def test_simex_of_measurements_without_errors_leaves_the_slope_as_it_is():
    y, takes = measured_twice(rng(), 300, error=1e-3)
    found = measurement.simex(y, takes, rng(2), boots=20)
    assert found["estimate"] == pytest.approx(found["naive"], rel=1e-4)


def test_the_interval_of_simex_holds_what_was_planted_in_most_of_forty_corpora():
    generator, held = rng(), []
    for _ in range(40):
        y, takes = measured_twice(generator, 200, sd=1.0, error=0.8)
        found = measurement.simex(y, takes, generator, boots=60)
        held.append(found["low"] <= 1.5 <= found["high"])
    assert sum(held) >= 34


@pytest.mark.parametrize("shape", [(30,), (30, 1), (30, 3)])
def test_simex_refuses_what_was_not_measured_twice(shape):
    with pytest.raises(TutorialError, match=re.escape(f"takes has the shape {shape}")):
        measurement.simex(np.zeros(30), np.zeros(shape), rng())


# what recording chains change


def test_chains_move_what_they_should_in_units_of_the_spread_between_pieces():
    pieces = []
    for i, (f0, gain, syllables) in enumerate([(120, 1.0, 3.0), (130, 0.5, 4.0), (142, 0.8, 5.0), (150, 0.3, 6.0)]):
        glide = f0 * 2 ** (np.linspace(0, 1 + i, 2 * SR) / 12)
        pieces.append(np.float32(gain) * harmonic_voice(glide, syllables=syllables))
    moved, spread = measurement.robustness(pieces, rng())
    assert moved.columns.tolist() == ["gain -12 dB", "mp3, 24 kb/s", "8 kHz", "noise, 10 dB", "room, 0.5 s"]
    by_gain = moved["gain -12 dB"]
    assert by_gain["level"] == pytest.approx(-12 / spread["level"], abs=1e-3)
    assert by_gain[["semitones", "rate", "centroid"]].tolist() == pytest.approx([0.0, 0.0, 0.0], abs=1e-3)
    assert moved.loc["centroid", "noise, 10 dB"] > 1
    assert moved.loc["semitones"].abs().max() < 0.1
    # a glide of 1 to 4 semitones from its start has its median half way
    semitones = [12 * np.log2(f0 / 100) + (1 + i) / 2 for i, f0 in enumerate((120, 130, 142, 150))]
    assert spread["semitones"] == pytest.approx(np.std(semitones, ddof=1), rel=0.03)
    with pytest.raises(TutorialError, match="three of them; there are 2"):
        measurement.robustness(pieces[:2], rng())


# what would have been enough


def test_the_power_of_speakers_is_that_of_a_t_test_of_their_means():
    speakers = np.array([2, 5, 10, 40])
    power = measurement.power_of_speakers(0.8, between=0.6, within=1.2, speakers=speakers, turns=4)
    size = 0.8 / np.sqrt(0.6**2 + 1.2**2 / 4)
    df, shift = 2 * speakers - 2, size * np.sqrt(speakers / 2)
    edge = stats.t.ppf(0.975, df)
    assert power.tolist() == pytest.approx((stats.nct.sf(edge, df, shift) + stats.nct.cdf(-edge, df, shift)).tolist())
    nothing = measurement.power_of_speakers(0.0, between=1.0, within=1.0, speakers=speakers, turns=3, alpha=0.1)
    assert nothing.tolist() == pytest.approx([0.1] * 4)


def test_the_power_of_speakers_is_that_of_simulated_ones():
    generator, found = rng(), []
    for _ in range(300):
        one, two = (
            generator.normal(shift, 1.0, size=10)[:, None] + 2.0 * generator.normal(size=(10, 4))
            for shift in (0.0, 1.5)
        )
        found.append(stats.ttest_ind(one.mean(axis=1), two.mean(axis=1)).pvalue < 0.05)
    power = measurement.power_of_speakers(1.5, between=1.0, within=2.0, speakers=np.array([10]), turns=4)
    assert np.mean(found) == pytest.approx(power[0], abs=0.08)


def test_more_turns_of_the_same_speakers_give_power_only_up_to_what_lies_between_speakers():
    speakers = np.arange(2, 61)
    few, many, endless = (
        measurement.power_of_speakers(0.8, between=1.0, within=2.0, speakers=speakers, turns=turns)
        for turns in (1, 100, 10**9)
    )
    assert (np.diff(few) > 0).all() and (few < many).all()
    between_only = [TTestIndPower().power(0.8, n, 0.05) for n in speakers]
    assert endless.tolist() == pytest.approx(between_only)
    assert np.abs(many - between_only).max() < 0.03


@pytest.mark.parametrize(("rho", "trend"), [(0.5, True), (0.5, False), (-0.3, True), (0.0, False)])
def test_the_power_to_find_a_jump_follows_from_the_whole_covariance_and_the_noncentral_t(rho, trend):
    episodes, power = np.array([12, 52]), []
    for n in episodes:
        X = across.event_terms(n, n // 2).iloc[:, : 3 if trend else 2].to_numpy()
        covariance = 0.8**2 * toeplitz(rho ** np.arange(n))
        error = np.sqrt(np.linalg.inv(X.T @ np.linalg.inv(covariance) @ X)[1, 1])
        df = n - X.shape[1]
        edge = stats.t.ppf(0.975, df)
        power.append(stats.nct.sf(edge, df, 0.9 / error) + stats.nct.cdf(-edge, df, 0.9 / error))
    found = measurement.power_of_episodes(0.9, sd=0.8, rho=rho, episodes=episodes, trend=trend)
    assert found.tolist() == pytest.approx(power, abs=1e-6)


@pytest.mark.parametrize(("rho", "effect"), [(0.5, 2.0), (0.0, 1.0)])
def test_the_power_to_find_a_jump_is_that_of_simulated_series_a_little_too_hopeful(rho, effect):
    generator, X = rng(), across.event_terms(52, 26)
    found = []
    for _ in range(200):
        y = effect * X["after"] + 0.02 * X["week"] + within.ar1(generator, 52, rho)
        found.append(within.gls_ar1(y, X)[0].loc["after", "p"] < 0.05)
    power = measurement.power_of_episodes(effect, sd=1.0, rho=rho, episodes=np.array([52]))
    assert np.mean(found) == pytest.approx(power[0], abs=0.1)


def test_the_power_to_find_a_jump_rises_with_episodes_and_effect_in_any_unit():
    episodes = np.arange(8, 201, 4)
    same = {"sd": 1.0, "rho": 0.5, "episodes": episodes}
    small, large = (measurement.power_of_episodes(effect, **same) for effect in (1.0, 2.0))
    assert (np.diff(small) > 0).all() and (small < large).all()
    assert (measurement.power_of_episodes(1.0, trend=False, **same) > small).all()
    assert np.allclose(measurement.power_of_episodes(500.0, **(same | {"sd": 500.0})), small)


@pytest.mark.parametrize(("effect", "power"), [(0.0, 0.1), (1e-4, 0.1), (30.0, 1.0), (1e3, 1.0), (1e6, 1.0)])
def test_a_huge_jump_is_found_for_certain_and_none_or_a_tiny_one_as_often_as_chance(effect, power):
    found = measurement.power_of_episodes(effect, sd=1.0, rho=0.5, episodes=np.array([8, 52, 200]), alpha=0.1)
    assert found.tolist() == pytest.approx([power] * 3, abs=1e-4)


def test_a_table_of_simulations_that_is_missing_says_how_to_make_it():
    with pytest.raises(TutorialError, match=r"nothing\.csv is missing.*make simulate"):
        measurement.simulated("nothing")
