"""Where recordings come from: the show, real telephone prompts, or a folder of your own audio files."""

from __future__ import annotations

import difflib
import gzip
import re
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import pandas as pd

from .errors import TutorialError

DEFAULT = "show"
SHOW = Path(__file__).resolve().parent.parent / "data" / "show"
# the tables of what was planted: name in Corpus.truth, and what follows "planted" in the file's name
SHOW_TRUTH = {"values": "", "turns": "_turns", "weeks": "_weeks", "music": "_music", "reactions": "_reactions"}

COLUMNS = ["path", "date", "speaker", "group", "treated", "text", "kind"]
AUDIO_SUFFIXES = {
    ".aac",
    ".aif",
    ".aiff",
    ".flac",
    ".m4a",
    ".mp3",
    ".mp4",
    ".ogg",
    ".opus",
    ".wav",
    ".webm",
    ".wma",
}

# Debian and Ubuntu install the prompts here, the English transcripts there.
PROMPTS_SOUNDS = Path("/usr/share/asterisk/sounds")
PROMPTS_TRANSCRIPT = Path("/usr/share/doc/asterisk-core-sounds-en/core-sounds-en.txt.gz")
# Container images are often told to leave out /usr/share/doc; the option brings the transcripts back.
PROMPTS_INSTALL = (
    "sudo apt-get update && sudo apt-get install --reinstall -y "
    "-o Dpkg::Options::='--path-include=/usr/share/doc/asterisk-core-sounds-*' "
    "asterisk-core-sounds-en asterisk-core-sounds-{en,es,fr,it,ru}-wav"
)
PROMPTS_VOICES = {  # folder: (prefix of the recording's name, speaker, language)
    "en_US_f_Allison": ("en", "Allison", "English"),
    "es_MX_f_Allison": ("es", "Allison", "Spanish"),
    "fr_CA_f_June": ("fr", "June", "French"),
    "it_IT_m_Carlo": ("it", "Carlo", "Italian"),
    "ru_RU_f_IvrvoiceRU": ("ru", "IvrvoiceRU", "Russian"),
}


@dataclass(frozen=True)
class Corpus:
    """A set of recordings and what is known about them.

    recordings: one row a recording, indexed by its name; columns `path`, `date`, `speaker`, `group`, `treated`,
        `text`, `kind` ("speech" or "sound"); what is not known is missing (NA).
    turns: one row a turn (`recording`, `onset` and `offset` in seconds, `kind` ("speech", "music", "silence"),
        `speaker`, `channel`, `text`, `style`), or None where turns are not known.
    truth: what was planted, as tables by name, or None where nothing was. No estimator reads it.
    default: the name of the recording that a lesson opens when the learner names none.
    outcome: one row a stretch of a recording (`recording`, `onset` and `offset` in seconds, `reaction` in points, and
        what else was noted), or None where there is none.
    """

    name: str
    recordings: pd.DataFrame
    turns: pd.DataFrame | None
    truth: dict[str, pd.DataFrame] | None
    default: str
    outcome: pd.DataFrame | None = None


def load(name_or_folder: str | Path) -> Corpus:
    """Load a corpus by its name ("show" or "prompts"), or every audio file in a folder.

    Raises TutorialError where there is no such corpus or folder, or nothing in it.
    Lesson: 01_data_prep and all that follow.
    """
    if name_or_folder in NAMED:
        return NAMED[name_or_folder]()
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        return load_folder(folder)
    if folder.is_file():
        raise TutorialError(f"{folder} is a file. Name the folder that holds your recordings: {folder.parent}")
    raise TutorialError(
        f"There is no corpus and no folder called '{name_or_folder}'. Use 'show', 'prompts', or the path of a "
        "folder with audio files in it."
    )


