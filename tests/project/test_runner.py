import errno
import json
import os

import nbformat
import papermill.execute
import pytest
from project.small_lessons import write_corpus, write_lesson

from tutorial_helpers import __main__ as command_line
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.project import runner

pytestmark = pytest.mark.timeout(600)  # several kernels start, which takes a while on a busy machine


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """Three small lessons, the second of which fails where a recording is asked for."""
    folder = tmp_path / "notebooks"
    folder.mkdir()
    write_lesson(folder / "01_first.ipynb", "print(minutes)")
    write_lesson(
        folder / "02_second.ipynb",
        "from tutorial_helpers import corpora, data_prep",
        "data_prep.read(corpora.pick(corpora.load(corpus), recording).path)",
    )
    write_lesson(folder / "03_third.ipynb", "event_date = ''\nprint(corpus)")
    paths = runner.lesson_paths(folder)
    monkeypatch.setattr(runner, "lesson_paths", lambda: paths)
    return folder


@pytest.fixture
def folder(tmp_path):
    write_corpus(tmp_path / "corpus")
    return tmp_path / "corpus"


FIGURE = """import matplotlib.pyplot as plt, numpy as np, time
from tutorial_helpers import plotting
figure, ax = plt.subplots()
plotting.show(figure, alt='a frame with <nothing> in it')
held = np.ones(50_000_000)  # 400 MB
time.sleep(0.3)"""


def test_a_run_leaves_notebooks_pages_and_a_report(lessons, folder, tmp_path):
    write_lesson(lessons / "03_third.ipynb", FIGURE)
    out = tmp_path / "out"
    report = runner.run(str(folder), out, parameters={"recording": "good", "minutes": 2}, progress=False)
    assert json.loads((out / "run.json").read_text()) == report
    assert [lesson["status"] for lesson in report["lessons"]] == ["ok"] * 3
    assert report["corpus"] == str(folder)
    first, _, third = report["lessons"]
    assert first["parameters"] == {"corpus": str(folder), "recording": "good", "minutes": 2}
    assert first["seconds"] > 0 and first["error"] is None
    assert 20 < first["peak_mb"] < 400 < third["peak_mb"]  # of the kernel
    assert {"python", "librosa", "torch"} <= set(report["versions"])
    assert nbformat.read(out / "01_first.ipynb", 4).cells[-1].outputs[0].text == "2.0\n"
    assert (out / "03_third.html").stat().st_size > 1_000
    page = (out / "index.html").read_text()
    assert 'href="01_first.html"' in page and f"<td>{third['peak_mb']} MB</td>" in page
    assert page.count("<img ") == 1 and 'alt="a frame with &lt;nothing&gt; in it"' in page


def test_a_failed_lesson_is_told_by_cell_and_error_and_the_rest_still_runs(lessons, folder, tmp_path, capsys):
    out = tmp_path / "out"
    status = command_line.main(["run", "--corpus", str(folder), "--out", str(out), "-p", "recording", "broken"])
    assert status == 1
    report = json.loads((out / "run.json").read_text())
    assert [lesson["status"] for lesson in report["lessons"]] == ["ok", "failed", "ok"]
    error = report["lessons"][1]["error"]
    assert error["type"] == "TutorialError" and "broken.mp3 is empty" in error["message"]
    cells = nbformat.read(out / "02_second.ipynb", 4).cells
    (failed,) = [cell for cell in cells if cell.get("execution_count") == error["cell"]]
    assert failed.source.startswith("data_prep.read")
    shown = capsys.readouterr().err
    assert f"FAILED 02_second, cell {error['cell']}: TutorialError: broken.mp3 is empty" in shown
    assert "Traceback" not in shown


