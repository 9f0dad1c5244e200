"""Tables, figures and numbers of the page Results, from the files that `make hear`, `bench` and `simulate` wrote."""

from __future__ import annotations

import base64
import io

import matplotlib

matplotlib.use("Agg")  # no window, wherever the site is made

import matplotlib.pyplot as plt
import pandas as pd

from tutorial_helpers import plotting
from tutorial_helpers.places import bundled

NAMES = {  # what the files call it: what people call it
    "pocketsphinx": "PocketSphinx",
    "tiny.en": "Whisper tiny.en",
    "tiny.en in transformers": "tiny.en, transformers",
    "the seed's wav2vec 2.0": "wav2vec 2.0, usual size",
    "show": "the show",
    "prompts": "telephone prompts",
}
WORTH = 0.95  # what a 95 % interval promises


def measured(file: str) -> pd.DataFrame:
    """A table of the repository, such as "benchmarks/wer.csv", with names that people use."""
    return pd.read_csv(bundled(file)).replace(NAMES)


def percent(share: float) -> str:
    """A share as a person writes it: 0.0376 is "3.8 %", with a space at which no line ends."""
    return f"{100 * share:.1f}\N{NO-BREAK SPACE}%"


def substitutions() -> dict[str, str]:
    """What stands between braces in results.md, by name: the numbers of its sentences, its tables and its figures."""
    plotting.use_style()
    return {
        **numbers(),
        **{f"{name}_table": as_directive(caption, table) for name, (caption, table) in tables().items()},
        **{f"{name}_figure": as_image(alt, figure) for name, (alt, figure) in figures().items()},
    }


def as_directive(caption: str, table: pd.DataFrame) -> str:
    """A table as MyST reads it."""
    return f"```{{csv-table}} {caption}\n:header-rows: 1\n\n{table.to_csv(index=False)}```"


def as_image(alt: str, figure: plt.Figure) -> str:
    """A figure as MyST reads it: a PNG within the text, so that no file lies about."""
    png = io.BytesIO()
    figure.savefig(png, dpi=120)
    plt.close(figure)
    return f"![{alt}](data:image/png;base64,{base64.b64encode(png.getvalue()).decode()})"


def tables() -> dict[str, tuple[str, pd.DataFrame]]:
    """The page's tables by name, each with its caption: rounded, and with headings for people."""
    return {
        "wer": ("Word error rates", wer_table()),
        "targets": ("What was asked, and what was measured", targets_table()),
        "speed": ("Time and memory", speed_table()),
        "coverage": ("Intervals that hold what was planted", coverage_table()),
        "ladder": ("Effects found where there is none, 600 frames", ladder_table()),
        "series": ("Intervals that hold the jump", series_table()),
    }


def wer_table() -> pd.DataFrame:
    """Word error rates with their intervals, one row a recogniser, condition and corpus."""
    table = measured("benchmarks/wer.csv")
    return pd.DataFrame(
        {
            "Recordings": table["corpus"],
            "Recogniser": table["recogniser"],
            "Condition": table["condition"],
            "Words wrong": table["wer"].map(percent),
            "95 % interval": table["low"].map(percent) + " to " + table["high"].map(percent),
            "Words": table["words"].map("{:,}".format),
        }
    )


def targets_table() -> pd.DataFrame:
    """What is asked of the project's speed and memory, and what was measured."""
    table = measured("benchmarks/targets.csv").drop(columns="part")
    return table.set_axis(["What", "Asked", "Measured", "Met?"], axis=1)


def speed_table() -> pd.DataFrame:
    """What recognisers take, one row a recogniser and length of sound."""
    table = measured("benchmarks/speed.csv")
    return pd.DataFrame(
        {
            "Recogniser": table["what"],
            "Minutes of sound": (table["sound_seconds"] / 60).map("{:.0f}".format),
            "Seconds": table["seconds"].map("{:.0f}".format),
            "Times real time": table["times_real_time"].map("{:.1f}".format),
            "Peak memory": table["peak_mb"].map("{:,.0f} MB".format),
        }
    )


