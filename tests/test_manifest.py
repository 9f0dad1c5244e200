"""A corpus by the address of its manifest: fetched once, verified, resumed, and refused where it is not right."""

import csv
import hashlib
import http.server
import sys
import threading
from functools import partial
from pathlib import Path
from urllib.parse import unquote

import nbformat
import numpy as np
import pandas as pd
import pooch
import pytest
import soundfile as sf
from project.small_lessons import write_lesson

from tutorial_helpers import __main__ as command_line
from tutorial_helpers import corpora, manifest
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.project import runner

NAMES = ["20221106_Sun_Alex.wav", "deep/Gespräch #2 mit Jörg 50%20.flac", "interview.wav"]


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder, notes each request, and spoils the answer for paths in `server.spoilt`."""

    def do_GET(self):
        path = unquote(self.path).lstrip("/")
        self.server.requests.append(path)
        how = self.server.spoilt.get(path)
        if how is None:
            return super().do_GET()
        if isinstance(how, int):
            return self.send_error(how)
        if how == "silent":
            return self.server.over.wait(20)
        self.send_response(302 if how.startswith("->") else 200)
        if how.startswith("->"):
            self.send_header("Location", how[2:])
        if how == "short":  # promises more than it gives
            self.send_header("Content-Length", "5000")
        self.end_headers()
        self.wfile.write(how.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setattr(pooch, "os_cache", lambda name: tmp_path / "cache" / name)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))  # where kernels look on Linux
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    return tmp_path / "cache" / "audio-as-data-tutorial"


@pytest.fixture
def folder(tmp_path):
    """A folder of three recordings, one with a space and umlauts, with metadata and its manifest."""
    for number, name in enumerate(NAMES):
        path = tmp_path / "upload" / name
        path.parent.mkdir(exist_ok=True, parents=True)
        sf.write(path, np.full(3200, 0.1 * number), 16_000)
    (tmp_path / "upload" / "metadata.csv").write_text(
        "file,date,speaker,treated,listeners,code\n"
        "interview.wav,2020-01-02,Jörg,1,1200,007\n"
        'deep/Gespräch #2 mit Jörg 50%20.flac,,"Smith, Ann",0,,\n',
        encoding="utf-8",
    )
    manifest.write_manifest(tmp_path / "upload")
    return tmp_path / "upload"


@pytest.fixture
def web(folder, cache):
    """The folder, served on this machine: an object with `url`, `requests`, `spoilt` and `close`."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Handler, directory=str(folder)))
    server.requests, server.spoilt, server.over = [], {}, threading.Event()
    server.base = f"http://127.0.0.1:{server.server_port}/"
    server.url = server.base + "manifest.csv"
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()

    def close():
        server.over.set()
        server.shutdown()
        server.server_close()

    server.close = close
    yield server
    close()


def rewrite(folder, **columns):
    """Change the manifest: a column's value of the first row, given as a text; None takes the column away."""
    table = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    for column, value in columns.items():
        if value is None:
            table = table.drop(columns=column)
        else:
            table[column] = [value, *table.get(column, pd.Series([""] * len(table)))[1:]]
    table.to_csv(folder / "manifest.csv", index=False)


def kept(cache):
    """Names of the files in the cache, without their folders."""
    return sorted(path.name for path in cache.rglob("*") if path.is_file())


def test_a_corpus_by_its_address_is_like_the_folder_it_was_made_from(web, folder):
    there, here = corpora.load(web.url), corpora.load(folder)
    pd.testing.assert_frame_equal(there.recordings.drop(columns="path"), here.recordings.drop(columns="path"))
    assert there.recordings.loc["interview", ["speaker", "listeners", "code"]].tolist() == ["Jörg", 1200, "007"]
    assert there.recordings.loc["deep/Gespräch #2 mit Jörg 50%20", "speaker"] == "Smith, Ann"
    assert (there.name, there.default) == (web.url, here.default)
    for name in here.recordings.index:
        one, other = (Path(corpus.recordings.loc[name, "path"]) for corpus in (here, there))
        assert one != other and one.read_bytes() == other.read_bytes()


def test_recordings_lie_in_the_cache_with_metadata_but_without_checksums(web, cache):
    corpora.load(web.url)
    place = cache / hashlib.sha256(web.url.encode()).hexdigest()[:16]
    assert manifest.cache_of(web.url) == place
    assert kept(cache) == sorted([*(name.split("/")[-1] for name in NAMES), "metadata.csv"])
    header = (place / "metadata.csv").read_text(encoding="utf-8").splitlines()[0]
    assert header == "file,date,speaker,treated,listeners,code"


def test_once_all_are_there_no_request_is_made_and_it_works_offline(web):
    first = corpora.load(web.url)
    asked = len(web.requests)
    pd.testing.assert_frame_equal(corpora.load(web.url).recordings, first.recordings)
    assert len(web.requests) == asked == 4
    web.close()
    pd.testing.assert_frame_equal(corpora.load(web.url).recordings, first.recordings)


