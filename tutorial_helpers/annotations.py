"""Turns, words and outcomes that stand beside the recordings of a folder: which file tells what of which recording."""

from __future__ import annotations

import difflib
import re
import warnings
from collections import defaultdict
from pathlib import Path

import pandas as pd

from .annotation_files import KINDS, READERS, has_times, read, refuse_disorder, seconds, write
from .errors import LeftOutWarning, TutorialError
from .metadata import NAMED, TEXT, read_table, refuse_misspelt, same_name

__all__ = ["beside", "read", "write"]

TURN_COLUMNS = ["recording", "onset", "offset", "kind", "speaker", "channel", "text", "style"]
WORD_COLUMNS = ["recording", "onset", "offset", "word", "speaker"]
# what tables call these columns too
ALSO = {"onset": "onset", "start": "onset", "begin": "onset", "end": "offset", "stop": "offset", "file": "recording"}
TABLES = {"turns": TURN_COLUMNS, "words": WORD_COLUMNS, "outcome": ["recording", "onset", "offset"]}
LABEL = re.compile(r"[\[(*♪♫]+ *(?:[^\s\])*]+ ?){1,3}[\])*♪♫]+|[♪♫].*")  # of sound: [MUSIC], (applause)
MUSIC, SILENCE = re.compile("mus[ií][ck]|musique|♪|♫", re.I), re.compile("silen|pause", re.I)


def beside(folder: str | Path, recordings: pd.DataFrame) -> dict[str, pd.DataFrame | None]:
    """What the annotations in a folder say of its recordings.

    `NAME.srt` and `NAME.en.srt` belong to the recording NAME, as does `NAME.turns.csv`; `turns.csv`, `words.csv` and
    `outcome.csv` to all that their column `recording` names. Of several files for one recording that with speakers is
    used; turns and words are chosen separately. A `LeftOutWarning` names files of which nothing was used.

    Parameters
    ----------
    folder : str or Path
    recordings : DataFrame
        As `metadata.recordings_in(folder)` gives them.

    Returns
    -------
    dict
        Tables. "turns", "words" and "outcome" have a row a segment (`recording`, `onset` and `offset` in s, and what is
        known of it), or are None. "files" has a row a file: `file`, `recording`, `read_as` (empty where nothing was
        used), `rows`, and `note`: what was ignored, and why.

    Raises
    ------
    TutorialError
        Where a file is damaged or names a recording that is not there.
    """
    folder = Path(folder).resolve()
    paths = {name: Path(path).relative_to(folder) for name, path in recordings["path"].items()}
    names = {same_name(str(known)): name for name, path in paths.items() for known in (name, path.as_posix())}
    rows: list[dict] = []
    found: dict[tuple[str, str], list[tuple]] = defaultdict(list)
    linked = {file for path in paths.values() for file in (folder / path).parent.iterdir()}  # rglob follows no link
    for path in sorted(path for path in {*folder.rglob("*"), *linked} if _is_annotation(path)):
        row: dict = {
            "file": path.relative_to(folder).as_posix(),
            "recording": None,
            "read_as": [],
            "rows": 0,
            "note": [],
        }
        tables = _tables_of(path, names, row)
        if path.suffix.lower() == ".txt" and row["recording"] is None:
            continue  # any text, such as a note
        rows.append(row)
        for what, table in tables.items():
            for recording, part in table.groupby("recording", sort=False):
                knows = [bool(part[column].notna().any()) for column in ("speaker", "text") if column in part]
                rank = -[".csv", *READERS].index(path.suffix.lower())
                found[what, recording].append(((knows, rank), part, row))
    used = defaultdict(list)
    for (what, _), candidates in found.items():
        candidates.sort(key=lambda candidate: candidate[0])
        _, part, row = candidates.pop()
        used[what].append(part)
        row["read_as"] += [what] if what not in row["read_as"] else []
        row["rows"] += len(part)
        for _, _, other in candidates:
            other["note"].append(f"{what} are taken from {row['file']}")
    files = pd.DataFrame(rows, columns=["file", "recording", "read_as", "rows", "note"])
    files["read_as"], files["note"] = files["read_as"].str.join(", "), files["note"].str.join("; ")
    unused = files[files["read_as"] == ""]
    if len(unused):
        named = ", ".join(f"{row.file} ({row.note or 'it is empty'})" for row in unused[:NAMED].itertuples())
        more = f", and {len(unused) - NAMED} more" if len(unused) > NAMED else ""
        warnings.warn(f"{folder}: {len(unused)} files beside the sound not used: {named}{more}.", LeftOutWarning, 2)
    return {what: _joined(used[what], recordings.index) for what in TABLES} | {"files": files}


def _tables_of(path: Path, names: dict[str, str], row: dict) -> dict[str, pd.DataFrame]:
    """The turns, words or outcome in one file; its row gets the recording, and a note of what is ignored."""
    what = _table_in(path)
    stem = row["file"].rpartition(".")[0].removesuffix(f".{what}" if what else "")
    without_language = re.sub(r"\.[A-Za-z]{2,3}([-_]\w+)*$", "", stem)
    row["recording"] = names.get(same_name(stem)) or names.get(same_name(without_language))
    if what and (row["recording"] or row["file"].lower() == f"{what}.csv"):
        return {what: _csv(path, what, row["recording"], names, row["note"])}
    if row["recording"] is None:
        row["note"].append("no recording is called so")
    elif path.suffix.lower() == ".txt" and not has_times(path):
        row["note"].append("it has no times")
    else:
        return _turns_and_words(read(path), row["recording"], row["note"])
    return {}


