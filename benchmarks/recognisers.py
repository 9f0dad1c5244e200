"""The recognisers of lesson 05 on every turn of the show, and what they take in time and memory.

`make hear` writes what they hear, bench.py what they take. Prompts are heard where they are installed; their texts
have a licence of their own, so only rates of them are kept.

heard.csv   what each recogniser hears in each turn of the show, in each condition
wer.csv     word error rates by corpus, recogniser and condition, with 95 % intervals
speed.csv   seconds and peak memory, each the median of five processes; speed.json says on which machine
"""

from __future__ import annotations

import json
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from tempfile import TemporaryDirectory

import librosa
import numpy as np
import pandas as pd
import torch
import transformers
from episodes import join
from measuring import HERE, RUNS, in_a_new_process, peak_mb, seconds_of, write, write_machine
from packaged_whisper import write_for_transformers

from tutorial_helpers import corpora, data_prep
from tutorial_helpers.deep_learning import recognise, score
from tutorial_helpers.errors import TutorialError

transformers.utils.logging.disable_progress_bar()  # a bar on stderr for a file written in a blink

SEED = 20221106
IN_TRANSFORMERS = "tiny.en in transformers"
CASES = [
    ("pocketsphinx", "clean"),
    *(("tiny.en", condition) for condition in score.CONDITIONS),
    (IN_TRANSFORMERS, "clean"),
]
CHUNK = 40  # turns that a process hears before it takes others

PACKAGES = ["ctranslate2", "faster-whisper", "librosa", "pocketsphinx", "torch", "transformers"]

SEEDS = "the seed's wav2vec 2.0"
THREADS = 2  # for torch; Whisper in faster-whisper has recognise.WORKERS, PocketSphinx works on one


# what they hear


def usual_prompts(n: int = 120) -> pd.DataFrame:
    """English prompts whose text is a sentence or a few, as lesson 05 takes them; the voice does not speak a "*"."""
    prompts = corpora.spoken(corpora.load("prompts"))
    texts = prompts["text"].fillna("")
    usual = texts.str.split().str.len().between(4, 60) & ~texts.str.contains("[*#]")
    return prompts[usual].sample(n, random_state=SEED)


def hear(job: tuple[pd.DataFrame, str, str, str]) -> pd.DataFrame:
    """The rows of `recognise_segments`; folder: where the packaged Whisper lies as transformers reads it."""
    segments, recogniser, condition, folder = job
    model = folder if recogniser == IN_TRANSFORMERS else recogniser
    return score.recognise_segments(segments, recogniser=model, condition=condition).assign(recogniser=recogniser)


def hear_all(segments: pd.DataFrame, cases: list[tuple[str, str]]) -> pd.DataFrame:
    """All segments in all cases, one case after the other, on two processes: PocketSphinx holds Python's lock."""
    with TemporaryDirectory() as folder:
        in_a_new_process(write_for_transformers, Path(folder))
        jobs = [
            (segments[first : first + CHUNK], recogniser, condition, folder)
            for recogniser, condition in cases
            for first in range(0, len(segments), CHUNK)
        ]
        context = get_context("spawn")  # a fork of a process that has threads may hang
        with ProcessPoolExecutor(2, context, initializer=torch.set_num_threads, initargs=(1,)) as pool:
            return pd.concat(pool.map(hear, jobs))


def rates(heard: pd.DataFrame) -> pd.DataFrame:
    """Word error rates by recogniser and condition; recordings are drawn for the intervals."""
    by = ["recogniser", "condition"]
    return score.error_rates(heard, by, cluster="recording", rng=np.random.default_rng(SEED)).round(4)


def write_heard() -> None:
    turns = corpora.spoken(corpora.load("show"))
    heard = hear_all(turns, CASES)
    heard[["recogniser", "condition", "heard"]].to_csv(score.RECOGNISED_ON_SHOW)
    tables = {"show": rates(score.recognised_on_show(turns))}
    try:
        prompts = usual_prompts()
    except TutorialError as error:
        print(error)
    else:
        tables["prompts"] = rates(hear_all(prompts, [case for case in CASES if case[1] == "clean"]))
    table = pd.concat(tables, names=["corpus"])
    table.to_csv(HERE / "wer.csv")
    print(table.to_string())


# what they take