def test_nothing_is_printed_where_there_is_no_terminal(web, capfd, monkeypatch):
    pooch.get_logger().setLevel("INFO")  # as it is in a new kernel
    monkeypatch.setattr(pooch.get_logger().handlers[0], "stream", sys.stderr)
    corpora.load(web.url)
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        (404, r"interview.wav could not be fetched: the server answers '404 .*Not Found'"),
        ("short", "interview.wav could not be fetched: the connection broke off in the middle"),
        ("silent", "interview.wav could not be fetched: the server was silent for 2 s"),
        ("<html>Please log in</html>", "interview.wav gave another file than the manifest means"),
        ("->file:///etc/hostname", "interview.wav could not be fetched to .*No connection adapters"),
        ("->http://127.0.0.1:9/x.wav", "interview.wav could not be fetched: there is no connection to"),
    ],
)
def test_of_a_file_that_does_not_come_whole_nothing_stays_and_only_it_comes_again(
    web, cache, monkeypatch, spoilt, message
):
    monkeypatch.setattr(manifest, "TIMEOUT", 2 if spoilt == "silent" else manifest.TIMEOUT)
    web.spoilt["interview.wav"] = spoilt
    with pytest.raises(TutorialError, match=message):
        corpora.load(web.url)
    assert kept(cache) == sorted(name.split("/")[-1] for name in NAMES[:2])
    web.requests.clear()
    web.spoilt.clear()
    assert len(corpora.load(web.url).recordings) == 3
    assert web.requests == ["manifest.csv", "interview.wav"]


def test_a_wrong_checksum_is_refused_and_nothing_of_the_file_is_kept(web, folder, cache):
    rewrite(folder, sha256="0" * 64)
    with pytest.raises(TutorialError, match="20221106_Sun_Alex.wav gave another file.*make the manifest anew"):
        corpora.load(web.url)
    assert kept(cache) == []


def test_an_interrupted_fetch_leaves_no_piece_of_a_file(web, cache, monkeypatch):
    def stop(*_, **__):
        raise KeyboardInterrupt

    monkeypatch.setattr("pooch.core.hash_matches", stop)
    with pytest.raises(KeyboardInterrupt):
        corpora.load(web.url)
    assert kept(cache) == []


def test_a_file_of_an_older_manifest_is_not_taken_for_a_recording_of_the_newer(web, folder, cache):
    web.spoilt["interview.wav"] = 404
    with pytest.raises(TutorialError):
        corpora.load(web.url)
    web.spoilt.clear()
    table = pd.read_csv(folder / "manifest.csv", dtype=str, keep_default_na=False)
    table[1:].to_csv(folder / "manifest.csv", index=False)
    assert list(corpora.load(web.url).recordings.index) == ["deep/Gespräch #2 mit Jörg 50%20", "interview"]
    assert "20221106_Sun_Alex.wav" not in kept(cache)


def test_a_copy_that_somebody_changed_is_told_with_the_folder_to_delete(web):
    corpora.load(web.url)
    (manifest.cache_of(web.url) / "interview.wav").unlink()
    with pytest.raises(TutorialError, match="was changed: .*interview.wav.*Delete the folder") as caught:
        corpora.load(web.url)
    assert str(manifest.cache_of(web.url)) in str(caught.value)


@pytest.mark.parametrize("url", ["else/x y.wav", "/else/x%20y.wav", "http://{server}/moved"])
def test_a_file_may_lie_elsewhere_and_be_reached_over_a_redirection(web, folder, url):
    (folder / "else").mkdir()
    (folder / NAMES[0]).rename(folder / "else" / "x y.wav")
    web.spoilt["moved"] = "->" + web.base + "else/x%20y.wav"
    rewrite(folder, url=url.format(server=web.base.split("/")[2]))
    assert "20221106_Sun_Alex" in corpora.load(web.url).recordings.index
    assert "else/x y.wav" in web.requests


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"file": None}, "no column 'file'. Its columns: sha256"),
        ({"sha256": None}, "no column 'sha256'.*python -m tutorial_helpers manifest"),
        ({"sha256": "12ab"}, "'12ab' as the SHA-256 of 20221106_Sun_Alex.wav"),
        ({"sha256": ""}, "'' as the SHA-256"),
        ({"file": "INTERVIEW.wav"}, "upper and lower case"),
        ({"file": "../x.mp3"}, r"'../x.mp3'. That is no name inside the folder"),
        ({"url": "file:///etc/passwd"}, "gives file:///etc/passwd as the address of 20221106"),
        ({"url": "ftp://127.0.0.1/x.wav"}, "It must begin with https:// or http://"),
        ({"date": "last Sunday"}, "a date that cannot be read: last Sunday"),
    ],
)
def test_a_wrong_manifest_is_refused_by_its_address_before_any_file_is_fetched(web, folder, cache, columns, message):
    rewrite(folder, **columns)
    with pytest.raises(TutorialError, match=message) as caught:
        corpora.load(web.url)
    assert str(caught.value).startswith(web.url)
    assert web.requests == ["manifest.csv"] and kept(cache) == []


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\n <!doctype html><p>Please log in</p>", "gave a web page, not a CSV"),
        (b"\xef\xbb\xbf<html></html>", "gave a web page, not a CSV"),
        (b"", "cannot be read as a table"),
        (b"file,sha256\n", "names no file"),
        (b"file|sha256\nx.wav|" + b"0" * 64, r"no column 'file'. Its columns: file\|sha256"),
        (b"\xff\xfePK\x03", "is not a CSV in UTF-8"),
    ],
)
def test_what_is_no_manifest_is_refused(web, folder, cache, content, message):
    (folder / "manifest.csv").write_bytes(content)
    with pytest.raises(TutorialError, match=message):
        corpora.load(web.url)
    assert kept(cache) == []


