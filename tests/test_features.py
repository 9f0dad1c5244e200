"""Lesson 03's measures hold known answers, agree with Praat and librosa called directly, and fail with a reason."""

import subprocess
import sys
import warnings

import imageio_ffmpeg
import librosa
import numpy as np
import pandas as pd
import parselmouth
import pytest
import soundfile
from parselmouth.praat import call

from tutorial_helpers import corpora, data_prep, features, representations
from tutorial_helpers.errors import TutorialError

SR = 16_000
N_FFT, HOP = 1024, 160
INNER = slice(8, -8)  # frames whose window lies inside the signal
CHORDS = {"C": (0, 4, 7), "Am": (9, 0, 4), "F": (5, 9, 0), "G": (7, 11, 2)}


def praat_f0(y, floor=75.0, ceiling=500.0):
    """F0 (Hz) of the voiced frames by Praat's own command, with its defaults spelt out."""
    sound = parselmouth.Sound(np.asarray(y, dtype=float), SR)
    settings = (0.01, floor, 15, "no", 0.03, 0.45, 0.01, 0.35, 0.14, ceiling)
    pitch = call(sound, "To Pitch (ac)...", *settings)
    values = [call(pitch, "Get value in frame", i + 1, "Hertz") for i in range(call(pitch, "Get number of frames"))]
    return np.array([value for value in values if np.isfinite(value)])


@pytest.fixture
def voice():
    """Three seconds of a voice-like tone that rises and falls twice around 150 Hz, with swells."""
    times = np.arange(3 * SR) / SR
    return features.harmonic_voice(150 * 2 ** (np.sin(2 * np.pi * 2 / 3 * times) / 3), syllables=4)


# Level


def test_level_of_a_constant_is_its_amplitude_in_db():
    y = np.full(SR, 0.5, dtype=np.float32)
    assert features.level(y)[INNER] == pytest.approx(-6.0206, abs=1e-3)


def test_level_of_a_sine_is_3_db_below_its_amplitude(sine):
    y = sine(500, amplitude=0.5)
    assert features.level(y)[INNER] == pytest.approx(-6.0206 - 3.0103, abs=0.01)


def test_level_of_digital_silence_is_the_stated_floor():
    assert features.level(np.zeros(SR, dtype=np.float32)) == pytest.approx(-120.0)


# Pitch


@pytest.mark.parametrize("f0", [90.0, 150.0, 300.0])
def test_f0_of_a_sine_is_its_frequency(sine, f0):
    track = features.pitch(sine(f0))
    assert track["f0"].notna().mean() > 0.95
    assert track["f0"].median() == pytest.approx(f0, rel=1e-3)


def test_median_f0_of_a_voice_equals_praat_run_independently(voice):
    assert features.pitch(voice)["f0"].median() == pytest.approx(np.median(praat_f0(voice)), rel=1e-6)


@pytest.mark.parametrize("name, floor, ceiling", [("en/vm-intro", 75, 500), ("it/vm-intro", 60, 300)])
def test_f0_of_a_real_prompt_equals_praat_run_independently(prompts, name, floor, ceiling):
    y = data_prep.read(prompts.recordings.loc[name, "path"])
    f0 = features.pitch(y, floor=floor, ceiling=ceiling)["f0"].dropna().to_numpy()
    assert len(f0) > 50
    assert f0 == pytest.approx(praat_f0(y, floor, ceiling), rel=1e-6)


def test_pitch_of_a_known_glide_is_recovered_within_a_quarter_semitone():
    times = np.arange(2 * SR) / SR
    glide = 100 * 2 ** (times / 2)  # an octave in two seconds
    table = features.frame_table(features.harmonic_voice(glide))
    truth = 100 * 2 ** (table["time"] / 2)
    error = np.abs(12 * np.log2(table["f0"] / truth)).dropna()
    assert len(error) > 180
    assert error.max() < 0.25


def test_a_voice_below_the_floor_is_not_found_where_it_is(sine):
    assert features.pitch(sine(110), floor=75)["f0"].median() == pytest.approx(110, rel=1e-3)
    assert not np.isclose(features.pitch(sine(110), floor=150)["f0"].median(), 110, rtol=0.1)


def test_white_noise_is_unvoiced_for_the_most_part(noise):
    assert features.pitch(noise(5.0))["f0"].notna().mean() < 0.05


