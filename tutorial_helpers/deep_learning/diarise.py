"""Who speaks when, without being told: voices of overlapping windows are clustered, and named across recordings."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
import pandas as pd
from scipy.cluster.hierarchy import fcluster, linkage

from .. import data_prep
from ..data_prep import SR
from ..errors import TutorialError
from ..metadata import TEXT
from .recognise import refuse_other_rates
from .speakers import voice_vectors

WINDOW, HOP = 1.6, 0.4  # seconds that the encoder hears at once, and from one window to the next
BLOCK = 120.0  # seconds of a file that are in memory at once
CLUSTERED = 1500  # windows at most that are clustered; the others go to the nearest voice
MOST_VOICES = 20
ALIKE = 0.845  # cosine of two voices' means: more alike than that, they are one
STAYS = 0.2  # how much more alike a window has to be to another voice for the voice to change
GAP = 0.5  # seconds without speech inside a turn
SHORT = 1.0  # seconds: so short a turn is often given to the wrong voice


def who_speaks(y: np.ndarray, sr: int = SR, *, speakers: int | None = None) -> pd.DataFrame:
    """Turns of speech, with the voices told apart.

    A pretrained encoder describes the voice in windows of 1.6 s, one every 0.4 s. They are clustered by Ward's method
    into as many voices as there can be without two that are too alike. Where two people speak at once, one of them gets
    the time.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, 16,000 Hz and no other
    speakers : int, optional
        How many speak; None has it estimated.

    Returns
    -------
    DataFrame
        A row a turn: `onset`, `offset` (s), `speaker` ("voice 1" speaks most), and `doubt`: "short" for a turn
        of less than a second, which is often given to the wrong voice.

    Raises
    ------
    TutorialError
        At another rate, or where `speakers` is no number of voices.

    References
    ----------
    Wan et al. 2018, 10.1109/ICASSP.2018.8462665; Ward 1963, 10.1080/01621459.1963.10500845.
    """
    refuse_other_rates(sr)
    return _turns_and_voices([(0.0, y)], speakers)[0]


def who_speaks_in_file(path: str | Path, *, speakers: int | None = None) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turns of speech in a file of any length, with the voices told apart.

    Parameters
    ----------
    path, speakers
        As in `data_prep.read` and `who_speaks`.

    Returns
    -------
    DataFrame, DataFrame
        The turns, as `who_speaks` gives them; and the voices: `speaker`, `seconds` of speech, and `vector`, its mean.
    """
    return _turns_and_voices(_blocks(path), speakers)


def _blocks(path: str | Path) -> Iterable[tuple[float, np.ndarray]]:
    """Stretches of a file, each with when it begins (s)."""
    parts: list[np.ndarray] = []
    begins = 0.0
    for part in data_prep.stream(path, damage=[]):
        parts.append(part)
        if (seconds := sum(map(len, parts)) / SR) >= BLOCK:
            yield begins, np.concatenate(parts)
            begins, parts = begins + seconds, []
    if parts:
        yield begins, np.concatenate(parts)


