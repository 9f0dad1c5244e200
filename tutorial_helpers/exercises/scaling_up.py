"""The exercises of lesson 06."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .judge import Exercise

# 06.1: gigabytes of a decoded recording


def _decoded_sizes() -> dict:
    """Recordings and the gigabytes that their samples take as float32."""
    cases = {}
    for hours, sr, channels in ((4, 44_100, 2), (1.5, 16_000, 1), (2, 48_000, 6)):
        words = f"{hours} h at {sr:,} Hz, {channels} channel{'s' * (channels > 1)}"
        samples = np.empty(sr * channels, dtype=np.float32)  # of one second
        cases[words] = (hours, sr, channels), hours * 3600 * samples.nbytes / 1e9
    return cases


# 06.2: the samples that a block of frames looks at


def _samples_of_blocks() -> dict:
    """Blocks of frames, and the samples between which their windows lie."""
    cases = {}
    for first, last, hop, n_fft in ((3_000, 6_000, 160, 1_024), (500, 700, 512, 2_048), (250, 251, 100, 400)):
        windows = [(centre - n_fft // 2, centre + n_fft // 2) for centre in range(first * hop, last * hop, hop)]
        words = f"frames {first:,} to {last:,}, a hop of {hop} and windows of {n_fft:,}"
        cases[words] = (first, last, hop, n_fft), (windows[0][0], windows[-1][1])
    return cases


# 06.3: the serial share from two times


def _times_of_jobs() -> dict:
    """A job's seconds on one worker and on several, and the share of it that was planted as serial."""
    cases = {}
    for one, share, workers in ((600.0, 0.05, 8), (90.0, 0.2, 4), (3_600.0, 0.01, 64)):
        serial, parallel = share * one, (1 - share) * one
        many = serial + parallel / workers
        cases[f"{one:g} s on one worker and {many:.4g} s on {workers}"] = (one, many, workers), share
    return cases


def _serial_share(one: float, many: float, workers: int) -> float:
    return (many / one - 1 / workers) / (1 - 1 / workers)


# 06.4: the mean over all frames from a table of recordings


def _recordings_with_means() -> dict:
    """Tables of recordings (`frames`, `mean`), one of them without a voice, and the mean over all their frames."""
    planted = {
        "one long recording and two short ones": [(6_000, 200.0), (300, 110.0), (500, 130.0), (0, np.nan)],
        "four recordings": [(1_000, 120.0), (0, np.nan), (2_000, 180.0), (4_000, 150.0)],
    }
    cases = {}
    for words, rows in planted.items():
        frames = np.concatenate([np.full(n, mean) for n, mean in rows])
        cases[words] = (pd.DataFrame(rows, columns=["frames", "mean"]),), frames.mean()
    return cases


def _sum_over_frames(parts: pd.DataFrame) -> float:
    return (parts["frames"] * parts["mean"]).sum()


# 06.5: what is missing, by group


def _incomplete_datasets() -> dict:
    """What was asked for, the names that are in a dataset, and the share of each group that is missing."""
    planted = {  # {group: (recordings asked for, of which missing)}
        "two groups": {"FM": (20, 1), "stream": (10, 8)},
        "three groups, one of them whole": {"court": (5, 0), "press": (40, 10), "radio": (8, 6)},
    }
    cases = {}
    for words, groups in planted.items():
        rows = [(f"{group}-{i:03d}", group, i < missing) for group, (n, missing) in groups.items() for i in range(n)]
        table = pd.DataFrame(rows, columns=["recording", "group", "missing"]).set_index("recording")
        done = [*table.index[~table["missing"]], "from-another-study-1", "from-another-study-2"]
        shares = [missing / n for n, missing in groups.values()]
        cases[words] = (table[["group"]].sample(frac=1, random_state=1), done), shares
    return cases


def _is_missing(asked: pd.DataFrame, done: list[str]) -> pd.Series:
    """For each recording asked for, whether it is not there."""
    return pd.Series(~asked.index.isin(done), asked.index)


