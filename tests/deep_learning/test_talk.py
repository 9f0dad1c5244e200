"""The turns and words of a recording: known voices, known words, and what is not known."""

import numpy as np
import pandas as pd
import pytest

from tutorial_helpers import features, synthesis
from tutorial_helpers.deep_learning import recognise, talk
from tutorial_helpers.errors import TutorialError

SR = 16_000


def words_of(*rows):
    return pd.DataFrame(rows, columns=["onset", "offset", "word"])


@pytest.fixture(scope="module")
def frames():
    """Six seconds: a voice of 120 Hz, one of 240 Hz, and the first again at 160 Hz, two seconds each."""
    voices = [synthesis.harmonic_voice(frequency, seconds=2) for frequency in (120, 240, 160)]
    return features.frame_table(np.concatenate(voices)).assign(recording="a")


TURNS = pd.DataFrame(
    {
        "onset": [0.0, 2.0, 4.0],
        "offset": [2.0, 4.0, 6.0],
        "kind": "speech",
        "speaker": ["Ann", "Ben", "Ann"],
        "text": [pd.NA, "As it was typed.", pd.NA],
    }
)
WORDS = words_of((0.1, 0.5, "Good"), (0.6, 1.0, "morning"), (1.5, 1.9, "all"), (2.2, 3.0, "typed"), (6.5, 6.9, "late"))


def test_a_word_belongs_to_the_turn_that_holds_most_of_it_or_to_none():
    words = words_of((0.0, 0.5, "a"), (1.8, 2.3, "b"), (2.5, 3.0, "c"), (9.0, 9.5, "d"))
    assert talk.turn_of_each(words, TURNS).tolist() == [0, 1, 1, -1]


def test_a_word_that_two_turns_hold_goes_to_the_one_with_more_of_it():
    overlapping = pd.DataFrame({"onset": [0.0, 0.8], "offset": [1.0, 3.0]})
    assert talk.turn_of_each(words_of((0.5, 0.9, "a"), (0.85, 1.6, "b")), overlapping).tolist() == [0, 1]


def test_a_word_without_length_belongs_to_the_turn_around_it():
    assert talk.turn_of_each(words_of((2.0, 2.0, "a"), (3.0, 3.0, "b"), (9.0, 9.0, "c")), TURNS).tolist() == [0, 1, -1]


def test_without_turns_a_second_without_a_word_ends_one():
    turns = talk.turns_of_words(WORDS.assign(recording="a"))
    assert turns[["onset", "offset"]].to_numpy().tolist() == [[0.1, 3.0], [6.5, 6.9]]


def test_turns_have_pitch_words_pauses_and_text_as_they_are_known(frames):
    found = talk.tables("a", frames, TURNS, WORDS)
    turns, words = found["turns"], found["words"]
    assert turns["f0"].round().tolist() == [120, 240, 160]
    assert turns["said"].tolist() == [3, 1, 0]
    assert turns["pauses"].iloc[:2].tolist() == pytest.approx([0.5, 0.0])
    assert turns["text"].iloc[:2].tolist() == ["Good morning all", "As it was typed."]
    assert words["speaker"].iloc[:4].tolist() == ["Ann", "Ann", "Ann", "Ben"] and words["speaker"].isna().iloc[4]
    assert words["f0"].iloc[:4].round().tolist() == [120, 120, 120, 240]


def test_relative_pitch_is_semitones_from_the_speakers_own_median(frames):
    relative = talk.tables("a", frames, TURNS, WORDS)["turns"]["relative_pitch"]
    half = 6 * np.log2(160 / 120)
    assert relative.tolist() == pytest.approx([-half, 0.0, half], abs=0.1)


def test_what_nobody_knows_has_no_rows_and_the_same_types(frames):
    full, nothing = talk.tables("a", frames, TURNS, WORDS), talk.tables("a", frames, None, None)
    for what in ("turns", "words"):
        assert nothing[what].empty and nothing[what].dtypes.equals(full[what].dtypes), what
    silent = talk.tables("a", frames, TURNS, None)["turns"]
    assert silent["said"].isna().all() and silent["pauses"].isna().all() and silent.dtypes.equals(full["turns"].dtypes)


def test_words_too_fast_improbable_or_without_length_are_flagged_and_no_others():
    clear = [(t, t + 0.3, "and", 0.95) for t in (0.0, 0.4, 0.8, 1.2, 1.6)]
    round_and_round = [(10 + t / 10, 10.1 + t / 10, "and", 0.99) for t in range(8)]
    guessed = [(20.0, 20.4, "thank", 0.6), (20.5, 20.9, "you", 0.9)]
    alone = [(30.0, 30.05, "yes", 0.95), (40.0, 40.0, "no", 0.95)]
    rows = [*alone, *guessed, *clear, *round_and_round]  # in any order
    words = pd.DataFrame(rows, columns=["onset", "offset", "word", "probability"])
    flags = talk.doubts(words, "tiny.en")
    expected = [pd.NA, "no length", *["improbable"] * 2, *[pd.NA] * 5, *["too fast"] * 8]
    pd.testing.assert_series_equal(flags, pd.Series(expected, dtype=flags.dtype))


@pytest.mark.parametrize(
    ("recogniser", "improbable"),
    [("tiny.en", [True, True, False]), ("base", [True, False, False]), ("small", [False] * 3)],
)
def test_what_is_improbable_depends_on_the_recogniser(recogniser, improbable):
    words = pd.DataFrame({"onset": [0.0, 10, 20], "offset": [0.3, 10.3, 20.3], "probability": [0.69, 0.84, 0.86]})
    assert talk.doubts(words, recogniser).notna().tolist() == improbable


@pytest.mark.parametrize("language", ["fr", "ru"])
def test_no_word_that_a_recogniser_of_english_puts_to_another_language_is_unflagged(prompts, language):
    path, other = (prompts.recordings["path"][f"{each}/vm-instructions"] for each in ("en", language))
    words, about = talk.heard_in(other, "tiny.en", "en")  # the wrong language, said by the user
    assert len(words) > 5 and words["flag"].notna().all() and about["flagged"] == 1
    words, about = talk.heard_in(path, "tiny.en", "en")
    assert len(words) > 5 and about["flagged"] < 0.1


def test_auto_hears_english_with_tiny_en_and_french_with_base(prompts):
    english, about = talk.heard_in(prompts.recordings["path"]["en/vm-instructions"], "auto")
    assert about["recogniser"] == "tiny.en" and about["language"] == "en" and about["language_probability"] > 0.5
    assert (
        english["word"].tolist()
        == recognise.transcribe_file(prompts.recordings["path"]["en/vm-instructions"])["word"].tolist()
    )
    french, about = talk.heard_in(prompts.recordings["path"]["fr/vm-instructions"], "auto")
    assert about["recogniser"] == "base" and about["language"] == "fr" and len(french)


def test_an_english_recogniser_is_never_given_another_language(prompts):
    with pytest.raises(TutorialError, match="knows English only, and the language is 'fr'"):
        talk.heard_in(prompts.recordings["path"]["fr/vm-instructions"], "tiny.en")


def test_a_language_that_is_given_is_not_asked_for(prompts, monkeypatch):
    monkeypatch.setattr(talk, "language_of_file", None)
    _, about = talk.heard_in(prompts.recordings["path"]["fr/vm-instructions"], "auto", "fr")
    assert about["recogniser"] == "base" and np.isnan(about["language_probability"])
