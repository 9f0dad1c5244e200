"""Praat's pitch and intensity for recordings of any length, in blocks: the engine of `voice` and `features`."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import parselmouth
import soxr
from scipy.signal import find_peaks

from .errors import TutorialError

F0_SEARCHED = (50.0, 700.0)  # Hz: the first pass looks everywhere between, the second nearer to what it found
F0_HIGHEST = 1000.0  # Hz: the second pass follows the highest voices beyond the first
F0_STEP = 0.01  # seconds between two values of Praat's pitch
SILENCE = 0.03  # of the recording's peak: Praat calls a frame that is quieter unvoiced
STRETCH, MOST_STRETCHES = 10.0, 30  # seconds, and how many such stretches the first pass listens to
FIRST_RATE, FIRST_STEP = 8_000, 0.02  # Hz and s: quartiles need no finer look, and this one takes a third of the time
HELD = 0.06  # semitones a step of the first pass: pitch that moves less is a held note, and no voice
LOUDNESS_WINDOW, LOUDNESS_STEP = 6.4 / 50, 0.005  # seconds: Praat's intensity for voices of 50 Hz and more

BLOCK = 12_000  # steps (two minutes) that are held in memory at once
EDGE = 200  # steps before and after a block that Praat hears too, so that its search for a path does not begin there

Take = Callable[[int, int], np.ndarray]  # take(first, last) gives the samples from `first` to `last` of a recording


def peak_of(y: np.ndarray) -> float:
    """The largest distance of a sample from their mean, of samples y of shape (n_samples,)."""
    mean = y.mean(dtype=np.float64) if len(y) else 0.0
    return float(max(y.max(initial=mean) - mean, mean - y.min(initial=mean)))


def range_for(
    take: Take, n_samples: int, sr: int, peak: float, *, floor: float | None = None, ceiling: float | None = None
) -> tuple[float, float]:
    """Floor and ceiling (Hz) of a recording of any length: what is given, and what is not chosen as by `search_range`.

    Parameters
    ----------
    take : function
        take(first, last) gives the samples from `first` to `last`.
    n_samples, sr : int
        How many the recording has, and their rate in Hz.
    peak : float
        The largest distance of a sample from their mean.
    floor, ceiling : float, Hz, optional

    Returns
    -------
    floor, ceiling : float, Hz

    Raises
    ------
    TutorialError
        Where the floor is not below the ceiling.
    """
    if floor is None or ceiling is None:
        low, high = _search_range(take, n_samples, sr, peak)
        floor, ceiling = low if floor is None else floor, high if ceiling is None else ceiling
    if not 0 < floor < ceiling:
        raise TutorialError(
            f"Pitch is searched between a floor and a ceiling, not between {floor:g} and {ceiling:g} Hz. "
            "Choose a floor above 0 and below the ceiling."
        )
    return float(floor), float(ceiling)


def _search_range(take: Take, n_samples: int, sr: int, peak: float) -> tuple[float, float]:
    """`search_range` of a recording of any length; peak: its largest distance of a sample from their mean."""
    length = round(STRETCH * sr)
    starts = np.arange(max(1, -(-n_samples // length))) * length
    quartiles = []
    for start in starts[np.linspace(0, len(starts) - 1, min(len(starts), MOST_STRETCHES)).round().astype(int)]:
        y = take(start, min(start + length, n_samples))
        if len(y) / sr < 3 / F0_SEARCHED[0]:
            continue
        if sr > FIRST_RATE:
            y = soxr.resample(y, sr, FIRST_RATE)
        f0 = _praat_f0(y, min(sr, FIRST_RATE), *F0_SEARCHED, peak, step=FIRST_STEP)
        moving = f0[np.abs(np.diff(12 * np.log2(f0), prepend=np.nan)) >= HELD]
        if len(moving) >= 0.1 * len(f0):
            quartiles.append(np.percentile(moving, [25, 75]))
    if not quartiles:
        return F0_SEARCHED
    lower, upper = np.transpose(quartiles)
    floor = np.floor(max(F0_SEARCHED[0], 0.65 * np.percentile(lower, 5)))
    return float(floor), float(np.ceil(min(F0_HIGHEST, 2.0 * np.percentile(upper, 95))))


def _praat_f0(
    y: np.ndarray, sr: int, floor: float, ceiling: float, peak: float, *, step: float = F0_STEP
) -> np.ndarray:
    """Praat's f0 of one block, missing where unvoiced, shape (n_steps,); peak: of the whole recording.

    Praat calls silent what is quieter than a share of the loudest sample that it is given, so a block is told the
    share of its own loudest sample that means the same.
    """
    if len(y) / sr < 3 / floor:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; pitch with a floor of {floor:g} Hz needs {3 / floor:.3f} s. "
            "Choose a longer recording."
        )
    own = peak_of(y)
    track = parselmouth.Sound(y.astype(np.float64), sr).to_pitch_ac(
        time_step=step,
        pitch_floor=floor,
        pitch_ceiling=ceiling,
        silence_threshold=SILENCE * (peak / own if own else 1.0),
    )
    f0 = track.selected_array["frequency"]
    return np.where(f0 > 0, f0, np.nan)


def pitch_of(take: Take, n_samples: int, sr: int, floor: float, ceiling: float, peak: float) -> pd.DataFrame:
    """What `pitch` gives, for a recording of any length, in blocks.

    Praat puts as many steps as fit in the middle of the sound that it is given (with an odd number of samples, rounding
    would choose which), so each block is cut to the length that puts them where they are in the whole recording.
    Blocks overlap by EDGE steps, because Praat chooses among the candidates for a pitch by what comes before and after.

    Parameters
    ----------
    take, n_samples, sr, peak
        As in `range_for`.
    floor, ceiling : float, Hz

    Returns
    -------
    DataFrame
        `time` (s) and `f0` (Hz).
    """
    n_samples -= n_samples % 2
    window = 3 / floor
    n_steps = int((1 / sr * n_samples - window) / F0_STEP) + 1
    begins = (n_samples / sr - (n_steps - 1) * F0_STEP) / 2  # s: the first step of the whole recording
    if n_steps <= BLOCK:
        f0 = _praat_f0(take(0, n_samples), sr, floor, ceiling, peak)
        return pd.DataFrame({"time": begins + F0_STEP * np.arange(len(f0)), "f0": f0}, copy=False)
    f0 = np.empty(n_steps)
    for first in range(0, n_steps, BLOCK):
        low, high = max(first - EDGE, 0), min(first + BLOCK + EDGE, n_steps)
        length = int((window + (high - low - 0.5) * F0_STEP) * sr)  # half a step more than needed: no rounding matters
        length += (n_samples - length) % 2  # so that the middle of both falls on the sample grid alike
        start = round((begins + (low + high - 1) / 2 * F0_STEP) * sr - length / 2)
        found = _praat_f0(padded(take, n_samples, start, start + length), sr, floor, ceiling, peak)
        f0[first : first + BLOCK] = found[first - low :][:BLOCK]
    return pd.DataFrame({"time": begins + F0_STEP * np.arange(n_steps), "f0": f0}, copy=False)


def padded(take: Take, n_samples: int, first: int, last: int) -> np.ndarray:
    """Samples `first` to `last` of a recording, with zeros where that is before it or after it.

    Parameters
    ----------
    take : function
        take(first, last) gives the samples from `first` to `last`.
    n_samples : int
        How many the recording has.
    first, last : int

    Returns
    -------
    ndarray of shape (last - first,)
    """
    y = take(max(first, 0), min(last, n_samples))
    return np.pad(y, (max(-first, 0), max(last - n_samples, 0)))


def loudness_peaks(take: Take, n_samples: int, sr: int) -> np.ndarray:
    """Times of the peaks of Praat's intensity that are loud enough for a vowel, and 2 dB above the dips around them.

    Parameters
    ----------
    take, n_samples, sr
        As in `range_for`.

    Returns
    -------
    ndarray of shape (n_peaks,), s
    """
    begins, loudness = _loudness(take, n_samples, sr)
    peaks, _ = find_peaks(loudness, height=np.percentile(loudness, 99) - 25, prominence=2)
    return begins + round(LOUDNESS_STEP * sr) / sr * peaks


def _loudness(take: Take, n_samples: int, sr: int) -> tuple[float, np.ndarray]:
    """Praat's intensity every LOUDNESS_STEP: the first one's time (s), and all in dB, shape (n_steps,).

    It is the mean square under a bell-shaped window of the samples less their mean. Praat sums each window anew;
    here the window is cut into pieces as long as a step, whose sums all windows over them share.
    Source: Praat, "Sound: To Intensity".
    """
    hop, half = round(LOUDNESS_STEP * sr), int(LOUDNESS_WINDOW / 2 * sr)
    width = 2 * half + 1
    weights = np.i0((2 * np.pi**2 + 0.5) * np.sqrt(1 - (np.arange(-half, half + 1) / (LOUDNESS_WINDOW / 2 * sr)) ** 2))
    n_pieces = -(-width // hop)
    bell, flat = (
        np.pad(values, (0, n_pieces * hop - width)).reshape(n_pieces, hop).T for values in (weights, np.ones(width))
    )
    # as Praat does, as many windows as fit, in the middle; an odd number of samples has one in the middle
    n_odd = n_samples + 1 - n_samples % 2
    n_steps = (n_odd - width) // hop + 1
    first = (n_odd - 1 - (n_steps - 1) * hop) // 2  # the sample under the middle of the first window
    loudness = np.empty(n_steps)
    for step in range(0, n_steps, BLOCK):
        n = min(BLOCK, n_steps - step)
        begins = first - half + step * hop
        pieces = padded(take, n_samples, begins, begins + (n - 1 + n_pieces) * hop).astype(np.float64).reshape(-1, hop)
        squares, sums, means = (
            sum(product[k : k + n, k] for k in range(n_pieces))
            for product in (pieces**2 @ bell, pieces @ bell, pieces @ flat / width)
        )
        power = squares / weights.sum() - 2 * means * sums / weights.sum() + means**2
        loudness[step : step + n] = 10 * np.log10(np.maximum(power / 4e-10, 1e-30))  # re the ear's threshold, as Praat
    return (first + 0.5) / sr, loudness
