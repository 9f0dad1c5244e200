"""Lesson 03: what can be measured in a recording, as one table on one frame grid."""

from __future__ import annotations

import librosa
import numpy as np
import pandas as pd
import parselmouth
from scipy.signal import find_peaks

from .data_prep import SR, dbfs
from .errors import TutorialError
from .representations import HOP_LENGTH, N_FFT, N_MELS, frame_times, magnitude

F0_FLOOR, F0_CEILING = 75.0, 500.0  # Hz: from a low man's voice to a high woman's
N_MFCC = 13
PITCH_CLASSES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def frame_table(y: np.ndarray, sr: int = SR) -> pd.DataFrame:
    """Every feature of lesson 03 on one frame grid: one row a frame of 64 ms, every 10 ms at 16 kHz.

    y: shape (n_samples,). Columns: `time` (s, the frame's centre); `level` (RMS in dB re full scale); `f0` (Hz) and
    `semitones` (re the median f0 of this recording), missing where unvoiced; `voiced`; `centroid` and `rolloff`
    (Hz, 85 % of the magnitude); `zcr` (zero crossings a sample); `contrast` (dB, mean over bands); `mfcc_1` to
    `mfcc_13`; `chroma_C` to `chroma_B`.
    Raises TutorialError where the recording is shorter than one window.
    Lesson: 03_features, 04_statistics.
    """
    S = magnitude(y)
    table = pd.DataFrame({"time": frame_times(S.shape[1], sr=sr)})
    table["level"] = level(y)
    table["f0"] = f0_at(table["time"].to_numpy(), pitch(y, sr))
    table["voiced"] = table["f0"].notna()
    table["semitones"] = semitones(table["f0"])
    table["zcr"] = librosa.feature.zero_crossing_rate(y, frame_length=N_FFT, hop_length=HOP_LENGTH)[0]
    # a minute at a time: the steps between need several times the memory of S itself
    blocks = [_spectral_table(S[:, first : first + 6000], sr) for first in range(0, S.shape[1], 6000)]
    return pd.concat([table, pd.concat(blocks, ignore_index=True)], axis=1)


def _spectral_table(S: np.ndarray, sr: int) -> pd.DataFrame:
    """The features of `frame_table` that come from the magnitudes S (n_fft // 2 + 1, n_frames) alone."""
    mels = librosa.power_to_db(librosa.feature.melspectrogram(S=S**2, sr=sr, n_mels=N_MELS), top_db=None)
    columns = {
        "centroid": librosa.feature.spectral_centroid(S=S, sr=sr)[0],
        "rolloff": librosa.feature.spectral_rolloff(S=S, sr=sr)[0],
        "contrast": spectral_contrast(S, sr).mean(axis=0),
    }
    columns |= {f"mfcc_{i}": row for i, row in enumerate(librosa.feature.mfcc(S=mels, n_mfcc=N_MFCC), start=1)}
    chroma = librosa.feature.chroma_stft(S=S**2, sr=sr, n_fft=N_FFT, tuning=0.0)
    columns |= {f"chroma_{name}": row for name, row in zip(PITCH_CLASSES, chroma, strict=True)}
    return pd.DataFrame(columns)


def level(y: np.ndarray) -> np.ndarray:
    """RMS level of each frame in dB re full scale, shape (n_frames,); digital silence is -120 dB.

    It moves with every gain between mouth and file: compare it within a recording only. Lesson: 03_features.
    """
    return dbfs(librosa.feature.rms(y=y, frame_length=N_FFT, hop_length=HOP_LENGTH)[0])


def pitch(y: np.ndarray, sr: int = SR, *, floor: float = F0_FLOOR, ceiling: float = F0_CEILING) -> pd.DataFrame:
    """Praat's fundamental frequency every 10 ms: `time` (s) and `f0` (Hz, missing where Praat hears no voice).

    y: shape (n_samples,). floor, ceiling: Hz; a voice outside them is missed or found an octave off.
    Raises TutorialError where the recording is shorter than Praat's window (3 / floor seconds).
    Source: Boersma 1993, autocorrelation method, through parselmouth. Lesson: 03_features.
    """
    if len(y) / sr < 3 / floor:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; pitch with a floor of {floor:g} Hz needs {3 / floor:.3f} s. "
            "Choose a longer recording."
        )
    track = parselmouth.Sound(y.astype(np.float64), sr).to_pitch_ac(
        time_step=0.01, pitch_floor=floor, pitch_ceiling=ceiling
    )
    f0 = track.selected_array["frequency"]
    return pd.DataFrame({"time": track.xs(), "f0": np.where(f0 > 0, f0, np.nan)})


