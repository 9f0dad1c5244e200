"""Workers of Dask, on this machine or on many, and work that is handed out to them until all of it has an outcome."""

from __future__ import annotations

import logging
import re
import time
from collections.abc import Callable, Iterator
from concurrent.futures import CancelledError
from contextlib import ExitStack, contextmanager
from typing import Any

import dask
from dask.system import CPU_COUNT
from distributed import Client, KilledWorker, LocalCluster, as_completed
from distributed.utils import silence_logging_cmgr
from tqdm import tqdm

from .errors import TutorialError

CONNECT_SECONDS = 10  # that a scheduler may take to answer
IDLE_SECONDS = 120  # that all workers may do nothing while work waits: on a busy machine one takes 45 s to start
TIMES_HANDED_OUT = 2  # work that no worker has then done is a failure
IGNORE_CTRL_C = "import signal; signal.signal(signal.SIGINT, signal.SIG_IGN)"  # it is for the process that waits
# after so long Dask takes for lost a worker that died and is being started anew, and ends the new one: by itself 15 s
LOST_WORKER = {"distributed.deploy.lost-worker-timeout": "1h"}
FREE_AT_ONCE = "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_"  # Dask's setting for freed memory

Failure = dict[str, str] | None  # `error` and `reason`


def local_cluster(workers: int | None = None) -> LocalCluster:
    """Start a scheduler and workers with one thread each on this machine.

    Their address is 127.0.0.1, so that no other machine gets in. Dask would have them give each freed array back to
    the system at once, and then wait for the next one; these keep some memory instead, and measure faster.
    Lesson: 06_scaling_up.

    Parameters
    ----------
    workers : int, optional
        How many. None is one a core.

    Returns
    -------
    LocalCluster
        Of `dask.distributed`; a `Client` takes it.

    Raises
    ------
    TutorialError
        Where there is to be no worker.
    """
    if workers is not None and workers < 1:
        raise TutorialError(f"{workers} workers cannot measure anything. Give 1 or more.")
    with dask.config.set({FREE_AT_ONCE: None}):
        return LocalCluster(
            n_workers=workers or CPU_COUNT,
            threads_per_worker=1,
            host="127.0.0.1",
            dashboard_address="127.0.0.1:0",
            silence_logs=logging.CRITICAL,  # what matters comes as a row of the failures or as an error
            preload=IGNORE_CTRL_C,
        )


@contextmanager
def connected(client: Client | str | None = None, workers: int | None = None) -> Iterator[Client]:
    """Connect to workers, and close again what was started for it.

    Parameters
    ----------
    client : Client or str, optional
        A client, which is used as it is, or the address of a scheduler. None starts workers on this machine.
    workers : int, optional
        How many to start. None is one a core.

    Yields
    ------
    Client

    Raises
    ------
    TutorialError
        Where both are given, where no scheduler answers, and where it is lost on the way.
    """
    if client is not None and workers is not None:
        raise TutorialError("Give a scheduler or a number of workers, not both: a scheduler has its own workers.")
    with ExitStack() as stack:
        stack.enter_context(dask.config.set(LOST_WORKER))
        if isinstance(client, str):
            stack.enter_context(silence_logging_cmgr(logging.CRITICAL))  # what matters comes as an error
            connected = stack.enter_context(_client_at(client))
        elif client is None:
            local = stack.enter_context(local_cluster(workers))
            connected = stack.enter_context(Client(local, set_as_default=False))
        else:
            connected = client
        try:
            yield connected
        except (OSError, CancelledError) as error:  # connections that break, and work that was given up
            raise TutorialError(
                "The scheduler was lost, or it gave up the work. What is complete is kept: start again with the same "
                "command."
            ) from error


def _client_at(address: str) -> Client:
    """A client of the scheduler at an address."""
    start = "Start one with `dask scheduler`, and give the address that it prints, such as tcp://192.168.0.5:8786."
    if not re.fullmatch(r"(tcp|tls|ws|wss)://[^\s/]+:\d+", address):
        raise TutorialError(f"'{address}' is not the address of a Dask scheduler. {start}")
    try:
        return Client(address, timeout=CONNECT_SECONDS, set_as_default=False)
    except OSError as error:
        raise TutorialError(f"No Dask scheduler answers at {address} ({error}). {start}") from error


