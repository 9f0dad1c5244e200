"""A dataset's files: how they are read."""

import io
import threading
from types import SimpleNamespace

import pandas as pd

from tutorial_helpers import storage


class Spied(io.BytesIO):
    """A file that knows which threads have read it."""

    threads: set[int]

    def read(self, size=-1):
        self.threads.add(threading.get_ident())
        return super().read(size)


def test_a_table_is_read_in_this_thread_for_others_abort_python_at_its_end():
    written = io.BytesIO()
    table = pd.DataFrame({f"column {number}": ["a", "b"] for number in range(20)})
    table.to_parquet(written)
    file = Spied(written.getvalue())
    file.threads = set()
    fs = SimpleNamespace(open=lambda path, mode: file)
    pd.testing.assert_frame_equal(storage.read_table(fs, "there").to_pandas(), table)
    assert file.threads == {threading.get_ident()}
