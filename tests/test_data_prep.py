import subprocess

import av
import imageio_ffmpeg
import numpy as np
import pytest
import soundfile as sf
import soxr

from tutorial_helpers import data_prep
from tutorial_helpers.errors import TutorialError

SR = data_prep.SR


def encode(y, sr, path, *options):
    """Write y with ffmpeg, in whatever format the name says."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", "-f", "f32le", "-ar", str(sr), "-i", "-"]
    subprocess.run([*command, *options, str(path)], input=y.astype("<f4").tobytes(), check=True)
    return path


@pytest.fixture
def chirp():
    """A minute whose pitch rises all the time: two places never sound alike."""
    times = np.arange(60 * 44_100) / 44_100
    return (0.4 * np.sin(2 * np.pi * (200 * times + 20 * times**2))).astype(np.float32)


@pytest.fixture
def headless_mp3(noise, sine, tmp_path):
    """80 s of variable-rate mp3 whose header does not say how long it is: a dense beginning misleads who guesses."""
    y = np.concatenate([noise(20, sr=44_100), sine(300, 60, amplitude=0.01, sr=44_100)])
    return encode(y, 44_100, tmp_path / "headless.mp3", "-q:a", "5", "-write_xing", "0")


def test_an_excerpt_is_exactly_the_samples_that_were_stored(chirp, tmp_path):
    sf.write(tmp_path / "x.wav", chirp, 44_100, subtype="FLOAT")
    samples, sr = data_prep.read_native(tmp_path / "x.wav", start=12.5, seconds=3)
    assert sr == 44_100
    assert np.array_equal(samples[:, 0], chirp[round(12.5 * 44_100) :][: 3 * 44_100])


@pytest.mark.parametrize(
    ("name", "options"),
    [
        ("constant.mp3", ["-b:a", "64k"]),
        ("variable.mp3", ["-q:a", "5"]),
        ("headless.mp3", ["-q:a", "5", "-write_xing", "0"]),
        ("x.ogg", ["-c:a", "libvorbis"]),
        ("x.m4a", ["-c:a", "aac"]),
    ],
)
@pytest.mark.parametrize("start", [0.2, 33.3, 55.0])
def test_an_excerpt_of_a_compressed_file_equals_the_same_seconds_of_the_whole(chirp, tmp_path, name, options, start):
    path = encode(chirp, 44_100, tmp_path / name, *options)
    whole, sr = data_prep.read_native(path)
    excerpt, _ = data_prep.read_native(path, start=start, seconds=2)
    first = round(start * sr)
    assert len(excerpt) == 2 * sr
    assert np.abs(excerpt - whole[first : first + len(excerpt)]).max() < 2e-3


@pytest.mark.parametrize("start", [0.2, 33.3, 55.0])
def test_an_excerpt_of_an_mp3_in_a_matroska_file_is_less_than_a_millisecond_off(chirp, tmp_path, start):
    path = encode(chirp, 44_100, tmp_path / "x.mka", "-c:a", "libmp3lame", "-b:a", "64k")
    whole, sr = data_prep.read_native(path)
    excerpt, _ = data_prep.read_native(path, start=start, seconds=2)
    first, off = round(start * sr), sr // 1000  # such a file notes its times in milliseconds
    shifts = [whole[first + shift : first + shift + len(excerpt)] for shift in range(-off, off + 1)]
    assert min(np.abs(excerpt - shifted).max() for shifted in shifts) < 2e-3


@pytest.fixture(scope="module")
def hour(tmp_path_factory):
    """An hour of mp3 at a constant bit rate: a minute whose every second sounds different, joined sixty times."""
    folder = tmp_path_factory.mktemp("hour")
    y = 0.1 * np.random.default_rng(0).standard_normal(60 * 44_100)
    sf.write(folder / "minute.wav", y, 44_100)
    ffmpeg = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error"]
    minute, hour = folder / "minute.mp3", folder / "hour.mp3"
    subprocess.run([*ffmpeg, "-i", folder / "minute.wav", "-b:a", "64k", minute], check=True)
    subprocess.run([*ffmpeg, "-stream_loop", "59", "-i", minute, "-c", "copy", hour], check=True)
    return hour


@pytest.mark.parametrize("start", [1.0, 1234.5, 2400.0, 3333.33, 3590.0])
def test_a_leap_in_a_constant_bit_rate_lands_on_the_sample_that_reading_up_to_there_finds(hour, monkeypatch, start):
    leapt, sr = data_prep.read_native(hour, start=start, seconds=1)
    monkeypatch.setattr(data_prep, "_mp3_header", lambda path: None)  # now ffmpeg reads all packets before
    walked, _ = data_prep.read_native(hour, start=start, seconds=1)
    assert len(leapt) == len(walked) == sr
    assert np.abs(leapt - walked).max() < 1e-4 < np.abs(walked).max()


def test_only_a_bit_rate_that_is_constant_is_leapt_over(hour, chirp, tmp_path):
    lies = encode(chirp, 44_100, tmp_path / "lies.mp3", "-q:a", "5")
    lies.write_bytes(lies.read_bytes().replace(b"Xing", b"Info", 1))  # it says constant, and is not
    for path, leaps in ((hour, True), (lies, False)):
        with data_prep._open_with_av(path) as container:
            data_prep._seek(container, path, 40.0)
            assert bool(container.flags & av.container.Flags.fast_seek.value) == leaps
    whole, sr = data_prep.read_native(lies)
    excerpt, _ = data_prep.read_native(lies, start=40, seconds=2)
    assert np.abs(excerpt - whole[40 * sr : 42 * sr]).max() < 2e-3


def test_reading_in_blocks_does_not_show(chirp, tmp_path):
    sf.write(tmp_path / "x.wav", chirp, 44_100, subtype="FLOAT")
    whole = soxr.resample(chirp, 44_100, SR)
    assert np.abs(data_prep.read(tmp_path / "x.wav") - whole).max() < 1e-5


def test_a_stream_is_what_is_read_in_blocks_of_half_a_minute(chirp, tmp_path):
    sf.write(tmp_path / "x.wav", np.concatenate([chirp, chirp[::-1]]), 44_100, subtype="FLOAT")
    encode(chirp, 44_100, tmp_path / "x.mp3", "-q:a", "5")
    for name, excerpt in (("x.wav", {}), ("x.wav", {"start": 12.5, "seconds": 70.0}), ("x.mp3", {"start": 3.0})):
        blocks = list(data_prep.stream(tmp_path / name, **excerpt))
        assert len(blocks) > 2 and all(block.dtype == np.float32 and block.ndim == 1 for block in blocks)
        assert max(len(block) for block in blocks) < 31 * SR
        np.testing.assert_array_equal(np.concatenate(blocks), data_prep.read(tmp_path / name, **excerpt))


@pytest.mark.parametrize("native_sr", [8_000, 11_025, 22_050, 48_000])
def test_a_stream_is_resampled_as_the_whole_is_at_every_rate(noise, tmp_path, native_sr):
    y = noise(70, sr=native_sr)
    sf.write(tmp_path / "x.wav", np.stack([0.5 * y, 1.5 * y], axis=1), native_sr, subtype="FLOAT")
    for sr in (SR, 12_000):
        streamed = np.concatenate(list(data_prep.stream(tmp_path / "x.wav", sr=sr)))
        whole = soxr.resample(y, native_sr, sr)
        assert len(streamed) == len(whole)
        assert np.abs(streamed - whole).max() < 1e-5


def test_a_stream_reads_no_further_than_it_is_asked_to(sine, tmp_path):
    y = sine(440, 70)
    y[65 * SR] = np.nan
    sf.write(tmp_path / "x.wav", y, SR, subtype="FLOAT")
    blocks = data_prep.stream(tmp_path / "x.wav")
    sound = np.concatenate([next(blocks), next(blocks)])  # what comes before the damage
    assert len(sound) > 55 * SR and np.isfinite(sound).all()
    with pytest.raises(TutorialError, match=r"x.wav holds NaN .* at 65.000 s"):
        list(blocks)


def test_a_stream_lets_silence_and_the_shortest_recording_pass_as_a_part_of_something_longer(tmp_path, noise):
    sf.write(tmp_path / "quiet.wav", np.zeros(2 * SR), SR)
    assert not np.concatenate(list(data_prep.stream(tmp_path / "quiet.wav"))).any()
    sf.write(tmp_path / "click.wav", noise(0.02), SR)
    assert sum(map(len, data_prep.stream(tmp_path / "click.wav"))) == 320


def test_a_stream_says_at_its_end_that_channels_cancel_although_they_do_not_everywhere(sine, tmp_path):
    tone = sine(300, 70)
    sides = np.stack([tone, -tone], axis=1)
    sf.write(tmp_path / "x.wav", sides, SR)
    blocks = data_prep.stream(tmp_path / "x.wav")
    with pytest.raises(TutorialError, match="x.wav: its channels cancel"):
        list(blocks)
    sides[60 * SR :, 1] = tone[60 * SR :]  # in the last seconds there is something left
    sf.write(tmp_path / "y.wav", sides, SR)
    assert sum(map(len, data_prep.stream(tmp_path / "y.wav"))) == 70 * SR


def test_a_stream_that_cannot_begin_says_why(tmp_path, sine):
    with pytest.raises(TutorialError, match="There is no file .*gone.mp3"):
        next(data_prep.stream(tmp_path / "gone.mp3"))
    sf.write(tmp_path / "x.wav", sine(440), SR)
    with pytest.raises(TutorialError, match="x.wav has no samples at 99 s"):
        next(data_prep.stream(tmp_path / "x.wav", start=99))
    with pytest.raises(TutorialError, match="an excerpt needs"):
        next(data_prep.stream(tmp_path / "x.wav", seconds=-1))


def test_an_mp3_without_a_length_in_its_header_is_counted_and_read_in_full(headless_mp3):
    facts = data_prep.probe(headless_mp3)
    assert abs(facts.seconds - 80) < 0.1
    assert abs(facts.header_seconds - 80) > 5  # the trap is there
    assert abs(len(data_prep.read(headless_mp3)) / SR - 80) < 0.1


def test_probe_tells_rate_channels_codec_and_length(tmp_path):
    sf.write(tmp_path / "x.wav", np.zeros((22_050, 2)), 22_050)
    facts = data_prep.probe(tmp_path / "x.wav")
    assert (facts.sr, facts.channels, facts.codec, facts.seconds) == (22_050, 2, "pcm_s16le", 1.0)


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


def test_a_downmix_is_the_mean_and_channels_that_cancel_are_refused(sine, tmp_path):
    tone = sine(300)
    assert np.allclose(data_prep.downmix(np.stack([tone, 0 * tone], axis=1)), tone / 2)
    sf.write(tmp_path / "x.wav", np.stack([tone, -tone], axis=1), SR)
    with pytest.raises(TutorialError, match="x.wav: its channels cancel"):
        data_prep.read(tmp_path / "x.wav")


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(TutorialError, match="There is no file .*gone.mp3"):
        data_prep.read(tmp_path / "gone.mp3")


def test_an_empty_file_is_named(tmp_path):
    (tmp_path / "empty.mp3").touch()
    with pytest.raises(TutorialError, match="empty.mp3 is empty"):
        data_prep.read(tmp_path / "empty.mp3")


def test_a_text_file_named_mp3_is_not_taken_for_sound(tmp_path):
    (tmp_path / "notes.mp3").write_text("These are notes, not sound.\n" * 50)
    with pytest.raises(TutorialError, match="notes.mp3 cannot be read as audio"):
        data_prep.read(tmp_path / "notes.mp3")


def test_an_mp3_that_was_cut_short_is_refused_even_for_an_early_excerpt(chirp, tmp_path):
    path = encode(chirp, 44_100, tmp_path / "cut.mp3", "-b:a", "64k")
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(TutorialError, match="cut.mp3 is cut short"):
        data_prep.read(path, seconds=5)


def test_silence_is_refused_and_said_where(tmp_path):
    sf.write(tmp_path / "quiet.wav", np.zeros(SR * 2), SR)
    with pytest.raises(TutorialError, match="quiet.wav is silent from 0 s to 2.0 s"):
        data_prep.read(tmp_path / "quiet.wav")


def test_nan_is_refused_and_its_place_told(sine, tmp_path):
    y = sine(440, 40)
    y[35 * SR] = np.nan
    sf.write(tmp_path / "nan.wav", y, SR, subtype="FLOAT")
    with pytest.raises(TutorialError, match=r"nan.wav holds NaN .* at 35.000 s"):
        data_prep.read(tmp_path / "nan.wav")


def test_a_recording_shorter_than_the_window_is_named(noise, tmp_path):
    sf.write(tmp_path / "click.wav", noise(0.02), SR)
    with pytest.raises(TutorialError, match="click.wav has 0.020 s of sound .* longer recording"):
        data_prep.read(tmp_path / "click.wav")


@pytest.mark.parametrize(("start", "seconds"), [(-1, 1), (0, 0), (0, -2)])
def test_an_excerpt_that_makes_no_sense_is_refused(sine, tmp_path, start, seconds):
    sf.write(tmp_path / "x.wav", sine(440), SR)
    with pytest.raises(TutorialError, match="an excerpt needs"):
        data_prep.read(tmp_path / "x.wav", start=start, seconds=seconds)


def test_a_start_behind_the_end_is_refused(sine, tmp_path):
    sf.write(tmp_path / "x.wav", sine(440), SR)
    encode(sine(440), SR, tmp_path / "x.mp3")
    for name in ("x.wav", "x.mp3"):
        with pytest.raises(TutorialError, match=f"{name} has no samples at 99 s"):
            data_prep.read(tmp_path / name, start=99)


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
    path = prompts.recordings.loc["en/demo-abouttotry", "path"]
    spoken = data_prep.read(path)
    y = np.concatenate([noise(3, rms=0.01), spoken, noise(3, rms=0.01)])
    found = data_prep.voice_activity(y, SR)
    assert abs(found["onset"].iloc[0] - 3) < 0.4
    assert abs(found["offset"].iloc[-1] - (3 + len(spoken) / SR)) < 0.6
    assert data_prep.voice_activity(noise(3), SR).empty
    assert data_prep.voice_activity(sine(440, 3), SR).empty


def test_voice_activity_refuses_a_rate_it_was_not_trained_on(sine):
    with pytest.raises(TutorialError, match="not 22050 Hz"):
        data_prep.voice_activity(sine(440), 22_050)


def test_times_inside_stretches_are_told_from_those_outside(prompts):
    import pandas as pd

    stretches = pd.DataFrame({"onset": [1.0, 3.0], "offset": [2.0, 4.0]})
    assert data_prep.inside([0.5, 1.0, 1.9, 2.0, 3.5], stretches).tolist() == [False, True, True, False, True]
    assert data_prep.inside([0.5], stretches.iloc[:0]).tolist() == [False]


def test_samples_go_to_pydub_and_back_within_a_16_bit_step(sine):
    y = sine(440)
    assert np.abs(data_prep.from_pydub(data_prep.to_pydub(y, SR)) - y).max() < 2 / 32_768


def test_pydub_writes_mp3_although_no_ffmpeg_is_installed(sine, tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", "")
    data_prep.to_pydub(sine(440), SR).export(tmp_path / "x.mp3", format="mp3")
    assert data_prep.probe(tmp_path / "x.mp3").codec == "mp3"
