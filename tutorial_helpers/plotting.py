"""Every figure's look: large type, colour-blind-safe colours, axes with units, a title that says the finding."""

from __future__ import annotations

import base64
import html
from collections.abc import Callable
from io import BytesIO
from typing import Any

import ipywidgets as widgets
import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soundfile
from IPython.display import Audio, display

# Okabe and Ito's colours, told apart with every common kind of colour blindness
BLUE, ORANGE, GREEN, RED, PURPLE, GREY = "#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#666666"
HEAT = "viridis"  # for levels in dB: even steps of lightness, also in grey print

PLAYER_SECONDS = 8.0
WIDGET = "application/vnd.jupyter.widget-view+json"  # what a live widget is announced as; it needs a running kernel


def use_style() -> None:
    """Set the look of all figures that follow. Lesson: every one."""
    plt.rcParams.update(
        {
            "figure.figsize": (10, 4),
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "font.size": 14,
            "axes.titlesize": 15,
            "axes.titlelocation": "left",
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": plt.cycler(color=[BLUE, ORANGE, GREEN, RED, PURPLE, GREY]),
            "image.cmap": HEAT,
            "legend.frameon": False,
        }
    )


def show(figure: plt.Figure, alt: str) -> None:
    """Display a figure once, with a text for those who cannot see it, and close it.

    Lesson: every one.

    Parameters
    ----------
    figure : Figure
    alt : str
        What it shows, for a screen reader.
    """
    display(figure, metadata={"image/png": {"alt": alt}})
    plt.close(figure)


def text_table(table: pd.DataFrame) -> Any:
    """A table of texts to be read: aligned to the left, wrapped, and with names from a corpus shown as they are.

    By itself pandas' Styler would take a `<` in a name for HTML, and a browser would run what stands behind it.
    Lesson: 04_statistics.

    Returns
    -------
    pandas.io.formats.style.Styler
        It needs jinja2, which comes with JupyterLab.
    """
    style = table.style.format(escape="html").format_index(escape="html").format_index(escape="html", axis="columns")
    return style.set_properties(**{"text-align": "left", "white-space": "pre-wrap"})


def spectrogram(ax: plt.Axes, levels: np.ndarray, times: np.ndarray, frequencies: np.ndarray, *, floor: float = -80.0):
    """Draw levels over time and frequency, with a colour bar.

    Lesson: 02_representations, 03_features.

    Parameters
    ----------
    ax : Axes
    levels : ndarray of shape (n_frequencies, n_frames), dB
    times : ndarray of shape (n_frames,), s
    frequencies : ndarray of shape (n_frequencies,), Hz
    floor : float, dB below the maximum
        The level that gets the darkest colour.

    Returns
    -------
    QuadMesh
    """
    top = levels.max()
    mesh = ax.pcolormesh(times, frequencies, levels, shading="nearest", vmin=top + floor, vmax=top, rasterized=True)
    ax.set(xlabel="Time (s)", ylabel="Frequency (Hz)")
    ax.figure.colorbar(mesh, ax=ax, format="%+2.0f dB")
    return mesh


def mel_spectrogram(ax: plt.Axes, levels: np.ndarray, times: np.ndarray, centres: np.ndarray, *, floor: float = -80.0):
    """Draw levels in mel bands, each at its band's centre, over an axis that is even in mel.

    librosa's `specshow(y_axis="mel")` spaces the rows evenly from 0 Hz up: of 64 bands up to 8,000 Hz, it draws the one
    of 100 Hz at 48.
    Lesson: 02_representations.

    Parameters
    ----------
    ax : Axes
    levels : ndarray of shape (n_mels, n_frames), dB
    times : ndarray of shape (n_frames,), s
    centres : ndarray of shape (n_mels,), Hz
        From `representations.mel_centres`.
    floor : float, dB below the maximum
        The level that gets the darkest colour.

    Returns
    -------
    QuadMesh
    """
    mesh = spectrogram(ax, levels, times, centres, floor=floor)
    ax.set_yscale("function", functions=(librosa.hz_to_mel, librosa.mel_to_hz))
    ax.set_ylabel("Frequency (Hz, mel axis)")
    ax.set_yticks([hz for hz in (250, 500, 1000, 2000, 4000, 8000) if hz <= centres[-1]])
    return mesh


