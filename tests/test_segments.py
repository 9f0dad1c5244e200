"""One measure for turns, words, windows and recordings: known answers, and one answer on every road."""

import numpy as np
import pandas as pd
import pytest

from tutorial_helpers import corpora, data_prep, features, segments, synthesis
from tutorial_helpers.errors import TutorialError

SR = 16_000


@pytest.fixture(scope="module")
def frames():
    """Two voices of 120 and 240 Hz, the second 12 dB softer, a pause before, between and after: 1 s, 3 s, 1 s, 3 s."""
    low, high = (synthesis.harmonic_voice(hz, seconds=3, syllables=4) for hz in (120.0, 240.0))
    quiet = 1e-4 * np.random.default_rng(0).standard_normal(SR).astype(np.float32)
    y = np.concatenate([quiet, low, quiet, high * np.float32(10 ** (-12 / 20)), quiet])
    return features.frame_table(y).assign(recording="a")


@pytest.fixture(scope="module")
def turns():
    rows = [("a", 1.0, 4.0, "Ann"), ("a", 5.0, 8.0, "Bob")]
    return pd.DataFrame(rows, columns=["recording", "onset", "offset", "speaker"], index=["a/1", "a/2"])


def test_each_turn_has_the_pitch_the_level_and_the_rate_of_its_voice(frames, turns):
    table = segments.measure(frames, turns)
    assert table.index.tolist() == ["a/1", "a/2"] and table["speaker"].tolist() == ["Ann", "Bob"]
    assert table["f0"].to_numpy() == pytest.approx([120, 240], rel=0.005)
    assert table["semitones"].to_numpy() == pytest.approx(12 * np.log2([1.2, 2.4]), abs=0.1)
    assert table["level"].diff().iloc[1] == pytest.approx(-12, abs=0.6)  # the peaks are 12 dB apart, the powers nearly
    assert table["rate"].to_numpy() == pytest.approx([4, 4], abs=0.4)
    assert table["seconds"].to_numpy() == pytest.approx([3, 3], abs=0.02)
    assert table["pitch_flag"].eq("").all()


def test_measures_of_the_voice_leave_pauses_out_and_those_of_the_sound_do_not(frames, turns):
    exact, wide = segments.measure(frames, turns), segments.measure(frames, segments.around(turns, 5.0))
    for column in ("f0", "level", "centroid"):
        assert wide[column].to_numpy() == pytest.approx(exact[column].to_numpy(), rel=0.02)
    assert (wide["sound_level"] < exact["sound_level"] - 1.5).all()
    assert (wide["rate"] < 0.7 * exact["rate"]).all()


def test_a_segment_without_a_voice_keeps_its_row_and_is_flagged(frames, turns):
    pause = pd.concat([turns, pd.DataFrame({"recording": ["a"], "onset": [0.0], "offset": [0.9]}, index=["p"])])
    row = segments.measure(frames, pause).loc["p"]
    assert row[["f0", "semitones", "level", "centroid", "rolloff"]].isna().all()
    assert row["rate"] == 0 and row["sound_level"] < -70 and row["pitch_flag"] == "few voiced frames"


def test_a_group_is_measured_as_the_frames_of_all_its_segments(frames, turns):
    halves = pd.DataFrame(
        {"recording": "a", "onset": [1.0, 2.5, 5.0], "offset": [2.5, 4.0, 8.0], "speaker": ["Ann", "Ann", "Bob"]}
    )
    pooled = segments.measure(frames, halves, by=["recording", "speaker"])
    one_by_one = segments.measure(frames, turns)
    assert pooled["speaker"].tolist() == ["Ann", "Bob"]
    measures = one_by_one.columns.drop(["recording", "onset", "offset", "speaker", "pitch_flag"])
    assert pooled[measures].to_numpy() == pytest.approx(one_by_one[measures].to_numpy(), nan_ok=True)


def test_windows_tile_a_recording_and_add_up_to_it(frames):
    windows = segments.measure(frames, segments.windows(frames, 0.5))
    whole = segments.measure(frames, segments.whole(frames)).iloc[0]
    assert windows["onset"].tolist() == pytest.approx(np.arange(18) * 0.5)
    assert windows["syllables"].sum() == whole["syllables"]
    assert np.mean(10 ** (windows["sound_level"] / 10)) == pytest.approx(10 ** (whole["sound_level"] / 10), rel=0.01)
    assert windows["zcr"].mean() == pytest.approx(whole["zcr"], rel=0.01)
    with pytest.raises(TutorialError, match="does not fill one window of 60 s"):
        segments.windows(frames, 60.0)


def test_frames_in_which_another_speaker_has_a_turn_do_not_count(frames, turns):
    overlapped = turns.assign(onset=[1.0, 3.0])  # Bob's turn begins in Ann's
    table = segments.measure(frames, overlapped, turns=overlapped)
    assert table["seconds"].to_numpy() == pytest.approx([2.0, 4.0], abs=0.02)
    assert table.loc["a/2", "f0"] == pytest.approx(240, rel=0.005)  # the second of Ann that lies in it is left out


