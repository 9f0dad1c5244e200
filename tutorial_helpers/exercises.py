"""Checks a learner's answer: `print(exercises.check("03.1", answer))`."""

from __future__ import annotations

import numpy as np

from .errors import TutorialError


def check(exercise: str, answer) -> str:
    """Say whether an answer is right; where it is not, say what to look at.

    exercise: its number, lesson.exercise. An answer of `...` has not been given yet.
    Raises TutorialError where there is no exercise of that number.
    Lesson: every one.
    """
    if exercise not in CHECKS:
        raise TutorialError(f"There is no exercise '{exercise}'. Known: {', '.join(sorted(CHECKS))}.")
    if answer is ...:
        return f"Exercise {exercise} is waiting: put your answer in place of the three dots, and run the cell again."
    try:
        return CHECKS[exercise](answer)
    except _NotYet as hint:
        return f"Not yet: {hint}"


class _NotYet(Exception):
    """An answer that cannot be judged, and why."""


def _try(function, arguments: list, circumstances: str) -> float:
    """The number that a learner's function gives for some arguments."""
    if not callable(function):
        raise _NotYet("the answer is a function. Give its name, without brackets behind it.")
    try:
        return float(np.asarray(function(*arguments)).squeeze())
    except Exception as error:  # whatever a learner's function may raise is an answer, not a failure
        raise _NotYet(f"{circumstances} it stops with {type(error).__name__}: {error}") from error


def _excerpt_samples(answer) -> str:
    """01.1: how many samples are 2.5 minutes at 16 kHz?"""
    if answer == 2_400_000:
        return "Right. 2.5 minutes are 150 seconds, at 16,000 samples a second."
    if answer == 40_000:
        return "Not yet: that is 2.5 seconds. A minute has 60 of them."
    if answer == 2.5 * 60 * 22_050:
        return "Not yet: that is right at 22,050 Hz. This project reads everything at data_prep.SR."
    return "Not yet: multiply minutes by seconds in a minute by samples in a second (data_prep.SR)."


def _window_for_10_hz(answer) -> str:
    """02.1: the smallest power of two whose bins are at most 10 Hz apart at 16 kHz."""
    if answer == 2_048:
        return "Right. 16,000 / 2,048 is 7.8 Hz a bin, and the window is 128 ms long."
    if answer == 1_600:
        return "Not yet: 1,600 samples give 10 Hz exactly, but 1,600 is no power of two."
    if answer == 1_024:
        return "Not yet: 16,000 / 1,024 is 15.6 Hz a bin, more than 10."
    if answer in (4_096, 8_192):
        return f"Not yet: {answer:,} is fine enough, but a smaller window is too, and it blurs time less."
    return "Not yet: bins are sr / n_fft Hz apart. Try the powers of two: 512, 1024, 2048 ..."


def _alias(answer) -> str:
    """02.2: a function of frequency and rate that gives the frequency at which an unfiltered tone appears."""
    truth = {(1_000, 8_000): 1_000, (5_000, 8_000): 3_000, (7_900, 8_000): 100, (9_000, 8_000): 1_000}
    truth |= {(13_000, 8_000): 3_000, (30_000, 22_050): 7_950}
    for (frequency, sr), right in truth.items():
        given = _try(answer, [frequency, sr], f"with {frequency:,} Hz at {sr:,} Hz")
        if np.isclose(given, right):
            continue
        if np.isclose(given, -right):
            hint = "a frequency has no sign here: take its absolute value."
        elif np.isclose(given, frequency - sr / 2):
            hint = "it turns round at half the rate and comes down; it does not start again from 0."
        elif frequency > sr:
            hint = "above the rate itself it goes up once more, and so on."
        elif frequency < sr / 2:
            hint = "below half the rate a tone stays where it is."
        else:
            hint = "between half the rate and the rate it comes down again: as far below the rate as it was, above 0."
        return f"Not yet: {frequency:,} Hz at {sr:,} Hz appears at {right:,} Hz, not at {given:,.0f}: {hint}"
    return "Right. It rises to half the rate, falls back to 0, and begins again."


def _semitones_apart(answer) -> str:
    """03.1: a function that gives by how many semitones the second voice lies above the first."""
    sr = 16_000
    for low, high in ((120.0, 180.0), (230.0, 130.0)):
        given = _try(answer, [_words(low, sr), _words(high, sr), sr], f"on two voices of {low:g} and {high:g} Hz")
        right = 12 * np.log2(high / low)
        if abs(given - right) < 0.1:
            continue
        if np.isnan(given):
            hint = "unvoiced frames are missing (NaN), and one NaN makes a plain mean or median NaN: leave them out."
        elif abs(given + right) < 0.1:
            hint = "the distance is right and its sign is not: how far is the second above the first?"
        elif abs(given - (high - low)) < 2:
            hint = "that is the difference in Hz. Semitones are 12 log2 of the ratio."
        elif abs(given - high / low) < 0.02:
            hint = "that is the ratio. Semitones are 12 log2 of it."
        elif abs(given - right / 12) < 0.02:
            hint = "that is in octaves. An octave has 12 semitones."
        elif abs(given - 12 * np.log(high / low)) < 0.1:
            hint = "that is the natural logarithm; semitones take the one of base 2."
        else:
            hint = "did frames without a voice get into your medians? Much of each recording is noise."
        return f"Not yet: from {low:g} to {high:g} Hz is {right:.2f} semitones, not {given:.2f}: {hint}"
    return "Right. A ratio of 1.5 is 7.02 semitones, at any height, and noise has no say in it."


