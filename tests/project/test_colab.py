import subprocess
import sys
from types import ModuleType

import pytest

from tutorial_helpers.errors import TutorialError
from tutorial_helpers.project import colab, publish


def test_what_is_installed_may_only_become_newer_and_what_is_missing_comes_as_tested():
    lines = colab.constraints({"numpy": "2.0.2", "pip": "24.1"}, {"numpy": "2.4.6", "librosa": "0.11.0"})
    assert lines == ["numpy>=2.0.2", "pip>=24.1", "librosa==0.11.0"]


def test_versions_of_what_is_installed_have_no_mark_of_a_builder():
    here = colab.installed()
    assert here["torch"] and here["faster-whisper"] and "audio-as-data-tutorial" in here
    assert not [version for version in here.values() if "+" in version]  # no constraint may say +cpu


def test_a_pip_that_fails_is_told_with_what_it_said_and_what_to_do(tmp_path):
    with pytest.raises(TutorialError, match="(?s)Disconnect and delete runtime.*nowhere"):
        colab.install(tmp_path / "nowhere", [])


@pytest.mark.parametrize("wish", [False, True])
def test_a_drive_is_mounted_only_where_it_was_asked_for(monkeypatch, tmp_path, wish):
    mounted, google, drive = [], ModuleType("google.colab"), ModuleType("google.colab.drive")
    drive.mount = mounted.append
    google.drive = drive
    monkeypatch.setitem(sys.modules, "google.colab", google)
    monkeypatch.setattr(colab, "install", lambda project, lines: None)
    monkeypatch.chdir(tmp_path)
    colab.set_up(wish)
    assert mounted == (["/content/drive"] if wish else [])


def test_the_first_cell_uses_only_what_python_brings_and_compiles():
    cell = publish.colab_cell("https://github.com/owner/name")
    compile(cell, "first cell", "exec")
    imported = {line.split()[1].split(".")[0] for line in cell.splitlines() if line.startswith(("import ", "from "))}
    assert imported <= set(sys.stdlib_module_names)


def test_what_the_first_cell_imports_runs_before_anything_is_installed():
    code = "import tutorial_helpers.project.colab"
    isolated = [sys.executable, "-S", "-c", code]  # -S: without the installed packages
    subprocess.run(isolated, check=True, cwd=colab.ROOT)
