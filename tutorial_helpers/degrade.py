"""What may happen to a voice between the mouth and the file: a codec, a telephone, noise, a room, a wrong rate."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import soxr
from scipy.signal import fftconvolve

from . import data_prep
from .data_prep import SR


def _lower_gain(y: np.ndarray, db: float) -> np.ndarray:
    """The same sound, so many dB lower."""
    return y * np.float32(10 ** (-db / 20))


def as_mp3(y: np.ndarray, sr: int = SR, *, kbps: float = 24.0) -> np.ndarray:
    """What is left of a sound after it was saved as mp3 of a constant bit rate and read again, shape (n_samples,).

    kbps: kilobits a second, 8 to 160; LAME takes the next rate that it has.
    Lesson: 04_statistics.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "saved.mp3"
        data_prep.to_pydub(y, sr).export(path, format="mp3", bitrate=f"{kbps:g}k")
        return data_prep.read_native(path)[0][:, 0]


def _limit_bandwidth(y: np.ndarray, sr: int, rate: float) -> np.ndarray:
    """The sound resampled to a lower rate (Hz) and back, as a telephone line of 8,000 Hz leaves it."""
    return soxr.resample(soxr.resample(y, sr, rate), rate, sr)


def mislabel_rate(y: np.ndarray, sr: int, rate: float) -> np.ndarray:
    """The samples of a sound at another rate (Hz), to be called samples at `sr` by mistake: float32.

    With a rate of 2 * `sr` the sound lasts twice as long and is an octave lower.
    """
    return soxr.resample(y, sr, rate)


def add_noise(y: np.ndarray, snr_db: float, rng: np.random.Generator) -> np.ndarray:
    """The sound with white noise, drawn by rng, so many dB under the RMS of all of it: float32, shape (n_samples,)."""
    noise = rng.standard_normal(len(y)) * np.sqrt(np.mean(y**2)) * 10 ** (-snr_db / 20)
    return (y + noise).astype(np.float32)


def _room_response(rng: np.random.Generator, sr: int = SR, *, seconds: float = 0.5) -> np.ndarray:
    """The response of a room whose sound decays by 60 dB in so many seconds: a tail as loud as the direct sound."""
    times = np.arange(round(seconds * sr)) / sr
    tail = rng.standard_normal(len(times)) * 10 ** (-3 * times / seconds)
    return np.concatenate([[1.0], tail / np.sqrt(np.sum(tail**2))]).astype(np.float32)


def _add_room(y: np.ndarray, response: np.ndarray) -> np.ndarray:
    """The sound as it is heard in a room, cut off where y ends."""
    return fftconvolve(y, response)[: len(y)].astype(np.float32)


def recording_chains(rng: np.random.Generator) -> dict[str, Callable[[np.ndarray], np.ndarray]]:
    """Five chains from a voice to a file, by name, each a function of y at 16 kHz.

    rng draws the room, which is the same in all recordings, and the noise, which is new in each.
    """
    room = _room_response(rng)
    return {
        "gain -12 dB": lambda y: _lower_gain(y, 12.0),
        "mp3, 24 kb/s": as_mp3,
        "8 kHz": lambda y: _limit_bandwidth(y, SR, 8_000),
        "noise, 10 dB": lambda y: add_noise(y, 10.0, rng),
        "room, 0.5 s": lambda y: _add_room(y, room),
    }