EXERCISES = {
    "06.1": Exercise(
        cases=_decoded_sizes,
        praise="What counts is seconds, rate, channels and four bytes, however small the file was on disk.",
        otherwise="how many samples are there, in all channels, and how many bytes has each?",
        mistakes={
            "that is one channel. Each channel has samples of its own.": (
                lambda hours, sr, channels: hours * 3600 * sr * 4 / 1e9
            ),
            "those are samples of 16 bits, as a wav file stores them. float32 has 32.": (
                lambda hours, sr, channels: hours * 3600 * sr * channels * 2 / 1e9
            ),
            "those are samples of 64 bits. float32 has 32.": (
                lambda hours, sr, channels: hours * 3600 * sr * channels * 8 / 1e9
            ),
            "that counts samples. Each of them takes four bytes.": (
                lambda hours, sr, channels: hours * 3600 * sr * channels / 1e9
            ),
            "those are bits. A byte has eight of them.": lambda hours, sr, channels: (
                hours * 3600 * sr * channels * 32 / 1e9
            ),
            "an hour has 3,600 seconds. Yours has 60.": lambda hours, sr, channels: (
                hours * 60 * sr * channels * 4 / 1e9
            ),
            "that is what an mp3 of 128 kb/s takes on disk. In memory it is decoded.": (
                lambda hours, sr, channels: hours * 3600 * 128_000 / 8 / 1e9
            ),
            "those are bytes. A gigabyte has 1e9 of them.": lambda hours, sr, channels: (
                hours * 3600 * sr * channels * 4
            ),
            "those are megabytes. A gigabyte has 1e9 bytes.": (
                lambda hours, sr, channels: hours * 3600 * sr * channels * 4 / 1e6
            ),
            "that is gibibytes, of 2**30 bytes. Asked for are gigabytes, of 1e9.": (
                lambda hours, sr, channels: hours * 3600 * sr * channels * 4 / 2**30
            ),
        },
    ),
    "06.2": Exercise(
        cases=_samples_of_blocks,
        praise="Half a window before the first centre and half a window after the last: then every frame is complete.",
        otherwise="where is the first frame's centre, where is the last one's, and how far does a window reach?",
        mistakes={
            "the frames at both edges lack half of their windows. Add a margin on each side.": (
                lambda first, last, hop, n_fft: (first * hop, last * hop)
            ),
            "those are the first and the last centre. Windows reach beyond them.": (
                lambda first, last, hop, n_fft: (first * hop, (last - 1) * hop)
            ),
            "frame `last` is not in the block any more. The last one is the one before.": (
                lambda first, last, hop, n_fft: (first * hop - n_fft // 2, last * hop + n_fft // 2)
            ),
            "a window reaches half its length to each side of its centre. Yours has twice as much.": (
                lambda first, last, hop, n_fft: (first * hop - n_fft, (last - 1) * hop + n_fft)
            ),
            "frames are centred: the window of a frame does not begin at its time.": (
                lambda first, last, hop, n_fft: (first * hop, (last - 1) * hop + n_fft)
            ),
            "there is a margin before the block, and none after it.": (
                lambda first, last, hop, n_fft: (first * hop - n_fft // 2, (last - 1) * hop)
            ),
            "there is a margin after the block, and none before it.": (
                lambda first, last, hop, n_fft: (first * hop, (last - 1) * hop + n_fft // 2)
            ),
            "the margin is half a window, not half a hop.": (
                lambda first, last, hop, n_fft: (first * hop - hop // 2, (last - 1) * hop + hop // 2)
            ),
            "those are numbers of frames. A frame comes once a hop.": lambda first, last, hop, n_fft: (first, last),
        },
    ),
    "06.3": Exercise(
        cases=_times_of_jobs,
        praise="Two times and a number of workers are enough to predict what more workers would bring.",
        otherwise="write Amdahl's law with your two times in it, and solve it for s.",
        mistakes={
            "that is how many times faster it became.": lambda one, many, workers: one / many,
            "that is the efficiency: the speed-up divided by workers.": lambda one, many, workers: one / many / workers,
            "that is the share of the workers' time that was lost. It grows with their number; s does not.": (
                lambda one, many, workers: 1 - one / many / workers
            ),
            "that is the share of the time that is left. A part of that was done in parallel.": (
                lambda one, many, workers: many / one
            ),
            "nearly: of the parallel part 1/workers is left too. Divide by (1 - 1/workers).": (
                lambda one, many, workers: many / one - 1 / workers
            ),
            "that is the share that can be shared out. Asked for is the other one.": (
                lambda one, many, workers: 1 - _serial_share(one, many, workers)
            ),
            "that is the serial share of the run with many workers. Asked for is the share of the one with one.": (
                lambda one, many, workers: _serial_share(one, many, workers) * one / many
            ),
            "those are the seconds of the serial part. Divide by the seconds on one worker.": (
                lambda one, many, workers: _serial_share(one, many, workers) * one
            ),
        },
    ),
    "06.4": Exercise(
        cases=_recordings_with_means,
        praise="Each recording counts by its frames, and one without a voice does not count.",
        otherwise="what is the sum over all frames, and how many frames are there?",
        mistakes={
            "that is the mean of the recordings' means: a short one counts as much as a long one.": (
                lambda parts: parts["mean"].mean()
            ),
            "that is the median of the recordings' means. Asked for is the mean of all frames.": (
                lambda parts: parts["mean"].median()
            ),
            "the recording without a voice has a missing mean (NaN), and one NaN makes the whole NaN. Leave it out.": (
                lambda parts: np.average(parts["mean"], weights=parts["frames"])
            ),
            "without a voice there is no F0; 0 Hz is not what it has.": (
                lambda parts: np.average(parts["mean"].fillna(0))
            ),
            "that is the sum over all frames. Divide it by their number.": _sum_over_frames,
            "the sum over all frames is right. Divide it by the number of frames, not of recordings.": (
                lambda parts: _sum_over_frames(parts) / len(parts)
            ),
            "the weights are upside down: the shortest recording counts most.": (
                lambda parts: (parts["mean"] / parts["frames"]).sum() / (1 / parts["frames"][parts["frames"] > 0]).sum()
            ),
            "that is the longest recording alone.": lambda parts: parts["mean"][parts["frames"].idxmax()],
        },
    ),
    "06.5": Exercise(
        cases=_incomplete_datasets,
        praise="Read this line before any estimate: where the groups differ, what is missing is not missing at random.",
        otherwise="for each recording asked for, is its name in done? Then take the share of 'no' in each group.",
        mistakes={
            "those are the shares that are there. Asked for is what is missing.": (
                lambda asked, done: 1 - _is_missing(asked, done).groupby(asked["group"]).mean()
            ),
            "that is the share of all recordings together. It cannot show that one group is gone.": (
                lambda asked, done: _is_missing(asked, done).mean()
            ),
            "names in `done` that nobody asked for make the sum wrong. Compare names, not numbers.": (
                lambda asked, done: 1 - len(done) / len(asked)
            ),
            "those are numbers of recordings. Divide by how many of the group were asked for.": (
                lambda asked, done: _is_missing(asked, done).groupby(asked["group"]).sum()
            ),
            "that says which groups the missing ones are of. Divide by how many of each were asked for.": (
                lambda asked, done: (
                    asked.loc[_is_missing(asked, done), "group"].value_counts(normalize=True).sort_index()
                )
            ),
            "divided by all recordings. Each group has its own number.": (
                lambda asked, done: _is_missing(asked, done).groupby(asked["group"]).sum() / len(asked)
            ),
            "a share lies between 0 and 1; those are per cent.": (
                lambda asked, done: 100 * _is_missing(asked, done).groupby(asked["group"]).mean()
            ),
            "groups go in the order of their names.": (
                lambda asked, done: _is_missing(asked, done).groupby(asked["group"]).mean().sort_values(ascending=False)
            ),
        },
    ),
}