def pick(corpus: Corpus, recording: str = "") -> pd.Series:
    """The row of one recording, by name; an empty name gives the corpus's default.

    Raises TutorialError where the corpus has no recording of that name, with the nearest names it has.
    Lesson: 01_data_prep and all that follow.
    """
    name = recording or corpus.default
    if name not in corpus.recordings.index:
        near = difflib.get_close_matches(name, corpus.recordings.index, n=3, cutoff=0.3)
        raise TutorialError(
            f"The corpus '{corpus.name}' has no recording called '{name}'. "
            f"The nearest of its {len(corpus.recordings)} names: {', '.join(near) or corpus.default}."
        )
    return corpus.recordings.loc[name]


def load_show(folder: Path = SHOW) -> Corpus:
    """The bundled talk show: a pilot of ten minutes and 52 weekly episodes, with known turns and planted answers.

    `group` is what an episode went out by ("FM" or "stream"; "pilot"), `treated` whether that was after the event.
    `truth` holds `values` (`value`, `unit` and `what`, by name), `turns`, `weeks`, `music` and `reactions`; `outcome`
    what listeners of the pilot reported every 5 s. data/README.md says how all of it was made.
    Raises TutorialError where a table of the show is missing.
    Lesson: 01_data_prep and all that follow.
    """
    tables = {}
    for name in ("metadata", "turns", "reactions", *(f"planted{part}" for part in SHOW_TRUTH.values())):
        if not (folder / f"{name}.csv").is_file():
            raise TutorialError(
                f"The show is not complete: {folder / name}.csv is missing. It comes with the repository: clone it "
                "again, or make the show anew with `make show`."
            )
        tables[name] = pd.read_csv(folder / f"{name}.csv")
    truth = {name: tables[f"planted{part}"] for name, part in SHOW_TRUTH.items()}
    truth["values"] = truth["values"].set_index("name")
    of_folder = load_folder(folder)
    return Corpus("show", of_folder.recordings, tables["turns"], truth, of_folder.default, tables["reactions"])


def spoken(corpus: Corpus, *, start: float = 0.0, minutes: float = 10.0) -> pd.DataFrame:
    """One row a stretch of speech: a turn where the corpus knows turns, else a recording of speech.

    start, minutes: only what lies in this excerpt of each recording. Columns `recording`, `path`, `onset` and `seconds`
    (s; read it with `data_prep.read(path, start=onset, seconds=seconds)`), `speaker`, `channel`, `group`, `style`,
    `text`; what is not known is missing. Where the corpus knows no turns, `seconds` is all of the excerpt.
    Lesson: 02_representations, 04_statistics, 05_deep_learning.
    """
    recordings = corpus.recordings
    if corpus.turns is None:
        whole = recordings[recordings["kind"] == "speech"]
        table = whole.rename_axis("name").reset_index().assign(onset=start, seconds=60 * minutes)
        table = table.assign(recording=table["name"], channel=pd.NA, style=pd.NA).set_index("name")
    else:
        table = corpus.turns[corpus.turns["kind"] == "speech"]
        table = table[(table["onset"] >= start) & (table["offset"] <= start + 60 * minutes)]
        numbers = table.groupby("recording").cumcount() + 1
        table = table.assign(seconds=table["offset"] - table["onset"])
        table = table.set_index(table["recording"] + "/" + numbers.astype(str).str.zfill(2)).rename_axis("name")
        for column in ("path", "group"):
            table[column] = recordings[column].reindex(table["recording"]).to_numpy()
    return table[["recording", "path", "onset", "seconds", "speaker", "channel", "group", "style", "text"]]


