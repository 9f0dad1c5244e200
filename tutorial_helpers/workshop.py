"""Runs the lessons once for each group of a workshop, and sets what came out side by side on one page."""

from __future__ import annotations

import csv
import difflib
import html
import json
import re
from io import StringIO
from itertools import zip_longest
from pathlib import Path
from urllib.parse import quote

import nbformat
import pandas as pd
import pooch

from . import corpora, runner
from .errors import TutorialError

CHECKED = "# NBVAL_CHECK_OUTPUT"  # a cell that ends so prints facts
ADDED = {"injected-parameters", "papermill-error-cell-tag"}  # cells that papermill puts between those of the lesson
OURS = {"index.html", "workshop.json"}  # what lies beside the teams' folders


def run(
    groups: str | Path,
    out: str | Path = "runs/workshop",
    *,
    lessons: str = "",
    profile: str = "full",
    progress: bool = True,
) -> dict:
    """Run the lessons for each team of a table, one after the other, and compare them on a page.

    groups: a CSV with a column `team` and any parameters of the lessons, as `read_groups` reads it. out: gets a folder
    a team with all that `runner.run` leaves, and `index.html` and `workshop.json`, written anew after each team.
    lessons, profile: as of `runner.run`. A team whose lesson fails does not stop the others.
    Returns what is in `workshop.json`. Raises TutorialError, before anything runs or is written, where the table, a
    lesson, the profile, or what a team asks for is not right.
    """
    chosen = runner.choose_lessons(lessons, runner.lesson_paths())
    teams = plan(Path(groups), chosen, profile)
    workshop = {"groups": str(groups), "profile": profile, "lessons": chosen, "teams": teams}
    out = Path(out)
    out.mkdir(parents=True, exist_ok=True)
    _leave(workshop, out)
    for team in teams:
        given = dict(team["parameters"])
        try:
            report = runner.run(
                given.pop("corpus"),
                out / team["team"],
                lessons=",".join(chosen),
                profile=profile,
                parameters=given,
                progress=progress,
            )
        except (TutorialError, OSError) as error:  # a disk that is full, a recording that was moved meanwhile
            team.update(status="failed", error=str(error))
        else:
            team.update(status="failed" if runner.failures(report) else "ok", lessons=report["lessons"])
        _leave(workshop, out)
    return workshop


def failures(workshop: dict) -> list[str]:
    """A line a failure: its team, and what is known of it. Empty where every lesson of every team ran."""
    lines = []
    for team in workshop["teams"]:
        wrong = [team["error"]] if team["error"] else runner.failures(team)
        lines += [f"{team['team']}: {line}" for line in wrong]
    return lines


def read_groups(path: Path) -> list[dict]:
    """The rows of a workshop's table: {"row" in the file, "team", "parameters" as texts}; empty cells are left out.

    A team's name becomes a folder's. Rows that are empty altogether are passed over.
    Raises TutorialError, with the file, the row and the team, where the table is not right.
    """
    rows = _cells(path)
    header = [name.strip() for name in rows[0]] if rows else []
    if "team" not in header:
        raise TutorialError(
            f"{path} has no column 'team'. Its columns: {', '.join(header) or 'none'}. Save it as CSV, with commas, "
            "and with the names of the columns in the first line."
        )
    if len(set(header)) < len(header):
        raise TutorialError(f"{path} has two columns of one name: {', '.join(header)}. Keep one.")
    found, names = [], {}
    for number, cells in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if len(cells) > len(header):
            raise TutorialError(f"{path}, row {number} has {len(cells)} cells for {len(header)} columns. Is it quoted?")
        given = dict(zip(header, cells, strict=False))  # a row may end early
        team = given.pop("team", "")
        trouble = "is empty" if not team else _trouble(team)
        if trouble:
            raise TutorialError(
                f"{path}, row {number}: the team's name '{team}' {trouble}. It becomes a folder's name."
            )
        other = names.get(corpora.same_name(team))
        if other:
            raise TutorialError(
                f"{path}, row {number}: two teams are called '{other}' and '{team}', whose folders would be one. "
                "Rename one."
            )
        names[corpora.same_name(team)] = team
        found.append({"row": number, "team": team, "parameters": {name: cell for name, cell in given.items() if cell}})
    if not found:
        raise TutorialError(f"{path} has no team in it. Write one row a team.")
    return found


