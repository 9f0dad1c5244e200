"""From a file of any kind to samples that can be measured: read, probe, check quality, find speech."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryFile
from typing import Any

import imageio_ffmpeg
import numpy as np
import pandas as pd
import soundfile
import soxr

from .channels import CANCEL, CANCELLED, Sums, judge_channels, one_channel
from .containers import counted_seconds, open_audio
from .decoding import Damage, blocks, damage_text, no_samples, refuse_senseless
from .errors import DamageWarning, TutorialError

with warnings.catch_warnings():  # pydub warns that no ffmpeg is installed; it is given one below
    warnings.simplefilter("ignore", RuntimeWarning)
    import pydub

SR = 16_000  # Hz: the one sampling rate of this project; the recognisers and the voice detector want it too

SETTLING = 0.05  # seconds around an excerpt in which the resampling filter settles

SHORTEST = 0.13  # seconds: the longest window of any measure is the 0.128 s of Praat's intensity
QUIET, USUAL = 0.1, 0.3  # amplitudes: models of speech miss words below the first; most recordings have the second

# pydub calls ffmpeg to write mp3; this one comes inside a package, so that nobody has to install it
pydub.AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()


def probe(path: str | Path) -> pd.Series:
    """What a file holds before anything is changed.

    It decodes the whole file, for nothing else counts it and finds its damage: a second for ten minutes of mp3.
    Lesson: 01_data_prep.

    Returns
    -------
    pandas.Series
        Native `sr` (Hz), `channels`, `codec`; `seconds`, counted; `header_seconds`, what libsndfile makes of the
        header, missing where it cannot read the format; and `damage`, a line that says what is wrong with the file and
        where, empty where nothing is. The two lengths differ where a variable-rate mp3 has no length in its header.

    Raises
    ------
    TutorialError
        As `decoding.blocks`.
    """
    name = Path(path).name
    damage: list[Damage] = []
    with open_audio(path) as container:
        codec = container.streams.audio[0].codec_context.codec.canonical_name
    sums: list[Sums] = []
    lengths = [(len(y), sr) for y, sr in one_channel(blocks(path, damage=damage), None, name, sums)]
    seconds = sum(n_samples / sr for n_samples, sr in lengths)
    damage += [(0.0, seconds, what) for what in judge_channels(sums)]
    facts = {"sr": lengths[0][1], "channels": len(sums[0][0]), "codec": codec, "seconds": seconds}
    try:
        with open(path, "rb") as file:  # by its name, libsndfile would take a .raw for what it is not
            facts["header_seconds"] = soundfile.info(file).duration
    except soundfile.SoundFileError:
        facts["header_seconds"] = np.nan
    facts["damage"] = damage_text(damage)
    return pd.Series(facts, name=name)


def length(path: str | Path) -> float:
    """How long a file is in seconds, by counting its packets: within 0.1 s, and a second for four hours of mp3.

    It decodes nothing, so it does not see damage; `probe` does.
    Lesson: 01_data_prep, 04_statistics, 06_scaling_up.

    Raises
    ------
    TutorialError
        Where the file is missing or holds no sound.
    """
    return counted_seconds(Path(path))


def read(
    path: str | Path, *, start: float = 0.0, seconds: float | None = None, sr: int = SR, channel: int | None = None
) -> np.ndarray:
    """Read an excerpt as mono samples; only the excerpt is decoded, a block at a time.

    Channels are averaged, and the average checked as in `downmix`; soxr resamples, with its anti-aliasing filter. What
    cannot be decoded is silence; a `DamageWarning` says where, and which channel is silent or late. Excerpts that
    follow each other are together the whole.
    Lesson: 01_data_prep and all that follow.

    Parameters
    ----------
    start : float
        Seconds from the beginning.
    seconds : float, optional
        How much; all there is where None. A recording that ends earlier gives what it has.
    sr : int
        The rate to resample to, in Hz.
    channel : int, optional
        The one channel to read, from 1 on, instead of the mean of all.

    Returns
    -------
    numpy.ndarray
        float32, shape (n_samples,).

    Raises
    ------
    TutorialError
        As `stream` does, and where the excerpt is silent or shorter than the longest analysis window (0.13 s).
    """
    name = Path(path).name
    y = np.concatenate(list(stream(path, start=start, seconds=seconds, sr=sr, channel=channel)))
    _refuse_unheard(name, bool(y.any()), start, len(y) / sr)
    return y


@contextmanager
def on_disk(
    path: str | Path, *, sr: int = SR, damage: list[Damage] | None = None
) -> Iterator[tuple[Callable[[int, int], np.ndarray], int]]:
    """Decode a whole recording once and keep its samples on disk, for measures that must look at them twice.

    It takes 0.23 GB an hour where temporary files are kept, until the `with` ends.

    Parameters
    ----------
    path, sr
        As in `read`.
    damage : list, optional
        As in `stream`.

    Yields
    ------
    samples : callable
        `samples(first, last)` reads float32 of shape (last - first,).
    n_samples : int
        How many there are.
    """
    with TemporaryFile() as file:
        n_samples, heard = 0, False

        def samples(first: int, last: int) -> np.ndarray:
            file.seek(4 * first)
            return np.frombuffer(file.read(4 * (last - first)), np.float32)

        for y in stream(path, sr=sr, damage=damage):
            file.write(y.tobytes())
            n_samples, heard = n_samples + len(y), heard or bool(y.any())
        _refuse_unheard(Path(path).name, heard, 0.0, n_samples / sr)
        yield samples, n_samples


def _warn(name: str, damage: list[Damage]) -> None:
    """Say in one warning what is wrong with a recording."""
    if damage:
        warnings.warn(f"{name}: {damage_text(damage)}", DamageWarning, stacklevel=3)


def _refuse_unheard(name: str, heard: bool, start: float, seconds: float) -> None:
    """Raise TutorialError where an excerpt of so many seconds is silent or too short to be measured."""
    if seconds < SHORTEST:
        raise TutorialError(
            f"{name} has {seconds:.3f} s of sound from {start:g} s on; the measures of the lessons need windows of "
            f"up to {SHORTEST:g} s. Choose a longer recording or a smaller start."
        )
    if not heard:
        raise TutorialError(
            f"{name} is silent from {start:g} s to {start + seconds:.1f} s: every sample is 0. "
            "Choose another start or another recording."
        )


def stream(
    path: str | Path,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    sr: int = SR,
    channel: int | None = None,
    damage: list[Damage] | None = None,
) -> Iterator[np.ndarray]:
    """Yield what `read` reads, in blocks of some seconds, for files of any length; silence and short files pass.

    Reading begins at a full second, where the samples of every rate meet, and a little before the excerpt, so that an
    excerpt has the samples of the whole.

    Parameters
    ----------
    path, start, seconds, sr, channel
        As in `read`.
    damage : list, optional
        Gets a tuple (from, to, reason), in s, for each thing that is wrong. Where None, a `DamageWarning` says it after
        the last block.

    Yields
    ------
    numpy.ndarray
        float32, shape (n_samples,).

    Raises
    ------
    TutorialError
        Where the file is missing, holds no sound, is damaged beyond use, holds NaN, has no such channel, where `start`
        lies behind its end, or, after the last block, where its channels cancel.
    """
    name = Path(path).name
    refuse_senseless(name, start, seconds)
    begins = max(0, int(start - SETTLING))
    to_decode = None if seconds is None else start + seconds - begins + SETTLING
    found: list[Damage] = []
    sums: list[Sums] = []
    mono = one_channel(blocks(path, start=begins, seconds=to_decode, damage=found, asked=start), channel, name, sums)
    at, first = begins * sr, round(start * sr)
    last = None if seconds is None else max(round((start + seconds) * sr), first + 1)
    for y in _resampled(mono, sr):
        wanted = y[max(first - at, 0) : None if last is None else max(last - at, 0)]
        at += len(y)
        if len(wanted):
            yield wanted
    if at <= first:
        raise no_samples(name, start)
    until = np.inf if seconds is None else start + seconds
    found = [record for record in found if record[1] >= start and record[0] <= until]
    wrong = judge_channels(sums)
    if CANCEL in wrong:
        raise TutorialError(f"{name}: {CANCEL}. Read one of them: channel=1.")
    found += [(start, min(until, at / sr), what) for what in wrong]
    if damage is None:
        _warn(name, found)
    else:
        damage += found


def _resampled(blocks_of_one: Iterator[tuple[np.ndarray, int]], sr: int) -> Iterator[np.ndarray]:
    """Blocks of samples (n_samples,), whatever their rates, at one rate."""
    resampler: Any = None
    rate, nothing = 0, np.zeros(0, np.float32)
    for y, native_sr in blocks_of_one:
        if native_sr != rate:
            if resampler:
                yield resampler.resample_chunk(nothing, last=True)
            resampler, rate = soxr.ResampleStream(native_sr, sr, 1, dtype="float32"), native_sr
        yield resampler.resample_chunk(y)
    if resampler:
        yield resampler.resample_chunk(nothing, last=True)


def read_native(path: str | Path, *, start: float = 0.0, seconds: float | None = None) -> tuple[np.ndarray, int]:
    """Read an excerpt as it is stored, silence included.

    Where channels or rate change, as in files that were joined, all is as the first block is.
    Lesson: 01_data_prep, 02_representations, 04_statistics.

    Returns
    -------
    samples : numpy.ndarray
        float32, shape (n_samples, channels).
    sr : int
        The native rate in Hz.

    Raises
    ------
    TutorialError
        As `decoding.blocks`.
    """
    damage: list[Damage] = []
    read_blocks = list(blocks(path, start=start, seconds=seconds, damage=damage))
    _warn(Path(path).name, damage)
    n_channels, sr = read_blocks[0][0].shape[1], read_blocks[0][1]
    for number, (samples, native_sr) in enumerate(read_blocks):
        if samples.shape[1] != n_channels:
            samples = samples.mean(axis=1, keepdims=True).repeat(n_channels, axis=1)
        read_blocks[number] = (samples if native_sr == sr else soxr.resample(samples, native_sr, sr)), sr
    return np.concatenate([samples for samples, _ in read_blocks]), sr


def downmix(samples: np.ndarray, *, name: str = "The recording") -> np.ndarray:
    """The mean of the channels, checked: samples of shape (n_samples, channels) to y of shape (n_samples,).

    Where the mean has less than a tenth of the channels' RMS, they are in opposite phase and cancel, and what is left
    is not the recording: a TutorialError.
    Lesson: 01_data_prep.
    """
    y = samples.mean(axis=1)
    if np.sum(y**2) < CANCELLED * np.mean(samples**2, axis=1).sum():
        raise TutorialError(f"{name}: {CANCEL}. Keep one of them: samples[:, 0].")
    return y


def quality(y: np.ndarray, sr: int) -> pd.Series:
    """Four checks before samples y (n_samples,) at sr Hz are measured, at least 0.04 s, with their peak and RMS level.

    Lesson: 01_data_prep.

    Returns
    -------
    pandas.Series
        `clipped` and `silent` are shares of 10 ms frames: with two neighbouring samples at the recording's own extreme
        above 0.98 of full scale, and with RMS below -60 dB re full scale. `dc_offset` is the mean sample, `bandwidth`
        (Hz) the highest frequency within 60 dB of the strongest in the mean spectrum; `peak` and `rms` are in dB re
        full scale.
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


