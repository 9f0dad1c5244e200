import subprocess
import sys

import numpy as np
import pytest

from tutorial_helpers.project.memory import PeakMemory

MB_HELD = 200
# a process that holds memory, and two copies of it that only read the same pages
FAMILY = f"""
import mmap, os, time
held = mmap.mmap(-1, {MB_HELD} * 10**6)  # shared by all who are forked
for place in range(0, len(held), mmap.PAGESIZE):
    held[place] = 1
for _ in range(2):
    if os.fork() == 0:
        sum(held[place] for place in range(0, len(held), mmap.PAGESIZE))
        time.sleep(1)
        os._exit(0)
time.sleep(1.5)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems do not tell what is shared")
def test_memory_that_several_processes_share_is_counted_once():
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", FAMILY], check=True)
    assert MB_HELD < memory.peak_mb < 1.5 * MB_HELD


def test_this_process_counts_only_where_it_was_asked_for():
    with PeakMemory() as children, PeakMemory(include_self=True) as everyone:
        held = np.ones(MB_HELD * 10**6 // 8)
    assert len(held) and children.peak_mb < MB_HELD / 2
    assert everyone.peak_mb > MB_HELD


# a process that holds memory and starts programs, each after a search through folders that are not there
STARTS_PROGRAMS = f"""
import os, subprocess, time
held = b"x" * {MB_HELD * 10**6}
folders = {{"PATH": "/none:" * 10_000 + os.environ["PATH"]}}
ends = time.monotonic() + 2
while time.monotonic() < ends:
    subprocess.run(["true"], env=folders)
"""


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="other systems start programs in another way")
def test_the_memory_of_a_process_that_starts_others_is_counted_once():
    with PeakMemory() as memory:
        subprocess.run([sys.executable, "-c", STARTS_PROGRAMS], check=True)
    assert MB_HELD < memory.peak_mb < 1.5 * MB_HELD
