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
# # 04 Statistics: from measurements to an inference
#
# **What you will do:** explain an outcome by features within one recording, find out what an event changed across
# recordings, and say how far measurement errors and the size of your corpus let you go.
#
# **What you will learn:** why neighbours in time are not independent and what repairs it, which comparisons survive a
# new codec, and how to check every method against an answer you planted yourself.
#
# **What you need:** lesson 03, and what a regression coefficient and a p-value are.
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
event_date = ""  # a day such as "2022-11-06" that parts before from after; empty where there is none
group = ""  # whom the event touched: a value of the column group in metadata.csv; the others are the comparison
outcome = ""  # what is followed over time: "semitones", "rate", "level" or a column of numbers in metadata.csv

# %%
import importlib.util
import sys
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path

import ipywidgets as widgets
import librosa
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soundfile
import soxr
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tutorial_helpers import (
    corpora,
    data_prep,
    degrade,
    exercises,
    features,
    metadata,
    plotting,
    representations,
    segments,
    voice,
)
from tutorial_helpers.background import in_background
from tutorial_helpers.statistics import across, measurement, within

plotting.use_style()
warnings.filterwarnings("ignore", message="Precision loss")  # scipy, where a folder holds copies of one recording

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
rng = np.random.default_rng(seed)
read = data_prep.read(episode.path, start=start, seconds=60 * minutes)
y = within.long_enough(read, episode, source.recordings)
joined = "" if len(y) == len(read) else " (joined with other recordings, to have half a minute)"
print(f"{episode.name}: {len(y) / sr:.0f} s{joined}")

# %% [markdown]
# Later parts need the frames of every turn in a year of episodes. Measuring them keeps one core busy for some seconds,
# and nothing before waits for them: so it begins now, in a process of its own, and we pick them up when we need them.

# %%
spoken = corpora.spoken(source, start=start, minutes=minutes)
drawn_by = np.random.default_rng(seed)  # of its own, so that what is drawn below does not hang on the corpus's size
chosen, how_compared = across.choose_design(
    source.recordings, drawn_by, event_date=event_date, group=group, most=most_recordings, start=start
)
to_measure = across.choose_segments(spoken, chosen, drawn_by)
measuring = in_background(features.frames_of_segments, to_measure)

# %% [markdown]
# ## A. Within one recording
#
# ### One table on one grid
#
# Lesson 03 measured a frame every 10 ms. Nobody reacts that fast, so the frames are averaged in
# [windows](../site/glossary.md#window) of half a second that follow each other: window 0.5 s,
# [hop](../site/glossary.md#hop-length) 0.5 s. All features share this grid, so no row has to be cut off to make them
# fit.

# %%
frames = features.frame_table(y, sr)
windows = segments.windows(frames, 0.5)
table = segments.measure(frames, windows)
if source.truth is None or joined:
    speech = data_prep.voice_activity(y, sr)
else:
    speech = source.turns[(source.turns["recording"] == episode.name) & (source.turns["kind"] == "speech")]
    speech = speech.assign(onset=speech["onset"] - start, offset=speech["offset"] - start)
spoken_there = data_prep.inside(table["onset"] + 0.25, speech)  # the middle of each window
talk = table[spoken_there & (table["voiced"] >= 0.25)].copy()
print(f"{len(frames)} frames make {len(table)} windows; {len(talk)} lie in speech and are voiced for a quarter or more")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# From here on a row is a window with voice in it, because a pause has no pitch. Music has one: Praat finds most of
# the opening theme "voiced", so we also ask the turns, or the [voice
# detector](../site/glossary.md#voice-activity-detection), whether somebody speaks. A recording with hardly any voice
# keeps all its windows, and the spectral centroid, in [semitones](../site/glossary.md#semitone) too, takes the place
# of pitch.

# %%
counted = frames
if len(talk) < 30:
    counted = frames.assign(voiced=True)  # then all frames of a window count
    talk = segments.measure(counted, windows)
    talk["semitones"] = voice.semitones(talk["centroid"])
    print(f"{episode.name} has too little voice: the spectral centroid takes the place of pitch below.")
talk[["onset", "semitones", "level", "contrast", "voiced"]].head(3).round(2)

# %% [markdown]
# Now the outcome. Imagine listeners with a dial from 0 to 100. We write their reaction ourselves, so that its truth is
# known: 1.5 points for each semitone of pitch over its mean, 0.8 for each dB, nothing for spectral contrast, and errors
# in which each keeps 0.8 of the one before. The methods below never see this cell; only the comparison at the end does.

# %%
planted = {"semitones": 1.5, "level": 0.8, "contrast": 0.0}
X = talk[list(planted)] - talk[list(planted)].mean()
X.insert(0, "const", 1.0)
effects = planted["semitones"] * X["semitones"] + planted["level"] * X["level"]
reaction = 50 + effects + within.ar1(rng, len(X), rho=0.8, sd=6.0)

# %% [markdown]
# Look at how the two lines move. Pitch jumps from one window to the next, and stays up while a woman speaks; the
# reaction follows, and also wanders, slowly, for several seconds at a time. The wandering is the errors'
# [memory](../site/glossary.md#autocorrelation).

# %%
fig, axes = plt.subplots(2, 1, sharex=True, figsize=(9, 4.2))
early = talk["onset"] < 75
for ax, series, colour, label in [
    (axes[0], talk["semitones"], plotting.BLUE, "Pitch\n(semitones)"),
    (axes[1], reaction, plotting.ORANGE, "Reaction\n(0 to 100)"),
]:
    ax.plot(talk["onset"][early], series[early], ".-", color=colour)
    ax.set(ylabel=label)
axes[0].set_title("The reaction follows the voice, and wanders by itself")
axes[1].set_xlabel("Time (s)")
plotting.show(fig, alt="Pitch jumps from window to window; the planted reaction also drifts over several seconds.")

# %% [markdown]
# ## The regression that everybody runs first
#
# A tutorial one finds on the web measures all that a library offers, adds a column for each, and calls `OLS`. Here it
# is: a spectrogram row, 12 chroma, 20 MFCC, zero crossings, rolloff and RMS every 0.1 s make 36 raw features, and the
# outcome is drawn at random, without a seed.

