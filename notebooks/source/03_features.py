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
# # 03 Features: measure a recording
#
# **What you will do:** measure the notes and beat of music, then the rate, pitch, level and spectrum of speech, each on
# a correct time axis, and bring them into one table.
#
# **What you will learn:** what each number means, and what it must not be used for.
#
# **What you need:** lessons 01 and 02.
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

# %%
import ipywidgets as widgets
import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import parselmouth
from parselmouth.praat import call, run

from tutorial_helpers import (
    corpora,
    data_prep,
    exercises,
    features,
    plotting,
    representations,
    segments,
    synthesis,
    voice,
)

plotting.use_style()

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
y = data_prep.read(episode.path, start=start, seconds=60 * minutes)
rng = np.random.default_rng(seed)

# %% [markdown]
# ## Two excerpts and one grid
#
# The whole recording comes back at the end, in one table. Until then two excerpts are enough. `talk` is the minute
# with the most syllables in it; a recording that is shorter than a minute is repeated. `clip` is ten seconds of one
# voice, on the show a woman's.
#
# Whose voice is heard when, the show's table of turns tells. We take the co-host's first long turn that is labelled
# agitated and in which nothing else is heard. Where turns are not known, `clip` is the ten seconds of `talk` with the
# most syllables.

# %%
talk = np.resize(y[round(voice.talk_start(y, seconds=60) * sr) :], 60 * sr)
if voice.speech_rate(talk) < 0.5:
    print("There is hardly any speech in this recording; a synthetic voice of 120 Hz stands in for it.")
    talk = synthesis.harmonic_voice(120.0, seconds=60, syllables=4)


# %%
def samples_of(turn):
    return y[round((turn.onset - start) * sr) : round((turn.offset - start) * sr)]


turns = segments.of_excerpt(source.turns, episode.name, start=start, seconds=len(y) / sr)
excited = turns[turns["alone"] & (turns["offset"] - turns["onset"] >= 10) & (turns["style"] == "agitated")]
hers, his = (excited[excited["speaker"] == speaker] for speaker in ("cohost", "host"))
if len(hers):
    clip = samples_of(hers.iloc[0])[: 10 * sr]
else:
    clip = talk[round(voice.talk_start(talk, seconds=10) * sr) :][: 10 * sr]

# %% tags=["player"]
plotting.player(clip, sr)

# %% [markdown]
# The show's voices are synthetic, and cleaner than people's ([data/README.md](../data/README.md) says more). Expect
# more errors on your own recordings than here.

# %% [markdown]
# Every feature looks through a [window](../site/glossary.md#window) and moves it on by a
# [hop](../site/glossary.md#hop-length). Here the window is 1,024 samples (64 ms), the hop 160 samples (10 ms), and
# [frame](../site/glossary.md#frame) `i` is centred on `i` times 10 ms. State all three in a paper. The cell below
# plants one click at 3 seconds and asks which frame is the loudest.

