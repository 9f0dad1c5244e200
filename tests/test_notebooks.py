"""The committed notebooks keep their word: made from their sources, executed, checked, small, and free of warnings."""

import re

import nbformat
import pytest

from tutorial_helpers.places import ROOT
from tutorial_helpers.project import publish, runner

SOURCES = publish.source_paths()
LESSONS = runner.lesson_paths()
SOLUTIONS = runner.lesson_paths(publish.SOLUTIONS)
BOTH = {name: [LESSONS[name], SOLUTIONS[name]] for name in LESSONS}
PARAMETERS = ["corpus", "recording", "start", "minutes", "most_recordings", "seed"]

each_lesson = pytest.mark.parametrize("name", LESSONS)


def cells_of(path, tag=None):
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if tag is None or tag in cell.metadata.get("tags", [])]


def text_of(cell):
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


def test_the_lessons_on_disk_are_the_lessons_of_the_table_of_contents():
    listed = re.findall(r"\(notebooks/(\d\d\w?_\w+)\.ipynb\)", (ROOT / "README.md").read_text())
    assert listed == list(LESSONS) == list(SOLUTIONS) == list(SOURCES)
    assert len(listed) >= 5


@each_lesson
def test_a_committed_notebook_says_what_its_source_says(name):
    for path, leave_out in zip(BOTH[name], ["solution", "stub"], strict=True):
        made = publish.notebook_from_source(SOURCES[name], leave_out)
        said = [
            [(cell.cell_type, cell.source, cell.metadata.get("tags", [])) for cell in notebook.cells]
            for notebook in (made, nbformat.read(path, as_version=4))
        ]
        assert said[0] == said[1], "run `make notebooks`"


@each_lesson
def test_a_lesson_shows_what_its_solutions_show_but_for_the_exercises(name):
    """nbval runs the solutions alone: what it finds there has to hold for the learner's notebook."""
    lesson, solved = (
        [text_of(cell) for cell in cells_of(path) if "NBVAL_CHECK_OUTPUT" in cell.source] for path in BOTH[name]
    )
    assert lesson == solved


