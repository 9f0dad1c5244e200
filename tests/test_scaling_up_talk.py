"""Turns and words of an archive: what is known beside the sound, what is heard, and both on disk."""

import errno
import json

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from distributed import Client

from tutorial_helpers import __main__, annotation_files, annotations, corpora, data_prep, scaling_up
from tutorial_helpers.synthesis import harmonic_voice

SR = 16_000
SUBTITLES = """1
00:00:00,000 --> 00:00:01,000
ANN: Good morning.

2
00:00:01,000 --> 00:00:02,000
BEN: Hello.
"""


@pytest.fixture
def threads():
    """A worker inside this process."""
    with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None) as client:
        yield client


@pytest.fixture
def folder(tmp_path):
    """Two recordings of two seconds, one of them with subtitles."""
    place = tmp_path / "in"
    place.mkdir()
    for name, frequency in (("told", 120), ("untold", 200)):
        sf.write(place / f"{name}.wav", harmonic_voice(frequency, seconds=2), SR)
    (place / "told.srt").write_text(SUBTITLES)
    return place


def test_turns_beside_a_recording_become_rows_with_measures_and_transcripts(folder, tmp_path, threads):
    corpus = corpora.load(folder)
    done = scaling_up.extract(corpus.recordings, tmp_path / "out", client=threads, turns=corpus.turns)
    assert (done["status"] == "done").all(), done["reason"].tolist()
    turns = pd.read_parquet(tmp_path / "out" / "turns")
    assert turns[["recording", "speaker", "text"]].to_numpy().tolist() == [
        ["told", "ANN", "Good morning."],
        ["told", "BEN", "Hello."],
    ]
    assert turns["f0"].round().tolist() == [120, 120] and pd.read_parquet(tmp_path / "out" / "words").empty
    written = sorted(path.name for path in (tmp_path / "out" / "transcripts").iterdir())
    assert written == ["told.TextGrid", "told.srt", "told.txt", "told.vtt"]
    again = annotations.read(tmp_path / "out" / "transcripts" / "told.vtt")
    assert again["speaker"].tolist() == ["ANN", "BEN"] and again["text"].tolist() == ["Good morning.", "Hello."]


def test_a_dataset_with_turns_is_complete_only_with_all_its_tables(folder, tmp_path, threads):
    corpus = corpora.load(folder)

    def run():
        done = scaling_up.extract(corpus.recordings, tmp_path / "out", client=threads, turns=corpus.turns)
        return done["status"].tolist()

    assert run() == ["done", "done"]
    (tmp_path / "out" / "turns" / "told.parquet").unlink()
    assert run() == ["done", "there"] and run() == ["there", "there"]


def test_the_command_writes_tables_as_csv_and_defines_each_column(folder, tmp_path):
    out = tmp_path / "out"
    assert __main__.main(["extract", str(folder), str(out), "--no-words", "--csv", "--workers", "1"]) == 0
    for what, rows in (("recordings", 2), ("turns", 2), ("words", 0)):
        table = pd.read_csv(out / f"{what}.csv")
        assert len(table) == rows and list(table) == list(pd.read_parquet(out / what))
        assert set(table) <= set(json.loads((out / "metadata.json").read_text())["codebook"]), what
    assert not (out / "frames.csv").exists()


def test_words_are_heard_in_the_language_that_the_metadata_or_the_sound_says(prompts, tmp_path, threads):
    place = tmp_path / "in"
    place.mkdir()
    for name in ("en/vm-instructions", "fr/vm-instructions"):
        y = data_prep.read(prompts.recordings["path"][name])
        sf.write(place / f"{name[:2]}.wav", y, SR)
        sf.write(place / f"{name[:2]}2.wav", y, SR)
    (place / "metadata.csv").write_text("file,language\nfr2.wav,fr\nen2.wav,en\n")
    recordings = corpora.load(place).recordings
    done = scaling_up.extract(recordings, tmp_path / "out", client=threads, recogniser="auto")
    assert (done["status"] == "done").all(), done["reason"].tolist()
    about = pd.read_parquet(tmp_path / "out" / "recordings").set_index("recording")
    assert about["recogniser"].to_dict() == {"en": "tiny.en", "en2": "tiny.en", "fr": "base", "fr2": "base"}
    assert about["language"].to_dict() == {"en": "en", "en2": "en", "fr": "fr", "fr2": "fr"}
    assert about["language_probability"].notna().to_dict() == {"en": True, "en2": False, "fr": True, "fr2": False}
    words = pd.read_parquet(tmp_path / "out" / "words")
    said = words.groupby("recording")["word"].agg(" ".join)
    assert said["en"] == said["en2"] and said["fr"] == said["fr2"] and words["level"].notna().any()
    turns = pd.read_parquet(tmp_path / "out" / "turns")
    assert turns.groupby("recording")["text"].agg(" ".join).to_dict() == said.to_dict()