def test_each_recording_is_measured_from_its_own_frames(frames, turns):
    two = pd.concat([frames.assign(recording="b"), frames], ignore_index=True)
    of_both = pd.concat([turns, turns.assign(recording="b").set_axis(["b/1", "b/2"])])
    table = segments.measure(two, of_both)
    expected = segments.measure(frames, turns)
    measures = expected.columns.drop(["recording", "speaker"])
    for name in "ab":
        pd.testing.assert_frame_equal(
            table.loc[[f"{name}/1", f"{name}/2"], measures].set_index(turns.index), expected[measures]
        )
    assert segments.measure(frames, turns.assign(recording="missing"))["f0"].isna().all()


def test_the_answer_is_the_same_from_a_file_from_samples_and_in_single_precision(tmp_path):
    show = corpora.load("show")
    turns = corpora.spoken(show).query("recording == '20240107_Sun_Harbour'")
    y = data_prep.read(turns["path"].iloc[0])
    from_samples = segments.measure(features.frame_table(y).assign(recording=turns["recording"].iloc[0]), turns)
    from_file = pd.concat(features.frames_of_file(turns["path"].iloc[0])).assign(recording=turns["recording"].iloc[0])
    pd.testing.assert_frame_equal(segments.measure(from_file, turns), from_samples)
    single = from_file.astype(dict.fromkeys(["f0", "level", "centroid", "rolloff", "contrast"], "float32"))
    columns = ["f0", "semitones", "level", "sound_level", "centroid", "rate", "voiced"]
    assert segments.measure(single, turns)[columns].to_numpy() == pytest.approx(
        from_samples[columns].to_numpy(), rel=1e-4
    )


def test_frames_of_a_corpus_are_those_of_each_recording_from_its_first_segment():
    turns = corpora.spoken(corpora.load("show")).iloc[40:50]
    frames = features.frames_of_segments(turns)
    assert set(frames["recording"]) == set(turns["recording"])
    for recording, own in turns.groupby("recording"):
        times = frames.loc[frames["recording"] == recording, "time"]
        assert times.iloc[0] == own["onset"].min() and times.iloc[-1] == pytest.approx(own["offset"].max(), abs=0.02)
    assert segments.measure(frames, turns)["f0"].between(60, 400).all()


def test_a_table_without_onset_or_recording_is_refused_by_name(frames, turns):
    with pytest.raises(TutorialError, match="table of segments has no column 'onset'"):
        segments.measure(frames, turns.drop(columns="onset"))
    with pytest.raises(TutorialError, match="table of segments has no column 'recording'"):
        segments.measure(frames, turns.drop(columns="recording"))
    with pytest.raises(TutorialError, match="table of segments has no column 'speaker'"):
        segments.measure(frames, turns.drop(columns="speaker"), turns=turns)
    with pytest.raises(TutorialError, match="table of frames has no column 'voiced'"):
        segments.measure(frames.drop(columns="voiced"), turns)


def test_no_segment_gives_no_row_and_every_column(frames, turns):
    empty = segments.measure(frames, turns.iloc[:0])
    assert len(empty) == 0 and list(empty) == list(segments.measure(frames, turns))


def test_alone_is_where_no_other_speaker_has_a_turn():
    turns = pd.DataFrame({"onset": [0.0, 2.0, 5.0], "offset": [3.0, 4.0, 6.0], "speaker": ["Ann", "Bob", None]})
    times = np.array([0.5, 2.5, 3.5, 5.5])
    assert segments.alone(times, turns, "Ann").tolist() == [True, False, False, True]


def some_turns():
    rows = [
        ("a", 0.0, 10.0, "music"),
        ("a", 10.0, 11.0, "silence"),
        ("a", 11.0, 20.0, "speech"),
        ("a", 19.5, 30.0, "speech"),
        ("a", 30.0, 40.0, "speech"),
        ("a", 40.0, 50.0, "speech"),
        ("a", 40.0, 50.0, "music"),
        ("b", 31.0, 39.0, "speech"),
    ]
    return pd.DataFrame(rows, columns=["recording", "onset", "offset", "kind"]).reindex(columns=segments.TURN_COLUMNS)


def test_turns_of_an_excerpt_lie_in_it_as_a_whole_and_know_what_overlaps():
    found = segments.of_excerpt(some_turns(), "a", start=0, seconds=100)
    assert list(found["onset"]) == [0, 11, 19.5, 30, 40, 40]
    assert list(found["alone"]) == [True, False, False, True, False, False]
    later = segments.of_excerpt(some_turns(), "a", start=19.5, seconds=20.5)
    assert list(later["onset"]) == [19.5, 30] and list(later["alone"]) == [False, True]
    nothing = segments.of_excerpt(None, "a", start=0, seconds=100)
    assert len(nothing) == 0 and nothing["alone"].dtype == bool
