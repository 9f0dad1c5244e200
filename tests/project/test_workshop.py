"""The lessons once a group: what is checked before anything runs, and the page that sets the groups side by side."""

import json
import re
import shutil
from html.parser import HTMLParser
from urllib.parse import unquote

import nbformat
import pytest
from project.small_lessons import write_corpus, write_lesson

from tutorial_helpers import __main__ as command_line
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.places import bundled
from tutorial_helpers.project import runner, workshop

pytestmark = pytest.mark.timeout(600)  # several kernels start, which takes a while on a busy machine

FACT = "# NBVAL_CHECK_OUTPUT"
FIGURE = """import matplotlib.pyplot as plt
from tutorial_helpers import plotting
fig, ax = plt.subplots(figsize=(1, 1))
ax.plot([0, minutes])
plotting.show(fig, alt=f'a line to {minutes:g} & no "more"')"""


def make_lessons(folder):
    """Two small lessons: facts and figures under two headings; and one that reads a recording, then states a fact."""
    folder.mkdir()
    write_lesson(
        folder / "01_first.ipynb",
        f"print('one for all')\nprint(f'<i>{{minutes:g}}</i> minutes')\n{FACT}",
        f"print('nothing here depends on the team')\n{FACT}",
        "print('no fact')",
        f"if minutes != 3:\n    print('not three')\n{FACT}",
        FIGURE.replace("minutes", "1"),
        "if minutes != 3:\n    " + FIGURE.replace("\n", "\n    "),
    )
    first = nbformat.read(folder / "01_first.ipynb", 4)
    first.cells.insert(1, nbformat.v4.new_markdown_cell("# The lesson\n\nText.\n\n### Pitfall: `a < b`"))
    first.cells.insert(4, nbformat.v4.new_markdown_cell("## Another part"))
    nbformat.write(first, folder / "01_first.ipynb")
    write_lesson(
        folder / "02_second.ipynb",
        "from tutorial_helpers import corpora, data_prep",
        "y = data_prep.read(corpora.pick(corpora.load(corpus), recording).path)",
        f"print(len(y))\n{FACT}",
    )
    second = nbformat.read(folder / "02_second.ipynb", 4)
    second.cells[0].source += "\nevent_date = ''"
    nbformat.write(second, folder / "02_second.ipynb")


@pytest.fixture
def lessons(tmp_path, monkeypatch):
    """The two lessons in place of the project's."""
    make_lessons(tmp_path / "notebooks")
    paths = runner.lesson_paths(tmp_path / "notebooks")
    monkeypatch.setattr(runner, "lesson_paths", lambda: paths)


@pytest.fixture
def table(tmp_path):
    """Write a workshop's table; CORPUS stands for the path of the small corpus."""
    write_corpus(tmp_path / "corpus")

    def write(text):
        path = tmp_path / "groups.csv"
        path.write_text(text.replace("CORPUS", str(tmp_path / "corpus")), encoding="utf-8")
        return path

    return write


TEAMS = ["A &lt; 'B' #1%25", "Über uns", "third"]
THREE = (
    f"team,corpus,recording,minutes\n{TEAMS[0]},CORPUS,good,2\n{TEAMS[1]},CORPUS,broken,\n{TEAMS[2]},CORPUS,good,3\n"
)


@pytest.fixture(scope="module")
def finished(tmp_path_factory):
    """Three teams were run, once for all tests that only look: the folder. The second team fails in lesson 02."""
    place = tmp_path_factory.mktemp("workshop")
    write_corpus(place / "corpus")
    make_lessons(place / "notebooks")
    (place / "groups.csv").write_text(THREE.replace("CORPUS", str(place / "corpus")), encoding="utf-8")
    paths = runner.lesson_paths(place / "notebooks")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(runner, "lesson_paths", lambda: paths)
        workshop.run(place / "groups.csv", place / "out", progress=False)
    return place / "out"


@pytest.fixture
def done(finished):
    return json.loads((finished / "workshop.json").read_text())


@pytest.fixture
def page(finished):
    return Page(finished / "index.html")


