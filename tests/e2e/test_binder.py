"""Binder's own builder accepts binder/, and what it would install is what was tested."""

import subprocess
import sys

import pytest
import yaml

from tutorial_helpers.places import ROOT
from tutorial_helpers.project import colab

pytestmark = pytest.mark.timeout(180)


def test_binders_builder_accepts_the_folder_and_takes_its_environment():
    command = [sys.executable, "-m", "repo2docker", "--no-build", "--debug", str(ROOT)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    plan = done.stdout + done.stderr
    assert done.returncode == 0, plan[-2000:]
    assert '--file "binder/environment.yml"' in plan  # it has seen our folder, and not one of its defaults
    assert "requirements.txt" not in plan.split("RUN TIMEFORMAT")[-1]


def test_binder_installs_the_versions_that_are_tested_here():
    environment = yaml.safe_load((ROOT / "binder" / "environment.yml").read_text())
    python, _, pip = environment["dependencies"]
    assert python == f"python={sys.version_info.major}.{sys.version_info.minor}"
    assert pip["pip"][0] == "-c ../constraints.txt" and pip["pip"][1].startswith("-e ..[")
    here = colab.installed()
    differing = {name: (pin, here[name]) for name, pin in colab.tested().items() if here.get(name, pin) != pin}
    assert differing == {}, "constraints.txt and what is installed: {name: (constraints, installed)}"
    assert {"librosa", "torch", "statsmodels", "faster-whisper"} <= set(here)