def test_a_kernel_that_dies_is_reported_and_the_next_lesson_runs(lessons, folder, tmp_path):
    write_lesson(lessons / "02_second.ipynb", "import os; os._exit(1)")
    report = runner.run(str(folder), tmp_path / "out", progress=False)
    assert [lesson["status"] for lesson in report["lessons"]] == ["ok", "failed", "ok"]
    assert report["lessons"][1]["error"]["type"] == "DeadKernelError"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--corpus", "nowhere"], "no corpus and no folder called"),
        (["--lessons", "07"], "no lesson '07'. Lessons: 01_first"),
        (["--profile", "quick"], "no profile 'quick'"),
        (["-p", "minuets", "5"], "no chosen lesson has a parameter 'minuets'. did you mean 'minutes'?"),
        (["-p", "minutes", "long"], "'minutes' takes a number, such as 10.0, not 'long'"),
        (["-p", "seed", "1.5"], "'seed' takes a whole number"),
        (["-p", "recording", "nobody"], "no recording called 'nobody'"),
    ],
)
def test_what_is_unknown_is_said_before_anything_is_written(lessons, folder, tmp_path, capsys, arguments, message):
    out = tmp_path / "out"
    out.mkdir()
    (out / "run.json").write_text("an earlier run")
    assert command_line.main(["run", "--corpus", str(folder), "--out", str(out), *arguments]) == 1
    shown = capsys.readouterr().err
    assert message.lower() in shown.lower()
    assert shown.startswith("Error: ") and "Traceback" not in shown
    assert [path.name for path in out.iterdir()] == ["run.json"]
    assert (out / "run.json").read_text() == "an earlier run"


def test_lessons_are_chosen_by_number_letter_or_name_in_the_order_given():
    paths = dict.fromkeys(["01_first", "03a_music", "03b_voice", "04_last"])
    assert runner.choose_lessons("", paths) == list(paths)
    assert runner.choose_lessons("04, 01_first,03,03b", paths) == ["04_last", "01_first", "03a_music", "03b_voice"]
    assert runner.choose_lessons("03b", paths) == ["03b_voice"]
    for wrong in ("0", "03c", "03a_", "music"):
        with pytest.raises(TutorialError, match=f"no lesson '{wrong}'. Lessons: 01_first, 03a_music"):
            runner.choose_lessons(wrong, paths)


def test_lessons_with_and_without_a_letter_are_found_and_other_notebooks_are_not(tmp_path):
    for name in ("03b_voice", "03a_music", "01_first", "Untitled", "1_describe"):
        (tmp_path / f"{name}.ipynb").touch()
    assert list(runner.lesson_paths(tmp_path)) == ["01_first", "03a_music", "03b_voice"]


def test_the_fast_profile_reads_less_and_a_parameter_given_by_hand_wins(lessons, folder):
    (fast,) = runner.plan(str(folder), lessons="01", profile="fast")[1].values()
    assert fast["minutes"] == runner.PROFILES["fast"]["minutes"] < 10
    (by_hand,) = runner.plan(str(folder), lessons="01", profile="fast", parameters={"minutes": 3})[1].values()
    assert by_hand["minutes"] == 3


def test_a_corpus_named_by_a_relative_path_is_found_by_kernels_elsewhere(lessons, folder, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    given, _ = runner.plan("corpus")
    assert given["corpus"] == str(folder)


@pytest.mark.parametrize(("deaths", "status"), [(1, "ok"), (2, "failed")])
def test_a_kernel_that_did_not_start_is_started_once_more(lessons, folder, tmp_path, monkeypatch, deaths, status):
    write_lesson(lessons / "01_first.ipynb", "print('here')")
    execute, tried = runner.papermill.execute_notebook, []

    def dies_first(*arguments, **options):
        tried.append(1)
        if len(tried) <= deaths:
            raise RuntimeError("Kernel died before replying to kernel_info")  # as jupyter_client says it
        return execute(*arguments, **options)

    monkeypatch.setattr(runner.papermill, "execute_notebook", dies_first)
    report = runner.run(str(folder), tmp_path / "out", lessons="01", progress=False)
    assert report["lessons"][0]["status"] == status and len(tried) == 2


def test_parameters_on_the_command_line_take_the_type_of_their_defaults():
    defaults = {"minutes": 10.0, "seed": 1, "event_date": ""}
    found = runner.typed({"minutes": "1e3", "seed": "7", "event_date": "2022-11-06"}, defaults)
    assert found == {"minutes": 1000.0, "seed": 7, "event_date": "2022-11-06"}
    assert [type(value) for value in found.values()] == [float, int, str]


def test_a_copy_without_lessons_says_so(monkeypatch, capsys):
    monkeypatch.setattr(runner, "lesson_paths", lambda: {})
    assert command_line.main(["run"]) == 1
    assert "There are no lessons in" in capsys.readouterr().err


def test_figures_come_in_order_with_their_alt_texts(tmp_path):
    outputs = [
        nbformat.v4.new_output("display_data", {"image/png": png}, metadata={"image/png": {"alt": png + "!"}})
        for png in ("first", "second")
    ]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell("", outputs=outputs)])
    nbformat.write(notebook, tmp_path / "x.ipynb")
    assert runner.figures(tmp_path / "x.ipynb") == [("first", "first!"), ("second", "second!")]


