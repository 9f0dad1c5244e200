import subprocess

import imageio_ffmpeg
import numpy as np
import pytest
import soundfile as sf

from tutorial_helpers import data_prep, decoding
from tutorial_helpers.errors import TutorialError

FFMPEG = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y"]


def encode(y, sr, path, *options):
    """Write y with ffmpeg, in whatever format the name says."""
    command = [*FFMPEG, "-f", "f32le", "-ar", str(sr), "-i", "-", *options, str(path)]
    subprocess.run(command, input=y.astype("<f4").tobytes(), check=True)
    return path


@pytest.fixture(scope="module")
def chirp():
    """A minute whose pitch rises all the time: two places never sound alike."""
    times = np.arange(60 * 44_100) / 44_100
    return (0.4 * np.sin(2 * np.pi * (200 * times + 20 * times**2))).astype(np.float32)


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
        ("x.mka", ["-c:a", "libmp3lame", "-b:a", "64k"]),
    ],
)
def test_an_excerpt_of_a_compressed_file_equals_those_seconds_of_the_whole(chirp, tmp_path, name, options):
    path = encode(chirp, 44_100, tmp_path / name, *options)
    whole, sr = data_prep.read_native(path)
    off = sr // 1000 if name == "x.mka" else 0  # Matroska notes its times in milliseconds
    for start in (0.2, 33.3, 55.0):
        excerpt, _ = data_prep.read_native(path, start=start, seconds=2)
        assert len(excerpt) == 2 * sr
        first = round(start * sr)
        shifts = [whole[first + shift : first + shift + len(excerpt)] for shift in range(-off, off + 1)]
        assert min(np.abs(excerpt - shifted).max() for shifted in shifts) < 2e-3, start


def test_an_excerpt_late_in_a_constant_bit_rate_is_what_reading_up_to_there_finds(tmp_path):
    sf.write(tmp_path / "minute.wav", 0.1 * np.random.default_rng(0).standard_normal(60 * 44_100), 44_100)
    minute, long = tmp_path / "minute.mp3", tmp_path / "long.mp3"
    subprocess.run([*FFMPEG, "-i", tmp_path / "minute.wav", "-b:a", "64k", minute], check=True)
    subprocess.run([*FFMPEG, "-stream_loop", "14", "-i", minute, "-c", "copy", long], check=True)
    whole = np.concatenate([samples[:, 0] for samples, _ in decoding.blocks(long)])
    for start in (1.0, 234.5, 400.0, 777.77, 890.0):
        excerpt, sr = data_prep.read_native(long, start=start, seconds=1)
        expected = whole[round(start * sr) :][:sr]
        assert np.abs(excerpt[:, 0] - expected).max() < 1e-4 < np.abs(expected).max(), start


def without_lengths(mp3, flags):
    """The file with a Xing header that does not tell the frames (flag 1) or the bytes (flag 2)."""
    at = mp3.index(b"Xing")
    lengths = [mp3[at + 8 : at + 12], mp3[at + 12 : at + 16]]
    told = b"".join(length for length, flag in zip(lengths, (1, 2), strict=True) if not flags & flag)
    rest = mp3[at + 16 : at + 120] + bytes(8 - len(told)) + mp3[at + 120 :]
    return mp3[: at + 7] + bytes([mp3[at + 7] & ~flags]) + told + rest


@pytest.mark.parametrize("untold", [0, 1, 2, 3])
def test_a_header_that_calls_a_variable_bit_rate_constant_does_not_mislead(chirp, tmp_path, untold):
    variable = encode(chirp, 44_100, tmp_path / "x.mp3", "-q:a", "5").read_bytes()
    (tmp_path / "x.mp3").write_bytes(without_lengths(variable, untold).replace(b"Xing", b"Info", 1))
    whole, sr = data_prep.read_native(tmp_path / "x.mp3")
    excerpt, _ = data_prep.read_native(tmp_path / "x.mp3", start=40, seconds=2)
    assert np.abs(excerpt - whole[40 * sr : 42 * sr]).max() < 2e-3


def id3_tag(n_bytes):
    """An ID3 tag of zeros, as long as one with a picture."""
    return b"ID3\x04\x00\x00" + bytes(n_bytes >> shift & 127 for shift in (21, 14, 7, 0)) + bytes(n_bytes)


