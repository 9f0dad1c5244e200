"""Pitch and syllables hold known answers, agree with Praat called directly, and fit low, high and creaky voices."""

import warnings

import numpy as np
import pandas as pd
import parselmouth
import pytest
from parselmouth.praat import call
from scipy.signal import lfilter

from tutorial_helpers import corpora, data_prep, praat, segments, synthesis, voice
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.features import frame_table

SR = 16_000


def praat_f0(y, floor, ceiling):
    """F0 (Hz) of the voiced frames by Praat's own command, with its defaults spelt out."""
    sound = parselmouth.Sound(np.asarray(y, dtype=float), SR)
    settings = (0.01, floor, 15, "no", 0.03, 0.45, 0.01, 0.35, 0.14, ceiling)
    pitch = call(sound, "To Pitch (ac)...", *settings)
    values = [call(pitch, "Get value in frame", i + 1, "Hertz") for i in range(call(pitch, "Get number of frames"))]
    return np.array([value for value in values if np.isfinite(value)])


@pytest.fixture(scope="module")
def show():
    return corpora.load("show")


@pytest.fixture(scope="module")
def turn_of(show):
    """The first turn of a speaker of the pilot, as samples."""

    def read(speaker, style="calm"):
        turns = corpora.spoken(show).query("recording == @show.default and speaker == @speaker")
        row = pd.concat([turns[turns["style"] == style], turns]).iloc[0]
        return data_prep.read(row.path, start=row.onset, seconds=min(row.offset - row.onset, 10))

    return read


def moved(y, median):
    """A voice whose median F0 was moved to a number of Hz by Praat."""
    sound = parselmouth.Sound(y.astype(float), SR)
    return call(sound, "Change gender...", 75, 600, 1.15, median, 1.0, 1.0).values[0].astype(np.float32)


# pitch


@pytest.mark.parametrize("f0", [60.0, 150.0, 440.0, 650.0])
def test_f0_of_a_sine_is_its_frequency(sine, f0):
    track = voice.pitch(sine(f0))
    assert track["f0"].notna().mean() > 0.9
    assert track["f0"].median() == pytest.approx(f0, rel=1e-3)


@pytest.mark.parametrize("name", ["en/vm-intro", "it/vm-intro"])
def test_f0_of_a_real_prompt_equals_praat_run_independently(prompts, name):
    y = data_prep.read(prompts.recordings.loc[name, "path"])
    floor, ceiling = voice.search_range(y)
    f0 = voice.pitch(y)["f0"].dropna().to_numpy()
    assert len(f0) > 50
    assert f0 == pytest.approx(praat_f0(y, floor, ceiling), rel=1e-6)


def test_pitch_of_a_known_glide_is_recovered_within_a_quarter_semitone():
    glide = 100 * 2 ** (np.arange(2 * SR) / SR / 2)  # an octave in two seconds
    track = voice.pitch(synthesis.harmonic_voice(glide))
    error = np.abs(voice.semitones(track["f0"], 100 * 2 ** (track["time"] / 2))).dropna()
    assert len(error) > 180
    assert error.max() < 0.25


@pytest.mark.parametrize("median", [395.0, 439.0, 489.0])
def test_a_voice_that_was_moved_up_is_measured_where_it_was_moved_to(turn_of, median):
    found = voice.pitch(moved(turn_of("cohost"), median))["f0"].median()
    assert abs(voice.semitones(found, median)) < 0.5  # 75 to 500 Hz is 2 to 5 semitones off


def test_creak_of_53_hz_is_measured_as_53_hz():
    pulses = np.zeros(3 * SR)
    jitter = np.random.default_rng(0).normal(0, 0.03, 160)
    pulses[(np.cumsum(1 + jitter)[:150] * SR / 53).astype(int)] = 1.0
    resonance = np.exp(-np.pi * 90 / SR)  # a formant near 430 Hz, which a floor of 75 Hz takes for the pitch
    y = lfilter([1], [1, -2 * resonance * np.cos(2 * np.pi * 430 / SR), resonance**2], pulses)
    y = (0.5 * y / np.abs(y).max()).astype(np.float32)
    assert voice.pitch(y, floor=75, ceiling=500)["f0"].median() > 100
    assert voice.pitch(y)["f0"].median() == pytest.approx(53, rel=0.05)


def test_a_bass_of_music_does_not_set_the_floor_for_a_voice(turn_of):
    y = turn_of("host")
    music = synthesis.chord_music([(0, 4, 7), (9, 0, 4)], bpm=100)
    alone, beside = voice.search_range(y), voice.search_range(np.concatenate([music, y, music]))
    assert beside[0] > 0.8 * alone[0]


