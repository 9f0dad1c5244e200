"""Where recordings come from: the show, real telephone prompts, a folder of your own, or an address on the web."""

from __future__ import annotations

import difflib
import gzip
import os
import re
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd

from . import manifest
from .annotations import beside
from .containers import header_seconds
from .errors import TutorialError
from .metadata import is_address, recordings_in, recordings_table
from .places import bundled

DEFAULT = "show"
SHOW = bundled("data/show")
# the tables of what was planted: name in Corpus.truth, and what follows "planted" in the file's name
SHOW_TRUTH = {"values": "", "turns": "_turns", "weeks": "_weeks", "music": "_music", "reactions": "_reactions"}

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

    Attributes
    ----------
    name : str
        What it was loaded by.
    recordings : pandas.DataFrame
        One row for each recording, indexed by its name; columns `path`, `date`, `speaker`, `group`, `treated`, `text`,
        `kind` ("speech" or "sound"); what is not known is missing.
    turns : pandas.DataFrame or None
        One row for each turn (`recording`, `onset` and `offset` in seconds, `kind` ("speech", "music", "silence"),
        `speaker`, `channel`, `text`, `style`), or None where turns are not known.
    truth : dict of pandas.DataFrame or None
        What was planted, as tables by name, or None where nothing was. No estimator reads it.
    default : str
        The name of the recording that a lesson opens when the learner names none.
    outcome : pandas.DataFrame or None
        One row for each stretch of a recording for which an outcome is known (`recording`, `onset` and `offset` in
        seconds, and what was noted, such as a `reaction`), or None where there is none.
    words : pandas.DataFrame or None
        One row for each word whose times are known (`recording`, `onset` and `offset` in seconds, `word`, `speaker`),
        or None where there is none.
    annotated : pandas.DataFrame or None
        One row for each file beside the recordings that may tell turns, words or outcomes: what was read in it, and
        what was ignored and why, as `annotations.beside` gives it.
    """

    name: str
    recordings: pd.DataFrame
    turns: pd.DataFrame | None
    truth: dict[str, pd.DataFrame] | None
    default: str
    outcome: pd.DataFrame | None = None
    words: pd.DataFrame | None = None
    annotated: pd.DataFrame | None = None


def load(name_or_folder: str | Path) -> Corpus:
    """Load a corpus by name ("show", "prompts"), a folder of audio files, or the address of a manifest on the web.

    Lesson: 01_data_prep and all that follow.

    Raises
    ------
    TutorialError
        Where there is no such corpus or folder, nothing in it, or where it cannot be fetched.
    """
    if name_or_folder in NAMED:
        return NAMED[str(name_or_folder)]()
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

    Lesson: 01_data_prep and all that follow.

    Raises
    ------
    TutorialError
        Where the corpus has no recording of that name, with the nearest names it has.
    """
    name = recording or corpus.default
    if name not in corpus.recordings.index:
        near = difflib.get_close_matches(name, corpus.recordings.index, n=3, cutoff=0.3)
        raise TutorialError(
            f"The corpus '{corpus.name}' has no recording called '{name}'. "
            f"The nearest of its {len(corpus.recordings)} names: {', '.join(near) or corpus.default}."
        )
    return corpus.recordings.loc[name]


def spoken(corpus: Corpus, *, start: float = 0.0, minutes: float = 10.0) -> pd.DataFrame:
    """Segments of speech: turns of the recordings whose turns are known, and the excerpt of each other with speech.

    Read one with `data_prep.read(row.path, start=row.onset, seconds=row.offset - row.onset)`.
    Lesson: 02_representations, 04_statistics, 05_deep_learning.

    Parameters
    ----------
    start, minutes : float
        Only what lies in this excerpt of each recording, in seconds and minutes.

    Returns
    -------
    pandas.DataFrame
        One row for each segment: `recording`, `path`, `onset` and `offset` (s), `speaker`, `channel`, `group`,
        `style`, `text`; what is not known is missing. Without turns `offset` is the end of the excerpt, and may lie
        behind the end of the recording.
    """
    columns = ["recording", "path", "onset", "offset", "speaker", "channel", "group", "style", "text"]
    recordings, stop = corpus.recordings, start + 60 * minutes
    tables = []
    whole = recordings[recordings["kind"] == "speech"].rename_axis("name")
    if corpus.turns is not None:
        whole = whole[~whole.index.isin(corpus.turns["recording"])]
        table = corpus.turns[corpus.turns["kind"] == "speech"]
        table = table[(table["onset"] >= start) & (table["offset"] <= stop)]
        numbers = table.groupby("recording").cumcount() + 1
        table = table.set_index(table["recording"] + "/" + numbers.astype(str).str.zfill(2)).rename_axis("name")
        for column in ("path", "group"):
            table[column] = recordings[column].reindex(table["recording"]).to_numpy()
        tables.append(table[columns])
    if corpus.turns is None or len(whole):
        whole = whole.assign(recording=whole.index, onset=start, offset=stop, channel=pd.NA, style=pd.NA)
        tables.append(whole[columns])
    return pd.concat(tables)


