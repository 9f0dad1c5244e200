"""A browser opens every page of the site: nothing is missing or comes from elsewhere, and everybody can read it."""

import http.server
import inspect
import re
import shutil
import subprocess
import sys
import threading
from functools import cache, partial
from importlib import import_module
from pkgutil import walk_packages
from urllib.parse import unquote, urldefrag, urlsplit

import nbformat
import pandas as pd
import pytest
from bs4 import BeautifulSoup
from e2e.visits import DESKTOP, PHONE, visit

import tutorial_helpers
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.places import ROOT
from tutorial_helpers.project import publish, runner

sys.path.insert(0, str(ROOT / "site"))

import build
import results

pytestmark = [
    pytest.mark.timeout(600),  # the first one builds the site
    # Sphinx's notes to those who write its themes and extensions
    pytest.mark.filterwarnings("ignore:.*is deprecated:PendingDeprecationWarning"),
]
LESSONS, SOLUTIONS = runner.lesson_paths(), runner.lesson_paths(publish.SOLUTIONS)
A_LESSON = "notebooks/02_representations.html"
OTHERS = {"index.html", "search.html", "README.html", "CHANGELOG.html", "CONTRIBUTING.html"}
OTHERS |= {"benchmarks/RESULTS.html", "data/README.html"} | {
    f"site/{page.stem}.html" for page in (ROOT / "site").glob("*.md")
}
OTHERS -= {"site/navigation.html"}
IN_THE_DARK = ["index.html", A_LESSON, "site/helpers.html", "site/results.html", "search.html?q=pitch"]
BACKGROUND = "getComputedStyle(document.body).backgroundColor"


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built as `make site` builds it."""
    out = tmp_path_factory.mktemp("built") / "site"
    done = subprocess.run([sys.executable, ROOT / "site" / "build.py", out], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return out


@pytest.fixture(scope="module")
def address(site):
    """Where the site is served, on this machine alone."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, *_):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=site)) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.fixture
def page(browser):
    """A tab on a desktop, in the light."""
    with browser.new_context(viewport=DESKTOP, color_scheme="light") as context:
        context.set_default_timeout(15_000)  # milliseconds
        yield context.new_page()


def paths_of(site):
    return sorted(path.relative_to(site).as_posix() for path in site.rglob("*.html"))


@cache
def soup_of(path):
    return BeautifulSoup(path.read_text(encoding="utf-8"), "html.parser")


def test_the_site_has_all_pages_and_its_navigation_leads_to_each(site):
    folders = {"notebooks": LESSONS, "notebooks/solutions": SOLUTIONS}
    notebooks = {f"{folder}/{name}.html" for folder, names in folders.items() for name in names}
    assert set(paths_of(site)) == notebooks | OTHERS and len(notebooks) >= 12
    linked = {link.get("href") for link in soup_of(site / "index.html").select("nav.bd-links a")}
    assert linked >= notebooks | OTHERS - {"index.html", "README.html", "search.html"}


@pytest.mark.timeout(1200)
def test_every_page_opens_whole_and_nothing_keeps_people_out_on_desktop_or_phone(browser, site, address):
    alike = {f"notebooks/solutions/{name}.html" for name in [*SOLUTIONS][1:]}  # but for a few cells, as the lessons
    visits = {
        path: visit(browser, f"{address}/{path}", viewport=DESKTOP, color_scheme="light")
        for path in paths_of(site)
        if path not in alike
    }
    wrong = {path: {kind: found for kind, found in visit.items() if found} for path, visit in visits.items()}
    assert {path: found for path, found in wrong.items() if found} == {}


def test_nothing_keeps_people_out_in_the_dark_on_a_phone(browser, address):
    for path in IN_THE_DARK:
        wrong = visit(browser, f"{address}/{path}", viewport=PHONE, color_scheme="dark")
        assert wrong["hurdles"] == [] and wrong["wide"] == 0, path


def test_a_lesson_shows_its_notebooks_figures_players_and_exercises_but_not_colabs_cell(site):
    for folder, notebooks in (("notebooks", LESSONS), ("notebooks/solutions", SOLUTIONS)):
        for name, notebook in notebooks.items():
            article = soup_of(site / folder / f"{name}.html").select_one("article")
            shown = [image["alt"] for image in article.select(".cell_output img")]
            assert shown == [" ".join(alt.split()) for _, alt in runner.figures(notebook)], name
            cells = nbformat.read(notebook, as_version=4).cells
            tagged = {tag: cell.source for cell in cells for tag in cell.metadata.get("tags", [])}
            assert len(article.select("audio")) == sum("player" in cell.metadata.get("tags", []) for cell in cells) > 0
            text = article.get_text()
            assert tagged["stub" if notebooks is LESSONS else "solution"] in text, name
            assert tagged["colab"] not in text and "google.colab" not in text, name