def untrained(config: transformers.Wav2Vec2Config) -> tuple:
    """A processor and a wav2vec 2.0 that computes as much as a trained one, and writes nonsense."""
    letters = ["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"]
    with TemporaryDirectory() as folder:
        vocabulary = Path(folder) / "vocab.json"
        vocabulary.write_text(json.dumps({letter: i for i, letter in enumerate(letters)}))
        tokenizer = transformers.Wav2Vec2CTCTokenizer(str(vocabulary))
    processor = transformers.Wav2Vec2Processor(transformers.Wav2Vec2FeatureExtractor(), tokenizer)
    return processor, transformers.Wav2Vec2ForCTC(config).eval()


def transcribe_as_the_seed(processor, model, path: str, seconds: float) -> list[str]:
    """The lines of the document that these lessons grew from, gradients and all.

    It transcribes 20 s at once, so a longer excerpt is many pieces of 20 s: every frame attends to every other, and ten
    minutes at once would need tens of gigabytes.
    """
    y, sr = librosa.load(path, sr=16_000, duration=seconds)
    texts = []
    for first in range(0, len(y), 20 * sr):
        inputs = processor(y[first : first + 20 * sr], sampling_rate=sr, return_tensors="pt", padding=True)
        outputs = model(inputs.input_values)
        predicted_ids = torch.argmax(outputs.logits, dim=-1)
        texts += processor.batch_decode(predicted_ids)
    return texts


def measure(recogniser: str, path: str, seconds: float, config: transformers.Wav2Vec2Config | None = None) -> dict:
    """How long a recogniser takes for a file, and the peak memory of this process, which is to be a new one.

    config: of the seed's model, which is wav2vec2-base-960h's in size where there is none.
    """
    torch.set_num_threads(THREADS)
    if recogniser == SEEDS:
        run = partial(transcribe_as_the_seed, *untrained(config or transformers.Wav2Vec2Config(vocab_size=32)))
    else:
        run = partial(transcribe_with, recogniser)
    run(path, 2.0)  # models are loaded, and libraries, and neither counts
    took = seconds_of(run, path, seconds)
    return {"seconds": took, "peak_mb": peak_mb()}


def transcribe_with(recogniser: str, path: str, seconds: float) -> pd.DataFrame:
    return recognise.transcribe_file(path, start=0, seconds=seconds, recogniser=recogniser)


def medians(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a measurement: medians, and how many times as fast as the seed's path it works through its sound.

    runs: rows of `measure` with `what`, the `recogniser` and `sound_seconds`.
    """
    by = runs.groupby(["what", "sound_seconds"], sort=False)
    table = by[["seconds", "peak_mb"]].median().assign(runs=by.size()).reset_index()
    table["times_real_time"] = table["sound_seconds"] / table["seconds"]
    table["ratio_to_seed"] = table["times_real_time"] / table.set_index("what")["times_real_time"][SEEDS]
    columns = ["what", "sound_seconds", "seconds", "times_real_time", "ratio_to_seed", "peak_mb", "runs"]
    return table[columns].round({"seconds": 2, "times_real_time": 2, "ratio_to_seed": 2, "peak_mb": 0})


def write_speed() -> None:
    source = corpora.load("show")
    pilot = corpora.pick(source, "").path
    with TemporaryDirectory() as folder:
        hour = f"{folder}/hour.mp3"
        join(pilot, 6, hour)
        in_a_new_process(write_for_transformers, Path(folder))
        cases = [  # what, recogniser, file, seconds
            (SEEDS, SEEDS, pilot, 600),
            ("tiny.en", "tiny.en", pilot, 600),
            ("tiny.en", "tiny.en", hour, 3600),
            (IN_TRANSFORMERS, folder, pilot, 120),
            ("pocketsphinx", "pocketsphinx", pilot, 120),
        ]
        runs = []
        for _ in range(RUNS):  # one after the other, so that whatever else the machine does falls on all
            for what, recogniser, path, seconds in cases:
                sound_seconds = round(min(seconds, data_prep.length(path)))
                measured = in_a_new_process(measure, recogniser, path, seconds)
                runs.append({"what": what, "sound_seconds": sound_seconds, **measured})
                print(runs[-1], flush=True)  # whether the machine was busy with something else shows in the spread
    table = medians(pd.DataFrame(runs))
    write("speed", table)
    write_machine("speed", PACKAGES)
    print(table.to_string(index=False))


if __name__ == "__main__":
    write_heard()
