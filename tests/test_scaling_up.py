"""Many recordings measured at once: the tables on disk, what is kept when something breaks, and what is refused."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import dask
import dask.dataframe as dd
import fsspec
import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from distributed import Client, LocalCluster

from tutorial_helpers import cluster, corpora, data_prep, features, places, scaling_up, segments
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.synthesis import harmonic_voice

SR = 16_000
pytestmark = pytest.mark.timeout(600)  # on a busy machine it takes a minute to start a process that measures


@pytest.fixture(scope="module")
def processes():
    """Two workers, each a process, as `extract` starts them; started once for all tests, for that takes seconds."""
    with cluster.connected(workers=2) as client:
        yield client


@pytest.fixture
def threads():
    """A worker inside this process: it sees `memory://`, and what a test puts in the place of a function."""
    with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as client:
        yield client


def write_voices(folder, names, *, seconds=1.0):
    """A table of recordings: voices of 110 Hz, 120 Hz ... as wav files."""
    rows = {}
    for i, name in enumerate(names):
        rows[name] = folder / f"{name}.wav"
        rows[name].parent.mkdir(parents=True, exist_ok=True)
        sf.write(rows[name], harmonic_voice(110 + 10 * (i % 20), seconds=seconds, syllables=4), SR)
    return pd.DataFrame({"path": {name: str(path) for name, path in rows.items()}})


def write_long_voices(folder, n, *, seconds=130):
    """Recordings that take a while: noise under voices, each another stretch of the same."""
    folder.mkdir()
    y = np.tile(harmonic_voice(130, seconds=10, syllables=4), seconds // 10)
    y += 0.01 * np.random.default_rng(0).standard_normal(len(y)).astype(np.float32)
    for i in range(n):
        sf.write(folder / f"r{i:02}.flac", np.roll(y, 1000 * i), SR)
    return corpora.load(folder).recordings


@pytest.fixture(scope="module")
def long_run(processes, tmp_path_factory):
    """Recordings that take a while, and the measures of a run that nothing disturbed: their table, two folders."""
    folder = tmp_path_factory.mktemp("long")
    recordings = write_long_voices(folder / "in", 6)
    done = scaling_up.extract(recordings, folder / "reference", client=processes)
    assert (done["status"] == "done").all()
    return recordings, folder / "in", folder / "reference"


def frames_of(out):
    table = pd.read_parquet(f"{out}/frames")
    return table.sort_values(["recording", "time"], ignore_index=True)


def summaries_of(out):
    return pd.read_parquet(f"{out}/recordings").sort_values("recording", ignore_index=True)


def assert_same_dataset(out, reference):
    pd.testing.assert_frame_equal(frames_of(out), frames_of(reference), check_exact=True)
    pd.testing.assert_frame_equal(summaries_of(out), summaries_of(reference), check_exact=True)
    assert not frames_of(out).duplicated(["recording", "time"]).any()
    assert not leftovers(out)


def leftovers(out):
    return sorted(Path(out).rglob("*.part"))


def complete(out):
    return sorted(path.name for path in Path(out, "recordings").glob("*.parquet"))


def stamps(out):
    """When each file of measures was written, and its content."""
    return {path: (path.stat().st_mtime_ns, path.read_bytes()) for path in Path(out).rglob("*/*.parquet")}


def wait_until(happened, seconds=120):
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.01)


# What comes out


def assert_equal_but_for_rounding(table, expected):
    pd.testing.assert_frame_equal(
        table.reset_index(drop=True), expected.reset_index(drop=True), check_dtype=False, rtol=1e-3, atol=1e-3
    )


def test_both_tables_hold_what_lessons_03_and_04_measure(processes, tmp_path):
    names = ["en/vm-intro", "001", "002", "_first", ".second", "Über 50 %, [a]?"]
    recordings = write_voices(tmp_path / "in", names, seconds=1.5)
    done = scaling_up.extract(recordings, tmp_path / "out", client=processes)
    assert list(done.index) == names and done.index.name == "recording"
    assert (done["status"] == "done").all() and done["reason"].isna().all()
    frames, summaries = pd.read_parquet(tmp_path / "out/frames"), summaries_of(tmp_path / "out")
    assert sorted(summaries["recording"]) == sorted(names) == sorted(frames["recording"].unique())
    for name, path in recordings["path"].items():
        expected = features.frame_table(data_prep.read(path)).assign(recording=name)
        measured = frames[frames["recording"] == name]
        assert_equal_but_for_rounding(measured, expected[measured.columns])
        row = segments.measure(expected, segments.whole(expected))
        assert_equal_but_for_rounding(summaries.loc[summaries["recording"] == name, row.columns], row)


def test_frames_whose_contrast_is_missing_do_not_count_in_an_archive_either():
    frames = features.frame_table(harmonic_voice(150.0, seconds=2)).assign(recording="a")
    frames.loc[frames.index < 100, "contrast"] = np.nan  # as where no band holds signal
    expected = segments.measure(frames, segments.whole(frames))
    parts = [scaling_up._sums_and_counts(block) for block in (frames[:80], frames[80:])]
    means = sum(parts).loc["sum"] / sum(parts).loc["count"]
    assert means.to_numpy() == pytest.approx(expected[means.index].iloc[0].to_numpy(float))


def test_turns_measured_from_samples_and_from_parquet_agree(processes, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b"], seconds=3.0)
    turns = pd.DataFrame({"recording": list("aabb"), "onset": [0.2, 1.5] * 2, "offset": [1.1, 2.8] * 2})
    scaling_up.extract(recordings, tmp_path / "out", client=processes)
    tables = [
        features.frame_table(data_prep.read(path)).assign(recording=name) for name, path in recordings["path"].items()
    ]
    from_samples = segments.measure(pd.concat(tables), turns)
    from_parquet = segments.measure(pd.read_parquet(tmp_path / "out/frames"), turns)
    assert_equal_but_for_rounding(from_parquet[from_samples.columns], from_samples)
    assert from_samples["f0"].to_numpy() == pytest.approx([110, 110, 120, 120], rel=0.02)


def test_pandas_reads_a_part_and_dask_reads_all(processes, tmp_path):
    recordings = write_voices(tmp_path / "in", ["en/a", "001", "002"])
    scaling_up.extract(recordings, tmp_path / "out", client=processes)
    columns = ["recording", "time", "f0"]
    one = pd.read_parquet(tmp_path / "out/frames", filters=[("recording", "==", "001")], columns=columns)
    assert set(one["recording"]) == {"001"} and list(one.columns) == columns
    assert one["f0"].median() == pytest.approx(120, rel=0.01)  # the second voice
    lazy = dd.read_parquet(tmp_path / "out/frames")
    assert lazy.npartitions == 3 and len(lazy) == 3 * 101
    by_dask = lazy.groupby("recording")["f0"].mean().compute().sort_index()
    by_pandas = pd.read_parquet(tmp_path / "out/frames").groupby("recording")["f0"].mean()
    pd.testing.assert_series_equal(by_dask, by_pandas, check_index_type=False, check_dtype=False, rtol=1e-5)


def test_a_dataset_says_how_it_was_made_and_what_its_columns_mean(processes, tmp_path):
    recordings = write_voices(tmp_path / "in", ["good"])
    recordings.loc["bad"] = str(tmp_path / "missing.wav")
    scaling_up.extract(recordings, tmp_path / "out", client=processes, floor=60.0)
    about = json.loads((tmp_path / "out/metadata.json").read_text())
    assert about["versions"]["numpy"] == np.__version__
    options = dict.fromkeys(["f0_ceiling", "recogniser", "language", "speakers"])
    options |= {"f0_floor": 60.0, "turns_and_words": False}
    assert about["parameters"] == features.PARAMETERS | options
    files = sorted((tmp_path / "out").rglob("*.parquet"))
    assert [path.name for path in files] == ["failures.parquet", "good.parquet", "good.parquet"]
    for path in files:
        schema = pq.read_schema(path)
        assert set(schema.names) <= set(about["codebook"])
        if path.name == "good.parquet":
            made_with = json.loads(schema.metadata[b"tutorial_helpers"])
            assert made_with == {key: about[key] for key in ("parameters", "versions")}
    assert all(set(entry) == {"unit", "meaning", "source"} for entry in about["codebook"].values())


def test_floor_and_ceiling_bound_the_pitch(threads, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a"])  # 110 Hz
    scaling_up.extract(recordings, tmp_path / "out", client=threads, floor=150.0, ceiling=400.0)
    assert not frames_of(tmp_path / "out")["f0"].between(90, 149).any()


def test_a_long_recording_is_written_as_it_is_measured(processes, tmp_path):
    recordings = write_long_voices(tmp_path / "in", 1, seconds=310)
    scaling_up.extract(recordings, tmp_path / "out", client=processes)
    file = pq.ParquetFile(tmp_path / "out/frames/r00.parquet").metadata
    assert file.num_rows == 31_001 and file.num_row_groups == 3  # of two minutes
    assert frames_of(tmp_path / "out")["time"].is_monotonic_increasing


def test_addresses_work_for_recordings_and_for_out(threads, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b"])
    memory = fsspec.filesystem("memory")
    for path in recordings["path"]:
        memory.put_file(path, f"/voices/{Path(path).name}")
    recordings["path"] = [f"memory://voices/{name}.wav" for name in recordings.index]
    recordings.loc["c"] = "memory://voices/c.wav"
    out = f"memory://{tmp_path.name}/out"
    statuses = [scaling_up.extract(recordings, out, client=threads)["status"].tolist() for _ in range(2)]
    assert statuses == [["done", "done", "failed"], ["there", "there", "failed"]]
    by_path = scaling_up.extract(write_voices(tmp_path / "in", ["a", "b"]), tmp_path / "out", client=threads)
    assert (by_path["status"] == "done").all()
    pd.testing.assert_frame_equal(
        pd.read_parquet(f"{out}/frames").sort_values(["recording", "time"], ignore_index=True),
        frames_of(tmp_path / "out"),
    )
    assert pd.read_parquet(f"{out}/failures.parquet")["recording"].tolist() == ["c"]
    assert not [path for path in memory.find(f"/{tmp_path.name}") if path.endswith(".part")]


def test_the_biggest_files_come_first_and_what_has_no_size_last(tmp_path, monkeypatch):
    order = []
    measure = features.frames_of_file
    monkeypatch.setattr(
        features, "frames_of_file", lambda path, **limits: (order.append(Path(path).stem), measure(path, **limits))[1]
    )
    recordings = pd.concat(
        [write_voices(tmp_path / "in", [name], seconds=seconds) for name, seconds in zip("abc", (1, 3, 2), strict=True)]
    )
    recordings.loc["missing"] = str(tmp_path / "missing.wav")
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        scaling_up.extract(recordings, tmp_path / "out", client=client)
    assert order == ["b", "c", "a", "missing"]


# What is kept, and what is done again


def test_what_is_complete_is_not_touched_again_and_new_recordings_join_it(processes, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b", "c"])
    scaling_up.extract(recordings.head(2), tmp_path / "out", client=processes)
    before = stamps(tmp_path / "out")
    again = scaling_up.extract(recordings, tmp_path / "out", client=processes)
    assert again["status"].tolist() == ["there", "there", "done"]
    after = stamps(tmp_path / "out")
    assert before.items() <= after.items() and len(after) == len(before) + 2
    # where all is there, no scheduler is asked
    again = scaling_up.extract(recordings, tmp_path / "out", client="tcp://127.0.0.1:1")
    assert again["status"].tolist() == ["there"] * 3 and stamps(tmp_path / "out") == after


def test_half_done_work_is_removed_and_done_again(processes, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b", "c"])
    scaling_up.extract(recordings, tmp_path / "reference", client=processes)
    out = tmp_path / "out"
    scaling_up.extract(recordings, out, client=processes)
    (out / "recordings/a.parquet").unlink()  # killed between the two tables
    (out / "frames/b.parquet").unlink()
    for folder in ("frames", "recordings", "."):
        (out / folder / "_0123456789abcdef.part").write_bytes(b"torn")
    (out / "notes.txt").write_text("mine")
    assert len(frames_of(out)) == 2 * 101  # readers pass over what is torn
    (tmp_path / "in/b.wav").unlink()
    again = scaling_up.extract(recordings, out, client=processes)
    assert again["status"].tolist() == ["done", "failed", "there"]
    assert complete(out) == ["a.parquet", "c.parquet"] and not leftovers(out)
    assert sorted(frames_of(out)["recording"].unique()) == ["a", "c"]  # b's summary alone would be half a recording
    write_voices(tmp_path / "in", ["a", "b"])
    assert scaling_up.extract(recordings, out, client=processes)["status"].tolist() == ["there", "done", "there"]
    assert_same_dataset(out, tmp_path / "reference")
    assert (out / "notes.txt").exists()


def test_a_recording_that_fails_at_its_end_leaves_nothing(threads, tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a"])
    measure = features.frames_of_file

    def breaks_off(path, **limits):
        yield from measure(path, **limits)
        raise ValueError("the disk went away")

    monkeypatch.setattr(features, "frames_of_file", breaks_off)
    done = scaling_up.extract(recordings, tmp_path / "out", client=threads)
    assert done.loc["a"].tolist() == ["failed", "the disk went away"]
    assert pd.read_parquet(tmp_path / "out/failures.parquet")["error"].tolist() == ["ValueError"]
    assert not stamps(tmp_path / "out") and not leftovers(tmp_path / "out")


def test_a_name_too_long_for_a_file_gets_a_short_one_and_stays_whole_in_the_table(threads, tmp_path):
    deep = "/".join(["Über den Rundfunk und die Gesellschaft " * 3] * 4)
    recordings = write_voices(tmp_path / "in", ["a", "b"]).set_axis([f"{deep}/a", f"{deep}/b"]).rename_axis("recording")
    done = scaling_up.extract(recordings, tmp_path / "out", client=threads)
    assert done["status"].tolist() == ["done", "done"]
    assert summaries_of(tmp_path / "out")["recording"].tolist() == [f"{deep}/a", f"{deep}/b"]
    names = complete(tmp_path / "out")
    assert len(names) == 2 and max(map(len, names)) < 200
    assert (scaling_up.extract(recordings, tmp_path / "out", client=threads)["status"] == "there").all()


def test_the_table_says_what_is_wrong_with_a_recording_that_was_measured(threads, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b", "c"], seconds=5)
    a, b = (Path(path) for path in recordings["path"][:2])
    a.write_bytes(a.read_bytes()[: a.stat().st_size * 6 // 10])
    y, sr = sf.read(b)
    sf.write(b, np.column_stack([y, np.zeros_like(y)]), sr)
    scaling_up.extract(recordings, tmp_path / "out", client=threads)
    damage = summaries_of(tmp_path / "out").set_index("recording")["damage"]
    assert damage["a"] == "3.00 to 5.00 s: is not there: the file is cut short"
    assert damage["b"].startswith("0.00 to 5.00 s: channel 2 of 2 is silent, so the mean of all is 6 dB too low")
    assert damage["c"] == ""


# Two runs

HOLDS = """
import sys, time
from fsspec.implementations.local import LocalFileSystem
from tutorial_helpers import locking
with locking.locked(LocalFileSystem(), sys.argv[1]):
    print("held", flush=True)
    time.sleep(600)