@each_lesson
def test_every_code_cell_was_executed_in_order_without_error_or_warning(name):
    for path in BOTH[name]:
        code = [cell for cell in cells_of(path) if cell.cell_type == "code"]
        assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
        outputs = [output for cell in code for output in cell.outputs]
        assert not [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"]
        assert not [cell for cell in code if "Warning" in text_of(cell) or "deprecated" in text_of(cell)]


@each_lesson
def test_checked_cells_carry_the_output_that_nbval_compares(name):
    checked = [cell for cell in cells_of(SOLUTIONS[name]) if "NBVAL_CHECK_OUTPUT" in cell.source]
    assert len(checked) >= 10
    for cell in checked:
        assert cell.source.rstrip().endswith("# NBVAL_CHECK_OUTPUT")
        assert text_of(cell).strip(), cell.source


@each_lesson
def test_a_notebook_is_small_and_its_figures_have_an_alt_text(name):
    for path in BOTH[name]:
        assert path.stat().st_size < 1.5e6
        figures = runner.figures(path)
        assert figures and all(len(alt) > 20 for _, alt in figures)


@each_lesson
def test_every_player_plays_and_each_lesson_has_one(name):
    players = cells_of(LESSONS[name], "player")
    assert players
    for cell in players:
        assert any("data:audio/mpeg" in output.get("data", {}).get("text/html", "") for output in cell.outputs)


@each_lesson
def test_every_lesson_has_one_parameters_cell_with_the_common_names(name):
    (cell,) = cells_of(LESSONS[name], "parameters")
    assigned = re.findall(r"^(\w+) = ", cell.source, flags=re.MULTILINE)
    assert assigned[: len(PARAMETERS)] == PARAMETERS


@each_lesson
def test_every_pitfall_shows_the_naive_number_and_the_right_one(name):
    pitfalls = cells_of(LESSONS[name], "pitfall")
    headings = [cell for cell in cells_of(LESSONS[name]) if re.search(r"(?m)^### Pitfall: ", cell.source)]
    assert 2 <= len(headings) <= len(pitfalls)
    for cell in pitfalls:
        assert "naive" in text_of(cell) and "right" in text_of(cell), cell.source
        assert len(re.findall(r"\d", text_of(cell))) >= 2


@each_lesson
def test_a_lesson_opens_with_what_it_does_and_needs_and_its_time(name):
    for path in BOTH[name]:
        cells = cells_of(path)
        opening = cells[0].source
        assert re.match(r"# \d\d [A-Z]", opening)
        parts = ["**What you will do:**", "**What you will learn:**", "**What you need:**", "**Time:**"]
        assert re.findall(r"\*\*[^*]+:\*\*", opening) == parts
        assert publish.time_needed(nbformat.read(path, as_version=4)) in opening
        assert "site/glossary.md)" in opening
        linked = {link for cell in cells for link in re.findall(r"site/glossary\.md#([\w-]+)\)", cell.source)}
        assert len(linked) >= 8


@each_lesson
def test_a_lesson_closes_with_quiz_summary_reading_and_what_comes_next(name):
    quiz, closing = cells_of(LESSONS[name])[-2:]
    assert quiz.source.startswith("## Quiz") and "quiz" in quiz.metadata["tags"]
    assert closing.source.startswith("## What you learned")
    reading, _, following = closing.source.partition("**Further reading.**")[2].partition("**Next:**")
    assert "(https://doi.org/10." in reading and following.strip()
    after = list(LESSONS)[list(LESSONS).index(name) + 1 :]
    assert not after or f"({after[0]}.ipynb)" in following


@each_lesson
def test_every_option_of_a_quiz_says_why_and_one_of_each_question_is_right(name):
    (quiz,) = cells_of(LESSONS[name], "quiz")
    questions = re.split(r"\n\n(?=\*\*\d\. )", quiz.source)[1:]
    assert 4 <= len(questions) <= 6
    places = set()
    for number, question in enumerate(questions, start=1):
        assert re.match(rf"\*\*{number}\. .+\?\*\*\n\n<details>", question, flags=re.DOTALL), question
        options = re.findall(r"<details><summary>(.+?)</summary>(.+?)</details>", question, flags=re.DOTALL)
        assert len(options) == question.count("<details>") >= 3
        right = [place for place, (_, why) in enumerate(options) if re.match(r"Right:\s\w.{10}", why, flags=re.DOTALL)]
        wrong = [why for _, why in options if re.match(r"Not this one:\s\w.{10}", why, flags=re.DOTALL)]
        assert len(right) == 1 and len(wrong) == len(options) - 1, question
        places |= {*right}
    assert len(places) > 1  # the right one does not always stand in the same place


@each_lesson
def test_a_lesson_has_a_knob_whose_figure_is_there_without_a_widget(name):
    for path in BOTH[name]:
        (knob,) = cells_of(path, "knob")
        assert "plotting.knob(" in knob.source
        (output,) = knob.outputs
        assert output.data["image/png"] and len(output.metadata["image/png"]["alt"]) > 20
        outputs = [output for cell in cells_of(path) for output in cell.get("outputs", [])]
        assert not [output for output in outputs if "widget" in str(output.get("data", {}).keys())]
        assert "widgets" not in nbformat.read(path, as_version=4).metadata


@each_lesson
def test_the_first_code_cell_is_colabs_and_says_nothing_here(name):
    for path in BOTH[name]:
        first = next(cell for cell in cells_of(path) if cell.cell_type == "code")
        assert first.metadata["tags"] == ["colab"] and first.outputs == []


@each_lesson
def test_exercises_are_open_in_the_lesson_and_solved_in_the_solutions(name):
    stubs, solutions = cells_of(LESSONS[name], "stub"), cells_of(SOLUTIONS[name], "solution")
    assert len(stubs) == len(solutions) > 0
    assert not cells_of(LESSONS[name], "solution") and not cells_of(SOLUTIONS[name], "stub")
    assert all("is waiting" in text_of(cell) for cell in stubs)
    assert all(text_of(cell).startswith("Right.") for cell in solutions)


def test_the_instructors_guide_gives_the_minutes_of_each_lesson():
    guide = (ROOT / "site" / "workshop.md").read_text()
    for name, path in LESSONS.items():
        parts = publish.minutes(nbformat.read(path, as_version=4))
        whole = re.search(r"about (\d+) minutes", publish.time_needed(nbformat.read(path, as_version=4))).group(1)
        assert re.search(rf"/{name}\.ipynb\) \| {whole} \| {parts['read']} \| {parts['exercises']} \|", guide), name
