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

# %% [markdown]
# ## Set up
#
# The settings are the same in every lesson. `corpus` takes the path of a folder with recordings of your own.
# Where the text below states a number or names a sound, it speaks of the default recording.

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
import soxr
from scipy.signal import find_peaks

from tutorial_helpers import corpora, data_prep, exercises, plotting, representations
from tutorial_helpers.representations import HOP_LENGTH, N_FFT, N_MELS

plotting.use_style()

# %% [markdown]
# A recording stored at 8,000 samples a second holds nothing above 4,000 Hz, and resampling to 16,000 adds
# nothing. Keep the highest frequency that can be there, `top`: the pictures need it.

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
y = data_prep.read(episode.path, start=start, seconds=60 * minutes)
top = min(data_prep.probe(episode.path)["sr"], sr) / 2
print(f"{episode.name}: {len(y) / sr:.1f} s, read at {sr:,} Hz; nothing in it can lie above {top:,.0f} Hz.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Most pictures need seconds, not minutes. The voice detector of lesson 01 finds where speech begins, and
# three seconds from just before are the clip; without speech it is the loudest moment. Play it, and keep its
# sound in mind: most of what follows is this clip.

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
# over time. First a whole minute: look for bursts and for gaps, and do not look for anything finer.

# %%
minute = y[: 60 * sr]
fig, ax = plt.subplots()
wave = librosa.display.waveshow(minute, sr=sr, axis="s", ax=ax, color=plotting.BLUE)
ax.set(xlabel="Time (s)", ylabel="Amplitude (1 = full scale)", title="A minute shows when there is sound")
ax.margins(x=0)
plotting.show(fig, alt="Waveform of up to one minute: bursts of speech with short gaps between them.")

# %% [markdown]
# Phrases and pauses can be seen, and nothing of the sound itself. Now 30 ms from the loudest moment of the
# clip. Look for a pattern that repeats, and count how often it does.

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
# Each repetition is one opening and closing of the vocal folds. Their number a second is the *fundamental
# frequency*, here about 200 Hz; lesson 03 measures it properly. What happens within a repetition is the work
# of throat and mouth: another vowel would draw another pattern at the same rate.

# %% [markdown]
# ### Pitfall: a long waveform shows the oscillation
#
# `waveshow` draws at most 11,025 points. Of a longer recording it draws an envelope instead: for each stretch
# the largest absolute sample, once above zero and once mirrored below. Count the samples behind one drawn
# point.

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
# With about one point a repetition, no oscillation can appear, and the lower half is a mirror image, not
# data. In ten minutes a point stands for ten times as much. Use the long view to find a place, the short one
# to see the sound.

# %% [markdown]
# ## From amplitude to level
#
# Amplitudes span a wide range, so they are compared by ratio. A level in decibels is $20 \log_{10}$ of the
# amplitude over a reference. In a file the only reference is the largest number it can hold, full scale: *dB
# re full scale*, never above 0.

# %%
for amplitude in [1.0, 0.5, 0.1, 0.01]:
    print(f"amplitude {amplitude:<4}  {20 * np.log10(amplitude):6.1f} dB re full scale")
print(f"clip: peak {data_prep.dbfs(np.abs(clip).max()):.1f} dB, RMS {data_prep.dbfs(np.sqrt(np.mean(clip**2))):.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Halving costs 6 dB, a tenth 20 dB. RMS, the root of the mean squared sample, says more than a single peak.
# Here is the level of the clip, one value every 10 ms. Look for the pauses: a waveform squeezes them to a
# line, decibels give them room.

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
# So write *level in dB re full scale*, and compare it within a recording, not across. For the loudness of
# programmes broadcasters use LUFS (ITU-R BS.1770): a frequency weighting, then a mean that skips silence. It
# still moves with the gain of the file. How ears weigh tones was measured by Suzuki and Takeshima (2004).

# %% [markdown]
# ## The spectrogram
#
# Cut the samples into short overlapping windows, and ask of each how strong every frequency is in it: the
# short-time Fourier transform (STFT). This project uses windows of 1,024 samples (`n_fft`), one every 160
# samples (`hop_length`).

# %%
spectrum = librosa.stft(clip, n_fft=N_FFT, hop_length=HOP_LENGTH)
levels = librosa.amplitude_to_db(np.abs(spectrum), ref=np.max)
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
# strongest cell. Look for evenly spaced stripes, for broad bright bands, for bright clouds high up, and for
# dark columns.

# %%
fig, ax = plt.subplots()
mesh = librosa.display.specshow(
    levels, sr=sr, hop_length=HOP_LENGTH, n_fft=N_FFT, x_axis="s", y_axis="linear", ax=ax, cmap=plotting.HEAT
)
fig.colorbar(mesh, ax=ax, format="%+2.0f dB")
for name, frame in marks.items():
    ax.axvline(times[frame], color="white", linestyle=":")
    ax.text(times[frame], 1.02 * sr / 2, name, ha="center")
ax.set(xlabel="Time (s)", ylabel="Frequency (Hz)")
ax.set_title(f"Everything lies below {top:,.0f} Hz", pad=26)
plotting.show(fig, alt="Spectrogram of the clip with a linear frequency axis; three frames are marked A, B and C.")

# %% [markdown]
# In the default clip, A is the vowel of "if". Its thin stripes are *harmonics*, multiples of the fundamental
# frequency; they are brighter in bands, the *formants*, where throat and mouth resonate. B is the *sh* of
# "information", a *fricative*: no stripes, energy high up. C is silence.

# %% [markdown]
# Each column of the picture is a spectrum. Here are the three as curves. Look for regular teeth, for a hump
# at the right end, and for the distance between sound and silence.

# %%
fig, ax = plt.subplots()
for (name, frame), colour in zip(marks.items(), [plotting.BLUE, plotting.ORANGE, plotting.GREY], strict=True):
    ax.plot(frequencies, levels[:, frame], color=colour, label=f"{name}, at {times[frame]:.2f} s")
ax.set(xlabel="Frequency (Hz)", ylabel="dB re strongest cell", xlim=(0, top))
ax.set_title("A column of the spectrogram is a spectrum")
ax.legend()
plotting.show(fig, alt="Spectra of frames A, B and C: A has regular teeth, B rises towards high frequencies, C is low.")

# %%
for name in "AB":
    part = 100 * high[marks[name]] / max(whole[marks[name]], 1e-12)
    print(f"{name}: {part:.0f} % of its energy above 2 kHz; strongest cell at {levels[:, marks[name]].max():.0f} dB")
print(f"C: strongest cell at {levels[:, marks['C']].max():.0f} dB")
if top < sr / 2:
    print(f"above {top:,.0f} Hz: nothing over {levels[frequencies > 1.05 * top, inner].max():.0f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# -80 dB is where the picture ends: there is nothing above 4 kHz in a file made for the telephone. English *s*
# has its peak above that (Jongman, Wayland & Wong 2000), so in this corpus it cannot be measured. Look at
# every new source like this, before you measure.

# %% [markdown]
# ## The same picture on a logarithmic axis
#
# On a linear axis, the octave from 4 to 8 kHz takes half of the picture. A logarithmic axis gives each octave
# the same height. Look for the lowest stripes: they spread out, and the top is squeezed.

# %%
fig, ax = plt.subplots()
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
# Only the axis changed. The melody of the voice, such as its rise between 0.4 and 0.6 s, is plain now. The
# bottom is blocky because a low octave holds a handful of frequencies: detail there was never measured,
# whatever the axis.

# %% [markdown]
# ## A window trades time for frequency
#
# A window of $T$ seconds gives frequencies $1/T$ Hz apart. Long windows separate close frequencies and blur
# time; short ones do the reverse, and no window does both (Gabor 1946). Below, the same 0.3 s twice.
# Look for upright stripes in one picture, for level ones in the other.

# %%
fig, axes = plt.subplots(1, 2, figsize=(12, 4.2), sharey=True)
part_of_clip = clip[len(clip) // 3 :][: round(0.3 * sr)]
for ax, n_fft in zip(axes, [64, 1024], strict=True):
    part = representations.spectrogram_db(part_of_clip, n_fft=n_fft, hop_length=16)
    columns = representations.frame_times(part.shape[1], hop_length=16)
    plotting.spectrogram(ax, part, columns, librosa.fft_frequencies(sr=sr, n_fft=n_fft), floor=-45)
    ax.set(ylim=(0, 3500), title=f"{1000 * n_fft / sr:.0f} ms, {sr / n_fft:.3g} Hz a bin")
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
# At $r$ samples a second, a frequency above $r/2$ cannot be told from a lower one, so resampling must remove
# it first. A tone that glides from 0 to 8,000 Hz shows what happens at half the rate. Every other sample is
# kept on the left; `soxr`, with its filter, is on the right. Look at the second half.

# %%
glide = 0.5 * librosa.chirp(fmin=1, fmax=sr / 2, sr=sr, duration=3, linear=True).astype(np.float32)
halved = {"Every other sample": glide[::2], "soxr": soxr.resample(glide, sr, sr // 2)}
fig, axes = plt.subplots(1, 2, figsize=(12, 4), sharey=True)
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
# ## The mel scale
#
# Listeners hear the step from 200 to 300 Hz as large and the step from 5,000 to 5,100 Hz as small. The mel
# scale (Stevens, Volkmann & Newman 1937) bends the frequency axis accordingly. Bands that are equally wide in
# mel are narrow in hertz below and wide above: look for the bend.

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
# Add up the power of the STFT in each band, and turn power into decibels with `power_to_db`. The drawing call
# needs the `sr`, `hop_length`, `n_fft` and `fmax` of the computing call, or its axes lie. Compare with the
# linear picture: the same clip, 64 rows in place of 513.

# %%
mel = librosa.feature.melspectrogram(y=clip, sr=sr, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, fmax=top)
mel_levels = librosa.power_to_db(mel, ref=np.max)
fig, ax = plt.subplots()
mesh = librosa.display.specshow(
    mel_levels, x_axis="s", y_axis="mel", sr=sr, hop_length=HOP_LENGTH, n_fft=N_FFT, fmax=top, ax=ax, cmap=plotting.HEAT
)
fig.colorbar(mesh, ax=ax, format="%+2.0f dB")
ax.set(xlabel="Time (s)", ylabel="Frequency (Hz, mel axis)", title=f"{N_MELS} mel bands: fine below, coarse above")
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
# ### Pitfall: `y_axis="log"` on a mel spectrogram
#
# With `"log"`, specshow takes the rows for STFT bins, evenly spaced in hertz, which mel bands are not. And it
# takes them to end at half the rate unless `fmax` says otherwise. Draw a tone of 1,000 Hz in 64 bands that
# end at 4,000 Hz, and ask each drawing where it put the tone.

# %% tags=["pitfall"]
tone = 0.1 * np.sin(2 * np.pi * 1000 * seconds)
bands = librosa.feature.melspectrogram(y=tone, sr=sr, n_fft=N_FFT, hop_length=HOP_LENGTH, n_mels=N_MELS, fmax=4000)
row = bands.mean(axis=1).argmax()
fig, ax = plt.subplots()
calls = {"naive: log": {"y_axis": "log"}, "naive: mel, no fmax": {"y_axis": "mel"}}
for name, call in (calls | {"right: mel, fmax": {"y_axis": "mel", "fmax": 4000}}).items():
    mesh = librosa.display.specshow(bands, sr=sr, hop_length=HOP_LENGTH, ax=ax, **call)
    drawn_at = mesh.get_coordinates()[row : row + 2, 0, 1].mean()  # the middle between its lower and upper edge
    print(f"{name:<20} draws 1,000 Hz at {drawn_at:,.0f} Hz")
plt.close(fig)
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nothing warns you, and the wrong pictures look just as good. Test an axis with a tone you know. The last
# answer is a few hertz off because a band has a width. With `n_fft`, the first call stops with an error: one
# more reason to pass it.

# %% [markdown]
# ## What these pictures measure
#
# *Phonology* studies the categories of a language, for instance which sounds tell *minute* from *minutes*. A
# spectrogram measures one event. For what this tutorial measures, the field says *acoustic-phonetic*,
# *prosodic* (melody, timing, stress) and *paralinguistic* (voice, affect).

# %% [markdown]
# How far apart are the two? Some words of the corpus were recorded more than once. Describe each take by its
# mean mel spectrum over the frames within 40 dB of the strongest cell, and take its level away.

# %%
spoken = source.recordings.query("kind == 'speech'")["text"].dropna()
words = spoken.str.lower().str.replace(r"[^\w']+", " ", regex=True).str.strip()
words = words[~words.str.contains(" ") & words.duplicated(keep=False)].head(most_recordings)
profiles = np.zeros((len(words), N_MELS))
for profile, path in zip(profiles, source.recordings.path[words.index], strict=True):
    picture = representations.mel_db(data_prep.read(path, seconds=10))
    profile += picture[:, picture.max(axis=0) > -40].mean(axis=1)
profiles -= profiles.mean(axis=1, keepdims=True)

# %% [markdown]
# ### Pitfall: calling this computational phonology
#
# As categories, two takes of one word are the same. As measurements, how far apart are they, and is the
# nearest other take the same word?

# %% tags=["pitfall"]
apart = np.sqrt(((profiles[:, None] - profiles) ** 2).mean(axis=2))
apart[apart < 0.1] = np.inf  # a take beside itself, or a copy of it
same = (words.to_numpy()[:, None] == words.to_numpy()) & np.isfinite(apart)
if same.any():
    n = same.any(axis=1).sum()
    hits = same[np.arange(len(words)), apart.argmin(axis=1)].sum()
    print(f"naive: as categories, two takes are 0.0 dB apart; the nearest is the same word {n} of {n} times")
    print(f"right: measured, {np.median(apart[same]):.1f} dB; the nearest is the same word {hits} of {n} times")
else:
    print("This part needs single words recorded twice, and their text; this corpus has none.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The measure knows something of the word and is not the word, even with one speaker. Between speakers it is
# worse: the vowels of one category differ, and those of different categories overlap (Peterson & Barney
# 1952). Report what you measured, not a category.

# %% [markdown]
# ## Exercise 02.1
#
# You want frequencies at most 10 Hz apart, from recordings at 16,000 Hz, and a window whose length is a power
# of two. Which is the smallest `n_fft` that does it?

# %% tags=["stub"]
answer = ...
print(exercises.check("02.1", answer))

# %% tags=["solution"]
answer = next(2**k for k in range(20) if 16_000 / 2**k <= 10)
print(exercises.check("02.1", answer))

# %% [markdown]
# ## Exercise 02.2
#
# Write a function that takes the frequency of a tone and a sampling rate, both in Hz, and returns the
# frequency at which the tone appears when it is sampled at that rate without a filter. The glide shows the
# way: up, down, and up again.

# %% tags=["stub"]
answer = ...
print(exercises.check("02.2", answer))


# %% tags=["solution"]
def alias(frequency, sr):
    """The frequency (Hz) at which a tone appears when it is sampled at sr (Hz) without a filter."""
    return abs(frequency - sr * round(frequency / sr))


answer = alias
print(exercises.check("02.2", answer))

# %% [markdown]
# ## What you learned
#
# - A long waveform is an outline; 30 ms show the oscillation. Level is in dB re full scale, and is not
#   loudness.
# - A spectrogram has a window: its length in ms and its bins in Hz belong in your methods section.
# - Power goes to `power_to_db`, mel bands to a mel axis with `fmax`, and resampling needs its filter.
# - A tone whose frequency you know tests every picture.
#
# **Next:** [03 Features](03_features.ipynb), from pictures to numbers.
#
# **Further reading**
#
# - Gabor (1946), time and frequency: [10.1049/ji-3-2.1946.0074](https://doi.org/10.1049/ji-3-2.1946.0074)
# - Harris (1978), windows: [10.1109/PROC.1978.10837](https://doi.org/10.1109/PROC.1978.10837)
# - Jongman, Wayland & Wong (2000), fricatives: [10.1121/1.1288413](https://doi.org/10.1121/1.1288413)
# - Peterson & Barney (1952), vowels: [10.1121/1.1906875](https://doi.org/10.1121/1.1906875)
# - Stevens, Volkmann & Newman (1937), the mel scale: [10.1121/1.1915893](https://doi.org/10.1121/1.1915893)
# - Suzuki & Takeshima (2004), loudness of tones: [10.1121/1.1763601](https://doi.org/10.1121/1.1763601)
