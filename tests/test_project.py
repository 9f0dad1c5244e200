"""The repository keeps its word: one environment, one licence, documented helpers, arrows that point one way."""

import ast
import re
import subprocess
import sys
import tomllib
from graphlib import TopologicalSorter

import yaml

from tutorial_helpers import corpora
from tutorial_helpers.places import ROOT
from tutorial_helpers.project import publish

PACKAGE = ROOT / "tutorial_helpers"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# a module or a room of modules imports only what stands before it
STREAM = """
errors places plotting codebook background praat dates metadata annotation_files annotations manifest containers corpora
channels decoding data_prep representations voice features segments synthesis degrade statistics deep_learning
cluster storage described locking scaling_up exercises project __main__
"""
ORDER = STREAM.split()
# without JupyterLab, papermill and Dask, all of these are there
HELPERS = ORDER[: ORDER.index("cluster")]


def module_name(path):
    """Such as "corpora", "statistics.within", or "statistics" for the room itself."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {module_name(path): path for path in sorted(PACKAGE.rglob("*.py")) if module_name(path)}
TREES = {name: ast.parse(path.read_text()) for name, path in MODULES.items()}
LESSONS = {name: ast.parse(path.read_text()) for name, path in publish.source_paths().items()}


def functions_of(name):
    return [node for node in TREES[name].body if isinstance(node, ast.FunctionDef) and not node.name.startswith("_")]


def imported_by(name):
    """The package's own modules that a module imports, wherever in it."""
    room = name.split(".") if MODULES[name].name == "__init__.py" else name.split(".")[:-1]
    found = set()
    for node in ast.walk(TREES[name]):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = [*room[: len(room) - node.level + 1], *filter(None, [node.module])]
            found |= {".".join([*base, alias.name]) for alias in node.names}
            found |= {".".join(base)} if node.module else set()
    return found & set(MODULES)


def pins():
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return dict(line.lower().split("==") for line in lines if line and not line.startswith("#"))


def test_constraints_are_exact_and_cover_every_dependency():
    wanted = PROJECT["dependencies"] + sum(PROJECT["optional-dependencies"].values(), [])
    names = {re.match(r"[\w.-]+", line).group().lower() for line in wanted if "python_version" not in line}
    assert names - pins().keys() == {PROJECT["name"]}  # the extra "all" names the project itself


def test_what_runs_before_a_commit_is_what_make_test_runs():
    repositories = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert [each["rev"] for each in repositories] == [f"v{pins()['ruff']}"]


def test_binder_files_are_the_ones_made_from_environment_yml():
    for path, text in publish.binder_files().items():
        assert path.read_text() == text, "run `make binder`"


def test_the_conda_environment_asks_for_extras_that_there_are():
    extras = re.search(r"-e \.\[([\w,]+)\]", (ROOT / "environment.yml").read_text()).group(1).split(",")
    assert set(extras) <= PROJECT["optional-dependencies"].keys()


def test_licences_agree_everywhere():
    assert PROJECT["license"] == "MIT"
    for name in ("LICENSE", "README.md"):
        assert {"MIT", "CC BY 4.0", "CC0 1.0"} <= set(re.findall(r"MIT|CC BY 4\.0|CC0 1\.0", (ROOT / name).read_text()))
    assert "CC0 1.0" in (ROOT / "data" / "README.md").read_text()
    assert yaml.safe_load((ROOT / "CITATION.cff").read_text())["license"] == ["MIT", "CC-BY-4.0", "CC0-1.0"]


def test_versions_agree_everywhere():
    released = re.findall(r"^## \[(\d[\d.]+)\]", (ROOT / "CHANGELOG.md").read_text(), flags=re.MULTILINE)
    assert PROJECT["version"] == yaml.safe_load((ROOT / "CITATION.cff").read_text())["version"] == released[0]


def test_no_module_imports_one_to_its_right_and_none_imports_in_a_circle():
    graph = {name: imported_by(name) for name in MODULES}
    places = {name: ORDER.index(name.split(".")[0]) for name in MODULES}  # a new module needs its place there
    for name, imported in graph.items():
        assert all(places[each] <= places[name] for each in imported), f"{name} imports {imported}"
    assert not graph["plotting"]
    TopologicalSorter(graph).prepare()


