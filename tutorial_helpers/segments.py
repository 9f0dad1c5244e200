"""What can be measured in a segment (a turn, a word, a window, a recording); each of its measures is defined here once.

A segment is any stretch with `recording`, `onset` and `offset` (s from the recording's beginning).
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from .annotations import TURN_COLUMNS
from .data_prep import SR
from .errors import TutorialError
from .representations import HOP_LENGTH
from .voice import semitones

FRAME_SECONDS = HOP_LENGTH / SR
FEWEST_VOICED = 10  # frames (0.1 s): with less voice than that, a segment has no measure of the voice
FEW_VOICED, AT_LIMIT = 0.2, 0.05  # shares that set `pitch_flag`; half of the frames of ordinary speech are voiced
TO_FLOOR, TO_CEILING = 1.0, 2.0  # semitones: pitch that near to an end of the search counts as at its limit


def measure(
    frames: pd.DataFrame, segments: pd.DataFrame, *, turns: pd.DataFrame | None = None, by: list[str] | None = None
) -> pd.DataFrame:
    """Measure segments from frames: turns, words, windows or whole recordings, all in one way.

    Measures of the voice are taken over voiced frames, measures of the sound over all. A segment with less than 0.1 s
    of voice has no measures of the voice. Lesson: 03_features, 04_statistics, 05_deep_learning, 06_scaling_up.

    Parameters
    ----------
    frames : DataFrame
        Of `features.frame_table`, or an archive's frames read from Parquet; with a column `recording` where they are
        of more than one.
    segments : DataFrame
        `onset` and `offset` (s); `recording` where the frames have one; and with `turns`, `recording` and `speaker`.
    turns : DataFrame, optional
        Who speaks when. Where another speaker than the segment's has a turn too, frames do not count.
    by : list of str, optional
        Columns of the segments, such as recording and speaker: all segments of a group are measured as one.

    Returns
    -------
    DataFrame
        A row a segment, with its own columns and index, or a row a group; then those measures whose columns `frames`
        has: `seconds`, `voiced`, `f0`, `semitones`, `f0_range`, `level`, `centroid`, `rolloff`, `contrast`, `mfcc_1`
        to `mfcc_13`, `sound_level`, `zcr`, `chroma_C` to `chroma_B`, `syllables`, `rate`, `f0_floor`, `f0_ceiling`,
        `pitch_flag`. The codebook defines each.

    Raises
    ------
    TutorialError
        Where a column that is needed is missing.
    """
    needed = ["recording"] if "recording" in frames or turns is not None else []
    needed += ["speaker"] if turns is not None else []
    _require(segments, ["onset", "offset", *needed, *(by or [])], "segments")
    _require(frames, ["time", "f0", "voiced", "level"], "frames")
    number, row = _frames_in(frames, segments)
    keys = segments.groupby(by, sort=False, dropna=False).ngroup().to_numpy() if by else np.arange(len(segments))
    heard = frames.iloc[row]
    if turns is not None:
        alone_there = _alone_in(heard, segments.iloc[number], turns)
        number, heard = number[alone_there], heard[alone_there]
    measures = _measures(heard, keys[number], n=keys.max(initial=-1) + 1)
    if by:
        labels = segments[by].drop_duplicates(ignore_index=True)
        return labels.join(measures)
    return segments.join(measures.set_axis(segments.index))


def _require(table: pd.DataFrame, columns: list[str], name: str) -> None:
    missing = [column for column in columns if column not in table.columns]
    if missing:
        raise TutorialError(f"The table of {name} has no column '{missing[0]}'. It has: {', '.join(table.columns)}.")


def _frames_in(frames: pd.DataFrame, segments: pd.DataFrame) -> tuple[np.ndarray, np.ndarray]:
    """Which frames lie in which segment: the number of the segment and of the frame's row, pair by pair."""
    time = frames["time"].to_numpy()
    onset, offset = (np.round(segments[name].to_numpy(float), 6) for name in ("onset", "offset"))
    first, last = np.zeros(len(segments), int), np.zeros(len(segments), int)
    if "recording" in frames:
        rows_of = frames.groupby("recording", observed=True).indices
        recordings = segments["recording"].to_numpy()
        where = {name: np.flatnonzero(recordings == name) for name in pd.unique(recordings) if name in rows_of}
    else:
        rows_of, where = {None: np.arange(len(frames))}, {None: np.arange(len(segments))}
    order: list[np.ndarray] = []
    for name, own in where.items():
        rows = rows_of[name]
        times = np.round(time[rows], 6)
        at = sum(len(rows) for rows in order)
        first[own], last[own] = at + np.searchsorted(times, onset[own]), at + np.searchsorted(times, offset[own])
        order.append(rows)
    lengths = np.maximum(last - first, 0)
    number = np.repeat(np.arange(len(segments)), lengths)
    within = np.arange(len(number)) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    return number, np.concatenate([*order, np.zeros(0, int)]).astype(int)[np.repeat(first, lengths) + within]


