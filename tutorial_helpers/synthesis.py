"""Sounds with known answers: what a lesson or a test can measure and compare with what was planted."""

from __future__ import annotations

import numpy as np

from .data_prep import SR


def harmonic_voice(
    f0: float | np.ndarray, *, seconds: float | None = None, syllables: float = 0.0, sr: int = SR
) -> np.ndarray:
    """A voice-like tone with known answers: harmonics of f0 up to 4 kHz, the k-th with amplitude 1 / k.

    Lesson: 03_features.

    Parameters
    ----------
    f0 : float or ndarray of shape (n_samples,), Hz
        A glide has one value a sample.
    seconds : float, s
        Needed with one number.
    syllables : float, per s
        How often the level swells and falls to nothing; 0 leaves it constant.
    sr : int, Hz

    Returns
    -------
    ndarray of shape (n_samples,), peak 0.5
    """
    track = np.asarray(f0, dtype=float) if seconds is None else np.full(round(seconds * sr), f0, dtype=float)
    phase = 2 * np.pi * np.cumsum(track) / sr
    highest = int(min(4000.0, 0.49 * sr) / track.max())
    y = np.sum([np.sin(k * phase) / k for k in range(1, highest + 1)], axis=0)
    if syllables:
        y = y * 0.5 * (1 - np.cos(2 * np.pi * syllables * np.arange(len(y)) / sr))
    return (0.5 * y / np.abs(y).max()).astype(np.float32)


def chord_music(chords: list[tuple[int, ...]], *, bpm: float, sr: int = SR, seed: int = 0) -> np.ndarray:
    """Music with known answers: each chord for four beats, struck on every beat with a bass note and a click.

    Lesson: 03_features.

    Parameters
    ----------
    chords : list of tuple of int
        Pitch classes (0 is C, 11 is B); the first of each is the root and the bass.
    bpm : float
        Beats a minute.
    sr : int, Hz
    seed : int
        For the click's noise.

    Returns
    -------
    ndarray of shape (n_samples,), peak 0.5
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
