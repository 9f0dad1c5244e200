import nbformat
import pytest

from tutorial_helpers.errors import TutorialError
from tutorial_helpers.project import publish, runner

pytestmark = pytest.mark.timeout(600)  # several kernels start, which takes a while on a busy machine

SOURCE = """# %% [markdown]
# # 01 A lesson
#
# **Time:** {{TIME}} See [the words](../words.md).

# %% tags=["parameters"]
corpus = "prompts"

# %% tags=["player"]
from IPython.display import Audio
Audio(data=b"sound", rate=8000)

# %% tags=["stub"]
answer = ...
print("waiting")

# %% tags=["solution"]
answer = 42
print(answer)
"""


@pytest.fixture
def house(tmp_path, monkeypatch):
    """A folder with one source."""
    (tmp_path / "source").mkdir()
    (tmp_path / "source" / "01_lesson.py").write_text(SOURCE)
    monkeypatch.setattr(publish, "SOURCE", tmp_path / "source")
    monkeypatch.setattr(publish, "SOLUTIONS", tmp_path / "solutions")
    monkeypatch.setattr(runner, "NOTEBOOKS", tmp_path)
    return tmp_path


def text(path):
    return path.read_text()


def test_a_source_becomes_an_open_lesson_and_a_solved_twin_the_same_each_time(house):
    lesson, twin = publish.make_notebooks()
    assert lesson == house / "01_lesson.ipynb" and twin == house / "solutions" / "01_lesson.ipynb"
    assert "waiting" in text(lesson) and "answer = 42" not in text(lesson)
    assert "answer = 42" in text(twin) and "waiting" not in text(twin)
    assert '"42\\n"' in text(twin)  # it was executed
    assert "Audio(data" in text(lesson) and "<audio" in text(lesson)
    before = [text(lesson), text(twin)]
    assert [text(path) for path in publish.make_notebooks()] == before


def test_a_lesson_that_does_not_run_is_named_and_its_old_notebook_stays(house):
    publish.make_notebooks()
    before = text(house / "01_lesson.ipynb")
    (house / "source" / "01_lesson.py").write_text(SOURCE.replace("answer = ...", "1 / 0"))
    with pytest.raises(TutorialError, match="01_lesson.py did not run"):
        publish.make_notebooks()
    assert text(house / "01_lesson.ipynb") == before


def test_a_lesson_says_how_long_it_takes_by_its_words_lines_exercises_and_quiz():
    cells = [nbformat.v4.new_markdown_cell("# 01 A title")]
    cells += [nbformat.v4.new_markdown_cell("word " * 2380), nbformat.v4.new_code_cell("x = 1\n" * 60)]
    cells += [nbformat.v4.new_code_cell("x = 1\n" * 600, metadata={"tags": ["colab"]})]  # is there, and is not read
    cells += [nbformat.v4.new_code_cell("answer = ...", metadata={"tags": ["stub"]})] * 3
    cells += [nbformat.v4.new_markdown_cell("**1. Why?**\n\n**2. How?**", metadata={"tags": ["quiz"]})]
    notebook = nbformat.v4.new_notebook(cells=cells)
    assert publish.minutes(notebook) == {"read": 15, "exercises": 15, "quiz": 2}
    assert publish.time_needed(notebook).startswith("about 30 minutes: 15 to read")


def test_a_lesson_opens_with_its_time_and_colabs_cell_and_solutions_link_from_deeper(house):
    lesson, twin = (nbformat.read(path, 4) for path in publish.make_notebooks())
    assert "about 5 minutes: 0 to read" in lesson.cells[0].source and "(../words.md)" in lesson.cells[0].source
    assert "(../../words.md)" in twin.cells[0].source
    assert [notebook.cells[1].metadata["tags"] for notebook in (lesson, twin)] == [["colab"], ["colab"]]


KNOB = """
# %%
import ipywidgets, matplotlib.pyplot as plt
from tutorial_helpers import plotting
plotting.knob(lambda n: plt.figure(), alt="an empty figure", n=ipywidgets.IntSlider())
"""


def test_a_committed_notebook_keeps_a_knobs_figure_and_no_dead_widget(house):
    (house / "source" / "01_lesson.py").write_text(SOURCE + KNOB)
    lesson, _ = publish.make_notebooks()
    assert "image/png" in text(lesson) and "widget" not in text(lesson).replace("ipywidgets", "")


@pytest.fixture
def published(house, monkeypatch):
    """A repository with a setting, a README and a made lesson, of its own."""
    monkeypatch.setattr(publish, "ROOT", house)
    (house / "pyproject.toml").write_text('[tool.audio-as-data-tutorial]\nrepository = ""  # owner/name\n')
    (house / "README.md").write_text("# Title\n\n<!-- links --><!-- /links -->\n\nText.\n")
    publish.make_notebooks()
    return house


def test_where_the_repository_is_not_known_nothing_shows_a_link_to_it(published):
    assert publish.repository() == "" and publish.open_in("notebooks/01_lesson.ipynb") == ""
    assert "colab.research" not in text(published / "01_lesson.ipynb")


def test_one_command_stamps_the_address_everywhere_and_keeps_outputs(published):
    for name in ("owner/name", "other/new.name"):  # a second time too
        written = publish.set_repository(name)
        assert publish.repository() == f"https://github.com/{name}"
        assert {path.name for path in written} == {"pyproject.toml", "README.md", "01_lesson.ipynb"}
        blob, tree = f"github/{name}/blob/main/notebooks/", f"gh/{name}/main?urlpath=lab/tree/notebooks/"
        assert f"{blob}01_data_prep.ipynb" in text(published / "README.md")
        assert f"{tree}01_data_prep.ipynb" in text(published / "README.md")
        for path in (published / "01_lesson.ipynb", published / "solutions" / "01_lesson.ipynb"):
            folder = "" if path.parent == published else "solutions/"
            cells = nbformat.read(path, 4).cells
            assert f"{blob}{folder}01_lesson.ipynb" in cells[0].source
            assert f'repository = "https://github.com/{name}"' in cells[1].source
            assert cells[-1].outputs  # it was not executed again, and nothing was lost
    assert "owner/name/" not in text(published / "README.md")
    assert "# owner/name" in text(published / "pyproject.toml")


@pytest.mark.parametrize("name", ["", "name", "https://github.com/owner/name", "a/b/c", 'a/b"'])
def test_an_address_of_another_form_is_refused_and_nothing_is_written(published, name):
    before = text(published / "pyproject.toml")
    with pytest.raises(TutorialError, match="REPO=owner/name"):
        publish.set_repository(name)
    assert text(published / "pyproject.toml") == before


def test_a_readme_without_a_place_for_the_links_is_named(published):
    (published / "README.md").write_text("# Title\n")
    with pytest.raises(TutorialError, match="README.md has 0 places"):
        publish.set_repository("owner/name")
