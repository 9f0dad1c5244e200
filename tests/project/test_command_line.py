"""What the command line needs: nothing it does not use, and one message where something is missing."""

import subprocess
import sys

import pytest
from project.small_lessons import write_corpus

from tutorial_helpers import __main__ as command_line
from tutorial_helpers.project import publish

# Python on a machine where these packages are not installed
WITHOUT = """
import sys
class Missing:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in {packages}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
sys.meta_path.insert(0, Missing())
from tutorial_helpers.__main__ import main
sys.exit(main({arguments}))
"""
NOTEBOOKS = {"jupyterlab", "papermill", "nbconvert", "nbclient", "nbformat", "jupytext", "jinja2"}
ARCHIVE = {"dask", "distributed", "fsspec", "pyarrow", "bokeh"}


def run_without(packages, *arguments):
    code = WITHOUT.format(packages=packages, arguments=list(map(str, arguments)))
    return subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)


def test_help_lists_every_command():
    done = subprocess.run([sys.executable, "-m", "tutorial_helpers", "--help"], capture_output=True, text=True)
    assert done.returncode == 0 and all(name in done.stdout for name in command_line.COMMANDS)


def test_a_manifest_is_written_where_neither_notebooks_nor_dask_are_installed(tmp_path):
    write_corpus(tmp_path / "corpus")
    done = run_without(NOTEBOOKS | ARCHIVE, "manifest", tmp_path / "corpus")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "corpus" / "manifest.csv").exists()


def test_doctor_answers_where_neither_notebooks_nor_dask_are_installed():
    done = run_without(NOTEBOOKS | ARCHIVE, "doctor")
    assert "OK   Python" in done.stdout and "Traceback" not in done.stderr


@pytest.mark.parametrize(
    ("arguments", "packages", "extra"),
    [(["run"], NOTEBOOKS, "notebooks"), (["extract", "show", "out"], ARCHIVE, "archive")],
)
def test_a_command_whose_packages_are_missing_says_what_to_install(tmp_path, arguments, packages, extra):
    done = run_without(packages, *arguments)
    assert done.returncode == 1 and "Traceback" not in done.stderr
    assert f'pip install "audio-as-data-tutorial[{extra}]"' in done.stderr


def test_align_fails_where_a_transcript_has_no_word(tmp_path, capsys):
    folder = tmp_path / "corpus"
    write_corpus(folder)
    assert command_line.main(["align", str(folder)]) == 1 and "NAME.txt" in capsys.readouterr().err
    sound = next(path for path in folder.rglob("*") if path.suffix in (".wav", ".mp3", ".flac"))
    sound.with_suffix(".txt").write_text(" ")
    assert command_line.main(["align", str(folder)]) == 1
    assert f"FAILED {sound.name}" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["notebooks"], ["links", "owner/name"], ["environment"]])
def test_an_installed_copy_says_that_authors_commands_need_the_repository(monkeypatch, tmp_path, capsys, arguments):
    monkeypatch.setattr(publish, "ROOT", tmp_path)
    assert command_line.main(arguments) == 1
    assert "Clone the repository" in capsys.readouterr().err and list(tmp_path.iterdir()) == []
