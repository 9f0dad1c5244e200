"""Ten minutes out of a four-hour mp3: by loading all of it, and by reading what is wanted.

excerpt.csv   one row a round and case: seconds, peak memory, and the memory before the file is touched, when only
              libraries are loaded
excerpt.json  the machine
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from episodes import TEN_MINUTES, run_ffmpeg, write_episodes
from measuring import MEASURING, RUNS, in_a_new_process, one_core, peak_mb, seconds_of, write, write_machine

NAIVE = "4 hours: load all, slice"
FIRST, MIDDLE, LAST, SHORT = "4 hours: beginning", "4 hours: middle", "4 hours: end", "10 minutes: all"
CASES = {  # length of the file, start of the excerpt in s; all but the first are read with data_prep.read
    NAIVE: ("4 hours", 0.0),
    FIRST: ("4 hours", 0.0),
    MIDDLE: ("4 hours", 12 * TEN_MINUTES),
    LAST: ("4 hours", 23 * TEN_MINUTES),
    SHORT: ("10 minutes", 0.0),
}
WARM_UP = 5.0  # seconds of sound

# Each way imports its libraries in its function: what the other needs is not in its memory.


def load_all(path: str, *, start: float, seconds: float, folder: str):
    """The lines of the document that these lessons grew from: two whole copies, a slice, an mp3, and that one loaded.

    format and codec stand there because pydub would otherwise ask a program of its own what the file is.
    """
    import imageio_ffmpeg
    import librosa

    with warnings.catch_warnings():  # pydub warns that no ffmpeg is installed; it is given one
        warnings.simplefilter("ignore", RuntimeWarning)
        from pydub import AudioSegment
    AudioSegment.converter = imageio_ffmpeg.get_ffmpeg_exe()
    audio_data, sr = librosa.load(path)
    audio_segment = AudioSegment.from_file(path, format="mp3", codec="mp3")
    trimmed_audio_segment = audio_segment[start * 1000 : (start + seconds) * 1000]
    trimmed_audio_path = f"{folder}/trimmed_audio.mp3"
    trimmed_audio_segment.export(trimmed_audio_path, format="mp3")
    return librosa.load(trimmed_audio_path)[0]


def read_excerpt(path: str, *, start: float, seconds: float, folder: str):
    from tutorial_helpers import data_prep

    return data_prep.read(path, start=start, seconds=seconds)


def measure(way: Callable, short: str, path: str, start: float, seconds: float) -> dict:
    """How long a way takes for a file, and the memory of this process, which is to be a new one.

    short: a small file on which the way is gone once before, so that libraries are loaded and do not count as time.
    """
    with TemporaryDirectory() as folder:
        run = partial(way, seconds=seconds, folder=folder)
        run(short, start=0.0)
        import_mb = peak_mb()
        took = seconds_of(partial(run, path, start=start))
    return {"seconds": took, "peak_mb": peak_mb(), "import_mb": import_mb}


def rounds(paths: dict[str, Path], short: Path, runs: int, seconds: float = TEN_MINUTES) -> pd.DataFrame:
    """All cases, one after the other, so many times: whatever else the machine does falls on all of them."""
    rows = []
    for number in range(runs):
        for what, (length, start) in CASES.items():
            way = load_all if what == NAIVE else read_excerpt
            arguments = str(short), str(paths[length]), start * seconds / TEN_MINUTES, seconds
            rows.append({"round": number, "what": what, **in_a_new_process(measure, way, *arguments)})
            print(rows[-1], flush=True)
    return pd.DataFrame(rows).round({"seconds": 3, "peak_mb": 0, "import_mb": 0})


def measure_all() -> None:
    with TemporaryDirectory() as folder, one_core():
        paths = write_episodes(Path(folder))
        short = Path(folder, "short.mp3")
        run_ffmpeg("-i", paths["10 minutes"], "-t", WARM_UP, "-c", "copy", short)
        write("excerpt", rounds(paths, short, RUNS))
    write_machine("excerpt", [*MEASURING, "pydub"])