def load_prompts(sounds: Path = PROMPTS_SOUNDS, transcript: Path = PROMPTS_TRANSCRIPT) -> Corpus:
    """About 2,800 telephone prompts (8 kHz): one woman in English and Spanish, and three more voices.

    `group` is the language; `text` is known for English. Recorded by Allison Smith (English, Spanish),
    June Wallack (French; all three CC BY-SA 3.0), Carlo Flora (Italian) and IvrvoiceRU (Russian, CC BY 3.0).
    Raises TutorialError, with the one command that installs them, where packages are missing.
    Lesson: 01_data_prep.
    """
    missing = [
        str(place) for place in [*(sounds / voice for voice in PROMPTS_VOICES), transcript] if not place.exists()
    ]
    if missing:
        raise TutorialError(
            f"The corpus 'prompts' is not complete on this machine: {missing[0]} is missing. "
            f"On Debian or Ubuntu, install it with:\n  {PROMPTS_INSTALL}"
        )
    texts = parse_transcript(gzip.decompress(transcript.read_bytes()).decode("utf-8"))
    rows = {}
    for voice, (prefix, speaker, language) in PROMPTS_VOICES.items():
        for path in sorted((sounds / voice).rglob("*.wav")):
            prompt = path.relative_to(sounds / voice).with_suffix("").as_posix()
            # a beep has the same name in every language
            text, kind = texts.get(prompt, (pd.NA, "speech"))
            if path.stat().st_size < 100:  # a header and no sample: Russian has no word for "is"
                kind = "sound"
            rows[f"{prefix}/{prompt}"] = {
                "path": str(path),
                "speaker": speaker,
                "group": language,
                "text": text if prefix == "en" else pd.NA,
                "kind": kind,
            }
    return Corpus("prompts", _table(rows), turns=None, truth=None, default="en/demo-instruct")


def parse_transcript(lines: str) -> dict[str, tuple[str | None, str]]:
    """Read the packages' text file, `name: words` a line, into {name: (text, kind)}.

    An entry that is all note, such as `beep: [a tone]`, is a sound: its kind is "sound" and its text missing.
    A note beside words, such as `letters/at: at [@]`, is left out of the text.
    Lesson: 01_data_prep.
    """
    note = r"\[[^\]]*\]|\([^)]*\)|<[^>]*>"
    entries = {}
    for line in lines.splitlines():
        name, colon, words = line.partition(":")
        if not colon or line.startswith(";"):
            continue
        text = " ".join(re.sub(note, " ", words).split())
        entries[name.strip()] = (text, "speech") if text else (pd.NA, "sound")
    return entries


def load_folder(folder: Path) -> Corpus:
    """Every audio file below a folder, one row each, named by its path in the folder without the suffix.

    Dates are read from names such as `20221106_Sun_Alex.mp3`. A file `metadata.csv` in the folder overrides: its
    column `file` names a recording, and any of `date`, `speaker`, `group`, `treated`, `text` and `kind` ("speech",
    which is taken for granted, or "sound") says what is known. Columns of other names are kept as they are, for an
    outcome such as the number of listeners.
    Raises TutorialError where the folder holds no audio, where two files would have the same name, or where
    `metadata.csv` is not right.
    Lesson: 01_data_prep.
    """
    folder = folder.resolve()
    paths = sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in AUDIO_SUFFIXES and path.is_file() and not path.name.startswith(".")
    )
    if not paths:
        raise TutorialError(
            f"There is no audio file in {folder}. Files that are read end in: {', '.join(sorted(AUDIO_SUFFIXES))}."
        )
    rows = {}
    for path in paths:
        name = path.relative_to(folder).with_suffix("").as_posix()
        if name in rows:
            raise TutorialError(f"{rows[name]['path']} and {path} differ only in their endings. Rename one of them.")
        rows[name] = {"path": str(path), "date": date_in_name(path.name), "kind": "speech"}
    recordings = _table(rows)
    metadata = folder / "metadata.csv"
    if metadata.exists():
        recordings = _override(recordings, _read_metadata(metadata, folder))
    return Corpus(str(folder), recordings, turns=None, truth=None, default=recordings.index[0])


def date_in_name(name: str) -> pd.Timestamp:
    """The date at the start of a file name, `20221106_...` or `2022-11-06...`; NaT where there is none.

    Lesson: 01_data_prep.
    """
    found = re.match(r"(\d{4})-?(\d{2})-?(\d{2})(?!\d)", name)
    if not found:
        return pd.NaT
    try:
        return pd.Timestamp(datetime(*map(int, found.groups())))
    except ValueError:  # eight digits that are no date, such as 20229999
        return pd.NaT