"""


def test_a_folder_that_a_run_measures_into_is_refused_to_another_until_it_has_ended(threads, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a"])
    out = tmp_path / "out"
    scaling_up.extract(recordings, out, client=threads)
    holder = subprocess.Popen([sys.executable, "-c", HOLDS, str(out)], stdout=subprocess.PIPE, cwd=places.ROOT)
    try:
        assert holder.stdout.readline() == b"held\n"
        before = stamps(out)
        with pytest.raises(
            TutorialError, match=rf"is in use since 20\d\d-.*: a run \(process {holder.pid} on .*Wait for it"
        ):
            scaling_up.extract(recordings, out, client=threads)
        assert stamps(out) == before
    finally:
        holder.kill()
        holder.wait()
    assert (out / "lock.json").exists()  # it was killed
    assert scaling_up.extract(recordings, out, client=threads)["status"].tolist() == ["there"]
    assert not (out / "lock.json").exists()


def test_a_lock_of_another_machine_or_of_a_process_that_has_gone(threads, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a"])
    out = tmp_path / "out"
    scaling_up.extract(recordings, out, client=threads)
    for content in ("", '{"host": ', json.dumps({"host": socket.gethostname(), "pid": os.getpid(), "started": 1.0})):
        (out / "lock.json").write_text(content)  # torn; or the number of a process is another's today
        scaling_up.extract(recordings, out, client=threads)
    (out / "lock.json").write_text(json.dumps({"host": "elsewhere", "pid": 1, "started": 1.0, "since": "2026-01-01"}))
    with pytest.raises(TutorialError, match=r"since 2026-01-01: a run .process 1 on elsewhere.*delete .*lock.json"):
        scaling_up.extract(recordings, out, client=threads)


# What breaks


def test_broken_files_are_rows_with_reasons_and_the_rest_is_done(processes, tmp_path):
    good = write_voices(tmp_path / "good", [f"v{i:02}" for i in range(20)], seconds=0.5)
    reasons = {
        "empty.wav": "empty",
        "text.mp3": "cannot be read",
        "silent.wav": "silent",
        "short.wav": "longer recording",
        "missing.wav": "no file",
    }
    folder = tmp_path / "bad"
    folder.mkdir()
    (folder / "empty.wav").touch()
    (folder / "text.mp3").write_bytes(b"no sound\n" * 100)
    sf.write(folder / "silent.wav", np.zeros(SR), SR)
    sf.write(folder / "short.wav", harmonic_voice(150, seconds=1.0)[:1000], SR)
    bad = pd.DataFrame({"path": {f"bad/{name}": str(folder / name) for name in reasons}})
    recordings = pd.concat([good, bad]).sample(frac=1, random_state=0)
    done = scaling_up.extract(recordings, tmp_path / "out", client=processes)
    assert list(done.index) == list(recordings.index)
    assert done["status"].value_counts().to_dict() == {"done": 20, "failed": 5}
    assert len(complete(tmp_path / "out")) == 20 == frames_of(tmp_path / "out")["recording"].nunique()
    failures = pd.read_parquet(tmp_path / "out/failures.parquet").set_index("recording")
    assert list(failures.columns) == ["path", "error", "reason"] and sorted(failures.index) == sorted(bad.index)
    for name, word in reasons.items():
        failure = failures.loc[f"bad/{name}"]
        assert word in failure["reason"] and name in failure["reason"], failure["reason"]
        assert failure["path"] == bad.loc[f"bad/{name}", "path"] and failure["error"] == "TutorialError"
        assert done.loc[f"bad/{name}", "reason"] == failure["reason"]
    assert not leftovers(tmp_path / "out")

    # one is mended; another is not asked for this time, and stays a failure of this dataset
    sf.write(folder / "silent.wav", harmonic_voice(150, seconds=1.0), SR)
    again = scaling_up.extract(recordings.drop("bad/short.wav"), tmp_path / "out", client=processes)
    assert again["status"].value_counts().to_dict() == {"there": 20, "failed": 3, "done": 1}
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    assert sorted(failures["recording"]) == sorted(set(bad.index) - {"bad/silent.wav"})


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(long_run, tmp_path):
    recordings, _, reference = long_run
    out, killed = tmp_path / "out", []

    def kill_one(client):
        wait_until(lambda: complete(out) and len(leftovers(out)) == 4)  # two workers, each with its two tables
        killed.append(next(iter(client.run(os.getpid).values())))
        psutil.Process(killed[0]).kill()

    with cluster.connected(workers=2) as client:
        assassin = Thread(target=kill_one, args=[client])
        assassin.start()
        done = scaling_up.extract(recordings, out, client=client)
        assassin.join()
        assert killed[0] not in client.run(os.getpid).values()
    assert (done["status"] == "done").all() and len(done) == 6
    assert_same_dataset(out, reference)


def test_a_recording_that_kills_its_worker_fails_and_those_behind_it_are_done(tmp_path):
    killer = write_voices(tmp_path / "in", ["killer"], seconds=3)  # the biggest comes first
    recordings = pd.concat([killer, write_voices(tmp_path / "in", "abcdefgh")])
    preload = tmp_path / "kills.py"
    preload.write_text(
        "import os; from tutorial_helpers import features; "
        "features.frames_of_file = lambda path, measure=features.frames_of_file, **limits: "
        "os._exit(9) if 'killer' in str(path) else measure(path, **limits)"
    )
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(**options, preload=str(preload)) as started,
        Client(started) as client,
    ):
        done = scaling_up.extract(recordings, tmp_path / "out", client=client)
    assert done["status"].to_dict() == {"killer": "failed"} | dict.fromkeys("abcdefgh", "done")
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    assert failures["error"].tolist() == ["KilledWorker"] and "more memory" in failures["reason"][0]
    assert not leftovers(tmp_path / "out")


def test_a_worker_that_takes_long_to_start_again_is_waited_for(tmp_path):
    recordings = write_voices(tmp_path / "in", "ab")
    preload = tmp_path / "slow.py"
    preload.write_text(  # the first worker dies at once, the second takes long to start, as on a busy machine
        "import os, pathlib, time; from tutorial_helpers import features\n"
        f"died = pathlib.Path({str(tmp_path / 'died')!r})\n"
        "if died.exists():\n    time.sleep(4)\n"
        "else:\n    features.frames_of_file = lambda path, **limits: (died.touch(), os._exit(9))"
    )
    options = {"n_workers": 1, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 50}
    with (
        dask.config.set({"distributed.deploy.lost-worker-timeout": "1s"}),  # by itself Dask waits 15 s
        LocalCluster(**options, preload=str(preload)) as started,
        Client(started) as client,
    ):
        done = scaling_up.extract(recordings, tmp_path / "out", client=client)
    assert (done["status"] == "done").all()


def run_extract(*arguments):
    command = [sys.executable, "-m", "tutorial_helpers", "extract", "--no-words", "--speakers", "none"]
    return subprocess.Popen(
        [*command, *map(str, arguments)],
        cwd=places.ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_a_run_that_is_killed_in_the_middle_goes_on_where_it_was(long_run, tmp_path):
    _, folder, reference = long_run
    out = tmp_path / "out"
    run = run_extract(folder, out, "--workers", 2)
    wait_until(lambda: len(complete(out)) >= 2 and len(leftovers(out)) == 4)
    run.kill()
    run.communicate()
    kept = stamps(out)
    assert 4 <= len(kept) < 12 and leftovers(out)  # or it was not killed in the middle
    assert len(summaries_of(out)) == len(complete(out)) == summaries_of(out)["recording"].nunique()
    run = run_extract(folder, out, "--workers", 2)
    printed, errors = run.communicate(timeout=200)
    assert (run.returncode, printed, errors) == (0, f"6 of 6 recordings are in {out}\n", "")
    assert_same_dataset(out, reference)
    whole = {path: stamp for path, stamp in kept.items() if (out / "recordings" / path.name) in kept}
    assert whole.items() <= stamps(out).items()


@pytest.mark.skipif(not hasattr(os, "killpg"), reason="this system has no terminal that tells a group of processes")
def test_a_run_that_is_stopped_from_the_keyboard_says_how_to_go_on_and_no_more(long_run, tmp_path):
    _, folder, _ = long_run
    handler = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's background jobs ignore it
    run = run_extract(folder, tmp_path / "out", "--workers", 2)
    wait_until(lambda: leftovers(tmp_path / "out/frames"))
    signal.signal(signal.SIGINT, handler)
    os.killpg(run.pid, signal.SIGINT)  # a terminal tells all of its processes
    printed, errors = run.communicate(timeout=60)
    assert (run.returncode, printed) == (130, "")
    assert errors == "Stopped. What is complete is kept: start again with the same command.\n"


# A scheduler and workers elsewhere


@contextmanager
def process(*command):
    """A process for as long as the `with` lasts."""
    running = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield running
    finally:
        running.terminate()
        running.wait(30)


@pytest.fixture
def scheduler(tmp_path):
    """A scheduler in a process of its own: (its address, the process)."""
    file = tmp_path / "scheduler.json"
    options = ["--host", "127.0.0.1", "--port", "0", "--dashboard-address", "127.0.0.1:0", "--scheduler-file", file]
    with process(sys.executable, "-m", "dask", "scheduler", *options) as running:
        wait_until(lambda: file.exists() and file.read_text().endswith("}"))
        yield json.loads(file.read_text())["address"], running


def worker(address, *, before="pass"):
    """A worker in a process of its own; before: Python that it runs first."""
    main = f"{before}\nfrom distributed.cli.dask_worker import main\nmain()"
    options = ["--no-nanny", "--nthreads", "1", "--host", "127.0.0.1", "--death-timeout", "60"]
    return process(sys.executable, "-c", main, address, *options)


def wait_for_workers(address, n):
    with Client(address, set_as_default=False) as client:
        client.wait_for_workers(n, timeout=100)


LACKS = """
import sys
class Lacking:
    def find_spec(self, name, *others):
        if name.startswith("tutorial_helpers"):
            raise ModuleNotFoundError(f"No module named {name!r}")
