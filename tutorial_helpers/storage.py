"""Where an archive's files lie: on this machine or at any address that fsspec knows, each complete or not there."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path, PurePosixPath
from tempfile import TemporaryDirectory
from typing import BinaryIO
from urllib.parse import urlsplit
from uuid import uuid4

import fsspec.core
import pyarrow as pa
import pyarrow.parquet as pq
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from . import metadata

LONGEST_NAME = 200  # bytes of a file's name; systems allow 255, and a temporary file's ending is to be added


def absolute(path: str | Path) -> str:
    """A path from the root, for workers may run in another folder; an address as it is.

    Parameters
    ----------
    path : str or Path

    Returns
    -------
    str
    """
    return str(path) if metadata.is_address(path) else Path(path).expanduser().absolute().as_posix()


def locate(path: str) -> tuple[AbstractFileSystem, str]:
    """The file system that an absolute path or an address belongs to, and the path there.

    Parameters
    ----------
    path : str

    Returns
    -------
    AbstractFileSystem, str
    """
    if metadata.is_address(path):
        return fsspec.core.url_to_fs(path)
    return LocalFileSystem(), path  # fsspec would take '::' in a file's name for two addresses


def file_name(name: str, ending: str = ".parquet") -> str:
    """What a recording's files are called: its name, %-quoted where it is no letter, digit or one of `-._~`.

    A `_` or `.` at the beginning is quoted too, for readers of Parquet pass over files that are called so. Of a name
    that is too long for a file there is the beginning, and a checksum of the whole; the tables have all of it.

    Parameters
    ----------
    name : str
    ending : str

    Returns
    -------
    str
    """
    quoted = re.sub(r"[^\w.~-]|^[_.]", lambda found: "".join(f"%{byte:02X}" for byte in found[0].encode()), name)
    if len(quoted.encode()) > LONGEST_NAME:
        begins = quoted.encode()[: LONGEST_NAME // 2].decode(errors="ignore")
        quoted = f"{begins}~{hashlib.sha256(name.encode()).hexdigest()[:16]}"
    return quoted + ending


def files_in(fs: AbstractFileSystem, folder: str) -> set[str]:
    """The names of the files in a folder; none where there is no such folder.

    Parameters
    ----------
    fs : AbstractFileSystem
    folder : str

    Returns
    -------
    set of str
    """
    return {PurePosixPath(path).name for path in fs.find(folder, maxdepth=1)}


def by_size(paths: dict[str, str]) -> dict[str, str]:
    """The same paths, the biggest file first: at the end, all others would wait for it.

    Parameters
    ----------
    paths : dict of str

    Returns
    -------
    dict of str
    """
    with ThreadPoolExecutor() as pool:  # an address on the web takes a while to tell a size
        sizes = dict(zip(paths, pool.map(_size, paths.values()), strict=True))
    return {name: paths[name] for name in sorted(paths, key=sizes.__getitem__, reverse=True)}


def _size(path: str) -> int:
    """Bytes; -1 where they are not known: why, the worker that reads the file will say."""
    with suppress(Exception):
        fs, place = locate(path)
        return fs.size(place) or -1
    return -1


@contextmanager
def local_file(path: str) -> Iterator[str]:
    """A recording as a file of this machine: in place, or fetched for as long as it is needed.

    Parameters
    ----------
    path : str

    Yields
    ------
    str
    """
    fs, place = locate(path)
    if isinstance(fs, LocalFileSystem):
        yield place
        return
    with TemporaryDirectory() as folder:
        local = f"{folder}/{PurePosixPath(urlsplit(path).path).name}"
        fs.get_file(place, local)
        yield local


@contextmanager
def atomic_write(fs: AbstractFileSystem, path: str) -> Iterator[BinaryIO]:
    """Open a file for writing that appears complete, when the `with` ends, or not at all.

    Until then it has a name of its own, which readers of Parquet pass over.

    Parameters
    ----------
    fs : AbstractFileSystem
    path : str

    Yields
    ------
    file
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


def read_table(fs: AbstractFileSystem, path: str) -> pa.Table:
    """A table of a dataset, read in this thread alone.

    PyArrow's own threads may still hold the file when Python ends, and then abort it.

    Parameters
    ----------
    fs : AbstractFileSystem
    path : str

    Returns
    -------
    Table
    """
    with fs.open(path, "rb") as file:
        return pq.ParquetFile(file, pre_buffer=False).read(use_threads=False)


def write_csv(out: str | Path, folders: list[str]) -> None:
    """Write tables of a dataset as CSV beside the Parquet, such as turns.csv for the folder `turns`.

    Parameters
    ----------
    out : str or Path
        As `scaling_up.extract` was given.
    folders : list of str
        One that is not there, or is empty, gives no file.
    """
    fs, place = locate(absolute(out))
    for folder in folders:
        names = sorted(files_in(fs, f"{place}/{folder}"))
        if names:
            with atomic_write(fs, f"{place}/{folder}.csv") as file:
                for number, name in enumerate(names):
                    table = read_table(fs, f"{place}/{folder}/{name}").to_pandas()
                    table.to_csv(file, index=False, header=number == 0)
