import numpy as np
import pandas as pd
import pytest
import soundfile as sf
import soxr

from tutorial_helpers import data_prep
from tutorial_helpers.errors import DamageWarning, TutorialError

SR = data_prep.SR


@pytest.mark.parametrize("native_sr", [8_000, 11_025, 44_100, 48_000])
def test_a_stream_of_blocks_is_resampled_as_the_whole_is_at_every_rate(noise, tmp_path, native_sr):
    y = noise(70, sr=native_sr)
    sf.write(tmp_path / "x.wav", np.stack([0.5 * y, 1.5 * y], axis=1), native_sr, subtype="FLOAT")
    for sr in (SR, 12_000):
        blocks = list(data_prep.stream(tmp_path / "x.wav", sr=sr))
        assert len(blocks) > 2 and max(map(len, blocks)) < 31 * sr
        assert all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
        streamed, whole = np.concatenate(blocks), soxr.resample(y, native_sr, sr)
        assert len(streamed) == len(whole)
        assert np.abs(streamed - whole).max() < 1e-5


def test_a_stream_lets_silence_and_the_shortest_recording_pass_and_read_refuses_them(tmp_path, noise):
    sf.write(tmp_path / "quiet.wav", np.zeros(2 * SR), SR)
    sf.write(tmp_path / "click.wav", noise(0.02), SR)
    assert not np.concatenate(list(data_prep.stream(tmp_path / "quiet.wav"))).any()
    assert sum(map(len, data_prep.stream(tmp_path / "click.wav"))) == 320
    with pytest.raises(TutorialError, match="quiet.wav is silent from 0 s to 2.0 s"):
        data_prep.read(tmp_path / "quiet.wav")
    with pytest.raises(TutorialError, match="click.wav has 0.020 s of sound .* longer recording"):
        data_prep.read(tmp_path / "click.wav")


def test_a_recording_on_disk_is_read_again_as_it_is_in_memory(noise, tmp_path):
    sf.write(tmp_path / "x.wav", noise(40), SR, subtype="FLOAT")
    y = data_prep.read(tmp_path / "x.wav")
    with data_prep.on_disk(tmp_path / "x.wav") as (samples, n_samples):
        assert n_samples == len(y)
        assert np.array_equal(samples(30 * SR, 31 * SR), y[30 * SR : 31 * SR])
        assert np.array_equal(samples(0, n_samples), y)


@pytest.mark.parametrize("native_sr", [8_000, 11_025, 22_050, 32_000, 44_100, 44_099])
def test_excerpts_that_follow_each_other_are_the_whole_to_the_sample(noise, tmp_path, native_sr):
    sf.write(tmp_path / "x.wav", noise(20, sr=native_sr), native_sr, subtype="FLOAT")
    y = data_prep.read(tmp_path / "x.wav")
    for seconds in (0.5, 1.7):
        starts = np.arange(0, 20, seconds)
        pieces = [data_prep.read(tmp_path / "x.wav", start=start, seconds=seconds) for start in starts]
        assert np.abs(np.concatenate(pieces) - y).max() < 1e-5


@pytest.fixture
def voice(prompts):
    return data_prep.read(prompts.recordings.loc["en/demo-instruct", "path"], seconds=20)


def test_a_voice_on_one_of_two_channels_is_said_with_the_channel_to_read(voice, tmp_path):
    sf.write(tmp_path / "x.wav", np.stack([np.zeros_like(voice), voice], axis=1), SR, subtype="FLOAT")
    with pytest.warns(
        DamageWarning, match=r"x.wav: 0.00 to 20.00 s: channel 1 of 2 is silent.* 6 dB too low.* channel=2"
    ):
        mean = data_prep.read(tmp_path / "x.wav")
    assert np.abs(mean - voice / 2).max() < 1e-6
    assert np.abs(data_prep.read(tmp_path / "x.wav", channel=2) - voice).max() < 1e-6
    assert "channel 1 of 2 is silent" in data_prep.probe(tmp_path / "x.wav").damage
    with pytest.raises(TutorialError, match="x.wav has 2 channels: choose from 1 to 2, not 3"):
        data_prep.read(tmp_path / "x.wav", channel=3)
    with pytest.raises(TutorialError, match="x.wav is silent"):
        data_prep.read(tmp_path / "x.wav", channel=1)


