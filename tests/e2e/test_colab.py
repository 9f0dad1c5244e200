"""The first cell makes a new Colab runtime work: here one with what Colab has, and a stand-in for `google.colab`."""

import json
import os
import subprocess
import sys
import sysconfig
from importlib.metadata import distributions
from pathlib import Path

import nbformat
import pytest
from jupyter_client.kernelspec import KernelSpecManager
from nbclient import NotebookClient
from packaging.utils import canonicalize_name
from packaging.version import Version

from tutorial_helpers.places import ROOT
from tutorial_helpers.project import colab, publish

pytestmark = pytest.mark.timeout(600)
PIP_CACHE = os.environ.get("PIP_CACHE_DIR", str(Path.home() / ".cache" / "pip"))
# what Colab is to the first cell: a module that is loaded when the kernel starts, and a drive that can be mounted
STAND_IN = {
    "google/colab/__init__.py": "",
    "google/colab/drive.py": "def mount(place):\n    import builtins\n    builtins.mounted = place\n",
    "sitecustomize.py": "import google.colab\n",
}


@pytest.fixture(scope="module")
def runtime(tmp_path_factory):
    """A machine as Colab gives it: a home with nothing in it, and an environment with the packages that Colab has.

    One that the lessons need too is newer than the one they were tested with: it has to stay.
    """
    place = tmp_path_factory.mktemp("colab")
    for name, text in STAND_IN.items():
        (place / "stand-in" / name).parent.mkdir(parents=True, exist_ok=True)
        (place / "stand-in" / name).write_text(text)
    subprocess.run([sys.executable, "-m", "venv", place / "bare"], check=True)
    python = place / "bare" / "bin" / "python"
    _lend_what_colab_has(place / "lent", packages_of(python))
    subprocess.run([python, "-m", "pip", "install", "-q", "ipykernel", "tqdm==4.66.1"], check=True)
    _pretend_to_be_newer(python, "tqdm", "4.66.1", "99.0")
    subprocess.run(["git", "clone", "-q", f"file://{ROOT}", place / "published"], check=True)
    (place / "home").mkdir()
    return place


def packages_of(python):
    """The folder of an environment's packages."""
    where = "import sysconfig; print(sysconfig.get_paths()['purelib'])"
    return Path(subprocess.run([python, "-c", where], capture_output=True, text=True, check=True).stdout.strip())


def _lend_what_colab_has(folder, packages):
    """Links to the tests' own packages, as far as Colab has them too: nothing is downloaded a second time."""
    folder.mkdir()
    pins = (ROOT / "constraints-colab.txt").read_text().splitlines()
    has = {line.split("==")[0] for line in pins if "==" in line} - {"tqdm"}
    own = Path(sysconfig.get_path("purelib"))
    for each in distributions(path=[str(own)]):
        if canonicalize_name(each.metadata["Name"]) in has:
            for top in {file.parts[0] for file in each.files} - {"..", "__pycache__"}:
                if not (folder / top).exists():
                    (folder / top).symlink_to(own / top)
    (packages / "lent.pth").write_text(f"{folder}\n")


def _pretend_to_be_newer(python, package, version, newer):
    """Give an installed package a higher version number, as one that Colab keeps newer than the lessons do."""
    folder = packages_of(python)
    metadata = folder / f"{package}-{version}.dist-info" / "METADATA"
    metadata.write_text(metadata.read_text().replace(f"\nVersion: {version}\n", f"\nVersion: {newer}\n", 1))
    metadata.parent.rename(folder / f"{package}-{newer}.dist-info")


def versions_in(place):
    """What pip finds in the bare environment: {name: version}."""
    command = [place / "bare" / "bin" / "python", "-m", "pip", "list", "--format", "json"]
    listed = json.loads(subprocess.run(command, capture_output=True, check=True).stdout)
    return {each["name"].lower(): each["version"] for each in listed}


def execute(place, notebook, monkeypatch):
    """Run a notebook as the runtime would: its own Python, its own home, Colab's modules loaded."""
    spec = place / "kernels" / "colab"
    spec.mkdir(parents=True, exist_ok=True)
    python = str(place / "bare" / "bin" / "python")
    command = [python, "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    (spec / "kernel.json").write_text(json.dumps({"argv": command, "display_name": "colab", "language": "python"}))
    monkeypatch.setenv("PIP_CACHE_DIR", PIP_CACHE)  # another home, but no second download
    monkeypatch.setenv("HOME", str(place / "home"))
    monkeypatch.setenv("PYTHONPATH", str(place / "stand-in"))
    monkeypatch.delenv("VIRTUAL_ENV", raising=False)
    monkeypatch.setattr(KernelSpecManager, "kernel_dirs", [str(place / "kernels")])
    resources = {"metadata": {"path": str(place / "home")}}
    NotebookClient(notebook, timeout=900, kernel_name="colab", resources=resources).execute()
    return notebook


def lesson(name, place):
    """A committed lesson with the stand-in's address in its first code cell, and that cell."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    first = next(cell for cell in notebook.cells if cell.cell_type == "code")
    assert first.source == publish.colab_cell(publish.repository())
    first.source = publish.colab_cell(f"file://{place / 'published'}")
    notebook.metadata["kernelspec"] = {"name": "colab", "display_name": "colab", "language": "python"}
    return notebook, first


def test_in_a_new_runtime_the_first_cell_installs_what_is_missing_and_lesson_02_runs(runtime, monkeypatch):
    before = versions_in(runtime)
    notebook, _ = lesson("02_representations", runtime)
    code = [cell for cell in execute(runtime, notebook, monkeypatch).cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not [output for cell in code for output in cell.outputs if output.output_type == "error"]
    assert any("image/png" in output.get("data", {}) for cell in code for output in cell.outputs)

    after = versions_in(runtime)
    missing = {"praat-parselmouth", "faster-whisper", "av"}
    assert missing.isdisjoint(before) and {name: after.get(name) for name in missing} == {
        name: colab.tested()[name] for name in missing
    }
    assert after["tqdm"] == "99.0" != colab.tested()["tqdm"]  # what is newer than the tested version stays
    assert [name for name in before if Version(after[name]) < Version(before[name])] == []
    assert (runtime / "home" / "audio-as-data-tutorial" / "notebooks").is_dir()


def test_a_drive_is_mounted_only_when_a_learner_asks_for_it(runtime, monkeypatch):
    for wish, expected in (("False", "no"), ("True", "/content/drive")):
        notebook, first = lesson("01_data_prep", runtime)
        first.source = first.source.replace("use_my_drive = False", f"use_my_drive = {wish}")
        look = nbformat.v4.new_code_cell(
            "import builtins, os\nprint(getattr(builtins, 'mounted', 'no'), os.path.basename(os.getcwd()))"
        )
        notebook.cells = [first, look]
        execute(runtime, notebook, monkeypatch)
        assert look.outputs[0].text.split() == [expected, "notebooks"]


def test_a_copy_that_does_not_know_its_address_says_so(runtime, monkeypatch):
    notebook, first = lesson("01_data_prep", runtime)
    first.source = publish.colab_cell("")
    notebook.cells = [first]
    with pytest.raises(Exception, match="Write the project's address into `repository`"):
        execute(runtime, notebook, monkeypatch)


def test_anywhere_else_the_first_cell_does_nothing(tmp_path):
    command = [sys.executable, "-c", publish.colab_cell(f"file://{ROOT}") + "\nprint(Path.cwd())"]
    done = subprocess.run(
        command, cwd=tmp_path, capture_output=True, text=True, env={**os.environ, "HOME": str(tmp_path)}
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path) and list(tmp_path.iterdir()) == []
