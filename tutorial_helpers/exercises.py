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
    return CHECKS[exercise](answer)


def _excerpt_samples(answer) -> str:
    """01.1: how many samples are 2.5 minutes at 16 kHz?"""
    if answer == 2_400_000:
        return "Right. 2.5 minutes are 150 seconds, at 16,000 samples a second."
    if answer == 40_000:
        return "Not yet: that is 2.5 seconds. A minute has 60 of them."
    if np.isclose(float(answer), 2.5 * 60 * 22_050):
        return "Not yet: that is right at 22,050 Hz. This project reads everything at data_prep.SR."
    return "Not yet: multiply minutes by seconds in a minute by samples in a second (data_prep.SR)."


CHECKS = {
    "01.1": _excerpt_samples,
}
