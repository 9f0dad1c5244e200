"""When each word of a transcript without times was said: the transcript is laid beside what a recogniser hears."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections import Counter
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import jiwer
import numpy as np
import pandas as pd

from ..annotation_files import SAID, has_times, statements, text_of
from ..errors import TutorialError
from ..metadata import TEXT, recordings_in
from .score import normalise
from .talk import heard_in

ANCHOR = 4  # words in a row that stand once in the transcript and were heard once
LEAST_MATCHED = 0.5  # share of the transcript's words; with less, it is the transcript of something else
STRETCH = 4  # words in a row that differ: fewer may be the recogniser's errors
SHOWN = 3  # stretches named in a line


def read_transcript(path: str | Path) -> pd.DataFrame:
    """Read a transcript without times; empty lines divide its paragraphs.

    Parameters
    ----------
    path : str or Path
        A text. A name with a colon at the beginning of a line is a speaker, as in `annotation_files.read`, and
        speaks until another name stands there.

    Returns
    -------
    DataFrame
        A row a paragraph: `speaker`, `text`.

    Raises
    ------
    TutorialError
        Where there is no word in it.
    """
    blocks = [block.splitlines() for block in re.split(r"\n\s*\n", text_of(Path(path), []))]
    blocks = [[line.strip() for line in block if line.strip()] for block in blocks]
    names = Counter(SAID.match(line)[2] for block in blocks for line in block)  # type: ignore[index]
    rows = [row for block in blocks if block for row in statements(block, names) if row[1].strip()]
    if not rows:
        raise TutorialError(f"{path} has no word in it. Write what is said, or move the file out of the folder.")
    table = pd.DataFrame(rows, columns=["speaker", "text"], dtype=TEXT)
    return table.assign(speaker=table["speaker"].replace("", pd.NA).ffill())


def align(transcript: pd.DataFrame, heard: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Give the words of a transcript the times at which they were heard.

    A word that was heard as another takes the other's times; one that was not heard lies between its neighbours.

    Parameters
    ----------
    transcript : DataFrame
        As `read_transcript` gives it.
    heard : DataFrame
        Of one recording: `onset`, `offset` (s), `word`.

    Returns
    -------
    DataFrame, DataFrame
        A row a word of the transcript: `onset`, `offset` (s), `word`, `speaker`, `paragraph` (its number, from 0),
        `matched`, and `doubt`, which is missing where there is none. And a row a stretch of four words or more
        that differ: `onset`, `offset`, `doubt` ("not heard", "not in the transcript", or "heard otherwise"), `text`.

    Raises
    ------
    TutorialError
        Where no word was heard.
    """
    if heard.empty:
        raise TutorialError("No word was heard in the recording. Is this its transcript, and is there speech?")
    rows = [(word, row.speaker, n) for n, row in enumerate(transcript.itertuples()) for word in row.text.split()]
    words = pd.DataFrame(rows, columns=["word", "speaker", "paragraph"]).astype({"speaker": TEXT, "word": TEXT})
    said, spoken = [_key(word) for word in words["word"]], [_key(word) for word in heard["word"]]
    place = _places(said, spoken)
    times = heard[["onset", "offset"]].to_numpy(float)
    matched = np.array([at >= 0 and spoken[at] == key for key, at in zip(said, place, strict=True)], dtype=bool)
    words[["onset", "offset"]] = _interpolated(times, place)
    words = words.assign(matched=matched, doubt=pd.array([pd.NA] * len(words), dtype=TEXT))
    stretches = []
    known = [-1, *np.flatnonzero(matched), len(words)]
    for before, after in pairwise(known):
        first = place[before] + 1 if before >= 0 else 0
        last = place[after] if after < len(words) else len(heard)
        missing, more = after - before - 1, last - first
        if max(missing, more) < STRETCH:
            continue
        doubt = "not heard" if missing > 2 * more else "not in the transcript" if more > 2 * missing else ""
        doubt = doubt or "heard otherwise"
        words.loc[before + 1 : after - 1, "doubt"] = doubt
        spans = times[first:last] if more else words.loc[before + 1 : after - 1, ["onset", "offset"]].to_numpy()
        texts = heard["word"].iloc[first:last] if more > missing else words["word"].iloc[before + 1 : after]
        stretches.append((spans[0, 0], spans[-1, 1], doubt, " ".join(texts)))
    columns = ["onset", "offset", "word", "speaker", "paragraph", "matched", "doubt"]
    return words[columns], pd.DataFrame(stretches, columns=["onset", "offset", "doubt", "text"])


@lru_cache(maxsize=100_000)
def _key(word: str) -> str:
    """A word as it is compared, without spaces; hesitations, which `normalise` drops, as they are."""
    return normalise(word).replace(" ", "") or word.lower()


