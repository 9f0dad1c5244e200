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
TURN_COLUMNS = ["recording", "onset", "offset", "kind", "speaker", "channel", "text", "style"]
PITCH_CLASSES = ["C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B"]


def frame_table(y: np.ndarray, sr: int = SR) -> pd.DataFrame:
    """Every feature of lesson 03 on one frame grid: one row a frame of 64 ms, every 10 ms at 16 kHz.

    y: shape (n_samples,). Columns: `time` (s, the frame's centre); `level` (RMS in dB re full scale); `f0` (Hz) and
    `semitones` (re the median f0 of this recording), missing where unvoiced; `voiced`; `zcr` (zero crossings a
    sample); `centroid` and `rolloff` (Hz, 85 % of the magnitude; 0 in digital silence); `contrast` (dB, mean over
    bands); `mfcc_1` to `mfcc_13`; `chroma_C` to `chroma_B` (1 is the frame's strongest).
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
    blocks = [S[:, first : first + 6000] for first in range(0, S.shape[1], 6000)]
    spectral = pd.concat([_spectral_table(block, sr) for block in blocks], ignore_index=True)
    mels = [librosa.feature.melspectrogram(S=block**2, sr=sr, n_mels=N_MELS) for block in blocks]
    coefficients = pd.DataFrame(
        mfcc(np.concatenate(mels, axis=1)).T, columns=[f"mfcc_{i}" for i in range(1, N_MFCC + 1)]
    )
    chroma = spectral.columns.str.startswith("chroma_")
    return pd.concat([table, spectral.loc[:, ~chroma], coefficients, spectral.loc[:, chroma]], axis=1)


def _spectral_table(S: np.ndarray, sr: int) -> pd.DataFrame:
    """The features of `frame_table` that need no other frame than their own, from S (n_fft // 2 + 1, n_frames)."""
    columns = {
        "centroid": librosa.feature.spectral_centroid(S=S, sr=sr)[0],
        "rolloff": librosa.feature.spectral_rolloff(S=S, sr=sr)[0],
        "contrast": spectral_contrast(S, sr).mean(axis=0),
    }
    chroma = librosa.feature.chroma_stft(S=S**2, sr=sr, n_fft=N_FFT, tuning=0.0)
    columns |= {f"chroma_{name}": row for name, row in zip(PITCH_CLASSES, chroma, strict=True)}
    return pd.DataFrame(columns)


def mfcc(mel_power: np.ndarray, *, n_mfcc: int = N_MFCC) -> np.ndarray:
    """Mel-frequency cepstral coefficients, shape (n_mfcc, n_frames): cosine ripples over the mel bands in dB.

    mel_power: shape (n_mels, n_frames), a whole recording. What is 80 dB under its strongest cell counts as that, so
    that the empty bands of a telephone line hold no rounding noise; librosa's own floor of 1e-10 moves with the gain.
    Source: librosa.feature.mfcc (orthonormal DCT-II, 10 log10 of power). Lesson: 03_features.
    """
    # the smallest amin that single precision holds: only the floor relative to the recording is left
    return librosa.feature.mfcc(S=librosa.power_to_db(mel_power, amin=1e-30, top_db=80.0), n_mfcc=n_mfcc)


def level(y: np.ndarray) -> np.ndarray:
    """RMS level of each frame in dB re full scale, shape (n_frames,); digital silence is -120 dB.

    It moves with every gain between mouth and file: compare it within a recording only. Lesson: 03_features.
    """
    frames = librosa.util.frame(np.pad(y, N_FFT // 2), frame_length=N_FFT, hop_length=HOP_LENGTH)  # a view, no copy
    # a minute at a time, for librosa.feature.rms squares all frames at once: 250 MB for ten minutes
    blocks = [frames[:, first : first + 6000] for first in range(0, frames.shape[1], 6000)]
    return dbfs(np.concatenate([np.sqrt(np.mean(block**2, axis=0)) for block in blocks]))


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

    Half-way between two frames it is the earlier one. Times more than half a step (5 ms) outside the track are
    missing too. Lesson: 03_features.
    """
    # the microsecond decides ties: without it, rounding would take some frames twice and leave others out
    nearest = np.searchsorted(track["time"].to_numpy() + 0.005, times - 1e-6).clip(0, len(track) - 1)
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
    """Peak over valley in dB below 200 Hz and in the octave bands above it, shape (n_bands + 1, n_frames).

    S: magnitudes, shape (n_fft // 2 + 1, n_frames). There are as many octaves as fit under sr / 2; the last band goes
    on to sr / 2.
    Source: Jiang et al. 2002, librosa.feature.spectral_contrast. Lesson: 03_features.
    """
    n_bands = int(np.floor(np.log2(sr / 2 / 200.0) - 1e-9))
    return librosa.feature.spectral_contrast(S=S, sr=sr, fmin=200.0, n_bands=n_bands)


def syllable_nuclei(y: np.ndarray, sr: int = SR, *, track: pd.DataFrame | None = None) -> np.ndarray:
    """Times in seconds of the vowels' peaks: voiced, loud enough, and 2 dB above the dips around them.

    y: shape (n_samples,). Loud enough is within 25 dB of the 99th percentile of Praat's intensity. track: what `pitch`
    gives for y, where it is there already, to save the time.
    Source: de Jong & Wempe 2009 (10.3758/BRM.41.2.385). Lesson: 03_features.
    """
    if len(y) / sr < 6.4 / 50:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; a syllable count needs 0.128 s. Choose a longer recording."
        )
    track = pitch(y, sr) if track is None else track
    contour = parselmouth.Sound(y.astype(np.float64), sr).to_intensity(minimum_pitch=50.0, time_step=0.005)
    loudness = contour.values[0]
    peaks, _ = find_peaks(loudness, height=np.percentile(loudness, 99) - 25, prominence=2)
    times = contour.xs()[peaks]
    return times[np.isfinite(f0_at(times, track))]


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
    voiced = table[table["voiced"]]
    summary = voiced[["f0", "level", "centroid", "rolloff"]].median()
    summary["f0_range"] = voiced["semitones"].quantile(0.9) - voiced["semitones"].quantile(0.1)
    summary["rate"] = len(syllable_nuclei(y, sr, track=table[["time", "f0"]])) * sr / len(y)
    summary["seconds"] = len(y) / sr
    summary["voiced"] = table["voiced"].mean()
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
