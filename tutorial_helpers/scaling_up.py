"""Lesson 06: every recording of a corpus measured, on all cores or on many machines, into two tables on disk."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from importlib.metadata import version
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import urlsplit
from uuid import uuid4

import fsspec.core
import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import Client
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from . import cluster, data_prep, features, locking, metadata, segments
from .codebook import describe
from .decoding import Damage, damage_text
from .errors import TutorialError

# the packages on whose versions the numbers depend: one dataset is made with one version of each
MEASURING = ["audio-as-data-tutorial", "numpy", "scipy", "librosa", "praat-parselmouth", "soundfile", "soxr", "av"]
FOLDERS = ["frames", "recordings"]
LONGEST_NAME = 200  # bytes of a file's name; systems allow 255, and a temporary file's ending is to be added
FAILURE_COLUMNS = ["recording", "path", "error", "reason"]
# of these, a summary needs all frames at once; of the others it is a mean, and sums of two minutes are enough
KEPT = ["recording", "time", "f0", "f0_floor", "f0_ceiling", "voiced", "nucleus", "level"]


def extract(
    recordings: pd.DataFrame,
    out: str | Path,
    *,
    client: Client | str | None = None,
    workers: int | None = None,
    floor: float | None = None,
    ceiling: float | None = None,
) -> pd.DataFrame:
    """Measure each recording, and write its frames and its summary as two tables of Parquet files.

    `out` gets a file a recording in `frames` (as `features.frame_table`, after a column `recording`) and in
    `recordings` (as `segments.measure` of the whole recording, and `damage`), `failures.parquet`, and `metadata.json`
    (versions, parameters, and what each column means). What is complete is never measured again, what failed is: after
    a crash, or with more recordings, call it again with the same `out`. A script of your own calls this under
    `if __name__ == "__main__":`.
    Lesson: 06_scaling_up.

    Parameters
    ----------
    recordings : DataFrame
        As `Corpus.recordings`: indexed by name, with a column `path`: of a file, or an address that fsspec knows.
    out : str or Path
        A folder, or the address of one, such as s3://bucket/folder.
    client : Client or str, optional
        A Dask client, or the address of a scheduler (tcp://host:8786), whose workers measure. None is this machine.
    workers : int, optional
        How many processes measure on this machine. None is one a core.
    floor, ceiling : float, optional
        The lowest and highest pitch to look for, in Hz. None has each recording's chosen from its sound.

    Returns
    -------
    DataFrame
        A row a recording: `status` ("done", "there" (from an earlier call), "failed"), and the `reason` it failed.

    Raises
    ------
    TutorialError
        Where the table, `out` or the cluster is not right, where `out` was made with other versions or parameters,
        and where the scheduler is lost.
    """
    paths = _paths_by_name(recordings)
    out = _absolute(out)
    _prepare(out, floor, ceiling)
    with locking.locked(*_locate(out)):
        return _extract(paths, out, client, workers)


def _extract(paths: dict[str, str], out: str, client: Client | str | None, workers: int | None) -> pd.DataFrame:
    """As `extract`, with its arguments checked, and with `out` to itself."""
    there = _remove_incomplete(out)
    complete = {name for name in paths if _file_name(name) in there}
    waiting = {name: path for name, path in paths.items() if name not in complete}
    failed = {name: row for name, row in _read_failures(out).items() if _file_name(name) not in there}
    try:
        if waiting:
            with cluster.connected(client, workers) as connected:
                _check_workers(connected, out)
                for name, failure in cluster.outcomes(connected, _measure_one, _by_size(waiting), out=out):
                    failed.pop(name, None)
                    if failure:
                        failed[name] = {"path": waiting[name], **failure}
        _remove_incomplete(out)  # a worker that died has left files
    finally:  # whatever ended the run
        _write_failures(failed, out)
    rows = [
        ("failed", failed[name]["reason"]) if name in failed else ("there" if name in complete else "done", pd.NA)
        for name in paths
    ]
    return pd.DataFrame(rows, pd.Index(paths, name="recording"), ["status", "reason"], dtype=metadata.TEXT)


def _paths_by_name(recordings: pd.DataFrame) -> dict[str, str]:
    """The path of each recording, checked."""
    if "path" not in recordings.columns:
        raise TutorialError(
            f"The table of recordings has no column 'path'. Its columns: {', '.join(map(str, recordings.columns))}."
        )
    if recordings.empty:
        raise TutorialError("The table of recordings is empty. It needs one row a recording.")
    paths: dict[str, str] = {}
    known: dict[str, str] = {}
    for name, path in recordings["path"].items():
        if not isinstance(name, str) or not name:
            raise TutorialError(
                f"The index of the table of recordings holds {name!r}, which is no name. Let texts be its index: "
                "recordings.set_index('name')."
            )
        other = known.setdefault(metadata.same_name(name), name)
        if name in paths or name != other:
            raise TutorialError(
                f"The table of recordings names '{other}' and '{name}', whose files would be one on some machines. "
                "Keep one or rename one."
            )
        if pd.isna(path):
            raise TutorialError(f"The recording '{name}' has no path. Give it one, or leave the row out.")
        paths[name] = _absolute(path)
    return paths


def _absolute(path: str | Path) -> str:
    """A path from the root, for workers may run in another folder; an address as it is."""
    return str(path) if metadata.is_address(path) else Path(path).expanduser().absolute().as_posix()


def _locate(path: str) -> tuple[AbstractFileSystem, str]:
    """The file system that an absolute path or an address belongs to, and the path there."""
    if metadata.is_address(path):
        return fsspec.core.url_to_fs(path)
    return LocalFileSystem(), path  # fsspec would take '::' in a file's name for two addresses


def _file_name(name: str) -> str:
    """What a recording's files are called: its name, %-quoted where it is no letter, digit or one of `-._~`.

    A `_` or `.` at the beginning is quoted too, for readers of Parquet pass over files that are called so. Of a name
    that is too long for a file there is the beginning, and a checksum of the whole; the tables have all of it.
    """
    quoted = re.sub(r"[^\w.~-]|^[_.]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)
    if len(quoted.encode()) > LONGEST_NAME:
        begins = quoted.encode()[: LONGEST_NAME // 2].decode(errors="ignore")
        quoted = f"{begins}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return f"{quoted}.parquet"


def _versions() -> dict[str, str]:
    """The versions of the packages that measure here."""
    return {package: version(package) for package in MEASURING}


def _columns() -> list[str]:
    """The columns of a dataset's tables, from a second of noise."""
    frames = features.frame_table(np.random.default_rng(0).normal(0, 0.1, data_prep.SR)).assign(recording="")
    return [*frames, *segments.measure(frames, segments.whole(frames)), "damage", *FAILURE_COLUMNS]


def _prepare(out: str, floor: float | None, ceiling: float | None) -> None:
    """Make the folders and `metadata.json`, or see that what is there was made as it would be made here."""
    limits = {"f0_floor": floor, "f0_ceiling": ceiling}
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
            about = {
                "parameters": features.PARAMETERS | limits,
                "versions": _versions(),
                "codebook": describe(_columns()),
            }
            with _atomic_write(fs, f"{place}/metadata.json") as file:
                file.write(f"{json.dumps(about, indent=2)}\n".encode())
    except (OSError, ValueError, ImportError, RuntimeError) as error:  # what fsspec raises where it cannot write
        raise TutorialError(f"The folder {out} cannot be used: {error}. Name one that you can write to.") from error
    _check_made_alike(out, limits)


def _check_made_alike(out: str, limits: dict[str, float | None] | None = None) -> dict[str, dict]:
    """The parameters and versions with which `out` is made.

    Raises TutorialError where this process does not see `out`, or has other versions or parameters (and limits).
    """
    fs, place = _locate(out)
    try:
        about = json.loads(fs.cat_file(f"{place}/metadata.json"))
        made_with = {key: dict(about[key]) for key in ("parameters", "versions")}
    except FileNotFoundError:
        raise TutorialError(
            f"{out} is not there. Workers on several machines need a folder, or an address, that all of them share."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise TutorialError(f"{out}/metadata.json cannot be read ({error}). Name another folder.") from error
    theirs = made_with["parameters"] | made_with["versions"]
    ours = features.PARAMETERS | (limits or {}) | _versions()
    if limits is None:  # a worker is told them by `out`
        ours = {key: own for key, own in ours.items() if key not in ("f0_floor", "f0_ceiling")}
    differ = [f"{key} {theirs.get(key)} (here {own})" for key, own in ours.items() if theirs.get(key) != own]
    if differ:
        raise TutorialError(
            f"{out} is made with {', '.join(differ)}. Name another folder, or use those versions and parameters: "
            "measures of two kinds are not mixed."
        )
    return made_with


def _files(fs: AbstractFileSystem, folder: str) -> set[str]:
    """The names of the files in a folder; none where there is no such folder."""
    return {PurePosixPath(path).name for path in fs.find(folder, maxdepth=1)}


def _remove_incomplete(out: str) -> set[str]:
    """Remove what a killed run left of recordings that are not complete; the file names of those that are."""
    fs, place = _locate(out)
    there = {folder: _files(fs, f"{place}/{folder}") for folder in FOLDERS}
    complete = {file for file in there["frames"] & there["recordings"] if file.endswith(".parquet")}
    for folder, files in {"": _files(fs, place) - {"failures.parquet"}, **there}.items():
        for file in files - complete:
            if file.endswith((".part", ".parquet")):
                fs.rm_file(f"{place}/{folder}/{file}" if folder else f"{place}/{file}")
    return complete


def _check_workers(client: Client, out: str) -> None:
    """Raise TutorialError where there are no workers, or one that would not measure as this process would."""
    if not client.nthreads():
        address = client.scheduler.address
        raise TutorialError(f"The scheduler {address} has no workers. Start some: `dask worker {address}`.")
    for worker, answer in client.run(_check_made_alike, out, on_error="return").items():
        if isinstance(answer, TutorialError):
            raise TutorialError(f"The worker {worker} is not right: {answer}") from answer
        if isinstance(answer, Exception):
            raise TutorialError(
                f"The worker {worker} cannot measure ({type(answer).__name__}: {answer}). Install the same packages "
                "there as here."
            ) from answer


def _by_size(paths: dict[str, str]) -> dict[str, str]:
    """The same paths, the biggest file first: at the end, all others would wait for it."""
    with ThreadPoolExecutor() as pool:  # an address on the web takes a while to tell a size
        sizes = dict(zip(paths, pool.map(_size, paths.values()), strict=True))
    return {name: paths[name] for name in sorted(paths, key=sizes.__getitem__, reverse=True)}


def _size(path: str) -> int:
    """Bytes; -1 where they are not known: why, the worker that reads the file will say."""
    with suppress(Exception):
        fs, place = _locate(path)
        return fs.size(place) or -1
    return -1


def _measure_one(name: str, path: str, out: str) -> cluster.Failure:
    """Measure one recording and write its files: the work of a worker. Returns how that failed, or None.

    The summary is written last: with it the recording is complete.
    """
    file_name = _file_name(name)
    try:
        made_with = _check_made_alike(out)
        fs, place = _locate(out)
        frames, summaries = (f"{place}/{folder}/{file_name}" for folder in FOLDERS)
        if fs.exists(frames) and fs.exists(summaries):  # Dask lost sight of a worker that had done it
            return None
        with _local_file(path) as local, _atomic_write(fs, summaries) as summary_file:
            with _atomic_write(fs, frames) as frames_file:
                summary = _write_frames(name, local, frames_file, made_with)
            pq.write_table(_arrow(summary, made_with), summary_file, compression="zstd")
    except Exception as error:  # it becomes a row of the failures
        return {"error": type(error).__name__, "reason": str(error) or repr(error)}
    return None


def _write_frames(name: str, path: str, file: BinaryIO, made_with: dict[str, dict]) -> pd.DataFrame:
    """Measure a recording and write its frames, a row group for what is measured at once. Returns its summary."""
    floor, ceiling = (made_with["parameters"][limit] for limit in ("f0_floor", "f0_ceiling"))
    kept: list[pd.DataFrame] = []
    parts = []
    damage: list[Damage] = []
    with ExitStack() as stack:
        for table in features.frames_of_file(path, floor=floor, ceiling=ceiling, damage=damage):
            parts.append(_sums_and_counts(table))
            measures = table.select_dtypes("float").columns.drop("time")
            table = table.astype(dict.fromkeys(measures, "float32"))  # seven digits, half the disk
            table.insert(0, "recording", name)
            rows = _arrow(table, made_with)
            if not kept:  # measures hardly repeat, so a dictionary of their values would be larger than they are
                how = {"compression": "zstd", "use_dictionary": ["recording"]}
                writer = stack.enter_context(pq.ParquetWriter(file, rows.schema, **how))
            writer.write_table(rows)
            kept.append(table[KEPT].astype({"recording": "category"}))
    frames = pd.concat(kept, ignore_index=True)
    kept.clear()
    summary = segments.measure(frames, segments.whole(frames))
    means = sum(parts).loc["sum"] / sum(parts).loc["count"]
    over_voiced, _ = segments.columns_of_means(means.to_frame().T)
    if summary["f0"].isna().item():  # too little voice has no measures
        means[over_voiced] = np.nan
    return summary.assign(**means, damage=damage_text(damage)).astype({"damage": metadata.TEXT})


def _sums_and_counts(frames: pd.DataFrame) -> pd.DataFrame:
    """`sum` and `count` of what `segments.measure` takes means of; what is missing counts in neither."""
    over_voiced, over_all = segments.columns_of_means(frames)
    voiced = frames.loc[frames["voiced"], over_voiced].agg(["sum", "count"])
    return voiced.join(frames[over_all].agg(["sum", "count"]))


def _arrow(table: pd.DataFrame, made_with: dict[str, dict]) -> pa.Table:
    """A table for a Parquet file, which says what it was made with."""
    rows = pa.Table.from_pandas(table, preserve_index=False)
    return rows.replace_schema_metadata({"tutorial_helpers": json.dumps(made_with)})


@contextmanager
def _local_file(path: str) -> Iterator[str]:
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
def _atomic_write(fs: AbstractFileSystem, path: str) -> Iterator[BinaryIO]:
    """Open a file for writing that appears complete, when the `with` ends, or not at all.

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
    """Write `failures.parquet`."""
    fs, place = _locate(out)
    schema = pa.schema([(column, pa.string()) for column in FAILURE_COLUMNS])
    rows = [{"recording": name, **failed[name]} for name in sorted(failed)]
    with _atomic_write(fs, f"{place}/failures.parquet") as file:
        pq.write_table(pa.Table.from_pylist(rows, schema), file)
