"""How a voice is used: pitch and syllables, by Praat's methods."""

from __future__ import annotations

from functools import partial

import numpy as np
import pandas as pd

from . import praat
from .data_prep import SR
from .errors import TutorialError

OCTAVE_OFF = 10.0  # semitones from the speaker's median: hardly any voice moves so far


def pitch(y: np.ndarray, sr: int = SR, *, floor: float | None = None, ceiling: float | None = None) -> pd.DataFrame:
    """Praat's fundamental frequency every 10 ms.

    A floor or a ceiling that does not fit the voice is the usual cause of wrong pitch, so both are chosen from the
    data where they are not given, see `search_range`.
    Lesson: 01_data_prep, 03_features, 04_statistics, 05_deep_learning, 06_scaling_up.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz
    floor, ceiling : float, Hz
        What is searched. A voice outside is missed, or found an octave off.

    Returns
    -------
    DataFrame
        `time` (s) and `f0` (Hz, missing where Praat hears no voice).

    Raises
    ------
    TutorialError
        Where the samples are shorter than Praat's window (3 / floor seconds), or the floor is not below the ceiling.

    References
    ----------
    Boersma 1993, the autocorrelation method, through parselmouth.
    """
    take, peak = partial(_between, y), praat.peak_of(y)
    floor, ceiling = praat.range_for(take, len(y), sr, peak, floor=floor, ceiling=ceiling)
    return praat.pitch_of(take, len(y), sr, floor, ceiling, peak)


def search_range(y: np.ndarray, sr: int = SR) -> tuple[float, float]:
    """The floor and the ceiling (Hz) that fit the voices in these samples, from a first pass between 50 and 700 Hz.

    The floor is 0.65 times the lower quartile of pitch in the lowest stretch of ten seconds, the ceiling twice the
    upper quartile in the highest (5th and 95th percentiles over stretches), at least 50 and at most 1,000 Hz. Held
    notes do not count, for the bass of a jingle would set the floor. Where nothing moves like a voice, the range of the
    first pass stays. Lesson: 03_features.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz

    Returns
    -------
    floor, ceiling : float, Hz
        Whole numbers.

    References
    ----------
    De Looze & Hirst 2008 choose from the quartiles of a first pass in this way, for one speaker.
    """
    return praat.range_for(partial(_between, y), len(y), sr, praat.peak_of(y))


def _between(y: np.ndarray, first: int, last: int) -> np.ndarray:
    return y[first:last]


def f0_at(times: np.ndarray, track: pd.DataFrame) -> np.ndarray:
    """The f0 (Hz) of the nearest step of a pitch track at each time (s); missing where that step is unvoiced.

    Half-way between two steps it is the earlier one. Times more than half a step (5 ms) outside the track are
    missing too. Lesson: 03_features, 04_statistics.

    Parameters
    ----------
    times : ndarray of shape (n_times,), s
    track : DataFrame
        As `pitch` gives it.

    Returns
    -------
    ndarray of shape (n_times,), Hz
    """
    # the microsecond decides ties: without it, rounding would take some frames twice and leave others out
    time, f0 = track["time"].to_numpy(), track["f0"].to_numpy()
    nearest = np.searchsorted(time, times - 0.005001).clip(0, len(track) - 1)
    return np.where(np.abs(time[nearest] - times) <= 0.0051, f0[nearest], np.nan)


def semitones(f0, reference: float = 100.0):
    """Semitones above a reference: 12 log2(f0 / reference), so that equal steps sound equal at any height.

    Lesson: 03_features, 04_statistics, 05_deep_learning, 06_scaling_up.

    Parameters
    ----------
    f0 : float, ndarray or Series, Hz
    reference : float, Hz

    Returns
    -------
    Same type as f0, semitones
    """
    return 12 * np.log2(f0 / reference)


def octave_errors(track: pd.DataFrame, median: float) -> float:
    """The share of voiced frames that lie 10 semitones or more from the speaker's median.

    Hardly any voice moves so far, and a tracker that takes half or twice the period does. Lesson: 03_features.

    Parameters
    ----------
    track : DataFrame
        As `pitch` gives it, of one speaker.
    median : float, Hz
        The speaker's, from a search that fits the voice (`pitch` without a floor and a ceiling): where the floor of
        `track` is too high, its own median is too.

    Returns
    -------
    float
        From 0 to 1; missing where nothing is voiced.
    """
    f0 = track["f0"].dropna()
    return float((semitones(f0, median).abs() >= OCTAVE_OFF).mean()) if len(f0) else np.nan


def syllable_nuclei(y: np.ndarray, sr: int = SR, *, track: pd.DataFrame | None = None) -> np.ndarray:
    """Times of the vowels' peaks: voiced, loud enough, and 2 dB above the dips around them.

    Loud enough is within 25 dB of the 99th percentile of Praat's intensity. Lesson: 03_features.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz
    track : DataFrame, optional
        What `pitch` gives for y, where it is there already, to save the time.

    Returns
    -------
    ndarray of shape (n_nuclei,), s

    Raises
    ------
    TutorialError
        Where y is shorter than 0.128 s.

    References
    ----------
    de Jong & Wempe 2009 (10.3758/BRM.41.2.385).
    """
    if len(y) / sr < praat.LOUDNESS_WINDOW:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; a syllable count needs 0.128 s. Choose a longer recording."
        )
    peaks = praat.loudness_peaks(partial(_between, y), len(y), sr)
    return peaks[np.isfinite(f0_at(peaks, pitch(y, sr) if track is None else track))]


def speech_rate(y: np.ndarray, sr: int = SR, *, speech_seconds: float | None = None) -> float:
    """Syllable nuclei a second of speech.

    Lesson: 03_features.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz
    speech_seconds : float, s
        How much of y is speech (from `data_prep.voice_activity`); None takes all of it.

    Returns
    -------
    float
        Missing where there is no speech (0 s).
    """
    seconds = len(y) / sr if speech_seconds is None else speech_seconds
    return len(syllable_nuclei(y, sr)) / seconds if seconds else np.nan


def talk_start(y: np.ndarray, sr: int = SR, *, seconds: float = 10.0) -> float:
    """Where the stretch of so many seconds with the most syllable nuclei begins, in seconds (0.0 if y is shorter).

    Music has longer voiced stretches than talk, but fewer nuclei. Lesson: 03_features.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz
    seconds : float, s

    Returns
    -------
    float, s

    Raises
    ------
    TutorialError
        As `syllable_nuclei`.
    """
    nuclei = syllable_nuclei(y, sr)
    starts = np.arange(0, max(len(y) / sr - seconds, 0) + 1e-6, 0.1)
    counts = np.searchsorted(nuclei, starts + seconds) - np.searchsorted(nuclei, starts)
    return float(starts[counts.argmax()])
