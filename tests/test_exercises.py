"""Exercises: open for the learner, solved by their solutions, and each mistake they name told from the others."""

import inspect
import re

import jupytext
import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from tutorial_helpers import exercises, voice
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.exercises.judge import Exercise, judge
from tutorial_helpers.project import publish

EXERCISES = exercises.EXERCISES
LESSONS = publish.source_paths()


def tagged(lesson, tag):
    return [cell for cell in jupytext.read(LESSONS[lesson]).cells if tag in cell.metadata.get("tags", [])]


def imports_of(lesson):
    """The lines of a lesson that import: all that a solution may use, beside `sr`."""
    cells = [cell.source for cell in jupytext.read(LESSONS[lesson]).cells if cell.cell_type == "code"]
    return "\n".join(cell for cell in cells if "from tutorial_helpers import" in cell or cell.startswith("import"))


@pytest.fixture(scope="session")
def namespaces():
    """For each lesson, the names that its import cells define, so that solutions can be run without the lesson."""
    made = {}
    for lesson in LESSONS:
        made[lesson] = {"sr": 16_000, "seed": 1}
        exec(imports_of(lesson), made[lesson])
    return made


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_has_four_exercises_with_text_stub_and_solution(lesson):
    numbers = sorted(number for number in EXERCISES if number.startswith(lesson[:2]))
    assert len(numbers) >= 4
    headings = re.findall(r"^# ### Exercise ([\d.]+): \w", LESSONS[lesson].read_text(), flags=re.MULTILINE)
    assert headings == numbers  # in order, none left out
    for tag in ("stub", "solution"):
        asked = [re.findall(r'exercises\.check\("([\d.]+)", answer\)', cell.source) for cell in tagged(lesson, tag)]
        assert asked == [[number] for number in numbers]


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_stub_is_unsolved_and_waits_for_an_answer(lesson):
    for cell in tagged(lesson, "stub"):
        stub = re.fullmatch(r'answer = \.\.\.\nprint\(exercises\.check\("([\d.]+)", answer\)\)', cell.source)
        assert "is waiting" in exercises.check(stub.group(1), ...)


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_solution_passes_with_nothing_but_the_lessons_imports(lesson, namespaces, capsys):
    for cell in tagged(lesson, "solution"):
        exec(cell.source, dict(namespaces[lesson]))
        assert capsys.readouterr().out.startswith("Right."), cell.source


@pytest.mark.parametrize("exercise", EXERCISES)
def test_each_named_mistake_of_three_or_more_gets_its_own_hint(exercise):
    mistakes = EXERCISES[exercise].mistakes
    assert len(mistakes) >= 3 and EXERCISES[exercise].otherwise not in mistakes
    for hint, mistake in mistakes.items():
        said = exercises.check(exercise, mistake)
        assert said.startswith("Not yet: ") and said.endswith(hint)


@pytest.mark.parametrize("exercise", EXERCISES)
def test_an_answer_of_the_wrong_kind_gets_a_hint_and_no_traceback(exercise):
    for answer in ("some words", None, lambda *_: 1 / 0, lambda *_: "words", float("nan")):
        assert exercises.check(exercise, answer).startswith("Not yet")


def test_an_unknown_exercise_is_answered_with_those_there_are():
    with pytest.raises(TutorialError, match="no exercise '99.1'. Known: 01.1"):
        exercises.check("99.1", 1)


DOUBLE = Exercise(
    praise="Twice.",
    otherwise="what is twice the number?",
    mistakes={"that is the number itself.": lambda x: x, "that is its square.": lambda x: x**2},
    cases=lambda: {"2": ((2.0,), 4.0), "3": ((3.0,), 6.0)},
)


def test_an_answer_is_told_the_first_case_that_is_wrong_and_what_is_right_there():
    assert judge(DOUBLE, lambda x: x**2) == "Not yet: with 3, 6 is right, and yours gives 9: that is its square."
    assert judge(DOUBLE, lambda x: 5.0).endswith("with 2, 4 is right, and yours gives 5: what is twice the number?")
    assert judge(DOUBLE, lambda x: 2 * x) == "Right. Twice."


def test_an_answer_that_raises_is_told_what_it_raised_and_where():
    assert judge(DOUBLE, lambda x: [][0]) == "Not yet: with 2 it stops with IndexError: list index out of range"
    assert judge(DOUBLE, 4).startswith("Not yet: the answer is a function.")


def test_an_answer_that_spoils_its_arguments_is_judged_all_the_same():
    def sum_and_spoil(x):
        total = x.sum()
        x *= 0
        return total

    mean = Exercise(
        "Two.", "add up.", {"that is the sum.": np.sum}, cases=lambda: {"1, 2, 3": ((np.arange(1.0, 4),), 2.0)}
    )
    assert judge(mean, sum_and_spoil).endswith("that is the sum.")


