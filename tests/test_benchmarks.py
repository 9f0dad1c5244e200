"""The benchmarks keep their word: they run, their arithmetic is right, and what is committed is what they gave."""

import importlib
import os
import string
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import nullcontext
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import soundfile
import torch
import transformers
from distributed import Client

from tutorial_helpers import corpora, data_prep, features, places, representations
from tutorial_helpers.deep_learning import score
from tutorial_helpers.errors import TutorialError

sys.path.insert(0, str(places.ROOT / "benchmarks"))
import bench
import corpus
import episodes
import excerpt
import frame_features
import measuring
import recognisers
import report
import targets

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
    return pd.read_csv(measuring.HERE / f"{name}.csv")


def heard_by(recogniser, condition="clean"):
    heard = pd.read_csv(score.RECOGNISED_ON_SHOW, keep_default_na=False).set_index("name")
    return heard[(heard["recogniser"] == recogniser) & (heard["condition"] == condition)]["heard"]


# what they hear


def test_every_turn_is_heard_once_in_every_case_in_the_order_of_the_corpus(turns):
    heard = pd.read_csv(score.RECOGNISED_ON_SHOW, keep_default_na=False)
    expected = [(name, *case) for case in recognisers.CASES for name in turns.index]
    assert list(heard[["name", "recogniser", "condition"]].itertuples(index=False, name=None)) == expected
    assert {condition for name, condition in recognisers.CASES if name == "tiny.en"} == set(score.CONDITIONS)


def test_the_committed_rates_of_the_show_follow_from_what_was_heard(turns):
    table = recognisers.rates(score.recognised_on_show(turns)).reset_index()
    rates = committed("wer").query("corpus == 'show'").drop(columns="corpus").reset_index(drop=True)
    pd.testing.assert_frame_equal(table, rates, atol=1e-3)
    assert rates["low"].lt(rates["wer"]).all() and rates["wer"].lt(rates["high"]).all()


def test_some_turns_heard_anew_give_the_committed_words(turns):
    some = turns.sample(4, random_state=1)
    anew = score.recognise_segments(some)
    # another processor may round another way, so a word in ten may differ
    assert score.word_error_rate(list(heard_by("tiny.en")[some.index]), list(anew["heard"])) <= 0.1


def test_two_libraries_hear_nearly_the_same_with_the_same_weights():
    one, other = heard_by("tiny.en"), heard_by(recognisers.IN_TRANSFORMERS)
    assert score.word_error_rate(list(one), list(other[one.index])) < 0.1


def test_the_prompts_that_are_heard_are_sentences_in_english_and_the_same_every_time(prompts):
    drawn = recognisers.usual_prompts()
    assert len(drawn) == drawn.index.nunique() == 120 and set(drawn["group"]) == {"English"}
    assert drawn["text"].str.split().str.len().between(4, 60).all() and not drawn["text"].str.contains("[*#]").any()
    assert list(drawn.index) == list(recognisers.usual_prompts().index)
    words = score.word_errors(list(drawn["text"]), [""] * 120)["words"].sum()
    rates = committed("wer").query("corpus == 'prompts'")
    assert (rates["words"] == words).all() and (rates["clusters"] == 120).all()


def test_turns_heard_in_chunks_come_back_once_in_their_order(turns, monkeypatch):
    monkeypatch.setattr(recognisers, "CHUNK", 2)
    in_this_process = nullcontext(SimpleNamespace(map=map))  # each new one would import for seconds
    monkeypatch.setattr(recognisers, "ProcessPoolExecutor", lambda *arguments, **options: in_this_process)
    monkeypatch.setattr(recognisers, "in_a_new_process", lambda *arguments: None)
    some = turns.loc[(turns["offset"] - turns["onset"]).nsmallest(3).index]
    # not 0 dB: there the rounding of another processor makes other words of a third
    cases = [("tiny.en", "clean"), ("tiny.en", "noise 10 dB")]
    heard = recognisers.hear_all(some, cases)
    assert list(heard.index) == 2 * list(some.index)
    assert list(heard["condition"]) == 3 * ["clean"] + 3 * ["noise 10 dB"]
    committed_words = pd.concat([heard_by(*case)[some.index] for case in cases])
    assert score.word_error_rate(list(committed_words), list(heard["heard"])) <= 0.1


