"""Lesson 03's measures hold known answers, agree with librosa called directly, and fail with a reason."""

import subprocess
import sys
import warnings

import imageio_ffmpeg
import librosa
import numpy as np
import pandas as pd
import pytest
import soundfile

from tutorial_helpers import corpora, data_prep, features, representations, synthesis, voice
from tutorial_helpers.errors import TutorialError

SR = 16_000
N_FFT, HOP = 1024, 160
INNER = slice(8, -8)  # frames whose window lies inside the signal


@pytest.fixture
def swells():
    """Three seconds of a voice-like tone that rises and falls twice around 150 Hz, with swells."""
    times = np.arange(3 * SR) / SR
    return synthesis.harmonic_voice(150 * 2 ** (np.sin(2 * np.pi * 2 / 3 * times) / 3), syllables=4)


@pytest.fixture(scope="module")
def talk():
    """Twenty seconds of the pilot: talk, through the codec of a podcast."""
    return data_prep.read(corpora.pick(corpora.load("show")).path, start=60, seconds=20)


# level


def test_level_of_a_constant_and_of_a_sine_are_those_of_their_rms(sine):
    assert features.level(np.full(SR, 0.5, np.float32))[INNER] == pytest.approx(-6.0206, abs=1e-3)
    assert features.level(sine(500, amplitude=0.5))[INNER] == pytest.approx(-6.0206 - 3.0103, abs=0.01)
    assert features.level(np.zeros(SR, np.float32)) == pytest.approx(-120.0)


def test_level_from_samples_agrees_with_level_from_the_spectrum(noise):
    y = noise(3.0)
    S = librosa.stft(y, n_fft=N_FFT, hop_length=HOP, window="boxcar")
    rms = librosa.feature.rms(S=np.abs(S), frame_length=N_FFT)[0]
    assert features.level(y)[INNER] == pytest.approx(20 * np.log10(rms)[INNER], abs=0.01)


# shape of the spectrum


@pytest.mark.parametrize("frequency", [300, 1000, 3000])
def test_centroid_rolloff_and_crossings_of_a_sine_tell_its_frequency(sine, frequency):
    table = features.frame_table(sine(frequency))[INNER]
    assert table["centroid"].to_numpy() == pytest.approx(frequency, rel=0.02)
    assert table["rolloff"].to_numpy() == pytest.approx(frequency, abs=2 * SR / N_FFT)
    assert table["zcr"].median() == pytest.approx(2 * frequency / SR, abs=1 / N_FFT)


def test_white_noise_has_centroid_and_rolloff_of_a_flat_spectrum(noise):
    table = features.frame_table(noise(5.0))
    assert table["centroid"].mean() == pytest.approx(SR / 4, rel=0.02)
    assert table["rolloff"].mean() == pytest.approx(0.85 * SR / 2, rel=0.02)


def test_chroma_of_an_a_is_an_a(sine):
    chroma = features.frame_table(sine(880))[INNER].filter(like="chroma_")
    assert (chroma.idxmax(axis=1) == "chroma_A").all()
    assert chroma.max(axis=1).to_numpy() == pytest.approx(1.0)


def test_mfcc_are_cosines_times_the_mel_spectrum_in_db(noise):
    mel = librosa.feature.melspectrogram(S=representations.magnitude(noise(1.0)) ** 2, sr=SR, n_mels=64)
    ripples = np.cos(np.pi * np.outer(np.arange(13), np.arange(64) + 0.5) / 64) * np.sqrt(2 / 64)
    ripples[0] /= np.sqrt(2)
    assert features.mfcc(mel) == pytest.approx(ripples @ (10 * np.log10(mel)), abs=0.01)


# spectral contrast