def test_the_range_holds_a_low_and_a_high_voice_of_one_recording(turn_of):
    low, high = turn_of("host"), turn_of("Grace")
    floor, ceiling = voice.search_range(np.concatenate([low, high]))
    f0 = [voice.pitch(y)["f0"].dropna() for y in (low, high)]
    assert floor < f0[0].quantile(0.05) and f0[1].quantile(0.95) < ceiling


def test_a_floor_or_a_ceiling_that_is_given_is_kept(sine):
    assert voice.pitch(sine(110), floor=75)["f0"].median() == pytest.approx(110, rel=1e-3)
    assert not np.isclose(voice.pitch(sine(110), floor=150)["f0"].median(), 110, rtol=0.1)
    with pytest.raises(TutorialError, match="between a floor and a ceiling, not between 300 and 200 Hz"):
        voice.pitch(sine(110), floor=300, ceiling=200)


def test_noise_and_silence_have_no_pitch_and_do_not_warn(noise):
    assert voice.pitch(noise(5.0))["f0"].notna().mean() < 0.1
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        silence = voice.pitch(np.zeros(2 * SR, np.float32))
        assert voice.speech_rate(np.zeros(2 * SR, np.float32)) == 0
    assert silence["f0"].isna().all()


def test_gain_does_not_move_pitch(turn_of):
    y = turn_of("host")
    assert voice.pitch(y / 8)["f0"].to_numpy() == pytest.approx(voice.pitch(y)["f0"], nan_ok=True)


def test_f0_at_takes_the_nearest_step_and_nothing_from_far_away():
    track = pd.DataFrame({"time": [0.10, 0.11, 0.12], "f0": [100.0, np.nan, 120.0]})
    times = np.array([0.05, 0.094, 0.096, 0.104, 0.106, 0.116, 0.124, 0.126])
    expected = [np.nan, np.nan, 100, 100, np.nan, 120, 120, np.nan]
    assert voice.f0_at(times, track) == pytest.approx(expected, nan_ok=True)
    half_way = pd.DataFrame({"time": np.arange(200) * 0.01 + 0.005, "f0": np.arange(200.0)})
    assert voice.f0_at(np.arange(1, 200) * 0.01, half_way) == pytest.approx(np.arange(199.0))


def test_an_octave_is_twelve_semitones_at_any_height():
    assert voice.semitones(np.array([100.0, 200.0, 400.0])) == pytest.approx([0, 12, 24])
    assert voice.semitones(300.0, 150.0) == pytest.approx(12)


def test_octave_errors_are_counted_beside_a_gap_too():
    track = pd.DataFrame({"f0": [100.0] * 6 + [np.nan] + [201.0] * 3 + [np.nan] + [99.0]})
    assert voice.octave_errors(track, 100.0) == pytest.approx(3 / 10)
    assert np.isnan(voice.octave_errors(track[6:7], 100.0))


def test_a_floor_of_150_hz_shows_in_the_check_and_the_right_one_passes(turn_of):
    low = turn_of("host", style="agitated")
    right = voice.pitch(low)
    assert voice.octave_errors(voice.pitch(low, floor=150), right["f0"].median()) > 0.2
    assert voice.octave_errors(right, right["f0"].median()) < 0.05


# blocks: what is long is measured in parts, and the parts do not show


@pytest.mark.parametrize("n_samples", [1600, 4 * SR, 4 * SR + 1, 61_440])
def test_praat_counts_its_steps_as_we_do(noise, monkeypatch, n_samples):
    y = noise(4.1)[:n_samples]
    whole = voice.pitch(y, floor=75, ceiling=500)
    monkeypatch.setattr(praat, "BLOCK", 100)
    blocks = voice.pitch(y, floor=75, ceiling=500)
    assert blocks["time"].to_numpy() == pytest.approx(whole["time"].to_numpy(), abs=1e-9)


def test_pitch_in_blocks_is_that_of_the_whole(turn_of, monkeypatch):
    y = np.concatenate([turn_of("host"), 0.05 * turn_of("cohost"), turn_of("Grace")]) + np.float32(0.001)
    whole, nuclei = voice.pitch(y), voice.syllable_nuclei(y)
    monkeypatch.setattr(praat, "BLOCK", 700)
    blocks = voice.pitch(y)
    assert len(blocks) == len(whole) > 1400
    assert np.mean(blocks["f0"].isna() == whole["f0"].isna()) > 0.995
    assert np.abs(voice.semitones(blocks["f0"], whole["f0"])).quantile(0.99) < 0.1
    assert voice.syllable_nuclei(y) == pytest.approx(nuclei, abs=0.01)


