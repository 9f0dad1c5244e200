"""The measurements of the recognisers keep their word: what is committed is what the code gives."""

import json
import os
import sys
from contextlib import nullcontext
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
import transformers

from tutorial_helpers import corpora, data_prep, deep_learning, runner

sys.path.insert(0, str(runner.ROOT / "benchmarks"))
import recognisers

SMALL = {  # a wav2vec 2.0 of a few thousand weights
    "vocab_size": 32,
    "hidden_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 2,
    "intermediate_size": 64,
    "conv_dim": (32,) * 7,
    "num_conv_pos_embeddings": 16,
    "num_conv_pos_embedding_groups": 4,
}


@pytest.fixture(scope="module")
def show():
    return corpora.load("show")


@pytest.fixture(scope="module")
def turns(show):
    return corpora.spoken(show)


def committed(name):
    return pd.read_csv(recognisers.HERE / f"{name}.csv")


def heard_by(recogniser, condition="clean"):
    heard = pd.read_csv(deep_learning.HEARD, keep_default_na=False).set_index("name")
    return heard[(heard["recogniser"] == recogniser) & (heard["condition"] == condition)]["heard"]


# what they hear


def test_every_turn_is_heard_once_in_every_case_in_the_order_of_the_corpus(turns):
    heard = pd.read_csv(deep_learning.HEARD, keep_default_na=False)
    expected = [(name, *case) for case in recognisers.CASES for name in turns.index]
    assert list(heard[["name", "recogniser", "condition"]].itertuples(index=False, name=None)) == expected
    assert {condition for name, condition in recognisers.CASES if name == "tiny.en"} == set(deep_learning.CONDITIONS)


def test_the_committed_rates_of_the_show_follow_from_what_was_heard(turns):
    table = recognisers.rates(deep_learning.heard_on_show(turns)).reset_index()
    rates = committed("wer").query("corpus == 'show'").drop(columns="corpus").reset_index(drop=True)
    pd.testing.assert_frame_equal(table, rates, atol=1e-3)
    assert rates["low"].lt(rates["wer"]).all() and rates["wer"].lt(rates["high"]).all()


def test_a_committed_rate_is_errors_over_words_counted_here(turns):
    heard = heard_by("tiny.en").reindex(turns.index)
    wer = deep_learning.word_error_rate(list(turns["text"]), list(heard))
    row = committed("wer").query("corpus == 'show' and recogniser == 'tiny.en' and condition == 'clean'").iloc[0]
    assert row["wer"] == pytest.approx(wer, abs=1e-4)
    assert row["words"] == sum(len(deep_learning.normalise(text).split()) for text in turns["text"])


def test_some_turns_heard_anew_give_the_committed_words(turns):
    some = turns.sample(4, random_state=1)
    anew = deep_learning.hear_stretches(some)
    # another processor may round another way, so a word in ten may differ
    assert deep_learning.word_error_rate(list(heard_by("tiny.en")[some.index]), list(anew["heard"])) <= 0.1


def test_two_libraries_hear_nearly_the_same_with_the_same_weights():
    one, other = heard_by("tiny.en"), heard_by(recognisers.IN_TRANSFORMERS)
    assert deep_learning.word_error_rate(list(one), list(other[one.index])) < 0.1


def test_both_corpora_are_in_the_committed_rates_and_the_texts_of_one(turns):
    rates = committed("wer")
    assert set(rates["corpus"]) == {"show", "prompts"}
    clean = rates.query("condition == 'clean'").groupby("corpus")["recogniser"].apply(set)
    assert clean["show"] == clean["prompts"] == {"pocketsphinx", "tiny.en", recognisers.IN_TRANSFORMERS}
    assert set(pd.read_csv(deep_learning.HEARD)["name"]) == set(turns.index)


def test_the_prompts_that_are_heard_are_sentences_in_english_and_the_same_every_time(prompts):
    drawn = recognisers.usual_prompts()
    assert len(drawn) == drawn.index.nunique() == 120 and set(drawn["group"]) == {"English"}
    assert drawn["text"].str.split().str.len().between(4, 60).all() and not drawn["text"].str.contains("[*#]").any()
    assert list(drawn.index) == list(recognisers.usual_prompts().index)
    words = deep_learning.word_errors(list(drawn["text"]), [""] * 120)["words"].sum()
    rates = committed("wer").query("corpus == 'prompts'")
    assert (rates["words"] == words).all() and (rates["clusters"] == 120).all()


