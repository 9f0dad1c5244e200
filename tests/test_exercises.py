import pytest

from tutorial_helpers import exercises
from tutorial_helpers.errors import TutorialError


@pytest.mark.parametrize("exercise", exercises.CHECKS)
def test_an_exercise_without_an_answer_waits_for_one(exercise):
    assert "is waiting" in exercises.check(exercise, ...)


def test_an_unknown_exercise_is_answered_with_those_there_are():
    with pytest.raises(TutorialError, match="no exercise '99.1'. Known: 01.1"):
        exercises.check("99.1", 1)


def test_the_number_of_samples_is_right_and_each_known_mistake_gets_its_hint():
    assert exercises.check("01.1", 2_400_000).startswith("Right.")
    assert "2.5 seconds" in exercises.check("01.1", 40_000)
    assert "22,050 Hz" in exercises.check("01.1", 2.5 * 60 * 22_050)
    assert "Not yet" in exercises.check("01.1", 17)


@pytest.mark.parametrize("exercise", exercises.CHECKS)
@pytest.mark.parametrize("answer", ["some words", None, lambda *_: 1 / 0, lambda *_: "words"])
def test_an_answer_of_the_wrong_kind_gets_a_hint_and_no_traceback(exercise, answer):
    assert exercises.check(exercise, answer).startswith("Not yet")
