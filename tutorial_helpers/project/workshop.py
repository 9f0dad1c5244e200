"""Runs the lessons once for each group of a workshop, and sets what came out side by side on one page."""

from __future__ import annotations

import csv
import json
import re
from io import StringIO
from itertools import groupby, zip_longest
from operator import itemgetter
from pathlib import Path
from typing import Any

import nbformat

from .. import corpora, metadata
from ..errors import TutorialError
from ..places import bundled
from . import runner

CHECKED = "# NBVAL_CHECK_OUTPUT"  # a cell that ends so prints facts
ADDED = {"injected-parameters", "papermill-error-cell-tag"}  # cells that papermill puts between those of the lesson
BESIDE_TEAMS = {"index.html", "workshop.json"}  # what lies beside the teams' folders


def run(
    groups: str | Path,
    out: str | Path = "runs/workshop",
    *,
    lessons: str = "",
    profile: str = "full",
    progress: bool = True,
) -> dict:
    """Run the lessons for each team of a table, one after the other, and compare them on a page.

    A team whose lesson fails does not stop the others.

    Parameters
    ----------
    groups : path
        A CSV with a column `team` and any parameters of the lessons. Empty rows and cells are passed over.
    out : path
        The folder that gets a folder a team with all that `runner.run` leaves, and `index.html` and `workshop.json`,
        written anew after each team.
    lessons, profile, progress
        As of `runner.run`.

    Returns
    -------
    dict
        What is in `workshop.json`.

    Raises
    ------
    TutorialError
        Before anything is written, where the table, a lesson, the profile, or what a team asks for is not right.
    """
    chosen = runner.choose_lessons(lessons, runner.lesson_paths())
    teams = plan(Path(groups), chosen, profile)
    workshop = {"groups": str(groups), "profile": profile, "lessons": chosen, "teams": teams}
    out = Path(out)
    with runner.writing_to(out):
        _write_results(workshop, out)
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
            except TutorialError as error:  # a disk that is full, a recording that was moved meanwhile
                team.update(status="failed", error=str(error))
            else:
                team.update(status="failed" if runner.failures(report) else "ok", lessons=report["lessons"])
            _write_results(workshop, out)
    return workshop


def failures(workshop: dict) -> list[str]:
    """A line a failure: its team, and what is known of it. Empty where every lesson of every team ran."""
    lines = []
    for team in workshop["teams"]:
        wrong = [team["error"]] if team["error"] else runner.failures(team)
        lines += [f"{team['team']}: {line}" for line in wrong]
    return lines


def _read_groups(path: Path) -> list[dict[str, Any]]:
    """The teams of a table: each one's `row` in the file, `team`, and `parameters` as texts, without empty cells."""
    rows = _csv_rows(path)
    header = [name.strip() for name in rows[0]] if rows else []
    if "team" not in header:
        raise TutorialError(
            f"{path} has no column 'team'. Its columns: {', '.join(header) or 'none'}. Save it as CSV, with commas, "
            "and with the names of the columns in the first line."
        )
    if len(set(header)) < len(header):
        raise TutorialError(f"{path} has two columns of one name: {', '.join(header)}. Keep one.")
    found: list[dict[str, Any]] = []
    names: dict[str, str] = {}  # of teams, by what two folders' names have in common where they are one
    for number, cells in enumerate(rows[1:], start=2):
        cells = [cell.strip() for cell in cells]
        if not any(cells):
            continue
        if len(cells) > len(header):
            raise TutorialError(f"{path}, row {number} has {len(cells)} cells for {len(header)} columns. Is it quoted?")
        given = dict(zip(header, cells, strict=False))  # a row may end early
        team = given.pop("team", "")
        trouble = _team_name_trouble(team)
        if trouble:
            raise TutorialError(
                f"{path}, row {number}: the team's name '{team}' {trouble}. It becomes a folder's name."
            )
        other = names.get(metadata.same_name(team))
        if other:
            raise TutorialError(
                f"{path}, row {number}: two teams are called '{other}' and '{team}', whose folders would be one. "
                "Rename one."
            )
        names[metadata.same_name(team)] = team
        found.append({"row": number, "team": team, "parameters": {name: cell for name, cell in given.items() if cell}})
    if not found:
        raise TutorialError(f"{path} has no team in it. Write one row a team.")
    return found


