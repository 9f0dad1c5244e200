"""Workers on this machine or elsewhere: how they are started, and work that is done whatever becomes of them."""

import os
import re
import subprocess
import sys
from threading import Timer
from time import sleep

import pytest
from distributed import Client, as_completed

from tutorial_helpers import cluster
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.places import bundled

NO_WORKER = "tcp://127.0.0.1:1"
pytestmark = pytest.mark.timeout(600)  # on a busy machine it takes a minute to start a process that measures


@pytest.fixture
def client(monkeypatch):
    """A worker in this process, and little patience with it."""
    monkeypatch.setattr(cluster, "IDLE_SECONDS", 1.0)
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        yield client


def work(name, value, seconds=0.0):
    sleep(seconds)
    return {"error": "ValueError", "reason": value} if value else None


def lose_first(client, monkeypatch, times):
    """Have so many calls of `client.map` hand the work to a worker that does not exist."""
    calls = []
    hand_out = client.map

    def hand_out_or_lose(*arguments, **options):
        calls.append(arguments[1])
        return hand_out(*arguments, **options, **({"workers": [NO_WORKER]} if len(calls) <= times else {}))

    monkeypatch.setattr(client, "map", hand_out_or_lose)
    return calls


def test_every_piece_of_work_has_one_outcome(client):
    outcomes = list(cluster.outcomes(client, work, {"a": "", "b": "too loud", "c": ""}))
    assert sorted(name for name, _ in outcomes) == ["a", "b", "c"]
    assert dict(outcomes) == {"a": None, "b": {"error": "ValueError", "reason": "too loud"}, "c": None}


def test_work_that_takes_longer_than_the_watchdog_waits_is_not_handed_out_again(client, monkeypatch):
    calls = lose_first(client, monkeypatch, 0)
    assert list(cluster.outcomes(client, work, {"a": ""}, seconds=2.5)) == [("a", None)]
    assert calls == [["a"]]


def test_work_that_is_lost_is_handed_out_again(client, monkeypatch):
    calls = lose_first(client, monkeypatch, 1)
    assert dict(cluster.outcomes(client, work, {"a": "", "b": ""})) == {"a": None, "b": None}
    assert calls == [["a", "b"], ["a", "b"]]


def test_work_that_is_lost_twice_is_a_failure_that_says_how_to_go_on(client, monkeypatch):
    calls = lose_first(client, monkeypatch, 2)
    ((name, failure),) = cluster.outcomes(client, work, {"a": ""})
    assert (name, failure["error"], len(calls)) == ("a", "NotTakenUp", 2)
    assert "no worker took it up" in failure["reason"] and "Start again" in failure["reason"]


def test_work_without_any_worker_left_is_a_failure(client):
    client.retire_workers()
    ((_, failure),) = cluster.outcomes(client, work, {"a": ""})
    assert failure["error"] == "NotTakenUp"


class GivenUpOnceDone(as_completed):
    """As when the scheduler is lost while a result waits to be read."""

    def next_batch(self, block=True):
        batch = super().next_batch(block)
        for future, _ in batch:
            future.cancel(force=True)
            while future.status != "cancelled":
                sleep(0.01)
        return batch


def test_what_was_done_before_the_scheduler_was_lost_is_done(client, monkeypatch):
    monkeypatch.setattr(cluster, "as_completed", GivenUpOnceDone)
    assert dict(cluster.outcomes(client, work, {"a": "", "b": "too loud"})) == {
        "a": None,
        "b": {"error": "ValueError", "reason": "too loud"},
    }


def test_a_connection_that_is_closed_ends_the_wait_for_what_was_lost_with_it(client, monkeypatch):
    monkeypatch.setattr(as_completed, "next_batch", lambda self, block=True: [])
    Timer(0.5, client.close).start()
    with pytest.raises(TutorialError, match="scheduler was lost"), cluster.connected(client) as connected:
        list(cluster.outcomes(connected, work, {"a": ""}, seconds=1.0))


# Workers on this machine


def test_a_local_cluster_listens_on_this_machine_alone_with_one_thread_a_worker():
    with cluster.connected(workers=2) as client:
        assert sorted(client.nthreads().values()) == [1, 1]
        addresses = [client.scheduler.address, *client.nthreads(), client.dashboard_link]
        assert all("://127.0.0.1:" in address for address in addresses), addresses
        assert set(client.run(os.environ.get, "OMP_NUM_THREADS").values()) == {"1"}
        assert set(client.run(os.environ.get, "OPENBLAS_NUM_THREADS").values()) == {"1"}


STARTED = """
import os
from distributed import Client, LocalCluster
from tutorial_helpers.cluster import local_cluster
if __name__ == "__main__":
    with {cluster} as cluster, Client(cluster) as client:
        print(*client.run(os.environ.get, "MALLOC_TRIM_THRESHOLD_").values())
"""
BY_DASK = "LocalCluster(n_workers=1, host='127.0.0.1', dashboard_address='127.0.0.1:0')"


def told_about_memory(started, config):
    """What a worker was told; in a process of its own, where no other cluster left what it tells."""
    env = {name: value for name, value in os.environ.items() if name != "MALLOC_TRIM_THRESHOLD_"}
    env["DASK_CONFIG"] = str(config)
    command = [sys.executable, "-c", STARTED.format(cluster=started)]
    return subprocess.run(command, env=env, capture_output=True, text=True, check=True).stdout.strip()


def test_only_workers_that_dask_starts_by_itself_give_memory_back_at_once(tmp_path):
    assert int(told_about_memory(BY_DASK, tmp_path)) > 0
    assert told_about_memory("local_cluster(1)", tmp_path) == "None"


def test_the_line_of_lesson_06_for_workers_elsewhere_has_them_keep_memory_too(tmp_path):
    lesson = bundled("notebooks/source/06_scaling_up.py").read_text(encoding="utf-8")
    (line,) = re.findall(r"^# ```yaml\n# (.*)\n# ```$", lesson, flags=re.MULTILINE)
    (tmp_path / "dask.yaml").write_text(line)
    assert told_about_memory(BY_DASK, tmp_path) == "None"


@pytest.mark.parametrize(
    "client, workers, message",
    [
        (NO_WORKER, None, f"No Dask scheduler answers at {NO_WORKER}"),
        ("127.0.0.1", None, "'127.0.0.1' is not the address of a Dask scheduler"),
        (NO_WORKER, 2, "not both"),
        (None, 0, "0 workers cannot"),
    ],
)
def test_a_cluster_that_cannot_be_used_is_refused(monkeypatch, client, workers, message):
    monkeypatch.setattr(cluster, "CONNECT_SECONDS", 1)
    with pytest.raises(TutorialError, match=message), cluster.connected(client, workers):
        pass
