"""Voices are told apart without training, whatever their level; who spoke when is scored as counted by hand."""

import numpy as np
import pandas as pd
import pytest
from sklearn.cluster import AgglomerativeClustering
from sklearn.metrics import roc_auc_score

from tutorial_helpers import data_prep, synthesis
from tutorial_helpers.deep_learning import speakers
from tutorial_helpers.errors import TutorialError

SR = 16_000


def windows_of(*windows):
    return pd.DataFrame(windows, columns=["onset", "offset"], dtype=float)


def test_windows_of_speech_are_equal_parts_of_a_segment_and_end_in_a_pause(hears, noise):
    hears((0.5, 7.5), (8.0, 9.0), (9.5, 12.5))
    third = 7 / 3
    expected = [[0.5, 0.5 + third], [0.5 + third, 0.5 + 2 * third], [0.5 + 2 * third, 7.5], [8.0, 9.0], [9.5, 12.5]]
    windows = speakers.speech_windows(noise(seconds=13), seconds=3.0)
    np.testing.assert_allclose(windows[["onset", "offset"]], expected)
    assert (speakers.speech_windows(noise(seconds=13), seconds=0.8).diff(axis=1)["offset"] <= 0.8 + 1e-9).all()
    hears()
    assert speakers.speech_windows(noise(seconds=2)).empty


def darker(y, n):
    return np.convolve(y, np.ones(n) / n, "same")


@pytest.fixture
def two_voices(noise):
    """Two synthetic voices that take turns of two seconds, of another pitch and brightness, in a little noise."""
    low = synthesis.harmonic_voice(110.0, seconds=2, syllables=4)
    high = darker(synthesis.harmonic_voice(190.0, seconds=2, syllables=4), 6)
    y = np.concatenate([low, high] * 3) + noise(seconds=12, rms=0.003)
    return y.astype(np.float32), windows_of(*[(t, t + 2.0) for t in range(0, 12, 2)])


def test_two_voices_are_told_apart_without_any_training(two_voices):
    y, windows = two_voices
    described = speakers.describe_voices(windows, y)
    assert AgglomerativeClustering(2).fit_predict(described).tolist() in ([0, 1] * 3, [1, 0] * 3)
    backwards = speakers.describe_voices(windows.iloc[::-1], y)
    np.testing.assert_allclose(backwards, described[::-1], atol=1e-9)


def test_what_describes_voices_is_standardised_and_pitch_counts_three_times(two_voices):
    y, windows = two_voices
    described = speakers.describe_voices(windows, y)
    assert described.shape == (6, 39)
    np.testing.assert_allclose(described.mean(axis=0), 0, atol=1e-9)
    np.testing.assert_allclose(described.std(axis=0), [1.0] * 38 + [3.0])


def test_a_voice_is_described_alike_near_and_far_and_a_darker_one_otherwise(spoken):
    """Two seconds of a person as they are, louder, and without their treble, and two of a higher voice."""
    one = spoken[SR : 3 * SR]
    higher = synthesis.harmonic_voice(300.0, seconds=2)
    y = np.concatenate([one, 3 * one, darker(one, 12), higher]).astype(np.float32)
    described = speakers.describe_voices(windows_of((0, 2), (2, 4), (4, 6), (6, 8)), y)
    np.testing.assert_allclose(described[1], described[0], atol=0.02)
    np.testing.assert_allclose(described[2, -1], described[0, -1], atol=0.1)  # of the same pitch
    assert np.abs(described[2, :-1] - described[0, :-1]).max() > 1
    assert described[3, -1] == described[:, -1].max()


def test_a_window_without_voice_gets_the_median_pitch_and_a_short_one_is_lengthened(two_voices, noise):
    y, windows = two_voices
    y[8 * SR : 10 * SR] = noise(seconds=2, rms=0.01)
    described = speakers.describe_voices(pd.concat([windows, windows_of((11.95, 12.0))]), y)
    assert np.isfinite(described).all()
    assert described[4, -1] == pytest.approx(np.median(np.delete(described[:, -1], 4)))
    silent = speakers.describe_voices(windows_of((0.0, 1.0), (1.0, 2.0)), np.zeros(2 * SR, np.float32))
    assert (silent == 0).all()  # nobody speaks, and nothing differs


# who spoke when, scored


def turns_of(*rows):
    return pd.DataFrame(rows, columns=["onset", "offset", "speaker"])


KNOWN_TURNS = turns_of((0, 10, "host"), (10, 20, "guest"))