def peaks_over_floor(db):
    """A spectrum that is flat but for one cell in each band, so many dB of power above the rest; one frame."""
    S = np.full((N_FFT // 2 + 1, 1), 0.01)
    for first, last, _ in features._contrast_bands(SR, N_FFT):
        S[(first + last) // 2] *= 10 ** (db / 20)
    return S


def test_a_planted_contrast_of_40_db_reads_40_and_librosas_20():
    S = peaks_over_floor(40.0)
    narrow = features.spectral_contrast(S)[:4, 0]  # in these bands the strongest 2 % are one cell
    assert narrow == pytest.approx(40.0, abs=0.01)
    assert librosa.feature.spectral_contrast(S=S, sr=SR, fmin=200.0, n_bands=5)[:4, 0] == pytest.approx(20, abs=0.01)


def test_contrast_of_noise_is_librosas_on_the_power_spectrum(noise):
    S = representations.magnitude(noise(2.0))
    librosas = librosa.feature.spectral_contrast(S=S**2, sr=SR, fmin=200.0, n_bands=5)
    assert features.spectral_contrast(S) == pytest.approx(librosas, abs=0.01)


@pytest.mark.parametrize("sr, n_bands", [(8_000, 5), (16_000, 6), (22_050, 6), (44_100, 7)])
def test_contrast_has_as_many_octaves_as_fit_the_rate(noise, sr, n_bands):
    contrast = features.spectral_contrast(representations.magnitude(noise(1.0)), sr=sr)
    assert len(contrast) == n_bands
    assert np.isfinite(contrast).all()


def test_an_empty_top_band_has_no_contrast_and_does_not_move_the_mean(noise):
    y = synthesis.harmonic_voice(150.0, seconds=2) + noise(2.0, rms=0.003)
    full = features.frame_table(y)["contrast"][INNER]
    spectrum = np.fft.rfft(y)
    spectrum[np.fft.rfftfreq(len(y), 1 / SR) > 3400] = 0  # what a telephone does
    cut = np.fft.irfft(spectrum).astype(np.float32)
    assert np.isnan(features.spectral_contrast(representations.magnitude(cut))[-1, INNER]).all()
    assert abs(features.frame_table(cut)["contrast"][INNER].mean() - full.mean()) < 4


def test_a_harmonic_tone_has_more_contrast_than_noise(noise):
    tone = features.spectral_contrast(representations.magnitude(synthesis.harmonic_voice(150.0, seconds=2)))
    hiss = features.spectral_contrast(representations.magnitude(noise(2.0)))
    assert np.nanmedian(tone[1:5]) > np.median(hiss[1:5]) + 10


# gain: what moves and what must not


@pytest.mark.parametrize("gain", [0.5, 1 / 256])
def test_gain_moves_level_and_the_first_mfcc_and_nothing_else(prompts, gain):
    # telephone speech: its upper bands are empty, where an absolute floor would let the gain into every coefficient
    y = data_prep.read(prompts.recordings.loc["en/vm-intro", "path"])
    loud, quiet = (features.frame_table(samples).astype(float) for samples in (y, (gain * y).astype(np.float32)))
    db = 20 * np.log10(gain)
    heard = loud["level"] > -60  # below, the level has a floor of -120 dB
    assert (quiet["level"] - loud["level"])[heard].to_numpy() == pytest.approx(db, abs=1e-3)
    assert (quiet["mfcc_1"] - loud["mfcc_1"]).to_numpy() == pytest.approx(db * np.sqrt(64), abs=0.01)
    rest = loud.columns.drop(["level", "mfcc_1"])
    assert quiet[rest].to_numpy() == pytest.approx(loud[rest].to_numpy(), rel=1e-4, abs=1e-3, nan_ok=True)


# one table on one grid


GRID = {"n_fft": N_FFT, "hop_length": HOP}
FRAMES = {"frame_length": N_FFT, "hop_length": HOP}
# librosa's own function for each column, called on the samples, and how far the one pass, in single precision, may be
# from it: in 999 of 1,000 cells, and in any, in the column's own unit
LIBROSAS = {
    "level": (lambda y: 20 * np.log10(np.maximum(librosa.feature.rms(y=y, **FRAMES)[0], 1e-6)), 1e-3, 1e-3),
    "zcr": (lambda y: librosa.feature.zero_crossing_rate(y, **FRAMES)[0], 0, 0),
    "centroid": (lambda y: librosa.feature.spectral_centroid(y=y, sr=SR, **GRID)[0], 0.02, 0.02),
    # a sum that meets the 85 % to the last digit may end a bin later or earlier
    "rolloff": (lambda y: librosa.feature.spectral_rolloff(y=y, sr=SR, **GRID)[0], 0, SR / N_FFT),
    "mfcc_": (lambda y: librosa.feature.mfcc(y=y, sr=SR, **GRID, n_mfcc=13, n_mels=64), 0.01, 0.01),
    "chroma_": (lambda y: librosa.feature.chroma_stft(y=y, sr=SR, **GRID, tuning=0.0), 1e-4, 1e-4),
}


@pytest.mark.parametrize("sound", ["talk", "voice", "hiss"])
def test_each_feature_equals_librosas_own_function_on_the_same_grid(sound, talk, swells, noise):
    y = {"talk": talk, "voice": swells + noise(3.0, rms=0.01), "hiss": noise(3.0)}[sound]
    table = features.frame_table(y)
    for column, (librosas, usual, most) in LIBROSAS.items():
        off = np.abs(table.filter(regex=f"^{column}").to_numpy().T - np.atleast_2d(librosas(y)))
        assert np.mean(off > usual) <= 0.001, column
        assert off.max() <= most, column
    contrast = np.nanmean(features.spectral_contrast(representations.magnitude(y)), axis=0)
    assert np.abs(table["contrast"] - contrast).quantile(0.99) < 0.2


def test_pitch_and_syllables_of_the_table_are_those_of_voice(talk):
    table, track = features.frame_table(talk), voice.pitch(talk)
    assert np.array_equal(table["f0"], voice.f0_at(table["time"].to_numpy(), track), equal_nan=True)
    assert table["time"][table["nucleus"]].to_numpy() == pytest.approx(voice.syllable_nuclei(talk), abs=0.0051)
    assert (table["f0_floor"].iloc[0], table["f0_ceiling"].iloc[0]) == voice.search_range(talk)
    assert features.frame_table(talk, floor=60, ceiling=500)["f0_floor"].eq(60).all()


@pytest.mark.parametrize("sr", [8_000, 22_050])
def test_the_table_holds_at_another_rate(noise, sr):
    y = noise(3.0)[: 3 * sr]
    table = features.frame_table(y, sr)
    assert table["time"].iloc[-1] == pytest.approx(len(y) // HOP * HOP / sr)
    centroid = librosa.feature.spectral_centroid(y=y, sr=sr, **GRID)[0]
    assert table["centroid"].to_numpy() == pytest.approx(centroid, abs=0.05)


def test_table_has_a_row_every_10_ms_and_says_where_it_begins(swells):
    table = features.frame_table(swells, begins=30.0)
    assert len(table) == 1 + len(swells) // HOP
    assert table["time"].to_numpy() == pytest.approx(30 + np.arange(len(table)) * 0.01)
    assert (table["voiced"] == table["f0"].notna()).all()
    assert np.allclose(table["semitones"], 12 * np.log2(table["f0"] / 100), equal_nan=True)


def test_a_frame_is_centred_on_its_time():
    y = np.zeros(2 * SR, dtype=np.float32)
    y[SR + 3 * HOP] = 1.0  # a click at 1.03 s
    heard = features.frame_table(y).query("level > -100")["time"]
    assert heard.mean() == pytest.approx(1.03, abs=0.006)
    assert heard.max() - heard.min() == pytest.approx(0.06, abs=0.011)


@pytest.mark.parametrize("seconds", [3.0, 2.9937])  # Praat's frames fall on our grid, or between
def test_a_shift_by_whole_hops_shifts_the_table_and_changes_nothing(swells, seconds):
    y, hops = swells[: round(seconds * SR)], 37
    later = np.concatenate([np.zeros(hops * HOP, dtype=np.float32), y])
    limits = {"floor": 75, "ceiling": 500}
    before = features.frame_table(y, **limits).drop(columns="time").astype(float)[INNER]
    after = features.frame_table(later, **limits).drop(columns="time").astype(float)[8 + hops : -8]
    shape = before.columns.drop(["f0", "semitones", "voiced", "nucleus"])
    assert after[shape].to_numpy() == pytest.approx(before[shape].to_numpy(), rel=1e-3, abs=1e-2)
    both = before["voiced"].to_numpy() * after["voiced"].to_numpy() == 1
    assert np.mean(before["voiced"].to_numpy() == after["voiced"].to_numpy()) > 0.95
    assert np.abs(voice.semitones(after["f0"].to_numpy()[both], before["f0"].to_numpy()[both])).max() < 0.25


# files: what is long is measured in parts, and the parts do not show


@pytest.fixture(scope="module")
def changing(talk):
    """A minute of talk whose second half is louder: what refers to the whole recording is known at its end only."""
    y = np.concatenate([0.05 * talk, np.zeros(SR, np.float32), 0.02 * talk[: 13 * SR], talk[: 26 * SR - 1]])
    return (y + np.float32(0.001)).astype(np.float32)  # a DC offset, which Praat takes out


@pytest.mark.parametrize("block", [500, 999])
def test_a_table_in_blocks_is_that_of_the_whole(changing, monkeypatch, block):
    whole = features.frame_table(changing)
    monkeypatch.setattr(features, "BLOCK", block)
    pd.testing.assert_frame_equal(features.frame_table(changing), whole, rtol=1e-4, atol=1e-3)


@pytest.mark.parametrize("n_samples", [2 * 500 * HOP - 1, 2 * 500 * HOP])
def test_a_recording_that_ends_where_a_block_ends_has_its_last_frame(changing, monkeypatch, n_samples):
    monkeypatch.setattr(features, "BLOCK", 500)
    assert len(features.frame_table(changing[-n_samples:])) == 1 + n_samples // HOP


def test_what_is_louder_later_lifts_the_floor_of_the_mfcc_before(changing, monkeypatch):
    monkeypatch.setattr(features, "BLOCK", 500)
    mel = librosa.feature.melspectrogram(y=changing, sr=SR, **GRID, n_mels=64)
    floored = librosa.feature.mfcc(S=librosa.power_to_db(mel, amin=1e-30, top_db=80.0), n_mfcc=13)
    assert np.allclose(features.frame_table(changing).filter(like="mfcc_").to_numpy().T, floored, atol=0.01)


@pytest.mark.parametrize("suffix", ["wav", "mp3", "m4a"])
def test_a_file_is_measured_as_its_samples_are(talk, monkeypatch, tmp_path, suffix):
    path = tmp_path / f"talk.{suffix}"
    if suffix == "m4a":  # only ffmpeg reads and writes it
        soundfile.write(tmp_path / "talk.wav", talk, SR)
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", tmp_path / "talk.wav", path], check=True
        )
    else:
        soundfile.write(path, talk, SR)
    whole = features.frame_table(data_prep.read(path))
    monkeypatch.setattr(features, "BLOCK", 1000)
    tables = list(features.frames_of_file(path))
    assert len(tables) > 1
    pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True), whole, rtol=1e-4, atol=1e-3)


def test_measuring_a_file_does_not_load_librosas_compiler(tmp_path, talk):
    soundfile.write(tmp_path / "talk.wav", talk[: 5 * SR], SR)
    code = (
        "import sys; from tutorial_helpers import features; list(features.frames_of_file(sys.argv[1])); "
        "sys.exit('numba' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "talk.wav"]).returncode == 0


def test_a_file_that_cannot_be_measured_says_why(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(SR), SR)
    soundfile.write(tmp_path / "short.wav", 0.1 * np.ones(1000), SR)
    (tmp_path / "text.mp3").write_text("not sound")
    for name, reason in (("silent", "is silent"), ("short", "Choose a longer"), ("text", "cannot be read as audio")):
        path = next(tmp_path.glob(f"{name}.*"))
        with pytest.raises(TutorialError, match=reason):
            next(features.frames_of_file(path))
    with pytest.raises(TutorialError, match="There is no file"):
        next(features.frames_of_file(tmp_path / "missing.wav"))


def test_silence_has_no_f0_and_does_not_warn():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = features.frame_table(np.zeros(2 * SR, dtype=np.float32))
    assert table["f0"].isna().all() and not table["voiced"].any()
    assert table.drop(columns=["f0", "semitones", "contrast"]).notna().all(axis=None)


def test_the_shortest_recording_that_is_long_enough_is_measured(sine):
    assert features.frame_table(sine(200, 0.128))["f0"].median() == pytest.approx(200, rel=0.01)