class Page(HTMLParser):
    """Tags and their attributes, and the text between them."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.text, self.open = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag not in ("img", "br", "meta", "input"):
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append((self.open[-1] if self.open else "", data))

    def all(self, tag):
        return [attributes for name, attributes in self.tags if name == tag]

    def texts(self, tag):
        return [data for name, data in self.text if name == tag]


def test_each_team_has_a_folder_and_one_that_fails_does_not_stop_the_others(done, finished):
    assert [(team["team"], team["status"]) for team in done["teams"]] == list(
        zip(TEAMS, ["ok", "failed", "ok"], strict=True)
    )
    for team in done["teams"]:
        report = json.loads((finished / team["team"] / "run.json").read_text())
        assert report["lessons"] == team["lessons"] and len(team["lessons"]) == 2
        assert all((finished / team["team"] / name).exists() for name in ("index.html", "02_second.html"))
    minutes = [team["lessons"][0]["parameters"].get("minutes") for team in done["teams"]]
    assert minutes == [2, None, 3]  # an empty cell is the lesson's default
    (line,) = workshop.failures(done)
    assert line.startswith("Über uns: 02_second, cell ") and "broken.mp3 is empty" in line


def test_a_team_that_cannot_begin_gives_exit_status_1_and_the_others_run(lessons, table, tmp_path, capsys):
    groups = table("team,corpus,recording\nA,CORPUS,good\nB,CORPUS,good\n")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "A").write_text("a file where the folder should be")
    arguments = ["workshop", str(groups), "--out", str(tmp_path / "out"), "--lessons", "02"]
    assert command_line.main(arguments) == 1
    shown = capsys.readouterr()
    assert "FAILED A: " in shown.err and "1 of 2 teams" in shown.out
    assert "File exists" in (tmp_path / "out" / "index.html").read_text()
    (tmp_path / "out" / "A").unlink()
    assert command_line.main(arguments) == 0
    assert "2 of 2 teams ran without a failure" in capsys.readouterr().out


def test_what_differs_between_teams_is_said_in_words_and_by_a_sign(page):
    assert page.texts("mark") == [
        "≠ <i>2</i> minutes",
        "≠ <i>10</i> minutes",
        "≠ <i>3</i> minutes",
        "≠ not three",
        "≠ not three",
    ]
    assert [text for text in page.texts("th") if "Facts" in text or "Figure" in text] == [
        "Facts: ≠ teams differ",
        "Facts: the same for all teams",
        "Facts: ≠ teams differ",
        "Figure: the same for all teams",
        "Figure: ≠ teams differ",
        "Facts: the same so far",
    ]
    assert page.texts("td").count("Not reached.") == 1  # one team failed before the cell of lesson 02
    assert page.texts("p").count("2 of 3 outputs with facts differ between teams.") == 1
    assert "".join(page.texts("pre")).count("nothing here depends on the team") == 1


def test_the_page_needs_no_other_host_and_all_its_links_lead_somewhere(page, finished):
    text = (finished / "index.html").read_text(encoding="utf-8")
    assert "http:" not in text and "https:" not in text and "<script" not in text
    assert all(image["src"].startswith("data:image/png;base64,") for image in page.all("img"))
    links = [link["href"] for link in page.all("a")]
    ids = {attributes["id"] for _, attributes in page.tags if "id" in attributes}
    assert {link[1:] for link in links if link.startswith("#")} == {"01_first", "02_second"} <= ids
    targets = {unquote(link) for link in links if not link.startswith("#")}
    assert targets == {f"{team}/{name}.html" for team in TEAMS for name in ("index", "01_first", "02_second")}
    assert all((finished / target).exists() for target in targets)
    assert page.open == []


def test_names_facts_and_alt_texts_are_shown_as_they_are_and_not_as_html(page):
    assert not page.all("i") and not page.all("b")
    assert page.texts("th").count(TEAMS[0]) >= 2
    assert [image["alt"] for image in page.all("img")] == [f'a line to {n} & no "more"' for n in (1, 2, 10)]


def test_wide_tables_scroll_in_a_named_region_that_a_keyboard_reaches(page):
    regions = [attributes for attributes in page.all("div") if attributes.get("class") == "scroll"]
    assert len(regions) == len(page.all("table")) == 4
    assert all(region["tabindex"] == "0" and region["aria-label"] for region in regions)
    assert page.texts("h1") and page.texts("h2")[-2:] == ["01_first", "02_second"]
    assert page.texts("h3") == ["Pitfall: a < b", "Another part", "02_second"]


def test_while_teams_are_still_to_come_the_page_shows_nothing_of_an_older_run(
    lessons, table, finished, tmp_path, monkeypatch
):
    pages = []
    for team in "AB":
        (tmp_path / "out" / team).mkdir(parents=True)
        shutil.copy(finished / TEAMS[0] / "02_second.ipynb", tmp_path / "out" / team)
    monkeypatch.setattr(
        runner, "atomic_write", lambda path, text: pages.append(text) if path.parent.name == "out" else None
    )
    workshop.run(
        table("team,corpus,recording\nA,CORPUS,good\nB,CORPUS,good\n"), tmp_path / "out", lessons="02", progress=False
    )
    shown = [page for page in pages if page.startswith("<!doctype")]
    assert len(shown) == 3
    assert [re.findall(r"(\d) of 2 teams are still to come", page) for page in shown] == [["2"], ["1"], []]
    assert "16000" not in shown[0] and "16000" in shown[1] and ">waiting<" in shown[1]
    assert "the same for all teams" not in shown[1] and "the same for all teams" in shown[2]


def test_a_column_that_only_other_lessons_know_waits_for_them(lessons, table):
    (team,) = workshop.plan(table("team,corpus,event_date\nA,CORPUS,2022-11-06\n"), ["01_first"], "full")
    assert "event_date" not in team["parameters"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "groups.csv has no column 'team'. Its columns: none"),
        ("team;minutes\nA;1\n", "no column 'team'. Its columns: team;minutes. Save it as CSV, with commas"),
        ("team,minutes\n,\n\n", "has no team in it"),
        ("team,minutes\nA,1\n,2\n", "row 3: the team's name '' is empty"),
        ("team,minutes\nA,1\n\nA,2\n", "row 4: two teams are called 'A' and 'A'"),
        ("team\nTeam\nteam\n", "row 3: two teams are called 'Team' and 'team'"),
        ("team\n\u00dcber\nU\u0308ber\n", "row 3: two teams are called"),
        ("team\n../x\n", "row 2: the team's name '../x' has a / in it"),
        ("team\n..\n", "the team's name '..' is no name inside the folder"),
        ("team\nIndex.html\n", "'Index.html' is taken by a file of the workshop"),
        ("team,minutes,minutes\nA,1,2\n", "two columns of one name"),
        ("team,minutes\nA,1,2\n", "row 2 has 3 cells for 2 columns"),
        ('team,minutes\n"A,1\n', "cannot be read as a table"),
        ("team,minuets\nA,1\n", "a column 'minuets', and no lesson has such a parameter. Did you mean 'minutes'?"),
        ("team,minutes\nA,1\nB,long\n", "row 3, team 'B': The parameter 'minutes' takes a number"),
        ("team,corpus\nA,nowhere\n", "row 2, team 'A': There is no corpus and no folder called"),
        ("team,corpus,recording\nA,CORPUS,\nB,CORPUS,nobody\n", "row 3, team 'B': .*no recording called 'nobody'"),
    ],
)
def test_a_wrong_table_is_refused_by_row_and_team_before_anything_is_written(lessons, table, tmp_path, text, message):
    with pytest.raises(TutorialError, match=message) as caught:
        workshop.run(table(text), tmp_path / "out", progress=False)
    assert "groups.csv" in str(caught.value)
    assert not (tmp_path / "out").exists()


def test_an_unknown_lesson_or_profile_is_refused_before_anything_is_written(lessons, table, tmp_path):
    path = table("team,corpus\nA,CORPUS\n")
    for options, message in (({"lessons": "07"}, "no lesson '07'"), ({"profile": "quick"}, "no profile 'quick'")):
        with pytest.raises(TutorialError, match=message):
            workshop.run(path, tmp_path / "out", **options)
    assert not (tmp_path / "out").exists()


def test_no_file_and_a_spreadsheet_in_place_of_a_csv_are_told(lessons, table, tmp_path, capsys):
    assert command_line.main(["workshop", str(tmp_path / "nowhere.csv")]) == 1
    assert "There is no file" in capsys.readouterr().err
    path = table("")
    path.write_bytes(b"PK\x03\x04\xff\xfe\x00")
    with pytest.raises(TutorialError, match="groups.csv cannot be read as a table.*Save it as CSV"):
        workshop.run(path, tmp_path / "out")


def test_a_table_that_a_spreadsheet_saved_is_read(lessons, table):
    path = table("")
    path.write_bytes("\ufeffteam , minutes\r\n Über uns ,2\r\n,\r\nB\r\n".encode())
    first, second = workshop.plan(path, ["01_first"], "full")
    assert (first["team"], first["parameters"]) == ("Über uns", {"corpus": "show", "minutes": 2.0})
    assert (second["team"], second["parameters"]) == ("B", {"corpus": "show"})


def test_the_example_that_comes_with_the_project_names_recordings_of_the_show():
    example = bundled("site/groups.csv")
    teams = workshop.plan(example, list(runner.lesson_paths()), "full")
    assert len(teams) == 3 and {team["parameters"]["corpus"] for team in teams} == {"show"}
    assert len({team["parameters"].get("recording") for team in teams}) == 3
