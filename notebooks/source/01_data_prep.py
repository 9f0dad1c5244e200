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
# # 01 Data preparation: from a file to samples you can trust
#
# **What you will do:** find recordings, look inside a file before you trust it, take the part you need, bring it to
# one sampling rate and one channel, edit it, find the speech in it, and check its quality.
#
# **What you will learn:** which of these steps change your measurements without a word, and how to notice.
#
# **What you need:** a year of Python. No knowledge of sound.
#
# **Time:** {{TIME}}
#
# Words in links are explained in the [glossary](../site/glossary.md).

# %% [markdown]
# ## Set up
#
# On your own machine, `make setup` in the project's folder installs everything at tested versions. The next cell
# holds the settings of this lesson. Change them to work on your own recordings: `corpus` takes the path of a folder.
# Where the text states a number or names a sound, it speaks of the default.

# %% tags=["parameters"]
corpus = "show"  # "show", "prompts", the path of a folder of recordings, or a manifest's address on the web
recording = ""  # a name from the corpus; empty takes the corpus's own choice
start = 0.0  # seconds: where the excerpt begins
minutes = 10.0  # how much of a recording is read at most
most_recordings = 100  # how many recordings are used at most where a lesson compares recordings
seed = 20221106  # everything random starts here

# %%
import tempfile
import time
from pathlib import Path

import ipywidgets as widgets
import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soundfile as sf
import soxr

from tutorial_helpers import corpora, data_prep, exercises, features, plotting, voice

plotting.use_style()
rng = np.random.default_rng(seed)
work = Path(tempfile.mkdtemp())  # what this lesson writes goes here, never beside your recordings

# %% [markdown]
# ## Get audio
#
# A corpus is a table: one row a recording, with its path and what is known about it. The default, `show`, is a talk
# show made for this tutorial: a pilot of ten minutes, then an episode a week for a year. Its voices are synthetic and
# cleaner than people; in exchange, every answer is known ([how it was made](../data/README.md)).
#
# Real voices are one parameter away: `corpus = "prompts"` takes 2,831 short recordings made for telephone systems, by
# four people in five languages.

# %%
source = corpora.load(corpus)
source.recordings.drop(columns="path").dropna(axis="columns", how="all").head(3)

