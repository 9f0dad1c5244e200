# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
# # 06 Scaling up: from one episode to an archive
#
# **What you will do:** find out where the time goes in one episode, measure recordings that do not fit into memory,
# let several processes measure a year of the show, read the result back, and reckon what a thousand hours would cost.
#
# **What you will learn:** what makes work fast, what only looks fast, and when one computer over night is enough.
#
# **What you need:** lessons 01 and 03; for the last parts an idea of lesson 04.
#
# **Time:** {{TIME}}
#
# Words in links are explained in the [glossary](../site/glossary.md).

# %% tags=["parameters"]
corpus = "show"  # "show", "prompts", the path of a folder of recordings, or a manifest's address on the web
recording = ""  # a name from the corpus; empty takes the corpus's own choice
start = 0.0  # seconds: where the excerpt begins
minutes = 10.0  # how much of a recording is read at most
most_recordings = 100  # how many recordings are used at most where a lesson compares recordings
seed = 20221106  # everything random starts here
workers = 2  # how many processes measure at the same time
archive_hours = 1000.0  # the archive whose cost is reckoned at the end
cluster_cores = 64  # on this many cores
euros_per_core_hour = 0.05  # what a core costs for an hour where you rent it

# %%
import os
import shutil
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from unittest.mock import patch

import dask.dataframe as dd
import ipywidgets as widgets
import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import psutil
import pyarrow.parquet as pq
import soundfile
from dask.distributed import Client, get_task_stream

from tutorial_helpers import (
    cluster,
    corpora,
    data_prep,
    errors,
    exercises,
    features,
    plotting,
    representations,
    scaling_up,
    segments,
    voice,
)