# %%
grid = {"y": y[: 180 * sr], "hop_length": sr // 10}
parts = [
    np.abs(librosa.stft(**grid))[:1],
    librosa.feature.chroma_stft(sr=sr, tuning=0.0, **grid),
    librosa.feature.mfcc(sr=sr, **grid),
    librosa.feature.zero_crossing_rate(**grid),
    librosa.feature.spectral_rolloff(sr=sr, **grid),
    librosa.feature.rms(**grid),
]
names = ["0 Hz", *features.PITCH_CLASSES, *(f"mfcc {i}" for i in range(20)), "zcr", "rolloff", "rms"]
sink = pd.DataFrame(np.vstack(parts).T, columns=names)
at_random = sm.OLS(np.random.default_rng().normal(size=len(sink)), sm.add_constant(sink)).fit()
print(
    f"{len(sink)} rows, {sink.shape[1]} features, {(at_random.pvalues.iloc[1:] < 0.05).sum()} 'significant' this time"
)

# %% [markdown]
# Run the cell again and another number stands there, for other features. Everything about this regression is wrong,
# and each mistake has a number: the row at 0 Hz, the hop, the scales, the overlap of features, and the count of tests.

# %% [markdown]
# ### Pitfall: the spectrogram's first row is taken for a feature
#
# `spectrogram[0]` is the bin at 0 Hz. It holds no voice: it holds the recording's constant offset, which a cheap
# microphone input adds and nobody hears. We add one of 0.05. A predictor should not notice; a level between 100 and
# 1000 Hz, where voices are, does not.

# %% tags=["pitfall"]
opening = y[: 60 * sr]
clean, shifted = (np.abs(librosa.stft(signal)) for signal in (opening, opening + np.float32(0.05)))
band = slice(round(100 * 2048 / sr), round(1000 * 2048 / sr))  # 2048 is the window librosa takes
levels = [10 * np.log10(np.mean(S[band] ** 2)) for S in (clean, shifted)]
print(f"naive: the mean of row 0 goes from {clean[0].mean():.2f} to {shifted[0].mean():.0f}")
print(f"right: the level from 100 to 1000 Hz goes from {levels[0]:.1f} to {levels[1]:.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: the hop is taken for the window
#
# "A window of 0.1 s" in a `hop_length` argument sets how far apart the windows start. Their length stays at
# librosa's `n_fft=2048`. At 22,050 Hz the hop is 2205 samples, so 157 of every 2205 are never looked at. We put a
# click of full scale on each of them and ask whether the spectrogram notices.

# %% tags=["pitfall"]
quiet = np.zeros(22_050 * 10, np.float32)
hop = 2205
gap = np.arange(len(quiet)) % hop
clicks = np.where((gap >= 1024) & (gap < hop - 1024), np.float32(1), quiet)
seed_stft = np.abs(librosa.stft(clicks, hop_length=hop))
seed_rms = librosa.feature.rms(y=clicks, frame_length=hop, hop_length=hop)
of_clicks = features.frame_table(clicks, sr)
ours = segments.measure(of_clicks, segments.windows(of_clicks, 0.5))["sound_level"]
print(f"naive: {np.mean(clicks):.0%} of the samples are unseen, the loudest cell is {seed_stft.max():.1f}")
print(f"naive: {seed_stft.shape[1]} frames of the spectrogram beside {seed_rms.shape[1]} of the RMS")
unseen = max(0, representations.HOP_LENGTH - representations.N_FFT)
print(f"right: window {representations.N_FFT}, hop {representations.HOP_LENGTH}: {unseen} unseen, ", end="")
print(f"mean level {ours.mean():.0f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: the kitchen sink
#
# The 36 features are in units from 0.01 to 4000 and say the same thing many times. A variance inflation factor (VIF)
# of 10 means a slope's variance is ten times what it would be if its feature were alone. Against it: three features,
# chosen beforehand, in semitones and dB, standardised.

# %% tags=["pitfall"]
few = within.standardise(talk[list(planted)])
for word, columns in {"naive": sink, "right": few}.items():
    condition, vif = np.linalg.cond(sm.add_constant(columns)), within.worst_vif(columns)
    print(f"{word}: {columns.shape[1]} features, condition number {condition:.0e}, worst VIF {vif:.2g}")

# %% [markdown]
# It can be far worse, and by a setting that nobody looks at. A telephone lets nothing through above 4 kHz, so that half
# of librosa's mel bands stay constant, and the last of twenty MFCC follow from the others. Here is a minute of ours
# before and after such a line.

# %%
a_minute = y[: 60 * sr]
line = soxr.resample(soxr.resample(a_minute, sr, 8_000), 8_000, sr)
inflation = [
    within.worst_vif(pd.DataFrame(librosa.feature.mfcc(y=x, sr=sr, hop_length=sr // 10).T)) for x in (a_minute, line)
]
print(f"worst VIF of 20 MFCC: {inflation[0]:.2g} as it is, {inflation[1]:.0e} through a telephone")

# %% [markdown]
# With more questions than three, take principal components, or a standard set that others use too, such as eGeMAPS
# (in the further reading). What counts is that the choice is made before the outcome is seen.

# %% [markdown]
# ### Pitfall: one of many tests is significant
#
# An outcome of pure chance gives another ["finding"](../site/glossary.md#false-positive) at every run. Here it is
# drawn 2000 times, with a seed, and regressed on the 36. How often is at least one of them significant? Holm's
# correction controls that chance; Benjamini and Hochberg's controls the share of false findings among all findings.

# %% tags=["pitfall"]
chance = rng.normal(size=(2000, min(len(sink), 600)))
p = within.slope_p_values(sink[: chance.shape[1]], chance)
naive = np.mean((p < 0.05).any(axis=1))
holm = np.mean(p.min(axis=1) < 0.05 / 36)  # Holm finds something where the smallest p passes its first step
bh = np.mean([multipletests(row, method="fdr_bh")[0].any() for row in p])
print(f"naive: at least one of 36 is significant in {naive:.0%} of random outcomes")
print(f"right: after Holm in {holm:.0%}, after Benjamini-Hochberg in {bh:.0%}")

# %% [markdown]
# On one outcome the correction is one call. Here is the first of the 2000 that had a finding.

# %%
finding = p[(p < 0.05).any(axis=1).argmax()]
kept, adjusted, *_ = multipletests(finding, method="holm")
print(f"{np.sum(finding < 0.05)} of 36 below .05, the smallest p {finding.min():.3f}")
print(f"after Holm {kept.sum()}, the smallest adjusted p {adjusted.min():.2f}")

# %% [markdown]
# ### Exercise 04.1: how probable is a finding where there is none?
#
# You test 20 features, each at the .05 level. They have nothing to do with the outcome, nor with each other. How
# probable is it that at least one of them is significant? Give a number from 0 to 1, right to two decimals. What
# helps: one such test finds nothing with probability 0.95.

# %% tags=["stub"]
answer = ...
print(exercises.check("04.1", answer))

# %% tags=["solution"]
answer = 1 - 0.95**20
print(exercises.check("04.1", answer))

# %% [markdown]
# ## Few features, and a summary to read
#
# Back to three features and to the outcome with an answer. Read three things in the summary: the coefficients, their
# [intervals](../site/glossary.md#confidence-interval), and the Durbin-Watson value at the bottom. That value is near
# 2 where residuals have no memory and near 0 where each repeats the one before.

# %%
ols = sm.OLS(reaction, X).fit()
print(ols.summary())

# %%
durbin_watson = sm.stats.durbin_watson(ols.resid)
print(f"Durbin-Watson {durbin_watson:.1f}; residuals' correlation with the window before {ols.resid.autocorr():.1f}")
for name in ("semitones", "level"):
    print(f"{name}: one standard deviation is {X[name].std():.1f}, worth {ols.params[name] * X[name].std():.0f} points")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# A number can hide much, so look at the residuals. Do they stay above or below zero for long? How many bars leave the
# grey band, which holds 95% of them where there is no memory? And do the dots follow the line, as those of a bell
# curve would?

# %%
fig, (left, middle, right) = plt.subplots(1, 3, figsize=(12.5, 3.5))
left.plot(talk["onset"][early], ols.resid[early], ".-")
left.axhline(0, color=plotting.GREY, lw=1)
left.set(xlabel="Time (s)", ylabel="Residual (points)", title="They stay on one side for seconds")
memory = sm.tsa.acf(ols.resid, nlags=20)
band = np.array([-1.96, 1.96]) / np.sqrt(len(X))
middle.bar(np.arange(1, 21) / 2, memory[1:], width=0.35)
middle.axhspan(*band, color=plotting.GREY, alpha=0.25, lw=0)
middle.set(xlabel="Lag (s)", ylabel="Autocorrelation", title=f"Neighbours correlate at {memory[1]:.1f}")
sm.qqplot(ols.resid, line="s", ax=right, markersize=3)
right.set(xlabel="Quantiles of a bell curve", ylabel="Quantiles of residuals", title="Their shape is fine")
plotting.show(
    fig,
    alt="Left: residuals over time drift. Middle: their autocorrelation starts high and dies in seconds. Right: their "
    "quantiles lie on the line of a bell curve.",
)

# %% [markdown]
# ### Exercise 04.2: how many values is a persistent series worth?
#
# Where each of n values keeps the share rho of the one before, they say as much about their mean as
# n (1 - rho) / (1 + rho) independent ones. Write a function `effective_n(x)`: in goes a series, shape (n,), out comes
# that number, with rho estimated as the correlation of `x` with itself one step later. What helps: `np.corrcoef`. Set
# `answer = effective_n`.

# %% tags=["stub"]
answer = ...
print(exercises.check("04.2", answer))


# %% tags=["solution"]
def effective_n(x):
    rho = np.corrcoef(x[:-1], x[1:])[0, 1]
    return len(x) * (1 - rho) / (1 + rho)


answer = effective_n
print(exercises.check("04.2", answer))

# %% [markdown]
# ## The ladder
#
# The residuals remember. Ordinary standard errors count every window as new evidence, and here it is not. What
# follows are seven repairs on the same data. Two keep the estimates and mend the standard errors:
# [HAC](../site/glossary.md#hac) sums the memory over a stated number of lags, and clusters treat blocks of 5 s as the
# units.

# %%
blocks = within.block_ids(talk["onset"], seconds=5.0)
hac = sm.OLS(reaction, X).fit(cov_type="HAC", cov_kwds={"maxlags": 10}, use_t=True)
clustered = sm.OLS(reaction, X).fit(cov_type="cluster", cov_kwds={"groups": blocks}, use_t=True)

# %% [markdown]
# How many lags? The rule of thumb, 4 (n / 100)^(2/9), was made for weaker memories than those of sound. Vary it, and
# look where the curve turns flat: an answer that hangs on the lag is no answer. (Far to the right it falls again,
# because too few stretches are left to learn from.)

# %%
lags_tried = [0, 2, 5, 10, 15, 20, 30, 40, 60, 80]
errors = [
    sm.OLS(reaction, X).fit(cov_type="HAC", cov_kwds={"maxlags": k}, use_t=True).bse["semitones"] for k in lags_tried
]
rule = int(4 * (len(X) / 100) ** (2 / 9))
fig, ax = plt.subplots(figsize=(9, 3.6))
ax.plot(np.array(lags_tried) / 2, errors, "o-")
ax.axhline(ols.bse["semitones"], color=plotting.RED, ls="--", label="OLS")
ax.axvline(rule / 2, color=plotting.GREY, lw=1, label=f"rule of thumb: {rule} lags")
ax.set(xlabel="Lags summed (s)", ylabel="Standard error\n(points a semitone)", ylim=(0, None))
ax.set_title(f"The error of the pitch slope grows to {max(errors) / ols.bse['semitones']:.1f} times that of OLS")
ax.legend(loc="lower right")
plotting.show(fig, alt="The HAC standard error rises with the number of lags and levels off above that of OLS.")

# %% [markdown]
# The others model the memory ([GLS](../site/glossary.md#gls)). GLSAR estimates how much an error keeps of the one
# before from the residuals (`rho=1` asks for one lag, it is not the value). `gls_ar1` finds it by restricted
# likelihood and counts the degrees of freedom that are left; in a short series that matters. Then differences between
# neighbours; and the outcome and features of the window before on the right-hand side. Leave those lagged features
# out, and the slopes mean something else.

# %%
glsar = sm.GLSAR(reaction, X, rho=1).iterative_fit(maxiter=10)
gls, rho = within.gls_ar1(reaction, X)
differences = sm.OLS(reaction.diff().dropna(), X.diff().dropna().assign(const=1.0)).fit()
before = X.drop(columns="const").shift(1).add_suffix("_before")
lagged = X.join(before).assign(reaction_before=reaction.shift(1)).dropna()
lags = sm.OLS(reaction[lagged.index], lagged).fit()
print(f"an error keeps {rho:.1f} of the one before by GLS, {glsar.model.rho[0]:.1f} by GLSAR (planted: 0.8)")
left_over = pd.Series(within.without_memory((reaction - X @ gls["estimate"]).to_numpy(), rho))
print(f"what GLS leaves over correlates with the window before at {abs(left_over.autocorr()):.1f}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Planted beside estimated, with 95% intervals. Look for two things: does the interval hold the black line, and how
# wide is it?

# %%
fits = {"OLS": ols, "HAC, 10 lags": hac, "5 s blocks": clustered, "GLSAR": glsar}
tables = {name: within.terms(fit) for name, fit in fits.items()} | {"GLS": gls}
tables |= {"differences": within.terms(differences), "lagged outcome": within.terms(lags)}
estimates = within.planted_vs_estimated(planted, tables)
fig, axes = plt.subplots(1, 3, sharey=True, figsize=(13, 4.4))
for ax, (term, rows) in zip(axes, estimates.groupby("term", sort=False), strict=True):
    ax.errorbar(rows["estimate"], rows["method"], xerr=rows["high"] - rows["estimate"], fmt="o", lw=3)
    ax.axvline(planted[term], color="black", lw=1)
    ax.set(title=f"{term}: planted {planted[term]:g}", xlabel="Points per " + ("semitone" if ax is axes[0] else "dB"))
axes[0].invert_yaxis()
plotting.show(fig, alt="Intervals of seven methods for three slopes, with the planted value as a line in each panel.")

# %%
width = (estimates["high"] - estimates["low"]).groupby(estimates["method"]).mean()
held = estimates.groupby("method")["inside"].sum()
level = tables["OLS"].loc["level"]
print(f"GLS holds {held['GLS']} of 3 planted values; OLS has the level at {level['low']:.2f} to {level['high']:.2f}")
print(f"memory of half a second: pitch {talk['semitones'].autocorr():.1f}, residuals {ols.resid.autocorr():.1f}")
print(f"GLS's intervals are {width['GLS'] / width['OLS']:.1f} times as wide as those of OLS")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the pilot OLS is too sure of itself: its interval for the level misses what was planted. HAC and blocks are wide
# enough; what models the memory is right and sharper. A test without any model of the errors is the circular shift:
# slide one series along the other, all the way round, and count how often they fit as well as they do unshifted.

# %%
for term in planted:
    others = X.drop(columns=term)
    x_alone = sm.OLS(X[term], others).fit().resid
    y_alone = sm.OLS(reaction, others).fit().resid
    p = within.circular_shift_p(x_alone, y_alone)
    print(f"{term}: p = {p:.3f} from {len(X)} shifts (planted slope {planted[term]:g})")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: frames are treated as independent
#
# How often does each rung cry wolf? We keep this recording's own pitch, window by window, and draw outcomes that have
# nothing to do with it but a memory like that of real series (.95). A test at the .05 level should find something in
# 5% of them.

# %% tags=["pitfall"]
own_pitch = talk["semitones"].dropna().to_numpy()[:600]
trials = pd.DataFrame([within.p_values_by_method(own_pitch, within.ar1(rng, len(own_pitch), 0.95)) for _ in range(60)])
own_share = (trials < 0.05).mean()
print(f"naive: on this recording OLS finds an effect that is not there in {own_share['OLS']:.0%} of 60 trials")
print(f"right: GLS by restricted likelihood {own_share['GLS by REML']:.0%}, circular shift ", end="")
print(f"{own_share['circular shift']:.0%}")

# %% [markdown]
# Sixty trials tell little about a rate near 5%. `make simulate` ran 4000 for each of four memories, with a feature
# that persists like the outcome, on 600 windows. Which lines stay at the black one?

# %%
ladder = measurement.simulated("ladder").query("n == 600")
fig, ax = plt.subplots(figsize=(11, 5))
for method, rows in ladder.groupby("method", sort=False):
    good = rows["share"].iloc[-1] < 0.075
    ax.plot(rows["rho"], rows["share"], "o-" if good else "s--", color=plotting.GREEN if good else plotting.RED, lw=2)
    if not good:
        ax.annotate(method, (0.95, rows["share"].iloc[-1]), xytext=(8, -4), textcoords="offset points", fontsize=12)
ax.annotate(
    "what models the memory, and the shift", (0.95, 0.05), xytext=(8, -15), textcoords="offset points", fontsize=12
)
ax.annotate("differences", (0, 0.115), xytext=(8, 2), textcoords="offset points", fontsize=12)
ax.axhline(0.05, color="black", lw=1)
ax.set(
    xlabel="What each value keeps of the one before (rho)", ylabel="Share of trials with p < .05", xlim=(-0.03, 1.45)
)
ax.set_xticks([0, 0.5, 0.8, 0.95])
ax.set_title("Nothing is there: OLS finds it more often the longer the memory")
plotting.show(fig, alt="False-positive rates by memory: OLS, HAC and blocks rise, GLS, lags and the shift stay at .05.")

# %%
worst = ladder[ladder["rho"] == 0.95].set_index("method")["share"]
for method in ("OLS", "HAC, rule-of-thumb lag", "HAC, 20 lags", "blocks as clusters", "GLS by REML", "circular shift"):
    print(f"{method}: {worst[method]:.0%}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# HAC helps and does not reach the line: with a memory this long, a minute holds too few independent stretches to
# estimate it from. Blocks come nearer. What models the memory, and what keeps it intact and shifts, arrives.
# Differences have a fault at the other end: where errors have no memory, differencing makes one.

# %% [markdown]
# ### Turn the knob: does more data help?
#
# Two series that have nothing to do with each other, drawn 600 times. Left, one such pair: turn the memory up, and both
# begin to wander. Right, all p-values: where a test keeps its promise, every bar ends at the black line. Then turn up
# the number of windows. Does OLS get better?


# %% tags=["knob"]
def draw_wolf(rho, n):
    draws = np.random.default_rng(seed)
    x, y = (np.array([within.ar1(draws, n, rho) for _ in range(600)]) for _ in range(2))
    x, y = (series - series.mean(axis=1, keepdims=True) for series in (x, y))
    left_over = y - x * (np.sum(x * y, axis=1) / np.sum(x**2, axis=1))[:, None]
    kept = (np.sum(left_over[:, 1:] * left_over[:, :-1], axis=1) / np.sum(left_over**2, axis=1))[:, None]
    freed = [series[:, 1:] - kept * series[:, :-1] for series in (x, y)]
    # the p-value of a correlation is that of the slope in OLS
    p = {"OLS": stats.pearsonr(x, y, axis=1).pvalue, "GLS": stats.pearsonr(*freed, axis=1).pvalue}
    fig, (left, right) = plt.subplots(1, 2, figsize=(11, 3.6))
    left.plot(x[0, :100], color=plotting.BLUE, label="feature")
    left.plot(y[0, :100], color=plotting.ORANGE, label="outcome")
    left.set(xlabel="Window", ylabel="Standard deviations", ylim=(-4, 4), title="Nothing ties one to the other")
    left.legend(loc="lower right", ncols=2)
    for (method, values), colour in zip(p.items(), (plotting.RED, plotting.GREEN), strict=True):
        heights = np.histogram(values, bins=20, range=(0, 1))[0] / len(values)
        right.stairs(heights, np.linspace(0, 1, 21), lw=3, color=colour, label=method)
    right.axhline(0.05, color="black", lw=1)
    right.set(xlabel="p-value", ylabel="Share of trials", ylim=(0, 0.8))
    right.set_title(f"p < .05: OLS in {np.mean(p['OLS'] < 0.05):.0%}, GLS in {np.mean(p['GLS'] < 0.05):.0%}")
    right.legend()
    return fig


plotting.knob(
    draw_wolf,
    alt="Left: two unrelated series that wander. Right: p-values of OLS pile up near 0, those of GLS lie flat at 5%.",
    rho=widgets.SelectionSlider(options=[0.0, 0.5, 0.8, 0.9, 0.95], value=0.8, description="Memory (rho)"),
    n=widgets.SelectionSlider(options=[120, 300, 600, 1200], value=300, description="Windows"),
)

# %% [markdown]
# With rho at 0 both lie flat. From there on OLS finds more, the longer the memory, and ten times as many windows make
# it no more honest. GLS, which takes its memory from the residuals here, as GLSAR does, stays near the line. (600
# trials tell a share of 5% to within two points or so.)

# %% [markdown]
# ### Pitfall: an option is taken to work because it was passed
#
# HAC needs to be told its lags, and says so only by an error about a missing key. A mixed model takes `cov_type` and,
# in the version used here, ignores it: the "robust" standard error is the plain one. Where robust errors are wanted
# with groups, use GEE or clustered OLS.

# %% tags=["pitfall"]
try:
    sm.OLS(reaction, X).fit(cov_type="HAC")
except Exception as error:
    print(f"naive: HAC without maxlags raises {type(error).__name__}")
with warnings.catch_warnings(record=True):  # statsmodels warns that the option is not used
    warnings.simplefilter("always")
    plain = sm.MixedLM(reaction, X, groups=blocks).fit()
    try:
        asked = sm.MixedLM(reaction, X, groups=blocks).fit(cov_type="cluster").bse["level"]
        print(f"naive: MixedLM, error of level {plain.bse['level']:.3f}, with cov_type='cluster' {asked:.3f}")
    except Exception as error:
        print(f"naive: MixedLM with cov_type='cluster' raises {type(error).__name__}")
gee = sm.GEE(reaction, X, groups=blocks, cov_struct=sm.cov_struct.Exchangeable()).fit()
print(f"right: GEE {gee.bse['level']:.3f}, clustered OLS {clustered.bse['level']:.3f}")

# %% [markdown]
# ## Turns and speakers
#
# A feature that belongs to a turn gets a new value with every turn, not with every frame. So we measure turns: one row
# a turn, with the median pitch, the level and the syllables a second of its speaker, in frames in which nobody else
# speaks. (Where turns are not known, a recording takes the place of a turn.)

# %%
of_turns = measuring.result()
voices = segments.measure(of_turns, to_measure, turns=source.turns).dropna(subset="semitones")
known, who_speaks = across.known_speakers(voices, rng)
print(f"{len(voices)} turns or recordings measured. {who_speaks}")
# NBVAL_CHECK_OUTPUT

# %%
voices[["recording", "speaker", "style", "f0", "semitones", "level", "rate"]].head(3).round(1)

# %% [markdown]
# ### Pitfall: the lesson is tested on features that do not persist
#
# Raw features of speech change at every syllable, and OLS gets off more lightly. What persists is a regime: who
# speaks, which segment runs, whether music plays. Below, an outcome that persists and has to do with nothing is drawn
# 200 times, and OLS is tried with the spectral centroid every 0.1 s, then with the pitch of each turn, repeated for as
# long as the turn lasts.

# %% tags=["pitfall"]
tenths = segments.windows(frames, 0.1)
is_voiced = segments.measure(counted, tenths)["voiced"] >= 0.25
raw = segments.measure(frames.assign(voiced=True), tenths)["centroid"]  # of all frames: a tenth has only ten
raw = raw[is_voiced].reset_index(drop=True)
lengths = (10 * known["seconds"]).round().astype(int)
regime = pd.Series(np.repeat(known["semitones"].to_numpy(), lengths))[: 10 * len(raw)].rename("turn")
wolf = {}
for x in (raw, regime):
    unrelated = np.array([within.ar1(rng, len(x), 0.95) for _ in range(200)])
    wolf[x.name] = np.mean(within.slope_p_values(x.to_frame(), unrelated) < 0.05)
print(f"naive: the centroid every 0.1 s, lag-1 {raw.autocorr():.1f}: OLS cries wolf in {wolf['centroid']:.0%}")
print(f"right: pitch by turn, lag-1 {regime.autocorr():.2f}: OLS cries wolf in {wolf['turn']:.0%}")

# %% [markdown]
# So the number of observations is the number of turns, not of frames, wherever a predictor or an outcome belongs to
# the turn. Ask of every variable: how often does it get a new value?

# %% [markdown]
# ### Pitfall: speakers are pooled
#
# Let each turn be rated half a point higher for each semitone its speaker rises above her own mean, while deeper
# voices start from higher ratings. A regression over all turns mixes the two. With a dummy for each speaker ([fixed
# effects](../site/glossary.md#fixed-effects)) only movements within a speaker count. A mixed model lies between the
# two, and is right once each speaker's mean is a term of its own.

# %% tags=["pitfall"]
own_mean = known.groupby("speaker")["semitones"].transform("mean")
rating = 50 - 2.0 * (own_mean - own_mean.mean()) + 0.5 * (known["semitones"] - own_mean)
rating += known["speaker"].map({name: rng.normal() for name in known["speaker"].unique()}).astype(float)
rating += rng.normal(scale=0.5, size=len(known))
semitones = sm.add_constant(known[["semitones"]])
pooled = within.terms(sm.OLS(rating, semitones).fit())
dummies = pd.get_dummies(known["speaker"], dtype=float)
fixed = within.terms(sm.OLS(rating, dummies.assign(semitones=known["semitones"])).fit())
mixed = within.terms(sm.MixedLM(rating, semitones.assign(mean=own_mean), groups=known["speaker"]).fit())
for word, found in {"naive: all turns pooled": pooled, "right: fixed effects": fixed, "right: mixed": mixed}.items():
    estimate, low, high = found.loc["semitones", ["estimate", "low", "high"]]
    print(f"{word}: {estimate:+.1f} points a semitone, 95% from {low:+.1f} to {high:+.1f} (planted +0.5)")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Exercise 04.3: compare each speaker with herself
#
# Write a function `slope_within(turns)`. In goes a table with a row a turn and the columns `speaker` (a name),
# `semitones` and `rating` (points). Out comes the slope of rating on semitones within speakers, in points a semitone.
# What helps: a dummy for each speaker, as above, or `groupby("speaker").transform("mean")`. Set `answer =
# slope_within`.

# %% tags=["stub"]
answer = ...
print(exercises.check("04.3", answer))


# %% tags=["solution"]
def slope_within(turns):
    dummies = pd.get_dummies(turns["speaker"], dtype=float)
    return sm.OLS(turns["rating"], dummies.assign(semitones=turns["semitones"])).fit().params["semitones"]


answer = slope_within
print(exercises.check("04.3", answer))

# %% [markdown]
# ### Pitfall: turns stand in for speakers
#
# The other question is about speakers themselves: do those of one group speak higher than those of another? Every turn
# of a speaker says the same about that. Here are the show's callers, three on the telephone and three in the studio.
# Look at what is the unit, and how small a p-value can become.

# %% tags=["pitfall"]
callers = known[known["channel"].notna() & ~known["speaker"].isin(["host", "cohost"])]
sides = callers.groupby("channel")["speaker"].nunique()
if len(sides) == 2 and sides.min() >= 3:
    (one, two), means = sides.index, callers.groupby(["channel", "speaker"])["semitones"].mean()
    by_turn = stats.ttest_ind(*(callers.loc[callers["channel"] == side, "semitones"] for side in (one, two)))
    by_speaker = stats.permutation_test(
        (means[one], means[two]), lambda a, b, axis: np.mean(a, axis=axis) - np.mean(b, axis=axis), vectorized=True
    )
    print(f"{means[one].mean() - means[two].mean():+.1f} semitones between {one} and {two}")
    print(f"naive: {len(callers)} turns, t-test, p = {by_turn.pvalue:.3f}")
    print(f"right: {len(means)} speakers, all 20 ways to part them, p = {by_speaker.pvalue:.1f} (the smallest is 0.1)")
else:
    print("naive and right differ by the unit; this needs 2 groups of 3 known speakers or more, which are not here.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nothing about telephones was planted in their pitch: these are six people, and the deep voices happened to call.
# With three against three no p under .1 exists, whatever the number of turns. With few groups, permute them as here,
# or use a wild cluster bootstrap (Cameron, Gelbach and Miller 2008,
# [10.1162/rest.90.3.414](https://doi.org/10.1162/rest.90.3.414)); do not trust clustered errors.

# %% [markdown]
# ## Listeners of the pilot
#
# For the pilot of the show there is a real column of outcomes: what its listeners reported every five seconds, in
# points, and the humidity in the studio. The listeners are simulated too, by an equation in the host's voice that the
# cells below do not see. Each row now is a window of five seconds in which the host speaks or does not.

# %%
listeners = pd.DataFrame()
noted = source.outcome is not None and episode.name in set(source.outcome["recording"])
if noted and start == 0 and minutes >= 2:
    listeners = source.outcome[source.outcome["recording"] == episode.name].reset_index(drop=True)
    of_episode = source.turns[source.turns["recording"] == episode.name]
    host = within.speaker_windows(frames, of_episode, "host", seconds=5.0)
    listeners = listeners.join(host, how="inner")
    print(f"{len(listeners)} windows of 5 s; the host speaks in {listeners['speaks'].sum():.0f} of them")
else:
    print("This part explains two minutes or more of reactions to a recording, from its beginning; here are none.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the figure, look at how long the host's pitch and level stay where they are: a turn lasts several windows, and
# each turn has its own pitch and level. These are the regimes at which OLS cried wolf above.

# %%
if len(listeners):
    fig, axes = plt.subplots(3, 1, figsize=(9, 5.2), sharex=True)
    speaks = listeners["speaks"] == 1
    panels = {"relative_pitch": "Pitch\n(semitones)", "relative_level": "Level\n(dB)", "reaction": "Reaction\n(points)"}
    for ax, (column, label) in zip(axes, panels.items(), strict=True):
        shown = listeners[column] if column == "reaction" else listeners[column].where(speaks)
        ax.plot(listeners["onset"], shown, ".-", color=plotting.ORANGE if column == "reaction" else plotting.BLUE)
        ax.set(ylabel=label)
    axes[0].set_title("The host's turns have a pitch and a level each; the reaction follows, and wanders")
    axes[-1].set_xlabel("Time (s)")
    plotting.show(fig, alt="Pitch and level of the host stay for several windows; the reaction follows and drifts.")

# %% [markdown]
# ### Pitfall: everybody's pitch is taken for the host's
#
# The quick table takes the pitch and the level of whoever speaks. But the reaction is to the host, and the co-host's
# voice is ten semitones higher for reasons of anatomy. Then come the host's own windows, by OLS, and by GLS with what
# the sound and the studio have no effect with: rolloff and humidity.

# %% tags=["pitfall"]
if len(listeners):
    whoever = segments.measure(frames, segments.windows(frames, 5.0)).reindex(listeners.index)
    anyone_X = pd.DataFrame({"const": 1.0, "pitch": whoever["semitones"], "level": whoever["sound_level"]})
    anyone_X = anyone_X[whoever["voiced"] >= 0.1]
    own_X = sm.add_constant(listeners[["speaks", "relative_pitch", "relative_level", "relative_rolloff", "humidity"]])
    anyone = within.terms(sm.OLS(listeners["reaction"][anyone_X.index], anyone_X).fit())
    naive_fit = within.terms(sm.OLS(listeners["reaction"], own_X).fit())
    right_fit, _ = within.gls_ar1(listeners["reaction"], own_X)
    for name, term, found in [
        ("naive: whoever speaks, OLS", "pitch", anyone),
        ("right: the host, GLS", "relative_pitch", right_fit),
        ("naive: the host, OLS", "humidity", naive_fit),
        ("right: the host, GLS", "humidity", right_fit),
    ]:
        estimate, low, high = found.loc[term, ["estimate", "low", "high"]]
        print(f"{name}: {term} {estimate:+.1f} points, 95% from {low:+.1f} to {high:+.1f}")
else:
    print("naive and right need 1 column of reactions and 1 of turns; this corpus has 0.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Whoever speaks: nothing to find, and the interval is sure of it. The host by OLS: pitch is there, and so is an effect
# of the humidity, which has none. With the errors' memory in the model, that one goes. The end of the lesson sets it
# all beside the equation.

# %% [markdown]
# ## B. Across recordings
#
# Now a row is a recording. What can be compared depends on the corpus. The show left its FM station for a stream in
# July: 26 episodes before, 26 after. Who speaks when is known, so the voice is the host's alone. (On `prompts` the
# same woman says the same prompt in two languages, and the pair is the unit. In a folder, `event_date` and `group` say
# what is compared.)

# %%
focus = "host" if source.truth is not None else ""
episodes = segments.measure(of_turns, to_measure, turns=source.turns, by=["recording", "speaker"])
series = across.design_table(episodes, chosen, focus=focus)
measured = series[series["series"] == (focus or chosen["series"].iloc[0])] if len(series) else series
print(how_compared)
print(f"{len(measured)} recordings have a voice to measure")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Listen to one from either side before any number (four seconds of each).

# %% tags=["player"]
first_words = voices.loc[voices["recording"].isin(measured.index)].index.intersection(spoken.index)
played = spoken.loc[first_words].drop_duplicates("recording") if len(measured) else spoken.head(1)
ends = played.iloc[[0, -1]] if len(measured) else played
clips = [data_prep.read(row.path, start=row.onset, seconds=8 / len(ends)) for row in ends.itertuples()]
plotting.player(np.concatenate(clips), sr)

# %% [markdown]
# Each dot is a recording, and the orange bars are means with 95% intervals. (Where recordings come in pairs, a grey
# line joins the two.) Do the clouds overlap, or does a high mean come from a few?

# %%
measures = {
    "semitones": "Pitch (semitones re 100 Hz)",
    "rate": "Rate (syllables/s)",
    "level": "Level (dB re full scale)",
}
if len(measured):
    names = measured.drop_duplicates("side").sort_values("side")["label"].tolist()
    fig, axes = plt.subplots(1, 3, figsize=(11, 4))
    for ax, (column, label) in zip(axes, measures.items(), strict=True):
        wide = measured.pivot(index="unit", columns="side", values=column)
        ax.plot([0, 1], wide.T, ".-", color=plotting.GREY, alpha=0.3, lw=0.8, ms=6)
        ax.errorbar([0, 1], wide.mean(), yerr=1.96 * wide.sem(), fmt="o-", color=plotting.ORANGE, lw=3)
        ax.set(xticks=[0, 1], xticklabels=names, xlim=(-0.3, 1.3), ylabel=label)
        ax.set_title(f"{across.MEASURES[column][0]}: {wide[1].mean() - wide[0].mean():+.1f}")
    plotting.show(fig, alt="Pitch, rate and level of recordings on either side, with pairs joined and means on top.")

# %% [markdown]
# ## Two roads to one difference
#
# A regression on the side with errors clustered by unit, and a t-test: paired for pairs, Welch's otherwise. They
# should agree, and where they do not, one of them was set up wrongly. The last column is the p-value after Holm's
# correction for three measures.

# %%
rows = []
for column in measures if len(measured) else []:
    X_side = sm.add_constant(measured["side"])
    kwds = {"groups": pd.factorize(measured["unit"])[0]}
    fit = within.terms(sm.OLS(measured[column], X_side).fit(cov_type="cluster", cov_kwds=kwds, use_t=True))
    zero, one = (measured[measured["side"] == side].set_index("unit")[column] for side in (0, 1))
    one = one.reindex(zero.index) if set(zero.index) == set(one.index) else one
    paired = zero.index.equals(one.index)
    test = stats.ttest_rel(one, zero) if paired else stats.ttest_ind(one, zero, equal_var=False)
    rows.append((column, *fit.loc["side", ["estimate", "low", "high"]], *test.confidence_interval(), test.pvalue))
differences = pd.DataFrame(rows, columns=["measure", "difference", "low", "high", "t: low", "t: high", "t: p"])
if len(differences):
    differences["Holm"] = multipletests(differences["t: p"], method="holm")[1]
differences.round(3) if len(measured) else None

# %% [markdown]
# In a reader's units: a semitone is one key on a piano, and a difference in rate is easiest told in syllables a
# minute. A difference in level is given last and believed least: a knob in the studio makes one too, and nothing in
# the file tells the knob from the voice.

# %%
if len(measured):
    pitch, rate, level = differences["difference"]
    low, high = differences.loc[0, ["low", "high"]]
    base = measured.loc[measured["side"] == 0, "f0"].median()
    print(f"{names[1]} against {names[0]}, {measured['unit'].nunique()} units")
    print(f"pitch {pitch:+.1f} semitones (95% from {low:+.1f} to {high:+.1f}): from {base:.0f} Hz to ", end="")
    print(f"{base * 2 ** (pitch / 12):.0f} Hz")
    print(f"rate {60 * rate:+.0f} syllables a minute, level {level:+.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# What this does not say: that the stream did it. All three differences are clear, and one of them is nothing but a
# slow drift that was under way long before, as we shall see. One speaker gives an inference about his episodes. One
# about radio hosts takes many hosts.

# %% [markdown]
# ### Pitfall: before and after, and nothing else
#
# 120 episodes, no effect of the event, a mild upward trend (0.02 standard deviations an episode) and errors that keep
# half of the one before. A bare comparison credits the event with the trend. An [interrupted time
# series](../site/glossary.md#interrupted-time-series) has the trend in it, and asks for a jump on top.

# %% tags=["pitfall"]
trend = 0.02 * np.arange(120)
credited = pd.DataFrame(
    [
        {name: found.loc["after", "p"] < 0.05 for name, found in across.event_fits(y_null, 60).items()}
        for y_null in (trend + within.ar1(rng, 120, 0.5) for _ in range(60))
    ]
).mean()
print(f"naive: before/after finds an effect in {credited['before/after']:.0%} of 60 trials")
print(f"naive: interrupted time series by OLS {credited['interrupted, OLS']:.0%}, ", end="")
print(f"by HAC(6) {credited['interrupted, HAC(6)']:.0%}")
print(f"right: by GLS {credited['interrupted, GLS']:.0%}")

# %% [markdown]
# How short may a series be? `make simulate` planted a jump in series of 26, 52 and 120 episodes, with a trend, and
# asked how often the 95% interval holds it. The green band is from 92 to 98%.

# %%
held = measurement.simulated("series").query("rho == 0.5").pivot(index="method", columns="n", values="coverage")
fig, ax = plt.subplots(figsize=(10, 4))
colours = [plotting.RED, plotting.GREEN, plotting.ORANGE, plotting.PURPLE, plotting.BLUE]
for (method, row), colour in zip(held.iterrows(), colours, strict=True):
    ax.plot(row.index, row, "o-", lw=4 if colour == plotting.GREEN else 1.5, color=colour, label=method)
ax.axhspan(0.92, 0.98, color=plotting.GREEN, alpha=0.2, lw=0)
ax.set(xlabel="Episodes in the series", ylabel="Intervals that hold the jump", xticks=held.columns)
ax.set_title("Only an interval that knows the errors' memory holds what it promises")
ax.legend(loc="center left", bbox_to_anchor=(1, 0.5), fontsize=12)
plotting.show(fig, alt="Coverage by length of series: GLS near .95 at every length, the others below.")
print(held.loc[["interrupted, OLS", "interrupted, GLSAR", "interrupted, GLS"]].to_string())

# %% [markdown]
# GLSAR takes its memory from residuals that were fitted, which look less persistent than errors are; restricted
# likelihood allows for that (Turner et al. 2021,
# [10.1186/s12874-021-01364-0](https://doi.org/10.1186/s12874-021-01364-0)). No model sees that a show changed its
# microphone in the same week. Against that help a series that the event did not touch, dates on which nothing
# happened, and outcomes that survive a change of [codec](../site/glossary.md#codec).

# %% [markdown]
# ## The event, four ways
#
# For our own series: the bare difference; the interrupted series with its trend, by GLS; a comparison series; and
# placebo dates. The co-host sits in the same studio, on the same line, and nobody treated her. What happens to both of
# them is the show's; what happens to him alone may be the event's.

# %%
followed = across.outcome_column(series, outcome) if len(series) else "semitones"
called, unit = across.MEASURES.get(followed, (followed, "units"))
weeks, event = across.weekly(series, followed) if len(series) else (pd.DataFrame(), 0)
is_series = min(event, len(weeks) - event) >= 10
own = measured["series"].iloc[0] if is_series else ""
control = next((name for name in weeks.columns if name != own), None)
event_X = across.event_terms(len(weeks), event) if is_series else None
if is_series:
    for column in dict.fromkeys((followed, "level")):
        found = across.event_fits(across.weekly(series, column)[0][own], event)
        for name in ("before/after", "interrupted, GLS"):
            estimate, low, high = found[name].loc["after", ["estimate", "low", "high"]]
            what = across.MEASURES.get(column, [column])[0]
            print(f"{what}, {name}: {estimate:+.1f} (95% from {low:+.1f} to {high:+.1f})")
else:
    print("An interrupted time series needs 10 or more measured weeks on either side of a date; not given here.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Look at the panels week by week. Which lines jump at the event, for whom, and which was on its way already?

# %%
if is_series:
    columns = list(dict.fromkeys((followed, "level", "rolloff")))
    fig, axes = plt.subplots(1, len(columns), figsize=(12, 3.6), squeeze=False)
    for ax, column in zip(axes[0], columns, strict=True):
        wide, _ = across.weekly(series, column)
        for name, colour in zip((own, control), (plotting.BLUE, plotting.ORANGE), strict=True):
            if name is not None:
                ax.plot(np.arange(len(wide)) - event, wide[name], ".-", color=colour, label=name or "recordings", lw=1)
        ax.axvline(-0.5, color="black", lw=1)
        name, its_unit = across.MEASURES.get(column, (column, "units"))
        ax.set(ylabel=f"{name.capitalize()} ({its_unit})", xlabel="Weeks from the event")
        jumps = across.event_fits(wide[own], event)["interrupted, GLS"].loc["after"]
        ax.set_title(f"{name}: " + ("a jump" if jumps["p"] < 0.05 else "no jump"))
    axes[0][0].legend(loc="center left")
    plotting.show(fig, alt=f"Weekly {', '.join(columns)}, with a line at the event.")

# %% [markdown]
# On the show, his pitch jumps and hers does not: that is what an effect on him looks like. Level rises all year in
# both voices, and the event finds it on its way. Rolloff falls for both in the same week. (The titles speak of the
# first line, by GLS.)
#
# **[Difference in differences](../site/glossary.md#difference-in-differences).** Subtract her from him week by week,
# and what both share is gone: the trend, the weather, the studio. What stays must have touched one of them. It is
# only as good as the claim that without the event the two would have run in parallel.

# %%
if is_series and control is not None:
    gap = weeks[own] - weeks[control]
    did, _ = within.gls_ar1(gap, event_X[["const", "after"]])
    estimate, low, high = did.loc["after", ["estimate", "low", "high"]]
    print(f"{called} of {own} against {control}: {estimate:+.1f} {unit} (95% from {low:+.1f} to {high:+.1f})")
    placebos = across.placebo_effects(gap.to_numpy(), event)["before/after"]
    rank = np.mean(np.append(np.abs(placebos), abs(estimate)) >= abs(estimate))
    print(f"{len(placebos)} placebo dates: {placebos.min():+.1f} to {placebos.max():+.1f}; rank p = {rank:.2f}")
else:
    gap = None
    print("A difference in differences needs a second series in the same weeks (the parameter group); not given here.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Exercise 04.4: what is his alone?
#
# Write a function `his_alone(his, hers, event)`. In go two weekly series of pitch in semitones, shape (n_weeks,), and
# how many weeks lie before the event. Out comes the difference in differences, in semitones, by plain means: how much
# more he changed than she did. What helps: `his[:event]` are the weeks before. Set `answer = his_alone`.

# %% tags=["stub"]
answer = ...
print(exercises.check("04.4", answer))


# %% tags=["solution"]
def his_alone(his, hers, event):
    gap = his - hers
    return gap[event:].mean() - gap[:event].mean()


answer = his_alone
print(exercises.check("04.4", answer))

# %% [markdown]
# ### The path around the event
#
# An event study shows the whole path: the gap in steps of four weeks, each against the four weeks before the event.
# Look left of the line first. If the two already drifted apart there, the comparison was not parallel and the rest
# means little. On the right, the dates on which nothing happened: does the real one stand out?

# %%
if gap is not None:
    steps = across.event_study(gap.to_numpy(), event)
    fig, (left, right) = plt.subplots(1, 2, figsize=(14, 4.2), width_ratios=(3, 2))
    middle = 4 * steps["step"] + 2
    left.errorbar(middle, steps["estimate"], yerr=steps["high"] - steps["estimate"], fmt="o", lw=2)
    left.plot(-2, 0, "o", color="black")
    left.axhline(0, color=plotting.GREY, lw=1)
    left.axvline(0, color="black", lw=1)
    left.set(xlabel="Weeks from the event", ylabel=f"{own} - {control}\n({unit} over weeks -4 to -1)")
    left.set_title("Level before, and another level after" if did.loc["after", "p"] < 0.05 else "No step to be seen")
    right.hist(placebos, bins=12, color=plotting.GREY)
    right.axvline(did.loc["after", "estimate"], color=plotting.ORANGE, lw=4, label="the event")
    right.set(xlabel=f"Change ({unit})", ylabel="Placebo dates", title="What other dates show")
    right.legend()
    plotting.show(
        fig, alt="Left: the gap around zero before the event and above it after. Right: placebo changes near 0."
    )

# %% [markdown]
# ### Pitfall: the recording chain changes on the same day
#
# The stream has half the bit rate of FM, from the week of the event on. One might put the bit rate into the
# regression, as one would any covariate. Look at what `after` and the bit rate have left to tell apart.

# %% tags=["pitfall"]
if len(measured):
    kbps = measured["path"].map(lambda path: 8 * Path(path).stat().st_size / 1000 / data_prep.length(path))
    by_side = kbps.groupby(measured["side"]).median()
    both = pd.DataFrame({"after": measured["side"], "kbps": kbps.round()})
    share = abs(np.corrcoef(both.T)[0, 1]) if kbps.round().nunique() > 1 else 0.0
    print(f"kilobits a second: {by_side[0]:.0f} in {names[0]}, {by_side[1]:.0f} in {names[1]}")
    print(f"naive: as a covariate, it shares {share**2:.0%} of its variance with the comparison")
    for column in ("rolloff", "semitones"):
        wide, _ = across.weekly(series, column) if is_series else (pd.DataFrame(), 0)
        if control is not None and len(wide):
            hers = across.event_fits(wide[control], event)["before/after"].loc["after"]
            word = "naive" if column == "rolloff" else "right"
            print(f"{word}: {column} of {control}, who was not touched: {hers['estimate']:+.1f}, p = {hers['p']:.2f}")
if not is_series:
    print("naive and right need 2 series around an event; this corpus has 0.")

# %% [markdown]
# On the show, they are one and the same variable: no regression can part them. And the comparison series does not help
# either, for a codec takes more off one voice than off another. Two things help. Choose, beforehand, an outcome that
# survives codecs: her pitch does not move, so pitch can be trusted. Or put all recordings through the worst chain of
# all, and compare again.

# %%
if is_series and source.truth is not None and kbps.round().nunique() > 1:
    few_before = chosen.index[chosen["side"] == 0][::13]
    theirs = spoken[spoken["recording"].isin(few_before) & spoken["speaker"].isin([own, control])]
    with tempfile.TemporaryDirectory() as folder:
        for name in few_before:
            samples, native_sr = data_prep.read_native(chosen.loc[name, "path"])
            saved = degrade.as_mp3(samples.mean(axis=1), native_sr, kbps=by_side[1])
            soundfile.write(Path(folder) / f"{name}.wav", saved, native_sr)
        paths = theirs["recording"].map(lambda name: str(Path(folder) / f"{name}.wav"))
        saved_again = features.frames_of_segments(theirs.assign(path=paths))
        again = segments.measure(saved_again, theirs, turns=source.turns)
    for name in (own, control):
        gap_of = measured if name == own else series[series["series"] == control]
        gap_of = gap_of.groupby("side")["rolloff"].mean().diff().iloc[-1]
        turns_of = again.index[again["speaker"] == name]
        taken = (again.loc[turns_of, "rolloff"] - voices.loc[turns_of, "rolloff"]).mean()
        print(f"{name}: rolloff {gap_of:+.0f} Hz from before to after; {taken:+.0f} Hz by saving the same turns again")
else:
    print("All recordings came the same way, or turns are not known: nothing to put through one chain.")

# %% [markdown]
# Saved once more, at the stream's bit rate, the very same turns lose about as much as the stream's differ. The
# difference was the encoder's.

# %% [markdown]
# ## C. Measurement
#
# ### What may be compared across recordings
#
# The voice is the same and the chain differs: a lower gain, a codec, a telephone's rate, noise, a room. How far does
# each move each feature? The unit is the feature's own spread between pieces of one voice, so that 1 is as much as the
# voice itself moves. Dark cells are safe.

# %%
by_whom = speech["speaker"].mode().iloc[0] if "speaker" in speech else None
his = speech[speech["speaker"] == by_whom] if by_whom is not None else speech
heard = frames["voiced"] & data_prep.inside(frames["time"].to_numpy(), his)
third = heard.groupby(np.floor(frames["time"] / 3)).mean().iloc[:-1]
pieces = [y[round(3 * i * sr) : round(3 * (i + 1) * sr)] for i in third.index[third > 0.35][:5]]
if len(pieces) >= 3:
    moved, spread = measurement.robustness(pieces, rng)
    fig, ax = plt.subplots(figsize=(10, 4.6))
    mesh = ax.imshow(moved.abs(), cmap="cividis", vmin=0, vmax=2, aspect="auto")
    for (row, column), value in np.ndenumerate(moved.to_numpy()):
        ax.text(column, row, f"{value:+.1f}", ha="center", va="center", color="white" if abs(value) < 1 else "black")
    ax.set_xticks(range(len(moved.columns)), moved.columns, fontsize=12)
    ax.set_yticks(range(len(moved)), moved.index)
    ax.set_title("Level and spectrum move most; pitch and rate less")
    fig.colorbar(mesh, label="Change (spread of one voice)")
    plotting.show(
        fig, alt="A table of features by recording chains: level and centroid move most, pitch and rate less."
    )
    worst_of = moved.abs().max(axis=1)
    print(f"pitch moves by {worst_of['semitones']:.1f} spreads at worst, level by {worst_of['level']:.0f}, ", end="")
    print(f"centroid by {worst_of['centroid']:.0f}")
else:
    print("Fewer than three pieces of three seconds hold enough voice: the chains are not tried here.")

# %% [markdown]
# What stands: pitch, which a room moves most, and how far it ranges. What falls: level with every gain, centroid and
# rolloff with noise, the centroid with a low rate too. Noise or an echo fills the dips between syllables, and may take
# some from the rate. Read the rows of your own corpus before you choose an outcome.
#
# ### Do the tools agree?
#
# Three programs that find pitch, on five seconds of the same speech: Praat, librosa's pYIN, and openSMILE where it is
# installed (its licence is for research; `pip install opensmile`).

# %%
begin = max(0.0, float(frames.loc[heard, "time"].iloc[0]) - 0.1) if heard.any() else 0.0
clip = y[round(begin * sr) : round((begin + 5) * sr)]
times = representations.frame_times(1 + len(clip) // representations.HOP_LENGTH)
floor, ceiling = frames["f0_floor"].iloc[0], frames["f0_ceiling"].iloc[0]  # those of the recording
tools = {"Praat": voice.f0_at(times, voice.pitch(clip, floor=floor, ceiling=ceiling))}
limits = {"fmin": floor, "fmax": ceiling}
tools["pYIN"] = librosa.pyin(
    clip, sr=sr, frame_length=representations.N_FFT, hop_length=representations.HOP_LENGTH, **limits
)[0][: len(times)]
if importlib.util.find_spec("opensmile"):
    import opensmile

    smile = opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, opensmile.FeatureLevel.LowLevelDescriptors)
    track = smile.process_signal(clip, sr)["F0semitoneFrom27.5Hz_sma3nz"]
    f0 = pd.Series(np.where(track > 0, 27.5 * 2 ** (track / 12), np.nan)).reindex(range(len(times)))
    tools["openSMILE"] = f0.shift(3).to_numpy()  # it dates a frame of 60 ms by its beginning, Praat by its middle
for name in list(tools)[1:]:
    apart = voice.semitones(tools[name]) - voice.semitones(tools["Praat"])
    both = np.isfinite(apart)
    same = np.mean(np.isfinite(tools[name]) == np.isfinite(tools["Praat"]))
    if both.any():
        print(f"{name} against Praat: {np.median(apart[both]):+.1f} semitones in the median, ", end="")
        print(f"{np.mean(np.abs(apart[both]) > 1):.0%} of frames over 1 semitone, same voicing in {same:.0%}")
if "openSMILE" not in tools:
    print("openSMILE is not installed here.")

# %% [markdown]
# The tools agree on how high a voice is, and less on where there is one. So report which one decided on voicing, and
# take medians over turns, on which an octave error in a few frames has no hold.
#
# ### What measurement errors do to a slope
#
# An [error in a predictor](../site/glossary.md#measurement-error) bends its slope, mostly towards 0; the p-value may
# stay small all the while. Three errors of this trade follow, each with an outcome of our writing. In each, a random
# fifth of the rows was checked by hand, and `calibrate` asks those how the right value goes with the measured one.
# The correction knows nothing else.

# %%
corrections = {}


def with_outcome(x, slope, noise):
    """An outcome that follows x, with noise of its own."""
    return slope * np.asarray(x, float) + rng.normal(scale=noise, size=len(x))


def a_fifth(x):
    """The right values of a random fifth, NaN for the rest."""
    return np.where(rng.permutation(len(x)) < max(15, len(x) // 5), np.asarray(x, float), np.nan)


# %% [markdown]
# **Pitch.** Somebody took the pitch of every two seconds from two frames of 10 ms. The right value is the mean of all
# voiced frames in them. The two frames are two takes of the same thing, and tell by how much they differ how large the
# error is; `simex` needs no more than that.

# %%
by_twos = np.floor(frames["time"] / 2).astype(int)
voiced = frames[frames["voiced"] & data_prep.inside(frames["time"].to_numpy(), speech)]
by_two = voiced.groupby(by_twos[voiced.index])["semitones"].filter(lambda values: len(values) >= 50)
pitch = by_two.groupby(by_twos[by_two.index]).mean()
takes = by_two.groupby(by_twos[by_two.index]).sample(2, random_state=seed).to_numpy().reshape(-1, 2)
if len(pitch) >= 60:
    answer = with_outcome(pitch, 1.5, 3.0)
    corrections["pitch of two frames, a fifth checked"] = (
        1.5,
        measurement.calibrate(answer, takes.mean(1), a_fifth(pitch)),
    )
    corrections["pitch of two frames, SIMEX"] = 1.5, measurement.simex(answer, takes, rng)
    slopes = measurement.simex_slopes(answer, takes, rng, repeats=100)
else:
    print("Too little voice here to try errors of pitch.")

# %% [markdown]
# **Voice activity.** The predictor is the share of talk in two seconds; a home-made detector takes a pitch that moves
# for talk, because music holds its notes.

# %%
talking = pd.Series(data_prep.inside(frames["time"].to_numpy(), speech)).groupby(by_twos).mean()
moving = (frames["semitones"].diff().abs() > 0.15).groupby(by_twos).mean()
if min(talking.std(), moving.std()) > 0.05 and len(talking) >= 60:
    answer = with_outcome(talking, 10.0, 2.0)
    found = measurement.calibrate(answer, moving.to_numpy(), a_fifth(talking))
    corrections["talk found by its moving pitch, a fifth checked"] = 10.0, found
else:
    print("Too little here that is not talk to try errors of voice activity.")

# %% [markdown]
# **Words.** The predictor is how many percent of a turn's words are "we", "us" or "our"; a recogniser loses every fifth
# word, or every third.


# %%
def share_of_we(texts):
    return np.array([100 * sum(word in {"we", "us", "our"} for word in text) / max(1, len(text)) for text in texts])


texts = spoken["text"].dropna().str.lower().str.findall(r"\w+")
said = share_of_we(texts)
for lost in (0.19, 0.35) if np.sum(said > 0) >= 20 else ():
    recognised = share_of_we(texts.map(lambda words, lost=lost: [word for word in words if rng.random() > lost]))
    found = measurement.calibrate(with_outcome(said, 2.0, 4.0), recognised, a_fifth(said))
    corrections[f"{lost:.0%} of the words lost, a fifth checked"] = 2.0, found
if not np.any(said):
    print("No words are known here, so none can be lost.")

# %%
errors = pd.DataFrame({name: {"planted": slope, **found} for name, (slope, found) in corrections.items()}).T
errors.round(2) if len(errors) else None

# %%
for name, row in errors.iterrows():
    inside = row["low"] < row["planted"] < row["high"]
    print(f"{name}: planted {row['planted']:.1f}, naive {row['naive']:.1f}, inside the corrected interval: {inside}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The naive slopes of pitch and of the worse transcript fall short; that of the better one happens to hold in this draw.
# The detector's goes the other way: it hears half of the talk, so that each bit of it seems worth twice as much. A
# fifth checked by hand brings them back, at the price of a wider interval; nothing about the errors had to be assumed
# but that the fifth was drawn at random. Where one kind of row is rare, as
# windows without talk are on the show, a random fifth may hold too few of them to learn from: rare cases want more.

# %% [markdown]
# ### Exercise 04.5: what is a measured unit worth?
#
# Write a function `corrected(outcome, measured, checked)` without `measurement.calibrate`. In go three arrays, shape
# (n,): the outcome (points), a predictor measured with error (semitones), and its right value (semitones) in a random
# fifth of the rows, NaN elsewhere. Out comes the slope of the outcome on the right value, in points a semitone.
#
# What helps: `np.polyfit(x, y, 1)[0]` is a slope, `np.isfinite(checked)` says where somebody looked. In those rows, how
# far does the right value go for each measured semitone? Set `answer = corrected`.

# %% tags=["stub"]
answer = ...
print(exercises.check("04.5", answer))


# %% tags=["solution"]
def corrected(outcome, measured, checked):
    looked = np.isfinite(checked)
    worth = np.polyfit(measured[looked], checked[looked], 1)[0]
    return np.polyfit(measured, outcome, 1)[0] / worth


answer = corrected
print(exercises.check("04.5", answer))

# %% [markdown]
# ### Two takes instead of a check
#
# How SIMEX (Cook and Stefanski 1994,
# [10.1080/01621459.1994.10476871](https://doi.org/10.1080/01621459.1994.10476871)) does without: it adds more error
# on purpose, watches the slope fall, and follows the curve back to where no error is left. Look at the dot at -1.

# %%
if len(pitch) >= 60:
    fig, ax = plt.subplots(figsize=(9, 3.8))
    ax.plot(measurement.SIMEX_STEPS, slopes, "o", label="with errors added")
    path = np.linspace(-1, 2, 60)
    without = measurement.simex_curve(slopes, -1.0)
    ax.plot(path, measurement.simex_curve(slopes, path), "--", color=plotting.GREY)
    ax.plot(-1, without, "o", ms=12, color=plotting.ORANGE, label="extrapolated")
    ax.axhline(1.5, color="black", lw=1)
    ax.set(xlabel="Error variance added (times its own; -1 is none left)", ylabel="Slope (points a semitone)")
    ax.set_title(f"Measured with error {slopes[0]:.1f}, without {without:.1f}, planted 1.5")
    ax.legend()
    plotting.show(
        fig, alt="Slopes fall as error is added; the curve through them, followed back, comes near the planted."
    )

# %% [markdown]
# ### Labels can be wrong too
#
# Somebody labelled the show's turns calm or agitated, in a hurry. How much louder are agitated turns of the same
# speaker? If a share e of two equally frequent labels is wrong, a difference shrinks to (1 - 2e) of itself. We do not
# know e, so we show the answer for several.

# %%
labelled = voices[voices["style"].notna() & voices["speaker"].notna()]
if labelled["style"].nunique() == 2:
    agitated = (labelled["style"] == "agitated").astype(float)
    speaker = pd.get_dummies(labelled["speaker"], dtype=float)
    by_style = within.terms(sm.OLS(labelled["level"], speaker.assign(agitated=agitated)).fit()).loc["agitated"]
    for wrong in (0.0, 0.05, 0.10, 0.15):
        estimate, low, high = by_style[["estimate", "low", "high"]] / (1 - 2 * wrong)
        print(f"if {wrong:.0%} of labels are wrong: {estimate:+.1f} dB, 95% from {low:+.1f} to {high:+.1f}")
else:
    print("Nobody labelled the style of these turns, so no label can be wrong.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## D. Design: what would have been enough?
#
# Change the numbers in the first line and run the cell again. [Power](../site/glossary.md#power) is the share of
# studies that find what is there. On the left, two groups of speakers: what do more speakers buy, and what more turns
# of the same? On the right, a jump in a series: what do more episodes buy?

# %%
rate_effect, pitch_effect = 0.3, 0.4  # syllables a second between groups; semitones at the event
between_speakers = known.groupby("speaker")["rate"].mean().std()
within_speakers = known.groupby("speaker")["rate"].std().mean()
wander, wander_kept = 0.2, 0.5
if is_series and followed == "semitones":
    found, wander_kept = within.gls_ar1(weeks[own], event_X)
    wander = (weeks[own] - event_X.to_numpy() @ found["estimate"].to_numpy()).std()
speakers, episodes = np.arange(2, 61), np.arange(8, 209, 4)
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4), sharey=True)
for turns_each, colour in ((1, plotting.ORANGE), (5, plotting.BLUE), (100, plotting.GREEN)):
    power = measurement.power_of_speakers(
        rate_effect, between=between_speakers, within=within_speakers, speakers=speakers, turns=turns_each
    )
    left.plot(speakers, power, color=colour, label=f"{turns_each} turn{'s' * (turns_each > 1)} each", lw=3)
for share, style in ((0.5, ":"), (1.0, "-"), (2.0, "--")):
    power = measurement.power_of_episodes(share * pitch_effect, sd=wander, rho=wander_kept, episodes=episodes)
    right.plot(episodes, power, style, label=f"{share * pitch_effect:.1f} semitones", lw=3)
for ax in (left, right):
    ax.axhline(0.8, color="black", lw=1)
    ax.legend(loc="lower right")
left.set(xlabel="Speakers in each group", ylabel="Power", title=f"{rate_effect:g} syllables/s between two groups")
right.set(xlabel="Episodes in all", title=f"A jump; episodes wander by {wander:.1f} semitones")
plotting.show(
    fig, alt="Power rises with speakers and hardly with turns each; power rises with episodes and effect size."
)

# %%
for turns_each in (1, 100):
    power = measurement.power_of_speakers(
        rate_effect, between=between_speakers, within=within_speakers, speakers=speakers, turns=turns_each
    )
    enough = speakers[power >= 0.8]
    print(f"{turns_each} turns each: {enough[0] if len(enough) else 'over 60'} speakers a group for a power of .8")

# %% [markdown]
# A hundred times as many minutes of the same people buy what a few more people do. Once a speaker's own mean is known,
# only more speakers tell more about speakers, and only more episodes about an event. (The spreads are those of this
# corpus's few speakers; take yours from a pilot.)
#
# ## E. Do the intervals hold?
#
# Every recommendation of this lesson was tried on 2000 simulated corpora in which all planted values are drawn anew
# (`make simulate`). A dot is the share of 95% intervals that hold what was planted, for the usual method (red) and for
# the recommended one (green); the band is from 92 to 98%. All 37 rows are in `simulations/coverage.csv`.

# %%
coverage = measurement.simulated("coverage")
shown = coverage[coverage["recommended"] | ~coverage.duplicated("question")]
fig, ax = plt.subplots(figsize=(10, 6.2))
colours = np.where(shown["recommended"], plotting.GREEN, plotting.RED)
ax.axvspan(0.92, 0.98, color=plotting.GREEN, alpha=0.2, lw=0)
ax.scatter(shown["coverage"], range(len(shown)), color=colours, s=60, zorder=3)
ax.set_yticks(range(len(shown)), shown["question"] + ": " + shown["method"], fontsize=12)
ax.invert_yaxis()
ax.set(xlabel="Intervals that hold what was planted", xlim=(0, 1.02))
ax.set_title("95% intervals: the recommended ones keep the promise")
plotting.show(fig, alt="Green dots, the recommended methods, lie between .92 and .98; most red ones lie far below.")

# %%
good, bad = coverage[coverage["recommended"]], coverage[~coverage["recommended"]]
print(f"recommended: {good['coverage'].min():.1%} to {good['coverage'].max():.1%}, {len(good)} methods")
for question in ("a jump at an event", "within speakers", "pitch with errors"):
    row = bad[bad["question"] == question].iloc[0]
    print(f"naive, {question}: {row['method']} {row['coverage']:.1%}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## Planted beside estimated
#
# Here the planted values come in, for the first time in this lesson: the equation of the listeners, then the event,
# then the labels.

# %%
rows = {}
planted_value = None if source.truth is None else source.truth["values"]["value"]


def put(name, key, found, term="after"):
    rows[name] = (planted_value[key], *found.loc[term, ["estimate", "low", "high"]])


if len(listeners):
    for term, name in {
        "speaks": "host",
        "relative_pitch": "pitch",
        "relative_level": "level",
        "humidity": "humidity",
    }.items():
        for way, found in {"OLS": naive_fit, "GLS": right_fit}.items():
            put(f"reaction: {name}, {way}", f"reaction_{name}", found, term)
    for name in ("pitch", "level"):
        put(f"reaction: {name}, whoever speaks, OLS", f"reaction_{name}", anyone, name)
if is_series and source.truth is not None and followed == "semitones":
    for name, key, column in [
        ("host's pitch", "host_pitch", "host"),
        ("co-host's pitch", "cohost_pitch", "cohost"),
    ]:
        put(f"{name}, interrupted", key, across.event_fits(weeks[column], event)["interrupted, GLS"])
    put("host's pitch against hers", "host_pitch", did)
    levels = across.event_fits(across.weekly(series, "level")[0].mean(axis=1), event)
    put("level, before/after", "level_break", levels["before/after"])
    put("level, interrupted", "level_break", levels["interrupted, GLS"])
    rates = np.log(across.weekly(series, "rate")[0])
    for column in ("host", "cohost"):
        found, _ = within.gls_ar1(rates[column], event_X[["const", "after"]])
        put(f"{column}'s rate, ratio", f"{column}_rate", np.exp(found[["estimate", "low", "high"]]))
    rolloff = across.weekly(series, "rolloff")[0]["cohost"]
    bare = across.event_fits(rolloff, event)["before/after"].loc["after", ["estimate", "low", "high"]]
    rows["co-host's rolloff (her voice is the same)"] = (0.0, *bare)
    put("agitated turns' level, labels as they are", "agitated_level", by_style.to_frame().T, "agitated")
    right_labels = 1 - 2 * planted_value["wrong_labels"]
    put("agitated turns' level, a tenth wrong", "agitated_level", by_style.to_frame().T / right_labels, "agitated")
with_truth = pd.DataFrame(rows, index=["planted", "estimated", "low", "high"]).T
with_truth["inside"] = with_truth["planted"].between(with_truth["low"], with_truth["high"])
with_truth.round(2) if len(with_truth) else print(
    "Nothing is planted in these recordings, so there is nothing to compare with."
)

# %%
asked = [
    "reaction: pitch, GLS",
    "reaction: level, GLS",
    "reaction: humidity, GLS",
    "reaction: humidity, OLS",
    "host's pitch against hers",
    "co-host's pitch, interrupted",
    "level, before/after",
    "level, interrupted",
    "co-host's rolloff (her voice is the same)",
]
for name, row in with_truth.loc[with_truth.index.intersection(asked, sort=False)].iterrows():
    found = "found" if row["low"] > 0 or row["high"] < 0 else "not found"
    print(f"{name}: planted {row['planted']:g}, an effect is {found}, inside: {row['inside']}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# GLS's intervals hold all of the equation. OLS is too sure of itself: it believes in the humidity. Whoever's pitch and
# level: both wrong. The event moved the host's pitch and not the co-host's. It did not move the level, though a bare
# before/after swears it did. It did not touch her voice, though her rolloff fell. The labels as they are hide a part of
# what agitation does.
#
# These voices are synthetic and their errors are of the kind the models assume ([the data card](../data/README.md)
# says what that means). With people, GLS is an approximation too.

# %% [markdown]
# ## F. What to write in the paper
#
# A reader of your paper should be able to run it again and to know where it may be wrong. The lesson fills in what it
# knows from its own run; lines that begin with "you:" are yours.

# %%
dates = measured["date"].dropna() if len(measured) else measured.get("date", pd.Series(dtype=object))
main = "none: nothing could be compared"
if gap is not None:
    estimate, low, high = did.loc["after", ["estimate", "low", "high"]]
    main = f"{own} against {control}: {estimate:+.2f} {unit}, 95% from {low:+.2f} to {high:+.2f}"
elif len(measured):
    row = differences.iloc[0]
    main = f"pitch {row['difference']:+.2f} semitones, 95% from {row['low']:+.2f} to {row['high']:+.2f}"
called_corpus = source.name if metadata.is_address(source.name) else Path(source.name).name
checklist = {
    "recordings": f"{len(measured)} compared of {len(source.recordings)} in '{called_corpus}'",
    "dates": f"{dates.min():%Y-%m-%d} to {dates.max():%Y-%m-%d}" if len(dates) else "not known",
    "rights": "synthetic voices, CC0"
    if source.name == "show"
    else "you: licence, consent, approval by an ethics board",
    "comparison": how_compared,
    "speakers": f"{voices['speaker'].nunique()} known; {len(voices)} turns or recordings with a voice",
    "speech": "turns that were written down" if source.truth is not None else "silero voice activity",
    "pitch": f"Praat, here {floor:.0f} to {ceiling:.0f} Hz, chosen from each recording, every 10 ms; turns' medians",
    "windows": "0.5 s, hop 0.5 s",
    "unit": f"recording or pair: {measured['unit'].nunique() if len(measured) else 0}; never the frame",
    "main estimate": main,
    "tests": f"{len(differences)} measures, Holm; main outcome: {called}",
    "memory": f"AR(1) by restricted likelihood, windows {rho:.1f}"
    + (f", weeks {wander_kept:.1f}" if is_series else ""),
    "chain": ", ".join(f"{names[side]} {by_side[side]:.0f} kb/s" for side in (0, 1))
    if len(measured)
    else "not compared",
    "robust to chain": f"pitch moves {worst_of['semitones']:.1f} spreads at worst" if len(pieces) >= 3 else "not tried",
    "tools": ", ".join(tools),
    "measurement error": f"{len(errors)} corrections tried; you: how many items were checked by hand",
    "reproduce": f"seed {seed}, Python {sys.version.split()[0]}, statsmodels {version('statsmodels')}",
    "harm": "you: whom could this finding or these recordings hurt?",
}
plotting.text_table(pd.DataFrame({"in this run": checklist}))

# %% [markdown]
# Some of it no program can fill in. A voice identifies a person: recordings are personal data even without a name, and
# a table of voice features can be, too. Being broadcast does not mean having agreed to be studied; guests and callers
# agreed to less than hosts did. Copyright on the recording stays with whoever holds it, so share features, timestamps
# and code rather than sound. Listening to hateful talk for hours harms coders. And a raised pitch is a raised pitch:
# to call it anger, or deceit, takes another study.

# %% [markdown] tags=["quiz"]
# ## Quiz
#
# Open the option that you would choose.
#
# **1. You measure pitch every 10 ms instead of every 100 ms, in the same ten minutes. How much more do you know?**
#
# <details><summary>Ten times as much: there are ten times as many rows.</summary>Not this one: neighbours 10 ms apart
# are nearly copies of each other. OLS counts them as new evidence, and so it cries wolf.</details>
# <details><summary>About three times as much, the square root of ten.</summary>Not this one: the square root is right
# for independent rows. These rows hold the same syllables, the same turns and the same speakers as before.</details>
# <details><summary>Hardly any more: the turns and the speakers are the same.</summary>Right: what counts is how often
# a variable gets a new value, and that is with a syllable or a turn, however often you look at it.</details>
#
# **2. Residuals keep .95 of the window before, and the recording has 600 windows. A reviewer asks for HAC errors. Are
# they enough?**
#
# <details><summary>Yes: HAC standard errors hold whatever the memory is.</summary>Not this one: they hold in very
# long series. Here 20 lags still found something in 18% of trials in which nothing was there.</details>
# <details><summary>No: so long a memory leaves too few separate stretches to learn it from. Model it.</summary>Right:
# GLS, or the outcome of the window before, or a circular shift stayed near 5% in the simulation.</details>
# <details><summary>No: HAC changes the slope itself.</summary>Not this one: the slope is that of OLS. Only its
# standard error changes, and it changes too little here.</details>
# <details><summary>Yes, as long as the number of lags follows the rule of thumb.</summary>Not this one: the rule of
# thumb was made for weaker memories. With it, 34% of the trials found something.</details>
#
# **3. A host is louder in the 26 episodes after an event than in the 26 before, p &lt; .001. What do you conclude?**
#
# <details><summary>The event made him louder.</summary>Not this one: a slow drift, a new microphone or a knob in the
# studio would give the same p-value.</details>
# <details><summary>Nothing yet: 52 episodes are too few for any conclusion.</summary>Not this one: in 52 episodes a
# jump of some size can be found. What is missing is a comparison, not numbers.</details>
# <details><summary>The effect is real, but it needs a correction for many tests.</summary>Not this one: one
# comparison was made, and the difference is there. The question is what made it.</details>
# <details><summary>Something differs. Ask for the trend, for a voice that was not touched, and for the recording
# chain.</summary>Right: on the show the level was on its way up all year, in both voices, and the interrupted series
# finds no jump.</details>
#
# **4. Over all turns, higher pitch goes with lower ratings. Within each speaker it goes with higher ones. Which is
# the effect of raising one's voice?**
#
# <details><summary>The one within speakers.</summary>Right: it compares each speaker with herself. Across speakers,
# who has a deep voice is mixed in, and that is another question.</details>
# <details><summary>The one over all turns: it uses all of the data.</summary>Not this one: it uses differences
# between people too, and those have reasons of their own, such as anatomy.</details>
# <details><summary>The mean of the two.</summary>Not this one: a mean of two questions answers neither. Choose the
# comparison that your question is about.</details>
#
# **5. A feature is measured with random errors, in 10,000 turns. What do they do to its slope?**
#
# <details><summary>Nothing: over so many turns they cancel out.</summary>Not this one: they would in a mean. In a
# predictor they stay in its variance, by which the slope is divided.</details>
# <details><summary>They make its interval wider, and leave its middle right.</summary>Not this one: that is what
# errors in the outcome do. In a predictor they move the middle too.</details>
# <details><summary>They pull it towards 0, and more turns only make it surer of the wrong value.</summary>Right: so
# check a random part by hand, or measure twice. Errors that are not random may bend it the other way.</details>

# %% [markdown]
# ## What you learned
#
# - Plant an outcome, and see whether a method gives it back, before you trust the method with your data.
# - Neighbours in time repeat each other. Look at residuals over time; then model the memory, or shift.
# - Few features, chosen beforehand; many tests need a correction.
# - The unit is the turn, the recording or the speaker, rarely the frame. Compare within speakers.
# - A difference between before and after is not yet an effect: ask for the trend, a comparison series, placebo dates,
#   and an outcome that survives the recording chain.
# - Errors in a predictor hide effects. Check a random fifth by hand, or measure twice.
# - More speakers and more episodes tell more; more minutes of the same hardly do.
#
# **Further reading.** Standard errors under memory: Newey and West 1987
# ([10.2307/1913610](https://doi.org/10.2307/1913610)). Many tests: Benjamini and Hochberg 1995
# ([10.1111/j.2517-6161.1995.tb02031.x](https://doi.org/10.1111/j.2517-6161.1995.tb02031.x)). Interrupted time series:
# Bernal, Cummins and Gasparrini 2017 ([10.1093/ije/dyw098](https://doi.org/10.1093/ije/dyw098)). Measurement error:
# Keogh et al. 2020 ([10.1002/sim.8532](https://doi.org/10.1002/sim.8532)), and for what a machine predicted Fong and
# Tyler 2021 ([10.1017/pan.2020.38](https://doi.org/10.1017/pan.2020.38)). A standard feature set: Eyben et al. 2016
# ([10.1109/taffc.2015.2457417](https://doi.org/10.1109/taffc.2015.2457417)). Voices in politics: Dietrich, Hayes and
# O'Brien 2019 ([10.1017/S0003055419000467](https://doi.org/10.1017/S0003055419000467)), Dietrich, Enos and Sen 2019
# ([10.1017/pan.2018.47](https://doi.org/10.1017/pan.2018.47)), Knox and Lucas 2021
# ([10.1017/S000305542000101X](https://doi.org/10.1017/S000305542000101X)), Cochrane et al. 2021
# ([10.1080/10584609.2021.1952497](https://doi.org/10.1080/10584609.2021.1952497)).
#
# **Next:** [05 Deep learning](05_deep_learning.ipynb) replaces chosen features by learned ones, and asks them the
# same.
