"""The committed notebooks keep their word: made from their sources, executed, checked, small, and free of warnings."""

import re

import nbformat
import pytest

from tutorial_helpers import publish, runner

SOURCES = publish.source_paths()
LESSONS = runner.lesson_paths()
SOLUTIONS = runner.lesson_paths(publish.SOLUTIONS)
COMMITTED = [*LESSONS.values(), *SOLUTIONS.values()]
PARAMETERS = ["corpus", "recording", "start", "minutes", "most_recordings", "seed"]


def cells_of(path, tag=None):
    cells = nbformat.read(path, as_version=4).cells
    return [cell for cell in cells if tag is None or tag in cell.metadata.get("tags", [])]


def text_of(cell):
    return "".join(output.get("text", "") for output in cell.get("outputs", []))


def label(path):
    return f"{path.parent.name}/{path.stem}"


def test_the_lessons_on_disk_are_the_lessons_of_the_table_of_contents():
    listed = re.findall(r"\(notebooks/(\d\d_\w+)\.ipynb\)", (runner.ROOT / "README.md").read_text())
    assert listed == list(LESSONS) == list(SOLUTIONS) == list(SOURCES)
    assert len(listed) >= 5


@pytest.mark.parametrize("name", SOURCES)
@pytest.mark.parametrize("which", ["lesson", "solutions"])
def test_a_committed_notebook_says_what_its_source_says(name, which):
    path, leave_out = {"lesson": (LESSONS, "solution"), "solutions": (SOLUTIONS, "stub")}[which]
    made = publish.notebook_from_source(SOURCES[name], leave_out)
    committed = nbformat.read(path[name], as_version=4)
    assert [(cell.cell_type, cell.source) for cell in made.cells] == [
        (cell.cell_type, cell.source) for cell in committed.cells
    ], "run `make notebooks`"
    assert [cell.metadata.get("tags", []) for cell in made.cells] == [
        cell.metadata.get("tags", []) for cell in committed.cells
    ]


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_every_code_cell_was_executed_in_order_without_error(path):
    code = [cell for cell in cells_of(path) if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_checked_cells_carry_the_output_that_nbval_compares(path):
    checked = [cell for cell in cells_of(path) if "NBVAL_CHECK_OUTPUT" in cell.source]
    assert len(checked) >= 10
    for cell in checked:
        assert cell.source.rstrip().endswith("# NBVAL_CHECK_OUTPUT")
        assert text_of(cell).strip(), cell.source


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_no_warning_is_shown_to_a_learner(path):
    shown = [text_of(cell) for cell in cells_of(path)]
    streams = [output.name for cell in cells_of(path) for output in cell.get("outputs", []) if "name" in output]
    assert "stderr" not in streams
    assert not [text for text in shown if "Warning" in text or "deprecated" in text]


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_a_notebook_with_its_outputs_is_under_one_and_a_half_megabytes(path):
    assert path.stat().st_size < 1.5e6


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_every_figure_has_an_alt_text(path):
    figures = runner.figures(path)
    assert figures
    assert all(len(alt) > 20 for _, alt in figures)


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_every_player_plays_and_each_lesson_has_one(path):
    players = cells_of(path, "player")
    assert players
    for cell in players:
        assert any("data:audio/mpeg" in output.get("data", {}).get("text/html", "") for output in cell.outputs)


@pytest.mark.parametrize("path", LESSONS.values(), ids=label)
def test_every_lesson_has_one_parameters_cell_with_the_common_names(path):
    (cell,) = cells_of(path, "parameters")
    assigned = re.findall(r"^(\w+) = ", cell.source, flags=re.MULTILINE)
    assert assigned[: len(PARAMETERS)] == PARAMETERS


@pytest.mark.parametrize("path", LESSONS.values(), ids=label)
def test_every_pitfall_shows_the_naive_number_and_the_right_one(path):
    pitfalls = cells_of(path, "pitfall")
    headings = [cell for cell in cells_of(path) if re.search(r"^### Pitfall: ", cell.source, flags=re.MULTILINE)]
    assert 5 <= len(headings) <= len(pitfalls)
    for cell in pitfalls:
        assert "naive" in text_of(cell) and "right" in text_of(cell), cell.source
        assert len(re.findall(r"\d", text_of(cell))) >= 2


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_a_lesson_opens_with_what_it_does_and_needs_and_how_long_it_takes(path):
    cells = cells_of(path)
    opening = cells[0].source
    assert re.match(r"# \d\d [A-Z]", opening)
    parts = ["**What you will do:**", "**What you will learn:**", "**What you need:**", "**Time:**"]
    assert re.findall(r"\*\*[^*]+:\*\*", opening) == parts
    assert publish.time_needed(nbformat.read(path, as_version=4)) in opening
    assert "site/glossary.md)" in opening
    linked = {link for cell in cells for link in re.findall(r"site/glossary\.md#([\w-]+)\)", cell.source)}
    assert len(linked) >= 8


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_a_lesson_closes_with_a_quiz_what_was_learned_what_to_read_and_what_comes_next(path):
    quiz, closing = cells_of(path)[-2:]
    assert quiz.source.startswith("## Quiz") and "quiz" in quiz.metadata["tags"]
    assert closing.source.startswith("## What you learned")
    reading, _, following = closing.source.partition("**Further reading.**")[2].partition("**Next:**")
    assert "(https://doi.org/10." in reading and following.strip()
    names = [each.stem for each in LESSONS.values()]
    after = names[names.index(path.stem) + 1 :]
    assert not after or f"({after[0]}.ipynb)" in following


@pytest.mark.parametrize("path", LESSONS.values(), ids=label)
def test_every_option_of_a_quiz_says_why_and_one_of_each_question_is_right(path):
    (quiz,) = cells_of(path, "quiz")
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


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_a_lesson_has_a_knob_whose_figure_is_there_without_a_widget(path):
    (knob,) = cells_of(path, "knob")
    assert "plotting.knob(" in knob.source
    (output,) = knob.outputs
    assert output.data["image/png"] and len(output.metadata["image/png"]["alt"]) > 20
    assert not [
        cell
        for cell in cells_of(path)
        for out in cell.get("outputs", [])
        if "widget" in str(out.get("data", {}).keys())
    ]
    assert "widgets" not in nbformat.read(path, as_version=4).metadata


@pytest.mark.parametrize("path", COMMITTED, ids=label)
def test_the_first_code_cell_is_colabs_and_says_nothing_here(path):
    first = next(cell for cell in cells_of(path) if cell.cell_type == "code")
    assert first.metadata["tags"] == ["colab"] and first.source == publish.colab_cell(publish.repository())
    assert first.outputs == []


@pytest.mark.parametrize("path", LESSONS.values(), ids=label)
def test_exercises_are_open_in_the_lesson(path):
    stubs = cells_of(path, "stub")
    assert stubs and not cells_of(path, "solution")
    assert all("is waiting" in text_of(cell) for cell in stubs)


@pytest.mark.parametrize("path", SOLUTIONS.values(), ids=label)
def test_exercises_are_solved_in_the_solutions(path):
    solutions = cells_of(path, "solution")
    assert solutions and not cells_of(path, "stub")
    assert all(text_of(cell).startswith("Right.") for cell in solutions)


def test_the_instructors_guide_gives_the_minutes_of_each_lesson():
    guide = (runner.ROOT / "site" / "workshop.md").read_text()
    for name, path in LESSONS.items():
        parts = publish.minutes(nbformat.read(path, as_version=4))
        whole = re.search(r"about (\d+) minutes", publish.time_needed(nbformat.read(path, as_version=4))).group(1)
        assert re.search(rf"/{name}\.ipynb\) \| {whole} \| {parts['read']} \| {parts['exercises']} \|", guide), name
