"""How wrong recognised words are: texts made comparable, errors counted, and known speech heard in known conditions."""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache

import jiwer
import numpy as np
import pandas as pd

from .. import data_prep, degrade
from ..data_prep import SR
from ..errors import TutorialError
from ..places import bundled
from ..statistics.bootstrap import cluster_interval
from .recognise import transcribe_all

RECOGNISED_ON_SHOW = bundled("benchmarks/heard.csv")

Degrade = Callable[[np.ndarray, np.random.Generator], np.ndarray]
CONDITIONS: dict[str, Degrade] = {  # by name, what happens to samples at 16,000 Hz before they are recognised
    "clean": lambda y, rng: y,
    "noise 20 dB": lambda y, rng: degrade.add_noise(y, 20, rng),
    "noise 10 dB": lambda y, rng: degrade.add_noise(y, 10, rng),
    "noise 0 dB": lambda y, rng: degrade.add_noise(y, 0, rng),
    "22,050 Hz called 16,000": lambda y, rng: degrade.mislabel_rate(y, SR, 22_050),
    "8,000 Hz called 16,000": lambda y, rng: degrade.mislabel_rate(y, SR, 8_000),
}


def normalise(text: str) -> str:
    """English text as it is compared: what two careful typists would disagree on is taken out.

    Lower case; punctuation, hesitations ("um") and what stands in brackets removed; contractions expanded; accents
    dropped; numbers as digits, except that a lone 1 is "one". Numbers that follow each other become one word, because
    digits read out one by one cannot be told from the number that they make: "one two three", "1, 2, 3", "123" and
    "one hundred and twenty three" are all "123".
    The rest follows Radford et al. 2023, appendix C (10.48550/arXiv.2212.04356), through transformers.
    Lesson: 05_deep_learning.
    """
    # "007" is "oh oh seven", and Whisper's own rules would make 7 of it
    text = re.sub(r"(?<![\d.,])0+(?=\d)", lambda zeros: " ".join(zeros[0]) + " ", text)
    text = re.sub(r"(?<!\d)\.|\.(?!\d)", " ", _whisper_normaliser()(text))  # full stops, not decimal points
    text = re.sub(r"(?<=\d)\s+(?=\d)", "", text)
    return " ".join({"1": "one", "1s": "ones"}.get(word, word) for word in text.split())


@lru_cache(maxsize=1)
def _whisper_normaliser() -> Callable[[str], str]:
    """Whisper's rules for English, with every 1 as a digit: they would write "3.one" and "$one"."""
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    normaliser = EnglishTextNormalizer({})
    with_ones = normaliser.standardize_numbers.postprocess
    normaliser.standardize_numbers.postprocess = lambda text: re.sub(r"\bone(s?)\b", r"1\1", with_ones(text))
    return normaliser


def word_errors(said: list[str], heard: list[str]) -> pd.DataFrame:
    """What it takes to turn what was said into what was heard, both normalised.

    Parameters
    ----------
    said, heard : list of str
        Equally many texts, in pairs; else a TutorialError is raised.

    Returns
    -------
    DataFrame
        A row for each pair: how many `words` were said, and how many `substituted`, `left_out`, `put_in`; their sum is
        `errors`.
    """
    said, heard = ([normalise(text) for text in texts] for texts in (said, heard))
    if len(said) != len(heard):
        raise TutorialError(f"{len(said)} references stand against {len(heard)} transcripts. Pair them.")
    rows = []
    for reference, hypothesis in zip(said, heard, strict=True):
        kinds = jiwer.process_words(reference, hypothesis) if reference else None  # jiwer refuses an empty reference
        counts = (kinds.substitutions, kinds.deletions, kinds.insertions) if kinds else (0, 0, len(hypothesis.split()))
        rows.append([len(reference.split()), *counts, sum(counts)])
    return pd.DataFrame(rows, columns=["words", "substituted", "left_out", "put_in", "errors"])


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """Words substituted, left out and put in, over the words that were said, all pooled; both sides normalised.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    said, heard : list of str
        Equally many texts, in pairs.

    Returns
    -------
    float
        0 is perfect; invented words can take it over 1. Where nothing was said, a TutorialError is raised.
    """
    counted = word_errors(said, heard)
    if not counted["words"].sum():
        raise TutorialError("The references hold no word, so there is nothing to compare with. Give the true text.")
    return counted["errors"].sum() / counted["words"].sum()


