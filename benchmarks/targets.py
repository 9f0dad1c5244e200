"""What this project promises about speed and memory, in one place, and whether it is kept."""

from __future__ import annotations

import math
import operator

import pandas as pd

AT_LEAST, AT_MOST = "at least", "at most"
HOLDS = {AT_LEAST: operator.ge, AT_MOST: operator.le}

# name: part, what is asked, at least or at most, the limit, the unit
TARGETS = {
    "excerpt_speed": ("excerpt", "Ten minutes out of four hours, beside loading all: speed", AT_LEAST, 40, "times"),
    "excerpt_memory": ("excerpt", "The same: memory of loading all, beside ours", AT_LEAST, 25, "times"),
    "excerpt_length": (
        "excerpt",
        "Ten minutes out of four hours, beside a short file: time",
        AT_MOST,
        1.2,
        "times",
    ),
    "librosa": ("features", "Every feature, beside a librosa call each, without pitch: speed", AT_LEAST, 2, "times"),
    "opensmile": ("features", "Every feature, beside openSMILE's eGeMAPSv02: speed", AT_LEAST, 4, "times"),
    "floor": (
        "features",
        "Reading and features, beside reading, an FFT, the pitch: time",
        AT_MOST,
        2.5,
        "times",
    ),
    "hours": ("corpus", "Sound that was measured in one go", AT_LEAST, 48, "hours"),
    "one_worker": ("corpus", "From mp3 to tables, one worker on one core: speed", AT_LEAST, 150, "times real time"),
    "each_of_two": ("corpus", "The same, each of two workers on two cores", AT_LEAST, 150, "times real time"),
    "memory_length": ("corpus", "Four hours, beside ten minutes: a worker's memory", AT_MOST, 1.3, "times"),
    "memory_peak": ("corpus", "A worker's memory at its peak", AT_MOST, 600, "MB"),
    "two_workers": ("corpus", "Two workers, beside two processes without Dask: speed", AT_LEAST, 0.9, "times"),
}


def verdicts(measured: dict[str, float]) -> pd.DataFrame:
    """One row a target, in that order: `part`, `asked`, `target`, `measured` (rounded, with unit), `met` (yes, no).

    measured: a value for every target; a missing one is a KeyError, not a row less.
    """
    rows = []
    for name, (part, asked, relation, limit, unit) in TARGETS.items():
        value = measured[name]
        met = "yes" if HOLDS[relation](value, limit) else "no"
        rows.append((part, asked, f"{relation} {limit:g} {unit}", f"{readable(value)} {unit}", met))
    return pd.DataFrame(rows, columns=["part", "asked", "target", "measured", "met"])


def readable(value: float) -> str:
    """Three digits that count, as a person writes them: 0.934, 2.51, 41.3, 1,230."""
    digits = max(0, 2 - math.floor(math.log10(abs(value)))) if value else 0
    return f"{value:,.{digits}f}"