def test_gain_does_not_move_pitch(voice):
    assert features.pitch(voice / 8)["f0"].to_numpy() == pytest.approx(features.pitch(voice)["f0"], nan_ok=True)


def test_f0_at_takes_the_nearest_frame_and_nothing_from_far_away():
    track = features.pd.DataFrame({"time": [0.10, 0.11, 0.12], "f0": [100.0, np.nan, 120.0]})
    times = np.array([0.05, 0.094, 0.096, 0.104, 0.106, 0.116, 0.124, 0.126])
    expected = [np.nan, np.nan, 100, 100, np.nan, 120, 120, np.nan]
    assert features.f0_at(times, track) == pytest.approx(expected, nan_ok=True)


def test_f0_at_takes_every_frame_once_where_all_times_lie_half_way():
    times = np.arange(200) * 0.01
    track = features.pd.DataFrame({"time": times + 0.005, "f0": np.arange(200.0)})
    assert features.f0_at(times[1:], track) == pytest.approx(np.arange(199.0))


def test_an_octave_is_twelve_semitones_and_the_default_reference_is_the_median():
    f0 = np.array([100.0, 200.0, 400.0, np.nan])
    assert features.semitones(f0) == pytest.approx([-12, 0, 12, np.nan], nan_ok=True)
    assert features.semitones(f0, 100.0) == pytest.approx([0, 12, 24, np.nan], nan_ok=True)


def test_octave_jumps_are_counted_among_voiced_neighbours_only():
    track = features.pd.DataFrame({"f0": [100.0, 101.0, 202.0, np.nan, 100.0, 101.0, 102.0]})
    assert features.octave_jumps(track) == pytest.approx(1 / 4)
    assert np.isnan(features.octave_jumps(features.pd.DataFrame({"f0": [np.nan, 100.0, np.nan]})))


# Shape of the spectrum


def test_centroid_and_rolloff_of_a_sine_are_its_frequency(sine):
    table = features.frame_table(sine(1000))[INNER]
    assert table["centroid"].to_numpy() == pytest.approx(1000, rel=0.01)
    assert table["rolloff"].to_numpy() == pytest.approx(1000, abs=2 * SR / N_FFT)


@pytest.mark.parametrize("frequency", [300, 1000, 3000])
def test_zero_crossing_rate_of_a_sine_is_twice_its_frequency_over_the_rate(sine, frequency):
    zcr = features.frame_table(sine(frequency))["zcr"][INNER]
    assert zcr.median() == pytest.approx(2 * frequency / SR, abs=1 / N_FFT)


def test_white_noise_has_centroid_and_rolloff_of_a_flat_spectrum(noise):
    table = features.frame_table(noise(5.0))
    assert table["centroid"].mean() == pytest.approx(SR / 4, rel=0.02)
    assert table["rolloff"].mean() == pytest.approx(0.85 * SR / 2, rel=0.02)


@pytest.mark.parametrize("sr, n_bands", [(8_000, 5), (16_000, 6), (22_050, 6), (44_100, 7)])
def test_contrast_has_as_many_octaves_as_fit_the_rate(noise, sr, n_bands):
    contrast = features.spectral_contrast(representations.magnitude(noise(1.0)), sr=sr)
    assert len(contrast) == n_bands
    assert np.isfinite(contrast).all()


def test_a_harmonic_tone_has_more_contrast_than_noise(noise):
    tone = features.spectral_contrast(representations.magnitude(features.harmonic_voice(150.0, seconds=2)))
    hiss = features.spectral_contrast(representations.magnitude(noise(2.0)))
    assert np.median(tone[1:5]) > np.median(hiss[1:5]) + 5


def test_mfcc_are_cosines_times_the_mel_spectrum_in_db(noise):
    mel = librosa.feature.melspectrogram(S=representations.magnitude(noise(1.0)) ** 2, sr=SR, n_mels=64)
    ripples = np.cos(np.pi * np.outer(np.arange(13), np.arange(64) + 0.5) / 64) * np.sqrt(2 / 64)
    ripples[0] /= np.sqrt(2)
    assert features.mfcc(mel) == pytest.approx(ripples @ (10 * np.log10(mel)), abs=0.01)