def outcomes(
    client: Client, work: Callable[..., Failure], inputs: dict[str, Any], **common: Any
) -> Iterator[tuple[str, Failure]]:
    """Have the workers do `work(name, input, **common)` for each input, and tell of each as it is done.

    Dask may lose a task when a worker dies. So when all workers have been idle for a while, what they have not told of
    is handed out again, and a second time it is a failure. What kills its worker is tried once more, alone.

    Parameters
    ----------
    client : Client
        Whose workers do it.
    work : callable
        Returns None, or how it failed: a dict of `error` and `reason`.
    inputs : dict
        Each input by its name, in the order in which they are to be begun.
    **common
        What is the same for all.

    Yields
    ------
    tuple of str and (dict or None)
        A name, and how its work failed.
    """
    killers = {}
    with tqdm(total=len(inputs), desc=client.dashboard_link, unit="recording", disable=None) as bar:
        for name, failure in _hand_out(client, work, inputs, common):
            if failure and failure["error"] == KilledWorker.__name__:
                killers[name] = inputs[name]
                continue
            bar.update()
            yield name, failure
        for name, value in killers.items():  # alone, for a worker that dies takes what waits for it along
            yield from _hand_out(client, work, {name: value}, common)
            bar.update()


def _hand_out(
    client: Client, work: Callable[..., Failure], inputs: dict[str, Any], common: dict[str, Any]
) -> Iterator[tuple[str, Failure]]:
    """As `outcomes`, without a second try of what kills its worker."""
    for _ in range(TIMES_HANDED_OUT):
        futures = client.map(work, list(inputs), list(inputs.values()), **common, pure=False)
        waiting = {future.key: name for future, name in zip(futures, inputs, strict=True)}
        finished = as_completed(futures, loop=client.loop, with_results=True, raise_errors=False)
        del futures  # or a worker that dies would have what it did done again
        for key, failure in _until_idle(client, finished, len(waiting)):
            yield waiting.pop(key), failure
        inputs = {name: inputs[name] for name in waiting.values()}
        if not inputs:
            return
        client.cancel(list(finished.futures), force=True)
    reason = (
        f"It was handed out {TIMES_HANDED_OUT} times, and no worker took it up: they were idle, or had ended. Start "
        "again with the same command."
    )
    yield from ((name, {"error": "NotTakenUp", "reason": reason}) for name in inputs)


def _until_idle(client: Client, finished: as_completed, n: int) -> Iterator[tuple[str, Failure]]:
    """Key and failure of each of n futures as it is done; ends early where all workers have been idle for a while."""
    last_busy = last_asked = time.monotonic()
    while n:
        batch = [(future.key, _failure(result)) for future, result in finished.next_batch(block=False)]
        yield from batch
        n -= len(batch)
        now = time.monotonic()
        if now - last_asked > IDLE_SECONDS / 10:
            last_asked = now
            if _any_worker_is_busy(client):
                last_busy = now
        if batch:
            last_busy = now
        elif now - last_busy > IDLE_SECONDS:
            return
        else:
            time.sleep(0.1)


def _any_worker_is_busy(client: Client) -> bool:
    """Whether a worker runs anything, of ours or of others."""
    try:
        return bool(client.call_stack())
    except Exception as error:  # one that does not answer is busy; one that is gone will soon not be asked
        if client.status == "closed":
            raise CancelledError("The connection to the scheduler is closed.") from error
        return True


def _failure(result: Any) -> Failure:
    """How a future's work failed, or None, by its result alone: its status may have changed since."""
    if isinstance(result, BaseException):  # it was given up
        raise result
    if not isinstance(result, tuple):
        return result
    error = result[1]
    reason = str(error)
    if isinstance(error, KilledWorker):
        reason = (
            "The process that worked on it died, each time that it was tried. It may need more memory: try it with one "
            "worker, or on a larger machine."
        )
    return {"error": type(error).__name__, "reason": reason}
