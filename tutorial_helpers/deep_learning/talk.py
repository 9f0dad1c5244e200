"""What is said in a recording, by whom, when and how: the rows of an archive's tables of turns and words."""

from __future__ import annotations

from pathlib import Path
from threading import Lock

import numpy as np
import pandas as pd

from .. import segments
from ..annotations import TURN_COLUMNS
from ..metadata import TEXT
from .diarise import who_speaks_in_file
from .language import language_of_file
from .recognise import transcribe_file

LONGEST_PAUSE = 1.0  # s between two words of one turn, where nobody has written down the turns
PAUSE = 0.25  # s without a word: a shorter gap belongs to the sounds of speech
WORD_COLUMNS = ["recording", "onset", "offset", "word", "probability", "speaker", "flag"]
FASTEST = 6.0  # words a second: English prompts have 2 to 4, a recogniser that goes round in circles has 20 to 70
FEWEST = 5  # words, of which the rate is told
PROBABLE = {"tiny.en": 0.85, "base": 0.7}  # mean probability of a stretch; clear English has .89 or more in tiny.en
WORD_MEASURES = ["f0", "semitones", "level"]
LISTENING = Lock()  # the voice detector and the recognisers are one a process: a worker of many threads waits in line
ABOUT = {"recogniser": TEXT, "language": TEXT, "language_probability": "float64", "flagged": "float64"}


def heard_in(path: str | Path, recogniser: str, language: str | None = None) -> tuple[pd.DataFrame, pd.Series]:
    """The words of a file by the recogniser that knows its language.

    Parameters
    ----------
    path : str or Path
    recogniser : str
        As in `recognise.transcribe`; "auto" is "tiny.en" for English, and "base" for any other language.
    language : str, optional
        The code of what is spoken; None has it detected.

    Returns
    -------
    DataFrame, Series
        A row a word (`onset`, `offset`, `word`, `probability`, `flag`), and what they were heard with: `recogniser`,
        `language` and its `language_probability`, which is missing where the language was given; and which share of the
        words is `flagged`.

    Raises
    ------
    TutorialError
        Where the recogniser cannot be had, or knows English only and the language is another.
    """
    about = pd.Series({"language": language, "language_probability": np.nan}, dtype=object)
    with LISTENING:
        if language is None:
            about = language_of_file(path).astype(object)
        spoken = None if pd.isna(about["language"]) else about["language"]
        if recogniser == "auto":
            recogniser = "tiny.en" if spoken in ("en", None) else "base"
        words = transcribe_file(path, recogniser=recogniser, language=spoken)
    words = words.assign(flag=doubts(words, recogniser))
    flagged = words["flag"].notna().mean()
    return words, pd.concat([pd.Series({"recogniser": recogniser}), about, pd.Series({"flagged": flagged})])


def doubts(words: pd.DataFrame, recogniser: str) -> pd.Series:
    """What speaks against each word of a recogniser that may have heard music, noise or another language.

    Parameters
    ----------
    words : DataFrame
        Of one recording: `onset`, `offset` (s), `probability`.
    recogniser : str
        Which one heard them; what is improbable is known of "tiny.en" and "base" only.

    Returns
    -------
    Series of text
        "too fast" and "improbable" of all words of a stretch without a second's pause, "no length" of one word; missing
        where nothing does.
    """
    words = words.sort_values("onset", kind="stable")
    stretches = words.groupby(_stretches(words))
    seconds = stretches["offset"].transform("max") - stretches["onset"].transform("min")
    said = stretches["onset"].transform("size")
    flag = pd.Series(pd.NA, words.index, dtype=TEXT)
    flag[words["offset"] <= words["onset"]] = "no length"
    flag[stretches["probability"].transform("mean") < PROBABLE.get(recogniser, 0)] = "improbable"
    flag[(said >= FEWEST) & (said > FASTEST * seconds)] = "too fast"
    return flag.sort_index()


def _stretches(words: pd.DataFrame) -> np.ndarray:
    """The number of each word's stretch: a second without a word ends one."""
    return (words["onset"] - words["offset"].cummax().shift() > LONGEST_PAUSE).cumsum().to_numpy()


def voices_in(path: str | Path, speakers: int | str) -> tuple[pd.DataFrame | None, pd.DataFrame]:
    """Who speaks when in a file, told from the voices alone.

    Parameters
    ----------
    path : str or Path
    speakers : int or str
        How many speak; "auto" has it estimated.

    Returns
    -------
    DataFrame or None, DataFrame
        Turns and voices, as `diarise.who_speaks_in_file` gives them; None where no speech is found.
    """
    with LISTENING:
        turns, voices = who_speaks_in_file(path, speakers=None if speakers == "auto" else int(speakers))
    return (None if turns.empty else turns.assign(kind="speech")), voices