# %%
speech = source.recordings[source.recordings["kind"] == "speech"]
print(f"{len(source.recordings)} recordings, {len(speech)} of them speech")
for group, size in speech["group"].value_counts().sort_index().items():
    print(f"  {group}: {size}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the show, `group` says how an episode went out: over FM until July 2024, as a stream after that. `kind` is there
# because some corpora hold beeps and silences beside words, and nobody should report the pitch of a beep as a voice. We
# open one recording for this lesson.

# %%
episode = corpora.pick(source, recording)
print(episode.name)

# %% [markdown]
# ## Look before you trust: probe the file
#
# Before a single sample is used, ask the file what it holds. Its [sampling rate](../site/glossary.md#sampling-rate),
# the *native rate*, says how many samples a second were stored, and half of it is the highest frequency that the file
# can carry. [Channels](../site/glossary.md#channel) are parallel tracks. The [codec](../site/glossary.md#codec) says
# how samples became bytes, and whether something was thrown away on the way. `probe` decodes the whole file, so it also
# finds what is damaged: a download that broke off, a stretch that cannot be decoded, a silent channel.

# %%
facts = data_prep.probe(episode.path)
print(f"{facts.sr:,} Hz, {facts.channels} channel(s), {facts.codec}, {facts.seconds:.2f} s")
print(f"highest frequency it can hold: {facts.sr / 2:,.0f} Hz")
print(f"damage: {facts.damage or 'none'}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Take an excerpt
#
# Talk shows run for hours. You rarely need all of it at once, and a reader that *seeks* can jump to any second and
# decode from there. `data_prep.read` does that, brings the excerpt to one channel and to the one rate of this project,
# 16,000 Hz, and gives back `y`: an array of samples between -1 and 1.

# %%
sr = data_prep.SR
y = data_prep.read(episode.path, start=start, seconds=60 * minutes)
print(f"y: {y.shape}, {y.dtype}, {len(y) / sr:.2f} s at {sr:,} Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The pilot opens with music, and its host says his first words after 17 seconds. What follows is mostly about those
# words. Listen. No table replaces your ears: a recording that sounds wrong will be measured wrong.

# %% tags=["player"]
into = min(17.0, len(y) / sr / 2)  # seconds; a recording that is shorter than twice that is taken from its middle
words = y[round(into * sr) :]
plotting.player(y, sr, start=max(0, into - 3))

# %% [markdown]
# ### Exercise 01.1: how many samples?
#
# A colleague asks for the first 2.5 minutes of a recording that was read with `data_prep.read`. How many samples is
# that? Put the number in place of the dots.

# %% tags=["stub"]
answer = ...
print(exercises.check("01.1", answer))

# %% tags=["solution"]
answer = int(2.5 * 60 * data_prep.SR)
print(exercises.check("01.1", answer))

# %% [markdown]
# ### Pitfall: decoding everything to keep a little
#
# A common first attempt loads the whole file, cuts, writes, and loads again. To feel what that costs we make a
# ten-minute mp3 from our recording and take thirty seconds out of it, both ways. A show of four hours is twenty-four
# times as long.

# %%
long_mp3 = work / "ten_minutes.mp3"
sf.write(long_mp3, np.resize(y, 600 * sr), sr)

clock = time.perf_counter()
whole, native_sr = librosa.load(long_mp3)
naive_cut = whole[300 * native_sr : 330 * native_sr]
naive_time = time.perf_counter() - clock

clock = time.perf_counter()
cut = data_prep.read(long_mp3, start=300, seconds=30)
print(f"loading all took {naive_time / (time.perf_counter() - clock):.0f} times as long as reading the excerpt")

# %% tags=["pitfall"]
naive_seconds, right_seconds = len(whole) / native_sr, len(cut) / sr
print(f"decoded for 30 s of sound   naive: {naive_seconds:.0f} s   right: {right_seconds:.0f} s")
print(f"the same for a four-hour show   naive: {4 * 3600:,} s   right: {right_seconds:.0f} s")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: believing the length in an mp3's header
#
# A variable-rate mp3 need not say how long it is. Software then guesses from the first frames. `data_prep.length`
# counts the packets of the whole file, which takes about a second for four hours. Here we write such a file on purpose.

# %% tags=["pitfall"]
headless = work / "no_length.mp3"
speech_then_pause = np.concatenate([words[: 15 * sr], np.zeros(15 * sr, np.float32)])
data_prep.to_pydub(speech_then_pause, sr).export(headless, format="mp3", parameters=["-q:a", "4", "-write_xing", "0"])
guessed, counted = data_prep.probe(headless).header_seconds, data_prep.length(headless)
true_seconds = len(speech_then_pause) / sr
print(f"true: {true_seconds:.0f} s   naive: {guessed:.0f} s   right: {counted:.0f} s")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# `data_prep.read` does not ask the header: it decodes what is there. A reader that trusts a guess that is too short
# drops the rest of the show without a word.

# %% [markdown]
# ## One rate for everything
#
# A sampling rate is a property of the file, not of the voice. If rates differ between recordings, many measures differ
# too. So we choose one rate for the whole project and [resample](../site/glossary.md#resampling) everything to it.
# 16,000 Hz keeps what speech needs (up to 8,000 Hz) and is what the recognisers of lesson 05 expect.

# %%
native, native_sr = data_prep.read_native(episode.path, start=start + into, seconds=20)
at_16k = soxr.resample(native[:, 0], native_sr, sr)
print(f"{native_sr:,} Hz: {len(native):,} samples, {len(native) / native_sr:.1f} s")
print(f"{sr:,} Hz: {len(at_16k):,} samples, {len(at_16k) / sr:.1f} s")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Downwards, everything above half the new rate is lost. Upwards, samples are added and no information: a telephone
# recording, made at 8,000 Hz, still holds nothing above 4,000 Hz when it is read at 16,000. Keep the native rate in
# your table, because it limits what you may compare.
#
# ### Pitfall: the rate and the downmix that a loader chooses for you
#
# `librosa.load` resamples to 22,050 Hz and averages channels unless told otherwise. Watch two measures of the same
# sound, resampled to four rates: the frequency below which 85 % of the spectrum lies
# ([rolloff](../site/glossary.md#rolloff)), and the second of the coefficients that describe its shape
# ([MFCC](../site/glossary.md#mfcc) 2). Nobody spoke differently.

# %% tags=["pitfall"]
by_rate = {}
for rate in (8_000, 16_000, 22_050, 44_100):
    x = soxr.resample(at_16k, sr, rate)
    rolloff = librosa.feature.spectral_rolloff(y=x, sr=rate).mean()
    by_rate[rate] = rolloff, librosa.feature.mfcc(y=x, sr=rate)[1].mean()
    print(f"{rate:>6} Hz: mean rolloff {rolloff:5.0f} Hz, mean MFCC 2 {by_rate[rate][1]:4.0f}")
mixed_rates = by_rate[44_100][1] - by_rate[8_000][1]
print(f"difference in MFCC 2 between two copies of one recording   naive: {mixed_rates:.0f}   right, one rate: 0")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The average of two channels can be worse than wrong. If one channel was recorded with its polarity turned, the two
# cancel and nothing is left. `data_prep.downmix` compares the mix with its channels and refuses.

# %% tags=["pitfall"]
opposite = np.stack([words[: 5 * sr], -words[: 5 * sr]], axis=1)
naive_rms = np.sqrt(np.mean(opposite.mean(axis=1) ** 2))
right_rms = np.sqrt(np.mean(opposite[:, 0] ** 2))
print(f"RMS   naive average: {naive_rms:.3f}   right, one channel: {right_rms:.3f}")
try:
    data_prep.downmix(opposite, name="opposite.wav")
except data_prep.TutorialError as refusal:
    print(refusal)
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Exercise 01.2: what is left at the end of the way?
#
# A voice may go from a studio through a telephone line into an archive. Write a function of one argument, the list of
# sampling rates (Hz) that a recording has had, in order. It returns the highest frequency (Hz) that can be
# left at the end. Put the function's name in place of the dots.

# %% tags=["stub"]
answer = ...
print(exercises.check("01.2", answer))


# %% tags=["solution"]
def highest_left(rates):
    """The highest frequency (Hz) that can be left of a recording after all these rates (Hz)."""
    return min(rates) / 2


answer = highest_left
print(exercises.check("01.2", answer))

# %% [markdown]
# ## Edit: slice, fade, gain, join, export
#
# `pydub` is a pleasant editor for small jobs. It thinks in milliseconds and
# [decibels](../site/glossary.md#decibel). We take three seconds of the opening and three of the host, make him 6 dB
# quieter, fade the edges so that the cuts do not click, join them with half a second of silence, and save.

# %%
from pydub import AudioSegment

segment = data_prep.to_pydub(y, sr)
first, second = segment[:3000], segment[round(1000 * into) :][:3000] - 6
pause = AudioSegment.silent(duration=500, frame_rate=sr)
edited = first.fade_out(1000) + pause + second.fade_in(200)
edited.export(work / "edited.wav", format="wav")
print(f"{len(edited)} ms = {len(first)} + {len(pause)} + {len(second)}")
# NBVAL_CHECK_OUTPUT

# %% tags=["player"]
plotting.player(data_prep.read(work / "edited.wav"), sr)

# %%
quieter = data_prep.dbfs(np.std(data_prep.from_pydub(second))) - data_prep.dbfs(np.std(words[: 3 * sr]))
print(f"asked for -6 dB, measured {quieter:.2f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Exercise 01.3: a gain by hand
#
# A gain in decibels is one factor for all samples: +20 dB multiply the amplitude by 10, +40 dB by 100, -20 dB divide it
# by 10. Write a function of `y`, samples of shape `(n_samples,)`, and `gain` (dB). It returns the samples with that
# gain, in the same shape. Any gain must work: 10 dB are half of 20.

# %% tags=["stub"]
answer = ...
print(exercises.check("01.3", answer))


# %% tags=["solution"]
def with_gain(y, gain):
    """Samples y, made louder by gain (dB), or quieter where it is negative."""
    return y * 10 ** (gain / 20)


answer = with_gain
print(exercises.check("01.3", answer))

# %% [markdown]
# ### Pitfall: an editor for hours of sound
#
# `pydub` holds the whole recording in memory, uncompressed. For stereo at 44,100 Hz that grows quickly, so for
# anything long this project reads block by block instead (`data_prep.blocks`).

# %% tags=["pitfall"]
held = len(AudioSegment.silent(duration=10_000, frame_rate=44_100).set_channels(2).raw_data)
four_hours = held / 10 * 4 * 3600 / 1e9
block = 30 * 44_100 * 2 * 4 / 1e9
print(f"four hours of stereo in memory   naive: {four_hours:.2f} GB   right, blocks of 30 s: {block:.2f} GB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# `pydub` also needs two programs, `ffmpeg` and `ffprobe`, to open an mp3. This package brings the first and does
# without the second, which is asked only for what the codec is. Say it yourself and the file opens.

# %%
segment = AudioSegment.from_file(headless, format="mp3", codec="mp3")
print(f"{len(segment) / 1000:.0f} s, {segment.frame_rate:,} Hz, {segment.channels} channel")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Lossless or mp3
#
# WAV and FLAC keep every sample; FLAC packs them tighter. mp3 throws away what a listener hardly hears, for good. We
# save the same ten seconds three ways and read them back.

# %%
ten = words[: 10 * sr]
for name in ("ten.wav", "ten.flac", "ten.mp3"):
    sf.write(work / name, ten, sr)
    back = data_prep.read(work / name)
    error = np.abs(back[: len(ten)] - ten).max()
    print(f"{name:8} {'exact' if error < 1e-4 else 'changed'}")
# NBVAL_CHECK_OUTPUT

# %%
sizes = pd.Series({name: (work / name).stat().st_size / 1000 for name in ("ten.wav", "ten.flac", "ten.mp3")})
sizes.round().rename("kB").to_frame()

# %% [markdown]
# ### Pitfall: writing mp3 from mp3
#
# Every save as mp3 loses a little more. We save the same speech three times over at a
# [bit rate](../site/glossary.md#bit-rate) of 64 kb/s and measure [level](../site/glossary.md#level), rolloff and
# pitch. Level and spectrum measure the encoder along with the voice; pitch hardly moves.


# %%
def describe(samples):
    """Level (dB), mean rolloff (Hz) and median pitch of voiced frames (Hz)."""
    rolloff = librosa.feature.spectral_rolloff(y=samples, sr=sr).mean()
    return data_prep.dbfs(np.std(samples)), rolloff, voice.pitch(samples, sr)["f0"].median()


generation = at_16k
for _ in range(3):
    data_prep.to_pydub(generation, sr).export(work / "generation.mp3", format="mp3", bitrate="64k")
    generation = data_prep.read(work / "generation.mp3")

# %% tags=["pitfall"]
for name, right, naive, unit in zip(
    ["level", "rolloff", "pitch"], describe(at_16k), describe(generation), ["dB", "Hz", "Hz"], strict=True
):
    print(f"{name:8} naive, mp3 of mp3 of mp3: {naive:.1f} {unit}   right, lossless: {right:.1f} {unit}")

# %% [markdown]
# Keep excerpts as FLAC or WAV. And if your source is mp3 already, as most archives and this show are, do not compare
# levels or spectra between recordings that were encoded differently.

# %% [markdown]
# ## Find the speech
#
# A show is not all talk. [Turns](../site/glossary.md#turn) say who speaks when: somebody has listened and written it
# down. The show brings such a table; most recordings do not.

# %%
turns = None if source.truth is None else source.turns[source.turns["recording"] == episode.name].copy()
if turns is None:
    print("Nobody has written down the turns of this recording.")
else:
    turns[["onset", "offset"]] -= start  # seconds from the start of the excerpt
    spoken = turns[(turns["kind"] == "speech") & (turns["offset"] > 0) & (turns["onset"] < len(y) / sr)]
    print(f"{len(spoken)} turns by {spoken['speaker'].nunique()} people")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# [Voice activity detection](../site/glossary.md#voice-activity-detection) marks the stretches in which somebody speaks,
# whoever it is, and needs nothing but the sound. The detector here, silero-vad, is a small neural network whose weights
# come inside its package.

# %%
talk = data_prep.voice_activity(y, sr)
talk_seconds = (talk["offset"] - talk["onset"]).sum()
print(f"{len(talk)} stretches of speech, {talk_seconds:.0f} s of {len(y) / sr:.0f} s")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the figure, colours mark the turns where they are known, and the red bar is what the detector found. Look at the
# bar under the music, and for gaps in it under a turn.

# %%
shown = min(20.0 if turns is None else 90.0, len(y) / sr)
height = np.abs(y[: round(shown * sr)]).max()
outline = np.abs(y[: int(shown * 100) * 160].reshape(-1, 160)).max(axis=1)  # the largest sample of every 10 ms
fig, ax = plt.subplots()
ax.fill_between(np.arange(len(outline)) / 100, -outline, outline, color="black", linewidth=0)
found = talk[talk["onset"] < shown]
ax.hlines(np.full(len(found), -1.2 * height), found["onset"], found["offset"], color=plotting.RED, linewidth=10)
if turns is not None:
    plotting.turns(ax, turns, start=0, end=shown)
ax.set(xlabel="Time (s)", ylabel="Amplitude", xlim=(0, shown), ylim=(-1.4 * height, 1.1 * height))
ax.set_title(f"The detector hears speech in {talk_seconds / len(y) * sr:.0%} of the excerpt")
plotting.show(fig, alt="Waveform with the turns shaded, where known; a red bar below marks what the detector found.")

# %% [markdown]
# In the opening music, as loud as the voices, the detector hears no speech. Under the turns its bar has gaps: there the
# speaker pauses, and it is still his turn. For prompts the bar is all there is, and it leaves out the pauses between
# sentences.
#
# ### Pitfall: pooling everything as "the show"
#
# If pauses, music and adverts stay in, they enter every average. How loud is the speech? And where turns are known, how
# high is the voice of the one who speaks most, here the host?

# %% tags=["pitfall"]
frame_level = features.level(y)
in_speech = data_prep.inside(np.arange(len(frame_level)) / 100, talk)
naive, right = frame_level.mean(), frame_level[in_speech].mean()
print(f"mean level   naive, all frames: {naive:.1f} dB   right, speech only: {right:.1f} dB")
if turns is not None:
    pitch = voice.pitch(y, sr)
    most = (spoken["offset"] - spoken["onset"]).groupby(spoken["speaker"]).sum().idxmax()
    own = data_prep.inside(pitch["time"], spoken[spoken["speaker"] == most])
    naive, right = pitch["f0"].median(), pitch["f0"][own].median()
    print(f"median pitch of {most}   naive, all frames: {naive:.0f} Hz   right, own turns: {right:.0f} Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Exercise 01.4: the level of the speech alone
#
# Write a function of `y` (samples), `sr` (Hz) and `talk`, a table with `onset` and `offset` in seconds. It returns one
# number: the [RMS](../site/glossary.md#rms) level, in dB re full scale, of all samples inside the stretches together.
# RMS is the root of the mean of the squared samples. `data_prep.inside` and `data_prep.dbfs` help.

# %% tags=["stub"]
answer = ...
print(exercises.check("01.4", answer))


# %% tags=["solution"]
def speech_level(y, sr, talk):
    """RMS level (dB re full scale) of the samples inside the stretches of talk."""
    spoken = data_prep.inside(np.arange(len(y)) / sr, talk)
    return data_prep.dbfs(np.sqrt(np.mean(y[spoken] ** 2)))


answer = speech_level
print(exercises.check("01.4", answer))

# %% [markdown]
# ### Pitfall: a detector that cannot hear your rate
#
# Older tutorials install `webrtcvad`, and never call it. It accepts four rates only, and the rate that `librosa.load`
# gives you is not among them; it also imports a module that current `setuptools` no longer has.

# %% tags=["pitfall"]
webrtcvad_rates = (8_000, 16_000, 32_000, 48_000)
naive = len(y) / sr if 22_050 in webrtcvad_rates else 0.0
print(
    f"seconds judged   naive, webrtcvad at 22,050 Hz: {naive:.0f}   right, silero-vad at {sr:,} Hz: {len(y) / sr:.0f}"
)
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Check the quality
#
# Four things spoil a measurement before it is made. [Clipping](../site/glossary.md#clipping): the peaks were cut off.
# *Silence*: nothing was recorded. [DC offset](../site/glossary.md#dc-offset): the zero line is not at zero.
# [Bandwidth](../site/glossary.md#bandwidth): the upper frequencies are missing. Do the checks find them? We damage our
# recording on purpose and look.

# %%
minute = y[: 60 * sr]
damaged = {
    "as it is": minute,
    "clipped": np.clip(8 * minute, -1, 1),
    "half silent": np.concatenate([minute, np.zeros_like(minute)]),
    "DC offset 0.05": minute + 0.05,
    "cut at 2 kHz": soxr.resample(soxr.resample(minute, sr, 4_000), 4_000, sr),
}
checks = pd.DataFrame({name: data_prep.quality(samples, sr) for name, samples in damaged.items()}).T
checks.round(3)

# %%
planted_bandwidth, planted_offset = 2_000, 0.05
print(f"clipped frames: {checks.loc['as it is', 'clipped']:.0%} before, {checks.loc['clipped', 'clipped']:.0%} after")
print(f"silent frames: {checks.loc['as it is', 'silent']:.0%} before, {checks.loc['half silent', 'silent']:.0%} after")
print(f"DC offset: planted {planted_offset}, found {checks.loc['DC offset 0.05', 'dc_offset']:.3f}")
print(f"bandwidth: planted {planted_bandwidth} Hz, found {checks.loc['cut at 2 kHz', 'bandwidth']:.0f} Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Run these checks on every recording before you measure any, and put the numbers in your table. A few recordings of our
# corpus:

# %%
few = speech.iloc[np.sort(rng.choice(len(speech), size=min(6, len(speech)), replace=False))]
pd.DataFrame(
    {name: data_prep.quality(data_prep.read(path, seconds=60), sr) for name, path in few["path"].items()}
).T.round(3)

# %% [markdown]
# In the show, read down the column `bandwidth`: the episodes from July 2024 on hold nothing above 6,000 Hz. Whoever
# compares the sound of the two halves of that year compares two ways of sending it. Lesson 04 comes back to this.

# %% [markdown]
# ### Turn the knob: too much gain
#
# The figure shows 20 ms around the loudest moment: in grey what the gain asked for, in red what a file can store. Turn
# the gain up. Look for the first flat peak, and compare the two numbers of dB in the title.

# %% tags=["knob"]
loudest = np.abs(minute).argmax()
moment = minute[max(0, loudest - sr // 100) : loudest + sr // 100]


def draw_gain(gain):
    wanted, stored = moment * 10 ** (gain / 20), np.clip(minute * 10 ** (gain / 20), -1, 1)
    found = data_prep.quality(stored, sr)
    milliseconds = 1000 * np.arange(len(moment)) / sr
    fig, ax = plt.subplots()
    ax.plot(milliseconds, wanted, color=plotting.GREY, linewidth=1.5, label="asked for")
    ax.plot(milliseconds, np.clip(wanted, -1, 1), color=plotting.RED, linewidth=3, label="stored")
    ax.set(xlabel="Time (ms)", ylabel="Amplitude (1 is full scale)", ylim=(-2.5, 2.5))
    rise = found["rms"] - checks.loc["as it is", "rms"]
    ax.set_title(f"Asked for {gain:+d} dB, stored {rise:+.1f} dB; {found['clipped']:.0%} of the frames are clipped")
    ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.22), ncols=2)
    return fig


plotting.knob(
    draw_gain,
    alt="Waveform of 20 ms in grey, and in red the same cut off flat at plus and minus full scale by too much gain.",
    gain=widgets.SelectionSlider(options=[0, 6, 12, 18, 24, 30], value=18, description="Gain (dB)"),
)

# %% [markdown]
# Up to full scale, level follows gain. From there the peaks turn flat, and the level rises by less than was asked for:
# louder speech is cut more than quiet speech, so their difference shrinks. Turning the volume down afterwards lowers
# the flat peaks and does not make them round.

# %% [markdown]
# ### Exercise 01.5: may this recording be measured?
#
# Write a function of `y` (samples) and `sr` (Hz) that returns `True` where all three hold, and `False` otherwise: at
# most 1 % of the frames are clipped, the DC offset is at most 0.01 away from 0, and the bandwidth is at least 7,000 Hz.
# `data_prep.quality(y, sr)` gives `clipped` (a share), `dc_offset` and `bandwidth` (Hz).

# %% tags=["stub"]
answer = ...
print(exercises.check("01.5", answer))


# %% tags=["solution"]
def may_be_measured(y, sr):
    """Whether a recording passes three checks of its quality."""
    found = data_prep.quality(y, sr)
    return found["clipped"] <= 0.01 and abs(found["dc_offset"]) <= 0.01 and found["bandwidth"] >= 7_000


answer = may_be_measured
print(exercises.check("01.5", answer))

# %% [markdown]
# ## Planted beside estimated
#
# The show was made, so it is known when every turn begins and ends, and at what bit rate each file was written. Here is
# what this lesson finds without knowing it. Steps of 10 ms are compared, and those within 0.2 s of a turn's edge left
# out, because nobody can say to the hundredth where a word begins.

# %%
rows = {}
if source.truth is not None:
    steps = np.arange(0, len(y) / sr, 0.01)
    edges = spoken[["onset", "offset"]].to_numpy().ravel()
    clear = np.abs(steps[:, None] - edges).min(axis=1) > 0.2
    in_turn, heard = data_prep.inside(steps, spoken), data_prep.inside(steps, talk)
    rows["seconds of speech"] = in_turn.sum() / 100, heard.sum() / 100
    rows["share of steps judged alike"] = 1, np.mean((in_turn == heard)[clear])
    firsts = speech.groupby("group")["path"].first()
    for name, group in {"bitrate_before": "FM", "bitrate_after": "stream"}.items():
        kbits = 8 * Path(firsts[group]).stat().st_size / data_prep.length(firsts[group]) / 1000
        rows[f"bit rate, {group} (kb/s)"] = source.truth["values"].loc[name, "value"], kbits
beside = pd.DataFrame.from_dict(rows, orient="index", columns=["planted", "estimated"])
beside.round(2)

# %%
if beside.empty:
    print("Nothing is planted in these recordings, so there is nothing to compare with.")
else:
    missed = np.flatnonzero(in_turn & ~heard & clear)
    print(f"turns and detector judge {beside.loc['share of steps judged alike', 'estimated']:.0%} of the steps alike")
    print(f"in a turn and not heard: {len(missed) / 100:.0f} s, {np.mean(frame_level[missed] < -40):.0%} below -40 dB")
    print(f"heard and in no turn: {(heard & ~in_turn & clear).sum() / 100:.0f} s")
    for group in ("FM", "stream"):
        highest = data_prep.quality(data_prep.read(firsts[group], sr=22_050), 22_050)["bandwidth"]
        kbits = beside.loc[f"bit rate, {group} (kb/s)", "estimated"]
        print(f"{group}: {kbits:.0f} kb/s, nothing above {highest / 1000:.0f} kHz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Bit rates come back, and half the bits cost the upper 4 kHz. The detector took no music for speech. What it did not
# hear of the turns is silence: pauses belong to a turn and hold no voice. Neither is wrong; say which of the two your
# seconds of speech are.

# %% [markdown] tags=["quiz"]
# ## Quiz
#
# Open the option that you would choose.
#
# **1. A telephone call was stored at 8,000 Hz and resampled to 16,000 Hz. What does it hold above 4,000 Hz?**
#
# <details><summary>The upper part of the voice, which resampling restored</summary>Not this one: resampling computes
# samples between the old ones. What was never stored cannot be computed from them.</details>
# <details><summary>As much as any recording at 16,000 Hz</summary>Not this one: the rate says how high a frequency
# there is room for. Whether anything is there depends on every step before.</details>
# <details><summary>Nothing that was spoken</summary>Right: at 8,000 Hz nothing above 4,000 Hz could be stored, and more
# samples bring no information. So keep the native rate in your table.</details>
#
# **2. An archive gives you mp3 files. What do you gain by converting them to WAV before you work on them?**
#
# <details><summary>The quality of the original recording</summary>Not this one: what the first encoding threw away is
# gone for good. The WAV file keeps exactly what was left.</details>
# <details><summary>Nothing comes back, but your own edits and saves lose nothing more</summary>Right: the first loss
# stays, and a lossless format spares you a second and a third.</details>
# <details><summary>Levels and spectra that can be compared with any other archive</summary>Not this one: they still
# carry the mark of the encoder and its bit rate, whatever the format is called now.</details>
#
# **3. A recording is clipped. You halve all samples, so that its peaks lie at 0.5. What have you got?**
#
# <details><summary>A repaired recording, because no sample is at the limit any more</summary>Not this one: the peaks
# are as flat as before, only lower. What stood above the limit was never stored.</details>
# <details><summary>A recording that is as spoilt as before, and whose damage is harder to find</summary>Right: the flat
# peaks stay, and a check that looks near full scale now passes. Check first, change the gain afterwards.</details>
# <details><summary>A recording that lost half of its information</summary>Not this one: halving is harmless and can be
# undone. The damage was done earlier, when the peaks were cut.</details>
#
# **4. A voice activity detector found 400 seconds of speech in an interview. What do you know?**
#
# <details><summary>The guest spoke for 400 seconds</summary>Not this one: the detector marks that somebody speaks. Who
# speaks is another question, which turns answer.</details>
# <details><summary>The turns of the interview add up to 400 seconds</summary>Not this one: a turn includes the pauses
# of the one who has the floor, and the detector leaves pauses out. Turns are longer.</details>
# <details><summary>There are 400 seconds of words that a transcript will show</summary>Not this one: laughter or a sung
# jingle can pass for speech, and quiet speech can be missed. Listen to a sample of what was found.</details>
# <details><summary>For about 400 seconds the sound was like speech, whoever made it</summary>Right: that is all it
# claims. For who spoke you need turns, and the detector has to be checked against your own ears.</details>
#
# **5. From July on, a show's voices sound duller, and the bandwidth of its files is lower. What may you conclude?**
#
# <details><summary>The speakers changed how they speak</summary>Not this one: the same voice sounds duller when the
# upper frequencies are missing. Nothing here tells the two apart.</details>
# <details><summary>Nothing about the voices, because the way of sending changed on the same date</summary>Right: the
# measure followed the recording chain. Look for one that survives the change, such as pitch, or bring all files to the
# same bandwidth.</details>
# <details><summary>The change is real, because so many episodes show it</summary>Not this one: a fault that is in every
# file of one half does not average out. More episodes make it look more certain.</details>

# %% [markdown]
# ## What you learned
#
# - A file is probed before it is trusted: native rate, channels, codec, counted length.
# - Excerpts are read by seeking; long recordings block by block; one rate and one checked downmix for all.
# - Edits are kept lossless. Pitch survives mp3; levels and spectra do not.
# - Speech is found by a detector, and quality is checked before anything is measured.
#
# **Further reading.** What social scientists have done with recordings once they were prepared: Knox and Lucas 2021
# ([10.1017/S000305542000101X](https://doi.org/10.1017/S000305542000101X)); Dietrich, Hayes and O'Brien 2019
# ([10.1017/S0003055419000467](https://doi.org/10.1017/S0003055419000467)).
#
# **Next:** [02 Representations](02_representations.ipynb), where we look at what we have.
