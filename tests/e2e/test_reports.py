"""The pages that `make run` and `make workshop` leave can be read by everybody, in the light and in the dark."""

import pytest
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
