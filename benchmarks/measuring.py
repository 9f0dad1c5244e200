"""What every benchmark shares: processes of their own, memory, rounds, the machine, and the files results go to."""

from __future__ import annotations

import json
import os
import platform
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from importlib.metadata import version
from multiprocessing import get_context
from pathlib import Path
from threading import Event, Thread

import pandas as pd
import psutil

HERE = Path(__file__).resolve().parent
RUNS = 5
ONE_THREAD = ["OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS"]
MEASURING = ["audio-as-data-tutorial", "av", "librosa", "numpy", "praat-parselmouth", "scipy", "soundfile", "soxr"]


def in_a_new_process(function, *arguments):
    """What the function returns; its memory is its own."""
    with ProcessPoolExecutor(1, get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


@contextmanager
def one_thread():
    """Processes that start in here compute on one thread: libraries read these variables when they are imported."""
    before = {name: os.environ.get(name) for name in ONE_THREAD}
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))
    try:
        yield
    finally:
        for name, value in before.items():
            os.environ.pop(name) if value is None else os.environ.update({name: value})


@contextmanager
def one_core():
    """Processes that start in here compute on one core, for Praat starts threads that no variable limits.

    Nothing is held to a core where the system has no call for it (macOS, Windows).
    """
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def seconds_of(function, *arguments) -> float:
    """How long one call takes, in seconds."""
    begins = time.perf_counter()
    function(*arguments)
    return time.perf_counter() - begins


def peak_mb() -> float:
    """The most memory that this process has held so far, in MB (1e6 bytes).

    The system keeps count by itself. A sampler beside the work would slow it, and it is timed.
    """
    if sys.platform == "win32":
        return psutil.Process().memory_info().peak_wset / 1e6
    status = Path("/proc/self/status")
    if status.exists():  # on Linux, getrusage gives a new process the peak of the one that started it
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) * 1024 / 1e6
    import resource  # Windows has none

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


@contextmanager
def workers_watched(every: float):
    """The memory of this process's workers, looked at every so many seconds, as rows: `seconds`, `worker`, `mb`.

    Workers are the processes that were spawned to compute; the one that Python spawns to keep books is none.
    """
    rows, over, begins = [], Event(), time.perf_counter()

    def watch() -> None:
        while not over.wait(every):
            seconds = time.perf_counter() - begins
            for worker in psutil.Process().children(recursive=True):
                try:
                    if any("spawn_main" in word for word in worker.cmdline()):
                        rows.append({"seconds": seconds, "worker": worker.pid, "mb": worker.memory_info().rss / 1e6})
                except (psutil.NoSuchProcess, psutil.ZombieProcess):
                    continue  # it ended while it was looked at

    watcher = Thread(target=watch)
    watcher.start()
    try:
        yield rows
    finally:
        over.set()
        watcher.join()


def machine(packages: list[str]) -> dict:
    """Where and with what something was measured."""
    return {
        "cores": os.cpu_count(),
        "processor": processor_name(),
        "system": platform.system(),
        "python": platform.python_version(),
        **{name: version(name) for name in packages},
    }


def processor_name() -> str:
    cpuinfo = Path("/proc/cpuinfo")  # on Linux, platform.processor() is empty or the architecture
    lines = cpuinfo.read_text().splitlines() if cpuinfo.exists() else []
    names = [line.split(": ")[1] for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor()


def write(name: str, table: pd.DataFrame) -> None:
    """Write `name`.csv."""
    table.to_csv(HERE / f"{name}.csv", index=False)


def write_machine(part: str, packages: list[str]) -> None:
    """Write `part`.json: a part may be measured alone, and elsewhere."""
    (HERE / f"{part}.json").write_text(json.dumps(machine(packages), indent=2) + "\n")
