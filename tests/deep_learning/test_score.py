"""Error rates known by counting, texts that say the same, and conditions that do to the sound what they say."""

import numpy as np
import pandas as pd
import pytest
import soundfile

from tutorial_helpers import corpora, data_prep
from tutorial_helpers.deep_learning import score
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.statistics.bootstrap import cluster_interval

SR = 16_000


# words against words


@pytest.mark.parametrize(
    ("said", "heard", "counts"),  # words, substituted, left out, put in
    [
        ("a b c d", "a b c d", [4, 0, 0, 0]),
        ("a b c d", "a x c d", [4, 1, 0, 0]),
        ("a b c d", "a b x c d y", [4, 0, 0, 2]),
        ("a b c d", "x b c y z", [4, 2, 0, 1]),
        ("a b c d", "", [4, 0, 4, 0]),
        ("", "words that nobody said", [0, 0, 0, 4]),
        ("...", "", [0, 0, 0, 0]),
        ("Press 1, please.", "press one PLEASE", [3, 0, 0, 0]),
    ],
)
def test_the_kinds_of_errors_known_by_counting_are_found(said, heard, counts):
    row = score.word_errors([said], [heard]).iloc[0]
    assert row[["words", "substituted", "left_out", "put_in"]].tolist() == counts
    assert row["errors"] == sum(counts[1:])


def test_a_word_error_rate_is_pooled_over_words_and_may_be_over_one():
    assert score.word_error_rate(["one word", "a b c d e f g h"], ["one bird", "a b c d e f g h"]) == 1 / 10
    assert score.word_error_rate(["", "a b c d"], ["thank you", "a b c d"]) == 2 / 4
    assert score.word_error_rate(["a b c d"], ["a b c d e f g h i"]) == 5 / 4


def test_errors_agree_with_an_edit_distance_of_our_own():
    rng = np.random.default_rng(3)
    said, heard = ([" ".join(rng.choice(list("bcdefg"), rng.integers(1, 9))) for _ in range(20)] for _ in range(2))
    table, swapped = score.word_errors(said, heard), score.word_errors(heard, said)
    by_hand = [edit_distance(a.split(), b.split()) for a, b in zip(said, heard, strict=True)]
    assert table["errors"].tolist() == swapped["errors"].tolist() == by_hand
    assert score.word_error_rate(said, heard) == pytest.approx(sum(by_hand) / table["words"].sum())


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, start=1):
        row, before = [i], row
        for j, other in enumerate(b, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other)))
    return row[-1]


@pytest.mark.parametrize(
    "texts",
    [
        ("Press 1.", "  PRESS,  one!  "),
        ("Don't hang up.", "do not hang up"),
        ("... callers", "callers"),
        ("one two three", "1, 2, 3.", "1,2,3", "123", "one hundred twenty three", "one hundred and twenty-three"),
        ("five five five, one two three four", "555-1234", "5 5 5 1 2 3 4"),
        ("double oh seven", "007", "0 0 7"),
        ("ten oh five", "10:05", "10 0 5"),
        ("nineteen ninety nine", "1999", "19 99"),
        ("two thousand and one", "2001", "2,001", "two thousand one"),
        ("one thousand two hundred people", "1,200 people", "1200 people"),
        ("the twenty-first call", "the 21st call", "the twenty first call"),
        ("in the nineteen nineties", "in the 1990s"),
        ("ten percent", "10%", "10 per cent"),
        ("one percent", "1%", "1 percent"),
        ("five dollars and fifty cents", "$5.50"),
        ("one dollar", "$1"),
        ("three point one", "3.1"),
        ("one point five", "1.5"),
        ("three point oh five", "3.05"),
        ("one of the ones", "1 of the ones"),
    ],
)
def test_spellings_of_the_same_words_are_no_errors(texts):
    assert len({score.normalise(text) for text in texts}) == 1
    assert score.word_error_rate([texts[0]] * len(texts), texts) == 0


@pytest.mark.parametrize(
    ("said", "heard"),
    [
        ("1 2 3", "1 2 4"),
        ("1.5", "15"),
        ("$1", "1"),
        ("1 percent", "one"),
        ("1st", "1"),
        ("10 05", "10 5"),
        ("07", "7"),
    ],
)
def test_other_numbers_are_errors(said, heard):
    assert score.word_error_rate([said], [heard]) > 0