def test_a_manifest_that_a_spreadsheet_saved_with_its_mark_is_read(web, folder):
    (folder / "manifest.csv").write_bytes(b"\xef\xbb\xbf" + (folder / "manifest.csv").read_bytes())
    assert len(corpora.load(web.url).recordings) == 3


@pytest.mark.parametrize("how", [500, "short"])
def test_a_manifest_that_does_not_come_is_told_by_its_address(web, cache, how):
    web.spoilt["manifest.csv"] = how
    with pytest.raises(TutorialError, match="manifest.csv could not be fetched"):
        corpora.load(web.url)
    assert kept(cache) == []


def test_a_server_that_is_not_there_is_told_by_its_address(web, cache):
    web.close()
    with pytest.raises(TutorialError, match=r"there is no connection to 127.0.0.1:\d+. Are you online"):
        corpora.load(web.url)
    assert kept(cache) == []


def test_an_address_that_leads_to_no_manifest_is_refused_unasked(cache):
    for address in (
        "https://example.org/talks/",
        "ftp://example.org/manifest.csv",
        "file:///srv/manifest.csv",
        "https:///manifest.csv",
        "https://me:secret@example.org/manifest.csv",
    ):
        with pytest.raises(TutorialError, match="is not the address of a manifest"):
            corpora.load(address)


def test_the_manifest_of_a_folder_has_a_checksum_a_file_and_what_the_metadata_know(folder, capsys):
    (folder / "manifest.csv").unlink()
    assert command_line.main(["manifest", str(folder)]) == 0
    assert capsys.readouterr().out.strip() == str(folder / "manifest.csv")
    rows = {row["file"]: row for row in csv.DictReader((folder / "manifest.csv").read_text("utf-8").splitlines())}
    assert sorted(rows) == sorted(NAMES)
    for name in NAMES:
        assert rows[name]["sha256"] == hashlib.sha256((folder / name).read_bytes()).hexdigest()
    assert (rows["interview.wav"]["code"], rows[NAMES[0]]["speaker"]) == ("007", "")


def test_a_folder_without_metadata_gets_a_manifest_of_names_and_checksums(folder):
    (folder / "metadata.csv").unlink()
    lines = manifest.write_manifest(folder).read_text(encoding="utf-8").splitlines()
    assert lines[0] == "file,sha256" and len(lines) == 4


@pytest.mark.skipif(sys.platform != "linux", reason="only here are there such names")
def test_a_folder_whose_manifest_others_could_not_use_gets_none(folder, capsys):
    before = (folder / "manifest.csv").read_bytes()
    sf.write(folder / "Interview.wav", np.zeros(1600), 16_000)
    assert command_line.main(["manifest", str(folder)]) == 1
    assert "upper and lower case" in capsys.readouterr().err
    (folder / "Interview.wav").rename(folder / "a: b.wav")
    with pytest.raises(TutorialError, match="some machines do not allow"):
        manifest.write_manifest(folder)
    (folder / "a: b.wav").unlink()
    (folder / "metadata.csv").write_text("file,url\ninterview.wav,x\n")
    with pytest.raises(TutorialError, match="column 'url', which a manifest has for itself"):
        manifest.write_manifest(folder)
    assert (folder / "manifest.csv").read_bytes() == before
    with pytest.raises(TutorialError, match="There is no folder"):
        manifest.write_manifest(folder / "nowhere")


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere kernels cannot be sent to another cache")
def test_a_run_takes_an_address_and_its_kernels_make_no_request(web, tmp_path, monkeypatch):
    (tmp_path / "notebooks").mkdir()
    write_lesson(
        tmp_path / "notebooks" / "01_first.ipynb",
        "from tutorial_helpers import corpora, data_prep",
        "source = corpora.load(corpus)\nprint(source.name, len(data_prep.read(corpora.pick(source, recording).path)))",
    )
    paths = runner.lesson_paths(tmp_path / "notebooks")
    monkeypatch.setattr(runner, "lesson_paths", lambda: paths)
    report = runner.run(web.url, tmp_path / "out", parameters={"recording": "interview"}, progress=False)
    assert (report["corpus"], report["lessons"][0]["error"]) == (web.url, None)
    assert len(web.requests) == 4
    cells = nbformat.read(tmp_path / "out" / "01_first.ipynb", 4).cells
    assert cells[-1].outputs[0].text == f"{web.url} 3200\n"
