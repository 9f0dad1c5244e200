import gzip
import shutil

import numpy as np
import pytest
import soundfile as sf

from tutorial_helpers import corpora
from tutorial_helpers.errors import TutorialError

TRANSCRIPT = """; Core Asterisk Sounds: in English

hello: Hello.
beep: [this is a simple beep tone]
silence/1: (1 second of silence)
letters/at: at [@]
tt-note: Dial one: then wait. (a tone plays)
"""
PROMPTS = ("beep", "hello", "letters/at", "silence/1", "tt-note")


@pytest.fixture
def folder(tmp_path):
    """A folder of two episodes and an interview."""
    for name in ("20221106_Sun_Alex.wav", "20221113_Sun_Alex.wav", "interview.wav"):
        sf.write(tmp_path / name, np.zeros(1600), 16_000)
    return tmp_path


@pytest.fixture
def small_prompts(tmp_path):
    """The packages' layout with a few prompts for each voice."""
    for voice in corpora.PROMPTS_VOICES:
        for name in PROMPTS:
            path = tmp_path / "sounds" / voice / f"{name}.wav"
            path.parent.mkdir(parents=True, exist_ok=True)
            sf.write(path, np.zeros(800), 8_000)
    (tmp_path / "core-sounds-en.txt.gz").write_bytes(gzip.compress(TRANSCRIPT.encode()))
    return tmp_path / "sounds", tmp_path / "core-sounds-en.txt.gz"


def test_prompts_have_languages_and_speakers_and_their_entries_are_read(small_prompts):
    recordings = corpora.load_prompts(*small_prompts).recordings
    assert len(recordings) == 5 * len(PROMPTS)
    columns = ["speaker", "group", "text", "kind"]
    assert recordings.loc["en/hello", columns].tolist() == ["Allison", "English", "Hello.", "speech"]
    assert recordings.loc["es/hello", "speaker"] == "Allison" and recordings.loc["es/hello", columns].isna().sum() == 1
    texts = recordings["text"].dropna().to_dict()
    assert texts == {"en/hello": "Hello.", "en/letters/at": "at", "en/tt-note": "Dial one: then wait."}
    sounds = recordings.index[recordings["kind"] == "sound"].str.partition("/").get_level_values(2)
    assert sorted(set(sounds)) == ["beep", "silence/1"] and len(sounds) == 10


def test_a_prompt_without_a_sample_in_it_is_not_speech(small_prompts):
    sounds, transcript = small_prompts
    sf.write(sounds / "ru_RU_f_IvrvoiceRU" / "hello.wav", np.zeros(0), 8_000)
    recordings = corpora.load_prompts(sounds, transcript).recordings
    assert recordings.loc["ru/hello", "kind"] == "sound" and recordings.loc["fr/hello", "kind"] == "speech"


def test_missing_prompt_packages_are_answered_with_the_command_that_installs_them(tmp_path):
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


def test_spoken_gives_turns_of_an_excerpt_with_path_and_group():
    show = corpora.load("show")
    spoken = corpora.spoken(show, start=30, minutes=0.5)
    assert (spoken["onset"] >= 30).all() and (spoken["offset"] <= 60).all()
    assert set(spoken["group"]) == {"FM", "stream", "pilot"} and spoken.index.is_unique
    assert spoken["path"].tolist() == show.recordings["path"].reindex(spoken["recording"]).tolist()


def test_spoken_gives_the_excerpt_of_each_recording_where_no_turns_are_known(folder):
    (folder / "metadata.csv").write_text("file,kind\ninterview.wav,sound\n")
    spoken = corpora.spoken(corpora.load(folder), start=5, minutes=2)
    assert spoken.index.tolist() == spoken["recording"].tolist() == ["20221106_Sun_Alex", "20221113_Sun_Alex"]
    assert (spoken["onset"] == 5).all() and (spoken["offset"] == 125).all() and spoken["style"].isna().all()


SUBTITLES = "1\n00:00:00,010 --> 00:00:00,050\nANNA: Good morning.\n\n2\n00:00:00,060 --> 00:00:00,090\nBEN: Hello.\n"


def test_what_stands_beside_a_recording_is_in_the_corpus_and_the_others_are_whole(folder):
    (folder / "interview.srt").write_text(SUBTITLES)
    (folder / "words.csv").write_text("recording,onset,offset,word\ninterview,0.01,0.03,Good\n")
    (folder / "outcome.csv").write_text("recording,onset,offset,reaction\ninterview,0,0.1,55\n")
    corpus = corpora.load(folder)
    assert corpus.turns[["recording", "speaker", "text"]].to_numpy().tolist() == [
        ["interview", "ANNA", "Good morning."],
        ["interview", "BEN", "Hello."],
    ]
    assert corpus.words["word"].tolist() == ["Good"] and corpus.outcome["reaction"].tolist() == [55]
    assert corpus.annotated["read_as"].tolist() == ["turns", "outcome", "words"]
    spoken = corpora.spoken(corpus)
    assert spoken.index.tolist() == ["interview/01", "interview/02", "20221106_Sun_Alex", "20221113_Sun_Alex"]
    assert spoken["path"].notna().all() and spoken["offset"].tolist() == [0.05, 0.09, 600, 600]


@pytest.mark.parametrize("name", ["metadata.csv", "turns.csv", "reactions.csv", "planted_music.csv"])
def test_a_show_without_one_of_its_tables_is_named_as_not_complete(name, tmp_path):
    for path in corpora.SHOW.glob("*.csv"):
        if path.name != name:
            shutil.copy(path, tmp_path)
    with pytest.raises(TutorialError, match=f"{name} is missing"):
        corpora.load_show(tmp_path)


def test_a_folder_opens_with_its_longest_speech_whatever_names_and_codecs(folder, tmp_path):
    assert corpora.load(folder).default == "20221106_Sun_Alex"  # of equals the first
    sf.write(tmp_path / "a_large_wav.wav", np.zeros(44_100), 44_100, subtype="DOUBLE")
    sf.write(tmp_path / "long.mp3", np.zeros(60 * 16_000), 16_000)
    sf.write(tmp_path / "longest.mp3", np.zeros(90 * 16_000), 16_000)
    (tmp_path / "metadata.csv").write_text("file,kind\nlongest.mp3,sound\n")
    (tmp_path / "broken.mp3").write_bytes(b"no sound" * 200_000)
    assert corpora.load(folder).default == "long"
