"""A folder to itself for each run that writes into it."""

from __future__ import annotations

import json
import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime

import psutil
from fsspec import AbstractFileSystem
from fsspec.implementations.local import LocalFileSystem

from .errors import TutorialError


@contextmanager
def locked(fs: AbstractFileSystem, place: str) -> Iterator[None]:
    """Keep other runs out of a folder: two would take each other's files for what a killed run left.

    The lock of a run of this machine that has ended without removing it is taken over.
    """
    lock = f"{place}/lock.json"
    me = psutil.Process()
    mine = {"host": socket.gethostname(), "pid": me.pid, "started": me.create_time()}
    with suppress(FileNotFoundError):
        if _has_ended(_holder(fs, lock)):
            fs.rm_file(lock)
    try:
        if fs.exists(lock):
            raise FileExistsError(lock)
        with fs.open(lock, "xb" if isinstance(fs, LocalFileSystem) else "wb") as file:
            file.write(json.dumps({**mine, "since": f"{datetime.now():%Y-%m-%d %H:%M:%S}"}).encode())
    except FileExistsError:
        holder = _holder(fs, lock)
        raise TutorialError(
            f"{place} is in use since {holder.get('since')}: a run (process {holder.get('pid')} on "
            f"{holder.get('host')}) measures into it. Wait for it; if that machine was switched off, delete {lock}."
        ) from None
    try:
        yield
    finally:
        fs.rm_file(lock)


def _holder(fs: AbstractFileSystem, lock: str) -> dict:
    """Who made a lock; empty where it was killed while it wrote it."""
    with suppress(json.JSONDecodeError):
        return json.loads(fs.cat_file(lock))
    return {}


def _has_ended(holder: dict) -> bool:
    """Whether the process of this machine that made a lock is no more; one of another machine cannot be seen."""
    if holder.get("host") != socket.gethostname():
        return not holder
    try:
        return psutil.Process(holder["pid"]).create_time() != holder["started"]
    except psutil.NoSuchProcess:
        return True
