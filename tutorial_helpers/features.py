"""Lesson 03: what can be measured in a recording, as one table on one frame grid."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from tempfile import TemporaryFile

import librosa
import numpy as np
import pandas as pd
import parselmouth
import scipy.fft
from scipy.signal import find_peaks, get_window

from .data_prep import SR, dbfs, on_disk
from .errors import TutorialError
from .representations import HOP_LENGTH, N_FFT, N_MELS, frame_times, refuse_if_not_samples

F0_FLOOR, F0_CEILING = 75.0, 500.0  # Hz: from a low man's voice to a high woman's
F0_STEP = 0.01  # seconds between two values of Praat's pitch
SILENCE = 0.03  # of the recording's peak: Praat calls a frame that is quieter unvoiced
LOUDNESS_WINDOW, LOUDNESS_STEP = 6.4 / 50, 0.005  # seconds: Praat's intensity for voices of 50 Hz and more
N_MFCC = 13
MFCC_RANGE = 80.0  # dB under the strongest mel cell: what is weaker counts as that
CONTRAST_FMIN = 200.0  # Hz: the octaves of spectral contrast begin here
TURN_COLUMNS = ["recording", "onset", "offset", "kind", "speaker", "channel", "text", "style"]
PITCH_CLASSES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]
SUMMARISED = ["f0", "level", "centroid", "rolloff", "semitones"]

BLOCK = 12_000  # frames (two minutes at 16 kHz) that are held in memory at once
CHUNK = 500  # frames that are transformed at once: the steps between stay in the processor's cache
EDGE = 200  # steps before and after a block that Praat hears too, so that its search for a path does not begin there

# what the measures depend on, to be kept beside them
PARAMETERS = {
    "sr": SR,
    "n_fft": N_FFT,
    "hop_length": HOP_LENGTH,
    "n_mels": N_MELS,
    "f0_floor": F0_FLOOR,
    "f0_ceiling": F0_CEILING,
}

# the features that a frame gives by itself, in this order; of the mel bands the MFCC are made at the end
SINGLE = ["level", "zcr", "centroid", "rolloff", "contrast"]
MEL = slice(len(SINGLE), len(SINGLE) + N_MELS)
CHROMA = slice(MEL.stop, MEL.stop + len(PITCH_CLASSES))


def frame_table(y: np.ndarray, sr: int = SR) -> pd.DataFrame:
    """Every feature of lesson 03 on one frame grid: one row a frame of 64 ms, every 10 ms at 16 kHz.

    y: shape (n_samples,). Columns: `time` (s, the frame's centre); `level` (RMS in dB re full scale); `f0` (Hz) and
    `semitones` (re the median f0 of this recording), missing where unvoiced; `voiced`; `zcr` (zero crossings a
    sample); `centroid` and `rolloff` (Hz, 85 % of the magnitude; 0 in digital silence); `contrast` (dB, mean over
    bands); `mfcc_1` to `mfcc_13`; `chroma_C` to `chroma_B` (1 is the frame's strongest). One Fourier transform a frame
    serves them all; the pitch is Praat's.
    Raises TutorialError where the recording is shorter than one window.
    Lesson: 03_features, 04_statistics, 06_scaling_up.
    """
    refuse_if_not_samples(y, N_FFT)
    return pd.concat(_tables(lambda first, last: y[first:last], len(y), sr), ignore_index=True)


def measure(path: str | Path, keep: Callable[[pd.DataFrame], object]) -> pd.Series:
    """Measure a file of any length in little memory, at 16 kHz: its frames go to `keep`, its summary is returned.

    keep: is called with tables of two minutes, in order; one below the other they are the `frame_table` of the
    whole recording. The summary is that of `summarise`. What only the end tells (the strongest cell, the median f0)
    takes a second look, so samples and features wait on disk: 0.35 GB an hour, where temporary files are kept.
    Raises TutorialError as `data_prep.read` does.
    Lesson: 06_scaling_up.
    """
    with on_disk(path) as (take, n_samples):
        f0, voiced = [], []
        for table in _tables(take, n_samples, SR):
            keep(table)
            f0.append(table["f0"].to_numpy(copy=True))  # a view would keep the whole table alive
            voiced.append(table.loc[table["voiced"], SUMMARISED])
        f0 = np.concatenate(f0)
        track = pd.DataFrame({"time": frame_times(len(f0)), "f0": f0}, copy=False)
        nuclei = _nuclei(take, n_samples, SR, track)
        return _summary(pd.concat(voiced), len(f0), len(nuclei), n_samples / SR)


def _tables(take: Callable, n_samples: int, sr: int) -> Iterator[pd.DataFrame]:
    """`frame_table` in tables of at most BLOCK frames; take(first, last) gives the samples from `first` to `last`."""
    n_frames = 1 + n_samples // HOP_LENGTH
    strongest, lowest, highest, total = -np.inf, np.inf, -np.inf, 0.0
    with TemporaryFile() as waiting:
        for first in range(0, n_frames, BLOCK):
            last = min(first + BLOCK, n_frames)
            rows = _rows(take, n_samples, first, last, sr)
            waiting.write(rows)
            strongest = max(strongest, rows[:, MEL].max())
            # from the middle of the first frame on; the frame at the very end has no sample of its own
            y = take(first * HOP_LENGTH, min(last * HOP_LENGTH, n_samples))
            lowest, highest = y.min(initial=lowest), y.max(initial=highest)
            total += y.sum(dtype=np.float64)
        mean = total / n_samples
        times = frame_times(n_frames, sr=sr)
        f0 = f0_at(times, _pitch(take, n_samples, sr, max(highest - mean, mean - lowest)))
        reference = _median_of_voiced(f0)
        waiting.seek(0)
        for first in range(0, n_frames, BLOCK):
            here = slice(first, min(first + BLOCK, n_frames))
            rows = np.frombuffer(waiting.read(rows.itemsize * (here.stop - first) * CHROMA.stop), rows.dtype)
            rows = rows.reshape(-1, CHROMA.stop)
            yield _table(times[here], f0[here], semitones(f0[here], reference), rows, strongest)


def _rows(take: Callable, n_samples: int, first: int, last: int, sr: int) -> np.ndarray:
    """The features of frames `first` to `last` that need no other frame, shape (n_frames, 5 + N_MELS + 12), float32.

    The frames are librosa's: centred, with zeros before the recording and after it.
    """
    window, frequencies, banks = _banks(sr)
    begins = first * HOP_LENGTH - N_FFT // 2
    y = _cut(take, n_samples, begins, (last - 1) * HOP_LENGTH + N_FFT // 2)
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
        out[:, 4] = _contrast(S, _contrast_bands(sr))
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


@lru_cache
def _contrast_bands(sr: int) -> list[tuple[int, int, int]]:
    """Where each band of `spectral_contrast` begins and ends (bins), and how many bins make its peak or its valley."""
    frequencies = np.fft.rfftfreq(N_FFT, 1 / sr)
    tops = [*CONTRAST_FMIN * 2.0 ** np.arange(_n_octaves(sr)), sr / 2]
    bands = []
    for low, top in zip([0.0, *tops], tops, strict=False):
        bins = np.flatnonzero((frequencies >= low) & (frequencies <= top))
        # librosa counts the bin below as one of the band, and does not sort the highest, except in the last band
        first, last = max(bins[0] - 1, 0), bins[-1] + 1
        bands.append((first, last if top == tops[-1] else last - 1, max(1, round(0.02 * (last - first)))))
    return bands


def _contrast(S: np.ndarray, bands: list[tuple[int, int, int]]) -> np.ndarray:
    """`spectral_contrast` of S (n_frames, n_bins) in dB, mean over bands, shape (n_frames,).

    No band is cut at 80 dB under the recording's strongest peak, as librosa does: a frame's contrast is its own.
    """
    ratios = []
    for first, last, n in bands:
        ordered = np.sort(S[:, first:last], axis=1)
        peak, valley = ordered[:, -n:].mean(axis=1), ordered[:, :n].mean(axis=1)
        ratios.append(np.log10(np.maximum(peak, 1e-30)) - np.log10(np.maximum(valley, 1e-30)))
    return 10 * np.mean(ratios, axis=0)


def _crossings(y: np.ndarray, begins: int, n_samples: int) -> np.ndarray:
    """Zero crossings a sample in each frame of y, which begins at sample `begins` of the recording."""
    negative = y < -1e-10  # librosa's threshold: what is nearer to 0 is 0, and 0 is not negative
    crosses = np.concatenate([[False], negative[1:] != negative[:-1]])
    crosses[: max(0, 1 - begins)] = False  # the zeros before the recording and after it are not its own
    crosses[n_samples - begins :] = False
    counts = np.cumsum(crosses)
    firsts = np.arange(0, len(y) - N_FFT + 1, HOP_LENGTH)
    return (counts[firsts + N_FFT - 1] - counts[firsts]) / N_FFT


def _table(times: np.ndarray, f0: np.ndarray, steps: np.ndarray, rows: np.ndarray, strongest: float) -> pd.DataFrame:
    """The columns of `frame_table` from the rows of `_rows`; strongest: the recording's strongest mel cell, in dB."""
    columns = dict(zip(SINGLE, rows.T.astype(float), strict=False))
    mel = np.maximum(rows[:, MEL], strongest - MFCC_RANGE)
    coefficients = scipy.fft.dct(mel, axis=1, norm="ortho")[:, :N_MFCC].T.astype(float)
    return pd.DataFrame(
        {"time": times, "level": columns.pop("level"), "f0": f0, "voiced": np.isfinite(f0), "semitones": steps}
        | columns
        | {f"mfcc_{i}": row for i, row in enumerate(coefficients, start=1)}
        | {f"chroma_{name}": row for name, row in zip(PITCH_CLASSES, rows[:, CHROMA].T.astype(float), strict=True)}
    )


def _cut(take: Callable, n_samples: int, first: int, last: int) -> np.ndarray:
    """Samples `first` to `last`, with zeros where that is before the recording or after it."""
    y = take(max(first, 0), min(last, n_samples))
    return np.pad(y, (max(-first, 0), max(last - n_samples, 0)))


def _pitch(take: Callable, n_samples: int, sr: int, peak: float) -> pd.DataFrame:
    """What `pitch` gives for the whole recording, in blocks; peak: the largest distance of a sample from their mean.

    Praat calls silent what is quieter than a share of the loudest sample that it is given, so each block is told the
    share of its own loudest sample that means the same.
    """

    def f0_of(y: np.ndarray) -> np.ndarray:
        mean = y.mean(dtype=np.float64)
        own = max(y.max() - mean, mean - y.min())
        return pitch(y, sr, silence=SILENCE * (peak / own if own else 1.0))["f0"].to_numpy()

    samples = partial(_cut, take, n_samples)
    begins, f0 = _by_praat(f0_of, samples, n_samples - n_samples % 2, sr, window=3 / F0_FLOOR, step=F0_STEP)
    return pd.DataFrame({"time": begins + F0_STEP * np.arange(len(f0)), "f0": f0}, copy=False)


def _by_praat(
    analyse: Callable[[np.ndarray], np.ndarray], cut: Callable, n_samples: int, sr: int, *, window: float, step: float
) -> tuple[float, np.ndarray]:
    """What Praat measures every `step` s through a window of `window` s, in blocks: the first one's time (s), and all.

    cut(first, last) gives samples, zeros outside the recording. Praat puts as many frames as fit in the middle of the
    sound that it is given, so each block is cut to the length that puts them where they are in the whole recording.
    Blocks overlap by EDGE steps, because Praat chooses among the candidates for a pitch by what comes before and after.
    """
    n_steps = int((1 / sr * n_samples - window) / step) + 1
    begins = (n_samples / sr - (n_steps - 1) * step) / 2  # s: the first step of the whole recording
    if n_steps <= BLOCK:
        return begins, analyse(cut(0, n_samples))
    values = np.empty(n_steps)
    for first in range(0, n_steps, BLOCK):
        low, high = max(first - EDGE, 0), min(first + BLOCK + EDGE, n_steps)
        length = int((window + (high - low - 0.5) * step) * sr)  # half a step more than needed: no rounding matters
        length += (n_samples - length) % 2  # so that the middle of both falls on the sample grid alike
        start = round((begins + (low + high - 1) / 2 * step) * sr - length / 2)
        found = analyse(cut(start, start + length))
        values[first : first + BLOCK] = found[first - low :][:BLOCK]
    return begins, values


def mfcc(mel_power: np.ndarray, *, n_mfcc: int = N_MFCC) -> np.ndarray:
    """Mel-frequency cepstral coefficients, shape (n_mfcc, n_frames): cosine ripples over the mel bands in dB.

    mel_power: shape (n_mels, n_frames), a whole recording. What is 80 dB under its strongest cell counts as that, so
    that the empty bands of a telephone line hold no rounding noise; librosa's own floor of 1e-10 moves with the gain.
    Source: librosa.feature.mfcc (orthonormal DCT-II, 10 log10 of power). Lesson: 03_features.
    """
    # the smallest amin that single precision holds: only the floor relative to the recording is left
    return librosa.feature.mfcc(S=librosa.power_to_db(mel_power, amin=1e-30, top_db=MFCC_RANGE), n_mfcc=n_mfcc)


def level(y: np.ndarray) -> np.ndarray:
    """RMS level of each frame in dB re full scale, shape (n_frames,); digital silence is -120 dB.

    It moves with every gain between mouth and file: compare it within a recording only. Lesson: 03_features.
    """
    frames = librosa.util.frame(np.pad(y, N_FFT // 2), frame_length=N_FFT, hop_length=HOP_LENGTH, axis=0)  # a view
    return _level(frames)


def _level(frames: np.ndarray) -> np.ndarray:
    """The level of frames of shape (n_frames, N_FFT) in dB, without squares of them all in memory."""
    return dbfs(np.sqrt(np.einsum("ij,ij->i", frames, frames) / N_FFT))


def pitch(
    y: np.ndarray, sr: int = SR, *, floor: float = F0_FLOOR, ceiling: float = F0_CEILING, silence: float = SILENCE
) -> pd.DataFrame:
    """Praat's fundamental frequency every 10 ms: `time` (s) and `f0` (Hz, missing where Praat hears no voice).

    y: shape (n_samples,). floor, ceiling: Hz; a voice outside them is missed or found an octave off. silence: the share
    of the loudest sample below which a frame counts as silent.
    Raises TutorialError where the recording is shorter than Praat's window (3 / floor seconds).
    Source: Boersma 1993, autocorrelation method, through parselmouth. Lesson: 03_features.
    """
    if len(y) / sr < 3 / floor:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; pitch with a floor of {floor:g} Hz needs {3 / floor:.3f} s. "
            "Choose a longer recording."
        )
    # Praat centres this window between two samples; with an odd number of them, rounding would choose which two
    y = y[: len(y) - len(y) % 2]
    track = parselmouth.Sound(y.astype(np.float64), sr).to_pitch_ac(
        time_step=F0_STEP, pitch_floor=floor, pitch_ceiling=ceiling, silence_threshold=silence
    )
    f0 = track.selected_array["frequency"]
    return pd.DataFrame({"time": track.xs(), "f0": np.where(f0 > 0, f0, np.nan)})


def f0_at(times: np.ndarray, track: pd.DataFrame) -> np.ndarray:
    """The f0 (Hz) of the nearest frame of a pitch track at each time (s); missing where that frame is unvoiced.

    Half-way between two frames it is the earlier one. Times more than half a step (5 ms) outside the track are
    missing too. Lesson: 03_features.
    """
    # the microsecond decides ties: without it, rounding would take some frames twice and leave others out
    time, f0 = track["time"].to_numpy(), track["f0"].to_numpy()
    nearest = np.searchsorted(time, times - 0.005001).clip(0, len(track) - 1)
    return np.where(np.abs(time[nearest] - times) <= 0.0051, f0[nearest], np.nan)


def semitones(f0: pd.Series | np.ndarray, reference: float | None = None) -> pd.Series | np.ndarray:
    """f0 in semitones above a reference in Hz, by default the median of the voiced frames: 12 log2(f0 / reference).

    Lesson: 03_features.
    """
    if reference is None:
        reference = _median_of_voiced(f0)
    return 12 * np.log2(f0 / reference)


def _median_of_voiced(f0: pd.Series | np.ndarray) -> float:
    voiced = np.asarray(f0)[np.isfinite(f0)]
    return np.median(voiced) if len(voiced) else np.nan


def octave_jumps(track: pd.DataFrame) -> float:
    """The share of steps between neighbouring voiced frames that leap 10 semitones or more: an octave error's mark.

    Lesson: 03_features.
    """
    steps = np.abs(np.diff(semitones(track["f0"].to_numpy(), 100.0)))
    steps = steps[np.isfinite(steps)]
    return float(np.mean(steps >= 10)) if len(steps) else np.nan


def spectral_contrast(S: np.ndarray, sr: int = SR) -> np.ndarray:
    """Peak over valley in dB below 200 Hz and in the octave bands above it, shape (n_bands + 1, n_frames).

    S: magnitudes, shape (n_fft // 2 + 1, n_frames). There are as many octaves as fit under sr / 2; the last band goes
    on to sr / 2.
    Source: Jiang et al. 2002, librosa.feature.spectral_contrast. Lesson: 03_features.
    """
    return librosa.feature.spectral_contrast(S=S, sr=sr, fmin=CONTRAST_FMIN, n_bands=_n_octaves(sr))


def _n_octaves(sr: int) -> int:
    """How many octaves above CONTRAST_FMIN fit under sr / 2."""
    return int(np.floor(np.log2(sr / 2 / CONTRAST_FMIN) - 1e-9))


def syllable_nuclei(y: np.ndarray, sr: int = SR, *, track: pd.DataFrame | None = None) -> np.ndarray:
    """Times in seconds of the vowels' peaks: voiced, loud enough, and 2 dB above the dips around them.

    y: shape (n_samples,). Loud enough is within 25 dB of the 99th percentile of Praat's intensity. track: what `pitch`
    gives for y, where it is there already, to save the time.
    Source: de Jong & Wempe 2009 (10.3758/BRM.41.2.385). Lesson: 03_features.
    """
    if len(y) / sr < LOUDNESS_WINDOW:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; a syllable count needs 0.128 s. Choose a longer recording."
        )
    track = pitch(y, sr) if track is None else track
    return _nuclei(lambda first, last: y[first:last], len(y), sr, track)


def _nuclei(take: Callable, n_samples: int, sr: int, track: pd.DataFrame) -> np.ndarray:
    """`syllable_nuclei` of a recording of any length; take(first, last) gives its samples."""
    begins, loudness = _loudness(take, n_samples, sr)
    peaks, _ = find_peaks(loudness, height=np.percentile(loudness, 99) - 25, prominence=2)
    times = begins + round(LOUDNESS_STEP * sr) / sr * peaks
    return times[np.isfinite(f0_at(times, track))]


def _loudness(take: Callable, n_samples: int, sr: int) -> tuple[float, np.ndarray]:
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
        pieces = _cut(take, n_samples, begins, begins + (n - 1 + n_pieces) * hop).astype(np.float64).reshape(-1, hop)
        squares, sums, means = (
            sum(product[k : k + n, k] for k in range(n_pieces))
            for product in (pieces**2 @ bell, pieces @ bell, pieces @ flat / width)
        )
        power = squares / weights.sum() - 2 * means * sums / weights.sum() + means**2
        loudness[step : step + n] = 10 * np.log10(np.maximum(power / 4e-10, 1e-30))  # re the ear's threshold, as Praat
    return (first + 0.5) / sr, loudness


def speech_rate(y: np.ndarray, sr: int = SR, *, speech_seconds: float | None = None) -> float:
    """Syllable nuclei a second of speech.

    speech_seconds: how much of y is speech (from `data_prep.voice_activity`); None takes all of it. Where there is
    no speech (0 s) the rate is missing.
    Lesson: 03_features.
    """
    seconds = len(y) / sr if speech_seconds is None else speech_seconds
    return len(syllable_nuclei(y, sr)) / seconds if seconds else np.nan


def summarise(y: np.ndarray, sr: int = SR) -> pd.Series:
    """One row a recording, to compare recordings by: medians over the voiced frames of `frame_table`.

    `f0` (Hz), `f0_range` (semitones, 10th to 90th percentile), `level` (dB re full scale), `centroid` and `rolloff`
    (Hz), `rate` (syllable nuclei a second), `seconds`, `voiced` (share of frames). What needs a voice is missing
    where no frame is voiced.
    Raises TutorialError where the recording is shorter than 0.128 s.
    Lesson: 04_statistics.
    """
    table = frame_table(y, sr)
    voiced = table.loc[table["voiced"], SUMMARISED]
    return _summary(voiced, len(table), len(syllable_nuclei(y, sr, track=table[["time", "f0"]])), len(y) / sr)


def _summary(voiced: pd.DataFrame, n_frames: int, n_nuclei: int, seconds: float) -> pd.Series:
    """What `summarise` gives; voiced: the voiced frames' SUMMARISED."""
    summary = voiced[["f0", "level", "centroid", "rolloff"]].median()
    summary["f0_range"] = voiced["semitones"].quantile(0.9) - voiced["semitones"].quantile(0.1)
    summary["rate"] = n_nuclei / seconds
    summary["seconds"] = seconds
    summary["voiced"] = len(voiced) / n_frames
    return summary


def talk_start(y: np.ndarray, sr: int = SR, *, seconds: float = 10.0) -> float:
    """Where the stretch of so many seconds with the most syllable nuclei begins, in seconds (0.0 if y is shorter).

    y: shape (n_samples,). Music has longer voiced stretches than talk, but fewer nuclei.
    Raises TutorialError as `syllable_nuclei` does.
    Lesson: 03_features.
    """
    nuclei = syllable_nuclei(y, sr)
    starts = np.arange(0, max(len(y) / sr - seconds, 0) + 1e-6, 0.1)
    counts = np.searchsorted(nuclei, starts + seconds) - np.searchsorted(nuclei, starts)
    return float(starts[counts.argmax()])


def excerpt_turns(turns: pd.DataFrame | None, recording: str, *, start: float, seconds: float) -> pd.DataFrame:
    """The turns and the music of one recording that lie in an excerpt, with what is heard `alone`; no silences.

    turns: as `Corpus.turns`; None, where turns are not known, gives no rows. start, seconds: the excerpt, in s.
    `onset` and `offset` stay seconds from the recording's beginning. `alone` is False where another row begins
    before this one ends or ends after it begins.
    Lesson: 03_features.
    """
    if turns is None:
        turns = pd.DataFrame(columns=TURN_COLUMNS).astype({"onset": float, "offset": float})
    heard = turns[(turns["recording"] == recording) & (turns["kind"] != "silence")]
    onset, offset = heard["onset"].to_numpy(), heard["offset"].to_numpy()
    together = (onset[:, None] < offset) & (onset < offset[:, None])  # each row overlaps itself
    heard = heard.assign(alone=together.sum(axis=1) == 1)
    return heard[(heard["onset"] >= start) & (heard["offset"] <= start + seconds)]


def harmonic_voice(
    f0: float | np.ndarray, *, seconds: float | None = None, syllables: float = 0.0, sr: int = SR
) -> np.ndarray:
    """A voice-like tone with known answers: harmonics of f0 up to 4 kHz, the k-th with amplitude 1 / k.

    f0: Hz, one number or one value a sample (a glide); `seconds` is needed with one number. syllables: how often a
    second the level swells and falls to nothing; 0 leaves it constant. Returns y, shape (n_samples,), peak 0.5.
    Lesson: 03_features.
    """
    track = np.full(round(seconds * sr), float(f0)) if np.ndim(f0) == 0 else np.asarray(f0, dtype=float)
    phase = 2 * np.pi * np.cumsum(track) / sr
    highest = int(min(4000.0, 0.49 * sr) / track.max())
    y = sum(np.sin(k * phase) / k for k in range(1, highest + 1))
    if syllables:
        y = y * 0.5 * (1 - np.cos(2 * np.pi * syllables * np.arange(len(y)) / sr))
    return (0.5 * y / np.abs(y).max()).astype(np.float32)


def chord_music(chords: list[tuple[int, ...]], *, bpm: float, sr: int = SR, seed: int = 0) -> np.ndarray:
    """Music with known answers: each chord for four beats, struck on every beat with a bass note and a click.

    chords: pitch classes (0 is C, 11 is B), the first is the root and the bass. bpm: beats a minute. seed: for the
    click's noise. Returns y, shape (n_samples,), peak 0.5.
    Lesson: 03_features.
    """
    rng = np.random.default_rng(seed)
    beat = 60 / bpm
    times = np.arange(round(beat * sr)) / sr
    y = np.zeros(round(4 * len(chords) * beat * sr) + 1, dtype=np.float32)
    for i, chord in enumerate([chord for chord in chords for _ in range(4)]):
        notes = [130.81 * 2 ** (chord[0] / 12), *(261.63 * 2 ** (step / 12) for step in chord)]
        sound = sum(np.sin(2 * np.pi * k * hz * times) / k**2 for hz in notes for k in (1, 2, 3)) * np.exp(-4 * times)
        sound += rng.standard_normal(len(times)) * np.exp(-200 * times)
        first = round(i * beat * sr)
        y[first : first + len(sound)] += sound[: len(y) - first]
    return 0.5 * y / np.abs(y).max()
