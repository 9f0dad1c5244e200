"""Sounds with known answers hold them."""

import librosa
import numpy as np
import pytest

from tutorial_helpers import synthesis, voice

SR, HOP = 16_000, 160
CHORDS = {"C": (0, 4, 7), "Am": (9, 0, 4), "F": (5, 9, 0), "G": (7, 11, 2)}


def test_music_has_the_tempo_and_the_chords_that_were_planted():
    music = synthesis.chord_music(list(CHORDS.values()), bpm=100, seed=1)
    assert len(music) / SR == pytest.approx(4 * len(CHORDS) * 0.6, abs=0.001)
    assert np.abs(music).max() == pytest.approx(0.5)
    tempo, beats = librosa.beat.beat_track(y=music, sr=SR, hop_length=HOP)
    assert tempo[0] == pytest.approx(100, rel=0.01)
    assert np.diff(beats * HOP / SR) == pytest.approx(0.6, abs=0.03)
    chroma = librosa.feature.chroma_stft(y=music, sr=SR, n_fft=4096, hop_length=HOP, tuning=0.0)
    for i, notes in enumerate(CHORDS.values()):
        strongest = chroma[:, 240 * i + 30 : 240 * i + 210].mean(axis=1).argsort()[-3:]
        assert set(strongest) == set(notes)


def test_music_is_the_same_for_the_same_seed_and_differs_for_another():
    first, again, other = (synthesis.chord_music([(0, 4, 7)], bpm=120, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_the_synthetic_voice_has_the_f0_and_the_peak_it_states():
    y = synthesis.harmonic_voice(123.0, seconds=1)
    assert len(y) == SR
    assert np.abs(y).max() == pytest.approx(0.5)
    assert voice.pitch(y)["f0"].median() == pytest.approx(123.0, rel=1e-3)
    spectrum = np.abs(np.fft.rfft(y))
    assert spectrum[123] / spectrum[246] == pytest.approx(2.0, rel=0.02)  # the k-th harmonic has amplitude 1 / k
    assert spectrum[4100:].max() < 1e-3 * spectrum.max()


def test_syllable_rate_follows_the_swells_that_were_planted():
    rates = [voice.speech_rate(synthesis.harmonic_voice(140.0, seconds=10, syllables=s)) for s in (3.0, 5.0)]
    assert rates == pytest.approx([3.0, 5.0], abs=0.1)
