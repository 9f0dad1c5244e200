"""What may happen between the mouth and the file does what its name says, and nothing else."""

import numpy as np
import pytest

from tutorial_helpers import degrade
from tutorial_helpers.data_prep import SR


def rng(seed=1):
    return np.random.default_rng(seed)


def power_between(y, low, high, sr=SR):
    """The power in a band (Hz), in dB, without what the two ends of the recording add."""
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y)))) ** 2
    frequencies = np.fft.rfftfreq(len(y), 1 / sr)
    return 10 * np.log10(spectrum[(low <= frequencies) & (frequencies < high)].sum())


def rms_db(y):
    return 10 * np.log10(np.mean(np.asarray(y, float) ** 2))


def loudest_hz(y, sr):
    """The frequency of a tone, in Hz."""
    return np.argmax(np.abs(np.fft.rfft(y))) * sr / len(y)


@pytest.mark.parametrize("kbps", [8.0, 24, 128, 160])
def test_a_tone_survives_mp3_at_its_level(sine, kbps):
    y = sine(500, 3.0)
    saved = degrade.as_mp3(y, kbps=kbps)
    assert saved.dtype == np.float32 and len(saved) == len(y)
    assert rms_db(saved[SR : 2 * SR]) == pytest.approx(rms_db(y), abs=1.0)


def test_mp3_of_24_kilobits_loses_what_lies_above_6_khz_and_of_128_keeps_it(noise):
    y = noise(3.0)
    lost, kept = (degrade.as_mp3(y, kbps=kbps) for kbps in (24, 128))
    before = power_between(y, 6000, 7000)
    assert power_between(lost, 6000, 7000) < before - 10
    assert power_between(kept, 6000, 7000) == pytest.approx(before, abs=1.5)
    assert power_between(lost, 500, 4000) == pytest.approx(power_between(y, 500, 4000), abs=1.5)
    for saved in (lost, kept):  # in step with what was saved
        assert np.argmax(np.correlate(saved, y[2000:10_000], mode="valid")) == 2000


def test_mp3_of_another_rate_keeps_its_pitch(sine):
    saved = degrade.as_mp3(sine(500, 2.0, sr=22_050), 22_050, kbps=32)
    assert loudest_hz(saved[: 2 * 22_050], 22_050) == pytest.approx(500, abs=1)


@pytest.mark.parametrize("snr_db", [20, 10, 0])
def test_noise_lies_so_many_db_under_the_recording_and_is_that_of_its_seed(sine, snr_db):
    for amplitude in (0.5, 0.01):
        y = sine(500, 3.0, amplitude)
        noisy = degrade.add_noise(y, snr_db, rng())
        assert rms_db(y) - rms_db(noisy - y) == pytest.approx(snr_db, abs=0.2)
        assert noisy.dtype == np.float32 and np.array_equal(noisy, degrade.add_noise(y, snr_db, rng()))


@pytest.mark.parametrize("rate", [22_050, 8_000])
def test_samples_at_another_rate_that_are_called_16000_change_pitch_and_length(sine, rate):
    mislabelled = degrade.mislabel_rate(sine(500, 2.0), SR, rate)
    assert len(mislabelled) == pytest.approx(2.0 * rate, abs=1) and mislabelled.dtype == np.float32
    assert loudest_hz(mislabelled, SR) == pytest.approx(500 * SR / rate, rel=0.01)


def test_every_chain_keeps_single_precision_and_the_length_and_is_that_of_its_seed(noise):
    y = noise(2.0)
    chains, again = degrade.recording_chains(rng()), degrade.recording_chains(rng())
    assert list(chains) == ["gain -12 dB", "mp3, 24 kb/s", "8 kHz", "noise, 10 dB", "room, 0.5 s"]
    for name, chain in chains.items():
        before = y.copy()
        changed = chain(y)
        assert changed.dtype == np.float32 and len(changed) == len(y), name
        assert np.array_equal(y, before) and not np.array_equal(changed, y), name
        assert np.array_equal(changed, again[name](y)), name


def test_a_gain_of_minus_12_db_is_a_quarter_and_8_khz_leaves_nothing_above_4_khz(noise):
    y, chains = noise(2.0), degrade.recording_chains(rng())
    assert np.allclose(chains["gain -12 dB"](y), 10 ** (-12 / 20) * y)
    narrow = chains["8 kHz"](y)
    assert power_between(narrow, 4050, 8000) < power_between(y, 4050, 8000) - 60
    assert power_between(narrow, 100, 3500) == pytest.approx(power_between(y, 100, 3500), abs=0.1)


def test_a_room_answers_a_click_as_loud_as_it_and_dies_away_by_60_db_in_half_a_second():
    click = np.zeros(SR, np.float32)
    click[100] = 1.0
    heard = degrade.recording_chains(rng())["room, 0.5 s"](click)
    assert np.allclose(heard[:100], 0, atol=1e-6) and heard[100] == pytest.approx(1.0, abs=1e-6)
    tail = heard[101 : 101 + SR // 2]
    assert np.sum(tail**2) == pytest.approx(1.0, abs=0.01)
    tenth = SR // 20
    assert rms_db(tail[:tenth]) - rms_db(tail[-tenth:]) == pytest.approx(54, abs=1.5)  # nine tenths of 60
    assert np.allclose(heard[101 + SR // 2 :], 0, atol=1e-6)
