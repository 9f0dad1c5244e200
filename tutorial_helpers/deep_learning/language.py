"""Which language is spoken: Whisper's own guess, over stretches of speech from all parts of a recording."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pandas as pd

from .. import data_prep
from ..data_prep import SR
from .recognise import refuse_other_rates, whisper

LOOKED_AT = 5.0  # seconds of a stretch of speech: with more, it takes longer and is right as often
SHORTEST = 1.0  # seconds: with less speech the guess is little more than chance
STRETCHES = 8  # so many are asked, spread over the recording
EXCERPT = 15.0  # seconds that are read of a file at each of so many places


def detect_language(y: np.ndarray, sr: int = SR) -> pd.Series:
    """Which language is spoken in samples, by the packaged multilingual Whisper ("base").

    Up to eight stretches of speech are asked, spread over the samples, 5 s of each; their probabilities are averaged.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, 16,000 Hz and no other

    Returns
    -------
    Series
        `language`, as a code of two letters or three ("en"), and its `language_probability`; both are missing where no
        speech of a second is found.

    Raises
    ------
    TutorialError
        At another rate, or where the weights are not installed.
    """
    refuse_other_rates(sr)
    speech = data_prep.voice_activity(y, sr)
    speech = speech[speech["offset"] - speech["onset"] >= SHORTEST]
    if speech.empty:
        return pd.Series({"language": pd.NA, "language_probability": np.nan})
    places = np.unique(np.linspace(0, len(speech) - 1, STRETCHES).round().astype(int))
    asked = [
        y[round(row.onset * sr) : round(min(row.offset, row.onset + LOOKED_AT) * sr)]
        for row in speech.iloc[places].itertuples()
    ]
    heard: Counter[str] = Counter()
    for part in asked:
        heard.update(_probabilities(data_prep.audible(part)))
    language, total = heard.most_common(1)[0]
    return pd.Series({"language": language, "language_probability": total / len(asked)})


def _probabilities(y: np.ndarray) -> dict[str, float]:
    """How probable Whisper finds each language in a stretch of speech."""
    model = whisper("base")
    answer = model.model.detect_language(model.encode(model.feature_extractor(y, padding=0)))[0]
    return {token.strip("<|>"): probability for token, probability in answer}


def language_of_file(path: str | Path) -> pd.Series:
    """Which language is spoken in a file of any length, as `detect_language` tells, from eight places of it.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    Series
        As `detect_language`.
    """
    last = max(0.0, data_prep.length(path) - EXCERPT)
    starts = np.unique(np.linspace(0, last, STRETCHES).round(1)) if last else [0.0]
    parts = [y for start in starts for y in data_prep.stream(path, start=start, seconds=EXCERPT, damage=[])]
    return detect_language(np.concatenate(parts))
