import subprocess
import sys

import pytest

from tutorial_helpers import corpora
from tutorial_helpers.project import doctor


def test_doctor_finds_this_machine_well():
    assert [line for ok, line in doctor.examine() if not ok] == []


def test_doctor_says_how_to_mend_what_is_missing_and_what_is_optional(monkeypatch, tmp_path):
    versions = {"librosa": "0.5", "numpy": "2.1", "jinja2": "3.1.2"}

    def version(name):
        if name not in versions:
            raise doctor.PackageNotFoundError
        return versions[name]

    def nowhere(name):
        raise doctor.TutorialError(f"{name} is lost: fetch it\nagain")

    monkeypatch.setattr(doctor, "version", version)
    monkeypatch.setattr(corpora, "load", nowhere)
    checks = doctor.examine()
    failed, well = (" ".join(line for ok, line in checks if ok is wanted) for wanted in (False, True))
    assert 'package librosa is 0.5, and <1,>=0.11 is needed: pip install "librosa<1,>=0.11"' in failed
    assert "package torch is not installed" in failed and "show is lost: fetch it again" in failed
    assert "package numpy 2.1" in well and "optional, corpus 'prompts' is not here." in well
    assert 'package papermill is not installed. To have it: pip install "audio-as-data-tutorial[notebooks]"' in well
    assert "package jinja2" not in failed + well


@pytest.mark.timeout(600)  # a machine where nothing was compiled before takes minutes while it is busy
def test_warming_up_runs_what_lessons_would_wait_for():
    # a process of its own, as a person starts it: where numba's cache is spoilt (see the Makefile) it is ended
    done = subprocess.run([sys.executable, "-m", "tutorial_helpers", "warm-up"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
