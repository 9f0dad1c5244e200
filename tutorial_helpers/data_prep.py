"""Lesson 01: from a file of any kind to samples that later lessons can trust."""

from __future__ import annotations

import warnings
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile

import av
import imageio_ffmpeg
import numpy as np
import pandas as pd
import soundfile
import soxr

from .errors import TutorialError

with warnings.catch_warnings():  # pydub warns that no ffmpeg is installed; it is given one below
    warnings.simplefilter("ignore", RuntimeWarning)
    import pydub

SR = 16_000  # Hz: the one sampling rate of this project; the recognisers and the voice detector want it too

SHORTEST = 0.13  # seconds: the longest window of any measure is the 0.128 s of Praat's intensity

# seconds decoded before an excerpt and thrown away: the first packets after a seek need those before them
PREROLL = 0.5

# pydub calls ffmpeg to write mp3; this one comes inside a package, so that nobody has to install it
pydub.AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()


def probe(path: str | Path) -> pd.Series:
    """What a file holds before anything is changed: native `sr` (Hz), `channels`, `codec`, `seconds`, `header_seconds`.

    `seconds` counts the packets of the whole file without decoding them (about a second for four hours of mp3);
    `header_seconds` is what libsndfile makes of the header, and is missing where it cannot read the format. The two
    differ where a variable-rate mp3 has no length in its header.
    Raises TutorialError where the file is missing or holds no sound.
    Lesson: 01_data_prep.
    """
    with _open_with_av(path) as container:
        stream = container.streams.audio[0]
        duration = sum(packet.duration or 0 for packet in container.demux(stream)) * stream.time_base
        facts = {
            "sr": stream.rate,
            "channels": stream.channels,
            "codec": stream.codec_context.codec.canonical_name,
            "seconds": float(duration),
        }
    try:
        facts["header_seconds"] = soundfile.info(path).duration
    except soundfile.LibsndfileError:
        facts["header_seconds"] = np.nan
    return pd.Series(facts, name=Path(path).name)


def read(path: str | Path, *, start: float = 0.0, seconds: float | None = None, sr: int = SR) -> np.ndarray:
    """Read an excerpt as float32 mono samples `y` at `sr` Hz; only the excerpt is decoded, a block at a time.

    start: seconds from the beginning. seconds: how much; None is all there is; a recording that ends earlier gives
    what it has. Channels are averaged, and the average checked as in `downmix`; resampling is soxr's, with its
    anti-aliasing filter.
    Returns an array of shape (n_samples,).
    Raises TutorialError as `stream` does, and where the excerpt is silent or shorter than the longest analysis window
    (0.13 s).
    Lesson: 01_data_prep.
    """
    y = np.concatenate(list(stream(path, start=start, seconds=seconds, sr=sr)))
    _refuse_unheard(Path(path).name, y.any(), start, len(y) / sr)
    return y


@contextmanager
def on_disk(path: str | Path, *, sr: int = SR):
    """Decode a whole recording once and let its samples wait on disk, for measures that must look at them twice.

    Gives take(first, last), which reads samples `first` to `last` as float32 of shape (last - first,), and how many
    samples there are. 0.23 GB an hour, where temporary files are kept; they are gone when the `with` ends.
    Raises TutorialError as `read` does.
    Lesson: 06_scaling_up.
    """
    with TemporaryFile() as file:
        n_samples, heard = 0, False

        def take(first: int, last: int) -> np.ndarray:
            file.seek(4 * first)
            return np.frombuffer(file.read(4 * (last - first)), np.float32)

        for y in stream(path, sr=sr):
            file.write(y)
            n_samples, heard = n_samples + len(y), heard or y.any()
        _refuse_unheard(Path(path).name, heard, 0.0, n_samples / sr)
        yield take, n_samples