def turns_of_words(words: pd.DataFrame) -> pd.DataFrame:
    """Turns of an unknown speaker, where only words are known: a second without a word ends one.

    Parameters
    ----------
    words : DataFrame
        Of one recording: `recording`, `onset`, `offset` (s).

    Returns
    -------
    DataFrame
        `recording`, `onset`, `offset`, `kind`.
    """
    turns = words.groupby(_stretches(words)).agg({"recording": "first", "onset": "min", "offset": "max"})
    return turns.reset_index(drop=True).assign(kind="speech")


def turn_of_each(words: pd.DataFrame, turns: pd.DataFrame) -> np.ndarray:
    """In which turn most of each word lies.

    Parameters
    ----------
    words, turns : DataFrame
        Of one recording: `onset`, `offset` (s).

    Returns
    -------
    ndarray of shape (n_words,)
        The turn's place in `turns`; -1 for a word that lies in none.
    """
    onset, offset = words["onset"].to_numpy(float), words["offset"].to_numpy(float)
    most = np.where(offset > onset, 0.0, -1e-9)  # a recogniser may write a word without length: it lies where it is
    found = np.full(len(words), -1)
    for place, (begins, ends) in enumerate(turns[["onset", "offset"]].to_numpy(float)):
        shared = np.minimum(offset, ends) - np.maximum(onset, begins)
        found[shared > most] = place
        most = np.maximum(most, shared)
    return found


def tables(
    name: str, frames: pd.DataFrame, turns: pd.DataFrame | None, words: pd.DataFrame | None
) -> dict[str, pd.DataFrame]:
    """The turns and the words of one recording, each with what is measured in it.

    Parameters
    ----------
    name : str
        The recording's.
    frames : DataFrame
        The recording's, as `segments.measure` takes them.
    turns, words : DataFrame, optional
        What is known of them, with `onset` and `offset` (s); where only words are known, turns are made of them.

    Returns
    -------
    dict of DataFrame
        "turns": `recording`, `onset`, `offset`, `kind`, `speaker`, `channel`, `text`, `style`, `doubt` (of the
        speaker), `said` (how many words), `pauses` (s), what `segments.measure` gives, and `relative_pitch`. "words":
        `recording`, `onset`, `offset`, `word`, `probability`, `speaker`, `flag` (as of `doubts`), `f0`, `semitones`,
        `level`. Of what is not known there is no row.
    """
    heard = pd.DataFrame({"onset": [], "offset": [], "word": []}) if words is None else words
    heard = _typed(heard.sort_values("onset", kind="stable", ignore_index=True), WORD_COLUMNS, name)
    turns = _typed(turns_of_words(heard) if turns is None else turns, [*TURN_COLUMNS, "doubt"], name)
    place = turn_of_each(heard, turns)
    turns = _with_words(turns, heard, place) if words is not None else turns.assign(said=pd.NA, pauses=np.nan)
    heard["speaker"] = heard["speaker"].fillna(turns["speaker"].reindex(place).set_axis(heard.index))
    turns = segments.measure(frames, turns, turns=turns).astype({"said": "Int64", "pitch_flag": TEXT})
    usual = turns.groupby("speaker")["semitones"].transform("median")
    words = segments.measure(frames, heard)[[*WORD_COLUMNS, *WORD_MEASURES]]
    return {"turns": turns.assign(relative_pitch=turns["semitones"] - usual), "words": words}


def _typed(table: pd.DataFrame, columns: list[str], recording: str) -> pd.DataFrame:
    """A table with all of these columns and their types, the same for each recording of an archive."""
    numbers = {"onset", "offset", "probability"}
    types = {column: "float64" if column in numbers else TEXT for column in columns}
    return table.assign(recording=recording).reindex(columns=columns).reset_index(drop=True).astype(types)


def _with_words(turns: pd.DataFrame, words: pd.DataFrame, place: np.ndarray) -> pd.DataFrame:
    """The turns with how many words were said, the pauses between them, and their text where it was not known."""
    inside = words.assign(place=place)[place >= 0]
    gap = inside["onset"] - inside.groupby("place")["offset"].transform(lambda offset: offset.cummax().shift())
    in_turn = inside.assign(gap=gap.where(gap >= PAUSE, 0.0)).groupby("place")
    texts = in_turn["word"].agg(" ".join).reindex(turns.index).astype(TEXT)
    return turns.assign(
        text=turns["text"].fillna(texts),
        said=in_turn.size().reindex(turns.index, fill_value=0),
        pauses=in_turn["gap"].sum().reindex(turns.index),
    )