def test_arrays_are_right_by_shape_and_value_and_within_the_tolerance():
    exercise = Exercise(
        "Good.", "look again.", {"along the other axis.": [[1.0], [2.0]]}, right=[1.0, 2.0], tolerance=0.01
    )
    assert judge(exercise, np.array([1.005, 2.0])) == "Right. Good."
    assert judge(exercise, np.array([1.05, 2.0])) == "Not yet: look again."
    assert judge(exercise, np.array([[1.0], [2.0]])) == "Not yet: along the other axis."
    assert judge(exercise, [1.0, 2.0, 3.0]) == "Not yet: look again."


def test_solutions_are_not_in_the_helpers():
    helpers = inspect.getsource(exercises) + inspect.getsource(inspect.getmodule(judge))
    assert "answer = " not in helpers


def fold(frequency, sr):
    rest = frequency % sr
    return min(rest, sr - rest)


def level_of_slices(y, sr, talk):
    parts = [y[round(turn.onset * sr) : round(turn.offset * sr)] for turn in talk.itertuples()]
    return 10 * np.log10(np.mean(np.concatenate(parts) ** 2))


def centred_slope(turns):
    own = turns[["semitones", "rating"]] - turns.groupby("speaker")[["semitones", "rating"]].transform("mean")
    return np.polyfit(own["semitones"], own["rating"], 1)[0]


def said_by(words, turns):
    middle = (words["onset"] + words["offset"]) / 2
    found = pd.merge_asof(middle.rename("onset"), turns.rename(columns={"offset": "over"}), on="onset")
    return found["speaker"].where(middle.to_numpy() < found["over"], "nobody").fillna("nobody").tolist()


BY_ANOTHER_ROAD = {
    "01.2": lambda rates: np.sort(rates)[0] / 2,
    "01.3": lambda y, gain: y * np.exp(gain * np.log(10) / 20),
    "01.4": level_of_slices,
    "02.1": lambda y: 10 * np.log10(y @ y / len(y)),
    "02.4": fold,
    "02.5": lambda power: 10 * np.log10(power.sum(axis=1) / power.sum(axis=1).max()),
    "03.1": lambda seconds, sr, hop_length: int(np.abs(np.arange(10**5) * hop_length / sr - seconds).argmin()),
    "03.3": lambda first, second, sr: np.median(
        voice.semitones(voice.pitch(second, sr)["f0"].dropna(), voice.pitch(first, sr)["f0"].median())
    ),
    "04.2": lambda x: len(x) * (1 - pd.Series(x).autocorr()) / (1 + pd.Series(x).autocorr()),
    "04.3": centred_slope,
    "04.4": lambda his, hers, event: (
        (his[event:].mean() - his[:event].mean()) - (hers[event:].mean() - hers[:event].mean())
    ),
    "05.2": lambda table, drawn: (
        np.sum([table.loc[table["recording"] == name, "errors"].sum() for name in drawn])
        / np.sum([table.loc[table["recording"] == name, "words"].sum() for name in drawn])
    ),
    "05.3": said_by,
    "05.4": lambda train, test: (test - train.mean(axis=0)) / train.std(axis=0),
    "05.5": balanced_accuracy_score,
    "06.1": lambda hours, sr, channels: hours * 3600 * sr * channels * np.dtype("float32").itemsize / 1e9,
    "06.2": lambda first, last, hop, n_fft: np.array([first, last - 1]) * hop + np.array([-1, 1]) * (n_fft // 2),
    "06.3": lambda one, many, w: (w * many - one) / (one * (w - 1)),
    "06.4": lambda parts: np.repeat(parts["mean"], parts["frames"]).mean(),
    "06.5": lambda asked, done: [
        1 - asked.index[asked["group"] == group].isin(done).mean() for group in sorted(asked["group"].unique())
    ],
}


def test_a_right_answer_that_is_not_the_solutions_is_right_too():
    for exercise, answer in BY_ANOTHER_ROAD.items():
        assert exercises.check(exercise, answer).startswith("Right."), exercise


@pytest.mark.parametrize(
    ("exercise", "answer", "hint"),
    [
        ("01.1", 40_000, "2.5 seconds"),
        ("02.3", 1_600, "power of two"),
        ("02.4", lambda frequency, sr: frequency, "stay"),
        ("03.3", lambda first, second, sr: 12 * np.log2(voice.pitch(second, sr)["f0"].mean(skipna=False)), "NaN"),
        ("04.2", len, "the number of values itself"),
        ("04.2", lambda x: len(x) * (1 - np.corrcoef(x[:-1], x[1:])[0, 1]), "divide by (1 + rho)"),
        ("05.5", accuracy_score, "accuracy"),
        ("05.5", lambda truth, predicted: f1_score(truth, predicted, average="macro"), "macro-F1"),
    ],
)
def test_a_mistake_in_other_words_than_the_helpers_gets_the_hint_for_it(exercise, answer, hint):
    said = exercises.check(exercise, answer)
    assert said.startswith("Not yet") and hint in said
