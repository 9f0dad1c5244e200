"""Everything that this project says about its speed and memory, measured side by side: `make bench`.

    python benchmarks/bench.py                 all parts, some 70 minutes on two cores
    python benchmarks/bench.py excerpt         one part: excerpt, features, corpus or recognisers
    python benchmarks/bench.py report          RESULTS.md and its figure anew, from the tables that are there

Each part writes its tables, then RESULTS.md and results.png are made anew.
"""

from __future__ import annotations

import argparse
from importlib import import_module

# part: the module that measures it, and its function. Imported when it is its turn: processes that a part starts read
# this file again, and would hold in memory whatever it imports
PARTS = {
    "excerpt": ("excerpt", "measure_all"),
    "features": ("frame_features", "measure_all"),
    "corpus": ("corpus", "measure_all"),
    "recognisers": ("recognisers", "write_speed"),
    "report": ("report", "write_report"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="?", choices=PARTS)
    part = parser.parse_args().part
    for name in list(PARTS) if part is None else dict.fromkeys([part, "report"]):
        print(name, flush=True)
        module, function = PARTS[name]
        getattr(import_module(module), function)()


if __name__ == "__main__":
    main()