def player(y: np.ndarray, sr: int, *, start: float = 0.0) -> Audio:
    """A player for at most 8 seconds, encoded as mp3, at its own level.

    Lesson: every one that plays sound.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz
    start : float, s

    Returns
    -------
    Audio
    """
    first = round(start * sr)
    clip = y[first : first + round(PLAYER_SECONDS * sr)]
    encoded = BytesIO()
    soundfile.write(encoded, np.clip(clip, -1, 1), sr, format="MP3")
    audio = Audio(data=encoded.getvalue(), normalize=False)
    audio.mimetype = "audio/mpeg"  # IPython takes any bytes for wav, and some browsers believe it
    return audio


def turns(ax: plt.Axes, table: pd.DataFrame, *, start: float, end: float) -> None:
    """Shade the turns of a recording on axes in seconds, one colour a voice, and name them.

    The two who speak longest get blue and orange, all other voices green, music grey; silence stays white.
    Lesson: 01_data_prep.

    Parameters
    ----------
    ax : Axes
    table : DataFrame
        `onset` and `offset` (s), `kind` and `speaker`, as in `Corpus.turns`.
    start, end : float, s
        What is shown.
    """
    here = table[(table["offset"] > start) & (table["onset"] < end) & (table["kind"] != "silence")]
    seconds = (table["offset"] - table["onset"]).groupby(table["speaker"]).sum()
    first, second = [*seconds.nlargest(2).index, None, None][:2]
    named = set()
    for turn in here.itertuples():
        name = "music" if turn.kind == "music" else turn.speaker
        colour = {first: BLUE, second: ORANGE, "music": GREY}.get(name, GREEN)
        label = name if colour != GREEN else "others"
        span = max(turn.onset, start), min(turn.offset, end)
        ax.axvspan(*span, color=colour, alpha=0.3, linewidth=0, label=None if label in named else label)
        named.add(label)
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=len(named) or 1)


def knob(draw: Callable[..., plt.Figure], *, alt: str, **controls: widgets.Widget) -> None:
    """A figure with a control for each setting it is drawn from; where no widget runs, the figure alone, as it starts.

    Lesson: every one.

    Parameters
    ----------
    draw : function
        Of the settings; it returns a figure.
    alt : str
        What the figure shows, for a screen reader.
    **controls : Widget
        One for each parameter of `draw`: `n_fft=widgets.SelectionSlider(options=[256, 1024], description="Window")`.
    """
    picture = widgets.HTML()

    def turn(_=None) -> str:
        encoded = _png(draw(**{name: control.value for name, control in controls.items()}))
        source = f"data:image/png;base64,{encoded}"
        picture.value = f'<img style="max-width: 100%" alt="{html.escape(alt, quote=True)}" src="{source}">'
        return encoded

    for control in controls.values():
        control.continuous_update = False  # drawn when the knob is let go, not at every step on the way
        control.style.description_width = "initial"  # the whole name of the knob can be read
        control.observe(turn, names="value")
    panel = widgets.VBox([*controls.values(), picture])
    data: dict[str, Any] = {"text/plain": alt, "image/png": turn()}
    data[WIDGET] = {"model_id": panel.model_id, "version_major": 2, "version_minor": 0}
    display(data, metadata={"image/png": {"alt": alt}}, raw=True)


def _png(figure: plt.Figure) -> str:
    """A figure as a PNG in base64, and closed."""
    buffer = BytesIO()
    figure.savefig(buffer, format="png")
    plt.close(figure)
    return base64.b64encode(buffer.getvalue()).decode()