plotting.use_style()

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
y = data_prep.read(episode.path, start=start, seconds=60 * minutes)
place = TemporaryDirectory()  # everything that this lesson writes goes here, and goes away with it
print(f"{episode.name}: {len(y) / sr:.0f} s at {sr:,} Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## A. Where the time goes
#
# Before you make anything faster, find out what is slow. A clock says something else every time: other programs run,
# files are fetched from disk or are there already. So what is compared takes turns, several rounds, and the medians
# are given, with the machine they were taken on (Hoefler and Belli 2015,
# [10.1145/2807591.2807644](https://doi.org/10.1145/2807591.2807644)). Times in this lesson are not compared with
# yours; they will differ. Look at ratios.


# %%
def timed(ways, rounds=3):
    taken = []
    for _ in range(rounds):
        for name, work in ways.items():  # in turn: a busy moment of the machine hits all of them
            began, busy = time.perf_counter(), time.process_time()
            work()
            taken.append((name, time.perf_counter() - began, time.process_time() - busy))
    return pd.DataFrame(taken, columns=["way", "seconds", "busy"]).groupby("way", sort=False).median()


# %% [markdown]
# ### Pitfall: timing the first call
#
# A first call loads libraries, compiles loops, fills tables that later calls find ready. Time it, and you have timed
# the start. For ten seconds of sound the start is most of it; for four hours it is nothing.

# %% tags=["pitfall"]
ten = y[: 10 * sr]
ways = {"table": lambda: features.frame_table(ten)}
first_call, later_calls = (timed(ways, rounds)["seconds"]["table"] for rounds in (1, 3))
print(f"naive: {first_call:.2f} s for {len(ten) / sr:.0f} s of sound, in the first call")
print(f"right: {later_calls:.2f} s in a later one, {first_call / later_calls:.0f} times less")

# %% [markdown]
# Now one stage after the other, for a minute of sound: decoding the file, one pass of the short-time Fourier
# transform, Praat's pitch, the whole table of lesson 03 (which has both in it), and writing the table. Beside the
# seconds on the clock stand those that processor [cores](../site/glossary.md#core) were busy, added up.

# %%
part = y[: 60 * sr]
table = features.frame_table(part)
stages = {
    "decode": lambda: data_prep.read(episode.path, start=start, seconds=len(part) / sr),
    "one Fourier pass": lambda: representations.magnitude(part),
    "pitch": lambda: voice.pitch(part),
    "whole table": lambda: features.frame_table(part),
    "write": lambda: table.to_parquet(Path(place.name) / "part.parquet"),
}
cost = timed(stages, rounds=5)
cost["times real time"] = len(part) / sr / cost["seconds"]
cost.round({"seconds": 3, "busy": 3, "times real time": 0})

# %% [markdown]
# "Times real time" ([real-time factor](../site/glossary.md#real-time-factor)): how many seconds of sound are done in a
# second. In the figure, look for the longest bar. Speeding up a short one gains nothing.

# %%
bars = cost["seconds"].drop("whole table")
bars["all other measures"] = max(cost["seconds"]["whole table"] - bars["one Fourier pass"] - bars["pitch"], 0)
bars = bars[["decode", "one Fourier pass", "pitch", "all other measures", "write"]]
shares = bars / bars.sum()
fig, ax = plt.subplots(figsize=(10, 3.4))
colours = [plotting.BLUE if share == shares.max() else plotting.GREY for share in shares]
ax.barh(shares.index[::-1], shares[::-1], color=colours[::-1])
ax.set(xlabel="Share of the time", title=f"Longest here: {shares.idxmax()}, {shares.max():.0%} of the time")
plotting.show(fig, alt="Shares of the time of decoding, one Fourier pass, pitch, all other measures, and writing.")

# %% [markdown]
# Where the seconds busy are more than those on the clock, a stage uses several cores by itself; Praat does, if they
# are free. What is shared out already cannot be shared out again: remember it in part C.

# %% [markdown]
# ### Pitfall: one call a feature
#
# Five spectral features, five calls from the samples: each call makes the same Fourier transform anew. How often, can
# be counted. We put a counter in front of librosa's `stft` and call both ways. Given the magnitudes `S`, the calls
# share one pass.


# %% tags=["pitfall"]
def from_samples(y):
    grid = {"y": y, "sr": sr, "n_fft": representations.N_FFT, "hop_length": representations.HOP_LENGTH}
    centroid, rolloff = librosa.feature.spectral_centroid(**grid), librosa.feature.spectral_rolloff(**grid)
    contrast = librosa.feature.spectral_contrast(**grid, n_bands=5)
    mel, chroma = librosa.feature.melspectrogram(**grid), librosa.feature.chroma_stft(**grid, tuning=0.0)
    return np.concatenate([centroid, rolloff, contrast, mel, chroma])


def from_one_pass(y):
    S = np.abs(librosa.stft(y, n_fft=representations.N_FFT, hop_length=representations.HOP_LENGTH))
    centroid, rolloff = librosa.feature.spectral_centroid(S=S, sr=sr), librosa.feature.spectral_rolloff(S=S, sr=sr)
    contrast = librosa.feature.spectral_contrast(S=S, sr=sr, n_bands=5)
    mel, chroma = librosa.feature.melspectrogram(S=S**2, sr=sr), librosa.feature.chroma_stft(S=S**2, sr=sr, tuning=0.0)
    return np.concatenate([centroid, rolloff, contrast, mel, chroma])


passes, results = {}, {}
for name, way in (("naive", from_samples), ("right", from_one_pass)):
    with patch("librosa.core.spectrum.stft", wraps=librosa.stft) as inside, patch("librosa.stft", inside):
        results[name] = way(ten)
    passes[name] = inside.call_count
print(f"naive: {passes['naive']} Fourier transforms of the same samples   right: {passes['right']}")
print(f"the same numbers: {np.allclose(results['naive'], results['right'], rtol=1e-3, atol=1e-3)}")
# NBVAL_CHECK_OUTPUT

# %%
both = timed({"calls": lambda: from_samples(part), "pass": lambda: from_one_pass(part)})["seconds"]
print(f"one pass is {both['calls'] / both['pass']:.1f} times as fast as one call a feature")

# %% [markdown]
# Not five times, for the transform is not all of the work. `features.frame_table` goes further on the same road: it
# makes one pass and takes all of its columns from it but pitch.

# %% [markdown]
# ## B. Recordings that do not fit into memory
#
# A file of four hours is small on disk, for mp3 keeps about a twentieth. Measuring needs samples. What they take can
# be reckoned before anything is opened.

# %%
four_hours = 4 * 3600
sizes = {
    "the file: mp3 at 128 kb/s": four_hours * 128_000 / 8,
    "its samples: 44.1 kHz, stereo, float32": four_hours * 44_100 * 2 * 4,
    "at 16 kHz, mono": four_hours * 16_000 * 4,
    "magnitudes of all frames": four_hours * 100 * (representations.N_FFT // 2 + 1) * 4,
    "the table of all features": four_hours * 100 * table.memory_usage(index=False).sum() / len(table),
}
for name, size in sizes.items():
    print(f"{name}: {size / 1e9:.2f} GB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Added up, "the whole four hours at once" takes more than eight gigabytes before a single feature is there, and most
# steps need copies.

# %% [markdown]
# ### Exercise 06.1: reckon before you load
#
# Write a function `answer(hours, sr, channels)`. It returns how many gigabytes (1e9 bytes) the samples of a recording
# take in memory as `float32`, four bytes each; `sr` is in Hz, and each channel has samples of its own.

# %% tags=["stub"]
answer = ...
print(exercises.check("06.1", answer))


# %% tags=["solution"]
def answer(hours, sr, channels):
    return hours * 3600 * sr * channels * 4 / 1e9


print(exercises.check("06.1", answer))

# %% [markdown]
# ### Pitfall: load all, then take a slice
#
# You want ten seconds, load everything and take a slice. The slice looks small. But in NumPy a slice is a view of the
# old array: as long as you keep it, the whole array stays in memory. How much that is, `base` tells.

# %% tags=["pitfall"]
sliced = data_prep.read(episode.path, seconds=60 * minutes)[: 10 * sr]
only = data_prep.read(episode.path, seconds=10)
print(f"naive: {sliced.nbytes / 1e6:.2f} MB are shown, {sliced.base.nbytes / 1e6:.2f} MB are kept")
print(f"right: {only.nbytes / 1e6:.2f} MB are read and kept")
print(f"the same samples, but for the last 10 ms: {np.allclose(sliced[: -sr // 100], only[: -sr // 100], atol=1e-4)}")
del sliced  # the whole array goes with its last view
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# So work in [blocks](../site/glossary.md#block): read two minutes, measure, put the result away, take the next two.
# Then memory depends on the block and no longer on the recording. `features.frames_of_file` does that: it gives one
# table after the other. Here we keep them all, to compare them with the table of the whole.
#
# First we choose what is measured in the rest of the lesson: recordings until an hour of sound is together, and of
# each the first `minutes`. On the show that is all. Yours may be long, and a lesson should end while you wait.


# %%
def seconds_in(path):
    try:
        return data_prep.length(path)
    except errors.TutorialError:
        return 0.0  # what cannot be read stays in: part F shows what becomes of it


names = source.recordings.index.drop(episode.name).to_series()
names = [episode.name, *names.sample(min(len(names), most_recordings - 1), random_state=seed).sort_index()]
chosen = source.recordings.loc[names]
chosen = chosen.assign(seconds=[min(seconds_in(path), 60 * minutes) for path in chosen["path"]])
chosen = chosen[chosen["seconds"].cumsum() - chosen["seconds"] < 3600].sort_index()
for i, (name, row) in enumerate(chosen.iterrows()):
    if seconds_in(row["path"]) > 60 * minutes:
        cut = Path(place.name) / f"cut-{i}.flac"
        soundfile.write(cut, data_prep.read(row["path"], seconds=60 * minutes), sr)
        chosen.loc[name, "path"] = str(cut)
print(f"{len(chosen)} recordings, {chosen['seconds'].sum() / 60:.0f} minutes")
# NBVAL_CHECK_OUTPUT

# %%
path = chosen.loc[episode.name, "path"]
whole = features.frame_table(data_prep.read(path))
busy = time.process_time()
parts = list(features.frames_of_file(path))
busy = time.process_time() - busy  # seconds of a core; part G needs them
in_blocks = pd.concat(parts, ignore_index=True)

numbers = whole.select_dtypes("number").columns
equal = np.allclose(whole[numbers], in_blocks[numbers], rtol=1e-3, atol=1e-3, equal_nan=True)
print(f"{len(parts)} blocks, {len(in_blocks):,} rows; at once: {len(whole):,} rows")
print(f"the same numbers in blocks as at once: {equal}")
print(f"voiced in the same frames: {(whole['voiced'] == in_blocks['voiced']).all()}")
f0_of_episode = in_blocks["f0"]
del whole, in_blocks, parts  # memory is for the workers now
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nobody hears where a block begins, and nothing in the table shows it. Here are the eight seconds around such a place,
# or the recording's first, where it is shorter than a block.

# %% tags=["player"]
around = data_prep.read(path, start=116 if len(f0_of_episode) > 12_500 else 0, seconds=8)
plotting.player(around, sr)

# %% [markdown]
# ### Pitfall: blocks without margins
#
# Why not just cut the samples and measure each piece? Because a window at the edge looks into nothing, pitch is found
# with an eye on its neighbours, and whoever counts semitones from the median takes that of the piece, not of the
# recording. Four pieces of a quarter of a minute, set beside the whole minute:

# %% tags=["pitfall"]
piece = max(len(part) // 4, 2 * representations.N_FFT)
pieces = [features.frame_table(part[first : first + piece]) for first in range(0, len(part) - piece + 1, piece)]
naive = pd.concat(pieces, ignore_index=True)
medians = [table["f0"].median() for table in pieces]
apart = 12 * np.log2(np.nanmax(medians) / np.nanmin(medians))
print(f"naive: {len(naive):,} rows, and 0 semitones means {np.nanmin(medians):.0f} to {np.nanmax(medians):.0f} Hz")
print(f"right: {len(table):,} rows, and 0 semitones means {table['f0'].median():.0f} Hz")
print(f"what is called 0 differs by up to {apart:.1f} semitones between pieces")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# On the show: three rows too many, so that the clock runs wrong from the second piece on, and several semitones
# between what two pieces call zero. Whoever speaks most in a piece sets its scale.

# %% [markdown]
# ### Pitfall: each block its own reference
#
# The same mistake in decibels: `ref=np.max` sets the loudest frame of what it is given to 0 dB. Given pieces, it makes
# each of them equally loud.

# %% tags=["pitfall"]
rms = [librosa.feature.rms(y=part[first : first + piece])[0] for first in range(0, len(part) - piece + 1, piece)]
own = [librosa.amplitude_to_db(one, ref=np.max).max() for one in rms]
loudest = max(one.max() for one in rms)
shared = [librosa.amplitude_to_db(one, ref=loudest).max() for one in rms]
print("loudest frame of each piece, naive:", *(f"{db:.0f}" for db in own), "dB")
print("loudest frame of each piece, right:", *(f"{db + 0.0:.0f}" for db in np.round(shared)), "dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Exercise 06.2: how far must a block look?
#
# A block is to give the [frames](../site/glossary.md#frame) from number `first` up to, but without, number `last`.
# Frame `i` is centred on sample `i * hop_length`, and its [window](../site/glossary.md#window) has `n_fft` samples, an
# even number. Write a function `answer(first, last, hop_length, n_fft)` that returns two numbers: the sample at which
# reading has to begin, and the one before which it may stop.

# %% tags=["stub"]
answer = ...
print(exercises.check("06.2", answer))


# %% tags=["solution"]
def answer(first, last, hop_length, n_fft):
    return first * hop_length - n_fft // 2, (last - 1) * hop_length + n_fft // 2


print(exercises.check("06.2", answer))

# %% [markdown]
# ## C. Several at a time
#
# Recordings do not need each other, so several can be measured at once. How much is gained? Say that on one
# [worker](../site/glossary.md#worker) a job takes a time of 1, of which a share `s` has to happen one thing after the
# other. The rest is shared out among `w` workers: `s + (1 - s) / w` is left. That is [Amdahl's
# law](../site/glossary.md#amdahls-law) (Amdahl 1967,
# [10.1145/1465482.1465560](https://doi.org/10.1145/1465482.1465560)). A known answer first: a job that only sleeps, a
# fifth of it alone.

# %%
planted, whole_job, pieces_of_job = 0.2, 0.4, 16  # share, seconds, number


def sleep_through(workers):
    time.sleep(planted * whole_job)  # what only one can do
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(time.sleep, [(1 - planted) * whole_job / pieces_of_job] * pieces_of_job))


crowd = np.array([1, 2, 4, 8, 16])
left = timed({w: partial(sleep_through, w) for w in crowd}, rounds=1)["seconds"].to_numpy()
left = left / left[0]
estimated = np.sum((left - 1 / crowd) * (1 - 1 / crowd)) / np.sum((1 - 1 / crowd) ** 2)  # least squares
print(f"serial share:  planted {planted:.2f}   estimated {estimated:.2f}")

# %% [markdown]
# Now turn the share down, and the number of cores up. Look at the title: how much of what you pay for works?

# %% [markdown]
# ### Turn the knob: Amdahl's law
#
# The dotted line is what one would hope for: twice the cores, half the time. Blue is the law with your share.

# %% tags=["knob"]
cores = 2.0 ** np.arange(0, 11)


def draw_speedup(share, n):
    fig, ax = plt.subplots(figsize=(9, 4.6))
    ax.loglog(cores, cores, ":", color=plotting.GREY, base=2)
    ax.loglog(cores, 1 / (share + (1 - share) / cores), color=plotting.BLUE, base=2)
    faster = 1 / (share + (1 - share) / n)
    ax.plot(n, faster, "o", color=plotting.RED, markersize=10)
    ticks = [1, 4, 16, 64, 256, 1024]
    ax.set_xticks(ticks, ticks)
    ax.set_yticks(ticks, ticks)
    ax.set(xlabel="Cores", ylabel="Times as fast", xlim=(1, 1024), ylim=(1, 1024))
    ax.set_title(f"{n} cores are {faster:.1f} times as fast as one: {faster / n:.0%} of them work")
    return fig


plotting.knob(
    draw_speedup,
    alt="How many times as fast against the number of cores: a line that bends and levels off at 1 over the share.",
    share=widgets.SelectionSlider(
        options=[0.0, 0.001, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5], value=0.05, description="Serial share"
    ),
    n=widgets.SelectionSlider(options=[1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024], value=64, description="Cores"),
)

# %% [markdown]
# One part in twenty that cannot be shared out, and of 64 cores 15 work. However many you add, it will never be more
# than 20 times as fast: 1 / 0.05.

# %% [markdown]
# ### Exercise 06.3: what stays serial?
#
# A job took `one` seconds on one worker and `many` seconds on `workers` of them. Write a function `answer(one, many,
# workers)` that returns the serial share `s` by Amdahl's law, between 0 and 1.

# %% tags=["stub"]
answer = ...
print(exercises.check("06.3", answer))


# %% tags=["solution"]
def answer(one, many, workers):
    return (many / one - 1 / workers) / (1 - 1 / workers)


print(exercises.check("06.3", answer))

# %% [markdown]
# Our workers are [processes](../site/glossary.md#process), and Dask hands out the work (Rocklin 2015,
# [10.25080/Majora-7b98e3ed-013](https://doi.org/10.25080/Majora-7b98e3ed-013)). A
# [scheduler](../site/glossary.md#scheduler) keeps the list of what is to be done; each worker takes the next piece
# when it is free. `cluster.local_cluster` starts them (`LocalCluster` of Dask, with a thread a worker). All of it
# stays on this computer: `127.0.0.1` is an address that no other can reach.

# %%
client = Client(cluster.local_cluster(workers))
print(f"{len(client.scheduler_info()['workers'])} workers with one thread each")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# `client.dashboard_link` is the address of a page that shows what each worker does while it does it. Open it in a
# second window before you start something long.

# %% [markdown]
# ### Pitfall: threads where Python keeps a lock
#
# [Threads](../site/glossary.md#thread) of one process are cheaper to start than processes. But only one of them may
# run Python at a time: the interpreter has a lock. A loop in Python gains nothing from a second thread; a second
# process has a lock of its own. (NumPy and the Fourier transform let go of the lock while they work. Your own loops do
# not.)


# %% tags=["pitfall"]
def crossings(path):
    samples = data_prep.read(path, seconds=30).tolist()
    return sum((before < 0) != (after < 0) for before, after in zip(samples, samples[1:], strict=False))


jobs = [path] * 4
client.gather(client.map(crossings, jobs, pure=False))  # the first call loads the libraries
with ThreadPoolExecutor(workers) as pool:
    ways = {
        "one": lambda: [crossings(job) for job in jobs],
        "threads": lambda: list(pool.map(crossings, jobs)),
        "processes": lambda: client.gather(client.map(crossings, jobs, pure=False)),
    }
    took = timed(ways, rounds=5)["seconds"]
print(f"naive: {workers} threads are {took['one'] / took['threads']:.1f} times as fast as one")
print(f"right: {workers} processes are {took['one'] / took['processes']:.1f} times as fast as one")

# %% [markdown]
# ### Pitfall: every worker its own crowd
#
# The libraries under NumPy also split large products of matrices among threads, by default as many as there are cores.
# With a worker for each core, a computer of 64 cores then runs 64 times 64 threads, which mostly wait for each other.
# Dask tells its workers to use one; ask them.

# %% tags=["pitfall"]
told = set(client.run(lambda: os.environ.get("OMP_NUM_THREADS")).values())
print(f"naive: {cluster_cores} workers x {cluster_cores} threads = {cluster_cores**2:,} threads")
print(f"right: {cluster_cores} workers x {', '.join(told)} thread = {cluster_cores * int(min(told)):,}, as told here")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Now the year of the show. `scaling_up.extract` gives each recording to a worker, which reads it, measures it in
# blocks and writes two files: its frames and its summary. Only names and paths travel between processes, never sound.
# The line before it records who did what when.

# %%
out = Path(place.name) / "dataset"
with get_task_stream(client) as stream:
    began = time.perf_counter()
    report = scaling_up.extract(chosen, out, client=client)
    took = time.perf_counter() - began

# %%
states = report["status"].value_counts()
print(f"{len(report)} recordings asked for, {states.get('done', 0)} done, {states.get('failed', 0)} failed")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the figure each bar is a recording, each row a worker. Look for white: there a worker waits. The largest file goes
# first. Were it last, all others would wait for it.

# %%
spans = [
    (task["worker"], step["start"], step["stop"] - step["start"])
    for task in stream.data
    for step in task["startstops"]
    if step["action"] == "compute"
]
spans = pd.DataFrame(spans, columns=["worker", "begin", "seconds"])
spans["begin"] -= spans["begin"].min()
worked = spans["seconds"].sum()
serial = float(np.clip((took / worked - 1 / workers) / (1 - 1 / workers), 0, 1)) if workers > 1 else 0.0

fig, ax = plt.subplots(figsize=(10, 2.8))
for row, (_, mine) in enumerate(spans.groupby("worker")):
    ax.barh(row, mine["seconds"], left=mine["begin"], color=plotting.BLUE, edgecolor="white")
ax.set_yticks(range(spans["worker"].nunique()), [f"worker {i + 1}" for i in range(spans["worker"].nunique())])
ax.set(xlabel="Time (s)", title=f"{workers} workers were busy {worked / took / workers:.0%} of the time")
plotting.show(fig, alt="Two rows of bars over time, one bar a recording: first a long one, then many short ones.")

# %%
audio = chosen["seconds"].sum()
print(f"{audio / took:.0f} times real time with {workers} workers; serial share, by Amdahl's law: {serial:.2f}")
memory = client.run(lambda: psutil.Process().memory_info().rss)
print("memory of each worker now:", *(f"{used / 1e6:.0f} MB" for used in memory.values()))

# %% [markdown]
# The share is that of this short run: a scheduler that plans a minute of work is serial for a good part of it. In a
# run of hours it goes towards nothing, until something else becomes the bottleneck. Part G uses it, and says where it
# must not be believed.

# %% [markdown]
# ## D. Reading the result
#
# The dataset is a folder of [Parquet](../site/glossary.md#parquet) files, one a recording. It can be read by pandas,
# R, DuckDB and others. Recordings first: a table that fits anywhere.

# %%
per_recording = pd.read_parquet(out / "recordings")
per_recording[["recording", "f0", "level", "rate", "seconds", "voiced"]].head().round(2)

# %% [markdown]
# Then frames, of one recording and three columns. A Parquet file keeps with its columns from where to where their
# values go, so files of other recordings are passed over unread.

# %%
wanted = ["recording", "time", "f0", "level"]
few = pd.read_parquet(out / "frames", columns=wanted, filters=[("recording", "==", episode.name)])
print(f"{len(few):,} rows and {few.shape[1]} columns of {episode.name}")
print(f"as measured above: {np.allclose(few['f0'], f0_of_episode, rtol=1e-3, equal_nan=True)}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: reading every column
#
# Out of habit one reads the file and then picks three columns. Parquet keeps columns apart, so those that you do not
# name cost nothing.

# %% tags=["pitfall"]
one = sorted((out / "frames").glob("*.parquet"))[-1]
everything, needed = pd.read_parquet(one), pd.read_parquet(one, columns=["time", "f0", "voiced"])
megabytes = [table.memory_usage(index=False).sum() / 1e6 for table in (everything, needed)]
print(f"naive: {everything.shape[1]} columns, {megabytes[0] / megabytes[1]:.0f} times the memory")
print(f"right: {needed.shape[1]} columns, the same f0: {everything['f0'].equals(needed['f0'])}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: CSV
#
# A CSV is read by everything, and knows only text. It is larger, and types are guessed when it is read again: an
# episode called 001 comes back as the number 1, and no longer matches your table of guests.

# %% tags=["pitfall"]
named = few.assign(recording="001")
named.to_csv(Path(place.name) / "few.csv", index=False)
named.to_parquet(Path(place.name) / "few.parquet", index=False)
csv, parquet = pd.read_csv(Path(place.name) / "few.csv"), pd.read_parquet(Path(place.name) / "few.parquet")
sizes = [(Path(place.name) / f"few.{suffix}").stat().st_size for suffix in ("csv", "parquet")]
print(f"naive: the recording is called {csv['recording'].iloc[0]}")
print(f"right: the recording is called {parquet['recording'].iloc[0]}, and the file is smaller: {sizes[1] < sizes[0]}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Frames of a thousand hours do not fit into memory. Dask's table looks like one of pandas, and is a plan: nothing is
# read before `compute`. Then each worker reads files, columns that are needed only, and sends back sums and counts.

# %%
frames = dd.read_parquet(out / "frames", columns=["recording", "level"])
plan = frames.groupby("recording")["level"].mean()
by_dask = plan.compute().sort_index()

everything = pd.read_parquet(out / "frames", columns=["recording", "level", "f0"])
by_pandas = everything.groupby("recording")["level"].mean().sort_index()
print(f"{len(everything):,} frames of {len(by_dask)} recordings")
same = list(by_dask.index) == list(by_pandas.index) and np.allclose(by_dask, by_pandas, atol=1e-3)
print(f"Dask and pandas give the same means: {same}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: the mean of means
#
# How high are the voices of a corpus? Each recording has its mean F0, and the mean of these is not the mean of the
# frames where recordings differ in length: five minutes have the say of four hours. Weigh each by its frames. (Where
# recordings are what you sample, as in lesson 04, the plain mean may be what you want. Know which one it is.) Two
# planted recordings first, then the corpus.

# %% tags=["pitfall"]
pair = pd.DataFrame({"mean": [120.0, 220.0], "size": [4 * 3600, 300]}, index=["four hours", "five minutes"])
heard = everything.dropna().groupby("recording")["f0"].agg(["mean", "size"])
for name, means in {"planted": pair, "corpus": heard}.items():
    naive, right = means["mean"].mean(), np.average(means["mean"], weights=means["size"])
    print(f"{name}: mean F0  naive: {naive:.1f} Hz   right: {right:.1f} Hz")
print(f"of the corpus's frames themselves: {everything['f0'].mean():.1f} Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# On the show it is one hertz, because its episodes are alike. Nothing promises that of yours.

# %% [markdown]
# ### Exercise 06.4: a mean from parts
#
# Each worker sends back one row a recording: `frames`, the number of its voiced frames, and `mean`, their mean F0 in
# Hz. In a recording without a voice `frames` is 0 and `mean` is missing (NaN). Write a function `answer(parts)` of
# that table that returns the mean F0 over all voiced frames.

# %% tags=["stub"]
answer = ...
print(exercises.check("06.4", answer))


# %% tags=["solution"]
def answer(parts):
    heard = parts[parts["frames"] > 0]
    return np.average(heard["mean"], weights=heard["frames"])


print(exercises.check("06.4", answer))

# %% [markdown]
# ## E. A year of the show
#
# What is it good for? From frames and the table of turns, the pitch of host and co-host in each week: the median F0 of
# the frames in which nobody else is heard. A median, unlike a mean, needs all its rows in one place. They are: a file
# is a [partition](../site/glossary.md#partition) of Dask's table, and a recording is never split. So each worker takes
# the medians of its files, and only those travel.

# %%
turns = None if source.truth is None else source.turns


def medians_of(frames):
    here = turns[turns["recording"].isin(frames["recording"]) & turns["speaker"].isin(["host", "cohost"])]
    table = segments.measure(frames, here, turns=turns, by=["recording", "speaker"])
    return table.astype({"recording": object, "speaker": object})[["recording", "speaker", "semitones"]]


if turns is not None:
    few_columns = ["recording", "time", "f0", "voiced", "level"]
    tracks = dd.read_parquet(out / "frames", columns=few_columns, split_row_groups=False)
    empty = pd.DataFrame({"recording": [], "speaker": [], "semitones": []})
    empty = empty.astype({"recording": object, "speaker": object, "semitones": float})
    weekly = tracks.map_partitions(medians_of, meta=empty).compute()
    weekly = weekly.pivot(index="recording", columns="speaker", values="semitones").join(chosen[["date", "treated"]])
    weekly = weekly.dropna().sort_values("date")  # without the pilot, which is neither before nor after
    print(f"{len(weekly)} weeks, {len(weekly.columns) - 2} voices")
else:
    print("Who speaks when is not known in this corpus, so voices cannot be told apart; levels can.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Above, the level of each recording (on the show, the first is the pilot's); below, on the show, the two voices. The
# event is known to lie at the dashed line. Look for what jumps there, what climbs all year, and what does neither.

# %%
levels = per_recording.set_index("recording")["level"].reindex(chosen.index)
dated = chosen["date"].notna().sum() > 2
when = chosen["date"] if dated else pd.Series(range(len(chosen)), chosen.index)
fig, axes = plt.subplots(1 + (turns is not None), 1, figsize=(10, 3.2 * (1 + (turns is not None))), sharex=True)
axes = np.atleast_1d(axes)
axes[0].plot(when, levels, "o", color=plotting.GREY)
axes[0].set(
    ylabel="Level (dB)", title=f"Level of {levels.count()} recordings: {levels.min():.0f} to {levels.max():.0f} dB"
)
axes[-1].set_xlabel("Date" if dated else "Recording")
if turns is not None:
    event = weekly.loc[weekly["treated"].astype(bool), "date"].min()
    for speaker, colour in (("host", plotting.BLUE), ("cohost", plotting.ORANGE)):
        axes[1].plot(weekly["date"], weekly[speaker], "o-", color=colour, label=speaker)
    for ax in axes:
        ax.axvline(event, color=plotting.GREY, linestyle="--", zorder=0)
    axes[1].set(ylabel="Median F0 (semitones)", title="The host's pitch jumps at the event, the co-host's does not")
    axes[1].legend(loc="center right")
plotting.show(
    fig, alt="Level of each recording over the year; below, weekly pitch of host and co-host, one with a jump."
)

# %% [markdown]
# The show was made, so what its makers put in is known. It is read here and nowhere above.

# %%
if source.truth is not None:
    value = source.truth["values"]["value"]
    planted_weeks = source.truth["weeks"].set_index("recording").loc[weekly.index]
    after = weekly["treated"].astype(bool)
    jumps = weekly.loc[after, ["host", "cohost"]].mean() - weekly.loc[~after, ["host", "cohost"]].mean()
    climb = np.polyfit((weekly["date"] - weekly["date"].min()).dt.days / 7, levels[weekly.index], 1)[0]
    in_week = planted_weeks["host_wander"] + value["host_pitch"] * after
    off = (weekly["host"] - weekly["host"].mean()) - (in_week - in_week.mean())
    beside = pd.DataFrame(
        {
            "host's pitch at the event (semitones)": (value["host_pitch"], jumps["host"]),
            "co-host's pitch at the event (semitones)": (value["cohost_pitch"], jumps["cohost"]),
            "level (dB a week)": (value["level_trend"], climb),
            "host's pitch, a single week: how far off (semitones)": (0, off.abs().mean()),
        },
        index=["planted", "estimated"],
    ).T
else:
    print("Nothing is planted in these recordings, so there is nothing to compare with.")
beside.round(2) if source.truth is not None else None

# %%
if source.truth is not None:
    for name, row in beside.iloc[:2].iterrows():
        print(f"{name}: planted {row['planted']:.1f}, estimated {row['estimated']:.1f}")
    print(f"level: within 0.02 dB a week of what was planted: {abs(climb - value['level_trend']) < 0.02}")
    print(f"the host's pitch in a single week is off by less than 0.1 semitones: {off.abs().mean() < 0.1}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# What lesson 04 found from single turns comes back from the dataset. It is a description of this show. An interval,
# and what it may be claimed for, is a matter of the design: two hosts stay two hosts, however many frames they fill.

# %% [markdown]
# ## F. When something is broken
#
# In a thousand recordings some are broken, and you find out at three in the morning. A download that failed leaves a
# web page that is called mp3; a disk that was full leaves a file of no bytes. We make one of each, beside two good
# recordings.

# %%
folder = Path(place.name) / "fragile"
folder.mkdir()
models = np.resize(chosen.loc[levels.notna(), "seconds"].nsmallest(4).index, 4)  # four short ones that can be read
fragile = pd.DataFrame(index=[f"episode-{i}" for i in range(4)])
fragile["good"] = chosen.loc[models, "path"].to_list()
fragile["path"] = [str(folder / (name + Path(good).suffix)) for name, good in fragile["good"].items()]
for row in fragile.itertuples():
    shutil.copy(row.good, row.path)
Path(fragile["path"].iloc[2]).write_bytes(b"<html><title>404 Not Found</title></html>")
Path(fragile["path"].iloc[3]).write_bytes(b"")

states = scaling_up.extract(fragile, folder / "dataset", client=client)["status"].value_counts()
print(f"of {len(fragile)} recordings {states.get('done', 0)} are done and {states.get('failed', 0)} failed")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The run went on, and the failures are a table of the dataset: which recording, which file, and why.

# %%
failures = pd.read_parquet(folder / "dataset" / "failures.parquet")
for failure in failures.itertuples():
    print(f"{failure.recording}: {failure.reason}")

# %% [markdown]
# Mend them and call the same line again. What is complete stays as it is; only the mended ones are measured. It is the
# same after a power cut, or if you press stop: a recording whose summary is there is complete, and all others are done
# anew.

# %%
for row in fragile.iloc[2:].itertuples():
    shutil.copy(row.good, row.path)
states = scaling_up.extract(fragile, folder / "dataset", client=client)["status"].value_counts()
failures = pd.read_parquet(folder / "dataset" / "failures.parquet")
print(f"{states.get('there', 0)} were there, {states.get('done', 0)} are done; {len(failures)} failures are left")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: `except: continue`
#
# The loop often seen goes on quietly when something fails. Say that a program cannot take large files, and fails on
# the larger half of these. The loop reports a mean of what is left. But large files were not drawn by lot: on the
# show, those of the months on FM have twice the bit rate.

# %% tags=["pitfall"]
bytes_of = pd.Series([Path(path).stat().st_size for path in chosen["path"]], chosen.index)
limit = bytes_of.median()
group = chosen["group"].fillna("all").astype(str)

survivors = []
for name in levels.dropna().index:
    try:
        if bytes_of[name] > limit:
            raise MemoryError(name)
        survivors.append(name)
    except Exception:  # this is the mistake
        continue
print(f"naive: mean level {levels[survivors].mean():.1f} dB")
print(f"right: mean level {levels.mean():.1f} dB; without the failed ones n is {len(survivors)}, not {levels.count()}:")
for name, mine in levels.dropna().groupby(group):
    print(f"       {name}: {len(mine.index.difference(survivors))} of {len(mine)} failed")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The naive number belongs to another population, and no line of output says so. Count what arrived, by group, before
# you look at any estimate.

# %% [markdown]
# ### Exercise 06.5: who is missing?
#
# `asked` is a table of recordings, its index their names, with a column `group`. `done` is a list of the names found
# in a dataset; it may hold names that you did not ask for. Write a function `answer(asked, done)` that returns, for
# each group in the order of their names, the share of its recordings that is missing. A pandas Series will do.

# %% tags=["stub"]
answer = ...
print(exercises.check("06.5", answer))


# %% tags=["solution"]
def answer(asked, done):
    missing = ~asked.index.isin(done)
    return asked.assign(missing=missing).groupby("group")["missing"].mean()


print(exercises.check("06.5", answer))

# %% [markdown]
# ## G. What a thousand hours cost
#
# All of it can be reckoned from what this lesson measured: core-seconds for a second of sound, bytes a frame on disk,
# memory of a worker. Disk first; it hardly depends on the machine.

# %%
files = sorted((out / "frames").glob("*.parquet"))
rows = sum(pq.read_metadata(file).num_rows for file in files)
bytes_a_frame = sum(file.stat().st_size for file in files) / rows
print(f"{rows:,} frames, about {round(bytes_a_frame, -1):.0f} bytes each")
print(f"{archive_hours:,.0f} hours: about {archive_hours * 360_000 * bytes_a_frame / 1e9:.0f} GB of frames")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Then time and money. Cores count by the time that they are busy, so we take what the processor's clock said in part
# B, for one recording, and the serial share of part C.

# %%
core_hours = archive_hours * busy / (len(f0_of_episode) / 100)  # a frame comes every 10 ms

n = np.array(sorted({1, 2, 8, cluster_cores}))
as_measured, without = (core_hours * (share + (1 - share) / n) for share in (serial, 0.0))
pd.DataFrame(
    {
        "hours, serial share 0": without,
        f"hours, serial share {serial:.2f}": as_measured,
        "GB of memory": n * max(memory.values()) / 1e9,
        "euros, if paid by the hour": n * as_measured * euros_per_core_hour,
    },
    index=pd.Index(n, name="cores"),
).round(1)

# %% [markdown]
# Read the first two columns as limits. A share from a run of seconds is mostly start-up, which an archive pays once,
# so the truth lies near the first. To know it, measure some hundred recordings, and look again. In any case the last
# column tells that cores that wait are paid as well.

# %% [markdown]
# ## H. When not to
#
# **One computer over night.** Look at the row for two cores. If a night is enough, no cluster is needed: renting,
# installing and explaining one takes longer.
#
# **When reading is the bottleneck.** Files have to come from somewhere. Ask how long that takes by itself: no core
# makes it shorter.

# %%
archive_bytes = archive_hours * 3600 * 128_000 / 8  # mp3 at 128 kb/s
for name, bits in (("a network of 100 Mb/s", 1e8), ("a network of 1 Gb/s", 1e9), ("a disk of 500 MB/s", 4e9)):
    print(f"{archive_bytes / 1e9:.0f} GB through {name}: {archive_bytes * 8 / bits / 60:.0f} minutes")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# **When fewer recordings answer the question.** The interval of a mean shrinks with the root of the number of
# recordings (or of speakers), not of frames: lesson 04. Here is its half-width for the speech rate, from the spread
# between our own recordings. How narrow does your question need it?

# %%
spread = per_recording["rate"].std()
if np.isnan(spread):
    print("This needs the speech rate of two recordings or more.")
else:
    for n_recordings in (25, 100, 10_000):
        half = 1.96 * spread / np.sqrt(n_recordings)
        print(f"{n_recordings:,} recordings: {half:.3f} syllables a second to each side")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# **When voices must not travel.** A rented cluster is somebody else's computer. Recordings of people who did not agree
# to that stay at home, and so do frames: pitch and spectrum of a voice can be personal data too.
#
# **When it is not worth the energy.** What runs on a thousand cores draws the power of a thousand cores, also when a
# mistake makes you run it again. Try ten recordings first. Training large networks is where it weighs most (Strubell,
# Ganesh and McCallum 2019, [10.18653/v1/P19-1355](https://doi.org/10.18653/v1/P19-1355)); measuring, as here, costs
# little:

# %%
watts = 10  # assumed, for a busy core
print(f"{core_hours:.0f} core-hours at {watts} W: {core_hours * watts / 1000:.2f} kWh")

# %% [markdown]
# ## Past one machine
#
# If it has to be: the call stays the same, only workers live elsewhere. All computers need the same folder for
# recordings and dataset (or addresses such as `s3://...`) and the same versions of this project. On one of them, start
# a scheduler; on each, start workers with its address:
#
# ```sh
# dask scheduler
# dask worker tcp://scheduler:8786 --nworkers 8 --nthreads 1
# ```
#
# Then, from the notebook or from a shell:
#
# ```python
# scaling_up.extract(source.recordings, "/shared/dataset", client="tcp://scheduler:8786")
# ```
#
# ```sh
# python -m tutorial_helpers extract /shared/recordings /shared/dataset --scheduler tcp://scheduler:8786
# ```
#
# Dask has its workers give each freed array back to the system at once. That saves memory and costs time, for the next
# array has to be asked for again. `cluster.local_cluster` turns it off. On each computer where you start workers
# yourself, this line in `~/.config/dask/dask.yaml` does the same:
#
# ```yaml
# distributed: {nanny: {pre-spawn-environ: {MALLOC_TRIM_THRESHOLD_: null}}}
# ```
#
# A university's cluster hands out computers through a queue, such as SLURM. The package dask-jobqueue asks the queue
# for workers and gives you a `client` to pass on. A scheduler without encryption obeys whoever reaches it: run it only
# in a network you trust, never open to the internet.

# %%
client.shutdown()
place.cleanup()

# %% [markdown] tags=["quiz"]
# ## Quiz
#
# Open the option that you would choose.
#
# **1. Pitch takes 60 % of the time and decoding 10 %. Somebody offers a decoder that is ten times as fast. What is
# gained?**
#
# <details><summary>The whole becomes about ten times as fast</summary>Not this one: only a tenth of the time becomes
# ten times as fast. The other nine tenths stay.</details>
# <details><summary>Nine per cent of the time</summary>Right: of 10 % one is left. Even a decoder that takes no time at
# all would gain no more than 10 %.</details>
# <details><summary>Nothing, because pitch has to wait for the samples</summary>Not this one: samples come earlier, so
# the whole ends earlier, if only by a little.</details>
#
# **2. A job has a serial share of .02. What is the most that any number of cores can make of it?**
#
# <details><summary>50 times as fast</summary>Right: 1 / .02. Whatever is shared out goes towards nothing, and the
# serial part is left.</details>
# <details><summary>98 times as fast</summary>Not this one: 98 % can be shared out, but how fast it gets depends on
# what cannot.</details>
# <details><summary>As many times as there are cores</summary>Not this one: that holds for a share of 0 only.</details>
#
# **3. You measure four hours in pieces of a minute and join the tables. Pitch in semitones above the median jumps every
# minute. Why?**
#
# <details><summary>The speaker changes his pitch within a minute</summary>Not this one: he may, but hardly on the
# stroke of every minute.</details>
# <details><summary>The codec stores a minute at a time</summary>Not this one: frames of a codec last some hundredths
# of a second, and none of them knows of pitch.</details>
# <details><summary>Each piece was compared with its own median</summary>Right: the reference has to be one for the
# whole recording. Keep F0 in Hz in the pieces, and take semitones at the end.</details>
#
# **4. A loop ran over 5,000 recordings with `except: continue` and left 4,100 rows. What do you do first?**
#
# <details><summary>Analyse the 4,100: that is plenty</summary>Not this one: not the number counts but which ones they
# are. Were the lost ones all of one station, no number of others replaces them.</details>
# <details><summary>Find out which 900 are missing, and why</summary>Right: by group, date and length. Then mend them,
# or say whom the result is about.</details>
# <details><summary>Fill the gaps with the mean of the others</summary>Not this one: that hides the loss, and takes for
# granted that the lost ones are like the rest.</details>
#
# **5. Your study is about speakers, and there are 40. You could measure 10 hours of each, or 100. What do the 3,600
# hours bring?**
#
# <details><summary>An interval about a third as wide</summary>Not this one: that would be so with ten times the
# speakers. There are 40 in either case.</details>
# <details><summary>Ten times the statistical power</summary>Not this one: frames of one speaker are not new speakers,
# and power does not grow like that even with those.</details>
# <details><summary>Little beyond a better picture of each of the 40</summary>Right: how speakers differ is learned
# from speakers. Look for more of them, or save the electricity.</details>

# %% [markdown]
# ## What you learned
#
# - Time first, change later: the longest stage, medians of later calls, ratios on one machine.
# - One pass over the samples serves all features; blocks with margins, and with one reference, serve recordings of any
#   length.
# - Processes, not threads, where Python does the work; one thread in each; and the serial share decides how far it
#   carries.
# - Parquet, by columns and partitions. Sums and counts can be joined from parts, means only with weights, medians not
#   at all.
# - A failure is a row. Count what arrived, by group, before any estimate.
# - Reckon time, memory, disk and money before; then ask whether the question needs it.
#
# **Further reading.** Dask: Rocklin 2015
# ([10.25080/Majora-7b98e3ed-013](https://doi.org/10.25080/Majora-7b98e3ed-013)). How to report a speed: Hoefler and
# Belli 2015 ([10.1145/2807591.2807644](https://doi.org/10.1145/2807591.2807644)). The three pages that started it:
# Amdahl 1967 ([10.1145/1465482.1465560](https://doi.org/10.1145/1465482.1465560)). The documentation of dask-jobqueue
# shows how to ask SLURM and other queues for workers.
#
# **Next:** your own recordings. The README says how to run these lessons on a folder of them.
