"""Files of every kind, whole, joined, cut short, overwritten: read as ffmpeg reads them, and what is wrong is said."""

import os
import subprocess
import tempfile
from pathlib import Path

import numpy as np
import pytest
import scipy.signal
import soundfile as sf
from fuzz_decoding import fuzz
from odd_files import FFMPEG, FFMPEG_IS_EXACT, KINDS, as_ffmpeg_decodes, encode, make, show_like

from tutorial_helpers import data_prep, decoding
from tutorial_helpers.errors import DamageWarning, TutorialError

SR = data_prep.SR
SECONDS = 12.0


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """files(kind): a file of twelve seconds of that kind, made once."""
    folder = tmp_path_factory.mktemp("kinds")

    def made(kind):
        path = folder / kind
        return path if path.exists() else make(kind, path, SECONDS)

    return made


def whole(path):
    """All samples, the rate, and what is wrong."""
    damage = []
    read = list(decoding.blocks(path, damage=damage))
    return np.concatenate([samples for samples, _ in read]), read[0][1], damage


def join(path, *paths):
    path.write_bytes(b"".join(part.read_bytes() for part in paths))
    return path


# As ffmpeg


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_file_is_read_as_ffmpeg_reads_it_whole_and_in_excerpts(files, kind):
    y, sr, damage = whole(files(kind))
    expected = as_ffmpeg_decodes(files(kind), y.shape[1])
    assert damage == []
    if not FFMPEG_IS_EXACT:
        assert 0 <= len(expected) - len(y) < 1200
        expected = expected[-len(y) :] if kind in ("x.mkv", "x.mka") else expected[: len(y)]
    assert y.shape == expected.shape
    assert np.abs(y - expected).max() < 1e-4 < np.abs(expected).max()
    for start, seconds in ((0.2, 1), (5.3, 2), (11.2, 0.76), (11.7, 5)):
        excerpt, _ = data_prep.read_native(files(kind), start=start, seconds=seconds)
        of_whole = expected[round(start * sr) : round((start + seconds) * sr)]
        assert excerpt.shape == of_whole.shape, start
        assert np.abs(excerpt - of_whole).max() < 2e-3, start
    assert data_prep.probe(files(kind))["seconds"] == pytest.approx(len(expected) / sr, abs=1e-6)
    assert data_prep.length(files(kind)) == pytest.approx(len(expected) / sr, abs=0.1)


def test_an_excerpt_of_aac_with_random_noise_in_it_differs_by_that_noise_alone(tmp_path):
    path = encode(show_like(12, 44_100, 1), 44_100, tmp_path / "x.m4a", "-b:a", "48k")  # with noise substitution
    y, sr, _ = whole(path)
    excerpt, _ = data_prep.read_native(path, start=5.3, seconds=2)
    of_whole = y[round(5.3 * sr) : round(7.3 * sr)]
    assert np.abs(excerpt - of_whole).max() < 0.05
    assert np.corrcoef(excerpt[:, 0], of_whole[:, 0])[0, 1] > 0.999


def test_gsm_in_a_wav_is_read_as_ffmpeg_reads_it(tmp_path):
    sf.write(tmp_path / "x.wav", show_like(3, 8_000, 1), 8_000, subtype="GSM610")
    y, _, damage = whole(tmp_path / "x.wav")
    assert damage == [] and np.array_equal(y, as_ffmpeg_decodes(tmp_path / "x.wav", 1))


@pytest.mark.parametrize("said", [0, 0xFFFFFFFF])
def test_a_wav_that_does_not_say_how_long_it_is_is_read_to_its_end(files, tmp_path, said):
    content = files("pcm.wav").read_bytes()
    at = content.index(b"data") + 4
    (tmp_path / "x.wav").write_bytes(content[:at] + said.to_bytes(4, "little") + content[at + 4 :])
    y, _, damage = whole(tmp_path / "x.wav")
    assert damage == [] and np.array_equal(y, whole(files("pcm.wav"))[0])


