"""How an answer is judged: against what is known of each case, then against the mistakes that are known to be made."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Exercise(NamedTuple):
    """What one exercise asks, and the mistakes that it knows.

    right: the right value, where the answer is a value; None where it is a function, which is tried on `cases`.
    mistakes: {hint: what the mistake gives}, a value, or a function of a case's arguments, as a learner would write it.
    praise: what a right answer is told. otherwise: the hint for an answer that is none of the mistakes.
    cases: a function that makes {words for the case: (arguments, right value)}. Right values are known because the case
        was made with them, or from another road than the solution's. The words follow "with": "a tone of 440 Hz".
    tolerance: how far from the right value is right still, relative, and absolute around 0.
    """

    praise: str
    otherwise: str
    mistakes: dict[str, Any]
    right: object = None
    cases: Callable[[], dict[str, tuple[tuple, object]]] | None = None
    tolerance: float = 1e-6


def judge(exercise: Exercise, answer) -> str:
    """What a learner is told about an answer: "Right. ..." or "Not yet: ..." with the hint for the mistake it shows."""
    if exercise.cases is None:
        return _judge_value(exercise, answer)
    if not callable(answer):
        return "Not yet: the answer is a function. Give its name, without brackets behind it."
    return _judge_function(exercise, exercise.cases(), answer)


def _judge_value(exercise: Exercise, answer) -> str:
    if same(answer, exercise.right, exercise.tolerance):
        return f"Right. {exercise.praise}"
    for hint, mistake in exercise.mistakes.items():
        if same(answer, mistake, exercise.tolerance):
            return f"Not yet: {hint}"
    return f"Not yet: {exercise.otherwise}"


def _judge_function(exercise: Exercise, cases: dict, answer: Callable) -> str:
    given = {words: _result(answer, arguments) for words, (arguments, _) in cases.items()}
    wrong = [words for words, (_, right) in cases.items() if not same(given[words], right, exercise.tolerance)]
    if not wrong:
        return f"Right. {exercise.praise}"
    first = wrong[0]
    if isinstance(given[first], Exception):
        return f"Not yet: with {first} it stops with {type(given[first]).__name__}: {given[first]}"
    hint = exercise.otherwise
    for known, mistake in exercise.mistakes.items():
        results = {words: _result(mistake, arguments) for words, (arguments, _) in cases.items()}
        if all(same(given[words], results[words], exercise.tolerance) for words in cases):
            hint = known
            break
    return f"Not yet: with {first}, {_told(cases[first][1])} is right, and yours gives {_told(given[first])}: {hint}"


def _result(function: Callable, arguments: tuple):
    """What a function gives, or the exception it raises; it gets copies, so that no answer can spoil the next case."""
    copies = [x.copy() if hasattr(x, "copy") else x for x in arguments]
    try:
        return function(*copies)
    except Exception as error:  # whatever a learner's function may raise is an answer, not a failure
        return error


def same(given, right, tolerance: float) -> bool:
    """Whether two answers are the same: numbers and arrays by shape and value, all else by equality."""
    if isinstance(given, Exception) or isinstance(right, Exception):
        return isinstance(given, Exception) and isinstance(right, Exception)
    try:
        given_numbers, right_numbers = np.asarray(given, dtype=float), np.asarray(right, dtype=float)
    except (TypeError, ValueError):  # words, or a list of them
        return np.array_equal(np.asarray(given, dtype=object), np.asarray(right, dtype=object))
    if given_numbers.shape != right_numbers.shape:
        return False
    return np.allclose(given_numbers, right_numbers, rtol=tolerance, atol=tolerance, equal_nan=True)


def _told(value) -> str:
    """A value in a few characters: a number rounded, an array by its shape and its first values."""
    if isinstance(value, Exception):
        return f"{type(value).__name__}: {value}"
    if isinstance(value, (bool, np.bool_)):
        return repr(bool(value))
    if isinstance(value, str) or value is None:
        return repr(value)
    try:
        numbers = np.asarray(value, dtype=float)
    except (TypeError, ValueError):
        return _shortened(repr(value))
    if numbers.ndim == 0:
        return f"{numbers:.6g}"
    first = ", ".join(f"{x:.4g}" for x in numbers.ravel()[:4])
    return f"an array of shape {numbers.shape} that begins {first}"


def _shortened(text: str, length: int = 80) -> str:
    return text if len(text) <= length else text[: length - 3] + "..."