def _is_annotation(path: Path) -> bool:
    """Whether a file is an annotation by its name."""
    return path.is_file() and path.name[0] != "." and (path.suffix.lower() in READERS or _table_in(path) != "")


def _table_in(path: Path) -> str:
    """Which table a CSV holds by its name, `turns.csv` or `NAME.turns.csv`; empty where none."""
    words = path.name.lower().split(".")
    return words[-2] if words[-1] == "csv" and len(words) > 1 and words[-2] in TABLES else ""


def _turns_and_words(table: pd.DataFrame, recording: str, notes: list[str]) -> dict[str, pd.DataFrame]:
    """What one file says of one recording, as tables of the corpus; other sounds than music are left out."""
    notes += table.attrs["notes"]
    table = table.assign(recording=recording)
    is_word = table["segment"] == "word"
    words = table[is_word].rename(columns={"text": "word"}).reindex(columns=WORD_COLUMNS)
    turns = table[~is_word].assign(kind=[_kind(text) for text in table["text"][~is_word]]).reindex(columns=TURN_COLUMNS)
    if sounds := sorted(set(turns["text"][turns["kind"] == ""])):
        notes.append(f"labels of other sounds left out: {', '.join(sounds[:10])}")
    turns["text"] = turns["text"].mask(turns["kind"] != "speech")
    return {"turns": turns[turns["kind"] != ""], "words": words}


def _kind(text: str) -> str:
    """What a turn of this text is; empty for a sound that is no speech, such as (applause)."""
    if pd.isna(text) or not LABEL.fullmatch(text):
        return "speech"
    return "music" if MUSIC.search(text) else "silence" if SILENCE.search(text) else ""


def _csv(path: Path, what: str, owner: str | None, names: dict[str, str], notes: list[str]) -> pd.DataFrame:
    """A table of turns, words or outcomes, checked."""
    table = read_table(path, path, tuple(ALSO) if owner else ("recording", "file"))
    table = table.rename(columns=lambda name: ALSO.get(name.lower(), name))
    table = table.assign(recording=owner) if owner else table
    known = ["recording", "onset", "offset", *(["word"] if what == "words" else [])]
    refuse_misspelt(table, list(dict.fromkeys([*known, *TABLES[what]])), path)
    if absent := [column for column in known if column not in table]:
        raise TutorialError(f"{path} has no column '{absent[0]}'. Its columns: {', '.join(table.columns)}.")
    for column in ("onset", "offset"):
        try:
            table[column] = table[column].map(seconds)
        except ValueError as error:
            raise TutorialError(
                f"{path}: a time under '{column}' is none ({error}). Write 83.5 or 00:01:23.5."
            ) from error
    refuse_disorder(table, path)
    for number, name in table["recording"].items():
        if same_name(name.strip()) not in names:
            near = names[difflib.get_close_matches(same_name(name), names, n=1, cutoff=0.0)[0]]
            raise TutorialError(f"{path}, line {number}: no recording is called '{name}'. The nearest is '{near}'.")
    table["recording"] = [names[same_name(name.strip())] for name in table["recording"]]
    texts = table.columns.drop(["onset", "offset"])
    table[texts] = table[texts].apply(lambda column: column.astype(TEXT).str.strip()).replace({"": pd.NA})
    if what == "outcome":
        for column in texts.drop("recording"):
            numbers = pd.to_numeric(table[column].str.replace(",", ".").astype(object), errors="coerce")
            if numbers.notna().eq(table[column].notna()).all():
                table[column] = numbers
        return table
    if what == "turns":
        kinds = table.get("kind", pd.Series(pd.NA, table.index, dtype=TEXT))
        table["kind"] = kinds.fillna("speech").str.lower()
        if wrong := sorted(set(table["kind"]) - set(KINDS)):
            raise TutorialError(f"{path}: '{wrong[0]}' is no kind of turn. Known: {', '.join(KINDS)}.")
    if others := list(table.columns.difference(TABLES[what])):
        notes.append(f"columns left out: {', '.join(others)}")
    return table.reindex(columns=TABLES[what])


def _joined(tables: list[pd.DataFrame], order: pd.Index) -> pd.DataFrame | None:
    """The segments of all recordings, in the recordings' order and in that of their onsets."""
    if not tables:
        return None
    joined = pd.concat(tables, ignore_index=True)
    rank = order.get_indexer(joined["recording"])
    joined = joined.assign(rank=rank).sort_values(["rank", "onset"], kind="stable", ignore_index=True)
    texts = joined.columns.intersection([*TURN_COLUMNS, *WORD_COLUMNS]).difference(["onset", "offset"])
    return joined.drop(columns="rank").astype(dict.fromkeys(texts, TEXT))
