"""Long measurements in a process of their own, so that a notebook can go on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ProcessPoolExecutor
from multiprocessing import get_context


def in_background(function: Callable, *arguments) -> Future:
    """Start `function(*arguments)` in a process of its own and go on.

    Lesson: 04_statistics, 05_deep_learning.

    Parameters
    ----------
    function : function
        One that is defined in a module, not in the notebook.
    *arguments
        What it is called with.

    Returns
    -------
    Future
        Its `.result()` waits for what the function returns or raises.
    """
    # a new interpreter, not a copy of this one: a notebook's kernel has threads, which a copy would not survive
    pool = ProcessPoolExecutor(1, mp_context=get_context("spawn"))
    future = pool.submit(function, *arguments)
    pool.shutdown(wait=False)
    return future
