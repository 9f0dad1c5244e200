"""Who speaks when: dialogues of real voices whose turns are known."""

import numpy as np
import pandas as pd
import pytest

from tutorial_helpers import data_prep
from tutorial_helpers.deep_learning import diarise
from tutorial_helpers.deep_learning.speakers import diarisation_error
from tutorial_helpers.errors import TutorialError

SR = 16_000
VOICES = ["English", "French", "Italian", "Russian"]  # groups of the prompts, each with a speaker of its own


@pytest.fixture(scope="module")
def clips(prompts):
    """Ten prompts of each voice, between 2 and 6 s, all equally loud."""
    found = {}
    for group in VOICES:
        found[group] = []
        for path in prompts.recordings.query("group == @group and kind == 'speech'")["path"]:
            if 2.0 < data_prep.length(path) < 6.0 and len(found[group]) < 10:
                y = data_prep.read(path)
                found[group].append(0.05 * y / np.sqrt(np.mean(y**2)))
    return found


def dialogue(clips, order, noise=5e-4):
    """Samples with noise, in which voices speak in this order with pauses, and the turns."""
    rng, rows, parts, at = np.random.default_rng(0), [], [], 0
    taken = dict.fromkeys(clips, 0)
    for voice in order:
        y = clips[voice][taken[voice] % 10]
        taken[voice] += 1
        heard = np.flatnonzero(np.abs(y) > 0.02 * np.abs(y).max())
        y = y[heard[0] : heard[-1] + 1]
        rows.append((at / SR, (at + len(y)) / SR, voice))
        parts += [y, np.zeros(round(rng.uniform(0.1, 0.8) * SR))]
        at += len(y) + len(parts[-1])
    y = np.concatenate(parts)
    y = y + noise * rng.standard_normal(len(y))
    return y.astype(np.float32), pd.DataFrame(rows, columns=["onset", "offset", "speaker"])


def test_four_voices_are_told_apart_with_and_without_their_number(clips):
    y, turns = dialogue(clips, VOICES * 6)
    for speakers in (None, 4):
        found = diarise.who_speaks(y, SR, speakers=speakers)
        assert found["speaker"].nunique() == 4
        assert diarisation_error(turns, found, len(y) / SR)["der"] < 0.1
    everybody = diarisation_error(turns, found.assign(speaker="one"), len(y) / SR)
    assert everybody["der"] > 0.5


@pytest.mark.parametrize("voice", VOICES)
def test_one_voice_alone_stays_one(clips, voice):
    y, _ = dialogue(clips, [voice] * 12)
    assert set(diarise.who_speaks(y)["speaker"]) == {"voice 1"}


def test_a_short_turn_is_said_to_be_doubtful_and_turns_follow_each_other(clips):
    y, _ = dialogue(clips, VOICES * 3)
    half = y[: SR // 2 * 7]
    found = diarise.who_speaks(np.concatenate([y, np.zeros(SR, np.float32), half[:12_000]]))
    assert (found["onset"].to_numpy()[1:] >= found["offset"].to_numpy()[:-1] - 1e-9).all()
    short = found["offset"] - found["onset"] < 1
    assert short.any() and found["doubt"].eq("short").fillna(False).tolist() == short.tolist()


def test_a_file_gives_the_same_turns_as_its_samples_whatever_the_blocks(clips, tmp_path, monkeypatch):
    import soundfile

    y, turns = dialogue(clips, VOICES * 3)
    soundfile.write(tmp_path / "talk.wav", y, SR, subtype="FLOAT")
    monkeypatch.setattr(diarise, "BLOCK", 10.0)
    found, voices = diarise.who_speaks_in_file(tmp_path / "talk.wav")
    assert diarisation_error(turns, found, len(y) / SR)["der"] < 0.1
    seconds = (found["offset"] - found["onset"]).groupby(found["speaker"]).sum()
    assert voices.set_index("speaker")["seconds"].round(6).to_dict() == seconds.round(6).to_dict()
    assert voices["seconds"].is_monotonic_decreasing and voices["speaker"].tolist()[0] == "voice 1"


def test_of_many_windows_some_are_clustered_and_all_are_given_a_voice(clips, monkeypatch):
    y, turns = dialogue(clips, VOICES * 6)
    monkeypatch.setattr(diarise, "CLUSTERED", 100)
    found = diarise.who_speaks(y, speakers=4)
    assert diarisation_error(turns, found, len(y) / SR)["der"] < 0.1


def test_silence_has_no_turns_and_a_senseless_number_of_speakers_is_refused():
    assert diarise.who_speaks(np.zeros(3 * SR, np.float32)).empty
    with pytest.raises(TutorialError, match="0 is no number of speakers"):
        diarise.who_speaks(np.zeros(SR, np.float32), speakers=0)
    with pytest.raises(TutorialError, match="8,000"):
        diarise.who_speaks(np.zeros(SR, np.float32), 8_000)


def unit(*numbers):
    return np.array(numbers) / np.linalg.norm(numbers)


def test_a_voice_has_one_name_in_all_recordings_and_two_of_one_have_two():
    voices = pd.DataFrame(
        [
            ("a", 30.0, unit(1, 0.1, 0)),
            ("a", 10.0, unit(0, 0, 1)),
            ("b", 20.0, unit(1, 0, 0.1)),
            ("b", 9.0, unit(1, 0.05, 0)),  # like the first, but somebody else of the same recording
            ("c", 8.0, unit(0, 0.1, 1)),
        ],
        columns=["recording", "seconds", "vector"],
        index=[5, 6, 7, 8, 9],
    )
    named = diarise.name_voices(voices)
    assert named[5] == named[7] == "person 1" and named[6] == named[9]
    assert named[8] not in {named[5], named[6]} and named.index.tolist() == [5, 6, 7, 8, 9]