def test_ordinary_words_between_numbers_keep_them_apart():
    assert score.normalise("Press 1 or 2; in 1999 and 2003.") == "press one or 2 in 1999 and 2003"
    assert score.normalise("Someone took 2 of 10 for one.") == "someone took 2 of 10 for one"


def test_normalisation_leaves_no_blanks_at_the_ends_and_no_lone_stops_but_decimals():
    assert score.normalise("...") == score.normalise(" . . .") == ""
    assert score.normalise("Hello ...") == "hello"
    assert score.normalise("a 28.8 kilobit modem.") == "a 28.8 kilobit modem"
    once = score.normalise("Dial 8500, to enter... the 1st system, at 1.1 percent.")
    assert score.normalise(once) == once


def test_a_word_error_rate_needs_pairs_and_a_word():
    for count in (score.word_error_rate, score.word_errors):
        with pytest.raises(TutorialError, match="2 references stand against 1"):
            count(["a", "b"], ["a"])
    with pytest.raises(TutorialError, match="no word"):
        score.word_error_rate(["..."], ["a"])


# rates of groups


def test_error_rates_are_pooled_in_each_group_and_have_its_cluster_interval():
    rng = np.random.default_rng(0)
    cluster = np.repeat(np.arange(12), 5)
    words = rng.integers(5, 30, len(cluster))
    counts = pd.DataFrame({"errors": rng.binomial(words, 0.2), "words": words, "cluster": cluster})
    counts["condition"] = np.where(cluster % 2, "noise", "clean")
    table = score.error_rates(counts, "condition", cluster="cluster", rng=np.random.default_rng(3))
    assert table.index.tolist() == ["clean", "noise"] and table.index.name == "condition"
    rng = np.random.default_rng(3)
    for name, row in table.iterrows():
        part = counts[counts["condition"] == name]
        assert row["wer"] == pytest.approx(part["errors"].sum() / part["words"].sum())
        assert (row["words"], row["clusters"]) == (part["words"].sum(), 6)
        interval = cluster_interval(part[["errors", "words"]], part["cluster"], lambda s: s[:, 0] / s[:, 1], rng)
        assert (row["low"], row["high"]) == interval and interval[0] < row["wer"] < interval[1]


def test_error_rates_by_two_columns_have_a_row_for_each_pair_that_occurs():
    counts = pd.DataFrame({"errors": [1, 2, 3], "words": [10, 10, 10], "r": [0, 1, 2]})
    counts = counts.assign(who=["host", "host", "caller"], condition=["clean", "noise", "clean"])
    table = score.error_rates(counts, ["who", "condition"], cluster="r", rng=np.random.default_rng(0))
    assert table["wer"].to_dict() == {("host", "clean"): 0.1, ("host", "noise"): 0.2, ("caller", "clean"): 0.3}
    assert table.index.names == ["who", "condition"] and table["low"].isna().all() and (table["clusters"] == 1).all()


# known segments, heard in known conditions


@pytest.fixture(scope="module")
def known(prompts):
    """Three prompts whose text is known, as rows of `corpora.spoken`."""
    return corpora.spoken(prompts).loc[["en/agent-pass", "en/conf-invalid", "en/vm-goodbye"]]


@pytest.fixture
def given(monkeypatch):
    """given(segments, **options): the clips that a recogniser gets, and the table if it hears "goodbye" in each."""

    def recognise(segments, **options):
        clips = []

        def hear(parts, sr, recogniser):
            clips.extend(parts)
            return ["goodbye"] * len(clips)

        monkeypatch.setattr(score, "transcribe_all", hear)
        return clips, score.recognise_segments(segments, **options)

    return recognise


def test_known_segments_are_heard_with_their_errors_beside_them(known):
    table = score.recognise_segments(known)
    assert table.columns.tolist() == [
        *["recording", "speaker", "channel", "group", "recogniser", "condition", "text", "heard"],
        *["words", "substituted", "left_out", "put_in", "errors"],
    ]
    assert table.index.tolist() == known.index.tolist() and table["text"].tolist() == known["text"].tolist()
    assert set(table["recogniser"]) == {"tiny.en"} and set(table["condition"]) == {"clean"}
    errors = score.word_errors(list(table["text"]), list(table["heard"]))
    assert table["errors"].tolist() == errors["errors"].tolist()
    assert table["errors"].sum() / table["words"].sum() < 0.2