def test_a_disk_that_is_full_leaves_a_failure_and_no_part_and_then_it_is_done(folder, tmp_path, threads, monkeypatch):
    corpus = corpora.load(folder)

    def run():
        done = scaling_up.extract(corpus.recordings, tmp_path / "out", client=threads, turns=corpus.turns)
        return done["status"].tolist()

    def full(*_, **__):
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(annotation_files, "write", full)
        assert run() == ["failed", "done"]
    failures = pd.read_parquet(tmp_path / "out" / "failures.parquet")
    assert failures["recording"].tolist() == ["told"] and "No space left" in failures["reason"].iloc[0]
    assert not [path for path in (tmp_path / "out").rglob("*") if "told" in path.stem and "untold" not in path.stem]
    assert run() == ["done", "there"]


def test_what_metadata_says_stands_beside_the_measures_and_is_kept_up_to_date(folder, tmp_path, threads):
    def run(*lines):
        (folder / "metadata.csv").write_text("\n".join(["file,group,level,downloads", *lines]) + "\n")
        scaling_up.extract(corpora.load(folder).recordings, tmp_path / "out", client=threads)
        table = pd.read_parquet(tmp_path / "out" / "recordings").set_index("recording")
        files = {path.parent.name: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/told.parquet")}
        return table, files

    before, written = run("told.wav,FM,loud,120", "untold.wav,stream,soft,")
    after, written_later = run("told.wav,FM,loud,120", "untold.wav,stream,soft,95.5")
    assert before["downloads"].tolist()[0] == 120 and after["downloads"].tolist() == [120, 95.5]
    assert after["given_level"].tolist() == ["loud", "soft"] and after["level"].between(-60, 0).all()
    assert written == written_later and "path" not in after
    assert set(after) <= set(json.loads((tmp_path / "out" / "metadata.json").read_text())["codebook"])
    pd.testing.assert_frame_equal(after.filter(["f0", "level"]), before.filter(["f0", "level"]))


def test_speakers_are_told_from_voices_and_named_across_recordings(prompts, folder, tmp_path, threads):
    for name, group in (("first", "Russian"), ("second", "Russian"), ("third", "Italian")):
        rows = prompts.recordings[prompts.recordings["group"] == group]
        paths = rows["path"][rows["path"].str.contains("/vm-")].tolist()
        parts = [data_prep.read(path) for path in (paths[:12] if name == "first" else paths[12:24])]
        sf.write(folder / f"{name}.wav", np.concatenate(parts), SR)
    corpus = corpora.load(folder)
    done = scaling_up.extract(corpus.recordings, tmp_path / "out", client=threads, turns=corpus.turns, speakers="auto")
    assert (done["status"] == "done").all(), done["reason"].tolist()
    turns = pd.read_parquet(tmp_path / "out" / "turns").groupby("recording")["speaker"].unique().map(list)
    assert turns.to_dict() == {
        "told": ["ANN", "BEN"],
        "first": ["voice 1"],
        "second": ["voice 1"],
        "third": ["voice 1"],
    }
    person = pd.read_parquet(tmp_path / "out" / "speakers").set_index("recording")["person"]
    assert person["first"] == person["second"] != person["third"]


def test_a_dataset_from_before_speakers_were_told_apart_goes_on(folder, tmp_path, threads):
    corpus = corpora.load(folder)
    scaling_up.extract(corpus.recordings.head(1), tmp_path / "out", client=threads, turns=corpus.turns)
    about = json.loads((tmp_path / "out" / "metadata.json").read_text())
    del about["parameters"]["speakers"]
    (tmp_path / "out" / "metadata.json").write_text(json.dumps(about))
    done = scaling_up.extract(corpus.recordings, tmp_path / "out", client=threads, turns=corpus.turns)
    assert done["status"].tolist() == ["there", "done"], done["reason"].tolist()