def dbfs(amplitude: float | np.ndarray) -> Any:
    """Amplitude (1.0 is full scale) in dB re full scale; nothing is called quieter than -120 dB.

    Lesson: 01_data_prep, 02_representations, 03_features.
    """
    return 20 * np.log10(np.maximum(np.abs(amplitude), 1e-6))


@lru_cache(maxsize=1)
def _voice_detector() -> Any:
    """The model of silero-vad; its weights come inside its package."""
    from silero_vad import load_silero_vad  # it imports torch: seconds that a reader of files need not wait

    return load_silero_vad()


def audible(y: np.ndarray) -> np.ndarray:
    """Samples y (n_samples,) as models of speech want them: a quiet recording made as loud as most are.

    What is loud enough stays as it is. How loud it is, is told by what one sample in a thousand exceeds: a click in a
    quiet recording does not count.
    """
    loudest = float(np.quantile(np.abs(y), 0.999)) if len(y) else 0.0
    return y * np.float32(USUAL / loudest) if 0 < loudest < QUIET else y


def voice_activity(y: np.ndarray, sr: int = SR) -> pd.DataFrame:
    """Stretches of speech in samples y (n_samples,) at 16,000 or 8,000 Hz, found by silero-vad.

    A quiet recording is made louder first, for the detector would miss most of a voice at -60 dB.
    Lesson: 01_data_prep, 02_representations, 04_statistics.

    Returns
    -------
    pandas.DataFrame
        One row for each stretch, `onset` and `offset` in seconds.

    References
    ----------
    Silero Team, github.com/snakers4/silero-vad.
    """
    import torch
    from silero_vad import get_speech_timestamps

    if sr not in (8_000, 16_000):
        raise TutorialError(
            f"silero-vad hears 8,000 or 16,000 Hz, not {sr} Hz. Resample first: data_prep.read(..., sr=16000)."
        )
    heard = audible(y).astype(np.float32)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # the detector is so small that a second thread makes it four times slower
    try:
        stretches = get_speech_timestamps(torch.from_numpy(heard), _voice_detector(), sampling_rate=sr)
    finally:
        torch.set_num_threads(threads)
    return pd.DataFrame([(s["start"] / sr, s["end"] / sr) for s in stretches], columns=["onset", "offset"])


def inside(times: np.ndarray, stretches: pd.DataFrame) -> np.ndarray:
    """Whether each time in seconds lies in one of the stretches (`onset` <= time < `offset`): booleans, (n_times,).

    Lesson: 01_data_prep, 02_representations, 04_statistics, 06_scaling_up.
    """
    found = np.zeros(len(times), bool)
    for onset, offset in stretches[["onset", "offset"]].to_numpy():
        found |= (onset <= np.asarray(times)) & (np.asarray(times) < offset)
    return found


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
