"""Recordings to measure with: the show's sound, as long as an episode is, and as a podcast is stored."""

from __future__ import annotations

import subprocess
from pathlib import Path

import imageio_ffmpeg

from tutorial_helpers import corpora

TEN_MINUTES = 600.0  # seconds
PARTS = {"10 minutes": 1, "1 hour": 6, "4 hours": 24}  # how many ten minutes each has


def write_episodes(folder: Path, seconds: float = TEN_MINUTES) -> dict[str, Path]:
    """Write one mp3 of each length in PARTS: 44.1 kHz, stereo, 128 kb/s, the usual podcast. Returns their paths.

    They repeat the show's pilot. seconds: of the shortest.
    """
    pilot = corpora.pick(corpora.load("show"), "").path
    paths = {length: folder / f"{length.replace(' ', '_')}.mp3" for length in PARTS}
    shortest = paths["10 minutes"]
    as_a_podcast = ["-ar", "44100", "-ac", "2", "-b:a", "128k"]
    run_ffmpeg("-stream_loop", "-1", "-i", pilot, "-t", seconds, "-map", "0:a", *as_a_podcast, shortest)
    for length, path in paths.items():
        if path != shortest:
            join(shortest, PARTS[length], path)
    return paths


def join(path: str | Path, times: int, joined: str | Path) -> None:
    """Write an mp3 that repeats another so many times, packet by packet: nothing is encoded again."""
    run_ffmpeg("-stream_loop", times - 1, "-i", path, "-map", "0:a", "-c", "copy", joined)


def run_ffmpeg(*arguments) -> None:
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)