def f0_at(times: np.ndarray, track: pd.DataFrame) -> np.ndarray:
    """The f0 (Hz) of the nearest frame of a pitch track at each time (s); missing where that frame is unvoiced.

    Times more than half a step (5 ms) outside the track are missing too. Lesson: 03_features.
    """
    nearest = np.searchsorted(track["time"].to_numpy() + 0.005, times).clip(0, len(track) - 1)
    distance = np.abs(track["time"].to_numpy()[nearest] - times)
    return np.where(distance <= 0.0051, track["f0"].to_numpy()[nearest], np.nan)


def semitones(f0: pd.Series | np.ndarray, reference: float | None = None) -> pd.Series | np.ndarray:
    """f0 in semitones above a reference in Hz, by default the median of the voiced frames: 12 log2(f0 / reference).

    Lesson: 03_features.
    """
    if reference is None:
        voiced = np.asarray(f0)[np.isfinite(f0)]
        reference = np.median(voiced) if len(voiced) else np.nan
    return 12 * np.log2(f0 / reference)


def octave_jumps(track: pd.DataFrame) -> float:
    """The share of steps between neighbouring voiced frames that leap 10 semitones or more: an octave error's mark.

    Lesson: 03_features.
    """
    steps = np.abs(np.diff(semitones(track["f0"].to_numpy(), 100.0)))
    steps = steps[np.isfinite(steps)]
    return float(np.mean(steps >= 10)) if len(steps) else np.nan


def spectral_contrast(S: np.ndarray, sr: int = SR) -> np.ndarray:
    """Peak over valley in dB in octave bands from 200 Hz to half the rate, shape (n_bands + 1, n_frames).

    S: magnitudes, shape (n_fft // 2 + 1, n_frames). The number of bands is what fits under sr / 2.
    Source: Jiang et al. 2002, librosa.feature.spectral_contrast. Lesson: 03_features.
    """
    n_bands = int(np.floor(np.log2(sr / 2 / 200.0) - 1e-9))
    return librosa.feature.spectral_contrast(S=S, sr=sr, fmin=200.0, n_bands=n_bands)


def syllable_nuclei(y: np.ndarray, sr: int = SR) -> np.ndarray:
    """Times in seconds of the vowels' peaks: voiced, loud enough, and 2 dB above the dips around them.

    y: shape (n_samples,). Loud enough is within 25 dB of the 99th percentile of Praat's intensity.
    Source: de Jong & Wempe 2009 (10.3758/BRM.41.2.385). Lesson: 03_features.
    """
    if len(y) / sr < 6.4 / 50:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; a syllable count needs 0.128 s. Choose a longer recording."
        )
    track = pitch(y, sr)
    contour = parselmouth.Sound(y.astype(np.float64), sr).to_intensity(minimum_pitch=50.0, time_step=0.005)
    loudness = contour.values[0]
    peaks, _ = find_peaks(loudness, height=np.percentile(loudness, 99) - 25, prominence=2)
    times = contour.xs()[peaks]
    return times[np.isfinite(f0_at(times, track))]


def speech_rate(y: np.ndarray, sr: int = SR, *, speech_seconds: float | None = None) -> float:
    """Syllable nuclei a second of speech.

    speech_seconds: how much of y is speech (from `data_prep.voice_activity`); None takes all of it.
    Lesson: 03_features.
    """
    return len(syllable_nuclei(y, sr)) / (speech_seconds or len(y) / sr)


def summarise(y: np.ndarray, sr: int = SR) -> pd.Series:
    """One row a recording, to compare recordings by: medians over the voiced frames of `frame_table`.

    `f0` (Hz), `f0_range` (semitones, 10th to 90th percentile), `level` (dB re full scale), `centroid` and `rolloff`
    (Hz), `rate` (syllable nuclei a second), `seconds`, `voiced` (share of frames). What needs a voice is missing
    where no frame is voiced.
    Raises TutorialError where the recording is shorter than 0.128 s.
    Lesson: 04_statistics.
    """
    table = frame_table(y, sr)
    voiced = table[table["voiced"]]
    summary = voiced[["f0", "level", "centroid", "rolloff"]].median()
    summary["f0_range"] = voiced["semitones"].quantile(0.9) - voiced["semitones"].quantile(0.1)
    summary["rate"] = speech_rate(y, sr)
    summary["seconds"] = len(y) / sr
    summary["voiced"] = table["voiced"].mean()
    return summary