def test_an_excerpt_late_in_a_constant_bit_rate_is_what_reading_up_to_there_finds(tmp_path):
    sf.write(tmp_path / "minute.wav", 0.1 * np.random.default_rng(0).standard_normal(60 * 44_100), 44_100)
    minute, long = tmp_path / "minute.mp3", tmp_path / "long.mp3"
    subprocess.run([*FFMPEG, "-i", tmp_path / "minute.wav", "-b:a", "64k", minute], check=True)
    subprocess.run([*FFMPEG, "-stream_loop", "14", "-i", minute, "-c", "copy", long], check=True)
    y = np.concatenate([samples[:, 0] for samples, _ in decoding.blocks(long)])
    for start in (1.0, 234.5, 400.0, 777.77, 890.0):
        excerpt, sr = data_prep.read_native(long, start=start, seconds=1)
        expected = y[round(start * sr) :][:sr]
        assert np.abs(excerpt[:, 0] - expected).max() < 1e-4 < np.abs(expected).max(), start


def without_lengths(mp3, flags):
    """The file with a Xing header that does not tell the frames (flag 1) or the bytes (flag 2)."""
    at = mp3.index(b"Xing")
    lengths = [mp3[at + 8 : at + 12], mp3[at + 12 : at + 16]]
    told = b"".join(length for length, flag in zip(lengths, (1, 2), strict=True) if not flags & flag)
    rest = mp3[at + 16 : at + 120] + bytes(8 - len(told)) + mp3[at + 120 :]
    return mp3[: at + 7] + bytes([mp3[at + 7] & ~flags]) + told + rest


@pytest.mark.parametrize("untold", [0, 1, 2, 3])
def test_a_header_that_calls_a_variable_bit_rate_constant_does_not_mislead(files, tmp_path, untold):
    path = tmp_path / "x.mp3"
    path.write_bytes(without_lengths(files("variable.mp3").read_bytes(), untold).replace(b"Xing", b"Info", 1))
    y, sr, damage = whole(path)
    excerpt, _ = data_prep.read_native(path, start=8, seconds=2)
    assert damage == [] and len(y) / sr == pytest.approx(SECONDS, abs=0.1)
    assert np.abs(excerpt - y[8 * sr : 10 * sr]).max() < 2e-3


def test_an_mp3_without_a_length_in_its_header_is_counted_and_read_in_full(noise, sine, tmp_path):
    y = np.concatenate([noise(20, sr=44_100), sine(300, 60, amplitude=0.01, sr=44_100)])  # misleads who guesses
    path = encode(y, 44_100, tmp_path / "headless.mp3", "-q:a", "5", "-write_xing", "0")
    facts = data_prep.probe(path)
    assert abs(facts.seconds - 80) < 0.1
    assert abs(facts.header_seconds - 80) > 5  # the trap is there
    assert abs(len(data_prep.read(path)) / SR - 80) < 0.1


def with_free_format(mp3):
    """The frames of a constant bit rate with headers that do not tell the rate (index 0): free format."""
    size = len(mp3) // round(len(mp3) / 288)  # 96 kbit/s at 48 kHz: every frame has 288 bytes
    assert size == 288
    frames = [mp3[at : at + size] for at in range(0, len(mp3), size)]
    return b"".join(frame[:2] + bytes([frame[2] & 0x0F]) + frame[3:] for frame in frames)


def test_an_mp3_in_free_format_which_ffmpeg_does_not_decode_either_is_refused_by_name(tmp_path):
    options = ["-b:a", "96k", "-write_xing", "0", "-id3v2_version", "0"]
    path = encode(show_like(6, 48_000, 1), 48_000, tmp_path / "x.mp3", *options)
    path.write_bytes(with_free_format(path.read_bytes()))
    assert len(as_ffmpeg_decodes(path, 1)) == 0
    for read in (data_prep.read, data_prep.probe, data_prep.length):
        with pytest.raises(TutorialError, match="x.mp3 cannot be read as audio"):
            read(path)


