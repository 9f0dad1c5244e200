"""Checks a learner's answer: `print(exercises.check("03.1", answer))`. One module a lesson says what is asked there."""

from __future__ import annotations

from ..errors import TutorialError
from . import data_prep, deep_learning, features, representations, scaling_up, statistics
from .judge import judge

EXERCISES = {
    **data_prep.EXERCISES,
    **representations.EXERCISES,
    **features.EXERCISES,
    **statistics.EXERCISES,
    **deep_learning.EXERCISES,
    **scaling_up.EXERCISES,
}


def check(exercise: str, answer) -> str:
    """Say whether an answer is right; where it is not, say what to look at.

    exercise: its number, lesson.exercise. An answer of `...` has not been given yet.
    Raises TutorialError where there is no exercise of that number.
    Lesson: every one.
    """
    if exercise not in EXERCISES:
        raise TutorialError(f"There is no exercise '{exercise}'. Known: {', '.join(sorted(EXERCISES))}.")
    if answer is ...:
        return f"Exercise {exercise} is waiting: put your answer in place of the three dots, and run the cell again."
    return judge(EXERCISES[exercise], answer)
