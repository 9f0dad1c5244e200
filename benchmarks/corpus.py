"""A corpus of 48 hours from mp3 to tables: speed, a worker's memory, time against length, and what Dask costs.

corpus.csv      one row a pass over the corpus: workers, recordings, hours of sound, seconds, MB written
memory.csv      the memory of each worker in these passes, every second
lengths.csv     one row a recording of the pass with one worker, the first left out: its hours, its seconds
peaks.csv       one row a round and length: the most memory of a worker that measured nothing but one such episode
processes.csv   one row a round and way: seconds for as many one-hour episodes as there are workers
corpus.json     the machine
"""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from contextlib import nullcontext
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import pandas as pd
from episodes import write_episodes
from measuring import MEASURING, RUNS, one_core, one_thread, seconds_of, workers_watched, write, write_machine

from tutorial_helpers import cluster, data_prep, described, scaling_up
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.project.memory import PeakMemory

COUNTS = {"4 hours": 8, "1 hour": 12, "10 minutes": 24}  # 48 hours
WORKERS = 2
PEAK_RUNS = 3  # an episode of four hours takes more than a minute
LOOK = 1.0  # seconds between two looks at the workers' memory
NO_WORDS = dict.fromkeys(["f0_floor", "f0_ceiling", "recogniser", "language", "speakers"]) | {"turns_and_words": False}
DASK, PROCESSES = "workers of Dask", "processes of their own"


def linked(paths: dict[str, Path], counts: dict[str, int], folder: Path) -> pd.DataFrame:
    """A table of recordings, as `extract` takes it, of so many episodes of each length: links, not copies.

    Columns: `path`, `length`, and `hours` of sound.
    """
    folder.mkdir()
    hours = {length: data_prep.length(path) / 3600 for length, path in paths.items()}
    rows = {}
    for length, count in counts.items():
        for number in range(count):
            link = folder / f"{paths[length].stem}_{number:02}.mp3"
            link.hardlink_to(paths[length])
            rows[link.stem] = {"path": str(link), "length": length, "hours": hours[length]}
    return pd.DataFrame.from_dict(rows, orient="index")


def extract(recordings: pd.DataFrame, out: Path, **how) -> None:
    """`scaling_up.extract`, where everything has to be measured, and now."""
    status = scaling_up.extract(recordings, out, **how)
    other = status[status["status"] != "done"]
    if len(other):
        raise TutorialError(f"{other.index[0]} was not measured ({other['reason'].iloc[0]}): a speed would be wrong.")


def one_pass(recordings: pd.DataFrame, workers: int, out: Path) -> tuple[dict, pd.DataFrame]:
    """A row of corpus.csv and the rows of memory.csv: starting the workers and ending them are part of the time.

    One worker has one core, and all that watches it too: what is given as the speed of a core is no faster.
    """
    with workers_watched(LOOK) as looks, one_core() if workers == 1 else nullcontext():
        seconds = seconds_of(partial(extract, recordings, out, workers=workers))
    row = {
        "workers": workers,
        "recordings": len(recordings),
        "hours": recordings["hours"].sum(),
        "seconds": seconds,
        "written_mb": sum(file.stat().st_size for file in out.rglob("*.parquet")) / 1e6,
    }
    memory = pd.DataFrame(looks).assign(workers=workers)
    memory["worker"] = memory["worker"].factorize()[0] + 1  # not the system's number for it
    return row, memory[["workers", "worker", "seconds", "mb"]]


def seconds_by_recording(recordings: pd.DataFrame, out: Path) -> pd.DataFrame:
    """How long one worker took for each recording: from the summary of one to that of the next.

    The first is left out, for nothing says when it began. Columns: `length`, `hours`, `seconds`.
    """
    written = pd.Series({name: (out / "recordings" / f"{name}.parquet").stat().st_mtime for name in recordings.index})
    seconds = written.sort_values().diff().dropna()
    return recordings.loc[seconds.index, ["length", "hours"]].assign(seconds=seconds)


def peaks(paths: dict[str, Path], folder: Path, runs: int) -> pd.DataFrame:
    """Rows of peaks.csv: each episode has a worker of its own, so that none sees what another left in its memory."""
    rows = []
    for number in range(runs):
        for length, path in paths.items():
            recordings = pd.DataFrame({"path": [str(path)]}, index=[length])
            with TemporaryDirectory(dir=folder) as out, PeakMemory() as memory:
                extract(recordings, Path(out), workers=1)
            rows.append({"round": number, "length": length, "peak_mb": memory.peak_mb})
            print(rows[-1], flush=True)
    return pd.DataFrame(rows)


def against_processes(path: Path, short: Path, folder: Path, runs: int) -> pd.DataFrame:
    """Rows of processes.csv: WORKERS copies of one episode, by Dask and by processes without it, in turns.

    Both are started before, and have measured the short file: what is compared is work, not starting.
    """
    names = [f"episode_{number}" for number in range(WORKERS)]
    rows = []
    with (
        one_thread(),
        cluster.connected(workers=WORKERS) as client,
        ProcessPoolExecutor(WORKERS, get_context("spawn")) as pool,
    ):
        for number in range(-1, runs):
            recordings = pd.DataFrame({"path": str(short if number < 0 else path)}, index=names)
            for how in (DASK, PROCESSES):
                with TemporaryDirectory(dir=folder) as out:
                    # the folder as `extract` leaves it, which processes of their own need as well
                    scaling_up._prepare(out, NO_WORDS)
                    if how == DASK:
                        seconds = seconds_of(partial(extract, recordings, Path(out), client=client))
                    else:
                        seconds = seconds_of(by_processes, pool, recordings, out)
                rows.append({"round": number, "how": how, "seconds": seconds})
                print(rows[-1], flush=True)
    return pd.DataFrame(rows).query("round >= 0")


def by_processes(pool: ProcessPoolExecutor, recordings: pd.DataFrame, out: str) -> None:
    """The very work of Dask's workers, a recording a process."""
    columns = described.known_columns(recordings, [])
    tasks = [(path, {"columns": columns.loc[[name]]}) for name, path in recordings["path"].items()]
    for failure in pool.map(scaling_up._measure_one, recordings.index, tasks, [out] * len(recordings)):
        if failure:
            raise TutorialError(f"A recording was not measured ({failure['reason']}): a speed would be wrong.")


def measure_all() -> None:
    with TemporaryDirectory() as name:
        folder = Path(name)
        paths = write_episodes(folder)
        recordings = linked(paths, COUNTS, folder / "links")
        write("processes", against_processes(paths["1 hour"], paths["10 minutes"], folder, RUNS).round(2))
        write("peaks", peaks(paths, folder, PEAK_RUNS).round(1))
        passes, memory = [], []
        for workers in range(1, WORKERS + 1):
            with TemporaryDirectory(dir=folder) as out:
                row, looks = one_pass(recordings, workers, Path(out))
                print(row, flush=True)
                passes.append(row)
                memory.append(looks)
                if workers == 1:
                    write("lengths", seconds_by_recording(recordings, Path(out)).round({"seconds": 2, "hours": 4}))
    write("corpus", pd.DataFrame(passes).round({"hours": 2, "seconds": 1, "written_mb": 0}))
    write("memory", pd.concat(memory).round({"seconds": 1, "mb": 0}))
    write_machine("corpus", [*MEASURING, "dask", "distributed", "pandas", "pyarrow"])
