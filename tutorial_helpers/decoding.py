"""The samples of files in any format, as they are stored, block by block."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
import soundfile
from mutagen import MutagenError
from mutagen.mp3 import MPEGInfo
from mutagen.mp3._util import XingHeader, XingHeaderError  # in place of what is not known, MPEGInfo has a guess

from .errors import TutorialError

# seconds decoded before an excerpt and thrown away: the first packets after a seek need those before them
PREROLL = 0.5


def blocks(
    path: str | Path, *, start: float = 0.0, seconds: float | None = None, block_seconds: float = 30.0
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield an excerpt as it is stored, block by block; at least one sample.

    libsndfile reads wav, flac, ogg and their kind; ffmpeg's libraries (PyAV) read the rest, and mp3, because libsndfile
    believes the length that an mp3's header claims or a guess at it, and drops what lies behind without a word.
    Lesson: 01_data_prep.

    Yields
    ------
    samples : numpy.ndarray
        float32, shape (n_samples, channels).
    sr : int
        The native rate in Hz.

    Raises
    ------
    TutorialError
        Where nothing can be read, or where a block holds NaN.
    """
    name = Path(path).name
    if start < 0 or (seconds is not None and seconds <= 0):
        raise TutorialError(
            f"{name}: an excerpt needs start >= 0 and a length over 0 s, not {start:g} and {seconds} s."
        )
    open_audio(path).close()  # says what is wrong with a file that nothing can read
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


def open_audio(path: str | Path) -> Any:
    """The file as an open PyAV container that has sound, or the error that says why not."""
    path = Path(path)
    if not path.is_file():
        raise TutorialError(f"There is no file {path}. Check the name and the folder.")
    if path.stat().st_size == 0:
        raise TutorialError(f"{path.name} is empty (0 bytes). Download or copy it again.")
    if path.suffix.lower() == ".mp3":
        _refuse_mp3_cut_short(path)
    try:
        container = av.open(str(path))
    except av.FFmpegError as error:
        raise _not_audio(path) from error
    if not container.streams.audio or not container.streams.audio[0].rate:
        container.close()
        raise _not_audio(path)
    return container


def _not_audio(path: Path) -> TutorialError:
    """The error for a file in which there is no sound."""
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


def _mp3_header(path: Path) -> tuple[XingHeader, int] | None:
    """The Xing or Info header of an mp3, if it tells frames and bytes, and how many bytes of sound the file has."""
    try:
        with open(path, "rb") as file:
            frame: Any = MPEGInfo(file)
            if frame.layer != 3:
                return None
            file.seek(frame.frame_offset + XingHeader.get_offset(frame))
            header = XingHeader(file)
    except (MutagenError, XingHeaderError):
        return None
    return (header, path.stat().st_size - frame.frame_offset) if min(header.frames, header.bytes) > 0 else None


def _refuse_mp3_cut_short(path: Path) -> None:
    """Raise TutorialError where fewer bytes are there than the mp3's header promises."""
    header, there = _mp3_header(path) or (None, 0)
    if header and there < 0.99 * header.bytes:
        raise TutorialError(
            f"{path.name} is cut short: its header promises {header.bytes:,} bytes of sound and {there:,} are there. "
            "Download or copy it again."
        )


def _n_samples(seconds: float, sr: int) -> int:
    """How many samples an excerpt has: at least one, however short it is."""
    return max(1, round(seconds * sr))


def _blocks_by_soundfile(
    path: str | Path, start: float, seconds: float | None, block_seconds: float
) -> Iterator[tuple[np.ndarray, int]]:
    """The blocks of a file that libsndfile reads."""
    try:
        with soundfile.SoundFile(path) as file:
            sr = file.samplerate
            left = file.seek(min(round(start * sr), file.frames))
            left = file.frames - left if seconds is None else min(_n_samples(seconds, sr), file.frames - left)
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


def _blocks_by_av(
    path: str | Path, start: float, seconds: float | None, block_seconds: float
) -> Iterator[tuple[np.ndarray, int]]:
    """The blocks of a file that ffmpeg's libraries read."""
    with open_audio(path) as container:
        stream = container.streams.audio[0]
        sr = stream.rate
        origin = float((stream.start_time or 0) * stream.time_base)  # the time stamp of the first sample that is heard
        late = _seek(container, Path(path), origin + start - PREROLL) if start > PREROLL else 0.0
        skip, left = None, sys.maxsize if seconds is None else _n_samples(seconds, sr)
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


def _seek(container: Any, path: Path, time: float) -> float:
    """Go to a frame at that time (s) or before; returns how much later its samples are than its time stamp says, in s.

    ffmpeg reads an mp3 up to there, half a second in a file of four hours. Where the bit rate is constant it can leap
    instead, but then it counts frames wrongly; the right count follows from where the frame stands in the file.
    """
    stream = container.streams.audio[0]
    target, late = int(time / stream.time_base), 0.0
    header, _ = (_mp3_header(path) if container.format.name == "mp3" else None) or (None, 0)
    if header and header.is_info:
        first = next(container.demux(stream))
        frame_bytes = stream.codec_context.bit_rate * float(first.duration * stream.time_base) / 8
        if abs(header.frames * frame_bytes - header.bytes) <= 2 * frame_bytes:  # or it says constant, and is not
            container.flags |= av.container.Flags.fast_seek.value
            container.seek(target, stream=stream)
            landed = next(container.demux(stream))
            number = round((landed.pos - first.pos) / frame_bytes)
            late = float((number * first.duration - landed.pts) * stream.time_base)
    container.seek(target, stream=stream)  # a frame that was looked at above is wanted too
    return late


def _as_float(frame: Any) -> np.ndarray:
    """A decoded frame, planar or packed, integer or float, as float32 of shape (n_samples, channels)."""
    block = frame.to_ndarray()
    block = block.T if frame.format.is_planar else block.reshape(-1, frame.layout.nb_channels)
    if np.issubdtype(block.dtype, np.integer):
        return (block / np.float32(np.iinfo(block.dtype).max + 1)).astype(np.float32)
    return block.astype(np.float32, copy=False)