def test_an_interrupted_write_leaves_the_old_report_whole(tmp_path, monkeypatch):
    (tmp_path / "run.json").write_text("old")
    monkeypatch.setattr("pathlib.Path.replace", lambda self, target: (_ for _ in ()).throw(KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        runner.atomic_write(tmp_path / "run.json", "new and half")
    assert (tmp_path / "run.json").read_text() == "old"


# What goes wrong outside a lesson


@pytest.mark.parametrize("number", [errno.ENOSPC, errno.EROFS])
def test_a_disk_that_fills_up_ends_the_run_with_one_message_and_what_was_done(
    lessons, folder, tmp_path, capsys, monkeypatch, number
):
    write = papermill.execute.write_ipynb

    def write_while_there_is_room(notebook, path):
        if "02" in str(path):
            raise OSError(number, os.strerror(number), str(path))
        write(notebook, path)

    monkeypatch.setattr(papermill.execute, "write_ipynb", write_while_there_is_room)
    out = tmp_path / "out"
    assert command_line.main(["run", "--corpus", str(folder), "--out", str(out)]) == 1
    shown = capsys.readouterr().err.splitlines()[-1]
    assert shown.startswith(f"Error: {out} cannot be written to: {os.strerror(number)}. Make room, or name")
    assert [lesson["lesson"] for lesson in json.loads((out / "run.json").read_text())["lessons"]] == ["01_first"]


def test_an_out_that_cannot_be_made_or_written_is_told(lessons, folder, tmp_path, capsys):
    (tmp_path / "file").touch()
    assert command_line.main(["run", "--corpus", str(folder), "--out", str(tmp_path / "file/out")]) == 1
    assert "file/out cannot be written to: Not a directory" in capsys.readouterr().err


def test_a_run_that_is_stopped_keeps_what_was_done_and_says_so(lessons, folder, tmp_path, capsys, monkeypatch):
    execute = runner._execute

    def execute_or_stop(notebook, *arguments, **options):
        if notebook.stem == "02_second":
            raise KeyboardInterrupt
        execute(notebook, *arguments, **options)

    monkeypatch.setattr(runner, "_execute", execute_or_stop)
    assert command_line.main(["run", "--corpus", str(folder), "--out", str(tmp_path / "out")]) == 130
    assert capsys.readouterr().err.endswith("Stopped. The lessons that were done are in the report, and in run.json.\n")
    assert [line["status"] for line in json.loads((tmp_path / "out/run.json").read_text())["lessons"]] == ["ok"]


def test_braces_in_names_of_folders_are_taken_as_text(lessons, tmp_path):
    write_corpus(tmp_path / "{corpus}")
    report = runner.run(str(tmp_path / "{corpus}"), tmp_path / "{x}", lessons="01", progress=False)
    assert report["lessons"][0]["status"] == "ok"
    assert (tmp_path / "{x}/01_first.html").exists()
