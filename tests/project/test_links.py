"""Links hold: each file and heading that a page points to is there, each DOI is known and well-formed."""

import re
import subprocess
from functools import cache
from urllib.parse import unquote

import nbformat

from tutorial_helpers.places import ROOT

TRACKED = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split("\n")
PAGES = [ROOT / name for name in TRACKED if name.endswith((".md", ".ipynb")) and (ROOT / name).exists()]
REFERENCES = ROOT / "site" / "references.md"


@cache
def text_of(page):
    """What a person reads on a page: all of a Markdown file, the text cells of a notebook."""
    if page.suffix == ".md":
        return re.sub(r"```.*?```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    return "\n\n".join(cell.source for cell in nbformat.read(page, 4).cells if cell.cell_type == "markdown")


def anchors_of(page):
    """What can stand behind a # in a link to a page, as GitHub and the site make it from headings."""
    headings = re.findall(r"^#+ (.+)$", text_of(page), flags=re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def links_of(page):
    return re.findall(r"\]\(<?([^)\s>]+)>?\)", text_of(page))


def name_of(page):
    return page.relative_to(ROOT).as_posix()


def doi_links_of(text):
    """The links to doi.org in a text: (what is shown, the DOI it leads to)."""
    found = re.findall(r"\[([^\]]+)\]\(https://doi\.org/([^)\s]+)\)", text)
    return [(shown, unquote(doi)) for shown, doi in found]


def is_lost(link, page):
    """Whether a link of a page leads to no file or heading of the repository."""
    if re.match(r"https?://|mailto:|attachment:", link):
        return False
    if page.name == "results.md" and link.startswith("figures/"):  # drawn by `make site`, which fails without them
        return False
    path, _, anchor = link.partition("#")
    target = (page.parent / path) if path else page
    return not target.exists() or bool(anchor and anchor not in anchors_of(target))


def test_every_link_within_the_repository_leads_somewhere():
    assert [(name_of(page), link) for page in PAGES for link in links_of(page) if is_lost(link, page)] == []


def test_pages_have_links_that_the_test_above_looks_at():
    inside = [link for page in PAGES for link in links_of(page) if not link.startswith("http")]
    assert len(inside) > 100 and sum("glossary.md#" in link for link in inside) > 40


def test_a_heading_becomes_the_anchor_that_github_makes_of_it(tmp_path):
    page = tmp_path / "page.md"
    page.write_text("# F0\n\n## Hop length\n\n## Mel scale (mel)\n")
    assert anchors_of(page) == {"f0", "hop-length", "mel-scale-mel"}


LISTED = {doi.lower() for _, doi in doi_links_of(text_of(REFERENCES))}


def test_every_doi_is_shown_as_a_link_to_itself_and_stands_in_the_list_of_references():
    for page in PAGES:
        for shown, doi in doi_links_of(text_of(page)):
            assert shown == doi and re.fullmatch(r"10\.\d{4,9}/[-._;()/:a-zA-Z0-9]+", doi), name_of(page)
            assert doi.lower() in LISTED, name_of(page)
        without_links = re.sub(r"\[[^\]]+\]\(https://doi\.org/[^)\s]+\)", "", text_of(page))
        assert re.findall(r"10\.\d{4,9}/\S+", without_links) == [], name_of(page)


def test_every_doi_of_a_helper_stands_in_the_list_of_references():
    for module in (ROOT / "tutorial_helpers").rglob("*.py"):
        dois = re.findall(r"10\.\d{4,9}/[-._;()/:a-zA-Z0-9]*[a-zA-Z0-9]", module.read_text(encoding="utf-8"))
        assert {doi.lower() for doi in dois} <= LISTED, name_of(module)


def test_the_list_of_references_has_no_doi_twice_and_none_that_nothing_cites():
    listed = [doi for _, doi in doi_links_of(text_of(REFERENCES))]
    assert len(listed) == len(set(listed)) > 35
    sources = [*(ROOT / "notebooks" / "source").glob("*.py"), *(ROOT / "tutorial_helpers").rglob("*.py")]
    texts = "\n".join(source.read_text(encoding="utf-8") for source in sources).lower()
    assert [doi for doi in listed if doi.lower() not in texts] == []
