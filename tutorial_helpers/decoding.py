"""The samples of files in any format, as they are stored, block by block, and what of them cannot be decoded."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import av
import numpy as np
from mutagen.mp3 import HeaderNotFoundError, MPEGFrame

from .containers import MP4, UNCLOCKED, bytes_a_frame, can_seek, not_audio, open_audio, parts, promised_seconds, seek
from .errors import TutorialError

# seconds decoded before an excerpt and thrown away: the first packets after a seek need those before them
PREROLL = 0.5
PLANES = 8  # channels that a frame can hold apart: of more, PyAV reads memory that is not the frame's
CHUNK = 5.0  # seconds that are handed on together: few enough for a processor's own memory, which is the fastest
JUMP = 0.02  # s that time stamps may leave out without sound missing: some are rounded to milliseconds
LONGEST_GAP = 60.0  # s: time stamps that leap further, in a file that does not say how long it is, are not believed
PADDING = 0.1  # s by which a file may be shorter or longer than it says: encoders work in whole packets
TOLERATED, ALWAYS_TOLERATED = 0.05, 1.0  # share of what is read, and seconds, that may be damaged
HIGHEST = 100.0  # times full scale: no recording goes there, 16-bit numbers that were stored as fractions do
PADDED = {"mp3", MP4}  # what lies a little beyond the length that these say is the encoder's padding
UNDECODABLE = "cannot be decoded, and is silence here"
UNCERTAIN = "; how long it was is not known, so what follows may come too early or too late"

Damage = tuple[float, float, str]  # from and to (s), and what is wrong there
Chunk = tuple[float, np.ndarray, int]  # time of the first sample (s), samples (n_samples, channels), rate


def blocks(
    path: str | Path,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    damage: list[Damage] | None = None,
    asked: float | None = None,
) -> Iterator[tuple[np.ndarray, int]]:
    """Yield an excerpt as it is stored, block by block; at least one sample.

    ffmpeg's libraries (PyAV) decode. Times are those of the file: where something cannot be decoded there is silence,
    of the length that the file's time stamps tell. Where channels or rate change within a file, so do the blocks.
    Lesson: 01_data_prep.

    Parameters
    ----------
    path : str or Path
    start, seconds : float, s
        The excerpt; None is all there is.
    damage : list, optional
        Gets a tuple (from, to, reason), in s, for each stretch that cannot be decoded, and where the file ends earlier
        than it says.
    asked : float, s, optional
        The start that an error names, where more than was asked for is read.

    Yields
    ------
    samples : numpy.ndarray
        float32, shape (n_samples, channels).
    sr : int
        The native rate in Hz.

    Raises
    ------
    TutorialError
        Where nothing can be read, where more than a twentieth of what was read is damaged, or where a block holds
        samples that are no number or no sound.
    """
    name = Path(path).name
    refuse_senseless(name, start, seconds)
    end = None if seconds is None else start + seconds
    found: list[Damage] = []
    total = 0.0
    for time, chunk, sr in _chunks(Path(path), start, end, found):
        at, first = round(time * sr), round(start * sr)
        last = at + len(chunk) if end is None else max(round(end * sr), first + 1)
        wanted = chunk[max(first - at, 0) : max(last - at, 0)]
        if len(wanted):
            _refuse_what_is_no_sound(name, wanted, sr, max(at, first) / sr)
            total += len(wanted) / sr
            yield wanted, sr
        if at + len(chunk) >= last and end is not None:
            break
    found = [(first, last, reason) for first, last, reason in found if last >= start and (end is None or first <= end)]
    if damage is not None:
        damage += found
    if total == 0:
        raise no_samples(name, start if asked is None else asked)
    _refuse_too_damaged(name, found, total)


def refuse_senseless(name: str, start: float, seconds: float | None) -> None:
    """Raise TutorialError where an excerpt of a file would begin before it or have no length."""
    if not (start >= 0 and (seconds is None or seconds > 0)):  # NaN too
        raise TutorialError(
            f"{name}: an excerpt needs start >= 0 and a length over 0 s, not {start:g} and {seconds} s."
        )


def no_samples(name: str, start: float) -> TutorialError:
    """The error for an excerpt that begins behind the end of a file."""
    return TutorialError(
        f"{name} has no samples at {start:g} s: it ends before, or it is empty. Choose a smaller start."
    )


def damage_text(damage: list[Damage]) -> str:
    """What is wrong with a recording, in one line; empty where nothing is. Lesson: 01_data_prep."""
    return "; ".join(f"{first:.2f} to {last:.2f} s: {reason}" for first, last, reason in damage)


def _refuse_too_damaged(name: str, damage: list[Damage], total: float) -> None:
    """Raise TutorialError where too much of the seconds that were read cannot be decoded."""
    lost = [(first, last) for first, last, reason in damage if reason.startswith(UNDECODABLE)]
    seconds = sum(last - first for first, last in lost)
    if seconds > max(TOLERATED * total, ALWAYS_TOLERATED):
        raise TutorialError(
            f"{name} is damaged: {seconds:.1f} of {total:.1f} s cannot be decoded, first from {lost[0][0]:.1f} s on. "
            "Download or copy it again, or read what lies before or behind."
        )


def _refuse_what_is_no_sound(name: str, samples: np.ndarray, sr: int, time: float) -> None:
    """Raise TutorialError where samples, the first of them at a time in s, are no numbers, or far over full scale."""
    peak = max(samples.max(), -samples.min())
    if peak <= HIGHEST:  # false for NaN too
        return
    first = time + (~(np.abs(samples) <= HIGHEST)).any(axis=1).argmax() / sr
    what = f"samples of {peak:,.0f} times full scale" if np.isfinite(peak) else "NaN or infinity (not a number)"
    raise TutorialError(f"{name} holds {what} at {first:.3f} s. Export it again from its source.")


def _chunks(path: Path, start: float, end: float | None, damage: list[Damage]) -> Iterator[Chunk]:
    """The chunks of a file, from the start (s) or before it to the end; one of them ends soon after `end` (s)."""
    at = 0.0
    names, is_marked = parts(path)
    for part in names:
        with open_audio(path, part=part) as container:
            limit = promised_seconds(container, path) if container.format.name in PADDED else None
            frames = _timed_frames(container, path, at, start, damage)
            at = yield from _gathered(frames, at, limit, np.inf if end is None else end + PADDING)
    if not is_marked:
        damage.append((at, at, "the mark of the end is missing: the file is cut short, or a stream's recording"))
    if at == 0 and start <= PREROLL:  # else a seek went behind the end
        raise not_audio(path)


def _timed_frames(
    container: Any, path: Path, at: float, start: float, damage: list[Damage]
) -> Iterator[tuple[float, Any]]:
    """Each frame of one part, which begins at a time (s), with its own time: a leap is what cannot be decoded.

    The time is counted in samples. Where the file's time stamps say otherwise they are followed, if sound was lost
    there, or if they leap over what may well be missing; else they were set anew, as where two files were joined.
    """
    stream = container.streams.audio[0]
    promised, frame_bytes = promised_seconds(container, path), bytes_a_frame(container, path)
    is_clocked = frame_bytes is not None or container.format.name not in UNCLOCKED
    # the time stamp of the first sample that is heard; FLAC counts from 0, and what is behind it was lost
    origin = 0.0 if container.format.name == "flac" else float((stream.start_time or 0) * stream.time_base)
    first_byte, shift = 0, None  # where the first packet stands; from a time stamp to the time in the file
    is_found = True  # whether it is known when the next frame begins
    if start > PREROLL and can_seek(container, path):
        first_byte = seek(container, frame_bytes, origin + start - PREROLL)
        is_found, shift = False, at - origin
    begins, lost, last = at, 0.0, None
    for packet, frames in _packets(container, stream):
        if packet.size:
            last = packet
            first_byte = first_byte or packet.pos or 0
        if frames is None:
            lost += float((packet.duration or 0) * stream.time_base) or 1 / stream.rate
        for frame in frames or ():
            sr = frame.sample_rate
            stamp = frame.time
            if frame_bytes and packet.pos and packet.pos > first_byte:
                n_before = round((packet.pos - first_byte) / frame_bytes) * stream.codec_context.frame_size
                stamp = max(n_before / sr, origin)
            if not is_found:
                if stamp is None:
                    continue
                at = begins = round((stamp + shift) * sr) / sr
                is_found = True
            if shift is None and stamp is not None:
                shift = at - (origin if lost or container.format.name == "flac" else stamp)
            gap = lost if stamp is None else stamp + shift - at
            if lost or abs(gap) > JUMP:
                is_gap = gap > (frame.samples / sr / 2 if lost else JUMP)
                if is_gap and (at + gap - begins <= promised + 1 if promised else gap <= LONGEST_GAP):
                    gap = round(gap * sr) / sr
                    damage.append((at, at + gap, UNDECODABLE if is_clocked else UNDECODABLE + UNCERTAIN))
                    at += gap
                else:
                    if shift is not None and abs(gap) > JUMP:
                        shift -= gap
                    if lost:
                        damage.append((at, at, "junk between two packets of sound is left out"))
                lost = 0.0
            yield at, frame
            at += frame.samples / sr
    if promised and promised - at > PADDING:
        damage.append((at, promised, "is not there: the file is cut short"))
    elif lost:
        damage.append((at, at, "junk behind the last packet of sound is left out"))
    elif last and _is_not_whole(last, stream):
        damage.append((at, at, "the last packet is not whole: the file is cut short"))


def _packets(container: Any, stream: Any) -> Iterator[tuple[Any, list | None]]:
    """Each packet with its frames, or with None where it cannot be decoded; ends where the file cannot be followed."""
    packets = container.demux(stream)
    while True:
        try:
            packet = next(packets)
        except (StopIteration, av.FFmpegError):  # what is behind is missing, as `promised_seconds` tells
            return
        try:
            yield packet, packet.decode()
        except av.EOFError:
            return
        except (av.FFmpegError, ValueError):
            yield packet, None


def _is_not_whole(packet: Any, stream: Any) -> bool:
    """Whether the last packet, of layer II or III, has fewer bytes than its own header says."""
    if stream.codec_context.codec.canonical_name not in {"mp2", "mp3"}:
        return False
    content = BytesIO(bytes(packet))
    try:
        MPEGFrame(content)  # it leaves the position where the frame should end
    except HeaderNotFoundError:
        return False
    return content.tell() > packet.size


def _gathered(
    frames: Iterator[tuple[float, Any]], at: float, limit: float | None, until: float
) -> Generator[Chunk, None, float]:
    """Chunks of about CHUNK s, with silence where time leaps; returns when they end. One reaches to `until` (s).

    What lies a little behind the limit (s), where there is one, is left out.
    """
    fifo, kind, sr = av.AudioFifo(), None, 1
    for time, frame in frames:
        n_channels, rate = frame.layout.nb_channels, frame.sample_rate
        if n_channels > PLANES and frame.format.is_planar:
            (frame,) = av.AudioResampler(format=frame.format.packed.name).resample(frame)
        leaps, kind_of_frame = time - at > 0.5 / rate, (frame.format.name, n_channels, rate)
        if leaps or kind != kind_of_frame:
            if fifo.samples:
                yield at - fifo.samples / sr, _as_float(fifo.read()), sr
            if leaps and kind:
                yield from _silence(at, time - at, frame)
            kind, fifo, sr, at = kind_of_frame, av.AudioFifo(), rate, time
        frame.pts = None  # or the fifo refuses frames whose rounded time stamps leave gaps
        fifo.write(frame)
        at += frame.samples / sr
        ready = fifo.samples - round(PADDING * sr)
        if ready >= CHUNK * sr or (at >= until and ready > 0):
            yield at - fifo.samples / sr, _as_float(fifo.read(ready)), sr
    padding = round((at - limit) * sr) if limit and 0 < at - limit < PADDING else 0
    if fifo.samples > padding:
        yield at - fifo.samples / sr, _as_float(fifo.read(fifo.samples - padding)), sr
    return at - padding / sr


def _silence(at: float, seconds: float, frame: Any) -> Iterator[Chunk]:
    """Chunks of silence from a time (s) on, as of the frame that follows."""
    left, sr = round(seconds * frame.sample_rate), frame.sample_rate
    while left > 0:
        n = min(left, round(CHUNK * sr))
        yield at, np.zeros((n, frame.layout.nb_channels), np.float32), sr
        at, left = at + n / sr, left - n


def _as_float(frame: Any) -> np.ndarray:
    """A decoded frame, planar or packed, integer or float, as float32 of shape (n_samples, channels)."""
    channels = frame.layout.nb_channels
    if frame.format.name == "s64":  # PyAV has no array for it
        block = np.frombuffer(frame.planes[0], np.int64)[: frame.samples * channels].reshape(-1, channels)
    else:
        block = frame.to_ndarray()
        block = block.T if frame.format.is_planar else block.reshape(-1, channels)
    if block.dtype == np.uint8:  # the only ones without a sign: 128 is silence
        return (block.astype(np.float32) - 128) / 128
    if np.issubdtype(block.dtype, np.integer):
        return (block / np.float32(2.0 ** (8 * block.itemsize - 1))).astype(np.float32)
    return block.astype(np.float32, copy=False)
