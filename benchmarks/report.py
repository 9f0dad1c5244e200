"""RESULTS.md (from RESULTS.in.md), results.png and targets.csv, from the tables that the parts of bench.py wrote."""

from __future__ import annotations

import json

import corpus
import excerpt
import frame_features as ff
import matplotlib

matplotlib.use("Agg")  # no window, wherever this runs

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import targets
from measuring import HERE

from tutorial_helpers import plotting

TAKEN = ["What", "Sound (s)", "Seconds", "Times real time", "Times as fast as wav2vec 2.0", "Peak memory (MB)", "Runs"]
MEMORY_TOO = {"seconds": "Seconds", "peak_mb": "Peak memory (MB)", "import_mb": "Libraries alone (MB)"}


def write_report() -> None:
    """Read the tables, hold them against the targets, and write what a person reads."""
    tables = {name: read(name) for name in ("excerpt", "features", "corpus", "memory", "lengths", "peaks", "processes")}
    measured = values(tables)
    verdicts = targets.verdicts(measured)
    verdicts.to_csv(HERE / "targets.csv", index=False)
    tables |= {"profile": read("profile"), "speed": read("speed"), "targets": verdicts}
    template = (HERE / "RESULTS.in.md").read_text(encoding="utf-8")
    (HERE / "RESULTS.md").write_text(template.format(**words(tables, measured)), encoding="utf-8")
    figure = draw(tables, measured)
    figure.savefig(HERE / "results.png", dpi=100)
    plt.close(figure)
    print(verdicts.to_string(index=False))


def read(name: str) -> pd.DataFrame:
    return pd.read_csv(HERE / f"{name}.csv")


# arithmetic


def ratio(table: pd.DataFrame, above: list[str], below: list[str], value: str = "seconds") -> float:
    """The median over rounds of one sum of pieces of work by another: what slows a round slows both.

    table: rows with `round`, `what` and the value.
    """
    wide = table.pivot(index="round", columns="what", values=value)
    return float((wide[above].sum(axis=1) / wide[below].sum(axis=1)).median())


def values(tables: dict[str, pd.DataFrame]) -> dict[str, float]:
    """What was measured, by the names of the targets."""
    return (
        excerpt_values(tables["excerpt"])
        | feature_values(tables["features"])
        | corpus_values(tables["corpus"], tables["memory"], tables["peaks"], tables["processes"])
    )


def excerpt_values(runs: pd.DataFrame) -> dict[str, float]:
    """The naive way beside ours, and the slowest of three places in four hours beside the short file."""
    places = [excerpt.FIRST, excerpt.MIDDLE, excerpt.LAST]
    return {
        "excerpt_speed": ratio(runs, [excerpt.NAIVE], [excerpt.FIRST]),
        "excerpt_memory": ratio(runs, [excerpt.NAIVE], [excerpt.FIRST], "peak_mb"),
        "excerpt_length": max(ratio(runs, [place], [excerpt.SHORT]) for place in places),
    }


def feature_values(runs: pd.DataFrame) -> dict[str, float]:
    return {
        "librosa": ratio(runs, list(ff.LIBROSA), [ff.OURS]),
        "opensmile": ratio(runs, [ff.OPENSMILE], [ff.OURS]),
        "floor": ratio(runs, [ff.DECODE, ff.OURS], [ff.DECODE, ff.FFT, ff.PITCH]),
    }


def corpus_values(
    passes: pd.DataFrame, memory: pd.DataFrame, peaks: pd.DataFrame, processes: pd.DataFrame
) -> dict[str, float]:
    """The speed of a worker alone and of one of two, and the highest memory of all that were seen."""
    speed = times_real_time(passes).groupby(passes["workers"]).min()
    peak = peaks.groupby("length")["peak_mb"].median()
    seconds = processes.rename(columns={"how": "what"})
    return {
        "hours": float(passes["hours"].min()),
        "one_worker": float(speed[1]),
        "each_of_two": float(speed[2]),
        "memory_length": float(peak["4 hours"] / peak["10 minutes"]),
        "memory_peak": float(max(memory["mb"].max(), peaks["peak_mb"].max())),
        "two_workers": ratio(seconds, [corpus.PROCESSES], [corpus.DASK]),
    }


def times_real_time(passes: pd.DataFrame) -> pd.Series:
    """Seconds of sound that a worker takes in a second, one value a pass."""
    return passes["hours"] * 3600 / passes["seconds"] / passes["workers"]


def line(lengths: pd.DataFrame) -> dict[str, float]:
    """Time against length: the least-squares line in s an hour of sound, and how straight it is.

    `residual`: the largest distance of a length's median from the line, as a share of the line. `four_hours`: the time
    an hour of sound takes in four hours, beside in ten minutes, medians.
    """
    slope, intercept = np.polyfit(lengths["hours"], lengths["seconds"], 1)
    median = lengths.groupby("length")[["hours", "seconds"]].median()
    on_line = intercept + slope * median["hours"]
    an_hour = median["seconds"] / median["hours"]
    return {
        "slope": float(slope),
        "intercept": float(intercept),
        "residual": float((median["seconds"] / on_line - 1).abs().max()),
        "four_hours": float(an_hour["4 hours"] / an_hour["10 minutes"]),
    }


