"""What is known of recordings without opening them: the audio files of a folder, their names, dates and metadata."""

from __future__ import annotations

import csv
import difflib
import os
import posixpath
import re
import unicodedata
import warnings
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from io import StringIO
from pathlib import Path, PurePosixPath
from typing import TextIO

import pandas as pd

from .dates import read_dates
from .errors import LeftOutWarning, TutorialError

COLUMNS = ["path", "date", "speaker", "group", "treated", "text", "kind"]
TEXT = "string[python]"  # stored by pyarrow, numbers that are computed from texts would be of its types, not of numpy's
NAMED = 10  # files that are left out and named; of more there is only the number
KINDS = ["speech", "sound"]
AUDIO_SUFFIXES = (
    *(".3g2", ".3gp", ".aac", ".ac3", ".aif", ".aifc", ".aiff", ".amr", ".ape", ".au", ".avi", ".caf", ".dsf", ".flac"),
    *(".m4a", ".m4b", ".mka", ".mkv", ".mov", ".mp2", ".mp3", ".mp4", ".mpg", ".oga", ".ogg", ".opus", ".rf64", ".tta"),
    *(".w64", ".wav", ".webm", ".wma", ".wv"),
)
# what stands beside recordings, and nobody takes for one
COMPANIONS = (
    *(".csv", ".docx", ".eaf", ".htm", ".html", ".ini", ".ipynb", ".jpg", ".json", ".log", ".md", ".parquet", ".pdf"),
    *(".png", ".py", ".rttm", ".sha256", ".srt", ".textgrid", ".tsv", ".txt", ".vtt", ".xlsx", ".xml", ".yaml", ".yml"),
)
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

    Two files that differ only in their suffixes are named with them. Folders that are linked are looked into. A
    `LeftOutWarning` counts and names what cannot be taken. Dates are read from names such as `20221106_Sun_Alex.mp3`.
    A file `metadata.csv` in the folder overrides them: its column `file` names a recording, and any of `date`,
    `speaker`, `group`, `treated`, `text` and `kind` ("speech", the default, or "sound") says what is known. Other
    columns are kept as they are, such as the number of listeners.

    Raises
    ------
    TutorialError
        Where the folder holds no audio, or `metadata.csv` is not right.
    """
    folder = Path(folder).resolve()
    paths, left_out = _audio_files(folder)
    if left_out:
        named = ", ".join(f"{name} ({why})" for name, why in left_out[:NAMED])
        more = f", and {len(left_out) - NAMED} more" if len(left_out) > NAMED else ""
        warnings.warn(f"{folder}: {len(left_out)} left out: {named}{more}.", LeftOutWarning, stacklevel=2)
    if not paths:
        raise TutorialError(f"There is no audio file in {folder}. {WHAT_IS_READ}")
    rows = {
        name: {"path": str(path), "date": _date_in_name(path.name), "kind": KINDS[0]}
        for name, path in _names(paths, folder).items()
    }
    metadata = folder / "metadata.csv"
    return _override(recordings_table(rows), metadata) if metadata.exists() else recordings_table(rows)


def _audio_files(folder: Path) -> tuple[list[Path], list[tuple[str, str]]]:
    """The audio files below a folder, in order, and what is left out (a path in the folder) with the reason."""
    found, left_out = [], []
    seen = {os.path.realpath(folder)}

    def closed(error: OSError) -> None:
        left_out.append((os.path.relpath(error.filename, folder), error.strerror or "cannot be opened"))

    for place, folders, files in os.walk(folder, onerror=closed, followlinks=True):
        entered = []
        for name in sorted(folders):
            real = os.path.realpath(os.path.join(place, name))
            if real not in seen and not name.startswith("."):
                seen.add(real)
                entered.append(name)
        folders[:] = [name for name in entered if _is_utf8(name)]  # os.walk goes on into these
        for name in (*files, *entered):
            path = Path(place, name)
            why = _why_left_out(path, is_folder=name in entered)
            if why:
                shown = os.fsencode(path.relative_to(folder)).decode("utf-8", "replace")
                left_out.append((shown, why))
            elif path.suffix.lower() in AUDIO_SUFFIXES and name not in entered and not name.startswith("."):
                found.append(path)
    return sorted(found), left_out


def _why_left_out(path: Path, *, is_folder: bool) -> str:
    """Why something in a folder cannot be taken; empty where it can, or where nobody takes it for a recording."""
    if path.name.startswith("."):
        return ""
    if not _is_utf8(path.name):
        return "its name is not in UTF-8: rename it"
    ending = path.suffix.lower()
    if is_folder or ending in COMPANIONS or (not ending and path.name.isupper()):  # README, SHA256SUMS
        return ""
    if ending not in AUDIO_SUFFIXES:
        return "no ending of a kind of sound"
    return "" if path.is_file() else "no file: a link to nowhere, or a device"


def _is_utf8(name: str) -> bool:
    """Whether a file's name is text: some older archives have bytes of Latin-1 in theirs."""
    try:
        name.encode()
    except UnicodeEncodeError:
        return False
    return True