def test_a_file_of_another_kind_that_is_named_mp3_is_read(files, tmp_path):
    for kind in ("pcm.wav", "x.m4a", "layer2.mp2", "x.flac"):
        (tmp_path / "x.mp3").write_bytes(files(kind).read_bytes())
        assert np.array_equal(whole(tmp_path / "x.mp3")[0], whole(files(kind))[0]), kind


def test_samples_that_were_stored_as_they_are_come_back_as_they_are(tmp_path):
    y = show_like(20, 44_100, 2)
    sf.write(tmp_path / "x.wav", y, 44_100, subtype="FLOAT")
    samples, sr = data_prep.read_native(tmp_path / "x.wav", start=12.5, seconds=3)
    assert np.array_equal(samples, y[round(12.5 * sr) :][: 3 * sr])


# Joined files


@pytest.mark.parametrize("ending", ["mp3", "aac"])
@pytest.mark.parametrize("first", [1, 2])
def test_a_change_between_one_channel_and_two_is_read_as_the_mean_on_both_sides(tmp_path, ending, first):
    options = ["-b:a", "96k"] + (["-write_xing", "0", "-id3v2_version", "0"] if ending == "mp3" else [])
    sounds, paths = [], []
    for number, channels in enumerate((first, 3 - first)):
        sounds.append(show_like(5, 44_100, channels, seed=number))
        paths.append(encode(sounds[-1], 44_100, tmp_path / f"{number}.{ending}", *options))
    y = data_prep.read(join(tmp_path / f"joined.{ending}", *paths), sr=44_100)
    assert len(y) / 44_100 == pytest.approx(10, abs=0.15)
    for side, sound in zip((y[: len(y) // 2], y[len(y) // 2 :]), sounds, strict=True):
        mean = sound.mean(axis=1)[22_050 : 4 * 44_100]
        likeness = scipy.signal.correlate(side, mean, "valid")
        at = likeness.argmax()
        assert np.corrcoef(side[at : at + len(mean)], mean)[0, 1] > 0.99
    assert data_prep.read_native(tmp_path / f"joined.{ending}")[0].shape[1] == first


def test_a_change_of_rate_is_resampled_on_both_sides(sine, tmp_path):
    options = ["-b:a", "96k", "-write_xing", "0", "-id3v2_version", "0"]
    paths = [encode(sine(1000, 5, sr=sr), sr, tmp_path / f"{sr}.mp3", *options) for sr in (44_100, 48_000)]
    joined = join(tmp_path / "joined.mp3", *paths)
    y = data_prep.read(joined)
    assert len(y) / SR == pytest.approx(10, abs=0.15)
    for first in (1, 6):
        spectrum = np.abs(np.fft.rfft(y[first * SR : (first + 3) * SR]))
        assert spectrum.argmax() / 3 == pytest.approx(1000, abs=1)
    samples, sr = data_prep.read_native(joined)
    assert (sr, len(samples) / sr) == (44_100, pytest.approx(10, abs=0.15))


@pytest.mark.parametrize(
    "kind", ["constant.mp3", "variable.mp3", "headless.mp3", "x.aac", "vorbis.ogg", "x.opus", "flac.ogg"]
)
def test_a_file_joined_to_itself_is_twice_as_long_and_the_second_half_sounds_alike(files, tmp_path, kind):
    once, sr, _ = whole(files(kind))
    twice, _, damage = whole(join(tmp_path / kind, files(kind), files(kind)))
    assert len(twice) == pytest.approx(2 * len(once), abs=0.1 * sr)
    assert not [reason for _, _, reason in damage if "cut short" in reason]
    likeness = scipy.signal.correlate(twice[len(once) - 3000 :, 0], once[sr : 2 * sr, 0], "valid")
    at = len(once) - 3000 + likeness.argmax()
    assert np.corrcoef(twice[at : at + sr, 0], once[sr : 2 * sr, 0])[0, 1] > 0.999
    excerpt, _ = data_prep.read_native(tmp_path / kind, start=17.3, seconds=1.5)
    assert np.abs(excerpt - twice[round(17.3 * sr) : round(18.8 * sr)]).max() < 2e-3


def test_two_streams_of_other_parameters_are_chained_in_one_file(tmp_path):
    a = encode(show_like(4, 44_100, 2), 44_100, tmp_path / "a.ogg", "-c:a", "libvorbis")
    b = encode(show_like(6, 22_050, 1), 22_050, tmp_path / "b.ogg", "-c:a", "libvorbis")
    y = data_prep.read(join(tmp_path / "x.ogg", a, b))
    assert len(y) / SR == pytest.approx(10, abs=0.01)
    assert data_prep.probe(tmp_path / "x.ogg")["damage"] == ""


# Tags


def id3_tag(n_bytes):
    """An ID3 tag of zeros, as long as one with a picture."""
    return b"ID3\x04\x00\x00" + bytes(n_bytes >> shift & 127 for shift in (21, 14, 7, 0)) + bytes(n_bytes)


def riff_chunk(name, content):
    return name + len(content).to_bytes(4, "little") + content + bytes(len(content) % 2)


def test_tags_in_latin_1_are_no_obstacle(files, tmp_path):
    words = "Gespräch über Bücher".encode("latin-1")
    id3v1 = b"TAG" + words.ljust(125, b"\0")
    wav = files("pcm.wav").read_bytes()
    info = riff_chunk(b"LIST", b"INFO" + riff_chunk(b"INAM", words))
    bext = riff_chunk(b"bext", words.ljust(602, b"\0"))
    contents = {
        "constant.mp3": files("constant.mp3").read_bytes() + id3v1,
        "headless.mp3": files("headless.mp3").read_bytes() + id3v1,
        "pcm.wav": wav[:12] + info + bext + wav[12:],
    }
    for kind, content in contents.items():
        (tmp_path / kind).write_bytes(content)
        y, _, damage = whole(tmp_path / kind)
        assert damage == [] and np.abs(y - whole(files(kind))[0]).max() < 1e-6, kind


# Cut files


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"x.mov", "x.3gp", "x.m4a", "x.m4b", "lossless.m4a"}))
def test_a_file_that_is_cut_short_is_read_up_to_there_and_said_to_be_cut(files, tmp_path, kind):
    content = files(kind).read_bytes()
    complete, sr, _ = whole(files(kind))
    for share in np.random.default_rng(0).uniform(0.15, 0.95, 4):
        path = tmp_path / kind
        path.write_bytes(content[: int(share * len(content))])
        y, _, damage = whole(path)
        assert 0.05 * len(complete) < len(y) < len(complete), share
        n = len(y) - sr // 4  # the last frame may be half
        assert np.abs(y[:n] - complete[:n]).max() < 2e-3, share
        last = damage[-1] if damage else None
        # where nothing says how long the file should be, only half a packet tells, and a cut may leave whole ones
        if kind not in {"x.aac", "x.ac3", "x.webm", "x.tta"}:
            assert last and ("cut short" in last[2] or "left out" in last[2]), (share, damage)