def _read_metadata(metadata: Path, folder: Path) -> pd.DataFrame:
    """`metadata.csv` as a table indexed like the recordings."""
    try:
        table = pd.read_csv(metadata)
    except (ValueError, UnicodeDecodeError) as error:
        raise TutorialError(
            f"{metadata} cannot be read as a table ({error}). Save it as CSV, comma-separated, in UTF-8."
        ) from error
    if "file" not in table.columns:
        raise TutorialError(f"{metadata} has no column 'file'. Its columns: {', '.join(table.columns)}.")
    if "path" in table.columns:
        raise TutorialError(f"{metadata} has a column 'path'. The files' paths are known; leave it out, or rename it.")
    for column in set(table.columns) - {"file", *COLUMNS}:
        near = difflib.get_close_matches(column.strip().lower(), ["file", *COLUMNS[1:]], n=1, cutoff=0.75)
        if near:
            raise TutorialError(
                f"{metadata} has a column '{column}'. If it is '{near[0]}', call it that; if not, choose another name. "
                f"Known: file, {', '.join(COLUMNS[1:])}."
            )
    files = table["file"].astype(str)
    absent = [name for name in files if not (folder / name).is_file()]
    if absent:
        raise TutorialError(
            f"{metadata} names {len(absent)} file(s) that are not in {folder}: {', '.join(absent[:5])}. "
            "Correct the names or remove the rows."
        )
    if files.duplicated().any():
        raise TutorialError(f"{metadata} names {files[files.duplicated()].iloc[0]} twice. Keep one row a file.")
    if "date" in table.columns:
        dates = pd.to_datetime(table["date"], errors="coerce")
        wrong = table.loc[dates.isna() & table["date"].notna(), "date"]
        if len(wrong):
            raise TutorialError(f"{metadata} has a date that cannot be read: {wrong.iloc[0]}. Write 2022-11-06.")
        table["date"] = dates
    if "treated" in table.columns:
        table["treated"] = _yes_or_no(table["treated"], metadata)
    table.index = [Path(name).with_suffix("").as_posix() for name in files]
    return table.drop(columns="file")


def _yes_or_no(column: pd.Series, metadata: Path) -> pd.Series:
    """0/1, true/false or yes/no as booleans, what is empty missing."""
    words = column.astype("string").str.strip().str.lower().str.removesuffix(".0")
    values = words.map({"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False})
    wrong = words[values.isna() & words.notna()]
    if len(wrong):
        raise TutorialError(f"{metadata} has '{wrong.iloc[0]}' under 'treated'. Write 1 or 0.")
    return values.astype("boolean")


def _override(recordings: pd.DataFrame, metadata: pd.DataFrame) -> pd.DataFrame:
    """Known values of the metadata in place of what the file names said."""
    strangers = metadata.index.difference(recordings.index)
    if len(strangers):
        raise TutorialError(
            f"metadata.csv names files that are not audio: {', '.join(strangers[:5])}. Remove the rows."
        )
    recordings = recordings.copy()
    for column in metadata.columns:
        known = metadata[column].dropna()
        if column in COLUMNS:
            recordings.loc[known.index, column] = known.astype(recordings[column].dtype)
        else:
            recordings[column] = known
    return recordings


def _table(rows: dict[str, dict]) -> pd.DataFrame:
    """Rows as the recordings table: every column there, in order, what is not known missing."""
    table = pd.DataFrame.from_dict(rows, orient="index").reindex(columns=COLUMNS)
    table.index.name = "recording"
    table["date"] = pd.to_datetime(table["date"])
    table["treated"] = table["treated"].astype("boolean")
    text_columns = ["path", "speaker", "group", "text", "kind"]
    table[text_columns] = table[text_columns].astype("string")
    return table


NAMED = {"show": load_show, "prompts": load_prompts}