def public_functions():
    """What a person may call, such as "tutorial_helpers.voice.pitch"; not exercises, nor what runs notebooks."""
    for module in walk_packages(tutorial_helpers.__path__, "tutorial_helpers."):
        if re.search(r"\.(project|exercises|places|praat|__main__)\b", module.name):
            continue
        for name, thing in inspect.getmembers(import_module(module.name)):
            function = inspect.unwrap(thing)  # what a cache keeps
            if inspect.isfunction(function) and function.__module__ == module.name and not name.startswith("_"):
                yield f"{module.name}.{name}"


def test_every_public_function_has_an_entry_and_links_to_its_lessons(site):
    page = soup_of(site / "site" / "helpers.html")
    expected = {*public_functions()}
    assert {tag["id"] for tag in page.select("dl.py.function > dt")} == expected and len(expected) > 60
    assert page.select_one('dl.py.function a[href^="../notebooks/"]')
    assert not page.select("dl.py .problematic") and "Parameters\n---" not in page.get_text()


def test_the_codebook_page_has_every_line_of_the_codebook(site):
    table = pd.read_csv(ROOT / "tutorial_helpers" / "codebook.csv", keep_default_na=False)
    rows = soup_of(site / "site" / "codebook.html").select("article table tbody tr")
    assert [row.select_one("td").get_text() for row in rows] == list(table.iloc[:, 0])


def test_formulas_are_drawn_by_the_browser_itself(site):
    formulas = soup_of(site / A_LESSON).select("article math")
    assert {"20", "log", "10"} <= set(formulas[0].stripped_strings)
    assert "$" not in soup_of(site / A_LESSON).select_one("article p:has(math)").get_text()


def targets_of(path):
    """The pages, files and places that a page's links and images name, less those of other hosts."""
    soup = soup_of(path)
    named = [tag.get("href") or tag.get("src") for tag in soup.select("a[href], link[href], script[src], img[src]")]
    return [target for target in named if not urlsplit(target).scheme]


def ids_of(path):
    return {tag["id"] for tag in soup_of(path).select("[id]")}


def test_every_link_leads_to_a_file_and_a_place_in_it_that_are_there(site):
    ids = {site / path: ids_of(site / path) for path in paths_of(site)}
    broken, followed = [], 0
    for path in ids:
        for target in targets_of(path):
            file, place = urldefrag(target)
            there = (path.parent / unquote(urlsplit(file).path)).resolve() if file else path
            followed += 1
            if not there.is_file() or (place and there in ids and unquote(place) not in ids[there]):
                broken.append(f"{path.relative_to(site)}: {target}")
    assert broken == [] and followed > 500


def test_search_finds_a_page_that_opens_and_no_solution(address, page):
    page.goto(f"{address}/search.html?q=semitone")
    hits = page.locator("#search-results li a")
    hits.first.wait_for()
    page.get_by_text("Search finished").wait_for()
    found = [hit.get_attribute("href") for hit in hits.all()]
    assert any("03_features" in link for link in found) and not any("solutions" in link for link in found)
    hits.first.click()
    page.wait_for_url(re.compile(r"/(notebooks|data|site)/\w+\.html"))
    assert "semitone" in page.locator("article").inner_text()


def test_a_player_plays(address, page):
    page.goto(f"{address}/{A_LESSON}")
    player = page.locator("audio").first
    player.evaluate("player => { player.muted = true; player.play(); }")
    page.wait_for_function("document.querySelector('audio').currentTime > 0.2")
    assert player.evaluate("player => player.error") is None
    assert 1 < player.evaluate("player => player.duration") <= 8.2


def test_a_quiz_option_opens_with_the_keyboard_and_says_why(address, page):
    page.goto(f"{address}/{A_LESSON}")
    option = page.locator("#quiz details", has_text="Right").first
    closed = option.bounding_box()["height"]
    assert closed == pytest.approx(option.locator("summary").bounding_box()["height"], abs=4)
    option.locator("summary").focus()
    page.keyboard.press("Enter")
    page.locator("#quiz details[open]").wait_for()
    assert option.bounding_box()["height"] > closed + 15


def questions_of(article):
    """The quiz of a lesson: what is said of each option, by question."""
    questions = {}
    for tag in article.select_one("#quiz").select("p > strong, details"):
        if tag.name == "strong" and tag.get_text().endswith("?"):
            questions[tag.get_text()] = []
        elif tag.name == "details":
            summary = tag.find("summary").get_text()
            questions[list(questions)[-1]].append(tag.get_text().replace(summary, "", 1).strip())
    return questions


