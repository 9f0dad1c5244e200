"""Where recordings come from: the show, real telephone prompts, a folder of your own, or an address on the web."""

from __future__ import annotations

import difflib
import gzip
import hashlib
import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import datetime
from io import StringIO
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from urllib.parse import quote, urljoin, urlsplit

import pandas as pd
import pooch
from tqdm import tqdm

from .errors import TutorialError

DEFAULT = "show"
SHOW = Path(__file__).resolve().parent.parent / "data" / "show"
# the tables of what was planted: name in Corpus.truth, and what follows "planted" in the file's name
SHOW_TRUTH = {"values": "", "turns": "_turns", "weeks": "_weeks", "music": "_music", "reactions": "_reactions"}

COLUMNS = ["path", "date", "speaker", "group", "treated", "text", "kind"]
TEXT = "string[python]"  # stored by pyarrow, numbers that are computed from texts would be of its types, not of numpy's
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

CACHE = "audio-as-data-tutorial"  # the folder in this machine's cache where recordings from the web are kept
TIMEOUT = 30  # seconds that a server may be silent


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
    """Load a corpus by name ("show", "prompts"), a folder of audio files, or the address of a manifest on the web.

    Raises TutorialError where there is no such corpus or folder, nothing in it, or where it cannot be fetched.
    Lesson: 01_data_prep and all that follow.
    """
    if name_or_folder in NAMED:
        return NAMED[name_or_folder]()
    if is_address(name_or_folder):
        return load_address(str(name_or_folder))
    folder = Path(name_or_folder).expanduser()
    if folder.is_dir():
        return load_folder(folder)
    if folder.is_file():
        raise TutorialError(f"{folder} is a file. Name the folder that holds your recordings: {folder.parent}")
    raise TutorialError(
        f"There is no corpus and no folder called '{name_or_folder}'. Use 'show', 'prompts', the path of a "
        "folder with audio files in it, or the address of a manifest (https://.../manifest.csv)."
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


def is_address(name: str | Path) -> bool:
    """Whether a corpus is named by an address on the web (`https://...`) and not by a name or a path.

    Lesson: 01_data_prep.
    """
    return re.match(r"[A-Za-z][A-Za-z0-9+.-]*://", str(name)) is not None


def load_address(address: str) -> Corpus:
    """The recordings that a manifest on the web names, fetched once, each verified by its SHA-256.

    address: of a CSV, http or https. Its columns: `file`, the recording's name with `/` between folders; `sha256`;
    perhaps `url`, where the file lies (seen from the manifest; beside it where empty); and the columns of a folder's
    `metadata.csv`. `python -m tutorial_helpers manifest FOLDER` makes one.
    Files go into this machine's cache, see `cache_of`. Where a fetch breaks off, what is complete stays and the next
    call fetches the rest. Once all are there, no request is made any more: to take a newer manifest, delete the folder.
    Raises TutorialError where the manifest is not right or a file cannot be fetched, or is not the one that was meant.
    Lesson: 01_data_prep.
    """
    parts = urlsplit(address)
    on_the_web = parts.scheme.lower() in ("http", "https") and parts.hostname
    if not on_the_web or parts.username or not address.lower().endswith(".csv"):  # reports show the address
        raise TutorialError(
            f"'{address}' is not the address of a manifest. It begins with https:// (or http://), ends in .csv "
            "and holds no password, such as https://example.org/talks/manifest.csv."
        )
    folder = cache_of(address)
    if not (folder / "metadata.csv").exists():
        _fetch_corpus(address, folder)
    try:
        return replace(load_folder(folder), name=address)
    except TutorialError as error:
        raise TutorialError(
            f"The copy of {address} on this machine was changed: {error} Delete the folder {folder}; then the corpus "
            "is fetched anew."
        ) from error


def cache_of(address: str) -> Path:
    """The folder of this machine's cache that holds, or will hold, the recordings of a manifest on the web.

    Lesson: 01_data_prep.
    """
    return Path(pooch.os_cache(CACHE)) / hashlib.sha256(address.encode()).hexdigest()[:16]


def name_trouble(name: str) -> str:
    """What is wrong with a name that is to be a file's or a folder's on every machine; empty where nothing is.

    name: one part, or more with `/` between them. It has to stay below its folder, on Windows too.
    Lesson: 01_data_prep.
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


def same_name(name: str) -> str:
    """A form in which two names are equal where some machine takes them for one: without case, one kind of umlaut.

    Lesson: 01_data_prep.
    """
    return unicodedata.normalize("NFC", name).casefold()


def check_files(files: list[str], where: str) -> None:
    """Refuse names of files that leave the folder, are no audio, or are one and the same on some machine.

    files: with `/` between folders. where: what an error calls the table or folder that has them.
    Raises TutorialError with the first such name.
    Lesson: 01_data_prep.
    """
    if not files:
        raise TutorialError(f"{where} names no file. It needs one row a recording.")
    names, folders = {}, {}
    for file in files:
        if trouble := name_trouble(file):
            raise TutorialError(f"{where} names the file '{file}'. That {trouble}. Rename it.")
        path = PurePosixPath(file)
        if path.suffix.lower() not in AUDIO_SUFFIXES:
            raise TutorialError(
                f"{where} names '{file}', which is no audio by its ending. Files that are read end in: "
                f"{', '.join(sorted(AUDIO_SUFFIXES))}."
            )
        key = same_name(str(path.with_suffix("")))
        if key in names:
            how = "twice" if names[key] == file else "which differ only in upper and lower case, or in their endings"
            raise TutorialError(f"{where} names '{names[key]}' and '{file}', {how}. Keep one or rename one.")
        names[key] = file
        for parent in map(str, path.parents):
            if folders.setdefault(same_name(parent), parent) != parent:
                raise TutorialError(
                    f"{where} names the folders '{folders[same_name(parent)]}' and '{parent}', which differ only in "
                    "upper and lower case. Rename one of them."
                )


def _fetch_corpus(address: str, folder: Path) -> None:
    """Fetch what a manifest names. `metadata.csv` is written last, so that it says: all is there."""
    with TemporaryDirectory() as place:
        _fetch(address, Path(place) / "manifest.csv", None)
        table = _read_manifest(Path(place) / "manifest.csv", address)
    for row in tqdm(table.itertuples(), total=len(table), desc="recordings", unit="file", disable=None):
        _fetch(row.url, folder / row.file, row.sha256)
    named = {folder / name for name in table["file"]}
    for path in folder.rglob("*"):
        if path.is_file() and path not in named:  # an older manifest named it, or a killed process left it
            path.unlink()
    _write_table(table.drop(columns=["sha256", "url"]), folder / "metadata.csv")


def _read_manifest(path: Path, address: str) -> pd.DataFrame:
    """A manifest as a table of texts, checked, with the whole address of each file in `url`."""
    make = "Make one with `python -m tutorial_helpers manifest FOLDER`."
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TutorialError(f"{address} is not a CSV in UTF-8 ({error}). {make}") from error
    if text.lstrip().startswith("<"):
        raise TutorialError(
            f"{address} gave a web page, not a CSV. Open the address in a browser: you should see the table itself."
        )
    try:
        table = pd.read_csv(StringIO(text), dtype=str, keep_default_na=False).fillna("")
    except ValueError as error:
        raise TutorialError(f"{address} cannot be read as a table ({error}). {make}") from error
    for column in ("file", "sha256"):
        if column not in table.columns:
            raise TutorialError(f"{address} has no column '{column}'. Its columns: {', '.join(table.columns)}. {make}")
    check_files(list(table["file"]), address)
    _metadata_table(StringIO(table.drop(columns=["sha256", "url"], errors="ignore").to_csv(index=False)), address)
    table["sha256"] = table["sha256"].str.strip().str.lower()
    wrong = table[~table["sha256"].str.fullmatch("[0-9a-f]{64}")]
    if len(wrong):
        raise TutorialError(
            f"{address} gives '{wrong['sha256'].iloc[0]}' as the SHA-256 of {wrong['file'].iloc[0]}: it has 64 digits "
            f"and letters from a to f. {make}"
        )
    given = table.get("url", pd.Series("", table.index)).str.strip()
    table["url"] = [urljoin(address, url or quote(file)) for url, file in zip(given, table["file"], strict=True)]
    for file, url in zip(table["file"], table["url"], strict=True):
        if urlsplit(url).scheme.lower() not in ("http", "https"):
            raise TutorialError(
                f"{address} gives {url} as the address of {file}. It must begin with https:// or http://."
            )
    return table


def _fetch(url: str, path: Path, sha256: str | None) -> None:
    """Fetch one file whole and verified, or not at all. What is there and verified is not fetched again."""
    from requests import exceptions  # here, because most who load a corpus fetch nothing

    pooch.get_logger().setLevel("WARNING")  # it would tell of every file
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=2**16)
    again = "What is complete stays: load the corpus again to fetch the rest."
    try:
        pooch.retrieve(url, sha256, fname=path.name, path=path.parent, downloader=downloader)
    except exceptions.HTTPError as error:
        answer = f"{error.response.status_code} ({error.response.reason})"
        raise TutorialError(
            f"{url} could not be fetched: the server answers {answer}. Check the address in a browser, or ask whoever "
            f"published it. {again}"
        ) from error
    except exceptions.ChunkedEncodingError as error:
        raise TutorialError(f"{url} could not be fetched: the connection broke off in the middle. {again}") from error
    except (exceptions.ConnectionError, exceptions.Timeout) as error:
        if "timed out" in str(error):
            why = f"the server was silent for {TIMEOUT} s."
        else:
            why = f"there is no connection to {urlsplit(url).netloc}. Are you online, and is the address right?"
        raise TutorialError(f"{url} could not be fetched: {why} {again}") from error
    except OSError as error:  # another refusal of requests; or no room, or no permission, on this machine
        raise TutorialError(f"{url} could not be fetched to {path}: {error}. {again}") from error
    except ValueError as error:  # pooch's word for another checksum
        raise TutorialError(
            f"{url} gave another file than the manifest means: its SHA-256 is not {sha256}. It was changed after the "
            "manifest was made, or the address leads to a page about the file. Ask whoever published it to make the "
            f"manifest anew; nothing of this file was kept."
        ) from error


def _write_table(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV whole or not at all."""
    part = path.with_name(path.name + ".part")
    table.to_csv(part, index=False)
    part.replace(path)


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
    table = _metadata_table(metadata, metadata)
    absent = [name for name in table["file"] if not (folder / name).is_file()]
    if absent:
        raise TutorialError(
            f"{metadata} names {len(absent)} file(s) that are not in {folder}: {', '.join(absent[:5])}. "
            "Correct the names or remove the rows."
        )
    return table.drop(columns="file")


def _metadata_table(content: Path | StringIO, metadata: Path | str) -> pd.DataFrame:
    """What is known about files, checked, indexed like the recordings. metadata: what an error calls the table."""
    try:
        table = pd.read_csv(content)
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
    table["file"] = table["file"].astype(str)
    if table["file"].duplicated().any():
        twice = table.loc[table["file"].duplicated(), "file"].iloc[0]
        raise TutorialError(f"{metadata} names {twice} twice. Keep one row a file.")
    if "date" in table.columns:
        dates = pd.to_datetime(table["date"], errors="coerce")
        wrong = table.loc[dates.isna() & table["date"].notna(), "date"]
        if len(wrong):
            raise TutorialError(f"{metadata} has a date that cannot be read: {wrong.iloc[0]}. Write 2022-11-06.")
        table["date"] = dates
    if "treated" in table.columns:
        table["treated"] = _yes_or_no(table["treated"], metadata)
    table.index = [Path(name).with_suffix("").as_posix() for name in table["file"]]
    return table


def _yes_or_no(column: pd.Series, metadata: Path | str) -> pd.Series:
    """0/1, true/false or yes/no as booleans, what is empty missing."""
    words = column.astype(TEXT).str.strip().str.lower().str.removesuffix(".0")
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
    table[text_columns] = table[text_columns].astype(TEXT)
    return table


NAMED = {"show": load_show, "prompts": load_prompts}
