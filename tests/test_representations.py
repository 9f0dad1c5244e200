import numpy as np
import pytest
import scipy.signal
import soxr

from tutorial_helpers import representations
from tutorial_helpers.data_prep import dbfs
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.representations import HOP_LENGTH, N_FFT, N_MELS

SR = representations.SR
BIN = SR / N_FFT  # Hz between two rows of the spectrogram
INNER = slice(4, -4)  # frames whose windows do not reach over an edge


@pytest.mark.parametrize("frequency", [10 * BIN, 1000, 3210, 7000])
def test_a_sine_has_its_peak_at_its_own_frequency_bin(sine, frequency):
    rows = representations.magnitude(sine(frequency))[:, INNER].argmax(axis=0)
    assert np.all(np.abs(rows * BIN - frequency) <= BIN / 2)


def test_a_sine_at_a_bin_has_the_magnitude_that_theory_gives(sine):
    # a Hann window of N samples has the sum N / 2, and a sine of amplitude a splits into two halves
    S = representations.magnitude(sine(64 * BIN, amplitude=0.5))
    assert S[64, INNER] == pytest.approx(0.5 * N_FFT / 4, rel=1e-4)


def test_a_gain_change_of_20_db_is_20_db(noise):
    y = noise()
    loud, quiet = (20 * np.log10(representations.magnitude(x)) for x in (y, 0.1 * y))
    assert np.allclose(loud - quiet, 20, atol=1e-3)


