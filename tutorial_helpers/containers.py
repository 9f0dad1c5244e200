"""What a file of sound says of itself: whether it is one, its parts, its length, and where one can enter it."""

from __future__ import annotations

import mmap
import re
import struct
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import av
from mutagen import MutagenError
from mutagen.mp3 import MPEGInfo
from mutagen.mp3._util import XingHeader, XingHeaderError  # in place of what is not known, MPEGInfo has a guess

from .errors import TutorialError

MP4 = "mov,mp4,m4a,3gp,3g2,mj2"
# those that say in a header how long they are, and do not only let it be guessed
TELLS_LENGTH = {MP4, "matroska,webm", "flac", "asf", "aiff", "au", "tta", "wv"}
UNCLOCKED = {"mp3", "aac", "ac3"}  # without time stamps: in these, time is what was decoded before
# a playlist or script that is called .mp3 opens no other file, and no address
OPTIONS = {"protocol_whitelist": "file,subfile"}
# tags in Latin-1 are no error; since its version 19 PyAV sees to that by itself
TAGS: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
# where the first chunk stands, the bytes of a chunk's name and of its size, their order, and what sizes are rounded to
CHUNKS: dict[str, tuple[int, int, int, Literal["little", "big"], int]] = {
    "wav": (12, 4, 4, "little", 2),
    "w64": (40, 16, 8, "little", 8),
    "caf": (8, 4, 8, "big", 1),
}
MOST_CHANNELS = 64  # ffmpeg mixes no more, and a header that tells of more is damaged
ID3V1 = 128  # bytes that such a tag takes behind the sound


def open_audio(path: str | Path, *, part: str = "") -> Any:
    """Open a file that has sound.

    Lesson: 01_data_prep, through `data_prep.read`.

    Parameters
    ----------
    path : str or Path
    part : str
        One of what `parts` returns; empty for the whole file.

    Returns
    -------
    av.container.InputContainer
        To be closed; its first stream of sound is `.streams.audio[0]`.

    Raises
    ------
    TutorialError
        Where the file is not there, may not be read, is empty, lacks the index at its end, or holds no sound.
    """
    path = Path(path)
    try:
        if not path.is_file():
            raise TutorialError(f"There is no file {path}. Check the name and the folder.")
        with open(path, "rb") as file:
            head = file.read(12)
    except PermissionError as error:
        raise TutorialError(
            f"{path} may not be read: permission denied. Make it readable for yourself (Linux and macOS: chmod u+r), "
            "or ask whoever owns it."
        ) from error
    if not head:
        raise TutorialError(f"{path.name} is empty (0 bytes). Download or copy it again.")
    try:
        container = av.open(f"{part}file:{path.absolute()}", options=OPTIONS, **TAGS)
    except (av.FFmpegError, ValueError) as error:
        if head[4:8] == b"ftyp" and b"moov" not in path.read_bytes():
            raise TutorialError(
                f"{path.name} is cut short: the index that an {path.suffix} file has at its end is missing. "
                "Download or copy it again."
            ) from error
        raise not_audio(path) from error
    audio = container.streams.audio
    is_sound = audio and audio[0].codec_context is not None and audio[0].rate
    if not is_sound or audio[0].codec_context.layout.nb_channels > MOST_CHANNELS:
        container.close()
        raise not_audio(path)
    if audio[0].codec_context.name == "flac":  # or a damaged frame is decoded into noise
        audio[0].codec_context.options = {"err_detect": "crccheck+explode"}
    return container


def not_audio(path: Path) -> TutorialError:
    """The error for a file in which there is no sound."""
    return TutorialError(
        f"{path.name} cannot be read as audio: it holds something else, or it is damaged. Open it in a player; if that "
        "fails too, get it again or take it out of the folder."
    )