# what they take


def test_the_packaged_whisper_is_fast_and_an_hour_needs_the_memory_of_ten_minutes():
    speed = committed("speed").set_index("what")
    short, long = (row for _, row in speed.loc["tiny.en"].sort_values("sound_seconds").iterrows())
    assert short["sound_seconds"] == speed.loc[recognisers.SEEDS, "sound_seconds"] > 590
    assert speed.loc[recognisers.SEEDS, "seconds"] / short["seconds"] >= 2
    assert long["sound_seconds"] >= 3500 and long["peak_mb"] == pytest.approx(short["peak_mb"], rel=0.1)


def test_the_readme_states_the_committed_speed():
    faster = committed("speed").query("what == 'tiny.en'").nsmallest(1, "sound_seconds")["ratio_to_seed"].item()
    readme = " ".join((places.ROOT / "README.md").read_text().split())
    assert f"the default was {faster:.1f} times as fast over ten minutes of the show" in readme


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
    assert list(table.loc[recognisers.SEEDS]) == [600, 60, 10, 1, 4000, 3]
    assert list(table.loc["tiny.en"]) == [120, 4, 30, 3, 8, 3]


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


# what the benchmarks share


@pytest.fixture(scope="module")
def short_episodes(tmp_path_factory):
    """Episodes of 2, 12 and 48 seconds, called as if they were of ten minutes, one hour and four."""
    return episodes.write_episodes(tmp_path_factory.mktemp("episodes"), seconds=2.0)


def test_the_peak_of_a_new_process_is_its_own():
    held = np.ones(50_000_000)  # 400 MB
    assert measuring.peak_mb() >= held.nbytes / 1e6
    assert 10 < measuring.in_a_new_process(measuring.peak_mb) < 300


def test_processes_compute_on_one_thread_where_that_is_said_and_only_there(monkeypatch):
    monkeypatch.setenv("OMP_NUM_THREADS", "7")
    monkeypatch.delenv("MKL_NUM_THREADS", raising=False)
    with measuring.one_thread():
        inside = [measuring.in_a_new_process(os.getenv, name) for name in measuring.ONE_THREAD]
    assert inside == ["1"] * len(measuring.ONE_THREAD)
    assert os.environ["OMP_NUM_THREADS"] == "7" and "MKL_NUM_THREADS" not in os.environ


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system holds no process to a core")
def test_processes_compute_on_one_core_where_that_is_said_and_only_there():
    before = os.sched_getaffinity(0)
    with measuring.one_core():
        inside = measuring.in_a_new_process(os.sched_getaffinity, 0)
    assert len(inside) == 1 and os.sched_getaffinity(0) == before


def test_the_memory_of_workers_is_seen_while_they_live():
    with measuring.workers_watched(0.05) as looks:
        measuring.in_a_new_process(time.sleep, 0.5)
    seen = pd.DataFrame(looks)
    assert seen["worker"].nunique() == 1 and os.getpid() not in set(seen["worker"])
    assert len(seen) >= 5 and seen["mb"].between(5, 400).all() and seen["seconds"].is_monotonic_increasing


def test_the_command_finds_every_part_and_loads_none_before_its_turn():
    for module, function in bench.PARTS.values():
        assert callable(getattr(importlib.import_module(module), function))
    loads = "import sys, bench; sys.exit(any(name in sys.modules for name in ('numpy', 'pandas', 'tutorial_helpers')))"
    assert subprocess.run([sys.executable, "-c", loads], cwd=measuring.HERE).returncode == 0


def test_an_episode_is_stored_as_a_podcast_and_the_long_ones_repeat_the_short_one(short_episodes):
    facts = {length: data_prep.probe(path) for length, path in short_episodes.items()}
    assert {(fact["sr"], fact["channels"], fact["codec"]) for fact in facts.values()} == {(44_100, 2, "mp3")}
    seconds = {length: fact["seconds"] for length, fact in facts.items()}
    assert seconds == pytest.approx({"10 minutes": 2, "1 hour": 12, "4 hours": 48}, rel=0.02)
    packed = 0.05  # seconds of padding and of a header, which are stored too
    bits = [path.stat().st_size * 8 / (seconds[length] + packed) for length, path in short_episodes.items()]
    assert bits == pytest.approx([128_000] * 3, rel=0.03)


