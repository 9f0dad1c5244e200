"""Lesson 06: every recording of a corpus measured, on all cores or on many machines, into two tables on disk."""

from __future__ import annotations

import json
import logging
import re
from collections.abc import Iterator
from concurrent.futures import CancelledError, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from functools import lru_cache
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import urlsplit
from uuid import uuid4

import dask
import fsspec
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from dask.system import CPU_COUNT
from distributed import Client, Future, KilledWorker, LocalCluster, as_completed
from distributed.utils import silence_logging_cmgr
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem
from tqdm import tqdm

from . import corpora, features
from .errors import TutorialError

# the packages on whose versions the numbers depend: one dataset is made with one version of each
MEASURING = ["audio-as-data-tutorial", "numpy", "scipy", "librosa", "praat-parselmouth", "soundfile", "soxr", "av"]
FOLDERS = ["frames", "recordings"]
DEAF = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"  # Ctrl-C is for the process that waits for workers
PATIENCE = 10  # seconds that a scheduler may take to answer
TRIM = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"  # Dask's setting for how soon memory is given back


def extract(
    recordings: pd.DataFrame, out: str | Path, *, client: Client | str | None = None, workers: int | None = None
) -> pd.DataFrame:
    """Measure each recording with `features.measure` and write what it gives as two tables of Parquet files.

    recordings: as `Corpus.recordings`: indexed by name, with a column `path`. out: a folder. Both paths may be
    addresses that fsspec knows, such as s3://bucket/folder. client: None measures on this machine, in so many processes
    (`workers`; None is one a core); "tcp://host:8786" has the workers of that Dask scheduler measure; a
    `dask.distributed.Client` is used as it is. A script of your own calls this under `if __name__ == "__main__":`.
    `out` gets a file a recording in `frames` (its frame table, after a column `recording`) and in `recordings` (its
    summary), `failures.parquet` (`recording`, `path`, `error`, `reason`), and `metadata.json` (versions and parameters,
    which each Parquet file carries too). What is complete is never measured again, what failed is: after a crash, or
    with more recordings, call it again with the same `out`.
    Returns a row a recording: `status` ("done", "there" (from an earlier call), "failed"), and the `reason` it failed.
    Raises TutorialError where the table, `out` or the cluster is not right, where `out` was made with other versions or
    parameters, and where the scheduler is lost.
    Lesson: 06_scaling_up.
    """
    paths = _paths_by_name(recordings)
    out = _whole(out)
    _prepare(out)
    there = _sweep(out)
    complete = {name for name in paths if _file_name(name) in there}
    waiting = {name: path for name, path in paths.items() if name not in complete}
    failed = {name: row for name, row in _read_failures(out).items() if _file_name(name) not in there}
    try:
        if waiting:
            with _connected(client, workers) as cluster, _error_if_lost():
                _check_workers(cluster, out)
                for name, failure in _results(cluster, waiting, out):
                    failed.pop(name, None)
                    if failure:
                        failed[name] = {"path": waiting[name], **failure}
        _sweep(out)  # a worker that died has left files
    finally:  # whatever ended the run
        _write_failures(failed, out)
    rows = [
        ("failed", failed[name]["reason"]) if name in failed else ("there" if name in complete else "done", pd.NA)
        for name in paths
    ]
    return pd.DataFrame(rows, pd.Index(paths, name="recording"), ["status", "reason"], dtype=corpora.TEXT)


def _paths_by_name(recordings: pd.DataFrame) -> dict[str, str]:
    """The path of each recording, checked."""
    if "path" not in recordings.columns:
        raise TutorialError(
            f"The table of recordings has no column 'path'. Its columns: {', '.join(map(str, recordings.columns))}."
        )
    if recordings.empty:
        raise TutorialError("The table of recordings is empty. It needs one row a recording.")
    paths, known = {}, {}
    for name, path in recordings["path"].items():
        if not isinstance(name, str) or not name:
            raise TutorialError(
                f"The index of the table of recordings holds {name!r}, which is no name. Let texts be its index: "
                "recordings.set_index('name')."
            )
        other = known.setdefault(corpora.same_name(name), name)
        if name in paths or name != other:
            raise TutorialError(
                f"The table of recordings names '{other}' and '{name}', whose files would be one on some machines. "
                "Keep one or rename one."
            )
        if pd.isna(path):
            raise TutorialError(f"The recording '{name}' has no path. Give it one, or leave the row out.")
        paths[name] = _whole(path)
    return paths


