import gzip

import numpy as np
import pandas as pd
import pytest
import soundfile as sf

from tutorial_helpers import corpora
from tutorial_helpers.errors import TutorialError

TRANSCRIPT = """; Core Asterisk Sounds: in English

hello: Hello.
beep: [this is a simple beep tone]
confbridge-join: <beep ascending>
silence/1: (1 second of silence)
letters/at: at [@]
tt-note: Dial one: then wait. (a tone plays)
"""


@pytest.fixture
def folder(tmp_path):
    """A folder of episodes named like the seed's, with one that has no date."""
    for name in ("20221106_Sun_Alex.wav", "20221113_Sun_Alex.wav", "interview.wav", "deep/2021-03-04 hearing.flac"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        sf.write(tmp_path / name, np.zeros(1600), 16_000)
    return tmp_path


@pytest.fixture
def small_prompts(tmp_path):
    """The packages' layout with two prompts a voice."""
    for voice in corpora.PROMPTS_VOICES:
        for name in ("hello", "silence/1"):
            path = tmp_path / "sounds" / voice / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            sf.write(path, np.zeros(800), 8_000)
    (tmp_path / "core-sounds-en.txt.gz").write_bytes(gzip.compress(TRANSCRIPT.encode()))
    return tmp_path / "sounds", tmp_path / "core-sounds-en.txt.gz"


def test_transcripts_are_parsed_and_entries_that_are_sounds_are_marked_so():
    entries = corpora.parse_transcript(TRANSCRIPT)
    assert entries["hello"] == ("Hello.", "speech")
    assert entries["letters/at"] == ("at", "speech")
    assert entries["tt-note"] == ("Dial one: then wait.", "speech")
    assert all(entries[name] == (pd.NA, "sound") for name in ("beep", "confbridge-join", "silence/1"))
    assert len(entries) == 6


def test_prompts_have_languages_speakers_and_english_texts_only(small_prompts):
    recordings = corpora.load_prompts(*small_prompts).recordings
    assert len(recordings) == 10
    assert recordings.loc["en/hello", ["speaker", "group", "text", "kind"]].tolist() == [
        "Allison",
        "English",
        "Hello.",
        "speech",
    ]
    assert recordings.loc["es/hello", "speaker"] == "Allison"
    assert recordings["text"].notna().sum() == 1
    assert (recordings.filter(like="silence", axis=0)["kind"] == "sound").all()


def test_a_prompt_without_a_sample_in_it_is_not_speech(small_prompts):
    sounds, transcript = small_prompts
    sf.write(sounds / "ru_RU_f_IvrvoiceRU" / "hello.wav", np.zeros(0), 8_000)
    recordings = corpora.load_prompts(sounds, transcript).recordings
    assert recordings.loc["ru/hello", "kind"] == "sound" and recordings.loc["fr/hello", "kind"] == "speech"


def test_missing_prompt_packages_are_answered_with_the_one_command_that_installs_them(tmp_path):
    with pytest.raises(TutorialError, match="apt-get install .*asterisk-core-sounds-en"):
        corpora.load_prompts(tmp_path, tmp_path / "core-sounds-en.txt.gz")


def test_missing_transcripts_are_named_although_the_sounds_are_there(small_prompts):
    sounds, transcript = small_prompts
    transcript.unlink()
    with pytest.raises(TutorialError, match="core-sounds-en.txt.gz is missing"):
        corpora.load_prompts(sounds, transcript)


def test_the_real_prompts_are_the_ones_the_design_speaks_of(prompts):
    recordings = prompts.recordings
    assert len(recordings) > 2_800
    assert set(recordings["group"]) == {"English", "Spanish", "French", "Italian", "Russian"}
    assert set(recordings.loc[recordings["group"].isin(["English", "Spanish"]), "speaker"]) == {"Allison"}
    english = recordings[(recordings["group"] == "English") & (recordings["kind"] == "speech")]
    assert english["text"].notna().all()


def test_dates_are_read_from_names_and_every_column_is_there(folder):
    recordings = corpora.load(folder).recordings
    assert list(recordings.columns) == corpora.COLUMNS
    assert recordings.loc["20221106_Sun_Alex", "date"] == pd.Timestamp("2022-11-06")
    assert recordings.loc["deep/2021-03-04 hearing", "date"] == pd.Timestamp("2021-03-04")
    assert pd.isna(recordings.loc["interview", "date"])
    assert recordings[["speaker", "group", "treated", "text"]].isna().all(axis=None)


@pytest.mark.parametrize("name", ["20229999_x.mp3", "2022110_x.mp3", "202211061_x.mp3", "x20221106.mp3"])
def test_digits_that_are_no_date_at_the_start_give_no_date(name):
    assert pd.isna(corpora.date_in_name(name))


def test_metadata_overrides_what_the_names_say_and_leaves_the_rest(folder):
    (folder / "metadata.csv").write_text(
        "file,date,speaker,treated\n20221106_Sun_Alex.wav,2020-01-02,Jones,1\ninterview.wav,,Smith,0\n"
    )
    recordings = corpora.load(folder).recordings
    assert recordings.loc["20221106_Sun_Alex", "date"] == pd.Timestamp("2020-01-02")
    assert recordings.loc["20221113_Sun_Alex", "date"] == pd.Timestamp("2022-11-13")
    assert recordings["speaker"].dropna().to_dict() == {"20221106_Sun_Alex": "Jones", "interview": "Smith"}
    assert recordings["treated"].dropna().to_dict() == {"20221106_Sun_Alex": True, "interview": False}


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("file,speaker\nnot_there.mp3,A\n", "not_there.mp3"),
        ("file,speaker\nmetadata.csv,A\n", "not audio"),
        ("name,speaker\ninterview.wav,A\n", "no column 'file'"),
        ("file,speeker\ninterview.wav,A\n", "speeker"),
        ("file,path\ninterview.wav,A\n", "path"),
        ("file,date\ninterview.wav,last Sunday\n", "last Sunday"),
        ("file,treated\ninterview.wav,maybe\n", "maybe"),
        ("file,speaker\ninterview.wav,A\ninterview.wav,B\n", "twice"),
        ("", "cannot be read as a table"),
    ],
)
def test_metadata_that_is_wrong_is_refused_by_name(folder, table, message):
    (folder / "metadata.csv").write_text(table)
    with pytest.raises(TutorialError, match=message):
        corpora.load(folder)