def test_an_mp3_cut_short_is_refused_whatever_stands_before_its_sound(chirp, tmp_path):
    quiet_end = np.concatenate([chirp[: 44_100 * 3], 0.01 * chirp[: 44_100 * 25]])
    for name, options in (("constant", ["-b:a", "64k"]), ("variable", ["-q:a", "5"])):
        whole = encode(quiet_end, 44_100, tmp_path / f"{name}.mp3", *options).read_bytes()
        for number, before in enumerate((b"", id3_tag(5000), id3_tag(2_000_000), id3_tag(300) + id3_tag(70))):
            path = tmp_path / f"{name}{number}.mp3"
            path.write_bytes(before + whole)
            assert len(data_prep.read(path, seconds=1)) == data_prep.SR
            path.write_bytes(before + whole[: len(whole) // 2])
            with pytest.raises(TutorialError, match=f"{path.name} is cut short"):
                data_prep.read(path, seconds=1)


def test_an_mp3_whose_header_does_not_tell_its_bytes_is_not_called_cut_short(noise, sine, tmp_path):
    y = np.concatenate([noise(3, sr=44_100), sine(300, 25, amplitude=0.003, sr=44_100)])
    whole = encode(y, 44_100, tmp_path / "x.mp3", "-q:a", "5").read_bytes()
    (tmp_path / "x.mp3").write_bytes(without_lengths(whole, 2))
    assert abs(len(data_prep.read(tmp_path / "x.mp3")) / data_prep.SR - 28) < 0.1


def test_a_file_of_another_kind_that_is_named_mp3_is_read(sine, tmp_path):
    for ending in ("wav", "m4a", "mp2"):
        path = encode(sine(440), data_prep.SR, tmp_path / f"x.{ending}").replace(tmp_path / "x.mp3")
        assert abs(len(data_prep.read(path)) / data_prep.SR - 2) < 0.1, ending


@pytest.mark.parametrize("name", ["x.wav", "x.mp3"])
def test_an_excerpt_has_at_least_one_sample_however_short_it_is(sine, tmp_path, name):
    path = encode(sine(440), data_prep.SR, tmp_path / name)
    assert data_prep.read_native(path, start=1, seconds=1e-5)[0].shape == (1, 1)
    with pytest.raises(TutorialError, match=rf"{name} has 0.000 s of sound from 1 s on; .* up to 0.13 s"):
        data_prep.read(path, start=1, seconds=1e-5)


def test_an_mp3_without_a_length_in_its_header_is_counted_and_read_in_full(noise, sine, tmp_path):
    y = np.concatenate([noise(20, sr=44_100), sine(300, 60, amplitude=0.01, sr=44_100)])  # misleads who guesses
    path = encode(y, 44_100, tmp_path / "headless.mp3", "-q:a", "5", "-write_xing", "0")
    facts = data_prep.probe(path)
    assert abs(facts.seconds - 80) < 0.1
    assert abs(facts.header_seconds - 80) > 5  # the trap is there
    assert abs(len(data_prep.read(path)) / data_prep.SR - 80) < 0.1


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.mp3", None, "There is no file .*gone.mp3"),
        ("empty.mp3", b"", "empty.mp3 is empty"),
        ("notes.mp3", b"These are notes, not sound.\n" * 50, "notes.mp3 cannot be read as audio"),
    ],
)
def test_a_file_that_holds_no_sound_is_named(tmp_path, name, content, message):
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for read in (data_prep.read, data_prep.probe):
        with pytest.raises(TutorialError, match=message):
            read(tmp_path / name)


def test_nan_is_refused_and_its_place_told_but_what_comes_before_is_read(sine, tmp_path):
    y = sine(440, 70)
    y[65 * data_prep.SR] = np.nan
    sf.write(tmp_path / "x.wav", y, data_prep.SR, subtype="FLOAT")
    blocks = data_prep.stream(tmp_path / "x.wav")
    sound = np.concatenate([next(blocks), next(blocks)])
    assert len(sound) > 55 * data_prep.SR and np.isfinite(sound).all()
    with pytest.raises(TutorialError, match=r"x.wav holds NaN .* at 65.000 s"):
        list(blocks)


@pytest.mark.parametrize(("start", "seconds"), [(-1, 1), (0, 0), (0, -2)])
def test_an_excerpt_that_makes_no_sense_is_refused(sine, tmp_path, start, seconds):
    sf.write(tmp_path / "x.wav", sine(440), data_prep.SR)
    with pytest.raises(TutorialError, match="an excerpt needs"):
        data_prep.read(tmp_path / "x.wav", start=start, seconds=seconds)


@pytest.mark.parametrize("name", ["x.wav", "x.mp3"])
def test_a_start_behind_the_end_is_refused(sine, tmp_path, name):
    encode(sine(440), data_prep.SR, tmp_path / name)
    with pytest.raises(TutorialError, match=f"{name} has no samples at 99 s"):
        data_prep.read(tmp_path / name, start=99)