def load_show(folder: Path = SHOW) -> Corpus:
    """The bundled talk show: a pilot of ten minutes and 52 weekly episodes, with known turns and planted answers.

    `group` is what an episode went out by ("FM" or "stream"; "pilot"), `treated` whether that was after the event.
    `truth` holds `values` (`value`, `unit` and `what`, by name), `turns`, `weeks`, `music` and `reactions`; `outcome`
    what listeners of the pilot reported every 5 s. data/README.md says how all of it was made.
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
    return replace(load_folder(folder), name="show", truth=truth, outcome=tables["reactions"])


def load_prompts(sounds: Path = PROMPTS_SOUNDS, transcript: Path = PROMPTS_TRANSCRIPT) -> Corpus:
    """About 2,800 telephone prompts (8 kHz): one woman in English and Spanish, and three more voices.

    `group` is the language; `text` is known for English. Recorded by Allison Smith (English, Spanish),
    June Wallack (French; all three CC BY-SA 3.0), Carlo Flora (Italian) and IvrvoiceRU (Russian, CC BY 3.0).
    """
    places = [*(sounds / voice for voice in PROMPTS_VOICES), transcript]
    missing = [place for place in places if not place.exists()]
    if missing:
        raise TutorialError(
            f"The corpus 'prompts' is not complete on this machine: {missing[0]} is missing. "
            f"On Debian or Ubuntu, install it with:\n  {PROMPTS_INSTALL}"
        )
    texts = _parse_transcript(gzip.decompress(transcript.read_bytes()).decode("utf-8"))
    rows = {}
    for voice, (prefix, speaker, language) in PROMPTS_VOICES.items():
        for path in sorted((sounds / voice).rglob("*.wav")):
            prompt = path.relative_to(sounds / voice).with_suffix("").as_posix()
            text = texts.get(prompt)
            # a beep has the same name in every language; a header and no sample: Russian has no word for "is"
            silent = (prompt in texts and text is None) or path.stat().st_size < 100
            rows[f"{prefix}/{prompt}"] = {
                "path": str(path),
                "speaker": speaker,
                "group": language,
                "text": text if prefix == "en" else None,
                "kind": "sound" if silent else "speech",
            }
    return Corpus("prompts", recordings_table(rows), turns=None, truth=None, default="en/demo-instruct")


def load_folder(folder: Path) -> Corpus:
    """Every audio file below a folder, with what `metadata.csv` and the annotations beside the recordings say.

    `metadata.recordings_in` and `annotations.beside` read them.
    """
    recordings = recordings_in(folder)
    known = beside(folder, recordings)
    return Corpus(
        str(folder.resolve()),
        recordings,
        turns=known["turns"],
        truth=None,
        default=_longest_speech(recordings),
        outcome=known["outcome"],
        words=known["words"],
        annotated=known["files"],
    )


def _longest_speech(recordings: pd.DataFrame) -> str:
    """The name of the recording of speech that says it is longest, of the 50 largest files; the first of equals."""
    speech = recordings[recordings["kind"] == "speech"] if (recordings["kind"] == "speech").any() else recordings
    sizes = speech["path"].map(os.path.getsize).astype(float)
    return str(speech.loc[sizes.isin(sizes.nlargest(50)), "path"].map(header_seconds).astype(float).idxmax())


def load_address(address: str) -> Corpus:
    """The recordings that a manifest on the web names, fetched once by `manifest.fetch`, then loaded as a folder."""
    folder = manifest.fetch(address)
    try:
        return replace(load_folder(folder), name=address)
    except TutorialError as error:
        raise TutorialError(
            f"The copy of {address} on this machine was changed: {error} Delete the folder {folder}; then the corpus "
            "is fetched anew."
        ) from error


def _parse_transcript(lines: str) -> dict[str, str | None]:
    """The packages' text file, `name: words` on each line: the words by name, None where an entry is all note.

    `beep: [a tone]` is all note, and so a sound. A note beside words, such as `letters/at: at [@]`, is left out.
    """
    note = r"\[[^\]]*\]|\([^)]*\)|<[^>]*>"
    texts = {}
    for line in lines.splitlines():
        name, colon, words = line.partition(":")
        if colon and not line.startswith(";"):
            texts[name.strip()] = " ".join(re.sub(note, " ", words).split()) or None
    return texts


NAMED: dict[str, Callable[[], Corpus]] = {"show": load_show, "prompts": load_prompts}
