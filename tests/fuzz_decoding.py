"""Good files with bytes changed at random: none may crash, hang, fill the memory, or be read otherwise than is said.

`make fuzz` runs it. Each file is read in a process with limits, and set beside what ffmpeg makes of it.
"""

import json
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

sys.path.append(str(Path(__file__).parent))
from odd_files import as_ffmpeg_decodes, make

from tutorial_helpers import data_prep, decoding
from tutorial_helpers.errors import TutorialError

FUZZED = ["pcm.wav", "constant.mp3", "headless.mp3", "x.m4a", "vorbis.ogg", "x.flac"]
MUTATIONS = 400
SECONDS_OF_SOUND = 6.0
SECONDS, BYTES = 30, 3 * 2**30  # that one file may take
BATCH = 25  # files a process
EXCERPT = 3.3  # s: where an excerpt of a second begins
NEAR = 0.15  # s before damage that a decoder may already be off: a packet needs those before it


def mutate(content, rng):
    """The content with a few bytes flipped, or a stretch overwritten, left out, put in, repeated or cut off."""
    content = bytearray(content)
    at = int(rng.integers(len(content)))
    n = int(rng.integers(1, max(2, len(content) // 50)))
    junk = [bytes(n), rng.bytes(n), (b"<p>404 Not Found</p>" * n)[:n], bytes(content[at : at + n])][rng.integers(4)]
    match rng.integers(7):
        case 0:
            for place in rng.integers(len(content), size=rng.integers(1, 30)):
                content[place] ^= 1 << int(rng.integers(8))
        case 1:  # where the header is
            for place in rng.integers(min(len(content), 400), size=rng.integers(1, 6)):
                content[place] = int(rng.integers(256))
        case 2:
            content[at : at + n] = junk
        case 3:
            content[at:at] = junk
        case 4:
            del content[at : at + n]
        case 5:
            del content[at:]
        case 6:
            content += junk
    return bytes(content)


def judge(path):
    """How one file is read: (what was done with it, what is wrong with that)."""
    damage = []
    try:
        kinds = [(samples, sr) for samples, sr in decoding.blocks(path, damage=damage)]
        length = data_prep.probe(path)["seconds"]
    except TutorialError as error:
        n = len(as_ffmpeg_decodes(path, 1))
        wrong = "cannot be read as audio" in str(error) and n > 8_000
        return "refused", f"refused, and ffmpeg finds {n} samples: {error}" if wrong else ""
    if len({(samples.shape[1], sr) for samples, sr in kinds}) > 1:  # ffmpeg makes one kind of both
        return "changes", ""
    y, sr = np.concatenate([samples for samples, _ in kinds]), kinds[0][1]
    if abs(length - len(y) / sr) > 1e-6:
        return "read", f"probe counts {length} s and {len(y) / sr} s are read"
    expected = as_ffmpeg_decodes(path, y.shape[1])
    if not damage and abs(len(y) - len(expected)) > 0.06 * sr:  # a packet at the end may be padding
        return "read", f"{len(y)} samples, and ffmpeg finds {len(expected)}, and no word"
    excerpt, _ = data_prep.read_native(path, start=EXCERPT, seconds=1) if len(y) > (EXCERPT + 1) * sr else (y[:0], sr)
    of_whole = y[round(EXCERPT * sr) :][: len(excerpt)]
    if not damage and np.abs(excerpt - of_whole).max(initial=0) > 2e-3:
        return "read", "an excerpt differs from the whole"
    n = min(len(y), len(expected))
    if damage:
        n = min(n, max(0, round((damage[0][0] - NEAR) * sr)))
    off = np.abs(y[:n] - expected[:n]).max(initial=0)
    return "reported" if damage else "read", f"differs by {off:.3f} before anything is reported" if off > 2e-3 else ""


def judge_all(paths):
    """The work of a limited process: print what becomes of each file. What takes too long ends the process."""
    import resource

    resource.setrlimit(resource.RLIMIT_AS, (BYTES, BYTES))
    for path in paths:
        signal.alarm(SECONDS)
        try:
            done, wrong = judge(path)
        except Exception as error:
            done, wrong = "raised", f"{type(error).__name__}: {error}"
        print(json.dumps([path, done, wrong]), flush=True)


def judge_in_processes(paths):
    """What becomes of each file, in processes that may die of one: rows (path, what was done, what is wrong)."""
    rows = []
    while paths:
        batch = paths[:BATCH]
        run = subprocess.run([sys.executable, __file__, "--judge", *batch], capture_output=True, text=True)
        told = [json.loads(line) for line in run.stdout.splitlines()]
        rows += told
        if len(told) < len(batch):
            rows.append([batch[len(told)], "ended", f"the process ended with {run.returncode}: {run.stderr[-300:]}"])
        paths = paths[len(told) + (len(told) < len(batch)) :]
    return rows


def fuzz(kinds=FUZZED, mutations=MUTATIONS, seed=0):
    """Change files of each kind, and read them: what was done with how many of each, and what is wrong."""
    done, wrong = {}, []
    for kind in kinds:
        with TemporaryDirectory() as folder:
            content = make(kind, Path(folder, kind), SECONDS_OF_SOUND).read_bytes()
            paths = []
            for number in range(mutations):
                path = Path(folder, f"{number}_{kind}")
                path.write_bytes(mutate(content, np.random.default_rng([seed, number])))
                paths.append(str(path))
            rows = judge_in_processes(paths)
        done[kind] = Counter(what for _, what, _ in rows)
        wrong += [f"{Path(path).name}: {what}: {why}" for path, what, why in rows if why]
    return done, wrong


if __name__ == "__main__":
    if sys.argv[1:2] == ["--judge"]:
        judge_all(sys.argv[2:])
    else:
        done, wrong = fuzz(seed=int((sys.argv[1:] or ["0"])[0]))
        for kind, counts in done.items():
            print(kind, dict(counts))
        print(*wrong, sep="\n")
        sys.exit(bool(wrong))
