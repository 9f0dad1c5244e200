import pytest

from tutorial_helpers import publish, runner
from tutorial_helpers.errors import TutorialError

SOURCE = """# %% [markdown]
# # 01 A lesson

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


def test_a_source_becomes_an_open_lesson_and_a_solved_twin(house):
    lesson, twin = publish.make_notebooks()
    assert lesson == house / "01_lesson.ipynb" and twin == house / "solutions" / "01_lesson.ipynb"
    assert "waiting" in text(lesson) and "answer = 42" not in text(lesson)
    assert "answer = 42" in text(twin) and "waiting" not in text(twin)
    assert '"42\\n"' in text(twin)  # it was executed


def test_what_a_player_plays_is_kept(house):
    lesson, _ = publish.make_notebooks()
    assert "Audio(data" in text(lesson) and "<audio" in text(lesson)


def test_making_notebooks_twice_gives_the_same_files(house):
    first = [text(path) for path in publish.make_notebooks()]
    assert [text(path) for path in publish.make_notebooks()] == first


def test_a_lesson_that_does_not_run_is_named_and_its_old_notebook_stays(house):
    publish.make_notebooks()
    before = text(house / "01_lesson.ipynb")
    (house / "source" / "01_lesson.py").write_text(SOURCE.replace("answer = ...", "1 / 0"))
    with pytest.raises(TutorialError, match="01_lesson.py did not run"):
        publish.make_notebooks()
    assert text(house / "01_lesson.ipynb") == before