def _anchors(said: list[str], spoken: list[str]) -> list[tuple[int, int]]:
    """Places of words that surely match, in ascending order on both sides."""
    at = []
    for words in (said, spoken):
        grams = list(zip(*(words[n:] for n in range(ANCHOR)), strict=False))
        counts = Counter(grams)
        at.append({gram: n for n, gram in enumerate(grams) if counts[gram] == 1})
    pairs = [(n, at[1][gram]) for gram, n in at[0].items() if gram in at[1]]
    # the longest ascending chain, as in patience sorting: the last place of a chain of each length
    ends: list[int] = []
    best: list[int] = []  # the pair that ends it
    came_from = []
    for number, (_, place) in enumerate(pairs):
        length = bisect_left(ends, place)
        ends[length:] = [place, *ends[length + 1 :]] if length < len(ends) else [place]
        best[length : length + 1] = [number]
        came_from.append(best[length - 1] if length else -1)
    chain, number = [], best[-1] if best else -1
    while number >= 0:
        chain.append(pairs[number])
        number = came_from[number]
    return chain[::-1]


def _places(said: list[str], spoken: list[str]) -> np.ndarray:
    """Which heard word stands for each word of the transcript; -1 where none does."""
    place = np.full(len(said), -1)
    anchors = _anchors(said, spoken)
    for before, after in pairwise([(-1, -1), *anchors, (len(said), len(spoken))]):
        if before[0] >= 0:
            place[before[0]] = before[1]
        ours, theirs = said[before[0] + 1 : after[0]], spoken[before[1] + 1 : after[1]]
        if ours and theirs:
            for chunk in jiwer.process_words(" ".join(ours), " ".join(theirs)).alignments[0]:
                if chunk.type in ("equal", "substitute"):
                    first = before[0] + 1 + chunk.ref_start_idx
                    numbers = np.arange(chunk.hyp_start_idx, chunk.hyp_end_idx)
                    place[first : first + len(numbers)] = before[1] + 1 + numbers
    return place


def _interpolated(times: np.ndarray, place: np.ndarray) -> np.ndarray:
    """Onset and offset (s) of each word; those that have no place share the time between their neighbours."""
    result = times[np.maximum(place, 0)]
    known = np.flatnonzero(place >= 0)
    for before, after in pairwise([-1, *known, len(place)]):
        if after - before > 1:
            begins = result[before, 1] if before >= 0 else times[place[after], 0] if len(known) else 0.0
            ends = max(begins, result[after, 0] if after < len(place) else begins)
            edges = np.linspace(begins, ends, after - before)
            result[before + 1 : after] = np.column_stack([edges[:-1], edges[1:]])
    return result


def align_file(path: str | Path, *, recogniser: str = "auto", language: str | None = None) -> str:
    """Write when the words in `NAME.txt` are said, beside the recording: `NAME.turns.csv` and `NAME.words.csv`.

    Words that were not heard are left out. What is there is not overwritten.

    Parameters
    ----------
    path : str or Path
        The recording.
    recogniser, language : str, optional
        As in `talk.heard_in`.

    Returns
    -------
    str
        What was found, in a line: the share of the words that matched, and where transcript and recording differ.

    Raises
    ------
    TutorialError
        Where a file is there, or less than half of the transcript was heard.
    """
    path = Path(path)
    targets = {what: path.with_suffix(f".{what}.csv") for what in ("turns", "words")}
    for target in targets.values():
        if target.exists():
            raise TutorialError(f"{target} is there already. Move it away to align again.")
    transcript = read_transcript(path.with_suffix(".txt"))
    words, stretches = align(transcript, heard_in(path, recogniser, language)[0])
    share = words["matched"].mean()
    if share < LEAST_MATCHED:
        raise TutorialError(f"only {share:.0%} of the transcript's words were heard. Is it of this recording?")
    words = words[words["doubt"].ne("not heard").fillna(True)]
    turns = words.groupby("paragraph").agg({"onset": "min", "offset": "max", "speaker": "first", "word": " ".join})
    turns.rename(columns={"word": "text"}).assign(kind="speech").to_csv(targets["turns"], index=False)
    words[["onset", "offset", "word", "speaker"]].to_csv(targets["words"], index=False)
    shown = [f"{row.onset:.1f}-{row.offset:.1f} s {row.doubt}" for row in stretches.head(SHOWN).itertuples()]
    return f"{share:.0%} of the words matched; {len(stretches)} stretches differ" + "".join(f"; {s}" for s in shown)


def with_transcripts(folder: str | Path) -> list[Path]:
    """The recordings of a folder that have a `NAME.txt` without times; a TutorialError where none has."""
    paths = [Path(path) for path in recordings_in(folder)["path"]]
    texts = {path: path.with_suffix(".txt") for path in paths}
    if found := [path for path, text in texts.items() if text.exists() and not has_times(text)]:
        return found
    raise TutorialError(f"{folder}: no recording has a transcript. Call it as the recording is called: NAME.txt.")