def _whole(path: str | Path) -> str:
    """A path from the root, for workers may run in another folder; an address as it is."""
    return str(path) if corpora.is_address(path) else Path(path).expanduser().absolute().as_posix()


def _locate(path: str) -> tuple[AbstractFileSystem, str]:
    """The file system that a whole path or an address belongs to, and the path there."""
    if corpora.is_address(path):
        return fsspec.url_to_fs(path)
    return LocalFileSystem(), path  # fsspec would take '::' in a file's name for two addresses


def _file_name(name: str) -> str:
    """What a recording's files are called: its name, %-quoted where it is no letter, digit or one of `-._~`.

    A `_` or `.` at the beginning is quoted too, for readers of Parquet pass over files that are called so.
    """
    quoted = re.sub(r"[^\w.~-]|^[_.]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)
    return f"{quoted}.parquet"


@lru_cache
def _about() -> str:
    """What measures made here depend on, as JSON: `parameters` and `versions`."""
    versions = {package: version(package) for package in MEASURING}
    return json.dumps({"parameters": features.PARAMETERS, "versions": versions}, indent=2) + "\n"


def _prepare(out: str) -> None:
    """Make the folders and `metadata.json`, or see that what is there was made as it would be made here."""
    try:
        fs, place = _locate(out)
        fs.invalidate_cache()
        if fs.isfile(place):
            raise TutorialError(f"{out} is a file. Name a folder for the measures.")
        for folder in FOLDERS:
            fs.makedirs(f"{place}/{folder}", exist_ok=True)
        if not fs.exists(f"{place}/metadata.json"):
            if any(_files(fs, f"{place}/{folder}") for folder in FOLDERS):
                raise TutorialError(
                    f"{out} holds files, and no metadata.json that says how they were made. Name another folder."
                )
            with _whole_file(fs, f"{place}/metadata.json") as file:
                file.write(_about().encode())
    except (OSError, ValueError, ImportError, RuntimeError) as error:  # what fsspec raises where it cannot write
        raise TutorialError(f"The folder {out} cannot be used: {error}. Name one that you can write to.") from error
    _check_made_alike(out)


def _check_made_alike(out: str) -> None:
    """Raise TutorialError where this process does not see `out`, or has other parameters or versions than it."""
    fs, place = _locate(out)
    try:
        there = json.loads(fs.cat_file(f"{place}/metadata.json"))
        theirs, ours = ({**each["parameters"], **each["versions"]} for each in (there, json.loads(_about())))
    except FileNotFoundError:
        raise TutorialError(
            f"{out} is not there. Workers on several machines need a folder, or an address, that all of them share."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise TutorialError(f"{out}/metadata.json cannot be read ({error}). Name another folder.") from error
    differ = [
        f"{key} {theirs.get(key)} (here {ours.get(key)})" for key in ours | theirs if theirs.get(key) != ours.get(key)
    ]
    if differ:
        raise TutorialError(
            f"{out} is made with {', '.join(differ)}. Name another folder, or use those versions and parameters: "
            "measures of two kinds are not mixed."
        )


def _files(fs: AbstractFileSystem, folder: str) -> set[str]:
    """The names of the files in a folder; none where there is no such folder."""
    return {PurePosixPath(path).name for path in fs.find(folder, maxdepth=1)}


def _sweep(out: str) -> set[str]:
    """The names of the files of recordings that are complete; what a killed run has left of others is removed."""
    fs, place = _locate(out)
    there = {folder: _files(fs, f"{place}/{folder}") for folder in FOLDERS}
    complete = {file for file in there["frames"] & there["recordings"] if file.endswith(".parquet")}
    for folder, files in {"": _files(fs, place) - {"failures.parquet"}, **there}.items():
        for file in files - complete:
            if file.endswith((".part", ".parquet")):
                fs.rm_file(f"{place}/{folder}/{file}" if folder else f"{place}/{file}")
    return complete


@contextmanager
def _connected(client: Client | str | None, workers: int | None) -> Iterator[Client]:
    """A client of the cluster that measures; what was started for it is closed again."""
    if client is not None and workers is not None:
        raise TutorialError("Give a scheduler or a number of workers, not both: a scheduler has its own workers.")
    if isinstance(client, Client):
        yield client
    elif client is not None:
        start = "Start one with `dask scheduler`, and give the address that it prints, such as tcp://192.168.0.5:8786."
        if not re.fullmatch(r"(tcp|tls|ws|wss)://[^\s/]+:\d+", client):
            raise TutorialError(f"'{client}' is not the address of a Dask scheduler. {start}")
        with silence_logging_cmgr(logging.CRITICAL):  # what matters comes as an error
            try:
                connected = Client(client, timeout=PATIENCE, set_as_default=False)
            except OSError as error:
                raise TutorialError(f"No Dask scheduler answers at {client} ({error}). {start}") from error
            with connected:
                yield connected
    else:
        with local_cluster(workers) as cluster, Client(cluster, set_as_default=False) as connected:
            yield connected


def local_cluster(workers: int | None = None) -> LocalCluster:
    """Start a scheduler and so many workers (None: one a core) on this machine, with one thread each.

    Their address is 127.0.0.1, so that no other machine gets in. Dask would have them give each freed array back to
    the system at once, and then wait for the next one; these keep some memory instead, and measure faster.
    Raises TutorialError where there is to be no worker.
    Lesson: 06_scaling_up.
    """
    if workers is not None and workers < 1:
        raise TutorialError(f"{workers} workers cannot measure anything. Give 1 or more.")
    with dask.config.set({TRIM: None}):
        return LocalCluster(
            n_workers=workers or CPU_COUNT,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,  # what matters comes as a row of the failures or as an error
            preload=DEAF,
        )


@contextmanager
def _error_if_lost() -> Iterator[None]:
    try:
        yield
    except (OSError, CancelledError) as error:  # connections that break, and work that was given up
        raise TutorialError(
            "The scheduler was lost, or it gave up the work. What is complete is kept: start again with the same "
            "command."
        ) from error


def _check_workers(client: Client, out: str) -> None:
    """Raise TutorialError where there are no workers, or one that would not measure as this process would."""
    if not client.nthreads():
        address = client.scheduler.address
        raise TutorialError(f"The scheduler {address} has no workers. Start some: `dask worker {address}`.")
    for worker, error in client.run(_check_made_alike, out, on_error="return").items():
        if isinstance(error, TutorialError):
            raise TutorialError(f"The worker {worker} is not right: {error}") from error
        if error is not None:
            raise TutorialError(
                f"The worker {worker} cannot measure ({type(error).__name__}: {error}). Install the same packages "
                "there as here."
            ) from error


def _results(client: Client, paths: dict[str, str], out: str) -> Iterator[tuple[str, dict | None]]:
    """Each recording's name and how it failed, or None, in the order in which they are done."""
    with ThreadPoolExecutor() as pool:  # an address on the web takes a while to tell a size
        sizes = dict(zip(paths, pool.map(_size, paths.values()), strict=True))
    names = sorted(paths, key=sizes.get, reverse=True)  # a big one at the end would have all others wait for it
    killers = []
    with tqdm(total=len(paths), desc=client.dashboard_link, unit="recording", disable=None) as bar:
        for name, failure in _asked(client, names, paths, out):
            if failure and failure["error"] == "KilledWorker":
                killers.append(name)
                continue
            bar.update()
            yield name, failure
        for name in killers:  # alone, for a worker that dies takes what waits for it along
            yield from _asked(client, [name], paths, out)
            bar.update()


def _asked(client: Client, names: list[str], paths: dict[str, str], out: str) -> Iterator[tuple[str, dict | None]]:
    """As `_results`, without a second try."""
    futures = client.map(_measure_one, names, [paths[name] for name in names], out=out, pure=False)
    by_key = {future.key: name for future, name in zip(futures, names, strict=True)}
    done = as_completed(futures, loop=client.loop)
    del futures  # or a worker that dies would have what it did done again
    for future in done:
        yield by_key[future.key], _failure(future)


def _failure(future: Future) -> dict | None:
    """How the measuring of a recording failed, or None."""
    if future.status == "error":
        error = future.exception()
        reason = str(error)
        if isinstance(error, KilledWorker):
            reason = (
                "The process that measured it died, each time that it was tried. It may need more memory: try it with "
                "one worker, or on a larger machine."
            )
        return {"error": type(error).__name__, "reason": reason}
    return future.result()


def _size(path: str) -> int:
    """Bytes; -1 where they are not known: why, the worker that reads the file will say."""
    with suppress(Exception):
        fs, place = _locate(path)
        return fs.size(place) or -1
    return -1


def _measure_one(name: str, path: str, out: str) -> dict | None:
    """Measure one recording and write its files: the work of a worker. Returns how that failed, or None.

    The summary is written last: with it the recording is complete.
    """
    file_name = _file_name(name)
    try:
        _check_made_alike(out)
        fs, place = _locate(out)
        frames, summaries = (f"{place}/{folder}/{file_name}" for folder in FOLDERS)
        if fs.exists(frames) and fs.exists(summaries):  # Dask lost sight of a worker that had done it
            return None
        with _local(path) as local, _whole_file(fs, summaries) as summary_file:
            with _whole_file(fs, frames) as frames_file:
                summary = _write_frames(name, local, frames_file)
            row = pd.DataFrame([summary]).astype(float)
            pq.write_table(_arrow(name, row), summary_file, compression="zstd")
    except Exception as error:  # it becomes a row of the failures
        return {"error": type(error).__name__, "reason": str(error) or repr(error)}


def _write_frames(name: str, path: str, file: BinaryIO) -> pd.Series:
    """Measure a recording and write its frames, a row group for what is measured at once; its summary is returned."""
    with ExitStack() as stack:
        writers = []

        def keep(table: pd.DataFrame) -> None:
            measures = table.select_dtypes("float").columns.drop("time")
            frames = _arrow(name, table.astype(dict.fromkeys(measures, "float32")))  # seven digits, half the disk
            if not writers:  # the first table tells the columns
                # measures hardly repeat, so a dictionary of their values would be larger than they are
                how = {"compression": "zstd", "use_dictionary": ["recording"]}
                writers.append(stack.enter_context(pq.ParquetWriter(file, frames.schema, **how)))
            writers[0].write_table(frames)

        return features.measure(path, keep)


def _arrow(name: str, table: pd.DataFrame) -> pa.Table:
    """A table for a Parquet file: after a column `recording`, and with what is in `metadata.json`."""
    columns = [pa.field("recording", pa.string()), *pa.Schema.from_pandas(table, preserve_index=False)]
    schema = pa.schema(columns, {"tutorial_helpers": _about()})
    return pa.Table.from_pandas(table.assign(recording=name), schema, preserve_index=False)


@contextmanager
def _local(path: str) -> Iterator[str]:
    """A recording as a file of this machine: in place, or fetched for as long as it is needed."""
    fs, place = _locate(path)
    if isinstance(fs, LocalFileSystem):
        yield place
        return
    with TemporaryDirectory() as folder:
        local = f"{folder}/{PurePosixPath(urlsplit(path).path).name}"
        fs.get_file(place, local)
        yield local


@contextmanager
def _whole_file(fs: AbstractFileSystem, path: str) -> Iterator[BinaryIO]:
    """Open a file for writing that appears whole, when the `with` ends, or not at all.

    Until then it has a name of its own, which readers of Parquet pass over.
    """
    part = f"{path.rpartition('/')[0]}/_{uuid4().hex}.part"
    try:
        with fs.open(part, "wb") as file:
            yield file
        fs.mv(part, path)
    except BaseException:
        with suppress(FileNotFoundError):
            fs.rm_file(part)
        raise


def _read_failures(out: str) -> dict[str, dict]:
    """The rows of `failures.parquet` by recording; none where it is not there."""
    fs, place = _locate(out)
    try:
        with fs.open(f"{place}/failures.parquet", "rb") as file:
            rows = pq.read_table(file).to_pylist()
    except FileNotFoundError:
        return {}
    return {row.pop("recording"): row for row in rows}


def _write_failures(failed: dict[str, dict], out: str) -> None:
    fs, place = _locate(out)
    schema = pa.schema([(column, pa.string()) for column in ("recording", "path", "error", "reason")])
    rows = [{"recording": name, **failed[name]} for name in sorted(failed)]
    with _whole_file(fs, f"{place}/failures.parquet") as file:
        pq.write_table(pa.Table.from_pylist(rows, schema.with_metadata({"tutorial_helpers": _about()})), file)