def _alone_in(heard: pd.DataFrame, segments: pd.DataFrame, turns: pd.DataFrame) -> np.ndarray:
    """For each frame beside its segment, whether no other speaker than the segment's has a turn there."""
    times, speakers = heard["time"].to_numpy(), segments["speaker"].astype(object).fillna("").to_numpy()
    recordings = segments["recording"].to_numpy()
    free = np.ones(len(heard), bool)
    for name in pd.unique(recordings):
        own = turns[turns["recording"] == name]
        for speaker in pd.unique(speakers[recordings == name]):
            here = (recordings == name) & (speakers == speaker)
            free[here] = alone(times[here], own, speaker)
    return free


def _measures(heard: pd.DataFrame, key: np.ndarray, n: int) -> pd.DataFrame:
    """A row for each of n keys, from the frames that were heard in each."""
    is_voiced = heard["voiced"].to_numpy(bool)
    voice, voice_key = heard[is_voiced], key[is_voiced]
    n_frames, n_voiced = np.bincount(key, minlength=n), np.bincount(voice_key, minlength=n)
    everything, voiced = heard.groupby(key), voice.groupby(voice_key)
    table = pd.DataFrame({"seconds": n_frames * FRAME_SECONDS}, index=pd.RangeIndex(n))
    table["voiced"] = np.divide(n_voiced, n_frames, out=np.full(n, np.nan), where=n_frames > 0)
    f0 = voiced["f0"]
    table["f0"] = f0.median()
    table["semitones"] = semitones(table["f0"])
    table["f0_range"] = semitones(f0.quantile(0.9)) - semitones(f0.quantile(0.1))
    table["level"] = _mean_level(voice["level"], voice_key)
    spectral, sound = columns_of_means(heard)
    table[spectral] = voiced[spectral].mean()
    table.loc[n_voiced < FEWEST_VOICED, ["f0", "semitones", "f0_range", "level", *spectral]] = np.nan
    table["sound_level"] = _mean_level(heard["level"], key)
    table[sound] = everything[sound].mean()
    if "nucleus" in heard:
        table["syllables"] = np.bincount(key, heard["nucleus"].to_numpy(float), minlength=n).astype(int)
        table["rate"] = (table["syllables"] / table["seconds"]).where(n_frames > 0)
    if "f0_floor" in heard:
        table[["f0_floor", "f0_ceiling"]] = everything[["f0_floor", "f0_ceiling"]].mean()
        table["pitch_flag"] = _pitch_flag(voice, voice_key, table, n_voiced)
    return table.astype(dict.fromkeys(table.select_dtypes("float32").columns, float))


def columns_of_means(frames: pd.DataFrame) -> tuple[list[str], list[str]]:
    """The columns of frames whose plain mean is a segment's measure: over its voiced frames, and over all.

    Parameters
    ----------
    frames : DataFrame

    Returns
    -------
    over_voiced, over_all : list of str
    """
    over_voiced = [name for name in frames if name in ("centroid", "rolloff", "contrast") or name.startswith("mfcc_")]
    return over_voiced, [name for name in frames if name == "zcr" or name.startswith("chroma_")]


def _mean_level(levels: pd.Series, key: np.ndarray) -> pd.Series:
    """The level in dB of the mean power of the frames of each key."""
    return 10 * np.log10((10 ** (levels.astype(float) / 10)).groupby(key).mean())