def plan(path: Path, chosen: list[str], profile: str) -> list[dict]:
    """What each team of a table will run with, as `workshop.json` begins. chosen: names of lessons.

    A column that only other lessons know waits for them: one table serves the whole workshop.
    Raises TutorialError, with the file, the row and the team, where a parameter, a corpus or a recording is unknown.
    """
    paths = runner.lesson_paths()
    defaults = {name: runner.parameter_defaults(path) for name, path in paths.items()}
    known = {name: value for lesson in defaults.values() for name, value in lesson.items()}
    used = {name for lesson in chosen for name in defaults[lesson]}
    rows = read_groups(path)
    for column in [name.strip() for name in _cells(path)[0]]:
        if column not in {"team", *known}:
            near = difflib.get_close_matches(column, known, n=1)
            raise TutorialError(
                f"{path} has a column '{column}', and no lesson has such a parameter."
                + (f" Did you mean '{near[0]}'?" if near else "")
                + f" Columns may be: team, {', '.join(sorted(known))}."
            )
    teams = []
    for row in rows:
        try:
            given = runner.typed(row["parameters"], known)
            corpus = given.pop("corpus", corpora.DEFAULT)
            given = {name: value for name, value in given.items() if name in used}
            given, _ = runner.plan(corpus, lessons=",".join(chosen), profile=profile, parameters=given)
        except TutorialError as error:
            raise TutorialError(f"{path}, row {row['row']}, team '{row['team']}': {error}") from error
        teams.append({"team": row["team"], "parameters": given, "status": "waiting", "error": None, "lessons": []})
    return teams