@pytest.mark.parametrize(("milliseconds", "is_told"), [(0, False), (0.5, False), (5, True), (-20, True)])
def test_a_channel_that_is_late_is_said(voice, noise, tmp_path, milliseconds, is_told):
    late = np.roll(voice, round(milliseconds * SR / 1000)) + noise(len(voice) / SR, rms=0.005)
    sf.write(tmp_path / "x.wav", np.stack([voice, late], axis=1), SR)
    damage = data_prep.probe(tmp_path / "x.wav").damage
    assert (f"one channel is {abs(milliseconds):.0f} ms late" in damage) == is_told
    assert bool(damage) == is_told


def test_two_channels_with_different_sound_are_nothing_to_be_told(voice, tmp_path):
    sf.write(tmp_path / "x.wav", np.stack([voice, voice[::-1]], axis=1), SR)
    assert data_prep.probe(tmp_path / "x.wav").damage == ""


def test_channels_that_cancel_are_told_at_the_end_unless_something_is_left_somewhere(sine, tmp_path):
    tone = sine(300, 70)
    sides = np.stack([tone, -tone], axis=1)
    sf.write(tmp_path / "x.wav", sides, SR)
    with pytest.raises(TutorialError, match="x.wav: its channels cancel"):
        data_prep.read(tmp_path / "x.wav")
    assert "channels cancel" in data_prep.probe(tmp_path / "x.wav").damage
    sides[60 * SR :, 1] = tone[60 * SR :]
    sf.write(tmp_path / "y.wav", sides, SR)
    assert len(data_prep.read(tmp_path / "y.wav")) == 70 * SR
    assert np.allclose(data_prep.downmix(np.stack([tone, 0 * tone], axis=1)), tone / 2)


def test_probe_tells_rate_channels_codec_and_length(tmp_path):
    sf.write(tmp_path / "x.wav", np.zeros((22_050, 2)), 22_050)
    facts = data_prep.probe(tmp_path / "x.wav")
    assert (facts.sr, facts.channels, facts.codec, facts.seconds) == (22_050, 2, "pcm_s16le", 1.0)
    assert (facts.damage, facts.header_seconds) == ("", 1.0)


def test_a_recording_that_ends_early_gives_what_it_has(sine, tmp_path):
    sf.write(tmp_path / "x.wav", sine(440, 3), SR)
    assert len(data_prep.read(tmp_path / "x.wav", start=1, seconds=600)) == 2 * SR


def test_resampling_keeps_a_tone_and_removes_what_the_new_rate_cannot_hold(sine, tmp_path):
    sf.write(tmp_path / "x.wav", sine(1_000, 2, sr=44_100) + sine(10_000, 2, sr=44_100), 44_100)
    y = data_prep.read(tmp_path / "x.wav")
    spectrum = np.abs(np.fft.rfft(y * np.hanning(len(y))))
    frequencies = np.fft.rfftfreq(len(y), 1 / SR)
    assert abs(frequencies[spectrum.argmax()] - 1_000) < 1
    alias = spectrum[np.abs(frequencies - 6_000) < 50].max()  # 16,000 - 10,000: where it would fold to
    assert alias < 1e-4 * spectrum.max()


def test_quality_of_a_sine_is_known(sine):
    found = data_prep.quality(sine(1_000, amplitude=0.5), SR)
    assert found["clipped"] == found["silent"] == 0
    assert abs(found["dc_offset"]) < 1e-6
    assert abs(found["peak"] - -6.02) < 0.01
    assert abs(found["rms"] - -9.03) < 0.01
    assert abs(found["bandwidth"] - 1_000) <= 100