# words


def markdown(table: pd.DataFrame) -> str:
    """A table of texts as Markdown has it."""
    lines = [list(table.columns), ["---"] * len(table.columns), *table.astype(str).to_numpy().tolist()]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def machine(part: str) -> str:
    """One line: where a part was measured, and with what."""
    about = json.loads((HERE / f"{part}.json").read_text())
    place = f"{about.pop('processor')}, {about.pop('cores')} cores, {about.pop('system')}, Python {about.pop('python')}"
    return f"{place}; {', '.join(f'{package} {version}' for package, version in about.items())}"


def medians(table: pd.DataFrame, by: str, columns: dict[str, str]) -> pd.DataFrame:
    """Medians of some columns, with what they are called and `Runs`, for people to read."""
    groups = table.groupby(by, sort=False)
    readable = {heading: groups[column].median().map(targets.readable) for column, heading in columns.items()}
    return pd.DataFrame(readable | {"Runs": groups.size()}).reset_index().rename(columns={by: by.capitalize()})


def summary(verdicts: pd.DataFrame) -> str:
    """How many targets are met, and plainly which are not."""
    missed = verdicts[verdicts["met"] == "no"]
    if missed.empty:
        return f"All {len(verdicts)} targets are met."
    named = "; ".join(f"{row.asked}: {row.measured}, asked {row.target}" for row in missed.itertuples())
    return f"{len(verdicts) - len(missed)} of {len(verdicts)} targets are met. **Missed:** {named}."


def words(tables: dict[str, pd.DataFrame], measured: dict[str, float]) -> dict[str, str]:
    """Every table and number of RESULTS.md, by the names that RESULTS.in.md calls them."""
    verdicts = tables["targets"]
    return (
        {
            "summary": summary(verdicts),
            "targets": markdown(verdicts.drop(columns="part").set_axis(["What", "Asked", "Measured", "Met?"], axis=1)),
            "naive": excerpt.NAIVE,
            "excerpt": markdown(medians(tables["excerpt"], "what", MEMORY_TOO)),
            "speed": markdown(tables["speed"].astype({"peak_mb": int}).set_axis(TAKEN, axis=1)),
        }
        | {f"{part}_machine": machine(part) for part in ["excerpt", "features", "corpus", "speed"]}
        | feature_words(tables["features"], tables["profile"], measured)
        | corpus_words(tables)
    )


def feature_words(runs: pd.DataFrame, profile: pd.DataFrame, measured: dict[str, float]) -> dict[str, str]:
    calls = list(ff.LIBROSA)
    times = {pitch: targets.readable(ratio(runs, [*calls, pitch], [ff.OURS])) for pitch in ff.LIBROSA_PITCH}
    essentia = "Essentia was not installed on this machine."
    if (runs["what"] == ff.ESSENTIA).any():
        longer = targets.readable(ratio(runs, [ff.ESSENTIA, ff.ESSENTIA_PITCH], [ff.OURS]))
        essentia = f"Essentia's equivalents take {longer} times as long as ours, frame by frame from Python."
    shares = (100 * profile["seconds"] / profile["seconds"].sum()).map("{:.0f} %".format)
    functions = {"Function": profile["function"], "Seconds": profile["seconds"].map(targets.readable), "Share": shares}
    return {
        "features": markdown(medians(runs, "what", {"seconds": "Seconds"})),
        "librosa": targets.readable(measured["librosa"]),
        "with_pitch": ", ".join(f"{longer} times with its `{pitch}`" for pitch, longer in times.items()),
        "essentia": essentia,
        "floor": targets.readable(measured["floor"]),
        "profile": markdown(pd.DataFrame(functions)),
    }


def corpus_words(tables: dict[str, pd.DataFrame]) -> dict[str, str]:
    passes, fit = tables["corpus"], line(tables["lengths"])
    speeds = {
        "Workers": passes["workers"],
        "Hours of sound": passes["hours"].map(targets.readable),
        "Seconds": passes["seconds"].map(targets.readable),
        "Hours of sound an hour": (passes["hours"] * 3600 / passes["seconds"]).map(targets.readable),
        "Times real time, a core": times_real_time(passes).map(targets.readable),
        "Written (MB)": passes["written_mb"].map(targets.readable),
    }
    return {
        "counts": ", ".join(f"{count} of {length}" for length, count in corpus.COUNTS.items()),
        "corpus": markdown(pd.DataFrame(speeds)),
        "slope": targets.readable(fit["slope"]),
        "intercept": f"{fit['intercept']:+.1f}",
        "residual": f"{100 * fit['residual']:.1f} %",
        "four_hours": targets.readable(fit["four_hours"]),
        "lengths": markdown(medians(tables["lengths"], "length", {"hours": "Hours", "seconds": "Seconds"})),
        "peaks": markdown(medians(tables["peaks"], "length", {"peak_mb": "Peak memory (MB)"})),
        "workers": str(corpus.WORKERS),
        "processes": markdown(medians(tables["processes"], "how", {"seconds": "Seconds"})),
    }


