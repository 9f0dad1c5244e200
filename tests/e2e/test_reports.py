"""The pages that `make run` and `make workshop` leave can be read by everybody, in the light and in the dark."""

import numpy as np
import pytest
import soundfile as sf
from e2e.visits import DESKTOP, PHONE, visit
from project.small_lessons import write_corpus, write_lesson

from tutorial_helpers.project import runner, workshop

pytestmark = pytest.mark.timeout(180)
FACT_AND_FIGURE = """import matplotlib.pyplot as plt
from tutorial_helpers import plotting
print(f"{minutes:g} minutes")  # NBVAL_CHECK_OUTPUT
fig, ax = plt.subplots(figsize=(1, 1))
plotting.show(fig, alt=f"axes of {minutes:g} minutes")"""


@pytest.fixture(scope="module")
def reports(tmp_path_factory):
    """A workshop of two teams, the second with a failed lesson: the folder with its pages."""
    place = tmp_path_factory.mktemp("reports")
    write_corpus(place / "corpus")
    (place / "notebooks").mkdir()
    write_lesson(place / "notebooks" / "01_first.ipynb", FACT_AND_FIGURE, "assert minutes < 3")
    (place / "groups.csv").write_text(f"team,corpus,minutes\nA,{place / 'corpus'},2\nB,{place / 'corpus'},3\n")
    paths = runner.lesson_paths(place / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "lesson_paths", lambda: paths)
        workshop.run(place / "groups.csv", place / "out", progress=False)
    return place / "out"


def test_everybody_can_read_the_report_of_a_run_and_the_page_of_a_workshop(browser, reports):
    for path in ("index.html", "A/index.html", "B/index.html"):
        for settings in ({"viewport": DESKTOP, "color_scheme": "light"}, {"viewport": PHONE, "color_scheme": "dark"}):
            wrong = visit(browser, (reports / path).as_uri(), **settings)
            assert {kind: found for kind, found in wrong.items() if found} == {}, (path, settings)


HOSTILE = '"><img src=x onerror=alert(1)>'
NAMES = """import matplotlib.pyplot as plt
import pandas as pd
from tutorial_helpers import corpora, plotting
recordings = corpora.load(corpus).recordings
recordings"""
SHOWN = """name, row = recordings.index[0], recordings.iloc[0]
texts = pd.DataFrame({row.group: [row.speaker, row.text, name]}, index=[name, f"{row.text} 2", corpus])
display(plotting.text_table(texts))
fig, ax = plt.subplots(figsize=(1, 1))
plotting.show(fig, alt=f"axes of {name} and {row.group}")"""
TOLD = "print(name, row.group, row.text)  # NBVAL_CHECK_OUTPUT"


def test_names_from_a_corpus_are_shown_and_never_run(browser, tmp_path):
    folder = tmp_path / HOSTILE
    folder.mkdir()
    sf.write(folder / f"{HOSTILE}.wav", np.zeros(16_000), 16_000)
    quoted = HOSTILE.replace('"', '""')
    (folder / "metadata.csv").write_text(f'file,group,speaker,text\n"{quoted}.wav","{quoted}","{quoted}","{quoted}"\n')
    (tmp_path / "notebooks").mkdir()
    write_lesson(tmp_path / "notebooks" / "01_first.ipynb", NAMES, SHOWN, TOLD, "raise ValueError(row.group)")
    (tmp_path / "groups.csv").write_text(f'team,corpus\nA,"{str(folder).replace(chr(34), chr(34) * 2)}"\n')
    paths = runner.lesson_paths(tmp_path / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "lesson_paths", lambda: paths)
        done = workshop.run(tmp_path / "groups.csv", tmp_path / "out", progress=False)
    assert HOSTILE in done["teams"][0]["lessons"][0]["error"]["message"]  # the last cell was reached
    assert "<table id=" in (tmp_path / "out/A/01_first.html").read_text()  # as pandas' Styler writes it
    for path in ("index.html", "A/index.html", "A/01_first.html"):
        with browser.new_context() as context:
            page, run = context.new_page(), []
            page.on("dialog", lambda dialog, run=run: (run.append(dialog.message), dialog.dismiss()))
            page.goto((tmp_path / "out" / path).as_uri(), wait_until="load")
            page.wait_for_timeout(300)
            assert (run, page.locator("img[src='x']").count()) == ([], 0), path
            assert HOSTILE in page.inner_text("body"), path  # it is shown as it is