def _refuse_unheard(name: str, heard: bool, start: float, seconds: float) -> None:
    """Raise TutorialError where an excerpt of so many seconds is silent or too short to be measured."""
    if not heard:
        raise TutorialError(
            f"{name} is silent from {start:g} s to {start + seconds:.1f} s: every sample is 0. "
            "Choose another start or another recording."
        )
    if seconds < SHORTEST:
        raise TutorialError(
            f"{name} has {seconds:.3f} s of sound from {start:g} s on; the measures of the lessons need windows of "
            f"up to {SHORTEST:g} s. Choose a longer recording or a smaller start."
        )


def stream(path: str | Path, *, start: float = 0.0, seconds: float | None = None, sr: int = SR):
    """Yield what `read` reads in blocks of about 30 s, each float32 of shape (n_samples,), for files of any length.

    Raises TutorialError where the file is missing, holds no sound, is cut short, holds NaN, where `start` lies behind
    its end, or, after the last block, where its channels cancel.
    Lesson: 05_deep_learning.
    """
    resample, power, mono_power = None, 0.0, 0.0
    for samples, native_sr in blocks(path, start=start, seconds=seconds):
        y = samples.mean(axis=1)
        power += np.linalg.norm(samples) ** 2 / samples.shape[1]
        mono_power += np.linalg.norm(y) ** 2
        resample = resample or soxr.ResampleStream(native_sr, sr, 1, dtype="float32").resample_chunk
        yield resample(y)
    yield resample(np.zeros(0, np.float32), last=True)
    _refuse_cancelled(power, mono_power, Path(path).name)


def read_native(path: str | Path, *, start: float = 0.0, seconds: float | None = None) -> tuple[np.ndarray, int]:
    """Read an excerpt as it is stored: float32 samples of shape (n_samples, channels), and the native rate in Hz.

    Raises TutorialError as `read` does, but lets silence pass.
    Lesson: 01_data_prep.
    """
    read_blocks = list(blocks(path, start=start, seconds=seconds))
    return np.concatenate([samples for samples, _ in read_blocks]), read_blocks[0][1]


def blocks(path: str | Path, *, start: float = 0.0, seconds: float | None = None, block_seconds: float = 30.0):
    """Yield an excerpt block by block: (float32 samples of shape (n_samples, channels), native rate in Hz).

    libsndfile reads wav, flac, ogg and their kind; ffmpeg's libraries (PyAV) read the rest, and mp3, because libsndfile
    believes the length that an mp3's header claims or a guess at it, and drops what lies behind without a word.
    Raises TutorialError where nothing can be read, or where a block holds NaN.
    Lesson: 01_data_prep.
    """
    name = Path(path).name
    if start < 0 or (seconds is not None and seconds <= 0):
        raise TutorialError(
            f"{name}: an excerpt needs start >= 0 and a length over 0 s, not {start:g} and {seconds} s."
        )
    _open_with_av(path).close()  # says what is wrong with a file that nothing can read
    reader = _blocks_by_soundfile if _libsndfile_reads(path) else _blocks_by_av
    at = start
    for samples, sr in reader(path, start, seconds, block_seconds):
        if np.isnan(samples).any():
            first = at + np.isnan(samples).any(axis=1).argmax() / sr
            raise TutorialError(f"{name} holds NaN (not a number) at {first:.3f} s. Export it again from its source.")
        at += len(samples) / sr
        yield samples, sr
    if at == start:
        raise TutorialError(
            f"{name} has no samples at {start:g} s: it ends before, or it is empty. Choose a smaller start."
        )


def downmix(samples: np.ndarray, *, name: str = "The recording") -> np.ndarray:
    """The mean of the channels, checked: samples (n_samples, channels) to y (n_samples,).

    Raises TutorialError where the mean has less than a tenth of the channels' RMS: then they are in opposite phase
    and cancel, and what is left is not the recording.
    Lesson: 01_data_prep.
    """
    y = samples.mean(axis=1)
    _refuse_cancelled(np.mean(samples**2, axis=1).sum(), np.sum(y**2), name)
    return y


