import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from tutorial_helpers import metadata
from tutorial_helpers.errors import TutorialError


@pytest.fixture
def folder(tmp_path):
    """A folder of episodes with dates in their names, and one that has none."""
    for name in ("20221106_Sun_Alex.wav", "20221113_Sun_Alex.wav", "interview.wav", "deep/2021-03-04 hearing.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        sf.write(tmp_path / name, np.zeros(1600), 16_000)
    return tmp_path


def test_dates_are_read_from_names_and_every_column_is_there(folder):
    recordings = metadata.recordings_in(folder)
    assert list(recordings.columns) == metadata.COLUMNS
    assert recordings.loc["20221106_Sun_Alex", "date"] == pd.Timestamp("2022-11-06")
    assert recordings.loc["deep/2021-03-04 hearing", "date"] == pd.Timestamp("2021-03-04")
    assert pd.isna(recordings.loc["interview", "date"])
    assert recordings[["speaker", "group", "treated", "text"]].isna().all(axis=None)


def test_digits_that_are_no_date_at_the_start_give_no_date(tmp_path):
    for name in ("20229999_x.mp3", "2022110_x.mp3", "202211061_x.mp3", "x20221106.mp3"):
        (tmp_path / name).touch()
    assert metadata.recordings_in(tmp_path)["date"].isna().tolist() == [True] * 4


def test_metadata_overrides_what_the_names_say_and_leaves_the_rest(folder):
    (folder / "metadata.csv").write_text(
        "file,date,speaker,treated,listeners\n20221106_Sun_Alex.wav,2020-01-02,Jones,1,1200\ninterview.wav,,Smith,0,\n"
    )
    recordings = metadata.recordings_in(folder)
    assert recordings.loc["20221106_Sun_Alex", "date"] == pd.Timestamp("2020-01-02")
    assert recordings.loc["20221113_Sun_Alex", "date"] == pd.Timestamp("2022-11-13")
    assert recordings["speaker"].dropna().to_dict() == {"20221106_Sun_Alex": "Jones", "interview": "Smith"}
    assert recordings["treated"].dropna().to_dict() == {"20221106_Sun_Alex": True, "interview": False}
    assert list(recordings.columns) == [*metadata.COLUMNS, "listeners"]
    assert recordings["listeners"].dropna().to_dict() == {"20221106_Sun_Alex": 1200}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,speaker\nnot_there.mp3,A\n", "not_there.mp3"),
        ("file,speaker\nmetadata.csv,A\n", "not audio"),
        ("name,speaker\ninterview.wav,A\n", "no column 'file'"),
        ("file,Speakers\ninterview.wav,A\n", "column 'Speakers'. If it is 'speaker', call it that"),
        ("file,path\ninterview.wav,A\n", "a column 'path'"),
        ("file,date\ninterview.wav,last Sunday\n", "a date that cannot be read: last Sunday"),
        ("file,treated\ninterview.wav,maybe\n", "'maybe' under 'treated'"),
        ("file,speaker\ninterview.wav,A\ninterview.wav,B\n", "interview.wav twice"),
        ("", "cannot be read as a table"),
    ],
)
def test_metadata_that_is_wrong_is_refused_by_name(folder, table, message):
    (folder / "metadata.csv").write_text(table)
    with pytest.raises(TutorialError, match=f"metadata.csv .*{message}"):
        metadata.recordings_in(folder)


def test_a_folder_without_audio_says_which_files_are_read(tmp_path):
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(TutorialError, match=r"no audio file in .*\.mp3"):
        metadata.recordings_in(tmp_path)


def test_files_that_differ_only_in_their_endings_are_refused(folder):
    (folder / "interview.flac").touch()
    with pytest.raises(TutorialError, match="interview.flac .*differ only in their endings"):
        metadata.recordings_in(folder)


def test_hidden_files_that_a_mac_leaves_are_not_taken_for_recordings(folder):
    (folder / "._interview.wav").write_bytes(b"resource fork")
    assert len(metadata.recordings_in(folder)) == 4


def test_what_is_computed_from_a_text_column_is_numpys_and_not_pyarrows(folder):
    lengths = metadata.recordings_in(folder)["path"].map(len)
    assert isinstance(lengths.dtype, np.dtype)


@pytest.mark.parametrize(
    ("files", "message"),
    [
        ([], "names no file"),
        (["a.wav", "a.wav"], "'a.wav' and 'a.wav', twice"),
        (["a.wav", "A.wav"], "upper and lower case"),
        (["a.wav", "a.mp3"], "or in their endings"),
        (["deep/a.wav", "Deep/b.wav"], "folders 'deep' and 'Deep', which differ only"),
        (["Gespr\u00e4ch.wav", "Gespra\u0308ch.wav"], "upper and lower case"),
        (["../x.mp3"], "'../x.mp3'. That is no name inside the folder"),
        (["/x.mp3"], "is no name inside"),
        (["a/../../x.mp3"], "is no name inside"),
        (["..\\x.mp3"], "some machines do not allow"),
        (["C:x.mp3"], "some machines do not allow"),
        (["x\t.mp3"], "some machines do not allow"),
        ([".x.mp3"], "where some machines lose it"),
        (["a./x.mp3"], "where some machines lose it"),
        (["nul.mp3"], "Windows keeps for itself"),
        (["x" * 201 + ".mp3"], "is too long"),
        ([""], "the file ''. That is no name"),
        (["x.exe"], "no audio by its ending. Files that are read end in: .aac"),
    ],
)
def test_names_that_would_not_do_on_every_machine_are_refused(files, message):
    with pytest.raises(TutorialError, match=f"The list .*{message}"):
        metadata.check_files(["good.wav", *files] if files else [], "The list")
