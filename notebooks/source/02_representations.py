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
# # 02 Representations: see a recording
#
# **What you will do:** draw one recording as a waveform, a level, a spectrogram and a mel spectrogram, and
# test each picture on a sound whose answer is known.
#
# **What you will learn:** how to read each picture, which settings stand behind it, and how it can mislead.
#
# **What you need:** lesson 01.
#
# **Time:** {{TIME}}
#
# Words in links are explained in the [glossary](../site/glossary.md).

# %% [markdown]
# ## Set up
#
# The settings are the same in every lesson. `corpus` takes the path of a folder with recordings of your own.
# Where the text below states a number or names a sound, it speaks of the default recording.

# %% tags=["parameters"]
corpus = "show"  # "show", "prompts", the path of a folder of recordings, or a manifest's address on the web
recording = ""  # a name from the corpus; empty takes the corpus's own choice
start = 0.0  # seconds: where the excerpt begins
minutes = 10.0  # how much of a recording is read at most
most_recordings = 100  # how many recordings are used at most where a lesson compares recordings
seed = 20221106  # everything random starts here

# %%
import ipywidgets as widgets
import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import parselmouth
import soxr
from parselmouth import praat
from scipy.signal import find_peaks

from tutorial_helpers import corpora, data_prep, exercises, plotting, representations
from tutorial_helpers.representations import HOP_LENGTH, N_FFT, N_MELS

plotting.use_style()