def _refuse_cancelled(power: float, mono_power: float, name: str) -> None:
    """power: of the channels, on average; mono_power: of their mean. A hundredth of power is a tenth of RMS."""
    if mono_power < 0.01 * power:
        raise TutorialError(
            f"{name}: its channels cancel when they are averaged (opposite phase). Save one channel and read that."
        )


def quality(y: np.ndarray, sr: int) -> pd.Series:
    """Four checks before a recording is measured, with its peak and RMS level.

    y: shape (n_samples,), sr: Hz. `clipped` and `silent` are shares of 10 ms frames: with two neighbouring samples
    at the recording's own extreme above 0.98 of full scale, and with RMS below -60 dB re full scale. `dc_offset` is
    the mean sample. `bandwidth` (Hz) is the highest frequency within 60 dB of the strongest in the mean spectrum.
    `peak` and `rms` are in dB re full scale.
    Lesson: 01_data_prep.
    """
    frame = sr // 100
    if len(y) < 4 * frame:
        raise TutorialError(f"{len(y)} samples are too few to judge: give at least {4 * frame} (0.04 s).")
    frames = y[: len(y) // frame * frame].reshape(-1, frame)
    at_limit = np.abs(frames) >= max(0.98, 0.999 * np.abs(y).max())
    frame_rms = np.sqrt(np.mean(frames**2, axis=1))
    n_fft = 4 * frame
    spectra = np.abs(np.fft.rfft(y[: len(y) // n_fft * n_fft].reshape(-1, n_fft) * np.hanning(n_fft), axis=1))
    mean_spectrum = np.mean(spectra**2, axis=0)[2:]  # the first bins hold the DC offset
    in_band = np.flatnonzero(mean_spectrum > 1e-6 * mean_spectrum.max()) + 2
    return pd.Series(
        {
            "clipped": np.mean((at_limit[:, 1:] & at_limit[:, :-1]).any(axis=1)),
            "silent": np.mean(frame_rms < 10 ** (-60 / 20)),
            "dc_offset": y.mean(),
            "bandwidth": in_band.max() * sr / n_fft,
            "peak": dbfs(np.abs(y).max()),
            "rms": dbfs(np.sqrt(np.mean(y**2))),
        }
    )


def dbfs(amplitude: float | np.ndarray) -> float | np.ndarray:
    """Amplitude (1.0 is full scale) in dB re full scale; nothing is called quieter than -120 dB.

    Lesson: 01_data_prep.
    """
    return 20 * np.log10(np.maximum(np.abs(amplitude), 1e-6))


@lru_cache(maxsize=1)
def _silero():
    """The voice detector; its weights come inside its package."""
    from silero_vad import load_silero_vad  # it imports torch: seconds that a reader of files need not wait

    return load_silero_vad()


def voice_activity(y: np.ndarray, sr: int = SR) -> pd.DataFrame:
    """Stretches of speech: a table of `onset` and `offset` in seconds, found by silero-vad.

    y: shape (n_samples,) at 16,000 or 8,000 Hz; TutorialError at any other rate.
    Source: Silero Team, github.com/snakers4/silero-vad. Lesson: 01_data_prep.
    """
    import torch
    from silero_vad import get_speech_timestamps

    if sr not in (8_000, 16_000):
        raise TutorialError(
            f"silero-vad hears 8,000 or 16,000 Hz, not {sr} Hz. Resample first: data_prep.read(..., sr=16000)."
        )
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the detector is so small that a second thread makes it four times slower
    try:
        stretches = get_speech_timestamps(torch.from_numpy(y.astype(np.float32)), _silero(), sampling_rate=sr)
    finally:
        torch.set_num_threads(threads)
    return pd.DataFrame([(s["start"] / sr, s["end"] / sr) for s in stretches], columns=["onset", "offset"])


def inside(times: np.ndarray, stretches: pd.DataFrame) -> np.ndarray:
    """For each time in seconds, whether it lies in one of the stretches (`onset` <= time < `offset`).

    Returns booleans, shape (n_times,). Lesson: 01_data_prep.
    """
    times = np.asarray(times)
    return sum(
        ((onset <= times) & (times < offset) for onset, offset in stretches[["onset", "offset"]].to_numpy()),
        np.zeros(len(times), bool),
    ).astype(bool)


def to_pydub(y: np.ndarray, sr: int) -> pydub.AudioSegment:
    """Samples y (n_samples,) as a 16-bit pydub segment, to slice in milliseconds, fade, join and export.

    Lesson: 01_data_prep.
    """
    pcm = (np.clip(y, -1, 1) * 32767).round().astype("<i2")
    return pydub.AudioSegment(pcm.tobytes(), frame_rate=sr, sample_width=2, channels=1)


def from_pydub(segment: pydub.AudioSegment) -> np.ndarray:
    """A mono 16-bit pydub segment back as float32 samples (n_samples,).

    Lesson: 01_data_prep.
    """
    return np.array(segment.get_array_of_samples(), dtype=np.float32) / 32768


def _open_with_av(path: str | Path):
    """The file as an open PyAV container that has sound, or the error that says why not."""
    path = Path(path)
    if not path.is_file():
        raise TutorialError(f"There is no file {path}. Check the name and the folder.")
    if path.stat().st_size == 0:
        raise TutorialError(f"{path.name} is empty (0 bytes). Download or copy it again.")
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise _not_audio(path) from error
    if path.suffix.lower() == ".mp3":
        _refuse_mp3_cut_short(path)
    if not container.streams.audio or not container.streams.audio[0].rate:
        container.close()
        raise _not_audio(path)
    return container


def _not_audio(path: Path) -> TutorialError:
    return TutorialError(
        f"{path.name} cannot be read as audio: its name says {path.suffix}, its content does not. "
        "Open it in a player; if that fails too, get it again or take it out of the folder."
    )


def _libsndfile_reads(path: str | Path) -> bool:
    """Whether to read the file with libsndfile: a format that it knows, other than mp3."""
    try:
        return soundfile.info(path).format != "MP3"
    except soundfile.LibsndfileError:
        return False


def _mp3_header(path: Path) -> tuple[str, int, int] | None:
    """What an mp3's Xing/Info header promises: its name ("Info" where the bit rate is constant), frames and bytes.

    None where there is no such header, or no such numbers in it.
    Source: the header as LAME writes it: the name, 4 bytes of flags, then frames and bytes where flagged.
    """
    with open(path, "rb") as file:
        file.seek(_tag_size(path))
        first_frame = file.read(200)
    at = max(first_frame.find(b"Xing"), first_frame.find(b"Info"))
    if at < 0 or first_frame[at + 7] & 3 != 3:
        return None
    frames, size = (int.from_bytes(first_frame[at + first : at + first + 4], "big") for first in (8, 12))
    return first_frame[at : at + 4].decode(), frames, size


def _tag_size(path: Path) -> int:
    """How many bytes of an ID3 tag stand before the sound."""
    with open(path, "rb") as file:
        head = file.read(10)
    if head[:3] != b"ID3":
        return 0
    return 10 + sum((byte & 127) << shift for byte, shift in zip(head[6:], (21, 14, 7, 0), strict=True))


def _refuse_mp3_cut_short(path: Path) -> None:
    """Raise TutorialError where fewer bytes are there than the mp3's header promises."""
    header = _mp3_header(path)
    there = path.stat().st_size - _tag_size(path)
    if header and there < 0.99 * header[2]:
        raise TutorialError(
            f"{path.name} is cut short: its header promises {header[2]:,} bytes of sound and {there:,} are there. "
            "Download or copy it again."
        )


def _blocks_by_soundfile(path: str | Path, start: float, seconds: float | None, block_seconds: float):
    try:
        with soundfile.SoundFile(path) as file:
            sr = file.samplerate
            left = file.seek(min(round(start * sr), file.frames))
            left = file.frames - left if seconds is None else min(round(seconds * sr), file.frames - left)
            while left > 0:
                samples = file.read(min(left, round(block_seconds * sr)), dtype="float32", always_2d=True)
                if len(samples) == 0:
                    raise TutorialError(
                        f"{Path(path).name} is cut short: {left / sr:.1f} s that its header promises are not there. "
                        "Download or copy it again."
                    )
                left -= len(samples)
                yield samples, sr
    except soundfile.LibsndfileError as error:
        raise _not_audio(Path(path)) from error


def _blocks_by_av(path: str | Path, start: float, seconds: float | None, block_seconds: float):
    with _open_with_av(path) as container:
        stream = container.streams.audio[0]
        sr = stream.rate
        origin = float((stream.start_time or 0) * stream.time_base)  # the time stamp of the first sample that is heard
        late = 0.0
        if start > PREROLL:
            late = _seek(container, Path(path), origin + start - PREROLL)
        skip, left = None, np.inf if seconds is None else round(seconds * sr)
        gathered = av.AudioFifo()
        try:
            for frame in container.decode(stream):
                if skip is None:  # a seek lands before the time that was asked for
                    skip = max(0, round((start + origin - (frame.time or 0.0) - late) * sr))
                frame.pts = None  # or the fifo refuses frames whose rounded time stamps leave gaps
                gathered.write(frame)
                if skip and gathered.samples > skip:
                    gathered.read(skip)
                    skip = 0
                if not skip and gathered.samples >= min(left, block_seconds * sr):
                    samples = _as_float(gathered.read(min(left, gathered.samples)))
                    left -= len(samples)
                    yield samples, sr
                    if left == 0:
                        return
        except av.FFmpegError as error:
            raise _not_audio(Path(path)) from error
        if not skip and gathered.samples:
            yield _as_float(gathered.read()), sr


def _seek(container: av.container.InputContainer, path: Path, time: float) -> float:
    """Go to a frame at that time (s) or before; returns how much later its samples are than its time stamp says, in s.

    ffmpeg reads an mp3 up to there, half a second in a file of four hours. Where the bit rate is constant it can leap
    instead, but then it counts frames wrongly; the right count follows from where the frame stands in the file.
    """
    stream = container.streams.audio[0]
    target = int(time / stream.time_base)
    header = _mp3_header(path) if container.format.name == "mp3" else None
    if header is None or header[0] != "Info":
        container.seek(target, stream=stream)
        return 0.0
    first = next(container.demux(stream))
    frame_bytes = stream.codec_context.bit_rate * float(first.duration * stream.time_base) / 8
    if abs(header[1] * frame_bytes - header[2]) > 2 * frame_bytes:  # it says constant, and is not
        container.seek(target, stream=stream)
        return 0.0
    container.flags |= av.container.Flags.fast_seek.value
    container.seek(target, stream=stream)
    landed = next(container.demux(stream))
    number = round((landed.pos - first.pos) / frame_bytes)
    late = float((number * first.duration - landed.pts) * stream.time_base)
    container.seek(target, stream=stream)  # the frame that was looked at is wanted too
    return late


def _as_float(frame: av.AudioFrame) -> np.ndarray:
    """A decoded frame, planar or packed, integer or float, as float32 of shape (n_samples, channels)."""
    block = frame.to_ndarray()
    block = block.T if frame.format.is_planar else block.reshape(-1, frame.layout.nb_channels)
    if np.issubdtype(block.dtype, np.integer):
        return (block / np.float32(np.iinfo(block.dtype).max + 1)).astype(np.float32)
    return block.astype(np.float32, copy=False)
