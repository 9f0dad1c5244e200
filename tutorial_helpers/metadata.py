"""What is known of recordings without opening them: the audio files of a folder, their names, dates and metadata."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path, PurePosixPath
from typing import TextIO

import pandas as pd

from .errors import TutorialError

COLUMNS = ["path", "date", "speaker", "group", "treated", "text", "kind"]
TEXT = "string[python]"  # stored by pyarrow, numbers that are computed from texts would be of its types, not of numpy's
AUDIO_SUFFIXES = (".aac", ".aif", ".aiff", ".flac", ".m4a", ".mp3", ".mp4", ".ogg", ".opus", ".wav", ".webm", ".wma")
WHAT_IS_READ = f"Files that are read end in: {', '.join(AUDIO_SUFFIXES)}."


def recordings_table(rows: Mapping[str, Mapping]) -> pd.DataFrame:
    """One row for each recording, indexed by name, with all of `COLUMNS`; what `rows` does not tell is missing."""
    table = pd.DataFrame.from_dict(dict(rows), orient="index").reindex(columns=COLUMNS)
    table.index.name = "recording"
    table["date"] = pd.to_datetime(table["date"])
    table["treated"] = table["treated"].astype("boolean")
    text_columns = ["path", "speaker", "group", "text", "kind"]
    table[text_columns] = table[text_columns].astype(TEXT)
    return table


def recordings_in(folder: str | Path) -> pd.DataFrame:
    """Every audio file below a folder, named by its path in the folder without the suffix.

    Dates are read from names such as `20221106_Sun_Alex.mp3`. A file `metadata.csv` in the folder overrides them: its
    column `file` names a recording, and any of `date`, `speaker`, `group`, `treated`, `text` and `kind` ("speech",
    the default, or "sound") says what is known. Other columns are kept as they are, such as the number of listeners.

    Raises
    ------
    TutorialError
        Where the folder holds no audio, two files would have the same name, or `metadata.csv` is not right.
    """
    folder = Path(folder).resolve()
    rows: dict[str, dict] = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() not in AUDIO_SUFFIXES or not path.is_file() or path.name.startswith("."):
            continue
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in rows:
            raise TutorialError(f"{rows[name]['path']} and {path} differ only in their endings. Rename one of them.")
        rows[name] = {"path": str(path), "date": _date_in_name(path.name), "kind": "speech"}
    if not rows:
        raise TutorialError(f"There is no audio file in {folder}. {WHAT_IS_READ}")
    metadata = folder / "metadata.csv"
    return _override(recordings_table(rows), metadata) if metadata.exists() else recordings_table(rows)


def read_metadata(source: Path | TextIO, where: str | Path) -> pd.DataFrame:
    """What a table in the form of `metadata.csv` says of files, indexed by the recordings' names, checked.

    Parameters
    ----------
    source : Path or text file
        The CSV.
    where : str or Path
        What an error calls it.
    """
    try:
        table = pd.read_csv(source)
    except (ValueError, UnicodeDecodeError) as error:
        raise TutorialError(
            f"{where} cannot be read as a table ({error}). Save it as CSV, comma-separated, in UTF-8."
        ) from error
    if "file" not in table.columns:
        raise TutorialError(f"{where} has no column 'file'. Its columns: {', '.join(table.columns)}.")
    if "path" in table.columns:
        raise TutorialError(f"{where} has a column 'path'. The files' paths are known; leave it out, or rename it.")
    known = ["file", *COLUMNS[1:]]
    for column in set(table.columns) - set(known):
        near = difflib.get_close_matches(column.strip().lower(), known, n=1, cutoff=0.75)
        if near:
            raise TutorialError(
                f"{where} has a column '{column}'. If it is '{near[0]}', call it that; if not, choose another name. "
                f"Known: {', '.join(known)}."
            )
    table["file"] = table["file"].astype(str)
    twice = table.loc[table["file"].duplicated(), "file"]
    if len(twice):
        raise TutorialError(f"{where} names {twice.iloc[0]} twice. Keep one row for each file.")
    if "date" in table.columns:
        dates = pd.to_datetime(table["date"], errors="coerce")
        wrong = table.loc[dates.isna() & table["date"].notna(), "date"]
        if len(wrong):
            raise TutorialError(f"{where} has a date that cannot be read: {wrong.iloc[0]}. Write 2022-11-06.")
        table["date"] = dates
    if "treated" in table.columns:
        table["treated"] = _booleans(table["treated"], where)
    table.index = pd.Index([Path(name).with_suffix("").as_posix() for name in table["file"]])
    return table


def is_address(name: str | Path) -> bool:
    """Whether a name is an address of any scheme (`https://...`, `s3://...`) and not a name or a path.

    Lesson: 04_statistics.
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", str(name)) is not None