def write_manifest(folder: str | Path) -> Path:
    """Write `manifest.csv` for the audio files of a folder, so that others can load it by the address of that file.

    It holds `file`, `sha256` and the columns of the folder's `metadata.csv`, and takes the place of an older one.
    Upload it together with the audio files, in the same folders. Returns its path.
    Raises TutorialError where the folder is not right, or a file's name would not do on every machine.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise TutorialError(f"There is no folder {folder}. Name the one that holds your recordings.")
    paths = [Path(path) for path in corpora.load_folder(folder).recordings["path"]]
    files = [path.relative_to(folder).as_posix() for path in paths]
    metadata = folder / "metadata.csv"
    corpora.check_files(files, str(folder))
    table = pd.DataFrame({"file": files, "sha256": [pooch.file_hash(path) for path in paths]})
    if metadata.exists():
        known = pd.read_csv(metadata, dtype=str, keep_default_na=False)
        for column in {"sha256", "url"} & set(known.columns):
            raise TutorialError(f"{metadata} has a column '{column}', which a manifest has for itself. Rename it.")
        known["file"] = [Path(name).as_posix() for name in known["file"]]
        table = table.merge(known, on="file", how="left")
    runner._write(folder / "manifest.csv", table.to_csv(index=False))
    return folder / "manifest.csv"


def _cells(path: Path) -> list[list[str]]:
    """The cells of a CSV, row by row."""
    if not path.is_file():
        raise TutorialError(f"There is no file {path}. Name a CSV with a row a team, such as site/groups.csv.")
    try:
        return list(csv.reader(StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise TutorialError(
            f"{path} cannot be read as a table ({error}). Save it as CSV, with commas, in UTF-8."
        ) from error


def _trouble(team: str) -> str:
    """What is wrong with a team's name as a folder's; empty where nothing is."""
    if "/" in team:
        return "has a / in it"
    return "is taken by a file of the workshop" if corpora.same_name(team) in OURS else corpora.name_trouble(team)


def _leave(workshop: dict, out: Path) -> None:
    runner._write(out / "workshop.json", json.dumps(workshop, indent=2) + "\n")
    runner._write(out / "index.html", workshop_page(workshop, out))


def compare(workshop: dict, out: Path, lesson: str) -> list[dict]:
    """What the cells of a lesson gave each team, cell by cell: only cells with a checked fact or a figure.

    out: the folder with the teams' folders. Each is {"heading", "kind", "values", "same"}: the `heading` over the cell;
    `kind` "facts" or "figures"; a value a team, the text of the facts or the figures as [(PNG in base64, alt text)], or
    None where the team did not come so far; `same` is True where all who did got the same, False where two differ, None
    where fewer than two did.
    """
    notebooks = [_cells_of(out / team["team"] / f"{lesson}.ipynb", lesson, team) for team in workshop["teams"]]
    found, heading = [], lesson
    for cells in zip_longest(*notebooks):
        one = next(cell for cell in cells if cell is not None)
        if one.cell_type == "markdown":
            heading = _last_heading(one.source) or heading
        if one.cell_type != "code":
            continue
        reached = [cell if cell is not None and cell.execution_count else None for cell in cells]
        figures = [None if cell is None else runner.figures_of(cell) for cell in reached]
        facts = None
        if one.source.rstrip().endswith(CHECKED):
            facts = [None if cell is None else _printed(cell) for cell in reached]
        for kind, values in (("facts", facts), ("figures", figures)):
            if values and any(values):
                found.append({"heading": heading, "kind": kind, "values": values, "same": _same(values)})
    return found


def _cells_of(notebook: Path, lesson: str, team: dict) -> list[nbformat.NotebookNode]:
    """The lesson's cells as a team's run left them; none where it was not run, though an older run may lie there."""
    if lesson not in [line["lesson"] for line in team["lessons"]] or not notebook.exists():
        return []
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell for cell in cells if not ADDED.intersection(cell.metadata.get("tags", []))]


def _printed(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def _last_heading(markdown: str) -> str:
    headings = re.findall(r"^#+ +(.+)$", markdown, flags=re.MULTILINE)
    return re.sub(r"[`*$]", "", headings[-1]) if headings else ""


def _same(values: list) -> bool | None:
    there = [value for value in values if value is not None]
    return all(value == there[0] for value in there) if len(there) > 1 else None


STYLE = """
body { max-width: none; font-size: clamp(17px, 1.2vw, 26px); }
.scroll { overflow-x: auto; margin: .5rem 0 1.5rem; border: 1px solid #8886; padding: 0 .6rem; }
.side { table-layout: fixed; min-width: calc(var(--teams) * 20rem); }
.side td, .side th { vertical-align: top; } .side tr.what { border: 0; }
.over th, .over td { vertical-align: top; min-width: 9rem; }
pre { font: .9em/1.45 ui-monospace, monospace; white-space: pre-wrap; overflow-wrap: anywhere; margin: 0; }
mark { font-weight: bold; } .what th { font-weight: normal; } .differ th { font-weight: bold; }
.side td[colspan] img { max-width: min(100%, 46rem); }
body:has(#only:checked) .same { display: none; }
:focus-visible { outline: 3px solid currentColor; outline-offset: 2px; }
"""


def workshop_page(workshop: dict, out: Path) -> str:
    """The groups side by side: how their lessons went, then facts and figures cell by cell, one column a team.

    out: the folder with the teams' folders. The page needs no other file; it links to the teams' own reports.
    """
    teams = workshop["teams"]
    heads = "".join(f'<th scope="col"><a href="#{name}">{name}</a></th>' for name in workshop["lessons"])
    rows = "".join(_overview_row(team, workshop["lessons"]) for team in teams)
    errors = "".join(f"<li>{html.escape(line)}</li>" for line in failures(workshop))
    waiting = sum(team["status"] == "waiting" for team in teams)
    still = (
        f"<p>{waiting} of {len(teams)} teams are still to come. Load this page again to see more.</p>"
        if waiting
        else ""
    )
    compared = "".join(_lesson(workshop, out, lesson) for lesson in workshop["lessons"])
    return runner.page(
        "Audio as data: the groups side by side",
        f"""<main><h1>The groups side by side</h1>
<p>{len(teams)} teams, profile {html.escape(workshop["profile"])}.</p>{still}
<div class="scroll" role="group" tabindex="0" aria-label="How the lessons went">
<table class="over"><thead><tr><th scope="col">Team</th><th scope="col">Settings</th>{heads}</tr></thead>
<tbody>{rows}</tbody></table></div>
{f"<h2>What failed</h2><ul>{errors}</ul>" if errors else ""}
<p><label><input type="checkbox" id="only"> Show only what differs between teams</label></p>
{compared}</main>""",
        STYLE,
    )


def _overview_row(team: dict, lessons: list[str]) -> str:
    name, by_lesson = quote(team["team"]), {line["lesson"]: line for line in team["lessons"]}
    settings = "<br>".join(f"{key}: {html.escape(str(value))}" for key, value in team["parameters"].items())
    cells = ""
    for lesson in lessons:
        if lesson in by_lesson:
            line = by_lesson[lesson]
            result = f'<span class="{line["status"]}">{line["status"]}</span>, {line["seconds"]:.0f} s'
            label = html.escape(f"{team['team']}, {lesson}", quote=True)
            cells += f'<td>{result}<br><a href="{name}/{lesson}.html" aria-label="{label}">open</a></td>'
        else:
            cells += f'<td class="{team["status"]}">{team["status"]}</td>'
    title = html.escape(team["team"])
    if team["lessons"]:
        title = f'<a href="{name}/index.html">{title}</a>'
    return f'<tr><th scope="row">{title}</th><td>{settings}</td>{cells}</tr>'


def _lesson(workshop: dict, out: Path, lesson: str) -> str:
    """A lesson's part of the page: a table for each heading under which there is something to compare."""
    items = compare(workshop, out, lesson)
    if not items:
        return f'<h2 id="{lesson}">{lesson}</h2><p>Nothing to compare yet.</p>'
    facts = [item["same"] for item in items if item["kind"] == "facts"]
    parts: list[list[dict]] = []
    for item in items:
        if parts and parts[-1][0]["heading"] == item["heading"]:
            parts[-1].append(item)
        else:
            parts.append([item])
    heads = "".join(f'<th scope="col">{html.escape(team["team"])}</th>' for team in workshop["teams"])
    tables = ""
    for part in parts:
        heading = html.escape(part[0]["heading"], quote=True)
        same = ' class="same"' if all(item["same"] for item in part) else ""
        tables += (
            f'<section{same}><h3>{heading}</h3><div class="scroll" role="group" tabindex="0" aria-label="{heading}">'
            f'<table class="side" style="--teams: {len(workshop["teams"])}"><thead><tr>{heads}</tr></thead>'
            f"{''.join(_compared(item) for item in part)}</table></div></section>"
        )
    differ = f"{facts.count(False)} of {len(facts)} outputs with facts differ between teams."
    return f'<h2 id="{lesson}">{lesson}</h2><p>{differ}</p>{tables}'


def _compared(item: dict) -> str:
    """One cell of the lesson: a line that says whether teams differ, then a column a team."""
    word = {"facts": "Facts", "figures": "Figure"}[item["kind"]]
    all_there = None not in item["values"]
    same = ": the same for all teams" if all_there else ": the same so far"
    said = {True: same, False: ": ≠ teams differ", None: ""}[item["same"]]
    kind = {True: "same", False: "differ", None: ""}[item["same"]]
    show = _facts if item["kind"] == "facts" else _figures
    values, n = item["values"], len(item["values"])
    if item["same"] and all_there:
        cells = f'<td colspan="{n}">{show(values[0], values)}</td>'
    else:
        cells = "".join(f"<td>{'Not reached.' if value is None else show(value, values)}</td>" for value in values)
    return (
        f'<tbody class="{kind}"><tr class="what"><th colspan="{n}" scope="colgroup">{word}{said}</th></tr>'
        f"<tr>{cells}</tr></tbody>"
    )


def _facts(text: str, all_texts: list[str | None]) -> str:
    """What one team's cell printed. A line that some other team did not get has a sign, beside the colour."""
    if not text:
        return "Nothing was printed."
    others = [other.splitlines() for other in all_texts if other is not None]
    lines = []
    for line in text.splitlines():
        shown = html.escape(line)
        lines.append(shown if all(line in other for other in others) else f"<mark>≠ {shown}</mark>")
    return f"<pre>{chr(10).join(lines)}</pre>"


def _figures(figures: list[tuple[str, str]], _all: list) -> str:
    return "".join(runner.image(png, alt) for png, alt in figures) or "No figure."