def plan(path: Path, chosen: list[str], profile: str) -> list[dict[str, Any]]:
    """Find what each team of a table will run with. A column that only other lessons know waits for them.

    Parameters
    ----------
    path : path
        The table: one serves the whole workshop.
    chosen : list of str
        Names of lessons.
    profile : str
        As of `runner.run`.

    Returns
    -------
    list of dict
        The teams, as `workshop.json` begins.

    Raises
    ------
    TutorialError
        With the file, the row and the team, where a parameter, a corpus or a recording is unknown.
    """
    defaults = {name: runner.parameter_defaults(path) for name, path in runner.lesson_paths().items()}
    known = {name: value for lesson in defaults.values() for name, value in lesson.items()}
    used = {name for lesson in chosen for name in defaults[lesson]}
    rows = _read_groups(path)
    for column in [name.strip() for name in _csv_rows(path)[0]]:
        if column not in {"team", *known}:
            raise TutorialError(
                f"{path} has a column '{column}', and no lesson has such a parameter."
                f"{runner.did_you_mean(column, known)} Columns may be: team, {', '.join(sorted(known))}."
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


def _csv_rows(path: Path) -> list[list[str]]:
    """The cells of a CSV, row by row."""
    if not path.is_file():
        raise TutorialError(
            f"There is no file {path}. Name a CSV with a row a team, such as {bundled('site/groups.csv')}."
        )
    try:
        return list(csv.reader(StringIO(path.read_text(encoding="utf-8-sig"), newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error) as error:
        raise TutorialError(
            f"{path} cannot be read as a table ({error}). Save it as CSV, with commas, in UTF-8."
        ) from error


def _team_name_trouble(team: str) -> str:
    """What is wrong with a team's name as a folder's; empty where nothing is."""
    if not team:
        return "is empty"
    if "/" in team:
        return "has a / in it"
    taken = metadata.same_name(team) in BESIDE_TEAMS
    return "is taken by a file of the workshop" if taken else metadata.name_trouble(team)


def _write_results(workshop: dict, out: Path) -> None:
    runner.atomic_write(out / "workshop.json", json.dumps(workshop, indent=2) + "\n")
    runner.atomic_write(out / "index.html", _workshop_page(workshop, out))


def _outputs_by_team(workshop: dict, out: Path, lesson: str) -> list[dict[str, Any]]:
    """What the cells of a lesson gave each team: only cells with a checked fact or a figure.

    For each the `heading` over it; its `kind`, "facts" or "figures"; `values`, one a team: the text of the facts, or
    the figures as [(PNG in base64, alt text)], or None where the team did not come so far; `same`: whether all who did
    got the same, None where fewer than two did.
    """
    notebooks = [_cells_of_team(out / team["team"] / f"{lesson}.ipynb", lesson, team) for team in workshop["teams"]]
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
            facts = [None if cell is None else _printed_text(cell) for cell in reached]
        for kind, values in (("facts", facts), ("figures", figures)):
            if values and any(values):
                found.append({"heading": heading, "kind": kind, "values": values, "same": _all_alike(values)})
    return found


def _cells_of_team(notebook: Path, lesson: str, team: dict) -> list[nbformat.NotebookNode]:
    """The lesson's cells as a team's run left them; none where it was not run, though an older run may lie there."""
    if lesson not in [line["lesson"] for line in team["lessons"]] or not notebook.exists():
        return []
    cells = nbformat.read(notebook, as_version=4).cells
    return [cell for cell in cells if not ADDED.intersection(cell.metadata.get("tags", []))]


def _printed_text(cell: nbformat.NotebookNode) -> str:
    return "".join(output.text for output in cell.outputs if output.get("name") == "stdout")


def _last_heading(markdown: str) -> str:
    headings = re.findall(r"^#+ +(.+)$", markdown, flags=re.MULTILINE)
    return re.sub(r"[`*$]", "", headings[-1]) if headings else ""


def _all_alike(values: list) -> bool | None:
    there = [value for value in values if value is not None]
    return all(value == there[0] for value in there) if len(there) > 1 else None


def _workshop_page(workshop: dict, out: Path) -> str:
    """The groups side by side, on a page that needs no other file but links to the teams' own reports."""
    return runner.TEMPLATES.get_template("workshop.html.j2").render(
        **workshop,
        waiting=sum(team["status"] == "waiting" for team in workshop["teams"]),
        failures=failures(workshop),
        comparisons={lesson: _comparison(workshop, out, lesson) for lesson in workshop["lessons"]},
        lines_of_all=_lines_of_all,
    )


def _comparison(workshop: dict, out: Path, lesson: str) -> dict:
    """What `_outputs_by_team` finds, by heading, and how many of the outputs with facts differ."""
    items = _outputs_by_team(workshop, out, lesson)
    same = [item["same"] for item in items if item["kind"] == "facts"]
    sections = [list(part) for _, part in groupby(items, key=itemgetter("heading"))]
    return {"sections": sections, "facts": len(same), "differing": same.count(False)}


def _lines_of_all(texts: list[str | None]) -> set[str]:
    """The lines that every team got that came so far."""
    return set.intersection(*(set(text.splitlines()) for text in texts if text is not None))