def test_turns_heard_in_chunks_come_back_once_in_their_order(turns, monkeypatch):
    monkeypatch.setattr(recognisers, "CHUNK", 2)
    in_this_process = nullcontext(SimpleNamespace(map=map))  # each new one would import for seconds
    monkeypatch.setattr(recognisers, "ProcessPoolExecutor", lambda *arguments, **options: in_this_process)
    monkeypatch.setattr(recognisers, "in_a_new_process", lambda *arguments: None)
    some = turns.nsmallest(3, "seconds")
    cases = [("tiny.en", "clean"), ("tiny.en", "noise 0 dB")]
    heard = recognisers.hear_all(some, cases)
    assert list(heard.index) == 2 * list(some.index)
    assert list(heard["condition"]) == 3 * ["clean"] + 3 * ["noise 0 dB"]
    committed_words = pd.concat([heard_by(*case)[some.index] for case in cases])
    assert deep_learning.word_error_rate(list(committed_words), list(heard["heard"])) <= 0.1


# what they take


def test_the_packaged_whisper_is_at_least_twice_as_fast_as_the_seeds_path():
    speed = committed("speed").set_index("what")
    ours = speed.loc["tiny.en"].sort_values("sound_seconds").iloc[0]
    assert ours["sound_seconds"] == speed.loc[recognisers.SEEDS, "sound_seconds"] > 590
    assert ours["ratio_to_seed"] >= 2
    assert speed.loc[recognisers.SEEDS, "seconds"] / ours["seconds"] == pytest.approx(ours["ratio_to_seed"], abs=0.01)


def test_an_hour_needs_the_memory_of_ten_minutes():
    ours = committed("speed").query("what == 'tiny.en'").set_index("sound_seconds")["peak_mb"].sort_index()
    assert len(ours) == 2 and ours.index[1] >= 3500 and ours.index[0] <= 600
    assert ours.iloc[1] == pytest.approx(ours.iloc[0], rel=0.1)


def test_the_committed_speed_says_on_which_machine():
    stated = json.loads((recognisers.HERE / "speed.json").read_text())
    assert stated.keys() == recognisers.machine().keys() and all(stated.values())


def test_a_small_measurement_gives_a_row_of_the_table(show):
    pilot = corpora.pick(show, "").path
    seed = recognisers.measure(recognisers.SEEDS, pilot, 20, transformers.Wav2Vec2Config(**SMALL))
    ours = recognisers.measure("tiny.en", pilot, 20)
    runs = [{"what": recognisers.SEEDS, "sound_seconds": 20, **seed}, {"what": "tiny.en", "sound_seconds": 20, **ours}]
    table = recognisers.medians(pd.DataFrame(runs))
    assert list(table.columns) == list(committed("speed").columns)
    assert (table["seconds"] > 0).all() and table["peak_mb"].between(100, 20_000).all()


def test_medians_and_ratios_known_by_counting_are_found():
    seed = [{"what": recognisers.SEEDS, "sound_seconds": 600, "seconds": s, "peak_mb": 4000} for s in (50, 60, 900)]
    ours = [{"what": "tiny.en", "sound_seconds": 120, "seconds": s, "peak_mb": m} for s, m in ((6, 7), (1, 9), (4, 8))]
    table = recognisers.medians(pd.DataFrame(seed + ours)).set_index("what")
    assert list(table.loc[recognisers.SEEDS]) == [600, 60, 10, 1, 4000]
    assert list(table.loc["tiny.en"]) == [120, 4, 30, 3, 8]


def test_the_seeds_path_hears_all_of_an_excerpt_in_pieces_of_20_s(show):
    pilot = corpora.pick(show, "").path
    config = transformers.Wav2Vec2Config(**SMALL)
    processor, model = recognisers.untrained(config)
    assert not model.training and len(processor.tokenizer) == config.vocab_size == 32
    lengths = []
    model.register_forward_pre_hook(lambda module, inputs: lengths.append(inputs[0].shape))
    with torch.inference_mode():
        texts = recognisers.transcribe_as_the_seed(processor, model, pilot, 45)
    assert lengths == [(1, 320_000), (1, 320_000), (1, 80_000)] and len(texts) == 3


def test_the_untrained_model_has_the_size_of_the_one_in_the_seed():
    with torch.device("meta"):
        model = transformers.Wav2Vec2ForCTC(transformers.Wav2Vec2Config(vocab_size=32))
    assert sum(weights.numel() for weights in model.parameters()) == pytest.approx(94.4e6, rel=0.005)


def test_a_new_process_is_another_one_every_time():
    pids = {recognisers.in_a_new_process(os.getpid) for _ in range(2)} | {os.getpid()}
    assert len(pids) == 3


def test_the_long_file_is_the_short_one_six_times(tmp_path, sine):
    short, long = tmp_path / "short.wav", tmp_path / "long.mp3"
    tone = np.concatenate([sine(440, seconds=2.0), np.zeros(16_000, np.float32)])
    soundfile.write(short, tone, 16_000)
    recognisers.write_an_hour(short, long)
    assert data_prep.probe(long)["seconds"] == pytest.approx(18, abs=0.2)
    y = data_prep.read(long)
    loud = np.abs(y[: 18 * 16_000]).reshape(-1, 16_000).max(axis=1) > 0.3
    assert loud.sum() >= 12 and data_prep.read(long, start=16.0, seconds=1.0).max() > 0.3