def coverage_table() -> pd.DataFrame:
    """How often 95 % intervals hold what was planted, one row a question and method."""
    table = measured("simulations/coverage.csv")
    return pd.DataFrame(
        {
            "Question": table["question"],
            "Method": table["method"] + table["recommended"].map({True: " (recommended)", False: ""}),
            "Holds the truth": table["coverage"].map(percent),
            "Mean error": table["bias"].map("{:+.2f}".format).replace("-0.00", "+0.00"),
            "Mean width": table["width"].map("{:.2f}".format),
        }
    )


def ladder_table() -> pd.DataFrame:
    """Effects found where there is none, one row a method, one column a memory of the errors; 600 frames."""
    table = measured("simulations/ladder.csv").query("n == 600")
    wide = table.pivot(index="method", columns="rho", values="share").reindex(table["method"].unique())
    return with_memory(wide.map(percent)).rename(columns={"method": "Method"})


def series_table() -> pd.DataFrame:
    """Jumps at an event that 95 % intervals hold, one row a number of episodes and method."""
    table = measured("simulations/series.csv")
    rows = table[["n", "method"]].drop_duplicates()
    wide = table.pivot(index=["n", "method"], columns="rho", values="coverage").reindex(pd.MultiIndex.from_frame(rows))
    return with_memory(wide.map(percent)).rename(columns={"n": "Episodes", "method": "Method"})


def with_memory(wide: pd.DataFrame) -> pd.DataFrame:
    """Say above each column what the numbers 0.0, 0.5 ... are."""
    return wide.rename(columns=lambda rho: f"memory {rho:g}").reset_index()


def figures() -> dict[str, tuple[str, plt.Figure]]:
    """The page's figures by name, each with its alt text."""
    return {
        "wer": (
            "Word error rates on clear sound with 95 % intervals, one row a recogniser. Both ways to run Whisper "
            "tiny.en lie close to zero for the show and for the prompts; PocketSphinx lies far to the right, and "
            "further for the prompts.",
            wer_figure(),
        ),
        "coverage": (
            "One row a question of lesson 04, one point a method: how many of its 95 % intervals hold what was "
            "planted. Recommended methods lie on the line at 95 %; most others lie to the left of it, "
            "some far to the left.",
            coverage_figure(),
        ),
    }


def wer_figure() -> plt.Figure:
    """Word error rates on clear sound, with their intervals, the show beside the prompts."""
    table = measured("benchmarks/wer.csv").query("condition == 'clean'")
    recognisers = list(table.groupby("recogniser")["wer"].mean().sort_values().index)
    fig, ax = plt.subplots(figsize=(10, 3.6))
    looks = zip(table.groupby("corpus", sort=False), [(plotting.BLUE, "o"), (plotting.RED, "s")], strict=True)
    for number, ((corpus, part), (colour, marker)) in enumerate(looks):
        rows = [recognisers.index(name) + 0.24 * (number - 0.5) for name in part["recogniser"]]
        reach = 100 * pd.DataFrame([part["wer"] - part["low"], part["high"] - part["wer"]])
        ax.errorbar(100 * part["wer"], rows, xerr=reach, fmt=marker, color=colour, capsize=4, label=corpus)
    ax.set_yticks(range(len(recognisers)), recognisers)
    ax.set(xlabel="Words wrong (%), with 95 % intervals", xlim=(0, None), ylim=(len(recognisers) - 0.5, -0.5))
    ax.set_title(f"Of clear sound, {recognisers[0]} hears most")
    ax.grid(axis="x", alpha=0.3)
    ax.legend()
    return fig