def _names(paths: list[Path], folder: Path) -> dict[str, Path]:
    """The files by their recordings' names: the path in the folder without the suffix, or with it where two clash."""
    files = [path.relative_to(folder) for path in paths]
    names = [file.with_suffix("").as_posix() for file in files]
    for _ in range(2):  # a.mp3 and a.wav take their whole names, which a.mp3.wav has without its suffix
        alike = Counter(map(same_name, names))
        names = [
            file.as_posix() if alike[same_name(name)] > 1 else name for file, name in zip(files, names, strict=True)
        ]
    return dict(zip(names, paths, strict=True))


def read_metadata(source: Path | TextIO, where: str | Path) -> pd.DataFrame:
    """What a table in the form of `metadata.csv` says of files, checked, indexed by the files' paths in the folder.

    Texts stay texts (a speaker may be called 007); columns of one's own become numbers where all their cells are.

    Parameters
    ----------
    source : Path or text file
        The CSV; commas, semicolons or tabs separate its columns.
    where : str or Path
        What an error calls it.

    Raises
    ------
    TutorialError
        Where a column or a cell is not right, with its line.
    """
    table = read_table(source, where)
    if "path" in table.columns:
        raise TutorialError(f"{where} has a column 'path'. The files' paths are known; leave it out, or rename it.")
    refuse_misspelt(table, ["file", *COLUMNS[1:]], where)
    lines = [f"{where}, line {number}" for number in table.index]
    table["file"] = [_checked_file(file, line) for file, line in zip(table["file"], lines, strict=True)]
    for file, numbers in table.groupby("file", sort=False).groups.items():
        if len(numbers) > 1:
            which = " and ".join(map(str, numbers))
            raise TutorialError(f"{where} names {file} twice, in lines {which}. Keep one row for each file.")
    if "date" in table.columns:
        table["date"] = pd.Series(read_dates(table["date"], lines), table.index, dtype="datetime64[ns]")
    if "kind" in table.columns:
        table["kind"] = [_checked_kind(kind, line) for kind, line in zip(table["kind"], lines, strict=True)]
    if "treated" in table.columns:
        table["treated"] = _booleans(table["treated"], lines)
    for column in table.columns.difference(["file", "date", "treated"]):
        cells = table[column].astype(TEXT).str.strip().replace("", pd.NA)
        table[column] = cells if column in COLUMNS else _as_numbers(cells)
    return table.set_axis(pd.Index(table["file"], name=None))


def refuse_misspelt(table: pd.DataFrame, known: list[str], where: str | Path) -> None:
    """Raise TutorialError where a column is called nearly as one that is known."""
    for column in sorted(set(table.columns) - set(known)):
        near = difflib.get_close_matches(column.strip().lower(), known, n=1, cutoff=0.75)
        if near:
            raise TutorialError(
                f"{where} has a column '{column}'. If it is '{near[0]}', call it that; if not, choose another name. "
                f"Known: {', '.join(known)}."
            )


def read_table(source: Path | TextIO, where: str | Path, keys: tuple[str, ...] = ("file",)) -> pd.DataFrame:
    """A CSV as it is, all of it texts, with the number of each row's line as index; empty rows are left out.

    Parameters
    ----------
    source : Path or text file
        In UTF-8, or as Excel's "Unicode text"; commas, semicolons or tabs separate its columns.
    where : str or Path
        What an error calls it.
    keys : tuple of str
        Columns of which it must have one.

    Raises
    ------
    TutorialError
        Where it is no table, has none of those columns, or a row has more cells than the first.
    """
    how = "Save it as CSV, comma-separated, in UTF-8."
    try:
        text = decoded(source.read_bytes()) if isinstance(source, Path) else source.read()
        first, _, rest = text.partition("\n")
        told = re.fullmatch(r"sep=(.)\s*", first)  # a line that Excel understands
        text = rest if told else text
        header = next((line for line in text.splitlines() if line.strip()), "")
        separator = told[1] if told else _separator(header, keys)
        reader = csv.reader(StringIO(text, newline=""), delimiter=separator, strict=True)
        rows = [(reader.line_num + bool(told), row) for row in reader]
    except (ValueError, csv.Error, OSError) as error:
        raise TutorialError(f"{where} cannot be read as a table ({error}). {how}") from error
    rows = [(number, row) for number, row in rows if any(cell.strip() for cell in row)]
    if not rows:
        raise TutorialError(f"{where} cannot be read as a table (it is empty). {how}")
    columns = [column.strip() for column in rows[0][1]]
    while columns and not columns[-1]:  # a spreadsheet leaves empty columns at the end
        columns.pop()
    if not {*keys} & {*columns}:
        raise TutorialError(f"{where} has no column '{keys[0]}'. Its columns: {', '.join(columns)}.")
    if len(set(columns)) < len(columns):
        twice = next(column for column in columns if columns.count(column) > 1)
        raise TutorialError(f"{where} has two columns '{twice}'. Rename one.")
    for number, row in rows[1:]:
        if any(cell.strip() for cell in row[len(columns) :]):
            raise TutorialError(
                f"{where}, line {number}: {len(row)} cells, and the table has {len(columns)} columns. Put a cell "
                f"that has a '{separator}' in it in quotation marks."
            )
    cells = [(row + [""] * len(columns))[: len(columns)] for _, row in rows[1:]]
    return pd.DataFrame(cells, index=[number for number, _ in rows[1:]], columns=columns, dtype=object)