def test_a_joined_file_is_the_short_one_six_times(tmp_path, sine):
    short, long = tmp_path / "short.mp3", tmp_path / "long.mp3"
    tone = np.concatenate([sine(440, seconds=2.0), np.zeros(16_000, np.float32)])
    soundfile.write(short, tone, 16_000)
    episodes.join(short, 6, long)
    assert data_prep.probe(long)["seconds"] == pytest.approx(18, abs=0.5)
    y = data_prep.read(long)
    loud = np.abs(y[: len(y) // 1600 * 1600]).reshape(-1, 1600).max(axis=1) > 0.3
    assert np.sum(np.diff(loud.astype(int)) == 1) + loud[0] == 6 and loud.mean() == pytest.approx(2 / 3, abs=0.05)


# an excerpt, features, a corpus: each measurement on a small case


def test_both_ways_to_an_excerpt_give_the_same_sound(short_episodes, tmp_path):
    cut = {"start": 20.0, "seconds": 10.0, "folder": str(tmp_path)}
    naive = excerpt.load_all(str(short_episodes["4 hours"]), **cut)  # at librosa's 22,050 Hz
    ours = excerpt.read_excerpt(str(short_episodes["4 hours"]), **cut)
    assert len(naive) / 22_050 == pytest.approx(10, abs=0.1) and len(ours) == 160_000
    loudness = [
        np.sqrt(np.mean(y[: 9 * sr].reshape(-1, sr // 10) ** 2, axis=1)) for y, sr in ((naive, 22_050), (ours, 16_000))
    ]
    assert np.corrcoef(loudness)[0, 1] > 0.98


def test_a_small_excerpt_is_measured_in_each_way(short_episodes, monkeypatch):
    some = {name: excerpt.CASES[name] for name in (excerpt.NAIVE, excerpt.LAST)}
    monkeypatch.setattr(excerpt, "CASES", some)
    table = excerpt.rounds(short_episodes, short_episodes["10 minutes"], 1, seconds=1.0)
    assert list(table.columns) == list(committed("excerpt").columns) and list(table["what"]) == list(some)
    assert (table["seconds"] > 0).all() and (table["peak_mb"] >= table["import_mb"]).all()
    assert table["import_mb"].between(50, 1000).all()


def test_a_small_recording_is_measured_by_every_tool(short_episodes):
    table, functions = frame_features.rounds(str(short_episodes["10 minutes"]), 1)
    missing = {what for what in frame_features.TOOLS if not frame_features.is_there(what)}  # `make bench` installs them
    assert set(committed("features")["what"]) - missing <= set(table["what"]) and (table["seconds"] > 0).all()
    assert list(functions.columns) == list(committed("profile").columns)
    # Python 3.13's profiler counts what Colab's parselmouth compiled with the function that calls it
    assert functions["function"].str.contains("to_pitch_ac|_praat_f0").any()
    assert functions["seconds"].is_monotonic_decreasing


def test_librosa_is_asked_for_the_numbers_that_ours_are(short_episodes):
    y = data_prep.read(short_episodes["1 hour"])
    ours = features.frame_table(y)
    theirs = {name: call(y=y) for name, call in frame_features.LIBROSA.items()}
    single = {"centroid": "spectral_centroid", "rolloff": "spectral_rolloff", "zcr": "zero_crossing_rate"}
    for column, name in single.items():
        assert np.allclose(theirs[name][0], ours[column], rtol=1e-4), column
    assert np.allclose(data_prep.dbfs(theirs["rms"][0]), ours["level"], atol=0.01)
    # librosa gives 10 log10 of magnitudes, half of the dB of power, and lifts valleys to 80 dB under the strongest peak
    contrast = features.spectral_contrast(representations.magnitude(y))
    assert np.nanmedian(np.abs(2 * theirs["spectral_contrast"] - contrast)) <= 0.02  # dB
    for name, prefix in {"mfcc": "mfcc_", "chroma_stft": "chroma_"}.items():
        columns = ours.loc[:, ours.columns.str.startswith(prefix)].to_numpy().T
        assert theirs[name].shape == columns.shape
        assert np.abs(theirs[name] - columns).max() <= 1e-5 * np.ptp(columns), name


def test_a_small_corpus_is_measured_in_one_pass(short_episodes, tmp_path):
    recordings = corpus.linked(short_episodes, {"1 hour": 2, "10 minutes": 1}, tmp_path / "links")
    assert list(recordings["length"]) == ["1 hour", "1 hour", "10 minutes"]
    assert recordings["hours"].sum() * 3600 == pytest.approx(26, abs=0.5)
    row, memory = corpus.one_pass(recordings, 1, tmp_path / "out")
    assert list(row) == list(committed("corpus").columns) and row["workers"] == 1 and row["recordings"] == 3
    assert row["seconds"] > 0 and row["written_mb"] > 0.1 and row["hours"] == recordings["hours"].sum()
    assert list(memory.columns) == list(committed("memory").columns) and set(memory["worker"]) == {1}
    lengths = corpus.seconds_by_recording(recordings, tmp_path / "out")
    assert list(lengths.columns) == list(committed("lengths").columns) and len(lengths) == 2
    assert (lengths["seconds"] > 0).all()
    peaks = corpus.peaks({"1 hour": short_episodes["1 hour"]}, tmp_path, 1)
    assert list(peaks.columns) == list(committed("peaks").columns) and list(peaks["length"]) == ["1 hour"]
    assert 100 < peaks["peak_mb"].item() < 1000


def test_a_recording_that_fails_is_no_speed(tmp_path):
    (tmp_path / "empty.mp3").touch()
    recordings = pd.DataFrame({"path": [str(tmp_path / "empty.mp3")]}, index=["empty"])
    with Client(processes=False, dashboard_address=None) as client, pytest.raises(TutorialError, match="mp3 is empty"):
        corpus.extract(recordings, tmp_path / "out", client=client)
    with ThreadPoolExecutor(1) as pool, pytest.raises(TutorialError, match="mp3 is empty"):
        corpus.by_processes(pool, recordings, str(tmp_path / "out"))


def test_dask_and_processes_do_the_same_small_work_in_turns(short_episodes, tmp_path, monkeypatch):
    monkeypatch.setattr(corpus, "WORKERS", 1)  # each worker and each process imports for seconds
    table = corpus.against_processes(short_episodes["1 hour"], short_episodes["10 minutes"], tmp_path, 2)
    assert list(table.columns) == list(committed("processes").columns)
    assert list(table["round"]) == [0, 0, 1, 1] and list(table["how"]) == 2 * [corpus.DASK, corpus.PROCESSES]
    assert (table["seconds"] > 0).all()


# arithmetic and words


def test_a_ratio_of_rounds_is_not_moved_by_what_slows_a_whole_round():
    seconds = {"a": [7, 30, 20], "b": [3, 10, 10], "c": [5, 20, 10]}  # (a + b) / c is 2, 2 and 3
    rows = [{"round": r, "what": what, "seconds": s[r]} for what, s in seconds.items() for r in range(3)]
    assert report.ratio(pd.DataFrame(rows), ["a", "b"], ["c"]) == pytest.approx(2)


def test_of_three_places_in_a_long_file_the_slowest_counts():
    seconds = {excerpt.NAIVE: 80, excerpt.SHORT: 2.0, excerpt.FIRST: 1.6, excerpt.MIDDLE: 3.0, excerpt.LAST: 2.2}
    rows = [{"round": 0, "what": what, "seconds": s, "peak_mb": 100 * s} for what, s in seconds.items()]
    values = report.excerpt_values(pd.DataFrame(rows))
    assert values == pytest.approx({"excerpt_speed": 50, "excerpt_memory": 50, "excerpt_length": 1.5})


def test_speed_and_the_floor_of_features_known_by_counting_are_found():
    seconds = {name: 1.0 for name in frame_features.LIBROSA}
    seconds |= {"data_prep.read": 1.0, "bare FFT": 0.5, "Praat's pitch": 1.5, "features.frame_table": 2.0}
    seconds |= {"openSMILE eGeMAPSv02": 12.0, "yin": 99.0}
    rows = pd.DataFrame([{"round": 0, "what": what, "seconds": s} for what, s in seconds.items()])
    assert report.feature_values(rows) == pytest.approx({"librosa": 3.5, "opensmile": 6, "floor": 1})


def test_speed_and_memory_of_a_corpus_known_by_counting_are_found():
    passes = pd.DataFrame({"workers": [1, 2], "hours": [48.0, 48.0], "seconds": [864.0, 480.0]})
    peaks = pd.DataFrame({"length": ["10 minutes", "1 hour", "4 hours"], "peak_mb": [400.0, 450.0, 500.0]})
    ways = [{"round": 0, "how": corpus.DASK, "seconds": 20.0}, {"round": 0, "how": corpus.PROCESSES, "seconds": 19.0}]
    values = report.corpus_values(passes, pd.DataFrame({"mb": [300.0, 550.0]}), peaks, pd.DataFrame(ways))
    expected = {"hours": 48, "one_worker": 200, "each_of_two": 180}
    expected |= {"memory_length": 1.25, "memory_peak": 550, "two_workers": 0.95}
    assert values == pytest.approx(expected)


def test_a_straight_line_and_what_lies_off_it_are_found():
    hours = {"10 minutes": 1 / 6, "1 hour": 1.0, "4 hours": 4.0}
    rows = pd.DataFrame([{"length": length, "hours": h, "seconds": 2 + 18 * h} for length, h in hours.items()])
    fit = report.line(rows)
    assert fit == pytest.approx({"slope": 18, "intercept": 2, "residual": 0, "four_hours": 18.5 / 30}, abs=1e-9)
    assert report.line(rows.assign(seconds=rows["hours"] ** 2))["residual"] > 0.1


def test_a_target_is_met_at_its_limit_and_missed_beyond_it():
    at_limit = {name: limit for name, (_, _, _, limit, _) in targets.TARGETS.items()}
    assert (targets.verdicts(at_limit)["met"] == "yes").all()
    beyond = {
        name: limit * (0.99 if relation == targets.AT_LEAST else 1.01)
        for name, (_, _, relation, limit, _) in targets.TARGETS.items()
    }
    assert (targets.verdicts(beyond)["met"] == "no").all()
    with pytest.raises(KeyError):
        targets.verdicts({})


def test_a_missed_target_is_said_plainly():
    kept = {name: limit for name, (_, _, _, limit, _) in targets.TARGETS.items()}
    assert report.summary(targets.verdicts(kept)) == "All 12 targets are met."
    said = report.summary(targets.verdicts(kept | {"memory_peak": 700}))
    assert said.startswith("11 of 12 targets are met. **Missed:**") and "700 MB, asked at most 600 MB" in said


def test_numbers_are_written_with_three_digits_that_count():
    written = {0.9341: "0.934", 2.506: "2.51", 41.27: "41.3", 1234.5: "1,234", 0: "0", 0.052: "0.0520", -0.5: "-0.500"}
    assert {value: targets.readable(value) for value in written} == written


def test_the_page_of_results_is_what_the_tables_give():
    names = ["excerpt", "features", "profile", "corpus", "memory", "lengths", "peaks", "processes", "speed"]
    tables = {name: committed(name) for name in names}
    values = report.values(tables)
    verdicts = targets.verdicts(values)
    pd.testing.assert_frame_equal(committed("targets"), verdicts)
    template = (measuring.HERE / "RESULTS.in.md").read_text(encoding="utf-8")
    words = report.words(tables | {"targets": verdicts}, values)
    assert {name for _, name, _, _ in string.Formatter().parse(template) if name} == set(words)
    assert (measuring.HERE / "RESULTS.md").read_text(encoding="utf-8") == template.format(**words)
    plt.close(report.draw(tables, values))


def test_every_target_is_met_in_what_is_committed():
    verdicts = committed("targets")
    assert len(verdicts) == len(targets.TARGETS) and (verdicts["met"] == "yes").all(), verdicts