def parts(path: Path) -> tuple[list[str], bool]:
    """What `open_audio` takes for each recording that is chained in an Ogg file, and whether the end is marked.

    Streams recorded from the net are chained: one recording behind the other, each with its own header and clock.
    Other formats, which ffmpeg follows over a join, are one part, and need no mark. Source: RFC 3533.
    """
    open_audio(path).close()  # says what is wrong with a file that nothing can read
    with open(path, "rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as content:
        if content[:4] != b"OggS":
            return [""], True
        starts, end = [], -1
        for page in re.finditer(rb"OggS\x00[\x02\x03\x06\x07]", content):  # the first page of each stream
            if page.start() != end:  # those of one recording follow each other
                starts.append(page.start())
            lengths = content[page.start() + 27 : page.start() + 27 + content[page.start() + 26]]
            end = page.start() + 27 + len(lengths) + sum(lengths)
        last = content.rfind(b"OggS\x00")
        is_marked = bool(content[last + 5] & 4)
        ends = [*starts[1:], len(content)]
    return [f"subfile,,start,{first},end,{last},,:" for first, last in zip(starts, ends, strict=True)], is_marked


def promised_seconds(container: Any, path: Path) -> float | None:
    """How long an open file says it is (s); None where it does not, and what is known is a guess."""
    stream, name = container.streams.audio[0], container.format.name
    if name in CHUNKS:  # of these, ffmpeg tells how long they could be with the bytes that are there
        known, there = _bytes_of_sound(path, name)
    elif name == "mp3":
        header, n_bytes = _mp3_header(path) or (None, 0)
        # with so many more bytes ffmpeg takes it for two that were joined, and guesses
        known, there = int(header is not None and n_bytes - header.bytes <= header.bytes / 16), 1
    else:
        known, there = int(name in TELLS_LENGTH), 1
    seconds = stream.duration * stream.time_base if stream.duration else (container.duration or 0) / av.time_base
    return float(seconds * known / there) or None


def header_seconds(path: str | Path) -> float:
    """How long a file says it is, without a look behind its header; 0 where it does not say, or cannot be opened.

    Parameters
    ----------
    path : str or Path
    """
    with suppress(TutorialError), open_audio(path) as container:
        return (container.duration or 0) / av.time_base
    return 0.0


def counted_seconds(path: Path) -> float:
    """How long a file is (s), by the time stamps of all its packets, which are not decoded."""
    total = 0.0
    for part in parts(path)[0]:
        with open_audio(path, part=part) as container:
            stream = container.streams.audio[0]
            begins, last, counted = stream.start_time or 0, 0, 0
            if container.format.name == "mp3" and (promised := promised_seconds(container, path)):
                total += promised  # which counts no padding
                continue
            with suppress(av.FFmpegError):  # where the file can be followed no further
                for packet in container.demux(stream):
                    counted += packet.duration or 0
                    last = max(last, (packet.pts or 0) + (packet.duration or 0) - begins)
            if container.format.name in UNCLOCKED:
                last = counted
            total += float(last * stream.time_base)
    if not total:
        raise not_audio(path)
    return total


def _bytes_of_sound(path: Path, name: str) -> tuple[int, int]:
    """Of a wav, w64 or caf, the bytes of sound that its header promises (0 where it does not know), and those there."""
    at, id_width, size_width, order, step = CHUNKS[name]
    with open(path, "rb") as file:
        while True:
            file.seek(at)
            head = file.read(id_width + size_width)
            if len(head) < id_width + size_width:
                return 0, 1
            size = int.from_bytes(head[id_width:], order)
            size -= len(head) if name == "w64" else 0  # there it counts itself
            if head[:4] == b"data":
                there = path.stat().st_size - at - len(head)
                return (size if there < size < 256**size_width - 1 else there), max(there, 1)
            at += len(head) + -(-max(size, 0) // step) * step


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


def bytes_a_frame(container: Any, path: Path) -> float | None:
    """Of an open mp3 of a constant bit rate, which says so and has no more bytes than it says; None of all others."""
    header, n_bytes = (_mp3_header(path) if container.format.name == "mp3" else None) or (None, 0)
    if not header or not header.is_info:
        return None
    codec = container.streams.audio[0].codec_context
    size = codec.bit_rate * codec.frame_size / codec.sample_rate / 8
    is_constant = abs(header.frames * size - header.bytes) <= 2 * size  # or it says so, and is not
    return size if is_constant and n_bytes < header.bytes + 2 * size + ID3V1 else None


def can_seek(container: Any, path: Path) -> bool:
    """Whether a seek in an open file lands where it should; others are to be decoded from their beginning."""
    name, codec = container.format.name, container.streams.audio[0].codec_context.name
    if name == "wav":
        return codec.startswith("pcm") and _is_regular(path)
    return name in {"mp3", MP4} or (name == "aiff" and codec.startswith("pcm"))


def _is_regular(path: Path) -> bool:
    """Whether the header of a wav agrees with itself: ffmpeg seeks by its bytes a second and a sample."""
    with open(path, "rb") as file:
        head = file.read(4096)
    at = head.find(b"fmt ") + 8
    if at < 8 or at + 16 > len(head):
        return False
    _, channels, rate, bytes_a_second, bytes_a_sample, bits = struct.unpack("<HHIIHH", head[at : at + 16])
    return bytes_a_sample == channels * -(-bits // 8) and bytes_a_second == rate * bytes_a_sample


def seek(container: Any, frame_bytes: float | None, time: float) -> int:
    """Go to a frame at that time (s) or before; returns where in the file the first frame stands, if it was looked at.

    ffmpeg reads an mp3 up to there, half a second in a file of four hours. Where the bit rate is constant it can leap
    instead, but then it counts frames wrongly; where a frame stands in the file tells its time.
    """
    stream = container.streams.audio[0]
    first_byte = 0
    with suppress(av.FFmpegError):  # of a damaged file: then it is decoded from where it stands
        if frame_bytes:
            first_byte = next(container.demux(stream)).pos
            container.flags |= av.container.Flags.fast_seek.value
        container.seek(int(time / stream.time_base), stream=stream)
    return first_byte