def decoded(content: bytes) -> str:
    """Text in UTF-8, or in UTF-16 with a mark at its beginning; else a UnicodeDecodeError."""
    return content.decode("utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig")


def _separator(header: str, keys: tuple[str, ...]) -> str:
    """What separates the columns: the sign that makes a key one of them."""
    for separator in ",;\t":
        if {*keys} & {column.strip(' "') for column in header.split(separator)}:
            return separator
    return ","


def _checked_file(file: str, line: str) -> str:
    """The path of a file in its folder, in one form."""
    if not file.strip():
        raise TutorialError(f"{line}: the cell under 'file' is empty. Name the file, or remove the row.")
    return unicodedata.normalize("NFC", posixpath.normpath(Path(file.strip()).as_posix()))


def _checked_kind(kind: str, line: str) -> str:
    """The kind of a recording, or nothing."""
    word = kind.strip().lower()
    if word and word not in KINDS:
        near = difflib.get_close_matches(word, KINDS, n=1, cutoff=0.0)[0]
        raise TutorialError(f"{line}: '{kind}' is no kind of recording. The nearest is '{near}'. Known: speech, sound.")
    return word


def _as_numbers(cells: pd.Series) -> pd.Series:
    """A column of one's own as numbers, if each filled cell is one and would be written so; else as it is."""
    filled = cells.dropna()
    if len(filled) and filled.str.fullmatch(r"-?(0|[1-9]\d*)(\.\d+)?([eE][+-]?\d+)?").all():
        return pd.to_numeric(cells.astype(object))
    return cells


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
        key = same_name(file)
        if key in names:
            how = "twice" if names[key] == file else "which differ only in upper and lower case"
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


def _booleans(column: pd.Series, lines: list[str]) -> pd.Series:
    """0/1, true/false or yes/no as booleans, what is empty missing."""
    words = column.astype(TEXT).str.strip().str.lower().str.removesuffix(".0")
    values = words.map({"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False})
    for word, value, line in zip(words, values, lines, strict=True):
        if word and pd.isna(value):
            raise TutorialError(f"{line}: '{word}' under 'treated'. Write 1 or 0.")
    return values.astype("boolean")


def _override(recordings: pd.DataFrame, metadata: Path) -> pd.DataFrame:
    """The recordings with what `metadata.csv` knows in place of what the file names said."""
    if not metadata.is_file():
        raise TutorialError(f"{metadata} is no file. A table of what is known is called so; rename the folder.")
    known = read_metadata(metadata, metadata)
    files = {
        unicodedata.normalize("NFC", Path(path).relative_to(metadata.parent).as_posix()): name
        for name, path in recordings["path"].items()
    }
    absent = [file for file in known.index if file not in files]
    strangers = [file for file in absent if (metadata.parent / file).is_file()]
    if strangers:
        raise TutorialError(f"{metadata} names files that are not audio: {', '.join(strangers[:5])}. Remove the rows.")
    if absent:
        raise TutorialError(
            f"{metadata} names {len(absent)} file(s) that are not in {metadata.parent}: {', '.join(absent[:5])}. "
            "Correct the names or remove the rows."
        )
    known.index = known.index.map(files)
    for column in known.columns.drop("file"):
        values = known[column].dropna()
        if column in COLUMNS:
            recordings.loc[values.index, column] = values.astype(recordings[column].dtype)
        else:
            recordings[column] = values
    return recordings