def test_the_recogniser_that_was_asked_for_is_the_one_that_hears(known, monkeypatch):
    monkeypatch.setattr(score, "transcribe_all", lambda clips, sr, recogniser: [recogniser for _ in clips])
    assert set(score.recognise_segments(known, recogniser="pocketsphinx")["heard"]) == {"pocketsphinx"}


def test_in_a_clean_condition_the_samples_are_those_of_the_segment_alone(known, given):
    part = known.iloc[:1].assign(onset=1.0, offset=2.5)
    clips, _ = given(part)
    np.testing.assert_array_equal(clips[0], data_prep.read(part["path"].iloc[0], start=1.0, seconds=1.5))


@pytest.mark.parametrize("db", [20, 10, 0])
def test_noise_lies_as_many_decibels_under_the_speech_as_asked(known, given, db):
    clean, _ = given(known)
    noisy, table = given(known, condition=f"noise {db} dB")
    assert set(table["condition"]) == {f"noise {db} dB"}
    for y, with_noise in zip(clean, noisy, strict=True):
        assert 10 * np.log10(np.mean(y**2) / np.mean((with_noise - y) ** 2)) == pytest.approx(db, abs=0.2)


def test_a_segment_has_its_own_noise_whichever_others_are_heard(known, given):
    options = {"condition": "noise 0 dB"}
    all_three, _ = given(known, **options)
    one, _ = given(known.iloc[[2]], **options)
    np.testing.assert_array_equal(one[0], all_three[2])
    other_seed, _ = given(known.iloc[[2]], seed=1, **options)
    assert np.abs(other_seed[0] - one[0]).max() > 0
    clean, _ = given(known)
    hiss = [noisy[:SR] - y[:SR] for noisy, y in zip(all_three[:2], clean[:2], strict=True)]
    assert abs(np.corrcoef(*hiss)[0, 1]) < 0.05


@pytest.mark.parametrize(
    ("condition", "rate"), [("22,050 Hz called 16,000", 22_050), ("8,000 Hz called 16,000", 8_000)]
)
def test_at_a_wrong_rate_a_tone_sounds_as_far_off_as_the_rates_are_apart(given, tmp_path, sine, condition, rate):
    soundfile.write(tmp_path / "tone.wav", sine(1000, seconds=3), SR)
    clips, _ = given(corpora.spoken(corpora.load(tmp_path)).assign(text="goodbye"), condition=condition)
    assert len(clips[0]) == pytest.approx(3 * rate, abs=2)
    spectrum = np.abs(np.fft.rfft(clips[0] * np.hanning(len(clips[0]))))
    assert np.fft.rfftfreq(len(clips[0]), 1 / SR)[spectrum.argmax()] == pytest.approx(1000 * SR / rate, abs=1)


def test_a_condition_that_does_not_exist_is_named_with_those_that_do(known):
    with pytest.raises(TutorialError, match="no condition 'noise 5 dB'.*clean; noise 20 dB"):
        score.recognise_segments(known, condition="noise 5 dB")


def test_what_was_once_heard_is_read_beside_the_segments_and_an_empty_text_is_a_text(known, monkeypatch, tmp_path):
    path = tmp_path / "heard.csv"
    path.write_text(
        "name,recogniser,condition,heard\nen/agent-pass,tiny.en,clean,\nen/vm-goodbye,tiny.en,clean,goodbye\n"
        "en/vm-goodbye,pocketsphinx,clean,and i\nelsewhere,tiny.en,clean,so\n"
    )
    monkeypatch.setattr(score, "RECOGNISED_ON_SHOW", path)
    table = score.recognised_on_show(known)
    assert table.index.tolist() == ["en/agent-pass", "en/vm-goodbye", "en/vm-goodbye"]
    assert table["heard"].tolist() == ["", "goodbye", "and i"]
    assert table["left_out"].iloc[0] == table["words"].iloc[0] > 0 and table["errors"].tolist()[1:] == [0, 2]