@pytest.mark.parametrize("kind", ["x.m4a", "x.mov"])
def test_an_mp4_without_its_index_is_said_to_be_cut_short(files, tmp_path, kind):
    (tmp_path / kind).write_bytes(files(kind).read_bytes()[:50_000])
    with pytest.raises(TutorialError, match=f"{kind} is cut short: the index"):
        data_prep.read(tmp_path / kind)


def test_what_is_cut_warns_once_with_the_place(files, tmp_path):
    content = files("constant.mp3").read_bytes()
    (tmp_path / "x.mp3").write_bytes(content[: len(content) * 6 // 10])
    with pytest.warns(DamageWarning, match=r"x.mp3: 7\.\d\d to 12.00 s: is not there: the file is cut short") as record:
        assert len(data_prep.read(tmp_path / "x.mp3")) / SR == pytest.approx(7.2, abs=0.1)
    assert len(record) == 1
    assert "7." in data_prep.probe(tmp_path / "x.mp3")["damage"]
    data_prep.read(tmp_path / "x.mp3", seconds=5)  # pytest makes a warning that nobody expects an error


def test_a_mp3_cut_short_is_read_whatever_stands_before_its_sound(files, tmp_path):
    for kind in ("constant.mp3", "variable.mp3"):
        content = files(kind).read_bytes()
        for before in (b"", id3_tag(5000), id3_tag(2_000_000), id3_tag(300) + id3_tag(70)):
            (tmp_path / kind).write_bytes(before + content[: len(content) // 2])
            y, sr, damage = whole(tmp_path / kind)
            assert len(y) / sr == pytest.approx(6, abs=0.3), len(before)
            assert "cut short" in damage[-1][2] and damage[-1][1] == pytest.approx(SECONDS, abs=0.1)


# Overwritten files

JUNK = {
    "zeros": bytes(500),
    "noise": np.random.default_rng(5).bytes(500),
    "html": b"<html>404 Not Found</html>" * 20,
    "tag": id3_tag(490),
}


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize("kind", ["constant.mp3", "headless.mp3", "x.aac", "x.flac", "x.wma"])
def test_junk_in_the_middle_is_reported_and_all_before_it_is_as_it_was(files, tmp_path, kind, junk):
    content, (complete, sr, _) = files(kind).read_bytes(), whole(files(kind))
    for n_overwritten in (0, len(JUNK[junk])):
        at = len(content) // 2
        path = tmp_path / kind
        path.write_bytes(content[:at] + JUNK[junk] + content[at + n_overwritten :])
        y, _, damage = whole(path)
        assert damage, n_overwritten
        first = damage[0][0]
        assert 5.4 < first < 6.3 and damage[0][1] < 7
        before = round((first - 0.1) * sr)
        assert np.abs(y[:before] - complete[:before]).max() < 2e-3
        assert len(y) == pytest.approx(len(complete), abs=0.3 * sr)
        if kind == "x.flac" or (kind == "constant.mp3" and n_overwritten):  # these know the time of every frame
            behind = round(7.3 * sr)
            assert np.abs(y[behind:] - complete[behind : len(y)]).max() < 2e-3
        excerpt, _ = excerpt_of(path, 8, 1)
        assert np.abs(excerpt - y[8 * sr : 9 * sr]).max() < 2e-3


def excerpt_of(path, start, seconds):
    """`read_native`, where a warning is not looked at."""
    read = list(decoding.blocks(path, start=start, seconds=seconds, damage=[]))
    return np.concatenate([samples for samples, _ in read]), read[0][1]


@pytest.mark.parametrize("junk", JUNK)
@pytest.mark.parametrize(
    "kind", ["constant.mp3", "headless.mp3", "x.flac", "x.m4a", "vorbis.ogg", "x.opus", "x.wma", "pcm.wav"]
)
def test_junk_at_the_end_takes_nothing_away(files, tmp_path, kind, junk):
    complete, sr, _ = whole(files(kind))
    (tmp_path / kind).write_bytes(files(kind).read_bytes() + JUNK[junk])
    y, _, _ = whole(tmp_path / kind)
    assert len(complete) <= len(y) < len(complete) + 0.06 * sr
    assert np.abs(y[: len(complete)] - complete).max() < 2e-3


@pytest.mark.parametrize("kind", ["x.opus", "vorbis.ogg"])
def test_behind_a_damaged_page_whole_and_excerpt_have_the_same_times(tmp_path, kind):
    path = make(kind, tmp_path / kind, seconds=60.0)
    complete, sr, _ = whole(path)
    content = bytearray(path.read_bytes())
    page = content.index(b"OggS", len(content) // 2)
    content[page + 60 : page + 64] = b"\0\0\0\0"
    path.write_bytes(content)
    y, _, damage = whole(path)
    (first, last, reason), *_ = damage
    assert "cannot be decoded" in reason and 25 < first < last < 35
    assert len(y) == len(complete)
    behind = round((last + 0.3) * sr)
    assert np.abs(y[behind:] - complete[behind:]).max() < 2e-3
    excerpt, _ = excerpt_of(path, 45, 2)
    assert np.abs(excerpt - complete[45 * sr : 47 * sr]).max() < 2e-3
    silence = y[round(first * sr) + 10 : round(last * sr) - 10]
    assert len(silence) and not silence.any()


def test_a_file_that_is_damaged_in_more_than_a_twentieth_is_refused_with_the_place(files, tmp_path):
    content = bytearray(files("x.flac").read_bytes())
    content[len(content) // 3 : len(content) // 2] = bytes(len(content) // 2 - len(content) // 3)
    (tmp_path / "x.flac").write_bytes(content)
    with pytest.raises(
        TutorialError, match=r"x.flac is damaged: 2\.\d of 12.0 s cannot be decoded, first from [34]\.\d s on"
    ):
        data_prep.read(tmp_path / "x.flac")


@pytest.mark.skipif(not FFMPEG_IS_EXACT, reason="this ffmpeg loses good frames before damage, and is no measure")
def test_changed_at_random_no_file_crashes_hangs_or_is_read_otherwise_than_is_said():
    done, wrong = fuzz(mutations=8, seed=1)
    assert wrong == []
    assert all(sum(counts.values()) == 8 and counts["read"] + counts["reported"] > 1 for counts in done.values())


# What is no sound


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("gone.mp3", None, "There is no file .*gone.mp3"),
        ("empty.mp3", b"", "empty.mp3 is empty"),
        ("notes.mp3", b"These are notes, not sound.\n" * 50, "notes.mp3 cannot be read as audio"),
        ("list.mp3", b"#EXTM3U\n#EXTINF:1,\nother.mp3\n", "list.mp3 cannot be read as audio"),
    ],
)
def test_a_file_that_holds_no_sound_is_named(files, tmp_path, name, content, message):
    (tmp_path / "other.mp3").write_bytes(files("constant.mp3").read_bytes())
    if content is not None:
        (tmp_path / name).write_bytes(content)
    for read in (data_prep.read, data_prep.probe):
        with pytest.raises(TutorialError, match=message):
            read(tmp_path / name)


@pytest.mark.parametrize(("at", "value"), [(29, 177), (32, 119)])  # bytes a second, bytes a sample
def test_an_excerpt_of_a_wav_whose_header_contradicts_itself_is_that_of_the_whole(files, tmp_path, at, value):
    content = bytearray(files("pcm.wav").read_bytes())
    content[at] = value
    (tmp_path / "x.wav").write_bytes(content)
    y, sr, _ = whole(tmp_path / "x.wav")
    assert np.array_equal(data_prep.read_native(tmp_path / "x.wav", start=10, seconds=1)[0], y[10 * sr : 11 * sr])


def test_a_header_that_tells_of_186_channels_is_refused(files, tmp_path):
    content = bytearray(files("pcm.wav").read_bytes())
    content[22] = 186
    (tmp_path / "x.wav").write_bytes(content)
    assert len(as_ffmpeg_decodes(tmp_path / "x.wav", 1)) == 0
    with pytest.raises(TutorialError, match="x.wav cannot be read as audio: it holds something else, or it is damaged"):
        data_prep.read(tmp_path / "x.wav")


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
@pytest.mark.parametrize("closed", ["file", "folder"])
def test_a_file_that_one_may_not_read_is_said_to_be_so(closed):
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        inner = Path(folder) / "inner"
        inner.mkdir()
        path = inner / "x.wav"
        sf.write(path, show_like(1, SR, 1), SR)
        os.chmod(path if closed == "file" else inner, 0)
        os.seteuid(65534)
        try:
            with pytest.raises(TutorialError, match=r"x.wav may not be read: permission denied\. Make it readable"):
                data_prep.read(path)
        finally:
            os.seteuid(0)


@pytest.mark.parametrize(
    ("value", "what"),
    [(np.nan, "NaN or infinity"), (-np.inf, "NaN or infinity"), (33_690.0, "samples of 33,690 times full scale")],
)
def test_a_sample_that_is_no_sound_is_refused_and_what_comes_before_is_read(sine, tmp_path, value, what):
    y = sine(440, 70)
    y[65 * SR] = value
    sf.write(tmp_path / "x.wav", y, SR, subtype="FLOAT")
    blocks = []
    with pytest.raises(TutorialError, match=rf"x.wav holds {what}.* at 65.000 s"):
        for block in data_prep.stream(tmp_path / "x.wav"):
            blocks.append(block)
    sound = np.concatenate(blocks)
    assert len(sound) > 55 * SR and np.isfinite(sound).all()


# Excerpts


def test_an_excerpt_is_decoded_hardly_further_than_it_reaches(sine, tmp_path, monkeypatch):
    sf.write(tmp_path / "x.wav", sine(440, 30), SR)
    times = []
    timed_frames = decoding._timed_frames

    def noting(*arguments):
        for time, frame in timed_frames(*arguments):
            times.append(time)
            yield time, frame

    monkeypatch.setattr(decoding, "_timed_frames", noting)
    assert len(data_prep.read(tmp_path / "x.wav", start=2.0, seconds=1.0)) == SR
    assert max(times) < 3.5


@pytest.mark.parametrize("name", ["x.wav", "x.mp3"])
def test_an_excerpt_has_at_least_one_sample_however_short_it_is(sine, tmp_path, name):
    path = encode(sine(440), SR, tmp_path / name)
    assert data_prep.read_native(path, start=1, seconds=1e-5)[0].shape == (1, 1)
    with pytest.raises(TutorialError, match=rf"{name} has 0.000 s of sound from 1 s on; .* up to 0.13 s"):
        data_prep.read(path, start=1, seconds=1e-5)


@pytest.mark.parametrize(("start", "seconds"), [(-1, 1), (0, 0), (0, -2), (np.nan, 1)])
def test_an_excerpt_that_makes_no_sense_is_refused(sine, tmp_path, start, seconds):
    sf.write(tmp_path / "x.wav", sine(440), SR)
    for read in (data_prep.read, data_prep.read_native):
        with pytest.raises(TutorialError, match="an excerpt needs"):
            read(tmp_path / "x.wav", start=start, seconds=seconds)


@pytest.mark.parametrize("start", [2.0, 2.1, 99])
@pytest.mark.parametrize("name", ["x.wav", "x.mp3"])
def test_a_start_behind_the_end_is_refused(sine, tmp_path, name, start):
    encode(sine(440), SR, tmp_path / name)
    for read in (data_prep.read, data_prep.read_native):
        with pytest.raises(TutorialError, match=f"{name} has no samples at {start:g} s"):
            read(tmp_path / name, start=start)


def test_a_file_of_twelve_channels_is_read_as_ffmpeg_reads_it(tmp_path):
    y = show_like(4.0, 48_000, 12)
    path = encode(y, 48_000, tmp_path / "x.opus", "-c:a", "libopus", "-mapping_family", "255")
    read, expected = np.concatenate([y for y, _ in decoding.blocks(path)]), as_ffmpeg_decodes(path, 12)
    assert read.shape == expected.shape and np.abs(read - expected).max() < 2e-3
