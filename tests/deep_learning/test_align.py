"""Transcripts laid beside words heard at known times: each word gets its time, and what differs is marked."""

import shutil
import time

import numpy as np
import pandas as pd
import pytest

from tutorial_helpers import __main__ as command_line
from tutorial_helpers import corpora
from tutorial_helpers.deep_learning import align
from tutorial_helpers.errors import TutorialError


def heard_words(words):
    onset = np.arange(len(words)) * 0.5
    return pd.DataFrame({"onset": onset, "offset": onset + 0.4, "word": words})


def paragraphs(*texts):
    return pd.DataFrame({"speaker": ["Anna"] * len(texts), "text": [" ".join(text) for text in texts]})


def invented(count, seed=0, letter="w"):
    rng = np.random.default_rng(seed)
    return [f"{letter}{''.join(rng.choice(list('bdfgklmnprt'), 4))}" for _ in range(count)]


def test_names_with_a_colon_are_the_speakers_of_a_transcript(tmp_path):
    (tmp_path / "a.txt").write_text("ANNA: Good day.\nIt is late.\n\nSo it is.\n\nBO: Yes: été.\n", encoding="latin-1")
    table = align.read_transcript(tmp_path / "a.txt")
    assert table["speaker"].tolist() == ["ANNA", "ANNA", "BO"]
    assert table["text"].tolist() == ["Good day. It is late.", "So it is.", "Yes: été."]


def test_a_transcript_without_a_word_is_refused(tmp_path):
    (tmp_path / "a.txt").write_text("\n \n")
    with pytest.raises(TutorialError, match="no word"):
        align.read_transcript(tmp_path / "a.txt")


def test_a_word_heard_as_another_takes_its_times_and_one_not_heard_lies_between():
    table, stretches = align.align(
        paragraphs(["One", "two,", "three", "four", "five."]), heard_words(["one", "too", "three", "five"])
    )
    assert table["onset"].tolist() == pytest.approx([0, 0.5, 1, 1.4, 1.5])
    assert table["matched"].tolist() == [True, False, True, False, True] and stretches.empty


def test_changed_words_a_missing_paragraph_and_an_added_one_are_marked():
    said, added = invented(600), invented(40, 1, "x")
    heard = heard_words(said)
    written = np.array(said, dtype=object)
    changed = np.random.default_rng(2).choice(600, 60, replace=False)
    written[changed] = "other"
    table, stretches = align.align(paragraphs(written[:200], written[250:400], added, written[400:]), heard)
    true = np.concatenate([heard["onset"][:200], heard["onset"][250:400], [np.nan] * 40, heard["onset"][400:]])
    assert np.nanmax(np.abs(table["onset"] - true)) < 0.01
    assert table["doubt"][table["paragraph"] == 2].eq("not heard").all()
    long = stretches[stretches["text"].str.split().str.len() > 20]
    assert long["doubt"].tolist() == ["not in the transcript", "not heard"]
    assert long["onset"].iloc[0] == pytest.approx(100, abs=1.1) and long["offset"].iloc[0] == pytest.approx(
        125, abs=1.1
    )


def test_four_hours_of_words_are_aligned_in_seconds():
    rng = np.random.default_rng(3)
    said = list(rng.choice(invented(3000), 40_000))
    wrong = rng.random(40_000) < 0.1
    heard = heard_words(["wrong" if is_wrong else word for word, is_wrong in zip(said, wrong, strict=True)])
    begun = time.perf_counter()
    table, _ = align.align(paragraphs(said), heard)
    assert time.perf_counter() - begun < 30
    assert (table["onset"] == heard["onset"]).mean() > 0.99


def test_the_transcript_of_something_else_is_not_written(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(" ".join(invented(50)))
    monkeypatch.setattr(align, "heard_in", lambda *_: (heard_words(invented(50, 1, "x")), None))
    with pytest.raises(TutorialError, match="only 0%"):
        align.align_file(tmp_path / "a.wav")
    assert [path.name for path in tmp_path.iterdir()] == ["a.txt"]


def test_files_that_are_there_are_not_overwritten(tmp_path, monkeypatch):
    (tmp_path / "a.txt").write_text(" ".join(invented(50)))
    monkeypatch.setattr(align, "heard_in", lambda *_: (heard_words(invented(50)), None))
    assert align.align_file(tmp_path / "a.wav").startswith("100% of the words matched; 0 stretches")
    with pytest.raises(TutorialError, match="there already"):
        align.align_file(tmp_path / "a.wav")


def test_an_export_with_times_is_no_transcript_to_align(tmp_path):
    shutil.copy(corpora.load("show").recordings["path"].iloc[1], tmp_path / "a.mp3")
    (tmp_path / "a.txt").write_text("Anna\t0.5\t1.5\tGood day.\n")
    with pytest.raises(TutorialError, match="no recording has a transcript"):
        align.with_transcripts(tmp_path)


def test_a_minute_of_the_show_gets_the_turns_of_its_transcript(tmp_path, capsys):
    show = corpora.load("show")
    name = show.recordings.index[1]
    true = show.turns[(show.turns["recording"] == name) & (show.turns["kind"] == "speech")]
    shutil.copy(show.recordings.loc[name, "path"], tmp_path / f"{name}.mp3")
    said = "\n\n".join(f"{row.speaker.upper()}: {row.text}" for row in true.itertuples())
    (tmp_path / f"{name}.txt").write_text(said)
    assert command_line.main(["align", str(tmp_path), "--language", "en"]) == 0
    assert "0 stretches" in capsys.readouterr().out
    with pytest.warns(UserWarning, match="it has no times"):
        turns = corpora.load(str(tmp_path)).turns
    assert turns["speaker"].tolist() == true["speaker"].str.upper().tolist()
    assert np.median(np.abs(turns["onset"].to_numpy() - true["onset"].to_numpy())) < 0.2