def error_rates(counted: pd.DataFrame, by: str | list[str], *, cluster: str, rng: np.random.Generator) -> pd.DataFrame:
    """Word error rates by group with 95 % intervals; the errors of a group are pooled over its words.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    counted : DataFrame
        Rows of `word_errors`, with the columns `by`, which form a group, and `cluster`.
    cluster : str
        The column that says what was recorded together; whole clusters are drawn for the interval.

    Returns
    -------
    DataFrame
        A row for each group, with `wer`, `low`, `high`, and how many `words` and `clusters` it rests on.
    """
    rows = {}
    for name, part in counted.groupby(by, sort=False):
        low, high = cluster_interval(part[["errors", "words"]], part[cluster], lambda s: s[:, 0] / s[:, 1], rng)
        wer = part["errors"].sum() / part["words"].sum()
        rows[name] = (wer, low, high, part["words"].sum(), part[cluster].nunique())
    table = pd.DataFrame(list(rows.values()), columns=["wer", "low", "high", "words", "clusters"])
    table.index = pd.Index(list(rows), name=by) if isinstance(by, str) else pd.MultiIndex.from_tuples(rows, names=by)
    return table.astype({"words": int, "clusters": int})


def recognise_segments(
    segments: pd.DataFrame, *, recogniser: str = "tiny.en", condition: str = "clean", seed: int = 0
) -> pd.DataFrame:
    """Segments whose text is known, as a recogniser hears them in a condition.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    segments : DataFrame
        Of `corpora.spoken`, with a `text`.
    recogniser : str
        As in `recognise.transcribe`.
    condition : str
        A name in CONDITIONS; else a TutorialError is raised. Noise lies so many dB under the power of the segment.
    seed : int
        Of the noise. A segment gets the same noise whichever others are heard with it.

    Returns
    -------
    DataFrame
        A row for each segment: `recording`, `speaker`, `channel`, `group`, `recogniser`, `condition`, `text`, `heard`,
        and the columns of `word_errors`.
    """
    if condition not in CONDITIONS:
        raise TutorialError(f"There is no condition '{condition}'. Choose one of: {'; '.join(CONDITIONS)}.")
    clips = (
        CONDITIONS[condition](
            data_prep.read(row.path, start=row.onset, seconds=row.offset - row.onset),
            np.random.default_rng(list(f"{seed} {row.Index}".encode())),
        )
        for row in segments.itertuples()
    )
    heard = transcribe_all(clips, SR, recogniser=recogniser)
    return _count_errors(segments.assign(recogniser=recogniser, condition=condition, heard=heard))


def recognised_on_show(segments: pd.DataFrame) -> pd.DataFrame:
    """What `make hear` once found in turns of the show: the rows of `recognise_segments`, in all conditions.

    Lesson: 05_deep_learning.
    """
    # an empty text is a text: nothing was heard
    table = pd.read_csv(RECOGNISED_ON_SHOW, keep_default_na=False).set_index("name")
    return _count_errors(segments.join(table, how="inner").dropna(subset="text"))


def _count_errors(recognised: pd.DataFrame) -> pd.DataFrame:
    """Recognised segments with their errors beside them."""
    columns = ["recording", "speaker", "channel", "group", "recogniser", "condition", "text", "heard"]
    errors = word_errors(list(recognised["text"]), list(recognised["heard"])).set_index(recognised.index)
    return pd.concat([recognised[columns], errors], axis=1)