def test_helpers_import_without_jupyterlab_papermill_and_dask():
    extras = {
        "jupyterlab",
        "jupytext",
        "nbclient",
        "nbconvert",
        "nbformat",
        "papermill",
        "bokeh",
        "dask",
        "distributed",
    }
    names = [f"tutorial_helpers.{name}" for name in MODULES if name.split(".")[0] in HELPERS]
    code = f"""
import importlib, sys
class Missing:
    def find_spec(self, name, *rest):
        if name.split(".")[0] in {extras}:
            raise ModuleNotFoundError(f"No module named '{{name}}'", name=name)
sys.meta_path.insert(0, Missing())
for name in {names}:
    importlib.import_module(name)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_public_functions_are_documented():
    for name in set(MODULES) - {"__main__"}:
        assert [function.name for function in functions_of(name) if not ast.get_docstring(function)] == [], name


def mentioned(tree):
    """Every name and attribute in a piece of code."""
    nodes = list(ast.walk(tree))
    names = {node.id for node in nodes if isinstance(node, ast.Name)}
    return names | {node.attr for node in nodes if isinstance(node, ast.Attribute)}


def used_by(lesson):
    """The names that a lesson mentions, and those that the helpers among them mention in turn."""
    helpers = {}
    for tree in TREES.values():
        for node in tree.body:
            if isinstance(node, ast.FunctionDef):
                helpers[node.name] = mentioned(node)
            elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):  # a table of functions
                helpers[node.targets[0].id] = mentioned(node.value)
    used, new = set(), mentioned(LESSONS[lesson])
    while new:
        used |= new
        new = set().union(*(helpers[name] for name in new if name in helpers)) - used
    return used


def called_by(lesson):
    """The helpers that a lesson calls by module and name, such as "voice.pitch"."""
    nodes = [node for node in ast.walk(LESSONS[lesson]) if isinstance(node, ast.Attribute)]
    return {f"{node.value.id}.{node.attr}" for node in nodes if isinstance(node.value, ast.Name)}


def lessons_named_by(function):
    line = re.search(r"Lesson: (.*?)(\n\n|$)", ast.get_docstring(function) or "", flags=re.DOTALL)
    named = set(re.findall(r"\d\d\w?_\w+", line.group(1))) if line else set()
    follow = line and "all that follow" in line.group(1)
    return named | {lesson for lesson in LESSONS if follow and lesson > max(named)}


def test_functions_name_the_lessons_that_use_them():
    used, called = ({lesson: find(lesson) for lesson in LESSONS} for find in (used_by, called_by))
    helpers = [name for name in MODULES if name.split(".")[0] not in ("plotting", "exercises", "project")]
    taught = [(name.split(".")[-1], function) for name in helpers for function in functions_of(name)]
    wrong = []
    for module, function in taught:
        label = f"{module}.{function.name}"
        callers = {lesson for lesson in LESSONS if label in called[lesson]}
        users = {lesson for lesson in LESSONS if function.name in used[lesson]}
        named = lessons_named_by(function)
        if not callers <= named <= users:
            wrong.append(f"{label} names {sorted(named)}; {sorted(callers)} call it, {sorted(users)} use it")
    assert wrong == []


def test_no_helper_reads_what_was_planted():
    for name, path in MODULES.items():
        if name != "corpora":
            assert not re.search(r"\.truth|planted_(turns|weeks|music|reactions)", path.read_text()), name


def test_links_of_the_readme_and_of_contributing_lead_to_files():
    for document in ("README.md", "CONTRIBUTING.md"):
        for target in re.findall(r"\]\(([^)#]+)\)", (ROOT / document).read_text()):
            assert target.startswith("https://") or (ROOT / target).exists(), f"{document}: {target}"


def test_make_targets_that_documents_name_exist():
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.MULTILINE))
    for document in ("README.md", "CONTRIBUTING.md"):
        named = set(re.findall(r"(?:`|^)make ([a-z-]+)", (ROOT / document).read_text(), flags=re.MULTILINE))
        assert named and named <= targets, document


def test_readme_error_and_ci_install_the_prompts_of_every_voice():
    wanted = {language for language, _, _ in corpora.PROMPTS_VOICES.values()}
    assert corpora.PROMPTS_INSTALL in (ROOT / "README.md").read_text()
    for text in ((ROOT / ".ci" / "run").read_text(), corpora.PROMPTS_INSTALL):
        languages = re.search(r"asterisk-core-sounds-{([a-z,]+)}-wav", text).group(1).split(",")
        assert "asterisk-core-sounds-en " in text and set(languages) == wanted
