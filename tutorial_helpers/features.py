"""What can be measured in a frame of 64 ms, on one frame grid; each measure of a frame is defined here once."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile

import librosa
import numpy as np
import pandas as pd
import scipy.fft
from scipy.signal import get_window

from . import data_prep, praat, voice
from .data_prep import SR, dbfs
from .decoding import Damage
from .representations import HOP_LENGTH, N_FFT, N_MELS, frame_times, refuse_if_not_samples

N_MFCC = 13
MFCC_RANGE = 80.0  # dB under the strongest mel cell: what is weaker counts as that
CONTRAST_FMIN = 200.0  # Hz: the octaves of spectral contrast begin here
SIGNAL_RANGE = 80.0  # dB under the frame's strongest cell: what is weaker is no signal, for contrast
PITCH_CLASSES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]

BLOCK = 12_000  # frames (two minutes at 16 kHz) that are held in memory at once
CHUNK = 500  # frames that are transformed at once: the steps between stay in the processor's cache

# what the measures depend on, to be kept beside them
PARAMETERS = {
    "sr": SR,
    "n_fft": N_FFT,
    "hop_length": HOP_LENGTH,
    "n_mels": N_MELS,
    "f0_floor": "chosen from the data",
    "f0_ceiling": "chosen from the data",
}

# the features that a frame gives by itself, in this order; of the mel bands the MFCC are made at the end
SINGLE = ["level", "zcr", "centroid", "rolloff", "contrast"]
MEL = slice(len(SINGLE), len(SINGLE) + N_MELS)
CHROMA = slice(MEL.stop, MEL.stop + len(PITCH_CLASSES))
# what `segments.measure` makes its main columns of: little enough to be held for a recording of hours
MEASURED = ["time", "voiced", "nucleus", "f0", "f0_floor", "f0_ceiling", *SINGLE]


def frame_table(
    y: np.ndarray, sr: int = SR, *, begins: float = 0.0, floor: float | None = None, ceiling: float | None = None
) -> pd.DataFrame:
    """Every feature of lesson 03 on one frame grid: one row a frame of 64 ms, every 10 ms at 16 kHz.

    One Fourier transform a frame serves them all; the pitch is Praat's, `voice.pitch`.
    Lesson: 03_features, 04_statistics, 05_deep_learning, 06_scaling_up.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz
    begins : float, s
        When the first sample is heard in its recording: `time` counts from the recording's beginning.
    floor, ceiling : float, Hz
        What is searched for pitch; chosen from the data where they are not given.

    Returns
    -------
    DataFrame
        `time`, `level`, `f0`, `voiced`, `semitones`, `nucleus`, `f0_floor`, `f0_ceiling`, `zcr`, `centroid`,
        `rolloff`, `contrast`, `mfcc_1` to `mfcc_13`, `chroma_C` to `chroma_B`: the codebook defines each.

    Raises
    ------
    TutorialError
        Where the recording is shorter than 0.128 s, or the floor is not below the ceiling.
    """
    refuse_if_not_samples(y, max(N_FFT, int(praat.LOUDNESS_WINDOW * sr)))
    tables = _tables(lambda first, last: y[first:last], len(y), sr, floor, ceiling)
    return pd.concat(tables, ignore_index=True).assign(time=lambda table: table["time"] + begins)


def frames_of_file(
    path: str | Path,
    *,
    floor: float | None = None,
    ceiling: float | None = None,
    damage: list[Damage] | None = None,
) -> Iterator[pd.DataFrame]:
    """The frames of a file of any length at 16 kHz, in tables of two minutes: one below the other, its `frame_table`.

    What only the end tells (the strongest cell, the range of pitch) takes a second look, so samples and features wait
    on disk: 0.35 GB an hour, where temporary files are kept. Lesson: 06_scaling_up.

    Parameters
    ----------
    path : str or Path
    floor, ceiling : float, Hz
        As in `frame_table`.
    damage : list, optional
        As in `data_prep.stream`.

    Yields
    ------
    DataFrame
        The columns of `frame_table`.

    Raises
    ------
    TutorialError
        As `data_prep.read` and `frame_table`.
    """
    with data_prep.on_disk(path, damage=damage) as (take, n_samples):
        yield from _tables(take, n_samples, SR, floor, ceiling)


def frames_of_segments(
    segments: pd.DataFrame, *, floor: float | None = None, ceiling: float | None = None
) -> pd.DataFrame:
    """The frames of each recording from its first segment to its last: what `segments.measure` needs, of a corpus.

    Lesson: 04_statistics, 05_deep_learning.

    Parameters
    ----------
    segments : DataFrame
        Rows of `corpora.spoken`: `recording`, `path`, `onset`, `offset`.
    floor, ceiling : float, Hz
        As in `frame_table`.

    Returns
    -------
    DataFrame
        `recording` and the columns of MEASURED, measures in single precision.

    Raises
    ------
    TutorialError
        As `data_prep.read` and `frame_table`.
    """
    tables = []
    for recording, own in segments.groupby("recording", sort=False):
        first, last = own["onset"].min(), own["offset"].max()
        y = data_prep.read(own["path"].iloc[0], start=first, seconds=last - first)
        table = frame_table(y, begins=first, floor=floor, ceiling=ceiling)[MEASURED]
        measures = table.select_dtypes("float").columns.drop("time")
        tables.append(table.astype(dict.fromkeys(measures, "float32")).assign(recording=recording))
    return pd.concat(tables, ignore_index=True).astype({"recording": "category"})


def _tables(
    take: praat.Take, n_samples: int, sr: int, floor: float | None, ceiling: float | None
) -> Iterator[pd.DataFrame]:
    """`frame_table` in tables of at most BLOCK frames; take(first, last) gives the samples from `first` to `last`."""
    n_frames = 1 + n_samples // HOP_LENGTH
    strongest, lowest, highest, total = -np.inf, np.inf, -np.inf, 0.0
    with TemporaryFile() as waiting:
        for first in range(0, n_frames, BLOCK):
            last = min(first + BLOCK, n_frames)
            rows = _rows(take, n_samples, first, last, sr)
            waiting.write(rows.tobytes())
            strongest = max(strongest, rows[:, MEL].max())
            # from the middle of the first frame on; the frame at the very end has no sample of its own
            y = take(first * HOP_LENGTH, min(last * HOP_LENGTH, n_samples))
            lowest, highest = y.min(initial=lowest), y.max(initial=highest)
            total += y.sum(dtype=np.float64)
        mean = total / n_samples
        peak = max(highest - mean, mean - lowest)
        floor, ceiling = praat.range_for(take, n_samples, sr, peak, floor=floor, ceiling=ceiling)
        times = frame_times(n_frames, sr=sr)
        track = praat.pitch_of(take, n_samples, sr, floor, ceiling, peak)
        peaks = praat.loudness_peaks(take, n_samples, sr)
        nuclei = peaks[np.isfinite(voice.f0_at(peaks, track))]
        nearest = np.round(nuclei * sr / HOP_LENGTH).astype(int)
        has_nucleus = np.isin(np.arange(n_frames), np.minimum(nearest, n_frames - 1))
        pitch = pd.DataFrame({"time": times, "f0": voice.f0_at(times, track), "nucleus": has_nucleus})
        pitch = pitch.assign(f0_floor=floor, f0_ceiling=ceiling)
        waiting.seek(0)
        for first in range(0, n_frames, BLOCK):
            here = pitch.iloc[first : first + BLOCK]
            rows = np.frombuffer(waiting.read(rows.itemsize * len(here) * CHROMA.stop), rows.dtype)
            yield _table(here, rows.reshape(-1, CHROMA.stop), strongest)


def _rows(take: praat.Take, n_samples: int, first: int, last: int, sr: int) -> np.ndarray:
    """The features of frames `first` to `last` that need no other frame, shape (n_frames, 5 + N_MELS + 12), float32.

    The frames are librosa's: centred, with zeros before the recording and after it.
    """
    window, frequencies, banks = _banks(sr)
    begins = first * HOP_LENGTH - N_FFT // 2
    y = praat.padded(take, n_samples, begins, (last - 1) * HOP_LENGTH + N_FFT // 2)
    frames = np.lib.stride_tricks.sliding_window_view(y, N_FFT)[::HOP_LENGTH]
    rows = np.empty((len(frames), CHROMA.stop), np.float32)
    for at in range(0, len(frames), CHUNK):
        part, out = frames[at : at + CHUNK], rows[at : at + CHUNK]
        spectrum = scipy.fft.rfft(part * window, axis=1)
        power = np.square(spectrum.real) + np.square(spectrum.imag)
        S = np.sqrt(power)
        sums = np.cumsum(S, axis=1)
        out[:, 0] = _level(part)
        out[:, 2] = (S @ frequencies) / np.maximum(sums[:, -1], np.finfo(np.float32).tiny)
        out[:, 3] = frequencies[np.argmax(sums >= 0.85 * sums[:, -1:], axis=1)]
        out[:, 4] = _mean_contrast(power, sr)
        out[:, MEL.start :] = power @ banks
    rows[:, 1] = _crossings(y, begins, n_samples)
    rows[:, MEL] = 10 * np.log10(np.maximum(rows[:, MEL], 1e-30))
    rows[:, CHROMA] /= np.maximum(rows[:, CHROMA].max(axis=1, keepdims=True), np.finfo(np.float32).tiny)
    return rows


@lru_cache
def _banks(sr: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """The window (N_FFT,), each bin's frequency in Hz (n_bins,), and the mel and chroma filters side by side.

    The filters are librosa's, but librosa would load its compiler for them: 130 MB in every process that measures.
    """
    from transformers.audio_utils import chroma_filter_bank, mel_filter_bank

    window = get_window("hann", N_FFT).astype(np.float32)
    frequencies = np.fft.rfftfreq(N_FFT, 1 / sr)
    mel = mel_filter_bank(len(frequencies), N_MELS, 0.0, sr / 2, sr, norm="slaney", mel_scale="slaney")
    chroma = chroma_filter_bank(N_FFT, len(PITCH_CLASSES), sr, tuning=0.0)
    banks = np.concatenate([mel, chroma.T], axis=1)
    return window, frequencies.astype(np.float32), banks.astype(np.float32)


def _crossings(y: np.ndarray, begins: int, n_samples: int) -> np.ndarray:
    """Zero crossings a sample in each frame of y, which begins at sample `begins` of the recording."""
    negative = y < -1e-10  # librosa's threshold: what is nearer to 0 is 0, and 0 is not negative
    crosses = np.concatenate([[False], negative[1:] != negative[:-1]])
    crosses[: max(0, 1 - begins)] = False  # the zeros before the recording and after it are not its own
    crosses[n_samples - begins :] = False
    counts = np.cumsum(crosses)
    firsts = np.arange(0, len(y) - N_FFT + 1, HOP_LENGTH)
    return (counts[firsts + N_FFT - 1] - counts[firsts]) / N_FFT


def _table(pitch: pd.DataFrame, rows: np.ndarray, strongest: float) -> pd.DataFrame:
    """The columns of `frame_table` from the rows of `_rows`; strongest: the recording's strongest mel cell, in dB."""
    columns = dict(zip(SINGLE, rows.T.astype(float), strict=False))
    mel = np.maximum(rows[:, MEL], strongest - MFCC_RANGE)
    coefficients = scipy.fft.dct(mel, axis=1, norm="ortho")[:, :N_MFCC].T.astype(float)
    f0 = pitch["f0"].to_numpy(copy=True)
    return pd.DataFrame(
        {"time": pitch["time"].to_numpy(), "level": columns.pop("level"), "f0": f0, "voiced": np.isfinite(f0)}
        | {"semitones": voice.semitones(f0)}
        | {name: pitch[name].to_numpy() for name in ("nucleus", "f0_floor", "f0_ceiling")}
        | columns
        | {f"mfcc_{i}": row for i, row in enumerate(coefficients, start=1)}
        | {f"chroma_{name}": row for name, row in zip(PITCH_CLASSES, rows[:, CHROMA].T.astype(float), strict=True)}
    )


