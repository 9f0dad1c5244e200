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
# **What you will do:** draw one recording as a waveform, a level, a spectrogram and a mel spectrogram, and test each
# picture on a sound whose answer is known.
#
# **What you will learn:** how to read each picture, which settings stand behind it, and how it can mislead.
#
# **What you need:** lesson 01.

# %% [markdown]
# ## Set up
#
# The settings are the same in every lesson. `corpus` takes the path of a folder with recordings of your own. Where
# the text below states a number, it speaks of the default recording.

# %% tags=["parameters"]
corpus = "prompts"  # "prompts", or the path of a folder with your own recordings
recording = ""  # a name from the corpus; empty takes the corpus's own choice
start = 0.0  # seconds: where the excerpt begins
minutes = 10.0  # how much of a recording is read at most
most_recordings = 100  # how many recordings are used at most where a lesson compares recordings
seed = 20221106  # everything random starts here

# %%
import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soxr
from scipy.signal import find_peaks

from tutorial_helpers import corpora, data_prep, exercises, plotting, representations
from tutorial_helpers.representations import HOP_LENGTH, N_FFT, N_MELS

plotting.use_style()

# %% [markdown]
# A recording stored at 8,000 samples a second holds nothing above 4,000 Hz, and resampling to 16,000 adds nothing.
# Keep the highest frequency that can be there, `top`: the pictures need it.

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
y = data_prep.read(episode.path, start=start, seconds=60 * minutes)
top = min(data_prep.probe(episode.path)["sr"], sr) / 2
print(f"{episode.name}: {len(y) / sr:.0f} s, read at {sr:,} Hz; nothing in it can lie above {top:,.0f} Hz.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Some pictures need seconds, not minutes. The voice detector of lesson 01 finds where speech begins, and three
# seconds from there are the clip. Play it, and keep its sound in mind: everything below is this clip.

# %%
speech = data_prep.voice_activity(y[: 120 * sr], sr)
begin = speech["onset"].iloc[0] if len(speech) else 0.0
clip = y[round(begin * sr) :][: 3 * sr]

# %% tags=["player"]
plotting.player(clip, sr)

# %% [markdown]
# ## The waveform
#
# A microphone follows the pressure of the air, and the samples follow the microphone. A waveform draws them over
# time. First a whole minute: look for bursts and for gaps, and do not look for anything finer.

# %%
minute = y[: 60 * sr]
fig, ax = plt.subplots()
wave = librosa.display.waveshow(minute, sr=sr, axis="s", ax=ax, color=plotting.BLUE)
ax.set(xlabel="Time (s)", ylabel="Amplitude (1 = full scale)", title="A minute shows when there is sound")
plotting.show(fig, alt="Waveform of up to one minute: bursts of speech with short gaps between them.")

# %% [markdown]
# Phrases and pauses can be seen, and nothing of the sound itself. Now 30 ms from the loudest moment of the clip.
# Look for a pattern that repeats, and count how often it does.

# %%
loud = librosa.feature.rms(y=clip, frame_length=480, hop_length=HOP_LENGTH)[0].argmax() * HOP_LENGTH
first = max(0, loud - 240)
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
# Each repetition is one opening and closing of the vocal folds. Their number a second is the fundamental frequency,
# about 190 Hz here; lesson 03 measures it properly. The ripples within a repetition are the resonances of the mouth
# and throat.

# %% [markdown]
# ### Pitfall: a long waveform shows the oscillation
#
# `waveshow` draws at most 11,025 points. Of a longer recording it draws an envelope instead: for each stretch the
# largest absolute sample, once above zero and once mirrored below. Count the samples behind one drawn point.

# %% tags=["pitfall"]
outline = wave.envelope.get_paths()[0].vertices
behind = len(minute) / len(np.unique(outline[:, 0]))
in_view = near.steps.get_xdata()
print(f"naive: in the minute, a point stands for {behind:.0f} samples, {behind / period:.1f} repetitions")
print(f"right: in the 30 ms, a point stands for {len(thirty) / len(in_view):.0f} sample, {1 / period:.2f} repetitions")
print(f"naive: the drawn minute reaches down to {outline[:, 1].min():.2f}")
print(f"right: its lowest sample is {minute.min():.2f}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# With about one point a repetition, no oscillation can appear, and the lower half is a mirror image, not data. In ten
# minutes a point stands for ten times as much. Use the long view to find a place, the short one to see the sound.

# %% [markdown]
# ## From amplitude to level
#
# Amplitudes span a wide range, so they are compared by ratio. A level in decibels is $20 \log_{10}$ of the
# amplitude over a reference. In a file the only reference is the largest number it can hold, full scale: *dB re full
# scale*, never above 0.

# %%
for amplitude in [1.0, 0.5, 0.1, 0.01]:
    print(f"amplitude {amplitude:<4}  {20 * np.log10(amplitude):6.1f} dB re full scale")
print(f"clip: peak {data_prep.dbfs(np.abs(clip).max()):.1f} dB, RMS {data_prep.dbfs(np.sqrt(np.mean(clip**2))):.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Halving costs 6 dB, a tenth 20 dB. RMS, the root of the mean squared sample, says more than a single peak. Here is
# the level of the clip, one value every 10 ms. Look for the pauses: a waveform squeezes them to a line, decibels
# give them room.

# %%
rms = librosa.feature.rms(y=clip, frame_length=N_FFT, hop_length=HOP_LENGTH)[0]
level = data_prep.dbfs(rms)
fig, ax = plt.subplots()
ax.plot(representations.frame_times(len(level)), level)
ax.set(xlabel="Time (s)", ylabel="Level (dB re full scale)", ylim=(-90, 0))
ax.set_title(f"Within 3 s the level moves through {np.ptp(level):.0f} dB")
plotting.show(fig, alt="Level of the clip over time in decibels: hills for syllables and deep dips for pauses.")

# %% [markdown]
# ### Pitfall: amplitude is loudness
#
# Turn down a gain anywhere between mouth and file, and the level drops although nobody spoke more softly. And ears
# do not weigh frequencies alike. Two tones of equal RMS, at 100 and 1,000 Hz, show it; the A-weighting curve is a
# rough model of the ear at low levels.

# %% tags=["pitfall"]
seconds = np.arange(sr) / sr
rms_of = {hz: np.sqrt(np.mean((0.1 * np.sin(2 * np.pi * hz * seconds)) ** 2)) for hz in (100, 1000)}
levels = {hz: data_prep.dbfs(rms) for hz, rms in rms_of.items()}
weighted = {hz: levels[hz] + librosa.A_weighting(hz) for hz in levels}
print(f"naive: by RMS the 1,000 Hz tone is {levels[1000] - levels[100]:.1f} dB louder")
print(f"right: weighted as an ear weighs, it is {weighted[1000] - weighted[100]:.1f} dB louder")
turned_down = data_prep.dbfs(np.sqrt(np.mean((0.5 * clip) ** 2))) - data_prep.dbfs(np.sqrt(np.mean(clip**2)))
print(f"naive: the clip at half the gain: the speaker became {-turned_down:.1f} dB softer")
print("right: the speaker did the same thing: 0.0 dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# So write *level in dB re full scale*, and compare it within a recording, not across. For the loudness of programmes,
# broadcasting has a standard, LUFS (ITU-R BS.1770): a frequency weighting, then a mean that skips silence. It still
# moves with the gain of the file. How ears weigh tones is in Suzuki and Takeshima (2004).

# %% [markdown]
# ## The spectrogram
#
# Cut the samples into short overlapping windows, and ask of each how strong every frequency is in it: the short-time
# Fourier transform (STFT). This project uses windows of 1,024 samples (`n_fft`), one every 160 samples
# (`hop_length`).

# %%
spectrum = librosa.stft(clip, n_fft=N_FFT, hop_length=HOP_LENGTH)
levels = librosa.amplitude_to_db(np.abs(spectrum), ref=np.max)
bins, frames = spectrum.shape
print(f"window {1000 * N_FFT / sr:.0f} ms, a frame every {1000 * HOP_LENGTH / sr:.0f} ms: {frames} frames")
print(f"{bins} frequencies from 0 to {sr / 2:,.0f} Hz, {sr / N_FFT:.1f} Hz apart")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Each value is a magnitude; `amplitude_to_db` turns it into decibels below the strongest cell (`ref=np.max`). To
# have something to point at, pick three frames by a rule: most energy below 1 kHz (A), the largest share above 2 kHz
# (B), and least energy (C).

# %%
frequencies = librosa.fft_frequencies(sr=sr, n_fft=N_FFT)
times = representations.frame_times(frames)
power = np.abs(spectrum) ** 2
low, high, whole = power[frequencies < 1000].sum(0), power[frequencies > 2000].sum(0), power.sum(0)
sounding = whole > 1e-4 * whole.max()  # within 40 dB of the loudest frame
marks = {"A": low.argmax(), "B": np.where(sounding, high / np.maximum(whole, 1e-12), 0).argmax(), "C": whole.argmin()}

# %% [markdown]
# Time runs to the right, frequency upwards, and colour is level: the colour bar says how many dB below the strongest
# cell. Look for evenly spaced stripes, for broad bright bands, for bright clouds high up, and for dark columns.

# %%
fig, ax = plt.subplots(figsize=(10, 5))
mesh = librosa.display.specshow(
    levels, sr=sr, hop_length=HOP_LENGTH, n_fft=N_FFT, x_axis="s", y_axis="linear", ax=ax, cmap=plotting.HEAT
)
fig.colorbar(mesh, ax=ax, format="%+2.0f dB")
for name, frame in marks.items():
    ax.axvline(times[frame], color="white", linestyle=":")
    ax.text(times[frame], 1.02 * sr / 2, name, ha="center")
ax.set(xlabel="Time (s)", ylabel="Frequency (Hz)")
ax.set_title(f"Everything happens below {top:,.0f} Hz", pad=26)
plotting.show(fig, alt="Spectrogram of the clip with a linear frequency axis; three frames are marked A, B and C.")

# %% [markdown]
# In the default clip, A is a vowel: thin stripes, the *harmonics*, multiples of the voice's fundamental frequency,
# brighter in bands, the *formants*, where mouth and throat resonate. B is a hissing consonant, a *fricative*: no
# stripes, energy high up. C is a pause.

# %% [markdown]
# Each column of the picture is a spectrum. Here are the three columns as curves. Look for teeth, for a hump at the
# right end, and for the difference in height.

# %%
fig, ax = plt.subplots()
for (name, frame), colour in zip(marks.items(), [plotting.BLUE, plotting.ORANGE, plotting.GREY], strict=True):
    ax.plot(frequencies, levels[:, frame], color=colour, label=f"{name}, at {times[frame]:.2f} s")
ax.set(xlabel="Frequency (Hz)", ylabel="dB re strongest cell", xlim=(0, top))
ax.set_title("A column of the spectrogram is a spectrum")
ax.legend()
plotting.show(fig, alt="Spectra of frames A, B and C: A has regular teeth, B rises towards high frequencies, C is low.")

# %%
for name, frame in marks.items():
    share = high[frame] / max(whole[frame], 1e-12)
    print(f"{name}: {100 * share:.0f} % of its energy above 2 kHz, {levels[:, frame].max():.0f} dB at its strongest")
if top < sr / 2:
    print(f"Strongest cell above {top:,.0f} Hz: {levels[frequencies > 1.05 * top].max():.0f} dB. The file never had more.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The telephone cut the fricative: most of an *s* lies above 4 kHz, and this file ends there. A spectrogram shows at
# once what a recording cannot tell you. Do this with every new source, before you measure.

# %% [markdown]
# ## The same picture on a logarithmic axis
#
# A linear axis gives the octave from 4 to 8 kHz half of the picture. A logarithmic axis gives each octave the same
# height. Look at the lowest stripes: they spread out, and the top is squeezed.

# %%
fig, ax = plt.subplots(figsize=(10, 5))
mesh = librosa.display.specshow(
    levels, sr=sr, hop_length=HOP_LENGTH, n_fft=N_FFT, x_axis="s", y_axis="log", ax=ax, cmap=plotting.HEAT
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
# The transform did not change, only the axis. Low octaves are drawn from a handful of frequencies, which is why the
# bottom looks blocky: the detail there was never measured.

# %% [markdown]
# ## A window trades time for frequency
#
# A window of $T$ seconds gives frequencies $1/T$ Hz apart. Long windows separate close frequencies and blur time;
# short ones do the reverse (Gabor 1946). Below, the same clip twice. Look for horizontal stripes in one, vertical ones in
# the other.

# %%
fig, axes = plt.subplots(1, 2, figsize=(13, 5), sharey=True)
for ax, n_fft in zip(axes, [128, 2048], strict=True):
    part = representations.spectrogram_db(clip[: round(1.5 * sr)], n_fft=n_fft, hop_length=64)
    rows = librosa.fft_frequencies(sr=sr, n_fft=n_fft)
    columns = representations.frame_times(part.shape[1], hop_length=64)
    plotting.spectrogram(ax, part, columns, rows, floor=-60)
    ax.set(ylim=(0, min(top, 3000)), title=f"{1000 * n_fft / sr:.0f} ms, {sr / n_fft:.1f} Hz a bin")
axes[1].set_ylabel("")
plotting.show(fig, alt="Two spectrograms of the same clip: 8 ms windows show vertical stripes, 128 ms windows horizontal ones.")

# %% [markdown]
# The short window (left) is shorter than two periods of the voice: it shows every pulse of the vocal folds as a vertical
# stripe, and the formants as broad bands. The long one (right) shows every harmonic, and smears the consonants. Both
# are true, of different questions.

# %% [markdown]
# ### Pitfall: one window length answers every question
#
# Take two clicks 20 ms apart, and two tones 40 Hz apart, and count what each window can tell apart. A peak counts if it
# stands out by 3 dB.

# %% tags=["pitfall"]
clicks = np.zeros(sr, np.float32)
clicks[[sr // 2, sr // 2 + sr // 50]] = 1
tones = np.sin(2 * np.pi * 1000 * seconds) + np.sin(2 * np.pi * 1040 * seconds)
found = {}
for n_fft in [128, 2048]:
    over_time = representations.spectrogram_db(clicks, n_fft=n_fft, hop_length=16).max(axis=0)
    over_frequency = representations.spectrogram_db(tones, n_fft=n_fft).mean(axis=1)
    found[n_fft] = [len(find_peaks(curve, height=-30, prominence=3)[0]) for curve in (over_time, over_frequency)]
print(f"naive, 8 ms for both:   {found[128][0]} clicks, {found[128][1]} tone")
print(f"naive, 128 ms for both: {found[2048][0]} click,  {found[2048][1]} tones")
print(f"right, to each its own: {found[128][0]} clicks, {found[2048][1]} tones")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: cutting out a window does no harm
#
# A plain cut is a window too, with hard edges, and the edges spread a tone over all frequencies: *leakage*. A Hann
# window fades in and out. The tone here lies halfway between two bins, the worst case. Look far away from it.

# %%
tone = np.sin(2 * np.pi * (1000 + sr / N_FFT / 2) * seconds)
fig, ax = plt.subplots()
leak = {}
for window, colour in [("boxcar", plotting.ORANGE), ("hann", plotting.BLUE)]:
    column = np.abs(librosa.stft(tone, n_fft=N_FFT, window=window, center=False))[:, 5]
    leak[window] = 20 * np.log10(np.maximum(column / column.max(), 1e-6))
    ax.plot(frequencies, leak[window], color=colour, label={"boxcar": "plain cut", "hann": "Hann window"}[window])
ax.set(xlim=(0, 3000), xlabel="Frequency (Hz)", ylabel="dB re peak", title="One tone: a plain cut leaks everywhere")
ax.legend()
plotting.show(fig, alt="Spectrum of one tone: with a plain cut it spreads widely, with a Hann window it stays narrow.")

# %% tags=["pitfall"]
away = np.abs(frequencies - 2000).argmin()
print(f"naive, plain cut:   1,000 Hz away from the tone there still seem to be {leak['boxcar'][away]:.0f} dB")
print(f"right, Hann window: {max(leak['hann'][away], -90):.0f} dB or less")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# `librosa.stft` uses a Hann window unless told otherwise (Harris 1978 compares many). Without it, a loud vowel would
# paint weak energy over quiet parts of the spectrum, and you would measure the window.

# %% [markdown]
# ## Aliasing
#
# At $r$ samples a second, frequencies above $r/2$ cannot be told from lower ones. So resampling must remove them first. A tone that
# glides from 0 to 8,000 Hz shows what happens at half the rate: every other sample (left), and `soxr` with its filter
# (right).

# %%
glide = 0.5 * librosa.chirp(fmin=1, fmax=sr / 2, sr=sr, duration=3, linear=True).astype(np.float32)
halved = {"Every other sample": glide[::2], "soxr": soxr.resample(glide, sr, sr // 2)}
fig, axes = plt.subplots(1, 2, figsize=(13, 4.5), sharey=True)
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
# On the left the glide turns round at 4,000 Hz and comes down again, a sound that never was. Put a number on it with one tone
# of 5,000 Hz.

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
# Nothing repairs an alias afterwards: it looks like real sound. `data_prep.read` resamples with soxr, so you are safe here.
# Plain slicing, or a recorder that did it for you, is not.

# %% [markdown]
# ## The mel scale
#
# Listeners hear the step from 200 to 300 Hz as large and the step from 5,000 to 5,100 Hz as small. The mel scale
# (Stevens, Volkmann & Newman 1937) bends the frequency axis accordingly. Bands of equal width on it are narrow
# below and wide above.

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
print(f"1,000 Hz is {librosa.hz_to_mel(1000):.0f} mel in Slaney's formula, {librosa.hz_to_mel(1000, htk=True):.0f} in HTK's")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The two formulas use other units and differ in their bend, so a mel value means nothing without its formula.
# librosa takes Slaney's unless told `htk=True`. Report which one you used.

# %% [markdown]
# ## The mel spectrogram
#
# Add up the power of the STFT in each band, and turn power into decibels with `power_to_db`. The drawing call needs
# `sr`, `hop_length`, `n_fft` and `fmax`, the same as the computing call, or its axes lie. Compare with the linear picture: the
# same clip, 64 rows in place of 513.

# %%
mel = librosa.feature.melspectrogram(y=clip, sr=sr, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, fmax=top)
mel_levels = librosa.power_to_db(mel, ref=np.max)
fig, ax = plt.subplots(figsize=(10, 5))
mesh = librosa.display.specshow(
    mel_levels, sr=sr, hop_length=HOP_LENGTH, n_fft=N_FFT, fmax=top, x_axis="s", y_axis="mel", ax=ax, cmap=plotting.HEAT
)
fig.colorbar(mesh, ax=ax, format="%+2.0f dB")
ax.set(xlabel="Time (s)", ylabel="Frequency (Hz, mel axis)", title=f"{N_MELS} mel bands keep vowel, hiss and pause apart")
plotting.show(fig, alt="Mel spectrogram of the clip with a mel frequency axis up to the highest frequency in the file.")

# %% [markdown]
# Low harmonics stay visible, high ones merge, and the formants stand out as broad bands. This is close to what
# speech recognisers read: Whisper, in lesson 05, sees 80 mel bands and never the samples. `representations.mel_db`
# does these two calls.

# %%
by_helper = representations.mel_db(clip, fmax=top)
print(f"Largest difference between the two calls and the helper: {np.abs(by_helper - mel_levels).max():.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: `amplitude_to_db` on a mel spectrogram
#
# `melspectrogram` gives power, and power is amplitude squared. `amplitude_to_db` squares again, and every difference in
# decibels doubles. Turn the clip down by 20 dB, and look at what each call says; then count the cells at the floor of
# -80 dB.

# %% tags=["pitfall"]
quiet = librosa.feature.melspectrogram(y=0.1 * clip, sr=sr, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, fmax=top)
for name, to_db in [("naive, amplitude_to_db", librosa.amplitude_to_db), ("right, power_to_db    ", librosa.power_to_db)]:
    change = to_db(quiet).max() - to_db(mel).max()
    floor = np.mean(to_db(mel, ref=np.max) <= -80 + 1e-3)
    print(f"{name}: a change of -20 dB reads as {change:.0f} dB; {100 * floor:.0f} % of the cells at the floor")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: `y_axis="log"` on a mel spectrogram
#
# With `"log"`, specshow takes the rows for STFT bins, evenly spaced in hertz. Mel bands are not. It also assumes that
# bands end at half the rate unless `fmax` says otherwise. Draw a tone of 1,000 Hz in 64 bands up to 4,000 Hz, and ask
# the drawing where it put it.

# %% tags=["pitfall"]
tone = 0.1 * np.sin(2 * np.pi * 1000 * seconds)
bands = librosa.feature.melspectrogram(y=tone, sr=sr, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, fmax=4000)
row = bands.mean(axis=1).argmax()
fig, ax = plt.subplots()
for call in [{"y_axis": "log"}, {"y_axis": "mel"}, {"y_axis": "mel", "fmax": 4000}]:
    mesh = librosa.display.specshow(bands, sr=sr, hop_length=HOP_LENGTH, ax=ax, **call)
    drawn_at = mesh.get_coordinates()[row : row + 2, 0, 1].mean()
    print(f"{'right' if 'fmax' in call else 'naive'}, {call}: the 1,000 Hz tone is drawn at {drawn_at:,.0f} Hz")
plt.close(fig)
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nothing warns you: the wrong pictures look just as good. Test an axis with a tone you know. (The band is about 90 Hz
# wide, so a few hertz beside 1,000 are as near as it gets.)

# %% [markdown]
# ## What these pictures measure
#
# *Phonology* studies the categories of a language: which sounds make *second* another word than *seconds*. A spectrogram
# measures one event. The terms for what this tutorial measures are *acoustic-phonetic*, *prosodic* (melody,
# timing) and *paralinguistic* (voice, affect).

# %% [markdown]
# ### Pitfall: calling this computational phonology
#
# The prompts hold some words twice or more. By phonology, two recordings of one word are the same. Describe each recording
# by its mean mel spectrum, level removed, and see whether the nearest other recording is the same word.

# %%
spoken = source.recordings.query("kind == 'speech'")["text"].dropna()
words = spoken.str.lower().str.replace(r"[^\w' ]", "", regex=True).str.split().str.join(" ")
words = words[(words.str.count(" ") < 2) & words.duplicated(keep=False)].head(most_recordings)
profiles = {}
for name in words.index:
    picture = representations.mel_db(data_prep.read(source.recordings.path[name], seconds=10))
    profile = picture[:, picture.max(axis=0) > -40].mean(axis=1)
    profiles[name] = profile - profile.mean()
profiles = pd.DataFrame(profiles).T

# %% tags=["pitfall"]
if len(words) < 4:
    print("This part needs words that were recorded twice, with their text; this corpus has none.")
else:
    apart = np.sqrt(((profiles.to_numpy()[:, None] - profiles.to_numpy()) ** 2).mean(axis=2))
    apart[apart < 0.1] = np.nan  # a recording and itself, or a copy of the same take
    same = words.to_numpy()[:, None] == words.to_numpy()
    has_twin = np.isfinite(np.where(same, apart, np.nan)).any(axis=1)
    nearest = np.nanargmin(apart, axis=1)
    hits = same[np.arange(len(words)), nearest][has_twin].sum()
    print(f"naive: as categories, one word twice is 0.0 dB apart; nearest is the same word {has_twin.sum()} of {has_twin.sum()} times")
    print(f"right: measured, it is {np.nanmedian(apart[same]):.1f} dB apart; nearest is the same word {hits} of {has_twin.sum()} times")
# NBVAL_CHECK_OUTPUT