@pytest.mark.parametrize(
    ("found", "expected"),  # seconds, of the 19 that are scored: a quarter is not, on either side of each known edge
    [
        ([(0, 10, "host"), (10, 20, "guest")], {}),
        ([(0, 10, "guest"), (10, 20, "host")], {}),  # names do not matter
        ([(0.2, 9.8, 0), (10.2, 20, 1)], {}),
        ([(0, 12, "a"), (12, 20, "b")], {"confused": 1.75}),
        ([(0, 5, "a"), (6, 10, "a"), (10, 20, "b")], {"missed": 1.0}),
        ([(0, 10, "a"), (10, 20, "b"), (22, 25, "a")], {"invented": 3.0}),
        ([(0, 20, "a")], {"confused": 9.5}),
        ([(2, 10, "a"), (10, 11, "b"), (11, 12, "c"), (12, 20, "b")], {"missed": 1.75, "confused": 1.0}),
    ],
)
def test_errors_of_who_spoke_when_known_by_counting_are_found(found, expected):
    result = speakers.diarisation_error(KNOWN_TURNS, turns_of(*found), 30)
    parts = {name: expected.get(name, 0.0) / 19 for name in ("missed", "invented", "confused")}
    assert result[list(parts)].to_dict() == pytest.approx(parts)
    assert result["der"] == pytest.approx(sum(parts.values())) and result["scored_seconds"] == 19


def test_what_is_found_after_the_seconds_that_are_scored_is_no_error():
    found = turns_of((0, 10, "a"), (10, 20, "b"), (22, 25, "a"))
    assert speakers.diarisation_error(KNOWN_TURNS, found, 20)["der"] == 0


def test_without_a_known_speaker_there_is_nothing_to_score():
    nobody = pd.DataFrame(columns=["onset", "offset", "speaker"])
    with pytest.raises(TutorialError, match="Nobody speaks in the known turns"):
        speakers.diarisation_error(nobody, nobody, 10.0)


def overlapping(y):
    """A window of 1.6 s every 0.8 s."""
    onset = np.arange(max(0, int((len(y) / SR - 1.6) / 0.8)) + 1) * 0.8
    return windows_of(*zip(onset, np.minimum(onset + 1.6, len(y) / SR), strict=True))


@pytest.fixture(scope="module")
def voices(prompts):
    """At least 2 s each of real people without the silence around it: samples, and whose they are."""
    clips, speaker = [], []
    recordings = prompts.recordings[prompts.recordings["kind"] == "speech"]
    recordings = recordings[recordings["group"] != "Spanish"]  # she speaks English too, and then sounds less alike
    for name, rows in recordings.groupby("speaker"):
        for row in rows.sample(60, random_state=0).itertuples():
            y = data_prep.read(row.path)
            stretches = data_prep.voice_activity(y)
            if speaker.count(name) < 12 and len(stretches) and np.ptp(stretches.to_numpy()) > 2:
                clips.append(y[round(stretches["onset"].min() * SR) : round(stretches["offset"].max() * SR)])
                speaker.append(name)
    return clips, np.array(speaker)


def same_voice_auc(vectors, speaker):
    """How well the cosine of two vectors tells whether they are of one speaker, over all pairs."""
    unit = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    first, second = np.triu_indices(len(unit), 1)
    return roc_auc_score(speaker[first] == speaker[second], (unit[first] * unit[second]).sum(axis=1))


def test_pairs_of_real_voices_are_told_apart_better_than_by_mfcc(voices):
    clips, speaker = voices
    vectors = np.array([speakers.voice_vectors(overlapping(y), y).mean(axis=0) for y in clips])
    ends = np.cumsum([len(y) / SR for y in clips])
    by_mfcc = speakers.describe_voices(windows_of(*zip([0, *ends], ends, strict=False)), np.concatenate(clips))
    assert same_voice_auc(vectors, speaker) >= 0.95
    assert same_voice_auc(vectors, speaker) > same_voice_auc(by_mfcc, speaker)


def test_the_level_changes_no_voice_and_a_vector_has_length_one(voices):
    y = voices[0][0]
    vectors = speakers.voice_vectors(overlapping(y), y)
    np.testing.assert_allclose(speakers.voice_vectors(overlapping(y), y / 300), vectors, atol=1e-4)
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_window_is_heard_alike_alone_and_among_others(voices):
    y = np.concatenate(voices[0][:3])
    windows = overlapping(y)
    alone = speakers.voice_vectors(windows.iloc[[2]], y)
    np.testing.assert_allclose(speakers.voice_vectors(windows, y)[[2]], alone, atol=1e-5)


def test_no_window_gives_no_vector():
    assert speakers.voice_vectors(windows_of(), np.zeros(SR)).shape == (0, 256)


def test_another_rate_and_other_weights_are_refused(tmp_path, monkeypatch):
    with pytest.raises(TutorialError, match="16,000 Hz"):
        speakers.voice_vectors(windows_of((0, 1)), np.zeros(SR), 8_000)
    (tmp_path / "weights.safetensors").write_bytes(b"others")
    monkeypatch.setattr(speakers, "ENCODER", tmp_path / "weights.safetensors")
    speakers._voice_encoder.cache_clear()
    with pytest.raises(TutorialError, match="not the speaker encoder"):
        speakers.voice_vectors(windows_of((0, 1)), np.ones(SR))
