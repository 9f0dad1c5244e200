import os
import sys
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import soundfile as sf
from odd_files import KINDS

from tutorial_helpers import metadata
from tutorial_helpers.errors import LeftOutWarning, TutorialError


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
        ("file,date\ninterview.wav,last Sunday\n", "line 2: a date that cannot be read: last Sunday"),
        ("file,date\ninterview.wav,05/01/2023\n", "line 2: 05/01/2023 can be 2023-01-05 or 2023-05-01"),
        ("file,treated\n\ninterview.wav,maybe\n", "line 3: 'maybe' under 'treated'"),
        ("file,kind\ninterview.wav,Speach\n", "line 2: 'Speach' is no kind of recording. The nearest is 'speech'"),
        ("file,speaker\ninterview.wav,A\n./interview.wav,B\n", "interview.wav twice, in lines 2 and 3"),
        ("file,speaker\ninterview.wav,A\n,B\n", "line 3: the cell under 'file' is empty"),
        ("file,speaker\ninterview.wav,Smith, Anna\n", "line 2: 3 cells, and the table has 2 columns"),
        ('file,speaker\ninterview.wav,"A\n', "cannot be read as a table .* in UTF-8"),
        ("file,speaker,speaker\ninterview.wav,A,B\n", "two columns 'speaker'"),
        ("", "cannot be read as a table"),
        ("\n\n", "cannot be read as a table"),
    ],
)
def test_metadata_that_is_wrong_is_refused_by_name(folder, table, message):
    (folder / "metadata.csv").write_text(table)
    with pytest.raises(TutorialError, match=f"metadata.csv.*{message}"):
        metadata.recordings_in(folder)


def test_a_folder_without_audio_says_which_files_are_read(tmp_path):
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(TutorialError, match=r"no audio file in .*\.mp3"):
        metadata.recordings_in(tmp_path)


def test_files_that_differ_only_in_their_endings_are_both_there_by_their_whole_names(folder):
    for name in ("interview.flac", "interview.wav.mp3", "deep/interview.mp3"):
        (folder / name).touch()
    (folder / "metadata.csv").write_text("file,speaker\ninterview.wav,A\ninterview.flac,B\ninterview.wav.mp3,C\n")
    speakers = metadata.recordings_in(folder)["speaker"]
    assert speakers.dropna().to_dict() == {"interview.flac": "B", "interview.wav": "A", "interview.wav.mp3": "C"}
    assert "deep/interview" in speakers.index


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("head", ["", "sep={}\n", "\n\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_save_them_are_read(folder, separator, head, encoding):
    rows = [["file", "speaker", "listeners", ""], ["interview.wav", "Jörg", "12", ""], ["", "", "", ""], [""] * 4]
    table = head.format(separator) + "\r\n".join(separator.join(row) for row in rows) + "\r\n"
    (folder / "metadata.csv").write_bytes(table.encode(encoding))
    recordings = metadata.recordings_in(folder)
    assert recordings.loc["interview", ["speaker", "listeners"]].tolist() == ["Jörg", 12]
    assert list(recordings.columns) == [*metadata.COLUMNS, "listeners"]


def test_texts_stay_texts_and_only_what_is_all_numbers_becomes_a_number(folder):
    (folder / "metadata.csv").write_text(
        "file,speaker,group,station,listeners,kind\ninterview.wav,007,1,042,1200,Speech\n20221106_Sun_Alex.wav,,NA,7,3.5,\n"
    )
    recordings = metadata.recordings_in(folder)
    assert recordings.loc["interview", ["speaker", "group", "station", "kind"]].tolist() == [
        "007",
        "1",
        "042",
        "speech",
    ]
    assert recordings.loc["20221106_Sun_Alex", "group"] == "NA"
    assert pd.isna(recordings.loc["20221106_Sun_Alex", "speaker"])
    assert recordings["listeners"].sum() == 1203.5


def test_a_folder_that_is_called_metadata_csv_is_told(folder):
    (folder / "metadata.csv").mkdir()
    with pytest.raises(TutorialError, match="metadata.csv is no file"):
        metadata.recordings_in(folder)


def test_a_table_in_another_encoding_is_refused_with_how_to_save_it(folder):
    (folder / "metadata.csv").write_bytes("file,speaker\ninterview.wav,Jörg\n".encode("latin-1"))
    with pytest.raises(TutorialError, match="metadata.csv cannot be read as a table .* in UTF-8"):
        metadata.recordings_in(folder)


@pytest.mark.parametrize("kind", [*KINDS, "ZOOM0001.WAV", "x.MP3", "x.aifc"])
def test_whatever_the_decoder_reads_is_taken_for_a_recording(tmp_path, kind):
    (tmp_path / kind).touch()
    assert len(metadata.recordings_in(tmp_path)) == 1


def test_what_is_left_out_is_counted_and_named(folder):
    for name in ("notes.txt", "turns.csv", "README", "odd.xyz", "noending"):
        (folder / name).touch()
    (folder / "lost.wav").symlink_to("nowhere.wav")
    with pytest.warns(LeftOutWarning) as record:
        assert len(metadata.recordings_in(folder)) == 4
    assert len(record) == 1
    message = str(record[0].message)
    assert "3 left out: " in message and "notes" not in message
    for part in ("odd.xyz (no ending of a kind of sound)", "noending (", "lost.wav (no file: a link to nowhere"):
        assert part in message


def test_linked_folders_are_looked_into_once(folder, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "linked.wav").touch()
    (folder / "link").symlink_to(elsewhere)
    (elsewhere / "back").symlink_to(folder)
    (folder / "deep/again").symlink_to(elsewhere)
    (folder / "link2").symlink_to(elsewhere)
    names = metadata.recordings_in(folder).index
    assert [name for name in names if name.endswith("linked")] in (["link/linked"], ["deep/again/linked"])
    assert len(names) == 5


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root can become somebody else")
def test_a_folder_that_one_may_not_open_is_named_and_the_rest_is_read():
    with tempfile.TemporaryDirectory() as place:
        os.chmod(place, 0o755)
        folder = Path(place)
        (folder / "closed").mkdir(mode=0)
        (folder / "a.wav").touch()
        os.seteuid(65534)
        try:
            with pytest.warns(LeftOutWarning, match=r"1 left out: closed \(Permission denied\)"):
                assert list(metadata.recordings_in(folder).index) == ["a"]
        finally:
            os.seteuid(0)


@pytest.mark.skipif(sys.platform != "linux", reason="elsewhere every name is in UTF-8")
def test_a_file_name_in_latin_1_is_named_and_the_rest_is_read(folder):
    open(os.fsencode(folder) + "/Gespr\u00e4ch.wav".encode("latin-1"), "w").close()
    os.mkdir(os.fsencode(folder) + b"/\xfcber")
    with pytest.warns(LeftOutWarning, match="2 left out: .*Gespr\ufffdch.wav .its name is not in UTF-8: rename it"):
        assert len(metadata.recordings_in(folder)) == 4


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
        (["x.exe"], "no audio by its ending. Files that are read end in: .3g2"),
    ],
)
def test_names_that_would_not_do_on_every_machine_are_refused(files, message):
    with pytest.raises(TutorialError, match=f"The list .*{message}"):
        metadata.check_files(["good.wav", *files] if files else [], "The list")