def same_name(name: str) -> str:
    """A form in which two names are equal where some machine takes them for one: without case, one kind of umlaut."""
    return unicodedata.normalize("NFC", name).casefold()


def name_trouble(name: str) -> str:
    """What keeps a name from being a file's on every machine, such as "is too long"; empty where nothing does.

    Folders stand before it with `/` between them. It has to stay below its folder, on Windows too.
    """
    for part in name.split("/"):
        if part in ("", ".", ".."):
            return "is no name inside the folder"
        if re.search(r'[\\:*?"<>|\x00-\x1f]', part):
            return 'has one of \\ : * ? " < > | in it, which some machines do not allow'
        if part.startswith(".") or part != part.strip() or part.endswith("."):
            return "has a dot or a space where some machines lose it"
        if re.fullmatch(r"(con|prn|aux|nul|com\d|lpt\d)(\..*)?", part, flags=re.IGNORECASE):
            return "is a name that Windows keeps for itself"
        if len(part.encode()) > 200:
            return "is too long"
    return ""


def check_files(files: list[str], where: str) -> None:
    """Refuse names of files that leave their folder, are no audio, or are the same name on some machine.

    Folders stand before the names with `/` between them. `where` is what an error calls the table that has them.
    """
    if not files:
        raise TutorialError(f"{where} names no file. It needs one row for each recording.")
    names: dict[str, str] = {}
    folders: dict[str, str] = {}
    for file in files:
        if trouble := name_trouble(file):
            raise TutorialError(f"{where} names the file '{file}'. That {trouble}. Rename it.")
        path = PurePosixPath(file)
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            raise TutorialError(f"{where} names '{file}', which is no audio by its ending. {WHAT_IS_READ}")
        key = same_name(str(path.with_suffix("")))
        if key in names:
            how = "twice" if names[key] == file else "which differ only in upper and lower case, or in their endings"
            raise TutorialError(f"{where} names '{names[key]}' and '{file}', {how}. Keep one or rename one.")
        names[key] = file
        for parent in map(str, path.parents):
            other = folders.setdefault(same_name(parent), parent)
            if other != parent:
                raise TutorialError(
                    f"{where} names the folders '{other}' and '{parent}', which differ only in upper and lower case. "
                    "Rename one of them."
                )


def _date_in_name(name: str) -> datetime | None:
    """The date at the start of a file name, `20221106_...` or `2022-11-06...`."""
    found = re.match(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)", name)
    try:
        return datetime.strptime("".join(found.groups()), "%Y%m%d") if found else None
    except ValueError:  # eight digits that are no date, such as 20229999
        return None


def _booleans(column: pd.Series, where: str | Path) -> pd.Series:
    """0/1, true/false or yes/no as booleans, what is empty missing."""
    words = column.astype(TEXT).str.strip().str.lower().str.removesuffix(".0")
    values = words.map({"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False})
    wrong = words[values.isna() & words.notna()]
    if len(wrong):
        raise TutorialError(f"{where} has '{wrong.iloc[0]}' under 'treated'. Write 1 or 0.")
    return values.astype("boolean")


def _override(recordings: pd.DataFrame, metadata: Path) -> pd.DataFrame:
    """The recordings with what `metadata.csv` knows in place of what the file names said."""
    known = read_metadata(metadata, metadata)
    absent = [name for name in known["file"] if not (metadata.parent / name).is_file()]
    if absent:
        raise TutorialError(
            f"{metadata} names {len(absent)} file(s) that are not in {metadata.parent}: {', '.join(absent[:5])}. "
            "Correct the names or remove the rows."
        )
    strangers = known.index.difference(recordings.index)
    if len(strangers):
        raise TutorialError(f"{metadata} names files that are not audio: {', '.join(strangers[:5])}. Remove the rows.")
    for column in known.columns.drop("file"):
        values = known[column].dropna()
        if column in COLUMNS:
            recordings.loc[values.index, column] = values.astype(recordings[column].dtype)
        else:
            recordings[column] = values
    return recordings