def mfcc(mel_power: np.ndarray, *, n_mfcc: int = N_MFCC) -> np.ndarray:
    """Mel-frequency cepstral coefficients: cosine ripples over the mel bands in dB.

    What is 80 dB under the recording's strongest cell counts as that, so that the empty bands of a telephone line hold
    no rounding noise; librosa's own floor of 1e-10 moves with the gain. Lesson: 03_features.

    Parameters
    ----------
    mel_power : ndarray of shape (n_mels, n_frames)
        A whole recording.
    n_mfcc : int

    Returns
    -------
    ndarray of shape (n_mfcc, n_frames)

    References
    ----------
    librosa.feature.mfcc (orthonormal DCT-II, 10 log10 of power).
    """
    # the smallest amin that single precision holds: only the floor relative to the recording is left
    return librosa.feature.mfcc(S=librosa.power_to_db(mel_power, amin=1e-30, top_db=MFCC_RANGE), n_mfcc=n_mfcc)


def level(y: np.ndarray) -> np.ndarray:
    """RMS level of each frame in dB re full scale; digital silence is -120 dB.

    It moves with every gain between mouth and file: compare it within a recording only. Lesson: 01_data_prep.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)

    Returns
    -------
    ndarray of shape (n_frames,), dB
    """
    return _level(librosa.util.frame(np.pad(y, N_FFT // 2), frame_length=N_FFT, hop_length=HOP_LENGTH, axis=0))


def _level(frames: np.ndarray) -> np.ndarray:
    """The level of frames of shape (n_frames, N_FFT) in dB, without squares of them all in memory."""
    return dbfs(np.sqrt(np.einsum("ij,ij->i", frames, frames) / N_FFT))


def spectral_contrast(S: np.ndarray, sr: int = SR) -> np.ndarray:
    """Peak over valley below 200 Hz and in the octave bands above it, in dB of power.

    There are as many octaves as fit under sr / 2; the last band goes on to sr / 2. The peak is the mean power of the
    band's strongest 2 % of cells, the valley of its weakest, and no deeper than 80 dB under the frame's strongest cell.
    A band of which more than half lies deeper holds no signal, as above the highest frequency of a codec: its contrast
    would be that of rounding errors, and is missing.
    librosa takes 10 log10 of magnitudes, which halves every value: its 20 dB are our 40. Lesson: 03_features.

    Parameters
    ----------
    S : ndarray of shape (n_fft // 2 + 1, n_frames)
        Magnitudes.
    sr : int, Hz

    Returns
    -------
    ndarray of shape (n_bands, n_frames), dB

    References
    ----------
    Jiang et al. 2002 (10.1109/ICME.2002.1035731), with the bands of librosa.feature.spectral_contrast.
    """
    return _contrast(np.square(S.T), sr).T


def _contrast(power: np.ndarray, sr: int) -> np.ndarray:
    """`spectral_contrast` of power of shape (n_frames, n_bins), shape (n_frames, n_bands)."""
    floor = np.maximum(power.max(axis=1, keepdims=True) * np.float32(10 ** (-SIGNAL_RANGE / 10)), 1e-30)
    bands = []
    for first, last, n in _contrast_bands(sr, 2 * (power.shape[1] - 1)):
        ordered = np.sort(np.maximum(power[:, first:last], floor), axis=1)
        contrast = 10 * np.log10(ordered[:, -n:].mean(axis=1) / ordered[:, :n].mean(axis=1))
        bands.append(np.where(ordered[:, ordered.shape[1] // 2] > floor[:, 0], contrast, np.nan))
    return np.stack(bands, axis=1)


def _mean_contrast(power: np.ndarray, sr: int) -> np.ndarray:
    """The contrast of each frame, mean over the bands that hold signal, missing where none does, shape (n_frames,)."""
    contrast = _contrast(power, sr)
    n = np.isfinite(contrast).sum(axis=1)
    return np.where(n > 0, np.nansum(contrast, axis=1) / np.maximum(n, 1), np.nan)


@lru_cache
def _contrast_bands(sr: int, n_fft: int) -> list[tuple[int, int, int]]:
    """Where each band of `spectral_contrast` begins and ends (bins), and how many bins make its peak or its valley."""
    frequencies = np.fft.rfftfreq(n_fft, 1 / sr)
    n_octaves = int(np.floor(np.log2(sr / 2 / CONTRAST_FMIN) - 1e-9))
    tops = [*CONTRAST_FMIN * 2.0 ** np.arange(n_octaves), sr / 2]
    bands = []
    for low, top in zip([0.0, *tops], tops, strict=False):
        bins = np.flatnonzero((frequencies >= low) & (frequencies <= top))
        # librosa counts the bin below as one of the band, and does not sort the highest, except in the last band
        first, last = max(bins[0] - 1, 0), bins[-1] + 1
        bands.append((first, last if top == tops[-1] else last - 1, max(1, round(0.02 * (last - first)))))
    return bands