sys.meta_path.insert(0, Lacking())
"""


def test_a_scheduler_is_used_by_its_address_and_refused_without_fit_workers(scheduler, processes, tmp_path):
    address, _ = scheduler
    recordings = write_voices(tmp_path / "in", ["a", "b", "c"])
    with pytest.raises(TutorialError, match=f"{address} has no workers"):
        scaling_up.extract(recordings, tmp_path / "out", client=address)
    with worker(address, before=LACKS):
        wait_for_workers(address, 1)
        with pytest.raises(TutorialError, match="worker tcp://.* cannot measure .*tutorial_helpers"):
            scaling_up.extract(recordings, tmp_path / "out", client=address)
    with worker(address):
        wait_for_workers(address, 1)
        run = run_extract(tmp_path / "in", tmp_path / "out", "--scheduler", address)
        printed, errors = run.communicate(timeout=200)
    assert (run.returncode, printed, errors) == (0, f"3 of 3 recordings are in {tmp_path / 'out'}\n", "")
    by_folder = corpora.load(tmp_path / "in").recordings
    scaling_up.extract(by_folder, tmp_path / "reference", client=processes)
    assert_same_dataset(tmp_path / "out", tmp_path / "reference")


def test_a_scheduler_that_vanishes_is_an_error_and_what_is_complete_stays(scheduler, processes, long_run, tmp_path):
    address, running = scheduler
    recordings, _, reference = long_run
    out = tmp_path / "out"

    def kill():
        wait_until(lambda: len(complete(out)) >= 1)
        running.kill()

    with worker(address):
        wait_for_workers(address, 1)
        Thread(target=kill).start()
        with pytest.raises(TutorialError, match="scheduler was lost.* kept: start again with the same command"):
            scaling_up.extract(recordings, out, client=address)
    before = stamps(out)
    done = scaling_up.extract(recordings, out, client=processes)
    assert set(done["status"]) == {"there", "done"}
    assert {path: stamps(out)[path] for path in before if path.parent.name == "recordings"}.items() <= before.items()
    assert_same_dataset(out, reference)


# What is refused


def test_measures_of_two_kinds_are_not_mixed(processes, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b"])
    scaling_up.extract(recordings.head(1), tmp_path / "out", client=processes, floor=60.0)
    with pytest.raises(TutorialError, match=r"f0_floor 60\.0 \(here None\)\. Name another folder, or use those"):
        scaling_up.extract(recordings, tmp_path / "out", client=processes)
    metadata = tmp_path / "out/metadata.json"
    about = json.loads(metadata.read_text())
    about["versions"]["numpy"] = "1.0"
    metadata.write_text(json.dumps(about))
    with pytest.raises(TutorialError, match=r"numpy 1\.0 \(here 2\."):
        scaling_up.extract(recordings, tmp_path / "out", client=processes, floor=60.0)
    assert complete(tmp_path / "out") == ["a.parquet"]


def test_workers_with_other_versions_or_without_the_folder_are_refused(processes, tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a"])
    with pytest.raises(TutorialError, match=r"worker tcp://.* is not right: memory://.* is not there.*share"):
        scaling_up.extract(recordings, f"memory://{tmp_path.name}", client=processes)
    monkeypatch.setattr(scaling_up, "version", lambda package: "9.9")
    with pytest.raises(TutorialError, match=r"worker tcp://.* is not right: .* made with .*soxr 9\.9 \(here "):
        scaling_up.extract(recordings, tmp_path / "out", client=processes)
    assert not complete(tmp_path / "out")


class OnlyReadFileSystem(fsspec.AbstractFileSystem):
    """One that does not know how to write, as that of web pages: fsspec then raises a RuntimeError of its own kind."""

    protocol = "onlyread"

    def ls(self, path, detail=True, **kwargs):
        return []


def test_an_out_that_cannot_be_used_is_refused(tmp_path):
    fsspec.register_implementation("onlyread", OnlyReadFileSystem, clobber=True)
    recordings = write_voices(tmp_path / "in", ["a"])
    (tmp_path / "file").write_text("")
    (tmp_path / "foreign/frames").mkdir(parents=True)
    (tmp_path / "foreign/frames/mine.parquet").write_bytes(b"")
    (tmp_path / "damaged").mkdir()
    (tmp_path / "damaged/metadata.json").write_text("{")
    for out, message in [
        (tmp_path / "file", "is a file. Name a folder"),
        (tmp_path / "file/below", "cannot be used: .*Name one that you can write to"),
        (tmp_path / "foreign", "no metadata.json"),
        (tmp_path / "damaged", "metadata.json cannot be read"),
        ("nosuch://bucket/out", "cannot be used: Protocol not known"),
        ("onlyread://bucket/out", "cannot be used: .*Name one that you can write to"),
    ]:
        with pytest.raises(TutorialError, match=message):
            scaling_up.extract(recordings, out)
    assert (tmp_path / "foreign/frames/mine.parquet").exists()


def test_a_table_that_is_not_right_is_refused_before_anything_is_written(tmp_path):
    good = pd.DataFrame({"path": {"a": "a.wav", "b": "b.wav"}})
    for recordings, message in [
        (good.rename(columns={"path": "file"}), "no column 'path'. Its columns: file"),
        (good.iloc[:0], "is empty"),
        (good.reset_index(drop=True), "holds 0, which is no name"),
        (good.rename(index={"b": "a"}), "names 'a' and 'a'"),
        (good.rename(index={"b": "A"}), "names 'a' and 'A', whose files would be one"),
        (good.assign(path=["a.wav", pd.NA]), "'b' has no path"),
    ]:
        with pytest.raises(TutorialError, match=message):
            scaling_up.extract(recordings, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_relative_path_is_found_by_workers_in_another_folder(processes, tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a::b"])
    monkeypatch.chdir(tmp_path)
    recordings["path"] = "in/a::b.wav"
    assert scaling_up.extract(recordings, "out", client=processes)["status"].tolist() == ["done"]
    assert complete(tmp_path / "out") == ["a%3A%3Ab.parquet"]


def test_the_command_tells_each_failure_and_ends_with_status_1(tmp_path):
    write_voices(tmp_path / "in", ["a", "b"])
    (tmp_path / "in/broken.mp3").touch()
    out = tmp_path / "out"
    run = run_extract(tmp_path / "in", out, "--workers", 1)
    printed, errors = run.communicate(timeout=200)
    assert run.returncode == 1
    assert printed == f"2 of 3 recordings are in {out}, 1 failed: {out}/failures.parquet\n"
    assert errors == "FAILED broken: broken.mp3 is empty (0 bytes). Download or copy it again.\n"