@pytest.mark.parametrize("picture", [representations.spectrogram_db, representations.mel_db])
def test_a_picture_runs_from_zero_to_the_floor_whatever_the_gain(sine, noise, picture):
    y = np.concatenate([noise(0.5), np.zeros(SR // 2, np.float32), sine(1000, 0.5)])
    levels = picture(y)
    assert levels.max() == pytest.approx(0, abs=1e-4)
    assert levels.min() == pytest.approx(-80, abs=1e-3)
    for gain in (1e-4, 3.0):
        assert np.allclose(picture(gain * y), levels, atol=0.01)
    assert np.all(picture(np.zeros(SR, np.float32)) == -80)  # digital silence is the floor, and not the maximum


def test_a_click_is_strongest_in_the_frame_whose_time_is_nearest_to_it():
    for click in [5000, 7920, 8037]:
        y = np.zeros(SR, np.float32)
        y[click] = 1
        strength = representations.magnitude(y).sum(axis=0)
        times = representations.frame_times(len(strength))
        assert strength.argmax() == np.abs(times - click / SR).argmin()


def test_frame_times_are_centres_a_hop_apart_and_start_at_zero():
    assert representations.frame_times(3) == pytest.approx([0, 0.01, 0.02])
    assert representations.frame_times(2, sr=8_000, hop_length=400) == pytest.approx([0, 0.05])


def test_a_shift_by_one_hop_moves_the_picture_by_one_frame(noise):
    y = noise()
    S, shifted = representations.magnitude(y), representations.magnitude(y[HOP_LENGTH:])
    assert np.allclose(S[:, 1:][:, INNER], shifted[:, INNER], atol=1e-4)


@pytest.mark.parametrize(("n_fft", "hop_length"), [(N_FFT, HOP_LENGTH), (256, 64)])
def test_rms_from_the_spectrogram_is_rms_from_the_samples(noise, n_fft, hop_length):
    # Parseval: the energy of a windowed frame is the sum over all n_fft bins, of which the inner ones count twice
    y = noise(rms=0.1)
    power = representations.magnitude(y, n_fft=n_fft, hop_length=hop_length)[:, 10:-10] ** 2
    both_sides = power[0] + power[-1] + 2 * power[1:-1].sum(axis=0)
    window = scipy.signal.get_window("hann", n_fft)
    from_spectrogram = np.sqrt(np.mean(both_sides / n_fft / np.sum(window**2)))
    assert from_spectrogram == pytest.approx(np.sqrt(np.mean(y**2)), rel=0.02)


def test_magnitudes_agree_with_scipy(noise):
    y = noise()
    window = scipy.signal.get_window("hann", N_FFT)
    transform = scipy.signal.ShortTimeFFT(window, hop=HOP_LENGTH, fs=SR)
    theirs = np.abs(transform.stft(y, p0=0, p1=len(y) // HOP_LENGTH + 1))
    ours = representations.magnitude(y)
    assert np.allclose(ours[:, INNER], theirs[:, INNER], atol=1e-3)


def test_mel_power_is_weighed_by_triangles_on_slaneys_scale(noise):
    # the filters are built here from Slaney's formula alone: straight to 1 kHz, then 27 steps to 6.4 kHz
    def hz(mel):
        return np.where(mel < 15, mel * 200 / 3, 1000 * 6.4 ** ((mel - 15) / 27))

    highest = 15 + 27 * np.log(SR / 2 / 1000) / np.log(6.4)
    edges = hz(np.linspace(0, highest, N_MELS + 2))
    bins = np.arange(N_FFT // 2 + 1) * BIN
    rise = (bins - edges[:-2, None]) / (edges[1:-1] - edges[:-2])[:, None]
    fall = (edges[2:, None] - bins) / (edges[2:] - edges[1:-1])[:, None]
    filters = np.clip(np.minimum(rise, fall), 0, None) * 2 / (edges[2:] - edges[:-2])[:, None]
    y = noise()
    power = filters @ representations.magnitude(y) ** 2
    levels = 10 * np.log10(power / power.max())
    assert np.allclose(representations.mel_db(y), np.maximum(levels, -80), atol=0.01)
    assert representations.mel_centres() == pytest.approx(edges[1:-1], rel=1e-4)


@pytest.mark.parametrize("fmax", [None, 4000.0])
@pytest.mark.parametrize("frequency", [300, 1000, 3000])
def test_a_tone_peaks_in_the_mel_band_around_it(sine, frequency, fmax):
    rows = representations.mel_db(sine(frequency), fmax=fmax)[:, INNER].argmax(axis=0)
    centres = representations.mel_centres(fmax=fmax)
    below, above = np.concatenate([[0], centres])[rows], np.concatenate([centres[1:], [fmax or SR / 2]])[rows]
    assert len(centres) == N_MELS
    assert np.all((below < frequency) & (frequency < above))


def test_mel_bands_are_equally_wide_below_1_khz_and_wider_and_wider_above():
    centres = representations.mel_centres()
    steps = np.diff(centres)
    low = centres[1:] < 1000
    assert np.allclose(steps[low], steps[0], rtol=1e-6)
    assert np.all(np.diff(steps[centres[:-1] > 1000]) > 0)


def test_a_window_has_frequencies_as_far_apart_as_its_length_says(sine):
    close = sine(1000) + sine(1040)
    short = representations.spectrogram_db(close, n_fft=128).mean(axis=1)
    long = representations.spectrogram_db(close, n_fft=2048).mean(axis=1)
    assert [len(scipy.signal.find_peaks(x, height=-30, prominence=3)[0]) for x in (short, long)] == [1, 2]


def test_leaving_out_samples_folds_a_tone_and_soxr_removes_it(sine):
    tone = sine(5000)
    peak = representations.magnitude(tone[::2])[:, INNER].mean(axis=1).argmax() * (SR / 2) / N_FFT
    assert peak == pytest.approx(3000, abs=BIN)
    filtered = soxr.resample(tone, SR, SR // 2)[1000:-1000]
    assert dbfs(np.sqrt(np.mean(filtered**2))) < -90


@pytest.mark.parametrize("picture", [representations.magnitude, representations.spectrogram_db, representations.mel_db])
def test_a_recording_shorter_than_a_window_is_refused_with_both_numbers(noise, picture):
    with pytest.raises(TutorialError, match="has 1023 samples.*window of 1024"):
        picture(noise()[: N_FFT - 1])
    assert picture(noise()[:N_FFT]).ndim == 2


def test_a_shorter_window_helps_a_short_recording(noise):
    assert representations.magnitude(noise()[:500], n_fft=256).shape[0] == 129


def test_more_than_one_channel_is_refused_with_what_to_do(noise):
    with pytest.raises(TutorialError, match="one channel.*downmix"):
        representations.magnitude(np.stack([noise(), noise()]))