def coverage_figure() -> plt.Figure:
    """How often 95 % intervals hold what was planted: every method a point, one row a question."""
    table = measured("simulations/coverage.csv")
    questions = list(table["question"].unique())
    fig, ax = plt.subplots(figsize=(10, 5))
    ax.axvline(100 * WORTH, color=plotting.GREY, linewidth=1)
    for recommended, colour, marker, label in [
        (False, plotting.RED, "o", "other methods"),
        (True, plotting.BLUE, "D", "recommended"),
    ]:
        part = table[table["recommended"] == recommended]
        rows = part["question"].map(questions.index)
        ax.plot(100 * part["coverage"], rows, marker, color=colour, markersize=8, alpha=0.8, label=label)
    ax.set_yticks(range(len(questions)), questions)
    ax.set(xlabel="95 % intervals that hold what was planted (%)", xlim=(0, 101), ylim=(len(questions) - 0.5, -0.5))
    ax.set_title("The promise is the grey line at 95 %")
    ax.grid(axis="y", alpha=0.3)
    ax.legend(loc="upper left", bbox_to_anchor=(0, -0.15), ncols=2)
    return fig


def numbers() -> dict[str, str]:
    """The numbers in the page's sentences, by the names that results.md calls them."""
    wer = measured("benchmarks/wer.csv").set_index(["corpus", "recogniser", "condition"])["wer"].map(percent)
    coverage = measured("simulations/coverage.csv")
    recommended = coverage[coverage["recommended"]]["coverage"]
    usual = coverage.groupby("question")["coverage"].first()  # the file begins each question with the usual method
    ladder = measured("simulations/ladder.csv").query("n == 600 and rho == 0.95").set_index("method")["share"]
    series = measured("simulations/series.csv").query("n == 52 and rho == 0.5").set_index("method")["coverage"]
    return {
        "wer_show": wer["the show", "Whisper tiny.en", "clean"],
        "wer_prompts": wer["telephone prompts", "Whisper tiny.en", "clean"],
        "wer_sphinx_show": wer["the show", "PocketSphinx", "clean"],
        "wer_sphinx_prompts": wer["telephone prompts", "PocketSphinx", "clean"],
        "wer_noise_10": wer["the show", "Whisper tiny.en", "noise 10 dB"],
        "wer_noise_0": wer["the show", "Whisper tiny.en", "noise 0 dB"],
        **speed_numbers(),
        **targets_numbers(),
        "recommended_low": percent(recommended.min()),
        "recommended_high": percent(recommended.max()),
        "usual_low": percent(usual.min()),
        "usual_high": percent(usual.max()),
        "corpora": f"{coverage['corpora'].iloc[0]:,}",
        "ladder_ols": percent(ladder["OLS"]),
        "ladder_hac": percent(ladder["HAC, rule-of-thumb lag"]),
        "ladder_gls": percent(ladder["GLS by REML"]),
        "series_naive": percent(series["before/after"]),
        "series_ols": percent(series["interrupted, OLS"]),
        "series_gls": percent(series["interrupted, GLS"]),
    }


def speed_numbers() -> dict[str, str]:
    """How fast the default is, beside a wav2vec 2.0 over the same sound, and its memory by the length of the sound."""
    speed = measured("benchmarks/speed.csv")
    default = speed[speed["what"] == "Whisper tiny.en"].sort_values("sound_seconds")
    return {
        "faster": f"{default['ratio_to_seed'].iloc[0]:.1f}",
        "memory_short": f"{default['peak_mb'].iloc[0]:,.0f} MB",
        "memory_long": f"{default['peak_mb'].iloc[-1]:,.0f} MB",
        "memory_other": f"{speed[speed['what'] == 'wav2vec 2.0, usual size']['peak_mb'].iloc[0]:,.0f} MB",
    }


def targets_numbers() -> dict[str, str]:
    """How many of the project's targets for speed and memory are met."""
    met = measured("benchmarks/targets.csv")["met"]
    return {"targets_met": str((met == "yes").sum()), "targets": str(len(met))}