# %%
N_FFT, HOP = representations.N_FFT, representations.HOP_LENGTH
times = representations.frame_times(1 + len(clip) // HOP)  # seconds, one a frame
click = np.zeros(10 * sr, dtype=np.float32)
click[3 * sr] = 1.0
strongest = representations.magnitude(click).sum(axis=0).argmax()
print(f"window {1000 * N_FFT / sr:.0f} ms, hop {1000 * HOP / sr:.0f} ms, {len(times)} frames in 10 s")
print(f"click planted at 3.00 s   estimated at {times[strongest]:.2f} s")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Exercise 03.1: the frame that looks at a moment
#
# A witness coughs at a known time. Which frame is centred nearest to it? Write a function
# `answer(seconds, sr, hop_length)` of the time in seconds, the rate in samples a second and the hop in samples, that
# returns the frame's number, counted from 0. The check tries it at several rates and hops.

# %% tags=["stub"]
answer = ...
print(exercises.check("03.1", answer))


# %% tags=["solution"]
def answer(seconds, sr, hop_length):
    return round(seconds * sr / hop_length)


print(exercises.check("03.1", answer))

# %% [markdown]
# ## Chroma: which notes, in any octave
#
# [Chroma](../site/glossary.md#chroma) has twelve numbers a frame, one for each note name from C to B. It adds up the
# energy of a note over all its octaves. That suits music, so we need music, and with known answers: the show's opening,
# whose chords and beats a minute are on record. Elsewhere `synthesis.chord_music` makes six chords, four beats each, at
# 100 beats a minute.

# %%
steps = {"": (0, 4, 7), "m": (0, 3, 7)}  # a major and a minor chord, in semitones above the root
triads = {
    root + kind: tuple((i + step) % 12 for step in steps[kind])
    for i, root in enumerate(features.PITCH_CLASSES)
    for kind in steps
}

# %% [markdown]
# `bpm` and `chords` are the answers. Only lines that compare may read them.

# %%
pieces = turns[turns["alone"] & (turns["kind"] == "music")]
if len(pieces) and source.truth is not None:
    music = samples_of(pieces.iloc[0])
    planted = source.truth["music"].query("recording == @episode.name and piece == @pieces.text.iloc[0]")
    bpm, chords = planted["bpm"].iloc[0], list(planted["chord"])
else:
    bpm, chords = 100, ["C", "Am", "F", "G", "Em", "C"]
    music = synthesis.chord_music([triads[name] for name in chords], bpm=bpm, seed=seed)
music_times = representations.frame_times(1 + len(music) // HOP)

# %% tags=["player"]
plotting.player(music, sr)

# %% [markdown]
# The lower notes lie 8 to 16 Hz apart, no further than the bins of a 64 ms window. So music gets a window of 256 ms
# here, at the same hop. In the figure, look for the three notes of a chord. The root is brightest, for
# the bass plays it too. Every four beats they change.

# %%
chroma = librosa.feature.chroma_stft(y=music, sr=sr, n_fft=4 * N_FFT, hop_length=HOP, tuning=0.0)

fig, ax = plt.subplots()
mesh = ax.pcolormesh(music_times, np.arange(12), chroma, shading="nearest", rasterized=True)
ax.set_yticks(np.arange(12), features.PITCH_CLASSES, fontsize=11)
ax.set(xlabel="Time (s)", ylabel="Note", title=f"Three notes a chord, {len(chords)} chords")
fig.colorbar(mesh, ax=ax, label="share of strongest")
plotting.show(fig, alt="Chroma of the music: up to three bright rows at a time, changing every four beats.")

# %% [markdown]
# A chord is found by asking, frame by frame, which of the 24 major and minor chords has its three notes among the
# strong rows. How long a chord lasts is not used either: it only serves to print one name a chord.

# %%
templates = np.array([[note in notes for note in range(12)] for notes in triads.values()])
estimated = pd.Series(np.array(list(triads))[(templates @ chroma).argmax(axis=0)])

bar = np.minimum(music_times // (4 * 60 / bpm), len(chords) - 1).astype(int)
print("planted:  ", *chords)
print("estimated:", *estimated.groupby(bar).agg(lambda names: names.mode()[0]))
chords_right = np.mean(estimated == np.array(chords)[bar])
print(f"{chords_right:.0%} of the frames are right")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: chroma tells speakers or emotions apart
#
# Chroma folds octaves: it throws away how high a voice is. Two synthetic voices an octave apart, as a low man's and
# a high woman's may be, should be very different. The cosine between their mean chroma (1 is "the same") says
# otherwise, and calls two voices half as far apart more different.


# %% tags=["pitfall"]
def mean_chroma(f0):
    tone = synthesis.harmonic_voice(f0, seconds=1)
    mean = librosa.feature.chroma_stft(y=tone, sr=sr, n_fft=4 * N_FFT, hop_length=HOP, tuning=0.0).mean(axis=1)
    return mean / np.linalg.norm(mean)  # of length 1, so that a product of two is their cosine


distance = np.arange(25)  # semitones above 110 Hz
likeness = [mean_chroma(110) @ mean_chroma(110 * 2 ** (d / 12)) for d in distance]
for d in (12, 6):
    hz = 110 * 2 ** (d / 12)
    print(f"110 and {hz:.0f} Hz:  naive: chroma cosine {likeness[d]:.1f}   right: {d} semitones apart")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# A measure that tells voices apart would fall and go on falling. Look at what happens at 12 and 24
# [semitones](../site/glossary.md#semitone).

# %%
fig, ax = plt.subplots()
ax.plot(distance, likeness, marker="o")
for octave in (0, 12, 24):
    ax.axvline(octave, color=plotting.GREY, linestyle=":", zorder=0)
ax.set(xlabel="Distance from 110 Hz (semitones)", ylabel="Cosine of chroma", ylim=(0, 1.05), xticks=distance[::2])
ax.set_title("To chroma, voices an octave apart are nearly the same")
plotting.show(fig, alt="Cosine of chroma against distance: it falls, then comes back up at 12 and 24 semitones.")

# %% [markdown]
# The likeness comes back at every octave. Use chroma for music. For speech it is a column in our table so that you
# can see this for yourself, not because it measures a speaker.

# %% [markdown]
# ## Tempo: beats a minute
#
# A beat tracker first measures how strongly something new begins in each frame (onset strength), then looks for the
# beat that fits best. It prefers tempi near a prior, `start_bpm` (Ellis 2007,
# [10.1080/09298210701653344](https://doi.org/10.1080/09298210701653344)). For our music it has an answer to find.

# %%
tempo, beats = librosa.beat.beat_track(y=music, sr=sr, hop_length=HOP, start_bpm=120)

bpm_found = tempo[0]
print(f"planted: {bpm} BPM   estimated: {bpm_found:.0f} BPM")
# NBVAL_CHECK_OUTPUT

# %%
strength = librosa.onset.onset_strength(y=music, sr=sr, hop_length=HOP)

fig, ax = plt.subplots()
ax.vlines(beats * HOP / sr, 0, strength.max(), color=plotting.ORANGE, linewidth=8, alpha=0.5, label="beat found")
ax.plot(music_times, strength, label="onset strength")
ax.set(xlabel="Time (s)", ylabel="Onset strength", xlim=(0, 6), ylim=(0, 1.4 * strength.max()))
ax.set_title(f"The tracker finds the beat: {bpm_found:.0f} BPM")
ax.legend(loc="upper right", ncols=2)
plotting.show(fig, alt="Onset strength of the music over six seconds, with a beat found at each of its high peaks.")

# %% [markdown]
# ### Pitfall: a loop over chunks that leaves out the last one
#
# To see tempo change, a recording is cut into chunks of ten seconds. A minute has seven boundaries, so six chunks.
# The loop often seen builds its boundaries with `arange`, which stops one short, and then takes one off again. And
# the tempo that comes back is an array with one number in it, or a plain 0.0 where the chunk is silent.

# %% tags=["pitfall"]
boundaries = np.arange(0, 60, 10)
too_few = range(len(boundaries) - 1)
chunks = [talk[first * sr : (first + 10) * sr] for first in boundaries]
tempo, _ = librosa.beat.beat_track(y=music, sr=sr)
print(f"naive: {len(too_few)} chunks   right: {len(chunks)} chunks")
print(f"naive: tempo is a {type(tempo).__name__} of shape {tempo.shape}   right: np.ravel(tempo)[0] is a number")
# NBVAL_CHECK_OUTPUT


# %% [markdown]
# ### Pitfall: speech has a tempo in BPM
#
# A tracker always answers. Ask it three times about the same minute, with three priors. Where there is a beat the
# answers agree, or differ by exactly two, because half of a beat is a beat too. Where there is none, the answer
# follows the prior: for speech just as for white noise.


# %% tags=["pitfall"]
def tempi(samples, priors):  # a tracker's first half: the tempo, but not yet where the beats are
    grid = {"sr": sr, "hop_length": HOP}
    strength = librosa.onset.onset_strength(y=samples, **grid)
    fits = librosa.feature.tempogram(onset_envelope=strength, win_length=8 * sr // HOP, **grid)  # of every period
    return [librosa.feature.tempo(tg=fits, start_bpm=prior, **grid)[0] for prior in priors]


noise = (0.1 * rng.standard_normal(60 * sr)).astype(np.float32)
for name, samples in {"music": music, "noise": noise, "speech": talk}.items():
    bpms = tempi(samples, [60, 120, 180])
    print(f"{name:6}  prior 60, 120, 180:  {bpms[0]:.0f}, {bpms[1]:.0f}, {bpms[2]:.0f} BPM")
print(f"naive: speech has {bpms[1]:.0f} BPM   right: {bpm} BPM for the music, none for noise and speech")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Speech rate: syllables a second
#
# What a listener calls fast in speech is syllables a second. Each syllable has a nucleus, mostly a vowel: a peak of
# intensity, voiced, with a dip before and after it (de Jong and Wempe 2009,
# [10.3758/BRM.41.2.385](https://doi.org/10.3758/BRM.41.2.385)). A synthetic voice with four swells a second is
# counted first.

# %%
planted = 4.0
swells = synthesis.harmonic_voice(120.0, seconds=10, syllables=planted)
print(f"planted: {planted:.1f} a second   estimated: {voice.speech_rate(swells):.1f} a second")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Now the clip. Play it again and count along: each dot in the figure should be a syllable. A soft one beside a loud
# one may be missed, so the rate comes out too low; differences in rate suffer less.

# %%
contour = parselmouth.Sound(clip, sr).to_intensity(minimum_pitch=50, time_step=0.005)
nuclei = voice.syllable_nuclei(clip, sr)

fig, ax = plt.subplots()
ax.plot(contour.xs(), contour.values[0])
ax.plot(nuclei, np.interp(nuclei, contour.xs(), contour.values[0]), "o", color=plotting.RED, label="syllable nucleus")
ax.set(xlabel="Time (s)", ylabel="Praat's intensity (dB)", xlim=(0, 5), ylim=(contour.values.max() - 50, None))
ax.set_title(f"{np.sum(nuclei < 5)} syllable nuclei in 5 seconds")
ax.legend(loc="lower right")
plotting.show(fig, alt="Intensity of five seconds of speech, with a dot on each peak that counts as a syllable.")

# %% [markdown]
# ### Pitfall: a tracker's tempo is speech rate
#
# Praat can play the same minute slower and faster without changing pitch (`Lengthen (overlap-add)`). So the true
# ratio is known: 0.80, 1.00, 1.25. A measure of speech rate must follow it. Compare the tempo with the rate of
# syllables. (Praat draws random numbers where there is no voice, so it gets our seed as well.)

# %% tags=["pitfall"]
run(f"random_initializeWithSeedUnsafelyButPredictably({seed})")
sound = parselmouth.Sound(talk, sr)
for speed in (0.8, 1.0, 1.25):
    spoken = call(sound, "Lengthen (overlap-add)", 75, 500, 1 / speed).values[0]
    (bpm_naive,), rate = tempi(spoken, [120]), voice.speech_rate(spoken)
    print(f"speed {speed:.2f}   naive: {bpm_naive:.0f} BPM   right: {rate:.1f} syllables a second")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the show's pilot the rate follows the speed, and the tempo does not. (In another minute it may: a beat that
# happens to fit at one speed can fit at the next.) The rate has its limits too: pauses lower it, noise hides
# syllables. Compare it within a speaker and a channel.

# %% [markdown]
# ### Exercise 03.2: syllables a second of speech
#
# Pauses lower a rate, and in the pauses someone knocks on the table. Write a function `answer(nuclei, speech)`.
# `nuclei` is an array of times in seconds, in order, of syllables and knocks alike. `speech` is a table with `onset`
# and `offset` in seconds, a row a stretch of speech; nobody knocks while they speak. It returns the syllables a second
# of speech.

# %% tags=["stub"]
answer = ...
print(exercises.check("03.2", answer))


# %% tags=["solution"]
def answer(nuclei, speech):
    counts = [np.sum((nuclei >= turn.onset) & (nuclei < turn.offset)) for turn in speech.itertuples()]
    return sum(counts) / (speech["offset"] - speech["onset"]).sum()


print(exercises.check("03.2", answer))

# %% [markdown]
# ## Pitch: how fast the vocal folds open and close
#
# The fundamental frequency, [F0](../site/glossary.md#f0) in Hz, exists only while the vocal folds swing: in vowels and
# in sounds such as m or z, not in s, not in pauses. Praat decides for each frame whether it is
# [voiced](../site/glossary.md#voiced), and within a floor and a ceiling that you choose, at which F0.

# %%
track = parselmouth.Sound(clip, sr).to_pitch_ac(time_step=0.01, pitch_floor=75, pitch_ceiling=500)
f0 = track.selected_array["frequency"]
f0[f0 == 0] = np.nan  # Praat writes 0 where there is no voice

print(f"median F0 of the voiced frames: {np.nanmedian(f0):.0f} Hz; {np.mean(np.isfinite(f0)):.0%} of frames are voiced")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# A second method beside the first is a good habit. pYIN (Mauch and Dixon 2014,
# [10.1109/ICASSP.2014.6853678](https://doi.org/10.1109/ICASSP.2014.6853678)) takes roughly a second for each second of
# sound, so it gets four. Look for places where only one of the two sees a voice, and for leaps by an octave.

# %%
first = clip[: 4 * sr]
pyin_f0, voiced, _ = librosa.pyin(first, fmin=75, fmax=500, sr=sr, frame_length=N_FFT, hop_length=HOP)

fig, ax = plt.subplots()
ax.plot(times[: len(pyin_f0)], pyin_f0, "o", markersize=8, color=plotting.ORANGE, label="pYIN")
ax.plot(track.xs(), f0, ".", color=plotting.BLUE, label="Praat")
ax.set(xlabel="Time (s)", ylabel="F0 (Hz)", xlim=(0, 4), ylim=(50, None))
difference = 12 * np.log2(np.nanmedian(pyin_f0) / voice.pitch(first)["f0"].median())
ax.set_title(f"Two methods, medians {abs(difference):.1f} semitones apart")
ax.legend(loc="upper right")
plotting.show(fig, alt="Pitch of four seconds of speech by Praat and by pYIN: the points lie on each other mostly.")

# %% [markdown]
# On the show the two agree where both hear a voice, and neither leaps by an octave. They differ in where that is: in
# the soft end of a sentence, at 3.2 and 3.5 s, Praat hears a voice and pYIN none; elsewhere pYIN goes on a little
# longer. A median hardly feels so few points.

# %% [markdown]
# A tracker that takes two periods for one writes half the F0, an [octave error](../site/glossary.md#octave-error). A
# speaker seldom goes ten semitones away from his or her median, so the share of frames that far off is a cheap check,
# for one speaker at a time. The median is that of `voice.pitch`, which chooses its range from the data. If the share is
# above a few per cent, listen, and change floor and ceiling.

# %%
her_median = voice.pitch(clip)["f0"].median()
far_off = voice.octave_errors(pd.DataFrame({"f0": f0}), her_median)
print(f"ten semitones or more from a median of {her_median:.0f} Hz: {far_off:.1%} of the voiced frames")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: the mean of `piptrack` is the pitch
#
# `librosa.piptrack` gives no F0. It is a table of frequencies by frames that holds a number where the spectrum has a
# peak and 0 everywhere else. Its mean is a mean of zeros.

# %% tags=["pitfall"]
peaks, _ = librosa.piptrack(y=clip, sr=sr)
right = voice.pitch(clip)["f0"].median()
print(f"naive: {peaks.mean():.0f} Hz, with {np.mean(peaks == 0):.0%} zeros   right: {right:.0f} Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The next two mistakes need a low voice: on the show the host's, in a turn chosen as `clip` was; among the prompts
# that of Carlo, the Italian man.

# %%
if len(his):
    low = samples_of(his.iloc[0])[: 20 * sr]
elif "it/demo-instruct" in source.recordings.index:
    low = data_prep.read(source.recordings.loc["it/demo-instruct", "path"], seconds=20)
else:
    print("No man's voice is known in this corpus; a synthetic voice of 110 Hz stands in for it.")
    low = synthesis.harmonic_voice(np.geomspace(90, 135, 20 * sr), syllables=4)
    low = np.where(np.arange(len(low)) % sr < 0.4 * sr, low, 0.1 * noise[: len(low)])  # voice, then hiss, and again

# %% [markdown]
# ### Pitfall: a floor of 150 Hz
#
# `piptrack` begins at 150 Hz unless told otherwise, and many men speak lower. A floor that is too high does not
# raise an error. It drops the low frames or puts them an octave up. So the helper listens twice where you give no
# floor: first from 50 to 700 Hz, then in the range that the quartiles of the first pass suggest.

# %% tags=["pitfall"]
tracks = {"naive": (150, voice.pitch(low, floor=150)), "right": (voice.search_range(low)[0], voice.pitch(low))}
for name, (floor, found) in tracks.items():
    median, off = found["f0"].median(), voice.octave_errors(found, tracks["right"][1]["f0"].median())
    print(f"{name}: floor {floor:.0f} Hz, median {median:.0f} Hz, {off:.0%} ten semitones from the right median")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Turn the knob: floor and ceiling
#
# Grey is what the helper finds, blue what your setting finds in the shaded band. Each title gives blue's median and
# how far it lies from grey's. Lower the floor until the low voice comes back. Then lower the ceiling to 250 Hz, and
# look for blue points an octave under grey ones.

# %% tags=["knob"]
voices = {"Clip": clip[: 10 * sr], "Low voice": low[: 10 * sr]}
usual = {name: voice.pitch(samples) for name, samples in voices.items()}


def draw_pitch(floor, ceiling):
    fig, axes = plt.subplots(1, 2, figsize=(10, 4.4), sharey=True)
    for ax, (name, samples) in zip(axes, voices.items(), strict=True):
        yours = voice.pitch(samples, floor=floor, ceiling=ceiling)
        ax.axhspan(floor, ceiling, color=plotting.ORANGE, alpha=0.12)
        ax.plot(usual[name]["time"], usual[name]["f0"], "s", color="silver", markersize=6)
        ax.plot(yours["time"], yours["f0"], ".", color=plotting.BLUE, markersize=5)
        median = yours["f0"].median()
        off = 12 * np.log2(median / usual[name]["f0"].median())
        found = "no voice" if np.isnan(off) else f"{median:.0f} Hz, {off:+.1f} semitones"
        ax.set(title=f"{name}: {found}", xlabel="Time (s)", xlim=(0, 10))
    axes[0].set_yscale("log", base=2)  # an octave is as high everywhere
    axes[0].set_yticks([50, 100, 200, 400, 800], [50, 100, 200, 400, 800])
    axes[0].set(ylabel="F0 (Hz)", ylim=(45, 900))
    return fig


plotting.knob(
    draw_pitch,
    alt="F0 of the clip and of the low voice: blue as set by the knobs, over grey, in a range chosen from the data.",
    floor=widgets.SelectionSlider(options=[50, 75, 100, 150, 200], value=150, description="Floor (Hz)"),
    ceiling=widgets.SelectionSlider(options=[250, 300, 400, 500, 800], value=500, description="Ceiling (Hz)"),
)

# %% [markdown]
# On the show, a floor of 150 Hz hardly moves the clip and puts the low voice nearly an octave up; no error says so. A
# ceiling of 250 Hz rids the low voice of a few strays, but halves the clip's high syllables. So give each speaker a
# range that fits, where you know who speaks, and state it.

# %% [markdown]
# ### Pitfall: a median over unvoiced frames too
#
# `librosa.yin` writes a number in every frame, voice or not. So raise two voices by exactly three semitones
# (Praat's `Change gender`) and ask what changed. A median that holds pauses and consonants moves less or more than
# the voice did.


# %% tags=["pitfall"]
def raised(samples, semitones):
    floor, ceiling = voice.search_range(samples)  # Praat shifts its own median, so it gets the same range
    median = voice.pitch(samples)["f0"].median() * 2 ** (semitones / 12)
    return call(parselmouth.Sound(samples, sr), "Change gender", floor, ceiling, 1, median, 1, 1).values[0]


def yin(samples):  # every frame gets a number, voiced or not
    return np.median(librosa.yin(samples, fmin=75, fmax=500, sr=sr, frame_length=N_FFT, hop_length=HOP))


run(f"random_initializeWithSeedUnsafelyButPredictably({seed})")
for name, samples in {"clip": clip, "low voice": low}.items():
    higher = raised(samples, 3)
    naive = 12 * np.log2(yin(higher) / yin(samples))
    right = 12 * np.log2(voice.pitch(higher)["f0"].median() / voice.pitch(samples)["f0"].median())
    print(f"{name}: planted 3.0 semitones   naive: {naive:.1f}   right: {right:.1f}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Do not compare Hz across speakers. Hearing goes by ratios: 12 semitones are a doubling, wherever it starts. So
# express F0 in semitones above each speaker's own median. How much a voice moves (10th to 90th percentile) then no
# longer depends on how high it is.

# %%
for name, samples in {"clip": clip, "low voice": low}.items():
    hz = voice.pitch(samples)["f0"]
    relative = voice.semitones(hz)
    spread, spread_hz = (x.quantile(0.9) - x.quantile(0.1) for x in (relative, hz))
    print(f"{name}: median {hz.median():.0f} Hz, moves over {spread_hz:.0f} Hz or {spread:.1f} semitones")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# On the show both turns are labelled agitated. In Hz the co-host's voice seems to move twice as far as the host's; in
# semitones the two are nearly alike. (Among the prompts it is the reverse: alike in Hz, well apart in semitones.)
# Pitch alone is not an emotion either. Careful work looks at small departures from a speaker's own baseline
# (Dietrich, Hayes and O'Brien 2019,
# [10.1017/S0003055419000467](https://doi.org/10.1017/S0003055419000467)).

# %% [markdown]
# ### Exercise 03.3: how far apart are two voices?
#
# Write a function `answer(first, second, sr)` of two recordings (samples, shape `(n_samples,)`) and their rate in Hz.
# It returns by how many semitones the second voice lies above the first, from the medians of the voiced frames.
# `features.pitch` and `voice.semitones` help. The check tries it on voices it makes itself, with noise between the
# words.

# %% tags=["stub"]
answer = ...
print(exercises.check("03.3", answer))


# %% tags=["solution"]
def answer(first, second, sr):
    medians = [voice.pitch(samples, sr)["f0"].median() for samples in (first, second)]
    return 12 * np.log2(medians[1] / medians[0])


print(exercises.check("03.3", answer))

# %% [markdown]
# ## Intensity: how much energy
#
# Root mean square ([RMS](../site/glossary.md#rms)) is the frame's average size. In dB re full scale it is a
# [level](../site/glossary.md#level): 0 dB is the largest number the file can hold, and minus 6 dB is half of that. In
# the figure, look at how syllables and pauses share the axis.

# %%
rms = librosa.feature.rms(y=clip, frame_length=N_FFT, hop_length=HOP)[0]
level = 20 * np.log10(np.maximum(rms, 1e-6))

fig, ax = plt.subplots()
ax.plot(times, level)
low_10, high_10 = np.percentile(level, [10, 90])
ax.axhspan(low_10, high_10, color=plotting.ORANGE, alpha=0.2)
ax.set(xlabel="Time (s)", ylabel="Level (dB re full scale)", xlim=(0, 10))
ax.set_title(f"Eight frames in ten lie within {high_10 - low_10:.0f} dB (shaded)")
plotting.show(fig, alt="Level of ten seconds of speech in dB over time; syllables rise above pauses.")

# %% [markdown]
# ### Pitfall: linear RMS over frame numbers
#
# Drawn linearly over frames, the axis does not tell seconds and the quiet frames all lie on its floor. Worse, a
# difference in linear RMS changes with the microphone's gain. In dB it stays: gain is added, and the difference
# takes it away again.


# %% tags=["pitfall"]
def spread(values):
    return np.percentile(values, 90) - np.percentile(values, 10)


print(f"the axis ends at   naive: {len(rms) - 1}   right: {times[-1]:.0f} s")
for name, gain in (("as recorded", 1.0), ("half the gain", 0.5)):
    naive, right = spread(gain * rms), spread(data_prep.dbfs(gain * rms))
    print(f"loud minus quiet, {name}:  naive: {naive:.2f}   right: {right:.0f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# So use level within one recording, and only there. It is not [loudness](../site/glossary.md#loudness), which is what a
# listener hears, and it is no fact about the speaker: someone else turned the knob.

# %% [markdown]
# ## MFCC: the shape of the spectrum, in ripples
#
# Mel-frequency cepstral coefficients ([MFCC](../site/glossary.md#mfcc); Davis and Mermelstein 1980,
# [10.1109/TASSP.1980.1163420](https://doi.org/10.1109/TASSP.1980.1163420)) describe one frame's mel spectrum in dB
# as a sum of cosines over the bands. Each coefficient says how much of one cosine is in it. These are the cosines:

# %%
n_mels = representations.N_MELS
band = np.arange(n_mels)
basis = np.array([np.cos(np.pi * k * (band + 0.5) / n_mels) for k in range(13)]) * np.sqrt(2 / n_mels)
basis[0] /= np.sqrt(2)

fig, axes = plt.subplots(1, 4, figsize=(12, 3.4), sharey=True)
for ax, k in zip(axes, (0, 1, 2, 12), strict=True):
    ax.axhline(0, color=plotting.GREY, linewidth=1)
    ax.plot(band + 1, basis[k])
    ax.set(title=f"MFCC {k + 1}", xlabel="Mel band")
axes[0].set_ylabel("Weight")
plotting.show(fig, alt="Four cosines over 64 mel bands: a constant, half a wave, a whole wave, and six waves.")

# %% [markdown]
# The first is flat: it weighs all bands alike and so follows the level. The second sets low bands against high ones.
# The others are finer ripples, and all of them run over all bands. That this is all there is to it can be checked:
# cosines times mel spectrum is what librosa returns.

# %%
mfcc = librosa.feature.mfcc(y=clip, sr=sr, n_mfcc=13, n_mels=n_mels, n_fft=N_FFT, hop_length=HOP)

mel = librosa.feature.melspectrogram(y=clip, sr=sr, n_mels=n_mels, n_fft=N_FFT, hop_length=HOP)
by_hand = basis @ librosa.power_to_db(mel)
print(f"by hand and by librosa equal: {np.allclose(by_hand, mfcc, atol=0.01)}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Over time, look for two kinds of columns: speech and pause. The first row would drown the rest in colour, so the
# figure begins with the second.

# %%
fig, ax = plt.subplots()
largest = np.abs(mfcc[1:]).max()
colours = {"cmap": "RdBu_r", "vmin": -largest, "vmax": largest}  # white is 0
mesh = librosa.display.specshow(mfcc[1:], sr=sr, hop_length=HOP, x_axis="time", ax=ax, **colours)
ax.set_yticks(np.arange(0, 12, 2), np.arange(2, 14, 2))
ax.set(xlabel="Time (s)", ylabel="MFCC", title="Shape of the spectrum: rows are ripples, not bands")
fig.colorbar(mesh, ax=ax)
plotting.show(fig, alt="MFCC 2 to 13 of ten seconds of speech: the low rows change most from sound to sound.")

# %% [markdown]
# ### Pitfall: there are thirteen, and each has a meaning of its own
#
# Thirteen is a habit; librosa's default is 20. And no coefficient past the first has a region or a meaning: MFCC 8
# to 13 are sometimes said to be the high frequencies. If so, their weight would sit in the upper bands.

# %% tags=["pitfall"]
default = librosa.feature.mfcc(y=clip, sr=sr).shape[0]
upper = np.sum(basis[7:13, n_mels // 2 :] ** 2) / np.sum(basis[7:13] ** 2)
print(f"number of coefficients:  naive: 13   right: {default} unless n_mfcc says otherwise")
print(f"weight of MFCC 8 to 13 in the upper half of the bands:  naive: 100%   right: {upper:.0%}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: MFCC do not depend on the gain
#
# Half the gain takes 6.02 dB from every band. A flat shift goes into the flat cosine alone, so MFCC 1 falls by 6.02
# times the square root of the number of bands, and the others stay. Leave out the first where gains differ.

# %% tags=["pitfall"]
half = librosa.feature.mfcc(y=clip / 2, sr=sr, n_mfcc=13, n_mels=n_mels, n_fft=N_FFT, hop_length=HOP)
change = (half - mfcc).mean(axis=1)
print(f"MFCC 1:  naive: {0:.1f}   right: {change[0]:.1f}   theory: {-6.02 * np.sqrt(n_mels):.1f}")
print(f"largest change of MFCC 2 to 13: {np.abs(change[1:]).max():.1f}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: `specshow` without `sr` and `hop_length`
#
# A matrix of features knows nothing of time. `specshow` then takes its defaults, 22,050 Hz and 512 samples, and
# draws a plausible, wrong axis. Where does the axis of our ten seconds end?

# %% tags=["pitfall"]
fig, axes = plt.subplots(2, 1, figsize=(10, 5))
librosa.display.specshow(mfcc[1:], x_axis="time", ax=axes[0], **colours)
librosa.display.specshow(mfcc[1:], sr=sr, hop_length=HOP, x_axis="time", ax=axes[1], **colours)
ends = [ax.get_xlim()[1] for ax in axes]
for ax, name, end in zip(axes, ("Without sr and hop_length", "With both"), ends, strict=True):
    ax.set(title=f"{name}: ends at {end:.0f} s", xlabel="Time (s)")
plotting.show(fig, alt="The same MFCC twice: without sr and hop_length the axis ends at 23 s, with both at 10 s.")
print(f"naive: {ends[0]:.0f} s   right: {ends[1]:.0f} s   duration: {len(clip) / sr:.0f} s")

# %% [markdown]
# What MFCC must not be used for: naming what a voice is like, one coefficient at a time, or comparing recordings
# made over different lines: every cosine also runs over the bands that a telephone leaves empty.

# %% [markdown]
# ### Exercise 03.4: the gain in MFCC 1
#
# Predict a number. The gain is turned up so that every sample is ten times as large, and nothing else changes. MFCC are
# taken from 40 mel bands in place of our 64. By how much does MFCC 1 rise? The pitfall about the gain helps, and so
# does `np.sqrt`.

# %% tags=["stub"]
answer = ...
print(exercises.check("03.4", answer))

# %% tags=["solution"]
answer = 20 * np.log10(10) * np.sqrt(40)
print(exercises.check("03.4", answer))

# %% [markdown]
# ## Spectral contrast: peaks against valleys
#
# Within each octave, how far do the strongest frequencies stand above the weakest, in dB (Jiang et al. 2002,
# [10.1109/ICME.2002.1035731](https://doi.org/10.1109/ICME.2002.1035731))? Clear harmonics give much contrast, noise
# little. Two extremes first: a synthetic voice and white noise.

# %%
for name, samples in {"synthetic voice": swells, "white noise": noise[: 10 * sr]}.items():
    extreme = features.spectral_contrast(representations.magnitude(samples))
    print(f"{name}: {np.nanmedian(extreme[1:5]):.0f} dB between 200 and 3200 Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the clip, look for stripes: brighter in vowels, darker in pauses. The top row is bright for another reason:
# resampling to 16 kHz leaves next to nothing just under 8,000 Hz, so its valley is as deep as the helper lets it be,
# 80 dB under the frame's strongest cell. Where most of a band lies deeper, as above 4,000 Hz on a telephone, it holds
# no signal, and the helper leaves it out. Mind the unit, too: librosa's `spectral_contrast` takes 10 log10 of
# magnitudes, so a peak 40 dB over its valley reads 20 there. The helper's decibels are those of power.

# %%
S = representations.magnitude(clip)
contrast = features.spectral_contrast(S, sr)
edges = [0, *(200 * 2**k for k in range(5)), sr // 2]
is_voiced = np.isfinite(voice.f0_at(times, voice.pitch(clip)))
inside, outside = (np.nanmean(contrast[1:5, frames]) for frames in (is_voiced, ~is_voiced))

fig, ax = plt.subplots()
mesh = ax.pcolormesh(times, np.arange(6), contrast, shading="nearest", vmin=0, vmax=80, rasterized=True)
ax.set_yticks(range(6), [f"{low_edge} to {edge}" for low_edge, edge in zip(edges[:-1], edges[1:], strict=True)])
ax.set(xlabel="Time (s)", ylabel="Band (Hz)")
ax.set_title(f"200 to 3200 Hz: {inside:.0f} dB in voiced frames, {outside:.0f} dB in the others")
fig.colorbar(mesh, ax=ax, format="%d dB", extend="max")
plotting.show(fig, alt="Spectral contrast of ten seconds of speech in six bands, brighter in voiced stretches.")

# %% [markdown]
# ### Pitfall: the default bands at 8 kHz
#
# The default counts six octaves up from 200 Hz. At a telephone's 8,000 Hz there is nothing above 4,000 Hz to put
# them in, and librosa stops with an error. The helper takes as many octaves as fit.

# %% tags=["pitfall"]
telephone = librosa.resample(clip, orig_sr=sr, target_sr=8000)
try:
    librosa.feature.spectral_contrast(y=telephone, sr=8000)
    naive = "no error"
except librosa.ParameterError as error:
    naive = type(error).__name__
right = features.spectral_contrast(representations.magnitude(telephone, n_fft=512, hop_length=80), sr=8000)
print(f"naive: {naive}   right: {len(right)} bands, one below 200 Hz and {len(right) - 1} above")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nor should contrast be compared across recordings: noise fills the valleys. A hiss 25 dB under the speech is
# enough; the show's guests on the telephone have as much. `hissing` comes back below.

# %%
hiss = rng.standard_normal(len(clip)) * np.sqrt(np.mean(clip**2)) * 10 ** (-25 / 20)
hissing = (clip + hiss).astype(np.float32)
noisy = features.spectral_contrast(representations.magnitude(hissing))
print(f"mean contrast {np.nanmean(contrast):.0f} dB, with hiss {np.nanmean(noisy):.0f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Zero-crossing rate: how often the wave changes sign
#
# A sine of `f` Hz crosses zero twice a period, so its [zero-crossing rate](../site/glossary.md#zero-crossing-rate) is
# `2 f / sr` a sample. Speech is no sine: hissing sounds such as s cross often, vowels seldom. First the known answer,
# then the clip.

# %%
sine = np.sin(2 * np.pi * 440 * np.arange(sr) / sr + 0.1)
sine_rate = librosa.feature.zero_crossing_rate(sine, frame_length=N_FFT, hop_length=HOP)[0]
print(f"planted: {2 * 440 / sr:.3f} a sample   estimated: {np.median(sine_rate):.3f} a sample")

zcr = librosa.feature.zero_crossing_rate(clip, frame_length=N_FFT, hop_length=HOP)[0]
print(f"clip: {np.median(zcr[is_voiced]):.2f} in voiced frames, {np.median(zcr[~is_voiced]):.2f} in the others")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: frames drawn over samples
#
# There is one rate a frame and one sample every 1/16,000 s. Drawn into the same axes by their own numbers, the
# curve of rates is squeezed into the left edge. Frames need frame times.

# %% tags=["pitfall"]
fig, axes = plt.subplots(2, 1, figsize=(10, 5.5))
axes[0].plot(clip, color=plotting.BLUE, alpha=0.4)
axes[0].plot(zcr, color=plotting.RED)
axes[0].set(xlabel="Sample", title=f"Naive: the rates (red) fill {len(zcr) / len(clip):.1%} of the width")
axes[1].plot(times, zcr, color=plotting.RED)
axes[1].set(xlabel="Time (s)", ylabel="Crossings a sample", title="Right: each rate at its frame's time")
plotting.show(fig, alt="Above, the rates are a red speck at the left edge; below, over time, they fill the axis.")
share = (times[-1] - times[0]) / (len(clip) / sr)
print(f"share of the width:  naive: {len(zcr) / len(clip):.1%}   right: {share:.0%}")

# %% [markdown]
# Do not use it as pitch, and do not use it before the mean of the samples is known to be zero. An offset of 0.05,
# which nobody can hear, keeps quiet frames from ever crossing.

# %%
offset = librosa.feature.zero_crossing_rate(clip + 0.05, frame_length=N_FFT, hop_length=HOP)[0]
print(f"mean crossings a sample: {zcr.mean():.2f}, with an inaudible offset {offset.mean():.2f}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Centroid and rolloff: where the spectrum lies
#
# The [centroid](../site/glossary.md#spectral-centroid) is the spectrum's balance point in Hz, the
# [rolloff](../site/glossary.md#rolloff) the frequency under which 85 % of its magnitude lies. Both rise in hissing
# sounds and fall in vowels. In the figure they lie on the spectrogram they come from.

# %%
centroid = librosa.feature.spectral_centroid(S=S, sr=sr)[0]
rolloff = librosa.feature.spectral_rolloff(S=S, sr=sr, roll_percent=0.85)[0]

fig, ax = plt.subplots(figsize=(8, 3.6))
few = slice(0, 201)  # two seconds
levels = librosa.amplitude_to_db(S[:, few], ref=np.max)
plotting.spectrogram(ax, levels, times[few], np.arange(len(S)) * sr / N_FFT, floor=-50)
ax.plot(times[few], rolloff[few], color=plotting.ORANGE, linewidth=2.5, label="rolloff")
ax.plot(times[few], centroid[few], color="white", linewidth=2.5, label="centroid")
ax.legend(loc="upper right", labelcolor="white")
medians = [np.median(centroid[frames]) for frames in (is_voiced, ~is_voiced)]
ax.set_title(f"Median centroid: voiced {medians[0]:.0f} Hz, else {medians[1]:.0f} Hz")
plotting.show(fig, alt="Spectrogram of two seconds with centroid and rolloff; both jump up in hissing sounds.")

# %% [markdown]
# They are often called brightness of the voice. But they describe all that reaches the microphone. With the hiss
# from above, the speaker unchanged:

# %%
S_hissing = representations.magnitude(hissing)
for name, magnitude in (("as recorded", S), ("with hiss", S_hissing)):
    middle = np.mean(librosa.feature.spectral_centroid(S=magnitude, sr=sr))
    upper_edge = np.mean(librosa.feature.spectral_rolloff(S=magnitude, sr=sr))
    print(f"{name}: mean centroid {middle / 1000:.1f} kHz, mean rolloff {upper_edge / 1000:.1f} kHz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Within a recording they tell sounds apart. Across recordings they tell microphones, codecs and rooms apart first.

# %% [markdown]
# ## One table on one grid
#
# A regression wants a table: one row a frame, every column about the same 64 ms. `features.frame_table` gives what
# this lesson measured, for the whole recording, chroma in 64 ms too. It is quicker than the calls one by one: each
# of them begins with a Fourier transform of every frame, and here one transform serves all. Lesson 06 times it.

# %%
table = features.frame_table(y, sr)
table[["time", "level", "f0", "semitones", "voiced", "zcr", "centroid", "rolloff", "mfcc_1"]].iloc[:500:100].round(2)

# %%
hop_ms = 1000 * np.diff(table["time"])
unvoiced = table["f0"].isna()
print(f"{len(table)} rows for {len(y) / sr:.2f} s, {table.shape[1]} columns")
steps_right = np.allclose(hop_ms, 10) and len(table) == 1 + len(y) // HOP
print(f"a row every {np.median(hop_ms):.0f} ms, from 0 s to the end: {steps_right}")
print(f"f0 is missing where unvoiced, and only there: {(unvoiced == ~table['voiced']).all()}")
print(f"any other column with a gap: {table.drop(columns=['f0', 'semitones']).isna().any(axis=None)}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The columns are the calls from above, no more. Here they are made once again by hand, for the clip.

# %%
check = features.frame_table(clip, sr)
print(f"level {np.allclose(check['level'], level, atol=0.01)}, zcr {np.allclose(check['zcr'], zcr)}, ", end="")
print(f"centroid {np.allclose(check['centroid'], centroid, rtol=1e-3)}, ", end="")
print(f"MFCC {np.allclose(check.filter(like='mfcc').T, mfcc, atol=0.05)}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Look down the columns of the figure: where the voice stops, pitch ends, level falls, and centroid and crossings
# often jump up. One grid makes that visible.

# %%
panels = {"level": "Level (dB)", "f0": "F0 (Hz)", "zcr": "Crossings", "centroid": "Centroid (Hz)"}
fig, axes = plt.subplots(4, 1, figsize=(10, 8), sharex=True)
for ax, (column, label) in zip(axes, panels.items(), strict=True):
    ax.plot(check["time"], check[column], ".", markersize=3, color=plotting.BLUE)
    ax.set_ylabel(label, fontsize=12)
axes[0].set_title(f"Four of the table's {table.shape[1]} columns, {check['voiced'].mean():.0%} of frames voiced")
axes[-1].set(xlabel="Time (s)", xlim=(0, 10))
plotting.show(fig, alt="Level, pitch, zero crossings and centroid of ten seconds of speech, one above the other.")

# %% [markdown]
# Aligned is not independent. Several columns are nearly the same measurement twice, and neighbouring frames share
# most of their samples. A regression that takes thirty columns and thousands of frames at their word goes wrong in
# ways that lesson 04 shows.

# %%
pairs = table[["level", "mfcc_1", "centroid", "rolloff"]].corr()
print(f"correlation of level with MFCC 1: {pairs.loc['level', 'mfcc_1']:.1f}", end=", ")
print(f"of centroid with rolloff: {pairs.loc['centroid', 'rolloff']:.1f}")
print(f"samples that neighbouring frames share: {1 - HOP / N_FFT:.0%}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Planted beside estimated
#
# Every turn of the show was given a pitch, a range, a rate and a level. Here they are measured for the two hosts,
# turn by turn, with nothing but `table`: pitch as a median, range from the 10th to the 90th percentile, level as mean
# power, all of voiced frames; and the rate, syllable nuclei a second.

# %%
in_recording = table.assign(time=table["time"] + start)  # turns are timed from the recording's beginning
hosts = turns[turns["speaker"].isin(["host", "cohost"])]
measured = segments.measure(in_recording, hosts)
measured = measured.rename(columns={"style": "label", "semitones": "pitch", "f0_range": "range"})
known = source.truth is not None and len(measured) > 0
if not known:
    print("Nothing is planted in these recordings, so there is nothing to compare with.")

# %% [markdown]
# In the pilot the host's pitch differs from turn to turn, with a standard deviation of one semitone. In the figure
# each dot is one of his turns. If pitch is measured well, the dots lie on the line.

# %%
if known:
    planted = source.truth["turns"].query("recording == @episode.name")
    both = measured.merge(planted, on="onset", suffixes=("", "_planted"))
    pitch = both.loc[both["speaker"] == "host", ["pitch_planted", "pitch"]]
    pitch = pitch - pitch.median()
    off = (pitch["pitch"] - pitch["pitch_planted"]).abs()

    fig, ax = plt.subplots(figsize=(6, 4.5))
    ax.axline((0, 0), slope=1, color=plotting.GREY, linestyle=":", zorder=0)
    ax.plot(pitch["pitch_planted"], pitch["pitch"], "o")
    ax.set(xlabel="Planted (semitones over median)", ylabel="Estimated (semitones)", aspect="equal")
    ax.set_title(f"{len(pitch)} turns, {off.mean():.1f} semitones off on average")
    plotting.show(fig, alt="Estimated against planted pitch of the host's turns: the dots lie close to the diagonal.")

# %% [markdown]
# An agitated turn is 3 dB louder than a calm one, its range 1.4 times as wide, its rate 1.1 times as fast. Which
# turns are agitated, the labels say, and one label in ten is wrong. We compare within each speaker. The column `as
# drawn` holds what was really planted in these turns, compared by the same labels.

# %%
if known:
    for name in ("range", "rate"):
        both[[name, f"{name}_planted"]] = np.log(both[[name, f"{name}_planted"]])  # ratios become differences
    columns = ["level_planted", "level", "range_planted", "range", "rate_planted", "rate"]
    within = both[columns] - both.groupby("speaker")[columns].transform("mean")
    gap = within[both["label"] == "agitated"].mean() - within[both["label"] == "calm"].mean()
    gap[columns[2:]] = np.exp(gap[columns[2:]])
    value = source.truth["values"]["value"]
    rows = {
        "tempo of the music (BPM)": (bpm, bpm, bpm_found),
        "frames with the right chord (share)": (1, 1, chords_right),
        "host's pitch, SD of turns (semitones)": (value["turn_pitch_sd"], *pitch.std()),
        "agitated over calm: level (dB)": (value["agitated_level"], *gap[columns[:2]]),
        "agitated over calm: range (ratio)": (value["agitated_range"], *gap[columns[2:4]]),
        "agitated over calm: rate (ratio)": (value["agitated_rate"], *gap[columns[4:]]),
    }
    beside = pd.DataFrame.from_dict(rows, orient="index", columns=["planted", "as drawn", "estimated"])

beside.round(2) if known else None

# %%
if known:
    print(f"wrong labels: {(both['label'] != both['style']).sum()} of {len(both)}")
    for name, row in beside.iloc[2:].iterrows():
        print(name, *(f"{column} {number:.2g}" for column, number in row.items()), sep=", ")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Tempo, chords and pitch come back. The differences between agitated and calm come back too small, but as they were
# drawn: so the measuring is not at fault. Wrong labels make the groups more alike, and the host, whose level also
# varies by itself from turn to turn, happened to be louder in calm ones.

# %% [markdown]
# ### Exercise 03.5: how loud is a turn?
#
# Write a function `answer(table, onset, offset)`. `table` has a row every 10 ms with `time` (s), `level` (dB re full
# scale) and `voiced` (True or False); the turn lasts from `onset` to `offset`, in seconds of the same clock. It returns
# the turn's level in dB: mean power over its voiced frames, as `segments.measure` takes it above.

# %% tags=["stub"]
answer = ...
print(exercises.check("03.5", answer))


# %% tags=["solution"]
def answer(table, onset, offset):
    frames = table[table["voiced"] & table["time"].between(onset, offset)]
    return 10 * np.log10(np.mean(10 ** (frames["level"] / 10)))


print(exercises.check("03.5", answer))

# %% [markdown] tags=["quiz"]
# ## Quiz
#
# Open the option that you would choose.
#
# **1. The mean chroma of two speakers is nearly the same (cosine 0.96). What follows?**
#
# <details><summary>Their voices are about equally high</summary>Not this one: chroma folds octaves away, so 110 and 220
# Hz look nearly the same. Compare F0 in semitones.</details>
# <details><summary>Hardly anything about the voices</summary>Right: how high a voice is has been thrown away, and what
# is left was made for the notes of music.</details>
# <details><summary>They speak in the same mood</summary>Not this one: chroma says which notes are sounding, and no note
# is a mood.</details>
#
# **2. A beat tracker gives 124 beats a minute for a speech in parliament. How fast is the speaker?**
#
# <details><summary>About two syllables a second</summary>Not this one: 124 a minute is about 2 a second, but of beats.
# Syllables come at no steady beat that it could lock on to.</details>
# <details><summary>Faster than one for whom it gives 110</summary>Not this one: without a beat the answer follows the
# prior. In the pitfall it did not follow the true speed.</details>
# <details><summary>The number does not say</summary>Right: a tracker always answers, near its prior if there is no
# beat. Count syllable nuclei instead.</details>
#
# **3. Medians of librosa.yin over all frames say that a host speaks 6 semitones higher after an event. What now?**
#
# <details><summary>Take voiced frames only, and measure again</summary>Right: in pauses and consonants yin writes
# numbers too. If their share changed, the median moved without the voice.</details>
# <details><summary>Add more episodes before and after</summary>Not this one: more recordings make the interval narrower
# around a number that is wrong in each of them.</details>
# <details><summary>Give the change in Hz instead</summary>Not this one: another unit does not take the unvoiced frames
# out of the median.</details>
#
# **4. From 2015 on, the recordings of an archive have a level 6 dB higher. What does that show of the speakers?**
#
# <details><summary>They speak with more force</summary>Not this one: they may, but a new microphone or another gain
# does the same to the file.</details>
# <details><summary>They sound twice as loud to a listener</summary>Not this one: 6 dB is twice the amplitude. Loudness
# is what is heard, and the listener has a volume control.</details>
# <details><summary>Nothing yet</summary>Right: level moves with every gain between mouth and file. Compare it within a
# recording.</details>
# <details><summary>Their voices carry more high frequencies</summary>Not this one: level adds up all frequencies, and
# does not tell which of them grew.</details>
#
# **5. MFCC 9 is higher in one group of speakers than in another. What does it measure?**
#
# <details><summary>The energy in the ninth mel band</summary>Not this one: coefficients are not bands. Each is a sum
# over all bands.</details>
# <details><summary>One ripple over all bands, which has no name of its own</summary>Right: it is the ninth cosine's
# share in the shape of the spectrum. A different line moves it too.</details>
# <details><summary>The high frequencies of the voice</summary>Not this one: about half of its weight lies in the lower
# half of the bands.</details>

# %% [markdown]
# ## What you learned
#
# - A feature is a window, a hop and a formula; state all three, and draw it on seconds.
# - Chroma and tempo are for music. For speech there are pitch in semitones, of voiced frames only, and syllables a
#   second.
# - Floor and ceiling of a pitch tracker decide what it can find; a wrong pair gives wrong numbers without an error.
# - Level, MFCC, contrast, crossings, centroid and rolloff also measure gain, noise, offset and line. Compare within
#   a recording.
# - A known answer first (a click, a chord, a sine, a shift of three semitones), then your data.
#
# **Further reading.** A standard set of voice measures: Eyben et al. 2016,
# [10.1109/TAFFC.2015.2457417](https://doi.org/10.1109/TAFFC.2015.2457417). Praat from Python: Jadoul, Thompson and
# de Boer 2018, [10.1016/j.wocn.2018.07.001](https://doi.org/10.1016/j.wocn.2018.07.001).
#
# **Next:** [04 Statistics](04_statistics.ipynb), from these columns to an inference that holds.