def _pitch_flag(voice: pd.DataFrame, key: np.ndarray, table: pd.DataFrame, n_voiced: np.ndarray) -> np.ndarray:
    """What speaks against the pitch of each row; empty where nothing does."""
    to_floor, to_ceiling = (np.abs(semitones(voice["f0"], voice[name])) for name in ("f0_floor", "f0_ceiling"))
    at_limit = np.bincount(key, (to_floor < TO_FLOOR) | (to_ceiling < TO_CEILING), minlength=len(table))
    share = at_limit / np.maximum(n_voiced, 1)
    few = (table["voiced"] < FEW_VOICED) | (n_voiced < FEWEST_VOICED)
    return np.select([few, share > AT_LIMIT], ["few voiced frames", "at the limit of the search"], "")


def windows(frames: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """Segments of one length that follow each other, through a whole recording; a rest that is not full is left out.

    Lesson: 04_statistics.

    Parameters
    ----------
    frames : DataFrame
        Of one recording.
    seconds : float, s
        The length of a window.

    Returns
    -------
    DataFrame
        `onset` and `offset` (s), and `recording` where the frames have it; the index counts windows.

    Raises
    ------
    TutorialError
        Where the frames do not fill one window.
    """
    begins = frames["time"].iloc[0]
    n = int((frames["time"].iloc[-1] + FRAME_SECONDS - begins) / seconds + 1e-9)
    if n < 1:
        raise TutorialError(f"The excerpt does not fill one window of {seconds:g} s. Choose a longer recording.")
    onset = begins + seconds * np.arange(n)
    table = pd.DataFrame({"onset": onset, "offset": onset + seconds}).rename_axis("window")
    return table.assign(recording=frames["recording"].iloc[0]) if "recording" in frames else table


def whole(frames: pd.DataFrame) -> pd.DataFrame:
    """Each recording as one segment.

    Lesson: 06_scaling_up.

    Parameters
    ----------
    frames : DataFrame
        With a column `recording`.

    Returns
    -------
    DataFrame
        `recording`, `onset`, `offset` (s).
    """
    ends = frames.groupby("recording", sort=False, observed=True)["time"].agg(["min", "max"]).reset_index()
    return pd.DataFrame(
        {"recording": ends["recording"].astype(str), "onset": ends["min"], "offset": ends["max"] + FRAME_SECONDS}
    )


def around(segments: pd.DataFrame, seconds: float) -> pd.DataFrame:
    """The same segments, each as long as is asked, about its middle: for the rate of speech around a word.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    segments : DataFrame
    seconds : float, s

    Returns
    -------
    DataFrame
    """
    middle = (segments["onset"] + segments["offset"]) / 2
    return segments.assign(onset=middle - seconds / 2, offset=middle + seconds / 2)


def alone(times: np.ndarray, turns: pd.DataFrame, speaker: str) -> np.ndarray:
    """For each time (s), whether no other speaker has a turn there.

    Lesson: 04_statistics.

    Parameters
    ----------
    times : ndarray of shape (n_times,), s
    turns : DataFrame
        Of one recording: `onset`, `offset` (s), `speaker`.
    speaker : str

    Returns
    -------
    ndarray of bool, shape (n_times,)
    """
    others = turns[turns["speaker"].notna() & (turns["speaker"] != speaker)]
    free = np.ones(len(times), bool)
    for onset, offset in others[["onset", "offset"]].to_numpy():
        free &= (times < onset) | (times >= offset)
    return free


def of_excerpt(turns: pd.DataFrame | None, recording: str, *, start: float, seconds: float) -> pd.DataFrame:
    """The turns and the music of one recording that lie in an excerpt, with what is heard `alone`; no silences.

    Lesson: 03_features.

    Parameters
    ----------
    turns : DataFrame or None
        As `Corpus.turns`; None, where turns are not known, gives no rows.
    recording : str
    start, seconds : float, s
        The excerpt.

    Returns
    -------
    DataFrame
        Rows of `turns`; `alone` is False where another row begins before this one ends or ends after it begins.
    """
    if turns is None:
        turns = pd.DataFrame(columns=TURN_COLUMNS).astype({"onset": float, "offset": float})
    heard = turns[(turns["recording"] == recording) & (turns["kind"] != "silence")]
    onset, offset = heard["onset"].to_numpy(), heard["offset"].to_numpy()
    together = (onset[:, None] < offset) & (onset < offset[:, None])  # each row overlaps itself
    heard = heard.assign(alone=together.sum(axis=1) == 1)
    return heard[(heard["onset"] >= start) & (heard["offset"] <= start + seconds)]