def test_chroma_of_an_a_is_an_a(sine):
    chroma = features.frame_table(sine(880))[INNER].filter(like="chroma_")
    assert (chroma.idxmax(axis=1) == "chroma_A").all()
    assert chroma.max(axis=1).to_numpy() == pytest.approx(1.0)


# Gain: what moves and what must not


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


# One table on one grid


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
    # a valley may be a single bin 140 dB under the strongest, where single precision has no more digits
    "contrast": (
        lambda y: librosa.feature.spectral_contrast(y=y, sr=SR, **GRID, fmin=200.0, n_bands=5).mean(axis=0),
        0.2,
        0.5,
    ),
    "mfcc_": (lambda y: librosa.feature.mfcc(y=y, sr=SR, **GRID, n_mfcc=13, n_mels=64), 0.01, 0.01),
    "chroma_": (lambda y: librosa.feature.chroma_stft(y=y, sr=SR, **GRID, tuning=0.0), 1e-4, 1e-4),
}


@pytest.fixture(scope="module")
def talk():
    """Twenty seconds of the pilot: talk, through the codec of a podcast."""
    return data_prep.read(corpora.pick(corpora.load("show")).path, start=60, seconds=20)


@pytest.mark.parametrize("sound", ["talk", "voice", "hiss"])
@pytest.mark.parametrize("column", LIBROSAS)
def test_each_feature_equals_librosas_own_function_on_the_same_grid(column, sound, talk, voice, noise):
    y = {"talk": talk, "voice": voice + noise(3.0, rms=0.01), "hiss": noise(3.0)}[sound]
    librosas, usual, most = LIBROSAS[column]
    ours = features.frame_table(y).filter(regex=f"^{column}").to_numpy().T
    off = np.abs(ours - np.atleast_2d(librosas(y)))
    assert np.mean(off > usual) <= 0.001
    assert off.max() <= most


