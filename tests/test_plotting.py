import base64
import io

import ipywidgets as widgets
import librosa
import librosa.display
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import pytest
import soundfile

from tutorial_helpers import plotting, representations


def decoded(player):
    return soundfile.read(io.BytesIO(player.data))


def test_a_player_plays_at_most_eight_seconds_from_where_it_is_told(noise, sine):
    y = np.concatenate([noise(5), sine(1_000, 20)])
    clip, sr = decoded(plotting.player(y, 16_000, start=5.0))
    assert sr == 16_000
    assert len(clip) / sr == pytest.approx(8.0, abs=0.1)
    middle = clip[sr : 3 * sr]
    assert np.fft.rfftfreq(len(middle), 1 / sr)[np.abs(np.fft.rfft(middle)).argmax()] == pytest.approx(1_000, abs=1)


def test_a_player_keeps_the_level_of_the_recording(sine):
    quiet = decoded(plotting.player(sine(500, 3, amplitude=0.05), 16_000))[0][8_000:32_000]
    assert np.abs(quiet).max() == pytest.approx(0.05, rel=0.05)


def test_a_figure_is_shown_once_with_its_alt_text_and_closed(monkeypatch):
    shown = []
    monkeypatch.setattr(plotting, "display", lambda figure, metadata: shown.append((figure, metadata)))
    figure, _ = plt.subplots()
    plotting.show(figure, alt="an empty frame")
    assert shown == [(figure, {"image/png": {"alt": "an empty frame"}})]
    assert not plt.fignum_exists(figure.number)


def test_a_spectrogram_puts_each_level_at_its_time_and_frequency():
    levels = np.full((3, 4), -60.0)
    levels[1, 2] = -10.0
    figure, ax = plt.subplots()
    mesh = plotting.spectrogram(ax, levels, np.arange(4) * 0.5, np.arange(3) * 100.0, floor=-40.0)
    left, bottom = mesh.get_coordinates()[1, 2]
    right, top = mesh.get_coordinates()[2, 3]
    assert left < 1.0 < right and bottom < 100.0 < top  # column 2 stands at 1 s, row 1 at 100 Hz
    assert mesh.get_clim() == (-50.0, -10.0)
    assert "Hz" in ax.get_ylabel() and "(s)" in ax.get_xlabel()
    plt.close(figure)


@pytest.mark.parametrize("frequency", [100, 150, 1000, 6000])
def test_a_tone_is_drawn_in_the_mel_band_at_its_frequency(sine, frequency):
    levels, centres = representations.mel_db(sine(frequency)), representations.mel_centres()
    figure, ax = plt.subplots()
    mesh = plotting.mel_spectrogram(ax, levels, representations.frame_times(levels.shape[1]), centres)
    row = levels.mean(axis=1).argmax()
    low, high = mesh.get_coordinates()[row : row + 2, 0, 1]
    assert low < centres[row] < high and low - 25 < frequency < high + 25
    figure.canvas.draw()
    half_way = ax.transAxes.inverted().transform(ax.transData.transform([0, librosa.mel_to_hz(22)]))[1]
    assert half_way == pytest.approx(0.5, abs=0.02)  # even in mel: 8,000 Hz is some 45 mel
    plt.close(figure)


def test_librosas_own_drawing_puts_100_hz_at_48(sine):
    levels = representations.mel_db(sine(100))
    row = levels.mean(axis=1).argmax()
    figure, ax = plt.subplots()
    mesh = librosa.display.specshow(levels, sr=16_000, hop_length=160, ax=ax, y_axis="mel", fmax=8000)
    assert mesh.get_coordinates()[row : row + 2, 0, 1].mean() == pytest.approx(48, abs=1)
    plt.close(figure)


def test_figures_have_type_that_can_be_read_at_the_back_of_a_room():
    with plt.rc_context():
        plotting.use_style()
        assert plt.rcParams["font.size"] >= 12
        assert plt.rcParams["axes.prop_cycle"].by_key()["color"][0] == plotting.BLUE


def test_a_player_tells_the_browser_that_it_holds_mp3(sine):
    page = plotting.player(sine(440), 16_000)._repr_html_()
    assert "data:audio/mpeg;base64," in page and 'type="audio/mpeg"' in page


def test_turns_are_shaded_where_they_lie_and_each_voice_is_named_once():
    table = pd.DataFrame(
        {
            "onset": [0.0, 2.0, 5.0, 9.0, 12.0],
            "offset": [2.0, 5.0, 9.0, 12.0, 20.0],
            "kind": ["music", "speech", "speech", "silence", "speech"],
            "speaker": [np.nan, "host", "guest", np.nan, "host"],
        }
    )
    fig, ax = plt.subplots()
    plotting.turns(ax, table, start=1.0, end=15.0)
    spans = [(patch.get_x(), patch.get_x() + patch.get_width()) for patch in ax.patches]
    assert spans == [(1.0, 2.0), (2.0, 5.0), (5.0, 9.0), (12.0, 15.0)]
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["music", "host", "guest"]
    plt.close(fig)


@pytest.fixture
def knob(monkeypatch):
    """A knob that draws a line of n points: what was displayed, the panel with its control, and the numbers drawn."""
    shown, panels, drawn, box = [], [], [], widgets.VBox
    monkeypatch.setattr(plotting, "display", lambda data, metadata, raw: shown.append((data, metadata)))
    monkeypatch.setattr(widgets, "VBox", lambda children: panels.append(box(children)) or panels[-1])

    def draw(n):
        drawn.append(n)
        figure, ax = plt.subplots()
        ax.plot(range(n))
        return figure

    control = widgets.IntSlider(3, 1, 9, description="Points")
    plotting.knob(draw, alt='a line of "n" points', n=control)
    return shown, panels[0], drawn


def test_a_knob_shows_its_figure_where_no_widget_runs_and_a_widget_where_one_does(knob):
    ((data, metadata),), panel, drawn = knob
    assert drawn == [3] and base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
    assert metadata["image/png"]["alt"] == 'a line of "n" points'
    assert data[plotting.WIDGET]["model_id"] == panel.model_id
    control, picture = panel.children
    assert control.description == "Points"
    assert data["image/png"] in picture.value and 'alt="a line of &quot;n&quot; points"' in picture.value
    assert plt.get_fignums() == []


def test_a_knob_that_is_turned_draws_again(knob):
    _, panel, drawn = knob
    control, picture = panel.children
    before = picture.value
    control.value = 7
    assert drawn == [3, 7] and picture.value != before