# syllables


@pytest.mark.parametrize("n_samples", [2048, 5000, 10 * SR - 79])
def test_loudness_is_praats_intensity(turn_of, n_samples):
    y = turn_of("host")[:n_samples]
    n_samples = len(y)
    begins, loudness = praat._loudness(lambda first, last: y[first:last], n_samples, SR)
    odd = np.pad(y, (0, 1 - n_samples % 2)).astype(float)  # a sample in the middle, on which windows are centred
    contour = parselmouth.Sound(odd, SR).to_intensity(minimum_pitch=50.0, time_step=0.005)
    assert begins == pytest.approx(contour.xs()[0], abs=1e-9)
    assert loudness == pytest.approx(contour.values[0], abs=1e-5)


def test_syllables_of_a_train_of_voiced_bursts_are_counted_and_placed():
    onsets = np.cumsum([0.5, 0.25, 0.4, 0.3, 0.22, 0.5, 0.35, 0.3])
    y = np.zeros(4 * SR, dtype=np.float32)
    for onset in onsets:  # each burst is clicks at 120 Hz for 0.12 s, as the vocal folds make them
        first = round(onset * SR)
        y[first : first + round(0.12 * SR) : round(SR / 120)] = 0.5
    assert voice.syllable_nuclei(y) == pytest.approx(onsets + 0.06, abs=0.04)
    assert voice.speech_rate(y) == pytest.approx(len(onsets) / 4)
    assert voice.speech_rate(y, speech_seconds=2.0) == pytest.approx(len(onsets) / 2)
    assert np.isnan(voice.speech_rate(y, speech_seconds=0.0))


def test_clicks_and_hiss_without_a_voice_are_no_syllables(noise):
    clicks = np.zeros(4 * SR, dtype=np.float32)
    clicks[:: SR // 4] = 0.5
    assert voice.speech_rate(clicks) == 0
    assert voice.speech_rate(noise(4.0)) < 0.3


@pytest.mark.parametrize("db, counted", [(-18, 20), (-35, 10)])
def test_a_syllable_counts_down_to_25_db_below_the_loudest(db, counted):
    loud = synthesis.harmonic_voice(140.0, seconds=2.5, syllables=4)
    y = np.concatenate([loud, loud * np.float32(10 ** (db / 20))])
    assert len(voice.syllable_nuclei(y)) == counted


def test_talk_is_found_among_noise_and_music(turn_of, noise):
    music = synthesis.chord_music([(0, 4, 7), (9, 0, 4), (5, 9, 0)], bpm=100)
    y = np.concatenate([noise(4.0, rms=0.01), music, turn_of("host")[: 3 * SR], music])
    assert voice.talk_start(y, seconds=3.0) == pytest.approx(4.0 + len(music) / SR, abs=0.3)
    assert voice.talk_start(y, seconds=60.0) == 0.0


@pytest.mark.parametrize(
    "measure, seconds",
    [(voice.pitch, 0.05), (voice.syllable_nuclei, 0.127), (voice.talk_start, 0.127), (frame_table, 0.127)],
)
def test_a_recording_that_is_too_short_says_so(sine, measure, seconds):
    with pytest.raises(TutorialError, match="[Cc]hoose a longer recording"):
        measure(sine(200, seconds))


# what speaks against a pitch stands beside it


def flag(y, **limits):
    frames = frame_table(y, **limits)
    return segments.measure(frames, segments.windows(frames, len(y) / SR - 0.1))["pitch_flag"].iloc[0]


def test_a_whisper_is_flagged_and_a_voice_is_not(turn_of, noise):
    whisper = lfilter([1], [1, -1.6, 0.8], noise(5.0)) * (0.6 + 0.4 * np.sin(2 * np.pi * 4 * np.arange(5 * SR) / SR))
    assert flag((0.05 * whisper).astype(np.float32)) == "few voiced frames"
    assert flag(turn_of("host")) == ""


def test_a_pile_at_the_floor_or_the_ceiling_is_flagged(turn_of):
    low = turn_of("host", style="agitated")
    assert flag(low, floor=90, ceiling=500) == "at the limit of the search"
    assert flag(low) == ""
    high = moved(turn_of("cohost"), 395.0)
    assert flag(high, floor=75, ceiling=500) == "at the limit of the search"
    assert flag(high) == ""