def test_mel_bands_behind_the_mfcc_equal_librosas(talk):
    rows = features._rows(lambda first, last: talk[first:last], len(talk), 0, 1 + len(talk) // HOP, SR)
    mel = librosa.feature.melspectrogram(y=talk, sr=SR, **GRID, n_mels=64)
    librosas = 10 * np.log10(np.maximum(mel, 1e-30))
    off = np.abs(rows[:, features.MEL].T - librosas)
    assert off[librosas > librosas.max() - 100].max() < 0.001
    assert off.max() < 0.1  # a band that is empty but for rounding


def test_pitch_of_the_table_is_praats(talk):
    track = parselmouth.Sound(talk.astype(float), SR).to_pitch_ac(0.01, 75.0, pitch_ceiling=500.0)
    f0 = track.selected_array["frequency"]
    praats = features.f0_at(np.arange(2001) * 0.01, pd.DataFrame({"time": track.xs(), "f0": np.where(f0, f0, np.nan)}))
    assert np.array_equal(features.frame_table(talk)["f0"], praats, equal_nan=True)


@pytest.mark.parametrize("sr", [8_000, 22_050])
def test_the_table_holds_at_another_rate(noise, sr):
    y = noise(3.0)[: 3 * sr]
    table = features.frame_table(y, sr)
    assert table["time"].iloc[-1] == pytest.approx(len(y) // HOP * HOP / sr)
    centroid = librosa.feature.spectral_centroid(y=y, sr=sr, **GRID)[0]
    assert table["centroid"].to_numpy() == pytest.approx(centroid, abs=0.05)
    contrast = features.spectral_contrast(representations.magnitude(y), sr).mean(axis=0)
    assert table["contrast"].to_numpy() == pytest.approx(contrast, abs=1e-3)


def test_level_from_samples_agrees_with_level_from_the_spectrum(noise):
    y = noise(3.0)
    S = librosa.stft(y, n_fft=N_FFT, hop_length=HOP, window="boxcar")
    rms = librosa.feature.rms(S=np.abs(S), frame_length=N_FFT)[0]
    assert features.level(y)[INNER] == pytest.approx(20 * np.log10(rms)[INNER], abs=0.01)


def test_table_has_a_row_every_10_ms_and_its_columns_in_order(voice):
    table = features.frame_table(voice)
    assert len(table) == 1 + len(voice) // HOP
    assert table["time"].to_numpy() == pytest.approx(np.arange(len(table)) * 0.01)
    chroma = [f"chroma_{name}" for name in features.PITCH_CLASSES]
    first = ["time", "level", "f0", "voiced", "semitones", "zcr", "centroid", "rolloff", "contrast"]
    assert list(table.columns) == [*first, *(f"mfcc_{i}" for i in range(1, 14)), *chroma]
    assert (table["voiced"] == table["f0"].notna()).all()
    semitones = 12 * np.log2(table["f0"] / table["f0"].median())
    assert np.allclose(table["semitones"], semitones, equal_nan=True)


def test_a_frame_is_centred_on_its_time():
    y = np.zeros(2 * SR, dtype=np.float32)
    y[SR + 3 * HOP] = 1.0  # a click at 1.03 s
    heard = features.frame_table(y).query("level > -100")["time"]
    assert heard.mean() == pytest.approx(1.03, abs=0.006)
    assert heard.max() - heard.min() == pytest.approx(0.06, abs=0.011)


@pytest.mark.parametrize("hops", [1, 37])
@pytest.mark.parametrize("seconds", [3.0, 2.9937])  # Praat's frames fall on our grid, or between
def test_a_shift_by_whole_hops_shifts_the_table_and_changes_nothing(voice, hops, seconds):
    y = voice[: round(seconds * SR)]
    later = np.concatenate([np.zeros(hops * HOP, dtype=np.float32), y])
    before = features.frame_table(y).drop(columns="time").astype(float)[INNER]
    after = features.frame_table(later).drop(columns="time").astype(float)[8 + hops : -8]
    shape = before.columns.drop(["f0", "semitones", "voiced"])
    assert after[shape].to_numpy() == pytest.approx(before[shape].to_numpy(), rel=1e-3, abs=1e-2)
    both = before["voiced"].to_numpy() * after["voiced"].to_numpy() == 1
    assert np.mean(before["voiced"].to_numpy() == after["voiced"].to_numpy()) > 0.95
    steps = 12 * np.log2(after["f0"].to_numpy()[both] / before["f0"].to_numpy()[both])
    assert np.abs(steps).max() < 0.25


# Blocks: what is long is measured in parts, and the parts do not show


@pytest.fixture(scope="module")
def changing(talk):
    """A minute of talk whose second half is louder: what refers to the whole recording is known at its end only."""
    y = np.concatenate([0.05 * talk, np.zeros(SR, np.float32), 0.02 * talk[: 13 * SR], talk[: 26 * SR - 1]])
    return (y + np.float32(0.001)).astype(np.float32)  # a DC offset, which Praat takes out


@pytest.mark.parametrize("block", [500, 3500])  # whole chunks, as BLOCK is
@pytest.mark.parametrize("odd", [0, 1, 80])  # Praat's frames fall between samples, or on them
def test_a_table_in_blocks_equals_the_whole_to_the_last_digit(changing, monkeypatch, block, odd):
    y = changing[odd:]
    assert len(y) // HOP < features.BLOCK  # without the patch it is one block
    assert features.BLOCK % features.CHUNK == 0 and block % features.CHUNK == 0
    whole, nuclei = features.frame_table(y), features.syllable_nuclei(y)
    monkeypatch.setattr(features, "BLOCK", block)
    pd.testing.assert_frame_equal(features.frame_table(y), whole, check_exact=True)
    assert np.array_equal(features.syllable_nuclei(y), nuclei)


@pytest.mark.parametrize("n_samples", [2 * 500 * HOP - 1, 2 * 500 * HOP, 2 * 500 * HOP + 1])
def test_a_recording_that_ends_where_a_block_ends_has_its_last_frame_too(changing, monkeypatch, n_samples):
    y = changing[-n_samples:]
    whole = features.frame_table(y)
    monkeypatch.setattr(features, "BLOCK", 500)
    pd.testing.assert_frame_equal(features.frame_table(y), whole, check_exact=True)
    assert len(whole) == 1 + n_samples // HOP


@pytest.mark.parametrize("block", [250, 999])
def test_a_block_of_any_length_equals_the_whole_but_for_the_order_of_sums(changing, monkeypatch, block):
    whole = features.frame_table(changing)
    monkeypatch.setattr(features, "BLOCK", block)
    found = features.frame_table(changing)
    exact = ["time", "level", "f0", "voiced", "semitones", "zcr", "rolloff", "contrast"]
    pd.testing.assert_frame_equal(found[exact], whole[exact], check_exact=True)
    rest = found.columns.drop(exact)
    assert np.allclose(found[rest], whole[rest], rtol=1e-4, atol=1e-3)


def test_pitch_in_blocks_equals_praats_on_the_whole(changing, monkeypatch):
    track = features.pitch(changing)
    monkeypatch.setattr(features, "BLOCK", 700)
    found = features.frame_table(changing)
    assert found["voiced"].sum() > 500
    assert np.array_equal(found["f0"], features.f0_at(found["time"].to_numpy(), track), equal_nan=True)


@pytest.mark.parametrize("n_samples", [640, 641, 799, 800, 1600, 4 * SR, 4 * SR + 1, 4 * SR + 80, 61_440])
def test_praat_counts_its_frames_as_we_do(noise, n_samples):
    y = noise(4.1)[:n_samples]
    f0 = features._pitch(lambda first, last: y[first:last], n_samples, SR, 1.0)
    pd.testing.assert_series_equal(f0["time"], features.pitch(y)["time"], check_exact=False, rtol=0, atol=1e-9)


def test_what_is_louder_later_lifts_the_floor_of_the_mfcc_before(changing, monkeypatch):
    monkeypatch.setattr(features, "BLOCK", 500)
    mel = librosa.feature.melspectrogram(y=changing, sr=SR, **GRID, n_mels=64)
    floored = librosa.feature.mfcc(S=librosa.power_to_db(mel, amin=1e-30, top_db=80.0), n_mfcc=13)
    by_block = librosa.feature.mfcc(S=librosa.power_to_db(mel[:, :500], amin=1e-30, top_db=80.0), n_mfcc=13)
    ours = features.frame_table(changing).filter(like="mfcc_").to_numpy().T
    assert np.allclose(ours, floored, atol=0.01)
    assert np.abs(by_block - floored[:, :500]).max() > 1  # what a floor of each block's own would give


@pytest.mark.parametrize("suffix", ["wav", "flac", "ogg", "mp3", "m4a"])
def test_a_file_is_measured_as_its_samples_are(changing, monkeypatch, tmp_path, suffix):
    path = tmp_path / f"talk.{suffix}"
    if suffix == "m4a":  # only ffmpeg reads and writes it
        soundfile.write(tmp_path / "talk.wav", changing, SR)
        subprocess.run(
            [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-i", tmp_path / "talk.wav", path], check=True
        )
    else:
        soundfile.write(path, changing, SR)
    monkeypatch.setattr(features, "BLOCK", 1000)
    tables = []
    summary = features.measure(path, tables.append)
    y = data_prep.read(path)
    assert [len(table) for table in tables[:-1]] == [1000] * (len(tables) - 1) and len(tables) > 4
    pd.testing.assert_frame_equal(pd.concat(tables, ignore_index=True), features.frame_table(y), check_exact=True)
    pd.testing.assert_series_equal(summary, features.summarise(y), check_exact=True)


def test_measuring_a_file_does_not_load_librosas_compiler(tmp_path, talk):
    soundfile.write(tmp_path / "talk.wav", talk, SR)
    code = (
        "import sys; from tutorial_helpers import features; features.measure(sys.argv[1], len); "
        "sys.exit('numba' in sys.modules or 'torch' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code, tmp_path / "talk.wav"]).returncode == 0


def test_a_file_that_cannot_be_measured_says_why(tmp_path):
    soundfile.write(tmp_path / "silent.wav", np.zeros(SR), SR)
    soundfile.write(tmp_path / "short.wav", 0.1 * np.ones(1000), SR)
    (tmp_path / "text.mp3").write_text("not sound")
    kept = []
    for name, reason in (("silent", "is silent"), ("short", "Choose a longer"), ("text", "cannot be read as audio")):
        path = next(tmp_path.glob(f"{name}.*"))
        with pytest.raises(TutorialError, match=reason):
            features.measure(path, kept.append)
    with pytest.raises(TutorialError, match="There is no file"):
        features.measure(tmp_path / "missing.wav", kept.append)
    assert kept == []


def test_silence_has_no_f0_and_does_not_warn():
    y = np.zeros(2 * SR, dtype=np.float32)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table, summary = features.frame_table(y), features.summarise(y)
        assert features.speech_rate(y) == 0
        assert np.isnan(features.octave_jumps(features.pitch(y)))
    assert table["f0"].isna().all()
    assert not table["voiced"].any()
    assert table.drop(columns=["f0", "semitones"]).notna().all(axis=None)
    assert summary[["f0", "level", "centroid", "rolloff", "f0_range"]].isna().all()
    assert summary["voiced"] == 0


@pytest.mark.parametrize(
    "measure, seconds",
    [
        (features.frame_table, 0.063),
        (features.pitch, 0.039),
        (features.syllable_nuclei, 0.127),
        (features.speech_rate, 0.127),
        (features.summarise, 0.127),
        (features.talk_start, 0.127),
    ],
)
def test_a_recording_that_is_too_short_says_so(sine, measure, seconds):
    with pytest.raises(TutorialError, match="[Cc]hoose a longer recording"):
        measure(sine(200, seconds))


def test_the_shortest_recording_that_is_long_enough_is_measured(sine):
    assert features.summarise(sine(200, 0.128))["f0"] == pytest.approx(200, rel=0.01)


def test_a_summary_is_the_median_of_the_voiced_frames(voice, noise):
    y = np.concatenate([voice, noise(2.0, rms=0.02)])
    table, summary = features.frame_table(y), features.summarise(y)
    voiced = table[table["voiced"]]
    for column in ("f0", "level", "centroid", "rolloff"):
        assert summary[column] == pytest.approx(np.median(voiced[column]))
    low, high = np.percentile(12 * np.log2(voiced["f0"] / 100), [10, 90])
    assert summary["f0_range"] == pytest.approx(high - low)
    assert summary["seconds"] == 5.0
    assert summary["voiced"] == pytest.approx(len(voiced) / len(table))
    assert summary["f0"] == pytest.approx(150, rel=0.05)


# Speech rate and tempo


@pytest.mark.parametrize("n_samples", [2048, 2049, 5000, 20 * SR, 20 * SR - 1, 20 * SR - 79])
def test_loudness_is_praats_intensity(talk, n_samples):
    y = talk[:n_samples]
    begins, loudness = features._loudness(lambda first, last: y[first:last], n_samples, SR)
    odd = np.pad(y, (0, 1 - n_samples % 2)).astype(float)  # a sample in the middle, on which windows are centred
    contour = parselmouth.Sound(odd, SR).to_intensity(minimum_pitch=50.0, time_step=0.005)
    assert begins == pytest.approx(contour.xs()[0], abs=1e-9)
    assert len(loudness) == len(contour.values[0])
    assert loudness == pytest.approx(contour.values[0], abs=1e-5)


def test_syllables_of_a_train_of_voiced_bursts_are_counted_and_placed():
    onsets = np.cumsum([0.5, 0.25, 0.4, 0.3, 0.22, 0.5, 0.35, 0.3])
    y = np.zeros(4 * SR, dtype=np.float32)
    for onset in onsets:  # each burst is clicks at 120 Hz for 0.12 s, as the vocal folds make them
        first = round(onset * SR)
        y[first : first + round(0.12 * SR) : round(SR / 120)] = 0.5
    nuclei = features.syllable_nuclei(y)
    assert len(nuclei) == len(onsets)
    assert nuclei == pytest.approx(onsets + 0.06, abs=0.04)
    assert features.speech_rate(y) == pytest.approx(len(onsets) / 4)
    assert features.speech_rate(y, speech_seconds=2.0) == pytest.approx(len(onsets) / 2)


def test_clicks_and_hiss_without_a_voice_are_no_syllables(noise):
    clicks = np.zeros(4 * SR, dtype=np.float32)
    clicks[:: SR // 4] = 0.5
    assert features.speech_rate(clicks) == 0
    assert features.speech_rate(noise(4.0)) < 0.3


@pytest.mark.parametrize("db, counted", [(-18, 20), (-35, 10)])
def test_a_syllable_counts_down_to_25_db_below_the_loudest(db, counted):
    loud = features.harmonic_voice(140.0, seconds=2.5, syllables=4)
    y = np.concatenate([loud, loud * np.float32(10 ** (db / 20))])
    assert len(features.syllable_nuclei(y)) == counted


def test_the_rate_of_no_speech_at_all_is_missing(voice):
    assert np.isnan(features.speech_rate(voice, speech_seconds=0.0))


def test_syllable_rate_follows_a_known_change_of_speed():
    rates = [features.speech_rate(features.harmonic_voice(140.0, seconds=10, syllables=s)) for s in (3.0, 5.0)]
    assert rates == pytest.approx([3.0, 5.0], abs=0.1)


@pytest.mark.parametrize("bpm", [80, 100, 120])
def test_tempo_of_a_click_train_is_its_tempo(bpm):
    clicks = np.zeros(15 * SR, dtype=np.float32)
    clicks[:: round(60 / bpm * SR)] = 0.9
    tempo, _ = librosa.beat.beat_track(y=clicks, sr=SR, hop_length=HOP)
    assert tempo[0] == pytest.approx(bpm, rel=0.02)


def test_music_has_the_tempo_and_the_chords_that_were_planted():
    music = features.chord_music(list(CHORDS.values()), bpm=100, seed=1)
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
    first, again, other = (features.chord_music([(0, 4, 7)], bpm=120, seed=seed) for seed in (1, 1, 2))
    assert (first == again).all()
    assert (first != other).any()


def test_the_synthetic_voice_has_the_f0_and_the_peak_it_states():
    y = features.harmonic_voice(123.0, seconds=1)
    assert len(y) == SR
    assert y.dtype == np.float32
    assert np.abs(y).max() == pytest.approx(0.5)
    assert np.median(praat_f0(y)) == pytest.approx(123.0, rel=1e-3)
    spectrum = np.abs(np.fft.rfft(y))
    assert spectrum[123] / spectrum[246] == pytest.approx(2.0, rel=0.02)  # the k-th harmonic has amplitude 1 / k
    assert spectrum[4100:].max() < 1e-3 * spectrum.max()


def some_turns():
    rows = [
        ("a", 0.0, 10.0, "music"),
        ("a", 10.0, 11.0, "silence"),
        ("a", 11.0, 20.0, "speech"),
        ("a", 19.5, 30.0, "speech"),
        ("a", 30.0, 40.0, "speech"),
        ("a", 40.0, 50.0, "speech"),
        ("a", 40.0, 50.0, "music"),
        ("a", 50.0, 70.0, "speech"),
        ("a", 55.0, 56.0, "speech"),
        ("b", 31.0, 39.0, "speech"),
    ]
    return pd.DataFrame(rows, columns=["recording", "onset", "offset", "kind"]).reindex(columns=features.TURN_COLUMNS)


def test_only_turns_that_nothing_overlaps_are_alone():
    found = features.excerpt_turns(some_turns(), "a", start=0, seconds=100)
    assert list(found["onset"]) == [0, 11, 19.5, 30, 40, 40, 50, 55]
    assert list(found["alone"]) == [True, False, False, True, False, False, False, False]


def test_turns_of_an_excerpt_lie_in_it_as_a_whole_and_what_lies_outside_still_overlaps():
    found = features.excerpt_turns(some_turns(), "a", start=19.5, seconds=20.5)
    assert list(found["onset"]) == [19.5, 30]
    assert list(found["alone"]) == [False, True]


def test_where_no_turns_are_known_there_are_none():
    found = features.excerpt_turns(None, "a", start=0, seconds=100)
    assert len(found) == 0 and found["alone"].dtype == bool
    assert len(found[found["alone"] & (found["offset"] - found["onset"] >= 10)]) == 0


def test_talk_is_found_among_noise_and_music(voice, noise):
    music = features.chord_music(list(CHORDS.values()), bpm=100)
    y = np.concatenate([noise(4.0, rms=0.01), music, voice, music])
    talk = 4.0 + len(music) / SR
    assert features.talk_start(y, seconds=3.0) == pytest.approx(talk, abs=0.3)
    assert features.talk_start(y, seconds=60.0) == 0.0


def test_nuclei_take_the_pitch_track_that_is_given_to_them():
    y = features.harmonic_voice(120.0, seconds=3, syllables=4)
    track = features.pitch(y)
    assert np.array_equal(features.syllable_nuclei(y, track=track), features.syllable_nuclei(y))
    assert len(features.syllable_nuclei(y, track=track.assign(f0=np.nan))) == 0