# the figure


def draw(tables: dict[str, pd.DataFrame], measured: dict[str, float]) -> plt.Figure:
    """Four panels, each with its finding as title."""
    plotting.use_style()
    fig, axes = plt.subplots(2, 2, figsize=(16, 11))
    draw_excerpt(axes[0, 0], tables["excerpt"], measured)
    draw_features(axes[0, 1], tables["features"], measured)
    draw_lengths(axes[1, 0], tables["lengths"])
    draw_memory(axes[1, 1], tables["memory"], measured)
    return fig


def draw_excerpt(ax: plt.Axes, runs: pd.DataFrame, measured: dict[str, float]) -> None:
    median = runs.groupby("what")[["seconds", "peak_mb"]].median().loc[list(excerpt.CASES)]
    bars(ax, median["seconds"], [plotting.RED if what == excerpt.NAIVE else plotting.BLUE for what in median.index])
    for row, (seconds, mb) in enumerate(median.to_numpy()):
        ax.text(1.1 * seconds, row, f"{targets.readable(seconds)} s, {mb:,.0f} MB", va="center")
    ax.set_xlim(0.5 * median["seconds"].min(), 50 * median["seconds"].max())
    ax.set_xlabel("Time (s), logarithmic; peak memory beside it")
    ax.set_title(f"Ten minutes of four hours: {measured['excerpt_speed']:.0f} times as fast")


def draw_features(ax: plt.Axes, runs: pd.DataFrame, measured: dict[str, float]) -> None:
    wide = runs.pivot(index="round", columns="what", values="seconds")
    calls = list(ff.LIBROSA)
    sums = {
        "ours, with pitch": [ff.OURS],
        "Praat's pitch alone": [ff.PITCH],
        "librosa, no pitch": calls,
        "librosa and yin": [*calls, "yin"],
        "openSMILE": [ff.OPENSMILE],
    }
    if ff.ESSENTIA in wide:
        sums["essentia, with pitch"] = [ff.ESSENTIA, ff.ESSENTIA_PITCH]
    median = pd.Series({name: wide[whats].sum(axis=1).median() for name, whats in sums.items()})
    bars(ax, median, [plotting.BLUE if name.startswith("ours") else plotting.GREY for name in median.index])
    for row, seconds in enumerate(median):
        ax.text(1.1 * seconds, row, f"{targets.readable(seconds)} s", va="center")
    ax.set_xlim(0.5 * median.min(), 5 * median.max())
    ax.set_xlabel("Time for ten minutes of sound (s), logarithmic")
    ax.set_title(f"All features: {measured['librosa']:.1f} times as fast as librosa")


def bars(ax: plt.Axes, seconds: pd.Series, colours: list[str]) -> None:
    ax.barh(range(len(seconds)), seconds, color=colours)
    ax.set_yticks(range(len(seconds)), seconds.index)
    ax.invert_yaxis()
    ax.set_xscale("log")
    ax.xaxis.set_major_formatter("{x:g}")
    ax.xaxis.set_minor_formatter("")  # between 1 and 60 s the labels of 2, 3, 4 ... would lie upon each other


def draw_lengths(ax: plt.Axes, lengths: pd.DataFrame) -> None:
    fit = line(lengths)
    hours = np.array([0, 1.05 * lengths["hours"].max()])
    ax.plot(hours, fit["intercept"] + fit["slope"] * hours, color=plotting.GREY, label="least squares")
    ax.plot(lengths["hours"], lengths["seconds"], "o", color=plotting.BLUE, alpha=0.6, label="a recording")
    ax.set(xlabel="Length of the recording (hours)", ylabel="Time of one worker (s)", ylim=(0, None), xlim=(0, None))
    ax.set_title(f"Time grows with length: {fit['slope']:.0f} s an hour")
    ax.legend()


def draw_memory(ax: plt.Axes, memory: pd.DataFrame, measured: dict[str, float]) -> None:
    looks = zip(memory.groupby(["workers", "worker"]), [plotting.BLUE, plotting.ORANGE, plotting.GREEN], strict=True)
    for ((workers, worker), part), colour in looks:
        label = "one worker" if workers == 1 else f"two workers, no. {worker}"
        ax.plot(part["seconds"] / 60, part["mb"], color=colour, label=label)
    limit = targets.TARGETS["memory_peak"][3]
    ax.axhline(limit, color=plotting.RED, linestyle="--", label=f"what is allowed, {limit} MB")
    ax.set(xlabel="Time since the start (minutes)", ylabel="Memory of a worker (MB)", ylim=(0, None))
    ax.set_title(f"Memory over {measured['hours']:.0f} hours: at most {measured['memory_peak']:.0f} MB")
    ax.legend(loc="lower right")