def _turns_and_voices(
    blocks: Iterable[tuple[float, np.ndarray]], speakers: int | None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The turns, and the voices, in blocks of samples."""
    if speakers is not None and not 1 <= speakers <= MOST_VOICES:
        raise TutorialError(f"{speakers} is no number of speakers that can be told apart: 1 to {MOST_VOICES}.")
    tables, vectors, stretch = [], [], 0
    for begins, y in blocks:
        windows = _windows(data_prep.voice_activity(y, SR), stretch)
        vectors.append(voice_vectors(windows, y))
        windows[["onset", "offset", "begins", "ends"]] += begins
        tables.append(windows)
        stretch += len(windows)
    windows, found = pd.concat(tables, ignore_index=True), np.concatenate(vectors)
    if windows.empty:
        turns = pd.DataFrame({"onset": [], "offset": [], "speaker": [], "doubt": []})
        return turns.astype({"speaker": TEXT, "doubt": TEXT}), pd.DataFrame(
            {"speaker": [], "seconds": [], "vector": []}
        )
    voices = _voices(windows, found, speakers)
    turns = _turns(windows.assign(voice=_smooth(windows, found @ voices.T)))
    turns["speaker"], order = _by_time(turns)
    seconds = (turns["offset"] - turns["onset"]).groupby(turns["speaker"]).sum()
    known = pd.DataFrame({"speaker": seconds.index, "seconds": seconds.to_numpy(), "vector": list(voices[order])})
    return turns.drop(columns="voice"), known


def _windows(speech: pd.DataFrame, first: int) -> pd.DataFrame:
    """Overlapping windows in stretches of speech, numbered by their stretch."""
    rows = []
    for number, (onset, offset) in enumerate(speech.to_numpy(), first):
        n = max(1, int(np.ceil((offset - onset - WINDOW) / HOP)) + 1)
        for start in np.linspace(onset, max(onset, offset - WINDOW), n):
            rows.append((start, min(start + WINDOW, offset), number, onset, offset))
    columns = ["onset", "offset", "stretch", "begins", "ends"]
    return pd.DataFrame(rows, columns=columns, dtype=float)


def _voices(windows: pd.DataFrame, vectors: np.ndarray, speakers: int | None) -> np.ndarray:
    """The voices that windows fall into, as vectors of length 1: shape (n_voices, 256)."""
    whole = np.flatnonzero((windows["offset"] - windows["onset"] >= SHORT).to_numpy())
    whole = whole if len(whole) > 1 else np.arange(len(windows))
    chosen = vectors[whole[np.linspace(0, len(whole) - 1, min(len(whole), CLUSTERED)).round().astype(int)]]
    most = min(speakers or MOST_VOICES, len(chosen))
    tree = linkage(chosen, "ward") if most > 1 else None
    found = _means(chosen, np.ones(len(chosen), int))
    for n in range(2, most + 1):
        finer = _means(chosen, fcluster(tree, n, "maxclust"))
        if speakers is None and np.triu(finer @ finer.T, 1).max() > ALIKE:
            break
        found = finer
    return found


def _means(vectors: np.ndarray, cluster: np.ndarray) -> np.ndarray:
    """The mean vector of each cluster, of length 1."""
    means = np.array([vectors[cluster == each].mean(axis=0) for each in np.unique(cluster)])
    return means / np.linalg.norm(means, axis=1, keepdims=True)


def _smooth(windows: pd.DataFrame, likeness: np.ndarray) -> np.ndarray:
    """The voice of each window, by the path through all of them on which a change has to be worth it (Viterbi)."""
    best, came = likeness[0], []
    for row in likeness[1:]:
        changed = best.max() - STAYS
        came.append(np.where(best >= changed, np.arange(len(best)), best.argmax()))
        best = np.maximum(best, changed) + row
    path = [int(best.argmax())]
    for step in reversed(came):
        path.append(int(step[path[-1]]))
    return np.array(path[::-1])


def _turns(windows: pd.DataFrame) -> pd.DataFrame:
    """Windows with their voices as turns: one ends midway between two windows of other voices, or with a pause."""
    middle = (windows["onset"] + windows["offset"]) / 2
    same = windows["stretch"].eq(windows["stretch"].shift())
    onset = windows["begins"].where(~same, (middle + middle.shift()) / 2)
    offset = onset.shift(-1).where(same.shift(-1, fill_value=False), windows["ends"])
    parts = pd.DataFrame({"onset": onset, "offset": offset, "voice": windows["voice"]})
    new = parts["voice"].ne(parts["voice"].shift()) | (parts["onset"] - parts["offset"].shift() > GAP)
    turns = parts.groupby(new.cumsum().to_numpy()).agg({"onset": "min", "offset": "max", "voice": "first"})
    turns = turns.reset_index(drop=True)
    short = turns["offset"] - turns["onset"] < SHORT
    return turns.assign(doubt=pd.Series(pd.NA, turns.index, dtype=TEXT).mask(short, "short"))


def _by_time(turns: pd.DataFrame) -> tuple[pd.Series, np.ndarray]:
    """The turns' speakers as "voice 1" for who speaks most, and the voices in that order."""
    seconds = (turns["offset"] - turns["onset"]).groupby(turns["voice"]).sum().sort_values(ascending=False)
    order = seconds.index.to_numpy()
    names = {voice: f"voice {number}" for number, voice in enumerate(order, 1)}
    return turns["voice"].map(names).astype(TEXT), order


def name_voices(voices: pd.DataFrame) -> pd.Series:
    """The voices of many recordings by one name each: who speaks in several of them has the same name in all.

    Voices are taken in the order of their speech. Each gets the name that it is most like, of those that its recording
    does not have yet, or a new one.

    Parameters
    ----------
    voices : DataFrame
        `recording`, `seconds` and `vector`, as `who_speaks_in_file` gives them.

    Returns
    -------
    Series
        Such as "person 1", with the index of `voices`.
    """
    sums: list[np.ndarray] = []  # of each name's vectors, by their seconds
    heard_in: list[set] = []
    names: dict = {}
    for voice in voices.sort_values("seconds", ascending=False, kind="stable").itertuples():
        likeness = [float(voice.vector @ each) / float(np.linalg.norm(each)) for each in sums]
        free = [n for n in range(len(sums)) if likeness[n] > ALIKE and voice.recording not in heard_in[n]]
        if free:
            best = max(free, key=likeness.__getitem__)
        else:
            best = len(sums)
            sums.append(np.zeros_like(voice.vector))
            heard_in.append(set())
        sums[best] = sums[best] + voice.seconds * voice.vector
        heard_in[best].add(voice.recording)
        names[voice.Index] = f"person {best + 1}"
    return pd.Series(names, dtype=TEXT).reindex(voices.index)