def test_planted_damage_is_found(sine, noise):
    assert data_prep.quality(np.clip(4 * sine(300), -1, 1), SR)["clipped"] > 0.9
    assert data_prep.quality(np.r_[sine(300), 0 * sine(300)], SR)["silent"] == pytest.approx(0.5, abs=0.01)
    assert data_prep.quality(sine(300) + 0.05, SR)["dc_offset"] == pytest.approx(0.05, abs=1e-4)
    narrow = soxr.resample(soxr.resample(noise(5), SR, 6_000), 6_000, SR)
    assert data_prep.quality(narrow, SR)["bandwidth"] == pytest.approx(3_000, abs=200)
    assert data_prep.quality(noise(5), SR)["bandwidth"] > 7_900


def test_quality_refuses_a_handful_of_samples():
    with pytest.raises(TutorialError, match="100 samples are too few"):
        data_prep.quality(np.ones(100, np.float32), SR)


def test_half_the_amplitude_is_six_decibels_less_and_silence_is_minus_120():
    assert data_prep.dbfs(0.5) == pytest.approx(-6.0206, abs=1e-4)
    assert data_prep.dbfs(0.0) == pytest.approx(-120)


def test_speech_is_found_where_it_was_put_and_not_in_noise_or_tones(prompts, noise, sine):
    spoken = data_prep.read(prompts.recordings.loc["en/demo-abouttotry", "path"])
    found = data_prep.voice_activity(np.concatenate([noise(3, rms=0.01), spoken, noise(3, rms=0.01)]), SR)
    assert abs(found["onset"].iloc[0] - 3) < 0.4
    assert abs(found["offset"].iloc[-1] - (3 + len(spoken) / SR)) < 0.6
    assert data_prep.voice_activity(noise(3), SR).empty
    assert data_prep.voice_activity(sine(440, 3), SR).empty


@pytest.mark.parametrize("level", [-20, -40, -60, -70])  # dB
def test_a_quiet_voice_is_found_as_a_loud_one_is_and_quiet_noise_is_none(prompts, noise, level):
    spoken = data_prep.read(prompts.recordings.loc["en/demo-abouttotry", "path"])
    quiet = np.float32(10 ** (level / 20) / np.abs(spoken).max())
    times = np.arange(0, len(spoken) / SR, 0.01)
    found, loud = (data_prep.inside(times, data_prep.voice_activity(y, SR)) for y in (spoken * quiet, spoken))
    assert (found == loud).mean() > 0.98
    assert data_prep.voice_activity(noise(3, rms=quiet / 10), SR).empty


def test_what_is_loud_enough_stays_and_a_click_does_not_make_a_recording_loud(voice):
    assert data_prep.audible(voice) is voice
    clicked = voice / 1000
    clicked[1000] = 1
    assert np.abs(data_prep.audible(clicked)).sum() > 100 * np.abs(clicked).sum()
    assert not data_prep.audible(np.zeros(100)).any() and not len(data_prep.audible(np.zeros(0)))


def test_voice_activity_refuses_a_rate_it_was_not_trained_on(sine):
    with pytest.raises(TutorialError, match="not 22050 Hz"):
        data_prep.voice_activity(sine(440), 22_050)


def test_times_inside_stretches_are_told_from_those_outside():
    stretches = pd.DataFrame({"onset": [1.0, 3.0], "offset": [2.0, 4.0]})
    assert data_prep.inside([0.5, 1.0, 1.9, 2.0, 3.5], stretches).tolist() == [False, True, True, False, True]
    assert data_prep.inside([0.5], stretches.iloc[:0]).tolist() == [False]


def test_samples_go_to_pydub_and_back_and_mp3_is_written_without_ffmpeg_installed(sine, tmp_path, monkeypatch):
    segment = data_prep.to_pydub(sine(440), SR)
    assert np.abs(data_prep.from_pydub(segment) - sine(440)).max() < 2 / 32_768
    monkeypatch.setenv("PATH", "")
    segment.export(tmp_path / "x.mp3", format="mp3")
    assert data_prep.probe(tmp_path / "x.mp3").codec == "mp3"
