"""One sampler of memory for runner, benchmarks and tests."""

from __future__ import annotations

import threading

import psutil

SECONDS_BETWEEN_SAMPLES = 0.05


class PeakMemory(threading.Thread):
    """The largest memory, in MB, that a process's children (and theirs) held at once while the block ran.

    Memory is the proportional set size, which counts a page that several processes share once. Systems that do not
    know it give their unique set size, or the resident set size.

    Parameters
    ----------
    pid : int, optional
        Of which process; None is this one.
    include_self : bool
        Whether that process counts as well.

    Attributes
    ----------
    peak_mb : float
        The largest sum so far, in 1e6 bytes.
    """

    def __init__(self, *, pid: int | None = None, include_self: bool = False):
        super().__init__(daemon=True)
        self.peak_mb = 0.0
        self._process = psutil.Process(pid)
        self._include_self = include_self
        self._done = threading.Event()

    def run(self) -> None:
        """Take samples until the block ends."""
        known: list[psutil.Process] = []
        while True:
            children = self._process.children(recursive=True)
            # a process that was just started has its parent's memory until it runs its own program
            counted = [child for child in children if child in known] + [self._process] * self._include_self
            self.peak_mb = max(self.peak_mb, sum(map(_bytes_held, counted)) / 1e6)
            known = children
            if self._done.wait(SECONDS_BETWEEN_SAMPLES):
                return

    def __enter__(self) -> PeakMemory:
        self.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._done.set()
        self.join()


def _bytes_held(process: psutil.Process) -> int:
    """What a process holds of memory; 0 where it has ended since it was listed."""
    try:
        try:
            found = process.memory_full_info()
        except psutil.AccessDenied:  # macOS shows this of few processes
            found = process.memory_info()
    except psutil.NoSuchProcess:  # a zombie, too
        return 0
    return next(getattr(found, kind) for kind in ("pss", "uss", "rss") if hasattr(found, kind))