def _words(f0: float, sr: int) -> np.ndarray:
    """Six words of 0.4 s that glide four semitones up around f0 (Hz), 0.8 s of noise after each: y (n_samples,)."""
    times = np.arange(round(0.4 * sr)) / sr
    phase = 2 * np.pi * np.cumsum(f0 * 2 ** ((10 * times - 2) / 12)) / sr
    word = sum(np.sin(k * phase) / k for k in range(1, 12)) * np.hanning(len(times))
    hiss = np.random.default_rng(round(f0)).standard_normal(2 * len(times))
    return np.tile(np.concatenate([0.3 * word, 0.05 * hiss]), 6).astype(np.float32)


def _effective_n(answer) -> str:
    """04.1: a function that gives how many independent values a persistent series is worth, for its mean."""
    rng = np.random.default_rng(4)
    for rho in (0.9, 0.5):
        x = np.zeros(4000)
        for i in range(1, len(x)):
            x[i] = rho * x[i - 1] + rng.normal()
        x = x + 20.0  # a mean far from 0, as levels and pitches have
        given = _try(answer, [x], f"on a series of {len(x)} values")
        kept = np.corrcoef(x[:-1], x[1:])[0, 1]
        right = len(x) * (1 - kept) / (1 + kept)
        if np.isclose(given, right, rtol=0.03):
            continue
        raw = np.sum(x[:-1] * x[1:]) / np.sum(x**2)
        if np.isclose(given, len(x), rtol=0.03):
            hint = "that is the number of values itself; neighbours repeat each other."
        elif np.isclose(given, len(x) * (1 - raw) / (1 + raw), rtol=0.03):
            hint = "take the mean off before you multiply neighbours, or use np.corrcoef."
        elif np.isclose(given, len(x) * (1 + kept) / (1 - kept), rtol=0.03):
            hint = "that is more than there are: (1 - rho) belongs above the line."
        elif np.isclose(given, len(x) * (1 - kept), rtol=0.03):
            hint = "divide by (1 + rho) as well."
        elif np.isclose(given, right / len(x), rtol=0.03):
            hint = "that is the share that counts; multiply by the number of values."
        elif np.isclose(given, len(x) * (1 - kept**2) / (1 + kept**2), rtol=0.03):
            hint = "rho squared is for the slope between two such series; a mean takes rho."
        else:
            hint = "correlate x[:-1] with x[1:], and put that rho in the formula."
        return f"Not yet: {len(x)} values that keep {rho:g} are worth about {right:.0f}, not {given:.0f}: {hint}"
    return "Right. 4000 values that each keep 0.9 of the one before are worth about 210 for their mean."


def _balanced_accuracy(answer) -> str:
    """05.1: a function of true and predicted labels that gives balanced accuracy."""
    # truth, predicted, balanced accuracy, then what accuracy, the mean precision and macro-F1 would be
    cases = (
        ("aabbbb", "abbbbb", 3 / 4, 5 / 6, 9 / 10, 7 / 9),
        ("aaaaab", "aaaaaa", 1 / 2, 5 / 6, 5 / 12, 5 / 11),
        ("abbccc", "abbcca", 8 / 9, 5 / 6, 5 / 6, 37 / 45),
    )
    for truth, predicted, right, accuracy, precision, f1 in cases:
        asked = f"truth {' '.join(truth)} and predicted {' '.join(predicted)}"
        given = _try(answer, [list(truth), list(predicted)], f"with {asked}")
        if np.isclose(given, right):
            continue
        if np.isclose(given, accuracy):
            hint = "that is accuracy, in which a common label counts more. Take one share a label, then their mean."
        elif np.isclose(given, precision):
            hint = "that divides by how often a label was predicted. Divide by how often it is true."
        elif np.isclose(given, f1):
            hint = "that is macro-F1. Here only the true cases of each label count."
        elif np.isclose(given, right * len(set(truth))):
            hint = "that is the sum over the labels. Divide by how many there are."
        elif np.isclose(given, right * len(set(truth)) / 2):
            hint = "there may be more labels than two: divide by how many there are."
        else:
            hint = "for each label in truth, which share of its cases was predicted right?"
        return f"Not yet: {asked} make {right:.3f}, not {given:.3f}: {hint}"
    return "Right. A label of one case in six has as much say as the label of the other five."


CHECKS = {
    "01.1": _excerpt_samples,
    "02.1": _window_for_10_hz,
    "02.2": _alias,
    "03.1": _semitones_apart,
    "04.1": _effective_n,
    "05.1": _balanced_accuracy,
}
