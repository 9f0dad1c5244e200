"""Many recordings measured at once: the tables on disk, what is kept when something breaks, and what is refused."""

import json
import os
import re
import signal
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
import pyarrow.parquet as pq
import pytest
import soundfile as sf
from distributed import Client, LocalCluster
from threadpoolctl import threadpool_limits

from tutorial_helpers import __main__ as command_line
from tutorial_helpers import data_prep, features, runner, scaling_up
from tutorial_helpers.errors import TutorialError

SR = 16_000
SUMMARY = ["f0", "level", "centroid", "rolloff", "f0_range", "rate", "seconds", "voiced"]


@pytest.fixture(scope="module")
def cluster():
    """Two workers, each a process, as `extract` starts them; one cluster for all tests, for its start takes seconds."""
    with scaling_up._connected(None, 2) as client:
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
        sf.write(rows[name], features.harmonic_voice(110 + 10 * (i % 20), seconds=seconds, syllables=4), SR)
    return pd.DataFrame({"path": {name: str(path) for name, path in rows.items()}})


def write_long_voices(folder, n, *, seconds=130):
    """Recordings that take a while: noise under voices, each another stretch of the same."""
    folder.mkdir()
    y = np.tile(features.harmonic_voice(130, seconds=10, syllables=4), seconds // 10)
    y += 0.01 * np.random.default_rng(0).standard_normal(len(y)).astype(np.float32)
    for i in range(n):
        sf.write(folder / f"r{i:02}.flac", np.roll(y, 1000 * i), SR)
    return pd.DataFrame({"path": {path.stem: str(path) for path in sorted(folder.glob("*.flac"))}})


@pytest.fixture(scope="module")
def long_run(cluster, tmp_path_factory):
    """Recordings that take a while, and the measures of a run that nothing disturbed: their table, two folders."""
    folder = tmp_path_factory.mktemp("long")
    recordings = write_long_voices(folder / "in", 6)
    done = scaling_up.extract(recordings, folder / "reference", client=cluster)
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


def test_both_tables_hold_what_frame_table_and_summarise_give(cluster, tmp_path):
    names = ["en/vm-intro", "001", "002", "_first", ".second", "Über 50 %, [a]?"]
    recordings = write_voices(tmp_path / "in", names, seconds=1.5)
    done = scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    assert list(done.index) == names and done.index.name == "recording"
    assert (done["status"] == "done").all() and done["reason"].isna().all()
    frames, summaries = pd.read_parquet(tmp_path / "out/frames"), summaries_of(tmp_path / "out")
    assert list(frames.columns[:2]) == ["recording", "time"] and list(summaries.columns) == ["recording", *SUMMARY]
    assert sorted(summaries["recording"]) == sorted(names) == sorted(frames["recording"].unique())
    for name, path in recordings["path"].items():
        y = data_prep.read(path)
        with threadpool_limits(1):  # as a worker: more threads sum in another order
            frame_table, summary = features.frame_table(y), features.summarise(y)
        measured = frames[frames["recording"] == name].drop(columns="recording").reset_index(drop=True)
        measures = frame_table.select_dtypes("float").columns.drop("time")
        expected = frame_table.astype(dict.fromkeys(measures, "float32"))
        pd.testing.assert_frame_equal(measured, expected, check_exact=True)
        row = summaries.set_index("recording").loc[name]
        pd.testing.assert_series_equal(row, summary, check_exact=True, check_names=False)


def test_pandas_reads_one_recording_and_few_columns_and_dask_reads_all(cluster, tmp_path):
    recordings = write_voices(tmp_path / "in", ["en/a", "001", "002"])
    scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    one = pd.read_parquet(
        tmp_path / "out/frames", filters=[("recording", "==", "001")], columns=["recording", "time", "f0"]
    )
    assert set(one["recording"]) == {"001"} and list(one.columns) == ["recording", "time", "f0"]
    assert one["f0"].median() == pytest.approx(120, rel=0.01)  # the second voice
    lazy = dd.read_parquet(tmp_path / "out/frames")
    assert lazy.npartitions == 3 and len(lazy) == 3 * 101
    by_dask = lazy.groupby("recording")["f0"].mean().compute().sort_index()
    by_pandas = pd.read_parquet(tmp_path / "out/frames").groupby("recording")["f0"].mean()
    pd.testing.assert_series_equal(by_dask, by_pandas, check_index_type=False, check_dtype=False, rtol=1e-5)


def test_every_file_says_with_which_versions_and_parameters_it_was_made(cluster, tmp_path):
    recordings = write_voices(tmp_path / "in", ["good"])
    recordings.loc["bad"] = str(tmp_path / "missing.wav")
    scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    about = json.loads((tmp_path / "out/metadata.json").read_text())
    assert about["parameters"] == features.PARAMETERS
    assert about["versions"]["numpy"] == np.__version__ and set(about["versions"]) == set(scaling_up.MEASURING)
    files = sorted((tmp_path / "out").rglob("*.parquet"))
    assert [path.name for path in files] == ["failures.parquet", "good.parquet", "good.parquet"]
    for path in files:
        assert json.loads(pq.read_schema(path).metadata[b"tutorial_helpers"]) == about


def test_a_long_recording_is_written_as_it_is_measured_a_row_group_a_block(cluster, tmp_path):
    recordings = write_long_voices(tmp_path / "in", 1, seconds=610)
    scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    groups = pq.ParquetFile(tmp_path / "out/frames/r00.parquet").metadata
    assert groups.num_rows == 61_001 and groups.num_row_groups == -(-61_001 // features.BLOCK) > 2
    assert groups.row_group(0).num_rows == features.BLOCK and groups.row_group(0).column(0).compression == "ZSTD"
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
    measure = features.measure
    monkeypatch.setattr(features, "measure", lambda path, keep: (order.append(Path(path).stem), measure(path, keep))[1])
    recordings = pd.concat(
        [write_voices(tmp_path / "in", [name], seconds=seconds) for name, seconds in zip("abc", (1, 3, 2), strict=True)]
    )
    recordings.loc["missing"] = str(tmp_path / "missing.wav")
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        scaling_up.extract(recordings, tmp_path / "out", client=client)
    assert order == ["b", "c", "a", "missing"]


# What is kept, and what is done again


def test_what_is_complete_is_not_touched_again_and_new_recordings_join_it(cluster, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b", "c"])
    scaling_up.extract(recordings.head(2), tmp_path / "out", client=cluster)
    before = stamps(tmp_path / "out")
    again = scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    assert again["status"].tolist() == ["there", "there", "done"]
    after = stamps(tmp_path / "out")
    assert before.items() <= after.items() and len(after) == len(before) + 2


def test_where_all_is_there_no_scheduler_is_asked(cluster, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a"])
    scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    again = scaling_up.extract(recordings, tmp_path / "out", client="tcp://127.0.0.1:1")
    assert again["status"].tolist() == ["there"]


def test_half_done_work_is_removed_and_done_again(cluster, tmp_path):
    recordings = write_voices(tmp_path / "in", ["a", "b", "c"])
    scaling_up.extract(recordings, tmp_path / "reference", client=cluster)
    out = tmp_path / "out"
    scaling_up.extract(recordings, out, client=cluster)
    (out / "recordings/a.parquet").unlink()  # killed between the two tables
    (out / "frames/b.parquet").unlink()
    for folder in ("frames", "recordings", "."):
        (out / folder / "_0123456789abcdef.part").write_bytes(b"torn")
    (out / "notes.txt").write_text("mine")
    assert len(frames_of(out)) == 2 * 101  # readers pass over what is torn
    (tmp_path / "in/b.wav").unlink()
    again = scaling_up.extract(recordings, out, client=cluster)
    assert again["status"].tolist() == ["done", "failed", "there"]
    assert complete(out) == ["a.parquet", "c.parquet"] and not leftovers(out)
    assert sorted(frames_of(out)["recording"].unique()) == ["a", "c"]  # b's summary alone would be half a recording
    write_voices(tmp_path / "in", ["a", "b"])
    assert scaling_up.extract(recordings, out, client=cluster)["status"].tolist() == ["there", "done", "there"]
    assert_same_dataset(out, tmp_path / "reference")
    assert (out / "notes.txt").exists()


def test_a_recording_that_fails_at_its_end_leaves_nothing(threads, tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a"])
    measure = features.measure

    def breaks_off(path, keep):
        measure(path, keep)
        raise ValueError("the disk went away")

    monkeypatch.setattr(features, "measure", breaks_off)
    scaling_up._prepare(str(tmp_path / "out"))
    assert scaling_up._measure_one("a", recordings.loc["a", "path"], str(tmp_path / "out"))["error"] == "ValueError"
    assert not leftovers(tmp_path / "out")  # at once: a long run would fill the disk
    done = scaling_up.extract(recordings, tmp_path / "out", client=threads)
    assert done.loc["a"].tolist() == ["failed", "the disk went away"]
    assert pd.read_parquet(tmp_path / "out/failures.parquet")["error"].tolist() == ["ValueError"]
    assert not stamps(tmp_path / "out") and not leftovers(tmp_path / "out")


def test_the_summary_is_written_when_the_frames_are_in_place(threads, tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a"])
    seen = []
    write = pq.write_table

    def look(table, *arguments, **named):
        seen.append(sorted(path.name for path in (tmp_path / "out").rglob("*/*.parquet")))
        write(table, *arguments, **named)

    monkeypatch.setattr(scaling_up.pq, "write_table", look)
    scaling_up.extract(recordings, tmp_path / "out", client=threads)
    assert seen[0] == ["a.parquet"] and (tmp_path / "out/frames/a.parquet").exists()


def test_work_that_dask_asks_for_twice_is_done_once(tmp_path):
    recordings = write_voices(tmp_path / "in", ["a"])
    scaling_up._prepare(str(tmp_path / "out"))
    assert scaling_up._measure_one("a", recordings.loc["a", "path"], str(tmp_path / "out")) is None
    before = stamps(tmp_path / "out")
    assert scaling_up._measure_one("a", recordings.loc["a", "path"], str(tmp_path / "out")) is None
    assert stamps(tmp_path / "out") == before and len(before) == 2


# What breaks


def write_broken(folder, voice):
    """Ten files that cannot be measured, and a word of the reason why."""
    folder.mkdir()
    png = b"\x89PNG\r\n\x1a\n" + bytes(200)
    flac = folder / "whole.flac"
    sf.write(flac, np.random.default_rng(0).normal(0, 0.1, SR), SR)
    contents = {"empty.wav": b"", "text.mp3": b"no sound\n" * 100, "picture.mp3": png}
    for name, content in contents.items():
        (folder / name).write_bytes(content)
    sounds = {
        "silent.wav": np.zeros(SR),
        "nan.wav": np.where(np.arange(SR) == 8000, np.nan, voice),
        "no_samples.wav": np.zeros(0),
        "opposite.wav": np.column_stack([voice, -voice]),
        "short.wav": voice[:1000],
    }
    for name, y in sounds.items():
        sf.write(folder / name, y, SR, subtype="FLOAT")
    data_prep.to_pydub(np.tile(voice, 5), SR).export(folder / "cut.mp3", format="mp3")
    content = (folder / "cut.mp3").read_bytes()
    (folder / "cut.mp3").write_bytes(content[: len(content) // 2])
    flac.unlink()
    return {
        "empty.wav": "empty",
        "text.mp3": "cannot be read",
        "picture.mp3": "cannot be read",
        "silent.wav": "silent",
        "nan.wav": "NaN",
        "no_samples.wav": "no samples",
        "opposite.wav": "opposite phase",
        "short.wav": "longer recording",
        "cut.mp3": "cut short",
        "missing.wav": "no file",
    }


def test_ten_broken_files_among_a_hundred_are_ten_rows_with_reasons_and_the_rest_is_done(cluster, tmp_path):
    good = write_voices(tmp_path / "good", [f"v{i:02}" for i in range(90)], seconds=0.5)
    reasons = write_broken(tmp_path / "bad", features.harmonic_voice(150, seconds=1.0))
    bad = pd.DataFrame({"path": {f"bad/{name}": str(tmp_path / "bad" / name) for name in reasons}})
    recordings = pd.concat([good, bad]).sample(frac=1, random_state=0)
    done = scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    assert list(done.index) == list(recordings.index)
    assert done["status"].value_counts().to_dict() == {"done": 90, "failed": 10}
    assert len(complete(tmp_path / "out")) == 90 == frames_of(tmp_path / "out")["recording"].nunique()
    failures = pd.read_parquet(tmp_path / "out/failures.parquet").set_index("recording")
    assert list(failures.columns) == ["path", "error", "reason"] and sorted(failures.index) == sorted(bad.index)
    for name, word in reasons.items():
        assert word in failures.loc[f"bad/{name}", "reason"], failures.loc[f"bad/{name}", "reason"]
        assert name in failures.loc[f"bad/{name}", "reason"]
        assert failures.loc[f"bad/{name}", "path"] == bad.loc[f"bad/{name}", "path"]
        assert done.loc[f"bad/{name}", "reason"] == failures.loc[f"bad/{name}", "reason"]
    assert (failures["error"] == "TutorialError").all() and not leftovers(tmp_path / "out")

    # one is mended; another is not asked for this time, and stays a failure of this dataset
    sf.write(tmp_path / "bad/silent.wav", features.harmonic_voice(150, seconds=1.0), SR)
    again = scaling_up.extract(recordings.drop("bad/nan.wav"), tmp_path / "out", client=cluster)
    assert again["status"].value_counts().to_dict() == {"there": 90, "failed": 8, "done": 1}
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    assert sorted(failures["recording"]) == sorted(set(bad.index) - {"bad/silent.wav"})


def test_a_worker_that_is_killed_in_the_middle_loses_nothing(long_run, tmp_path):
    recordings, _, reference = long_run
    out, killed = tmp_path / "out", []

    def kill_one(client):
        wait_until(lambda: complete(out) and len(leftovers(out)) == 4)  # two workers, each with its two tables
        killed.append(next(iter(client.run(os.getpid).values())))
        os.kill(killed[0], signal.SIGKILL)

    with scaling_up._connected(None, 2) as client:
        assassin = Thread(target=kill_one, args=[client])
        assassin.start()
        done = scaling_up.extract(recordings, out, client=client)
        assassin.join()
        assert killed[0] not in client.run(os.getpid).values()
    assert (done["status"] == "done").all() and len(done) == 6
    assert_same_dataset(out, reference)


def test_a_recording_that_kills_its_worker_is_a_failure_and_those_that_waited_behind_it_are_done(tmp_path):
    killer = write_voices(tmp_path / "in", ["killer"], seconds=3)  # the biggest comes first
    recordings = pd.concat([killer, write_voices(tmp_path / "in", "abcdefgh")])
    preload = tmp_path / "kills.py"
    kills = "import os, signal; from tutorial_helpers import features; "
    kills += "features.measure = lambda path, keep, measure=features.measure: "
    kills += "os.kill(os.getpid(), signal.SIGKILL) if 'killer' in path else measure(path, keep)"
    preload.write_text(kills)
    with (
        dask.config.set({"distributed.scheduler.allowed-failures": 0}),
        LocalCluster(
            n_workers=1,
            threads_per_worker=1,
            dashboard_address=None,
            silence_logs=50,
            preload=str(preload),
        ) as cluster,
        Client(cluster) as client,
    ):
        done = scaling_up.extract(recordings, tmp_path / "out", client=client)
    assert done["status"].to_dict() == {"killer": "failed"} | dict.fromkeys("abcdefgh", "done")
    failures = pd.read_parquet(tmp_path / "out/failures.parquet")
    assert failures["error"].tolist() == ["KilledWorker"] and "more memory" in failures["reason"][0]
    assert not leftovers(tmp_path / "out")


def run_extract(*arguments):
    command = [sys.executable, "-m", "tutorial_helpers", "extract", *map(str, arguments)]
    return subprocess.Popen(
        command, cwd=runner.ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
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


def test_a_run_that_is_stopped_from_the_keyboard_says_how_to_go_on_and_no_more(long_run, tmp_path):
    _, folder, _ = long_run
    run = run_extract(folder, tmp_path / "out", "--workers", 2)
    wait_until(lambda: leftovers(tmp_path / "out/frames"))
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


def test_a_scheduler_is_used_by_its_address_and_refused_without_fit_workers(scheduler, cluster, tmp_path):
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
    scaling_up.extract(recordings, tmp_path / "reference", client=cluster)
    assert_same_dataset(tmp_path / "out", tmp_path / "reference")


def test_a_scheduler_that_vanishes_is_an_error_and_what_is_complete_stays(scheduler, cluster, long_run, tmp_path):
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
    done = scaling_up.extract(recordings, out, client=cluster)
    assert set(done["status"]) == {"there", "done"}
    assert {path: stamps(out)[path] for path in before if path.parent.name == "recordings"}.items() <= before.items()
    assert_same_dataset(out, reference)


# What is refused


def test_a_local_cluster_listens_on_this_machine_alone_and_its_workers_use_one_thread_each(cluster):
    assert len(cluster.nthreads()) == 2 and set(cluster.nthreads().values()) == {1}
    addresses = [cluster.scheduler.address, *cluster.nthreads(), cluster.dashboard_link]
    assert all("://127.0.0.1:" in address for address in addresses), addresses
    assert set(cluster.run(os.environ.get, "OMP_NUM_THREADS").values()) == {"1"}
    assert set(cluster.run(os.environ.get, "OPENBLAS_NUM_THREADS").values()) == {"1"}


STARTED = """
import os
from distributed import Client, LocalCluster
from tutorial_helpers import scaling_up
if __name__ == "__main__":
    with {cluster} as cluster, Client(cluster) as client:
        print(*client.run(os.environ.get, "MALLOC_TRIM_THRESHOLD_").values())
"""
BY_DASK = "LocalCluster(n_workers=1, host='127.0.0.1', dashboard_address='127.0.0.1:0')"


def gives_back(cluster, config):
    """What a worker was told about memory; in a process of its own, where no other cluster left what it tells."""
    env = {name: value for name, value in os.environ.items() if name != "MALLOC_TRIM_THRESHOLD_"}
    command = [sys.executable, "-c", STARTED.format(cluster=cluster)]
    env["DASK_CONFIG"] = str(config)
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()


def test_workers_give_memory_back_at_once_where_dask_starts_them_and_not_in_a_local_cluster_of_ours(tmp_path):
    assert int(gives_back(BY_DASK, tmp_path)) > 0
    assert gives_back("scaling_up.local_cluster(1)", tmp_path) == "None"


def test_the_line_that_lesson_06_gives_for_workers_elsewhere_does_the_same(tmp_path):
    lesson = (runner.ROOT / "notebooks" / "source" / "06_scaling_up.py").read_text()
    (line,) = re.findall(r"^# ```yaml\n# (.*)\n# ```$", lesson, flags=re.MULTILINE)
    (tmp_path / "dask.yaml").write_text(line)
    assert gives_back(BY_DASK, tmp_path) == "None"


@pytest.mark.parametrize(
    "key, value, message",
    [("numpy", "1.0", r"numpy 1\.0 \(here 2\."), ("f0_floor", 50.0, r"f0_floor 50\.0 \(here 75\.0\)")],
)
def test_measures_of_two_kinds_are_not_mixed(cluster, tmp_path, key, value, message):
    recordings = write_voices(tmp_path / "in", ["a", "b"])
    scaling_up.extract(recordings.head(1), tmp_path / "out", client=cluster)
    metadata = tmp_path / "out/metadata.json"
    about = json.loads(metadata.read_text())
    about["versions" if key in about["versions"] else "parameters"][key] = value
    metadata.write_text(json.dumps(about))
    with pytest.raises(TutorialError, match=f"{tmp_path}/out .*{message}.*Name another folder, or use those versions"):
        scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    assert complete(tmp_path / "out") == ["a.parquet"]


def test_workers_with_other_versions_or_without_the_folder_are_refused(cluster, tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a"])
    with pytest.raises(TutorialError, match=r"worker tcp://.* is not right: memory://.* is not there.*share"):
        scaling_up.extract(recordings, f"memory://{tmp_path.name}", client=cluster)
    here = json.loads(scaling_up._about())
    here["versions"]["soxr"] = "9.9"
    monkeypatch.setattr(scaling_up, "_about", lambda: json.dumps(here))
    with pytest.raises(TutorialError, match=r"worker tcp://.* is not right: .* made with soxr 9\.9 \(here "):
        scaling_up.extract(recordings, tmp_path / "out", client=cluster)
    failure = cluster.submit(scaling_up._measure_one, "a", recordings.loc["a", "path"], str(tmp_path / "out")).result()
    assert "soxr" in failure["reason"]  # a worker that joins later is not asked before it works
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


def test_a_cluster_that_cannot_be_used_is_refused(tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a"])
    monkeypatch.setattr(scaling_up, "PATIENCE", 1)
    for arguments, message in [
        ({"client": "tcp://127.0.0.1:1"}, "No Dask scheduler answers at tcp://127.0.0.1:1"),
        ({"client": "127.0.0.1"}, "'127.0.0.1' is not the address of a Dask scheduler"),
        ({"client": "tcp://127.0.0.1:1", "workers": 2}, "not both"),
        ({"workers": 0}, "0 workers cannot"),
    ]:
        with pytest.raises(TutorialError, match=message):
            scaling_up.extract(recordings, tmp_path / "out", **arguments)


def test_a_relative_path_is_found_by_workers_in_another_folder(cluster, tmp_path, monkeypatch):
    recordings = write_voices(tmp_path / "in", ["a::b"])
    monkeypatch.chdir(tmp_path)
    recordings["path"] = "in/a::b.wav"
    assert scaling_up.extract(recordings, "out", client=cluster)["status"].tolist() == ["done"]
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


def test_the_command_says_what_is_wrong_in_one_line(tmp_path, capsys):
    write_voices(tmp_path / "in", ["a"])
    assert command_line.main(["extract", str(tmp_path / "in"), str(tmp_path / "out"), "--workers", "0"]) == 1
    assert capsys.readouterr().err == "Error: 0 workers cannot measure anything. Give 1 or more.\n"
