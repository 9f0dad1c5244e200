"""The package as pip installs it: built, put into an environment elsewhere, and used there without the checkout."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from pathlib import Path

import pandas as pd
import pytest
import soundfile

from tutorial_helpers import data_prep, synthesis
from tutorial_helpers.places import ROOT

pytestmark = pytest.mark.timeout(600)


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """A wheel of what git knows: in a checkout, an older build may lie about."""
    source, folder = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("wheel")
    for name in tracked():
        if (ROOT / name).is_file():  # a file may be deleted and the deletion not yet committed
            (source / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, source / name)
    run(sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--wheel-dir", folder, source, cwd=folder)
    return next(folder.glob("*.whl"))


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """Python of an environment that has the wheel; what the wheel depends on is that of the tests' own environment."""
    home = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", "--without-pip", home, cwd=home)
    python = home / ("Scripts" if os.name == "nt" else "bin") / "python"
    run(sys.executable, "-m", "pip", "--python", python, "install", "-q", "--no-deps", wheel, cwd=home)
    packages = run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=home).stdout.strip()
    # a folder named in a .pth file has its own .pth files ignored, such as the one that leads to the checkout
    (Path(packages) / "dependencies.pth").write_text(sysconfig.get_path("purelib"))
    return python


def tracked():
    listed = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True)
    return listed.stdout.splitlines()


def run(*command, cwd):
    """Run a command far from the checkout, and fail with what it said."""
    settings = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "COV_"))}
    settings["JUPYTER_PATH"] = str(Path(sys.prefix) / "share" / "jupyter")  # the pages' templates lie there
    done = subprocess.run([str(part) for part in command], cwd=cwd, env=settings, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done


def test_the_wheel_has_every_helper_recording_lesson_and_table_in_less_than_40_mb(wheel):
    names = set(zipfile.ZipFile(wheel).namelist())
    helpers = {name for name in tracked() if name.startswith("tutorial_helpers/") and (ROOT / name).is_file()}
    kept = ("data/show/", "notebooks/", "simulations/")
    beside = {name for name in tracked() if name.startswith(kept) and not name.endswith(".py")}
    missing = helpers | {f"tutorial_helpers/bundled/{name}" for name in beside if (ROOT / name).is_file()}
    assert missing <= names, missing - names
    assert wheel.stat().st_size < 40e6


def test_an_installed_copy_runs_a_lesson(python, tmp_path):
    code = "from tutorial_helpers import places; print(places.ROOT)"
    assert Path(run(python, "-c", code, cwd=tmp_path).stdout.strip()).name == "bundled"
    run(python, "-m", "tutorial_helpers", "run", "--lessons", "01", "--profile", "fast", "--out", "done", cwd=tmp_path)
    lessons = json.loads((tmp_path / "done" / "run.json").read_text())["lessons"]
    assert [lesson["status"] for lesson in lessons] == ["ok"]
    assert (tmp_path / "done" / "index.html").is_file()


def test_an_installed_copy_has_the_tables_that_lessons_show(python, tmp_path):
    code = "from tutorial_helpers.statistics import measurement\nprint(len(measurement.simulated('coverage')))\n"
    code += "from tutorial_helpers.deep_learning import score\nprint(score.RECOGNISED_ON_SHOW.is_file())"
    rows, there = run(python, "-c", code, cwd=tmp_path).stdout.split()
    assert int(rows) > 10 and there == "True"


def test_an_installed_copy_measures_a_folder(python, tmp_path):
    (tmp_path / "sounds").mkdir()
    for name, frequency in {"low": 120, "high": 240}.items():
        voice = synthesis.harmonic_voice(frequency, seconds=3)
        soundfile.write(tmp_path / "sounds" / f"{name}.wav", voice, data_prep.SR)
    run(python, "-m", "tutorial_helpers", "extract", "sounds", "out", "--workers", "1", cwd=tmp_path)
    recordings = pd.read_parquet(tmp_path / "out" / "recordings")
    assert sorted(recordings["f0"].round(-1)) == [120, 240]


def test_an_installed_copy_finds_this_machine_well(python, tmp_path):
    assert "FAIL" not in run(python, "-m", "tutorial_helpers", "doctor", cwd=tmp_path).stdout