def test_columns_of_the_learners_own_are_kept_with_their_numbers(folder):
    (folder / "metadata.csv").write_text("file,listeners\n20221106_Sun_Alex.wav,1200\ninterview.wav,\n")
    recordings = corpora.load(folder).recordings
    assert recordings["listeners"].dropna().to_dict() == {"20221106_Sun_Alex": 1200}
    assert list(recordings.columns) == [*corpora.COLUMNS, "listeners"]


def test_a_column_that_is_nearly_a_known_one_is_asked_about(folder):
    (folder / "metadata.csv").write_text("file,Speakers\ninterview.wav,A\n")
    with pytest.raises(TutorialError, match="column 'Speakers'. If it is 'speaker', call it that"):
        corpora.load(folder)


def test_a_folder_without_audio_says_which_files_are_read(tmp_path):
    (tmp_path / "notes.txt").write_text("no sound")
    with pytest.raises(TutorialError, match=r"no audio file in .*\.mp3"):
        corpora.load(tmp_path)


def test_files_that_differ_only_in_their_endings_are_refused(folder):
    sf.write(folder / "interview.flac", np.zeros(1600), 16_000)
    with pytest.raises(TutorialError, match="interview.flac .*differ only in their endings"):
        corpora.load(folder)


def test_hidden_files_that_a_mac_leaves_are_not_taken_for_recordings(folder):
    (folder / "._interview.wav").write_bytes(b"resource fork")
    assert len(corpora.load(folder).recordings) == 4


def test_an_unknown_corpus_and_a_file_in_place_of_a_folder_say_what_to_do(folder):
    with pytest.raises(TutorialError, match="no corpus and no folder called 'promts'"):
        corpora.load("promts")
    with pytest.raises(TutorialError, match="is a file. Name the folder"):
        corpora.load(folder / "interview.wav")


def test_a_recording_is_picked_by_name_and_an_unknown_one_gets_the_nearest_names(folder):
    corpus = corpora.load(folder)
    assert corpora.pick(corpus).name == corpus.default
    assert corpora.pick(corpus, "interview").name == "interview"
    with pytest.raises(TutorialError, match="20221106_Sun_Alex"):
        corpora.pick(corpus, "20221106_Sun_Alix")


def test_what_is_computed_from_a_text_column_is_numpys_and_not_pyarrows(folder):
    lengths = corpora.load(folder).recordings["path"].map(len)
    assert isinstance(lengths.dtype, np.dtype)