def test_each_question_of_a_quiz_has_one_right_option_and_a_word_on_each(site):
    for name in LESSONS:
        questions = questions_of(soup_of(site / "notebooks" / f"{name}.html").select_one("article"))
        assert len(questions) >= 3, name
        for question, options in questions.items():
            assert len(options) >= 2 and all(len(said) > 15 for said in options), question
            assert sum(said.startswith("Right") for said in options) == 1, question


def test_the_switch_goes_to_the_dark_and_back_and_is_remembered(address, page):
    page.goto(f"{address}/index.html")
    seen = {}
    for mode in ("light", "dark"):
        page.locator(".theme-switch-button:visible").click()
        page.locator(f".theme-change-button[data-mode={mode}]:visible").click()
        seen[mode] = page.evaluate(BACKGROUND)
    assert brightness(seen["light"]) > 200 > 60 > brightness(seen["dark"])
    page.goto(f"{address}/{A_LESSON}")
    assert page.evaluate(BACKGROUND) == seen["dark"]


def brightness(colour):
    """The mean of red, green and blue in "rgb(18, 18, 18)"."""
    return sum(map(int, re.findall(r"\d+", colour)[:3])) / 3


def test_the_results_are_those_of_the_files(site):
    page = soup_of(site / "site" / "results.html").select_one("article")
    shown = page.get_text(" ", strip=True)
    for name, (_, table) in results.tables().items():
        assert [" ".join(map(str, row)) for row in table.to_numpy()] == rows_of(page, name, table), name
    assert all(number in shown for number in results.numbers().values()) and "{{" not in shown


def rows_of(page, name, table):
    """The rows of the page's table that has the headings of this one."""
    for found in page.select("table"):
        if [cell.get_text() for cell in found.select("thead th")] == list(table.columns):
            rows = [" ".join(cell.get_text() for cell in row.select("td")) for row in found.select("tbody tr")]
            return [row.replace("\N{RIGHT SINGLE QUOTATION MARK}", "'") for row in rows]  # as the site sets it
    raise AssertionError(f"no table has the headings of {name}")


def test_the_numbers_of_the_results_are_the_known_ones():
    """Against the same numbers worked out here from the rows of the files."""
    wer = {tuple(line.split(",")[:3]): line.split(",")[3] for line in (ROOT / "benchmarks/wer.csv").open()}
    assert results.numbers()["wer_show"] == f"{100 * float(wer['show', 'tiny.en', 'clean']):.1f}\N{NO-BREAK SPACE}%"
    assert results.percent(0.0376) == "3.8\N{NO-BREAK SPACE}%" and results.percent(1.1418) == "114.2\N{NO-BREAK SPACE}%"
    assert len(results.coverage_table()) == sum(1 for _ in (ROOT / "simulations/coverage.csv").open()) - 1


def launch_links(site, tmp_path, repository, monkeypatch):
    """Links to Colab and Binder of one lesson, in a site that knows this repository."""
    monkeypatch.setattr(publish, "repository", lambda: repository)
    work = tmp_path / (repository.rpartition("/")[2] or "unknown")
    shutil.copytree(site.with_name("site-work") / "doctrees", work / "doctrees")
    shutil.copytree(site, work / "html")  # Sphinx wants to find the other pages' part of the search
    assert build.make_pages(ROOT, work, ROOT / "notebooks" / "02_representations.ipynb") == 0
    links = [link["href"] for link in soup_of(work / "html" / A_LESSON).select(".article-header-buttons a")]
    return {link for link in links if "colab" in link or "binder" in link}


def test_a_lesson_links_to_colab_and_binder_where_the_repository_is_known(site, tmp_path, monkeypatch):
    assert launch_links(site, tmp_path, "https://github.com/someone/audio", monkeypatch) == {
        "https://colab.research.google.com/github/someone/audio/blob/main/notebooks/02_representations.ipynb",
        "https://mybinder.org/v2/gh/someone/audio/main?urlpath=lab/tree/notebooks/02_representations.ipynb",
    }
    assert launch_links(site, tmp_path, "", monkeypatch) == set()


def test_a_link_that_leads_nowhere_fails_the_build(tmp_path, capfd):
    (tmp_path / "README.md").write_text("# A page\n\n[A link](nowhere.md), [another](#nowhere).\n")
    assert build.make_pages(tmp_path, tmp_path / "work") != 0
    assert capfd.readouterr().err.count("'myst' cross-reference target not found: ") == 2


def test_a_folder_with_something_else_in_it_is_left_alone(tmp_path, capsys):
    (tmp_path / "letter.txt").write_text("dear")
    with pytest.raises(TutorialError, match="holds something else than a site"):
        build.build(tmp_path)
    assert (tmp_path / "letter.txt").exists()
    assert build.main([str(tmp_path)]) == 1 and "Name a new folder" in capsys.readouterr().err
    assert build.main([]) == 2