# %% [markdown]
# The show's files hold 22,050 samples a second; read at 16,000, they keep what lies below 8,000 Hz. A telephone
# recording of 8,000 samples a second holds nothing above 4,000 Hz, however it is read. Keep the highest
# frequency that can be there, `top`: the pictures need it.

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
y = data_prep.read(episode.path, start=start, seconds=60 * minutes)
_, native_sr = data_prep.read_native(episode.path, start=start, seconds=0.01)
top = min(native_sr, sr) / 2
print(f"{episode.name}: {len(y) / sr:.1f} s, read at {sr:,} Hz; nothing in it can lie above {top:,.0f} Hz.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Most pictures need seconds, not minutes. The voice detector of lesson 01 finds where speech begins, and
# three seconds from just before are the clip; without speech it is the loudest moment. In the show it is the
# host, after the opening music: "Good morning, and welcome to Harbor, a new show". Play it, and keep it in mind.

# %%
speech = data_prep.voice_activity(y[: 120 * sr], sr)
begin = speech["onset"].iloc[0] - 0.2 if len(speech) else np.abs(y).argmax() / sr - 1.5
clip = y[round(max(0, begin) * sr) :][: 3 * sr]

# %% tags=["player"]
plotting.player(clip, sr)

# %% [markdown]
# ## The waveform
#
# A microphone follows the pressure of the air, and the samples follow the microphone. A waveform draws them
# over time. First a whole minute: look for bursts and for gaps, and for the place where music gives way to
# speech. Do not look for anything finer.

# %%
minute = y[: 60 * sr]
fig, ax = plt.subplots()
wave = librosa.display.waveshow(minute, sr=sr, axis="s", ax=ax, color=plotting.BLUE)
ax.set(xlabel="Time (s)", ylabel="Amplitude (1 = full scale)", title="A minute shows when there is sound")
ax.margins(x=0)
plotting.show(fig, alt="Waveform of up to one minute: sound in bursts of unequal height with short gaps between them.")

# %% [markdown]
# Even beats to 17 s, then phrases and pauses: that can be seen, and nothing of the sound itself. Now 30 ms from
# the loudest moment of the clip. Look for a pattern that repeats, and count how often it does.

# %%
loud = librosa.feature.rms(y=clip, frame_length=480, hop_length=HOP_LENGTH)[0].argmax() * HOP_LENGTH
first = min(max(0, loud - 240), len(clip) - 480)
thirty = clip[first : first + 480]
repeats = librosa.autocorrelate(thirty)  # how well the sound matches itself, shifted by 0, 1, 2 ... samples
period = sr // 500 + repeats[sr // 500 : sr // 75].argmax()
print(f"The pattern repeats every {1000 * period / sr:.1f} ms: {sr / period:.0f} times a second.")
# NBVAL_CHECK_OUTPUT

# %%
fig, ax = plt.subplots()
near = librosa.display.waveshow(thirty, sr=sr, axis="ms", ax=ax, color=plotting.BLUE, where="mid")
ax.set(xlabel="Time (ms)", ylabel="Amplitude (1 = full scale)")
ax.set_title(f"30 ms show the oscillation: it repeats every {1000 * period / sr:.1f} ms")
plotting.show(fig, alt="Waveform of 30 ms: one pattern of peaks and dips, repeated several times.")

# %% [markdown]
# A tall peak and a lower one make one repetition. In a throat it is one opening and closing of the vocal folds;
# this synthetic voice imitates one. Repetitions a second are the
# [fundamental frequency](../site/glossary.md#f0), here 180 Hz; lesson 03 measures it properly. What happens within
# one is the work of throat and mouth: another vowel would draw another pattern at the same rate.

# %% [markdown]
# ### Pitfall: a long waveform shows the oscillation
#
# `waveshow` draws at most 11,025 points. Of a longer recording it draws an envelope instead: for each stretch
# the largest absolute sample, once above zero and once mirrored below. Count the samples behind one drawn
# point, and compare the drawn upper and lower edges with the highest and lowest samples.

# %% tags=["pitfall"]
outline = wave.envelope.get_paths()[0].vertices
behind = len(minute) / len(np.unique(outline[:, 0]))
in_view = near.steps.get_xdata()
drawn = np.sort(outline[:, 1])  # as many points above zero as below
samples = minute[: len(minute) // 100 * 100].reshape(-1, 100)
uneven = np.abs(samples.max(axis=1) + samples.min(axis=1)).mean() / np.abs(samples).max(axis=1).mean()
print(f"naive: in the minute, a point stands for {behind:.0f} samples, {behind / period:.1f} repetitions")
print(f"right: in the 30 ms, a point stands for {len(thirty) / len(in_view):.0f} sample, {1 / period:.2f} repetitions")
print(f"naive: the drawing's edges differ by {np.abs(drawn + drawn[::-1]).mean() / np.abs(drawn).mean():.0%} in height")
print(f"right: the highest and the lowest of 100 samples differ by {uneven:.0%}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# With about one point a repetition, no oscillation can appear, and the lower half is a mirror image, not
# data. In ten minutes a point stands for ten times as much. Use the long view to find a place, the short one
# to see the sound.

# %% [markdown]
# ## From amplitude to level
#
# [Amplitudes](../site/glossary.md#amplitude) span a wide range, so they are compared by ratio. A
# [level](../site/glossary.md#level) in [decibels](../site/glossary.md#decibel) is $20 \log_{10}$ of the amplitude
# over a reference. In a file the only reference is the largest number it can hold, full scale: *dB re full scale*,
# never above 0.

# %%
for amplitude in [1.0, 0.5, 0.1, 0.01]:
    print(f"amplitude {amplitude:<4}  {20 * np.log10(amplitude):6.1f} dB re full scale")
print(f"clip: peak {data_prep.dbfs(np.abs(clip).max()):.1f} dB, RMS {data_prep.dbfs(np.sqrt(np.mean(clip**2))):.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Halving costs 6 dB, a tenth 20 dB. [RMS](../site/glossary.md#rms), the root of the mean squared sample, says more
# than a single peak. Here is the level of the clip, one value every 10 ms. Look for the pauses: a waveform squeezes
# them to a line, decibels give them room.

# %%
rms = librosa.feature.rms(y=clip, frame_length=N_FFT, hop_length=HOP_LENGTH)[0]
level = data_prep.dbfs(rms)
fig, ax = plt.subplots()
ax.plot(representations.frame_times(len(level)), level)
ax.set(xlabel="Time (s)", ylabel="Level (dB re full scale)", ylim=(-90, 0))
ax.set_title("Syllables are hills, the gaps between them valleys")
plotting.show(fig, alt="Level of the clip over time in decibels: hills for syllables and deep dips for pauses.")

# %% [markdown]
# ### Pitfall: amplitude is loudness
#
# Turn down a gain anywhere between mouth and file, and the level drops although nobody spoke more softly. And
# ears do not weigh frequencies alike. Two tones of equal RMS, at 100 and 1,000 Hz, show it; the A-weighting
# curve is a rough model of the ear at low levels.

# %% tags=["pitfall"]
seconds = np.arange(sr) / sr
pair = {hz: 0.1 * np.sin(2 * np.pi * hz * seconds) for hz in (100, 1000)}
plain = {hz: data_prep.dbfs(np.sqrt(np.mean(tone**2))) for hz, tone in pair.items()}
weighted = {hz: plain[hz] + librosa.A_weighting(hz) for hz in plain}
print(f"naive: by RMS the 1,000 Hz tone is {plain[1000] - plain[100]:.1f} dB louder")
print(f"right: weighted as an ear weighs, it is {weighted[1000] - weighted[100]:.1f} dB louder")
half = data_prep.dbfs(0.5 * rms)
print(f"naive: at half the gain the loudest syllable is {level.max() - half.max():.1f} dB softer")
steady = (level.max() - np.median(level)) - (half.max() - np.median(half))
print(f"right: against the clip's own median level it is {abs(steady):.1f} dB softer")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# So write *level in dB re full scale*, and compare it within a recording, not across. For the
# [loudness](../site/glossary.md#loudness) of programmes broadcasters use LUFS (ITU-R BS.1770): a frequency
# weighting, then a mean that skips silence. It still moves with the gain of the file. How ears weigh tones was
# measured by Suzuki and Takeshima (2004).

# %% [markdown]
# ### Exercise 02.1: the level of a sound
#
# Write a function that takes samples (one channel, shape `(n_samples,)`, full scale is 1) and returns one number: their
# RMS level in dB re full scale. `np.mean`, `np.sqrt` and `np.log10` help.

# %% tags=["stub"]
answer = ...
print(exercises.check("02.1", answer))


# %% tags=["solution"]
def rms_level(y):
    """RMS of samples (n_samples,) in dB re full scale."""
    return 20 * np.log10(np.sqrt(np.mean(y**2)))


answer = rms_level
print(exercises.check("02.1", answer))

# %% [markdown]
# ## The spectrogram
#
# Cut the samples into short overlapping [windows](../site/glossary.md#window), and ask of each how strong every
# frequency is in it: the short-time Fourier transform (STFT). Its picture is the
# [spectrogram](../site/glossary.md#spectrogram). This project uses windows of 1,024 samples
# ([`n_fft`](../site/glossary.md#n-fft)), one every 160 samples ([`hop_length`](../site/glossary.md#hop-length)).

# %%
spectrum = librosa.stft(clip, n_fft=N_FFT, hop_length=HOP_LENGTH)
levels = librosa.amplitude_to_db(np.abs(spectrum), ref=np.max, top_db=80)
bins, frames = spectrum.shape
print(f"window {1000 * N_FFT / sr:.0f} ms, a frame every {1000 * HOP_LENGTH / sr:.0f} ms: {frames} frames")
print(f"{bins} frequencies from 0 to {sr / 2:,.0f} Hz, {sr / N_FFT:.1f} Hz apart")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Each value is a magnitude; `amplitude_to_db` turns it into decibels below the strongest cell (`ref=np.max`).
# To have something to point at, pick three frames by a rule: the most energy below 1 kHz (A), the largest
# share of it above 2 kHz (B), and the least energy (C).

# %%
frequencies = librosa.fft_frequencies(sr=sr, n_fft=N_FFT)
times = representations.frame_times(frames)
power = np.abs(spectrum) ** 2
low, high, whole = power[frequencies < 1000].sum(0), power[frequencies > 2000].sum(0), power.sum(0)
share = np.where(whole > 1e-4 * whole.max(), high / np.maximum(whole, 1e-12), 0)  # within 40 dB of the loudest
inner = slice(4, -4)  # the first and last windows reach over the edge of the clip
marks = {"A": low[inner].argmax() + 4, "B": share[inner].argmax() + 4, "C": whole[inner].argmin() + 4}

# %% [markdown]
# Time runs to the right, frequency upwards, and colour is level: the colour bar says how many dB below the
# strongest cell; what is 60 dB below or less is darkest. Look for evenly spaced stripes, for broad bright bands,
# for bright clouds high up, and for dark columns.

# %%
fig, ax = plt.subplots(figsize=(8, 3.6))
mesh = librosa.display.specshow(
    levels, sr=sr, hop_length=HOP_LENGTH, n_fft=N_FFT, x_axis="s", y_axis="linear", ax=ax, cmap=plotting.HEAT, vmin=-60
)
fig.colorbar(mesh, ax=ax, format="%+2.0f dB")
for name, frame in marks.items():
    ax.axvline(times[frame], color="white", linestyle=":")
    ax.text(times[frame], 1.02 * sr / 2, name, ha="center")
ax.set(xlabel="Time (s)", ylabel="Frequency (Hz)")
shares = {name: 100 * high[frame] / max(whole[frame], 1e-12) for name, frame in marks.items()}
ax.set_title(f"Above 2 kHz lies {shares['A']:.0f} % of A's energy and {shares['B']:.0f} % of B's", pad=26)
plotting.show(fig, alt="Spectrogram of the clip with a linear frequency axis; three frames are marked A, B and C.")

# %% [markdown]
# In the default clip, A is the vowel of "Good". Its thin stripes are [harmonics](../site/glossary.md#harmonic),
# multiples of the fundamental frequency; they are brighter in bands, the [formants](../site/glossary.md#formant),
# where throat and mouth resonate. B is the *sh* of "show", a *fricative*: no stripes, energy high up. C is the silence
# before the first word.

# %% [markdown]
# Each column of the picture is a spectrum. Here are the three as curves. Look for regular teeth, for a plateau
# on the right, and for the distance between sound and silence.

# %%
fig, ax = plt.subplots(figsize=(7, 3.4))
for (name, frame), colour in zip(marks.items(), [plotting.BLUE, plotting.ORANGE, plotting.GREY], strict=True):
    ax.plot(frequencies, levels[:, frame], color=colour, label=f"{name}, at {times[frame]:.2f} s")
ax.set(xlabel="Frequency (Hz)", ylabel="dB re strongest cell", xlim=(0, top))
ax.set_title("A column of the spectrogram is a spectrum")
ax.legend()
plotting.show(fig, alt="Spectra of frames A, B and C: A has regular teeth, B is strong at high frequencies, C is low.")

# %%
for name in "AB":
    strongest = levels[:, marks[name]].max()
    print(f"{name}: {shares[name]:.0f} % of its energy above 2 kHz; strongest cell at {strongest:.0f} dB")
print(f"C: strongest cell at {levels[:, marks['C']].max():.0f} dB")
if top < sr / 2:
    print(f"above {top:,.0f} Hz: nothing over {levels[frequencies > 1.05 * top, inner].max():.0f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The plateau of the *sh* ends near 7,600 Hz, because the filter of our reader closes there. What can be measured
# depends on the file, on how it is read, and on how the voice came into it.

# %% [markdown]
# ### Exercise 02.2: when and at which frequency
#
# Write a function of samples (one channel) and their rate in Hz that returns two numbers: the time in seconds and the
# frequency in Hz of the strongest cell of the spectrogram. Use windows of `N_FFT` samples, one every `HOP_LENGTH`
# samples. `np.unravel_index(a.argmax(), a.shape)` gives the row and the column of the largest value.

# %% tags=["stub"]
answer = ...
print(exercises.check("02.2", answer))


# %% tags=["solution"]
def strongest_cell(y, sr):
    """Time (s) and frequency (Hz) of the strongest cell of the spectrogram of samples at sr Hz."""
    strength = np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=HOP_LENGTH))
    row, column = np.unravel_index(strength.argmax(), strength.shape)
    return column * HOP_LENGTH / sr, row * sr / N_FFT


answer = strongest_cell
print(exercises.check("02.2", answer))

# %% [markdown]
# ## What a channel lets through
#
# In the show some guests sit in the studio and others phone in. Here is the first guest on each
# [channel](../site/glossary.md#channel). Look for where the two pictures end, below and above.

# %%
guests = {}
if source.truth is not None:
    spoken = corpora.spoken(source).query("recording == @episode.name and speaker not in ['host', 'cohost']")
    guests = dict(list(spoken.groupby("channel")))
for channel, part in guests.items():
    print(f"{channel}: {', '.join(part['speaker'].unique())}")
if len(guests) < 2:
    print("This part needs a recording in which one guest is known to sit in a studio and another to phone in.")
# NBVAL_CHECK_OUTPUT

# %%
if len(guests) == 2:
    fig, axes = plt.subplots(1, 2, figsize=(9, 3.2), sharey=True)
    for ax, (channel, part) in zip(axes, guests.items(), strict=True):
        sound = data_prep.read(part["path"].iloc[0], start=part["onset"].iloc[0], seconds=2)
        picture = representations.spectrogram_db(sound, hop_length=2 * HOP_LENGTH)
        columns = representations.frame_times(picture.shape[1], hop_length=2 * HOP_LENGTH)
        plotting.spectrogram(ax, picture, columns, frequencies, floor=-60)
        ax.set_title(f"{part['speaker'].iloc[0]}, {channel}")
    axes[1].set_ylabel("")
    plotting.show(fig, alt="Two guests: from the studio up to 8,000 Hz, by telephone only between 300 and 3,400 Hz.")

# %% [markdown]
# The caller's picture is cut off above and below, and grainy with the line's own noise. Where does it end? Average
# the power of all turns of each kind, and take the difference in dB. Voices differ too, so look for steps in the
# curve, not for its bumps.

# %%
if len(guests) == 2:
    average = {}
    for channel, part in guests.items():
        sounds = [
            data_prep.read(turn.path, start=turn.onset, seconds=turn.offset - turn.onset) for turn in part.itertuples()
        ]
        average[channel] = sum((representations.magnitude(sound) ** 2).sum(axis=1) for sound in sounds)
    gain = 10 * np.log10(average["telephone"] / average["studio"])
    gain -= np.median(gain[(frequencies > 500) & (frequencies < 3000)])
    blocked = frequencies[gain < -6]
    low_edge, high_edge = blocked[blocked < 1000].max(), blocked[blocked > 1000].min()

    fig, ax = plt.subplots()
    ax.plot(frequencies, gain)
    for edge in (low_edge, high_edge):
        ax.axvline(edge, color=plotting.ORANGE, linestyle=":")
    ax.set(xlabel="Frequency (Hz)", ylabel="Telephone less studio (dB)", xlim=(0, 7500), ylim=(-40, 10))
    ax.set_title(f"Within 6 dB from about {low_edge:.0f} to {high_edge:.0f} Hz")
    plotting.show(fig, alt="Difference of two average spectra: level in the middle, a steep step down on each side.")

# %% [markdown]
# English *s* has its peak above 4 kHz (Jongman, Wayland & Wong 2000), so by telephone it cannot be measured; nor
# can it in prompts, which were made for telephones. A measure that depends on what lies up there tells callers
# from guests in the studio, whoever they are. Look at every new source like this, before you measure.

# %% [markdown]
# ## The same picture on a logarithmic axis
#
# On a linear axis, the octave from 4 to 8 kHz takes half of the picture. A logarithmic axis gives each octave
# the same height. Look for the lowest stripes: they spread out, and the top is squeezed.

# %%
fig, ax = plt.subplots(figsize=(8, 3.4))
mesh = librosa.display.specshow(
    levels, sr=sr, hop_length=HOP_LENGTH, n_fft=N_FFT, x_axis="s", y_axis="log", ax=ax, cmap=plotting.HEAT, vmin=-60
)
fig.colorbar(mesh, ax=ax, format="%+2.0f dB")
ax.set(xlabel="Time (s)", ylabel="Frequency (Hz)", title="Logarithmic axis: the voice's lowest harmonics spread out")
plotting.show(fig, alt="The same spectrogram with a logarithmic frequency axis: the lowest harmonics take more room.")

# %%
for octave in [125, 1000, 4000]:
    inside = (frequencies >= octave) & (frequencies < 2 * octave)
    print(f"{octave:>5,} to {2 * octave:>5,} Hz: {inside.sum():>3} frequencies, one octave of the axis")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Only the axis changed. The melody of the voice, such as its fall through "Good morning" to 0.7 s, is plain now.
# The bottom is blocky because a low octave holds a handful of frequencies: detail there was never measured,
# whatever the axis.

# %% [markdown]
# ## A window trades time for frequency
#
# A window of $T$ seconds gives frequencies $1/T$ Hz apart. Long windows separate close frequencies and blur
# time; short ones do the reverse, and no window does both (Gabor 1946). Below, the loudest 0.3 s twice.
# Look for upright stripes in one picture, for level ones in the other.

# %%
fig, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
loudest = np.convolve(clip**2, np.ones(round(0.3 * sr)), mode="valid").argmax()
part_of_clip = clip[loudest:][: round(0.3 * sr)]
for ax, n_fft in zip(axes, [64, 1024], strict=True):
    part = representations.spectrogram_db(part_of_clip, n_fft=n_fft, hop_length=16)
    columns = representations.frame_times(part.shape[1], hop_length=16)
    plotting.spectrogram(ax, part, columns, librosa.fft_frequencies(sr=sr, n_fft=n_fft), floor=-45)
    ax.set(ylim=(0, 2000), title=f"{1000 * n_fft / sr:.0f} ms, {sr / n_fft:.3g} Hz a bin")
axes[1].set_ylabel("")
plotting.show(fig, alt="The same 0.3 s twice: 4 ms windows show upright stripes, 64 ms windows show level ones.")

# %% [markdown]
# Each upright stripe (left) is one pulse of the vocal folds, the repetition you counted in the 30 ms. Each
# level stripe (right) is a harmonic. It is one voice: the pulses are too close for the long window, the
# harmonics for the short.

# %% [markdown]
# ### Pitfall: one window length answers every question
#
# Take two clicks 20 ms apart and two tones 40 Hz apart, and count what each window finds. A peak counts where
# it stands out by 3 dB.

# %% tags=["pitfall"]
clicks = np.zeros(sr, np.float32)
clicks[[sr // 2, sr // 2 + sr // 50]] = 1
tones = np.sin(2 * np.pi * 1000 * seconds) + np.sin(2 * np.pi * 1040 * seconds)
found = {}
for n_fft in [64, 1024]:
    over_time = representations.spectrogram_db(clicks, n_fft=n_fft, hop_length=16).max(axis=0)
    over_frequency = representations.spectrogram_db(tones, n_fft=n_fft).mean(axis=1)
    found[n_fft] = [len(find_peaks(curve, height=-30, prominence=3)[0]) for curve in (over_time, over_frequency)]
print(f"naive, 4 ms for both:  {found[64][0]} clicks, {found[64][1]} tone")
print(f"naive, 64 ms for both: {found[1024][0]} click,  {found[1024][1]} tones")
print(f"right, to each its own: {found[64][0]} clicks, {found[1024][1]} tones")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Turn the knob: is there a window that finds all four?
#
# Clicks and tones now sound together (right), beside the voice through the same windows (left). Turn the window
# from short to long: which stripes come, which go, and how many clicks and tones are found? Then set the tones 80 Hz
# apart and try again.

# %% tags=["knob"]
voice = librosa.util.fix_length(part_of_clip, size=round(0.3 * sr))  # the longest window fits into 0.3 s


def peaks_of(curve):
    return len(find_peaks(curve - curve.max(), height=-30, prominence=3)[0])


def draw_windows(n_fft, apart):
    mixed = clicks + 0.02 * sum(np.sin(2 * np.pi * hz * seconds) for hz in (1000, 1000 + apart))
    test, heard = (representations.spectrogram_db(x, n_fft=n_fft, hop_length=16) for x in (mixed, voice))
    rows = librosa.fft_frequencies(sr=sr, n_fft=n_fft)
    n_clicks = peaks_of(test[rows > 3000].max(axis=0))  # far above the tones
    n_tones = peaks_of(test[:, 250:400].mean(axis=1))  # long before the clicks
    fig, axes = plt.subplots(1, 2, figsize=(10, 3.6), sharey=True)
    shown, near_clicks = rows < 2300, slice(400, 620)
    at = representations.frame_times(test.shape[1], hop_length=16)
    plotting.spectrogram(axes[0], heard[shown], at[: heard.shape[1]], rows[shown], floor=-40)
    plotting.spectrogram(axes[1], test[shown, near_clicks], at[near_clicks], rows[shown], floor=-40)
    axes[0].set(ylim=(0, 2000), title=f"{1000 * n_fft / sr:.0f} ms, {sr / n_fft:.3g} Hz a bin")
    axes[1].set(ylabel="", title=f"{n_clicks} of 2 clicks, {n_tones} of 2 tones")
    return fig


plotting.knob(
    draw_windows,
    alt="Left: 0.3 s of the voice. Right: upright clicks and level tones, through windows of the same length.",
    n_fft=widgets.SelectionSlider(options=[64, 128, 256, 512, 1024, 2048], value=512, description="Window (samples)"),
    apart=widgets.SelectionSlider(options=[40, 80, 160], value=40, description="Tones apart (Hz)"),
)

# %% [markdown]
# With tones 40 Hz apart, 32 ms still part the clicks, 64 ms part the tones, and no window parts both. At 80 Hz, 32 ms
# part all four. What counts is the product: the closer things lie in time *and* in frequency, the less any window can
# part them. And through 4 ms the two tones beat, 40 times a second: so do the harmonics of a voice, as its pulses.

# %% [markdown]
# ### Exercise 02.3: a window for 10 Hz
#
# You want frequencies at most 10 Hz apart, from recordings at 16,000 Hz, and a window whose length is a power
# of two. Which is the smallest `n_fft` (in samples) that does it?

# %% tags=["stub"]
answer = ...
print(exercises.check("02.3", answer))

# %% tags=["solution"]
answer = next(2**k for k in range(20) if 16_000 / 2**k <= 10)
print(exercises.check("02.3", answer))

# %% [markdown]
# ### Pitfall: cutting out a window does no harm
#
# A plain cut is a window too, with hard edges, and the edges spread a tone over all frequencies: *leakage*. A
# Hann window fades in and out. The tone here lies halfway between two bins, the worst case. Look far away
# from it.

# %% tags=["pitfall"]
tone = np.sin(2 * np.pi * (1000 + sr / N_FFT / 2) * seconds)
leak = {}
for window in ["boxcar", "hann"]:
    column = np.abs(librosa.stft(tone, n_fft=N_FFT, window=window, center=False))[:, 5]
    leak[window] = 20 * np.log10(np.maximum(column / column.max(), 1e-6))
away = np.abs(frequencies - 2000).argmin()
print(f"naive, plain cut:   1,000 Hz away from the tone there still seem to be {leak['boxcar'][away]:.0f} dB")
print(f"right, Hann window: {max(leak['hann'][away], -90):.0f} dB or less")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Here are both spectra of the one tone. Look at how far each falls, and how soon.

# %%
fig, ax = plt.subplots()
ax.plot(frequencies, leak["boxcar"], color=plotting.ORANGE, label="plain cut")
ax.plot(frequencies, leak["hann"], color=plotting.BLUE, label="Hann window")
ax.set(xlim=(0, 3000), xlabel="Frequency (Hz)", ylabel="dB re peak", title="One tone: a plain cut leaks everywhere")
ax.legend()
plotting.show(fig, alt="Spectrum of one tone: with a plain cut it spreads widely, with a Hann window it stays narrow.")

# %% [markdown]
# `librosa.stft` uses a Hann window unless told otherwise (Harris 1978 compares many). Without it, a loud
# vowel would paint energy over quiet parts of the spectrum, and you would measure the window.

# %% [markdown]
# ## Aliasing
#
# At $r$ samples a second, a frequency above $r/2$ cannot be told from a lower one, its
# [alias](../site/glossary.md#aliasing), so resampling must remove it first. A tone that glides from 0 to 8,000 Hz
# shows what happens at half the rate. Every other sample is kept on the left; `soxr`, with its filter, is on the
# right. Look at the second half.

# %%
glide = 0.5 * librosa.chirp(fmin=1, fmax=sr / 2, sr=sr, duration=3, linear=True).astype(np.float32)
halved = {"Every other sample": glide[::2], "soxr": soxr.resample(glide, sr, sr // 2)}
fig, axes = plt.subplots(1, 2, figsize=(11, 3.6), sharey=True)
for ax, (name, half) in zip(axes, halved.items(), strict=True):
    part = representations.spectrogram_db(half, n_fft=256, hop_length=128)
    columns = representations.frame_times(part.shape[1], sr=sr // 2, hop_length=128)
    plotting.spectrogram(ax, part, columns, librosa.fft_frequencies(sr=sr // 2, n_fft=256))
    ax.set_title(name)
axes[1].set_ylabel("")
plotting.show(fig, alt="Left: the glide rises to 4,000 Hz and falls back. Right: it rises to 4,000 Hz and ends.")

# %% [markdown]
# ### Pitfall: resampling is leaving out samples
#
# On the left the glide turns round at 4,000 Hz and comes down again: a sound that never was. One tone of
# 5,000 Hz puts a number on it.

# %% tags=["pitfall"]
tone = np.sin(2 * np.pi * 5000 * seconds).astype(np.float32)
folded, filtered = tone[::2], soxr.resample(tone, sr, sr // 2)
strongest = representations.magnitude(folded).mean(axis=1).argmax() * (sr / 2) / N_FFT
middle = slice(1000, -1000)  # the tone starts and stops at once, and those clicks pass any filter
left = {name: data_prep.dbfs(np.sqrt(np.mean(x[middle] ** 2))) for name, x in [("cut", folded), ("soxr", filtered)]}
print(f"naive: the 5,000 Hz tone is now one of {strongest:,.0f} Hz, at {left['cut']:.0f} dB re full scale")
print(f"right: soxr leaves {'less than -90' if left['soxr'] < -90 else round(left['soxr'])} dB of it")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nothing repairs an alias afterwards, for it looks like real sound. `data_prep.read` resamples with soxr and
# its filter. Slicing has none, and not every tool has one: test yours with a glide.

# %% [markdown]
# ### Exercise 02.4: where an alias lands
#
# Write a function that takes the frequency of a tone and a sampling rate, both in Hz, and returns the
# frequency (Hz) at which the tone appears when it is sampled at that rate without a filter. The glide shows the
# way: up, down, and up again.

# %% tags=["stub"]
answer = ...
print(exercises.check("02.4", answer))


# %% tags=["solution"]
def alias(frequency, sr):
    """The frequency (Hz) at which a tone appears when it is sampled at sr (Hz) without a filter."""
    return abs(frequency - sr * round(frequency / sr))


answer = alias
print(exercises.check("02.4", answer))

# %% [markdown]
# ## The mel scale
#
# Listeners hear the step from 200 to 300 Hz as large and the step from 5,000 to 5,100 Hz as small. The
# [mel scale](../site/glossary.md#mel-scale) (Stevens, Volkmann & Newman 1937) bends the frequency axis accordingly.
# Bands that are equally wide in mel are narrow in hertz below and wide above: look for the bend.

# %%
edges = librosa.mel_frequencies(n_mels=N_MELS + 2, fmin=0, fmax=sr / 2)
widths = edges[2:] - edges[:-2]
centres = representations.mel_centres()
fig, (left_ax, right_ax) = plt.subplots(1, 2, figsize=(12, 4.5))
left_ax.plot(frequencies, librosa.hz_to_mel(frequencies))
left_ax.set(xlabel="Frequency (Hz)", ylabel="Mel", title="A straight line to 1 kHz, then a bend")
right_ax.plot(centres, widths, marker=".")
right_ax.set(xlabel="Centre of the band (Hz)", ylabel="Width (Hz)", title=f"{N_MELS} bands, wider and wider")
plotting.show(fig, alt="Left: mel against hertz, straight and then flattening. Right: band widths grow with frequency.")

# %%
print(f"first band: {widths[0]:.0f} Hz wide; last band: {widths[-1]:.0f} Hz wide")
print(f"{(centres < 1000).sum()} of {N_MELS} bands below 1 kHz, where only 1/8 of the hertz are")
slaney, htk = librosa.hz_to_mel(1000), librosa.hz_to_mel(1000, htk=True)
print(f"1,000 Hz is {slaney:.0f} mel in Slaney's formula and {htk:.0f} in HTK's")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The two formulas use other units and differ in their bend, so a mel value means nothing without its formula.
# librosa takes Slaney's unless told `htk=True`. Report which one you used.

# %% [markdown]
# ## The mel spectrogram
#
# Add up the power of the STFT in each band, and turn power into decibels with `power_to_db`. Each row is drawn at
# the centre of its band, on an axis that is even in mel. Compare with the linear picture: the same clip, 64 rows in
# place of 513.

# %%
mel = librosa.feature.melspectrogram(y=clip, sr=sr, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, fmax=top)
mel_levels = librosa.power_to_db(mel, ref=np.max)
fig, ax = plt.subplots()
columns = representations.frame_times(mel_levels.shape[1], sr=sr)
plotting.mel_spectrogram(ax, mel_levels, columns, representations.mel_centres(sr=sr, fmax=top), floor=-60)
ax.set_title(f"{N_MELS} mel bands: fine below, coarse above")
plotting.show(fig, alt="Mel spectrogram of the clip with a mel frequency axis up to the highest frequency in the file.")

# %% [markdown]
# Low harmonics stay apart, and high ones merge into the formants' bands. Speech recognisers read pictures
# like this one: the Whisper model of lesson 05 is given 80 mel bands, never the samples. From here on,
# `representations.mel_db` makes these two calls.

# %%
by_helper = representations.mel_db(clip, fmax=top)
print(f"Largest difference between the two calls and the helper: {np.abs(by_helper - mel_levels).max():.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: `amplitude_to_db` on a mel spectrogram
#
# `melspectrogram` gives power, and power is amplitude squared. `amplitude_to_db` squares it again, so every
# difference in decibels doubles. Turn the clip down by 20 dB and see what each call makes of it; then count
# the cells that end up at the floor of -80 dB.

# %% tags=["pitfall"]
quiet = librosa.feature.melspectrogram(y=0.1 * clip, sr=sr, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, fmax=top)
for name, to_db in [("naive: amplitude_to_db", librosa.amplitude_to_db), ("right: power_to_db", librosa.power_to_db)]:
    change = to_db(quiet).max() - to_db(mel).max()
    floor = np.mean(to_db(mel, ref=np.max) <= -79.999)
    print(f"{name} reads -20 dB as {change:.0f} dB, and has {100 * floor:.0f} % of the cells at the floor")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: librosa's `specshow` on a mel spectrogram
#
# With `y_axis="log"`, specshow takes the rows for STFT bins, evenly spaced in hertz, which mel bands are not. With
# `"mel"`, it spaces them evenly in mel from 0 Hz up, which is not where the bands' centres lie, and it takes them to
# end at half the rate unless `fmax` says otherwise. Draw tones of 100 and 1,000 Hz in 64 bands that end at 4,000 Hz,
# and ask each drawing where it put them.

# %% tags=["pitfall"]
tones = [0.1 * np.sin(2 * np.pi * hz * seconds) for hz in (100, 1000)]
of_tones = [representations.mel_db(tone, fmax=4000) for tone in tones]
rows = [bands.mean(axis=1).argmax() for bands in of_tones]
fig, ax = plt.subplots()
calls = {"naive: log": {"y_axis": "log"}, "naive: mel": {"y_axis": "mel"}}
for name, call in (calls | {"naive: mel, fmax": {"y_axis": "mel", "fmax": 4000}}).items():
    mesh = librosa.display.specshow(of_tones[0], sr=sr, hop_length=HOP_LENGTH, ax=ax, **call)
    # the middle between the lower and the upper edge of each row
    low, high = (mesh.get_coordinates()[row : row + 2, 0, 1].mean() for row in rows)
    print(f"{name:<17} draws 100 Hz at {low:,.0f} Hz, 1,000 Hz at {high:,.0f} Hz")
low, high = representations.mel_centres(fmax=4000)[rows]
print(f"right: at centres draws 100 Hz at {low:,.0f} Hz, 1,000 Hz at {high:,.0f} Hz")
plt.close(fig)
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nothing warns you, and the wrong pictures look just as good. Test an axis with a tone you know. The last
# answer is a few hertz off because a band has a width.

# %% [markdown]
# ### Exercise 02.5: a mean spectrum
#
# Write a function that takes a mel spectrogram, power of shape `(n_mels, n_frames)`, and returns its mean over time in
# dB below the strongest band, shape `(n_mels,)`: 0 for the strongest, below 0 for the others. Powers may be averaged,
# for energies add up. `librosa.power_to_db` helps.

# %% tags=["stub"]
answer = ...
print(exercises.check("02.5", answer))


# %% tags=["solution"]
def mean_spectrum(power):
    """Mean power over time of a mel spectrogram (n_mels, n_frames) in dB below its strongest band, (n_mels,)."""
    return librosa.power_to_db(power.mean(axis=1), ref=np.max)


answer = mean_spectrum
print(exercises.check("02.5", answer))

# %% [markdown]
# ## What these pictures measure
#
# *Phonology* studies the categories of a language, for instance which sounds tell *minute* from *minutes*. A
# spectrogram measures one event. For what this tutorial measures, the field says *acoustic-phonetic*,
# *prosodic* (melody, timing, stress) and *paralinguistic* (voice, affect).

# %% [markdown]
# How far apart are the two? Take stretches of a second from one speaker, and of each a second take by another
# throat: Praat's *Change gender* raises the formants by 15 % and the pitch by 40 %, and keeps the words. Describe
# each take by its mean mel spectrum over the frames within 40 dB of the strongest cell, and take its level away.

# %%
stretches = speech
if source.truth is not None:  # one throat only: who speaks first
    turns = source.turns.query("recording == @episode.name and kind == 'speech' and offset > @start")
    turns = turns[turns["speaker"] == turns["speaker"].iloc[0]]
    stretches = speech[data_prep.inside(start + speech[["onset", "offset"]].mean(axis=1), turns)]
seconds_of_speech = [np.arange(onset, offset - 1, 1.0) for onset, offset in stretches.to_numpy()]
onsets = np.concatenate([*seconds_of_speech, []])[:20]
print(f"{len(onsets)} stretches of one second")
# NBVAL_CHECK_OUTPUT

# %%
praat.run(f"random_initializeWithSeedUnsafelyButPredictably({seed})")
takes = []  # for each stretch: the samples as they are, and by another throat
for onset in onsets:
    piece = parselmouth.Sound(y[round(onset * sr) :][:sr].astype(float), sr)
    f0 = piece.to_pitch_ac(pitch_floor=60, pitch_ceiling=500).selected_array["frequency"]
    higher = 1.4 * np.median(f0[f0 > 0]) if (f0 > 0).any() else 0  # for Praat, 0 is: leave the pitch alone
    other = praat.call(piece, "Change gender", 60, 500, 1.15, higher, 1, 1)
    takes.append([sound.values[0] / np.std(sound.values) * 0.05 for sound in (piece, other)])

# %% tags=["player"]
plotting.player(np.concatenate(takes[0]) if takes else clip, sr)

# %% [markdown]
# You hear one stretch as it is, then by the other throat.


# %%
def profile(samples):
    """Mean mel spectrum (dB) of the frames within 40 dB of the strongest cell, its level taken away."""
    picture = representations.mel_db(samples, fmax=top)
    mean = picture[:, picture.max(axis=0) > -40].mean(axis=1)
    return mean - mean.mean()


profiles = np.array([profile(take) for side in zip(*takes, strict=True) for take in side])

# %% [markdown]
# ### Pitfall: calling this computational phonology
#
# As categories, both takes of a stretch are the same words. As measurements, how far apart are they, how far are
# other words by the same throat, and which take is the nearest?

# %% tags=["pitfall"]
n = len(takes)
if n > 1:
    apart = np.sqrt(((profiles[:, None] - profiles) ** 2).mean(axis=2))  # rows 0 to n - 1 as they are, then the others
    same, other_words = np.median(np.diag(apart[:n, n:])), np.median(apart[:n, :n][~np.eye(n, dtype=bool)])
    np.fill_diagonal(apart, np.inf)
    hits = (apart[:n].argmin(axis=1) == np.arange(n) + n).sum()
    print(f"naive: as categories, two takes are 0.0 dB apart; the nearest is the same words {n} of {n} times")
    print(f"right: measured, {same:.1f} dB; the nearest is the same words {hits} of {n} times")
    print(f"other words by the same throat are {other_words:.1f} dB apart")
else:
    print("This part needs a few seconds of speech, and none was found.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# By another throat, the same words are nearly as far apart as other words by the same throat; in prompts they are
# farther. Not once is the same stretch the nearest. People differ by more than a computed throat: the vowels of one
# category vary, and categories overlap (Peterson & Barney 1952). Report what you measured, not a category.

# %% [markdown]
# ## Planted beside estimated
#
# The show was made, so some answers are known: the telephone lets through 300 to 3,400 Hz, and the music has a
# score. The edges were found above. For the music, take the highest peak in the spectrum of its first chord (two
# seconds, a long window), and the shift at which its level matches itself best, between 0.3 and 0.8 s.

# %%
rows = {}
if source.truth is not None:
    if len(guests) == 2:
        rows["telephone, low edge (Hz)"] = source.truth["values"]["value"]["telephone_low"], low_edge
        rows["telephone, high edge (Hz)"] = source.truth["values"]["value"]["telephone_high"], high_edge
    piece = source.turns.query("recording == @episode.name and kind == 'music'").iloc[0]
    music = data_prep.read(episode.path, start=piece["onset"], seconds=piece["offset"] - piece["onset"])
    chord = np.abs(np.fft.rfft(music[: 2 * sr] * np.hanning(2 * sr)))
    played = librosa.feature.rms(y=music, frame_length=512, hop_length=HOP_LENGTH)[0]
    played = librosa.autocorrelate(data_prep.dbfs(played) - data_prep.dbfs(played).mean())
    score = source.truth["music"].query("recording == @episode.name").iloc[0]
    rows["root of the first chord (Hz)"] = librosa.note_to_hz(score["chord"][0] + "4"), chord.argmax() / 2
    rows["beats a minute"] = score["bpm"], 60 / ((30 + played[30:80].argmax()) * HOP_LENGTH / sr)
beside = pd.DataFrame.from_dict(rows, orient="index", columns=["planted", "estimated"])
beside.round(1)

# %%
if beside.empty:
    print("Nothing is planted in these recordings, so there is nothing to compare with.")
for name, (planted, estimated) in beside.iterrows():
    print(f"{name}: planted {planted:.0f}, estimated within {np.ceil(100 * abs(estimated / planted - 1)):.0f} %")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# All are recovered, each as finely as its picture allows: the edges to a bin or a few of 15.6 Hz, the note to half a
# hertz with two seconds of window, the beat to one step of 10 ms.

# %% [markdown] tags=["quiz"]
# ## Quiz
#
# Open the option that you would choose.
#
# **1. Last year's episodes have a level of -26 dB re full scale, this year's -20 dB. What do you know?**
#
# <details><summary>The hosts speak louder than they did.</summary>Not this one: a gain anywhere between mouth and
# file makes the same difference, and nothing in the file tells it from a voice.</details>
# <details><summary>The numbers in this year's files are about twice as large.</summary>Right: 6 dB are a factor of 2
# in amplitude. Whether people spoke louder or someone turned a knob, the level alone does not say.</details>
# <details><summary>Listeners find this year's episodes twice as loud.</summary>Not this one: loudness is what a
# listener hears. It depends on frequency and on the listener's own volume, and does not double with 6 dB.</details>
#
# **2. You want to tell two close harmonics apart, and they run together. What do you change?**
#
# <details><summary>Shorten the hop, for more frames.</summary>Not this one: more frames are more columns of the
# same width. How fine the frequencies are depends on the window.</details>
# <details><summary>Draw the picture on a logarithmic axis.</summary>Not this one: an axis stretches what was
# measured, and adds no detail.</details>
# <details><summary>Read the file at twice the rate, with the same n_fft.</summary>Not this one: the window then lasts
# half as long, and the bins lie twice as far apart.</details>
# <details><summary>Lengthen the window.</summary>Right: a window of T seconds parts frequencies that lie a few times
# 1/T Hz apart. The price is that events in time blur.</details>
#
# **3. A telephone recording holds 8,000 samples a second. You read it at 16,000. What lies from 4,000 to 8,000 Hz?**
#
# <details><summary>Nothing of the voice.</summary>Right: what was not stored cannot come back. A higher rate makes
# room up there, and the room stays empty.</details>
# <details><summary>The voice's high frequencies, restored.</summary>Not this one: they were removed before the file
# was written, and no rate brings them back.</details>
# <details><summary>Aliases of the lower half.</summary>Not this one: that happens without a filter. A reader with
# one, such as soxr, leaves the upper half empty.</details>
#
# **4. A colleague halved the rate by keeping every second sample. Can a filter repair the file now?**
#
# <details><summary>Yes: filter out everything above half of the new rate.</summary>Not this one: a file holds nothing
# above half of its rate. The aliases already lie below it.</details>
# <details><summary>No: aliases lie among the real frequencies.</summary>Right: a tone that was folded down looks like
# any other tone. The filter has to come first, so go back to the original file.</details>
# <details><summary>It needs no repair: speech survives it.</summary>Not this one: you may still understand it, and
# yet an s above the new limit now counts as energy at frequencies where there was none.</details>
#
# **5. What does a mel spectrogram show better than the linear one it was made from?**
#
# <details><summary>More detail at low frequencies.</summary>Not this one: its bands are sums of the same bins. Below,
# it shows no more than the window has parted; above, it shows less.</details>
# <details><summary>How loud a listener finds each band.</summary>Not this one: only the frequency axis imitates
# the ear. The values are still power, uncalibrated.</details>
# <details><summary>The spectrum in few numbers, spaced roughly as an ear spaces them.</summary>Right: 64 rows in
# place of 513, narrow below and wide above. That is why recognisers read it.</details>

# %% [markdown]
# ## What you learned
#
# - A long waveform is an outline; 30 ms show the oscillation. Level is in dB re full scale, and is not
#   loudness.
# - A spectrogram has a window: its length in ms and its bins in Hz belong in your methods section.
# - Power goes to `power_to_db`, mel bands to a mel axis with `fmax`, and resampling needs its filter.
# - A tone whose frequency you know tests every picture.
#
# **Further reading.**
#
# - Gabor (1946), time and frequency: [10.1049/ji-3-2.1946.0074](https://doi.org/10.1049/ji-3-2.1946.0074)
# - Harris (1978), windows: [10.1109/PROC.1978.10837](https://doi.org/10.1109/PROC.1978.10837)
# - Jongman, Wayland & Wong (2000), fricatives: [10.1121/1.1288413](https://doi.org/10.1121/1.1288413)
# - Peterson & Barney (1952), vowels: [10.1121/1.1906875](https://doi.org/10.1121/1.1906875)
# - Stevens, Volkmann & Newman (1937), the mel scale: [10.1121/1.1915893](https://doi.org/10.1121/1.1915893)
# - Suzuki & Takeshima (2004), loudness of tones: [10.1121/1.1763601](https://doi.org/10.1121/1.1763601)
#
# **Next:** [03 Features](03_features.ipynb), from pictures to numbers.
