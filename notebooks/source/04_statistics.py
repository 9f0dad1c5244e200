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
# **You will do:** regress an outcome on features within one recording, then compare recordings with each other.
#
# **You will learn:** why neighbouring windows are not independent, what repairs it, and how to check a method
# against an answer you planted yourself.
#
# **You need:** lesson 03, and what a regression coefficient and a p-value are.

# %% tags=["parameters"]
corpus = "show"  # "show", "prompts", or the path of a folder with your own recordings
recording = ""  # a name from the corpus; empty takes the corpus's own choice
start = 0.0  # seconds: where the excerpt begins
minutes = 10.0  # how much of a recording is read at most
most_recordings = 100  # how many recordings are used at most where a lesson compares recordings
seed = 20221106  # everything random starts here
event_date = ""  # a day such as "2022-11-06" that parts before from after; empty where there is none

# %%
import warnings

import librosa
import matplotlib.dates as mdates
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soxr
import statsmodels.api as sm
from scipy import stats
from statsmodels.stats.multitest import multipletests

from tutorial_helpers import corpora, data_prep, exercises, features, plotting, representations, statistics

plotting.use_style()
warnings.filterwarnings("ignore", message="Precision loss")  # scipy, where a folder holds copies of one recording

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
rng = np.random.default_rng(seed)
read = data_prep.read(episode.path, start=start, seconds=60 * minutes)
y = statistics.long_enough(read, episode, source.recordings)
joined = "" if len(y) == len(read) else " (joined with other recordings, to have half a minute)"
print(f"{episode.name}: {len(y) / sr:.0f} s{joined}")

# %% [markdown]
# ## A. Within one recording
#
# Lesson 03 measured a frame every 10 ms. Nobody reacts that fast, so the frames are averaged in windows of half a
# second that follow each other: window 0.5 s, hop 0.5 s. All features share this grid, so no row has to be cut
# off to make them fit.

# %%
frames = features.frame_table(y, sr)
table = statistics.windows(frames, seconds=0.5)
if source.turns is None or joined:
    speech = data_prep.voice_activity(y, sr)
else:
    speech = source.turns[(source.turns["recording"] == episode.name) & (source.turns["kind"] == "speech")]
    speech = speech.assign(onset=speech["onset"] - start, offset=speech["offset"] - start)
spoken_there = data_prep.inside(table["time"] + 0.25, speech)  # the middle of each window
talk = table[spoken_there & (table["voiced"] >= 0.25)].copy()
print(f"{len(frames)} frames make {len(table)} windows; {len(talk)} lie in speech and are voiced for a quarter or more")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# From here on a row is a window with voice in it, because a pause has no pitch. Music has one: Praat finds most of the
# opening theme "voiced", so we also ask the turns, or the voice detector, whether somebody speaks. A recording with
# hardly any voice keeps all its windows, and the spectral centroid, in semitones too, takes the place of pitch.

# %%
if len(talk) < 30:
    talk = table.assign(semitones=features.semitones(table["centroid"]))
    print(f"{episode.name} has too little voice: the spectral centroid takes the place of pitch below.")
talk[["time", "semitones", "level", "contrast", "voiced"]].head(3).round(2)

# %% [markdown]
# ### Pitfall: the spectrogram's first row is taken for a feature
#
# `spectrogram[0]` is the bin at 0 Hz. It holds no voice: it holds the recording's constant offset, which a cheap
# microphone input adds and nobody hears. We add one of 0.05. A predictor should not notice; a level between 100 and
# 1000 Hz, where voices are, does not.

# %% tags=["pitfall"]
clean, shifted = (np.abs(librosa.stft(signal)) for signal in (y, y + np.float32(0.05)))
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
ours = statistics.windows(features.frame_table(clicks, sr))["level"]
print(f"naive: {np.mean(clicks):.0%} of the samples are unseen, the loudest cell is {seed_stft.max():.1f}")
print(f"naive: {seed_stft.shape[1]} frames of the spectrogram beside {seed_rms.shape[1]} of the RMS")
unseen = max(0, representations.HOP_LENGTH - representations.N_FFT)
print(f"right: window {representations.N_FFT}, hop {representations.HOP_LENGTH}: {unseen} unseen, ", end="")
print(f"mean level {ours.mean():.0f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## An outcome whose truth we know
#
# Imagine listeners with a dial from 0 to 100. We write their reaction ourselves: 1.5 points for each semitone of
# pitch, 0.8 for each dB, nothing for spectral contrast, and errors in which each keeps 0.8 of the one before. The
# methods below never see this cell; only the comparison at the end does.

# %%
planted = {"semitones": 1.5, "level": 0.8, "contrast": 0.0}
X = talk[list(planted)] - talk[list(planted)].mean()
X.insert(0, "const", 1.0)
effects = planted["semitones"] * X["semitones"] + planted["level"] * X["level"]
reaction = 50 + effects + statistics.ar1(rng, len(X), rho=0.8, sd=6.0)

# %% [markdown]
# Look at how the two lines move. Pitch jumps from one window to the next, and stays up while a woman speaks; the
# reaction follows, and also wanders, slowly, for several seconds at a time. The wandering is the errors' memory.

# %%
fig, axes = plt.subplots(2, 1, sharex=True, figsize=(10, 5))
early = talk["time"] < 75
for ax, series, colour, label in [
    (axes[0], talk["semitones"], plotting.BLUE, "Pitch\n(semitones)"),
    (axes[1], reaction, plotting.ORANGE, "Reaction\n(0 to 100)"),
]:
    ax.plot(talk["time"][early], series[early], ".-", color=colour)
    ax.set(ylabel=label)
axes[0].set_title("The reaction follows the voice, and wanders by itself")
axes[1].set_xlabel("Time (s)")
plotting.show(fig, alt="Pitch jumps from window to window; the planted reaction also drifts over several seconds.")

# %% [markdown]
# ## Ordinary least squares
#
# The first regression is the usual one. Read three things in its summary: the coefficients, their intervals, and
# the Durbin-Watson value at the bottom. That value is near 2 where residuals have no memory and near 0 where each
# repeats the one before.

# %%
ols = sm.OLS(reaction, X).fit()
print(ols.summary())

# %%
durbin_watson = sm.stats.durbin_watson(ols.resid)
print(f"Durbin-Watson {durbin_watson:.1f}; residuals' correlation with the window before {ols.resid.autocorr():.1f}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# A number can hide much, so look at the residuals. On the left, do they stay above or below zero for long? On the
# right, how many bars leave the grey band, which holds 95% of them where there is no memory?

# %%
fig, (left, right) = plt.subplots(1, 2, figsize=(12, 4))
left.plot(talk["time"][early], ols.resid[early], ".-")
left.axhline(0, color=plotting.GREY, lw=1)
left.set(xlabel="Time (s)", ylabel="Residual (points)", title="Residuals stay on one side for seconds")
memory = sm.tsa.acf(ols.resid, nlags=20)
right.bar(np.arange(1, 21) / 2, memory[1:], width=0.35)
right.axhspan(*(np.array([-1.96, 1.96]) / np.sqrt(len(X))), color=plotting.GREY, alpha=0.25, lw=0)
right.set(xlabel="Lag (s)", ylabel="Autocorrelation", title=f"Neighbours correlate at {memory[1]:.1f}")
plotting.show(fig, alt="Left: residuals over time drift. Right: their autocorrelation starts high and dies in seconds.")

# %% [markdown]
# The residuals remember. Ordinary standard errors count every window as new evidence, and here it is not. Four
# repairs follow. Two keep the estimates and mend the standard errors: HAC sums the memory over a stated number of
# lags, and clusters treat blocks of 5 s as the units.

# %%
blocks = statistics.block_ids(talk["time"], seconds=5.0)
hac = sm.OLS(reaction, X).fit(cov_type="HAC", cov_kwds={"maxlags": 10}, use_t=True)
clustered = sm.OLS(reaction, X).fit(cov_type="cluster", cov_kwds={"groups": blocks}, use_t=True)

# %% [markdown]
# The other two model the memory. GLSAR estimates how much an error keeps of the one before (`rho=1` asks for one
# lag, it is not the value). The last puts the outcome and the features of the window before on the right-hand side.
# Leave those lagged features out, and the slopes mean something else.

# %%
glsar = sm.GLSAR(reaction, X, rho=1).iterative_fit(maxiter=10)
before = X.drop(columns="const").shift(1).add_suffix("_before")
lagged = X.join(before).assign(reaction_before=reaction.shift(1)).dropna()
lags = sm.OLS(reaction[lagged.index], lagged).fit()
print(f"GLSAR: an error keeps {glsar.model.rho[0]:.1f} of the one before (planted: 0.8)")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Planted beside estimated, with 95% intervals. Look for two things: does the interval hold the black line, and how
# wide is it?

# %%
fits = {"OLS": ols, "HAC, 10 lags": hac, "5 s blocks": clustered, "GLSAR": glsar, "lagged outcome": lags}
estimates = statistics.beside(planted, fits)
fig, axes = plt.subplots(1, 3, sharey=True, figsize=(13, 4))
for ax, (term, rows) in zip(axes, estimates.groupby("term", sort=False), strict=True):
    ax.errorbar(rows["estimate"], rows["method"], xerr=rows["high"] - rows["estimate"], fmt="o", lw=3)
    ax.axvline(planted[term], color="black", lw=1)
    ax.set(title=f"{term}: planted {planted[term]:g}", xlabel="Points per " + ("semitone" if ax is axes[0] else "dB"))
axes[0].invert_yaxis()
plotting.show(fig, alt="Intervals of five methods for three slopes, with the planted value as a line in each panel.")

# %%
width = (estimates["high"] - estimates["low"]).groupby(estimates["method"]).mean()
print(f"{estimates['inside'].sum()} of {len(estimates)} intervals hold what was planted")
print(f"memory of half a second: pitch {talk['semitones'].autocorr():.1f}, residuals {ols.resid.autocorr():.1f}")
print(f"GLSAR's are {width['GLSAR'] / width['OLS']:.1f} times as wide as those of OLS")
# NBVAL_CHECK_OUTPUT

# %%
estimates[estimates["term"] != "contrast"].round(2)

# %% [markdown]
# In the pilot, two of OLS's three intervals miss: it is too sure about pitch, which a turn holds for many windows, and
# it "finds" spectral contrast, which has no effect. HAC and blocks are wide enough, GLSAR is right and sharper. A test
# without any model of the errors is the circular shift: slide one series along the other, all the way round, and count
# how often they fit as well as they do unshifted.

# %%
for term in planted:
    others = X.drop(columns=term)
    x_alone = sm.OLS(X[term], others).fit().resid
    y_alone = sm.OLS(reaction, others).fit().resid
    p = statistics.circular_shift_p(x_alone, y_alone)
    print(f"{term}: p = {p:.3f} from {len(X)} shifts (planted slope {planted[term]:g})")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: frames are treated as independent
#
# Now the worst case: feature and outcome both persist (each value keeps .95 of the one before), and have
# nothing to do with each other. One minute of 0.1 s windows, a thousand times. A test at the .05 level should
# cry wolf in 5% of them.

# %% tags=["pitfall"]
trials = pd.DataFrame(
    [statistics.p_values(statistics.ar1(rng, 600, 0.95), statistics.ar1(rng, 600, 0.95)) for _ in range(1000)]
)
false_positives = (trials < 0.05).mean()
print(f"naive: OLS finds an effect that is not there in {false_positives['OLS']:.0%} of the trials")
print(f"naive: HAC, rule-of-thumb lag {false_positives['HAC, rule-of-thumb lag']:.0%}, ", end="")
print(f"20 lags {false_positives['HAC, 20 lags']:.0%}: HAC alone does not repair it")
print(f"right: GLSAR {false_positives['GLSAR']:.0%}, circular shift {false_positives['circular shift']:.0%}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The same as a ladder. Which bars end at the line?

# %%
fig, ax = plt.subplots(figsize=(10, 4.5))
colours = [plotting.RED if rate > 0.075 else plotting.GREEN for rate in false_positives]
ax.barh(false_positives.index, false_positives, color=colours)
for row, rate in enumerate(false_positives):
    ax.text(max(rate, 0.05) + 0.008, row, f"{rate:.0%}", va="center")
ax.axvline(0.05, color="black", lw=2)
ax.invert_yaxis()
ax.set(xlabel="Share of trials with p < .05 although there is no effect (line: .05)")
ax.set_title(f"From {false_positives['OLS']:.0%} to the promised 5%: model the memory, or keep it and shift")
plotting.show(fig, alt="Bars of false-positive rates: OLS far above .05, HAC and blocks above, the last four near it.")

# %% [markdown]
# HAC helps and does not reach the line: with memory this long, a minute holds too few independent stretches to
# estimate it from. Clusters of 5 s come nearer. What models the memory (GLSAR, differences, lags) and what keeps it
# intact (the shift) arrive.

# %% [markdown]
# ### Pitfall: the lesson is tested on features that do not persist
#
# Raw features of read speech change at every syllable, and OLS gets off lightly. What persists is a regime: who
# speaks, which segment runs, whether music plays. Below, an outcome that persists and has to do with nothing is
# drawn 300 times, and OLS is tried with the spectral centroid every 0.1 s, then with the mean pitch of each turn.

# %% tags=["pitfall"]
raw = statistics.windows(frames, seconds=0.1)
if (raw["voiced"] >= 0.25).sum() > 100:
    raw = raw[raw["voiced"] >= 0.25]
raw = raw.drop(columns=["time", "voiced", "f0"])
spoken = corpora.spoken(source, start=start, minutes=minutes)
turns, sentence = statistics.turn_windows(spoken, rng, most=most_recordings)
regime = turns.groupby("turn")["semitones"].transform("mean").rename("turn")
memories = raw.apply(lambda column: column.dropna().autocorr())
wolf = {}
for x in (raw["centroid"], regime):
    unrelated = np.array([statistics.ar1(rng, len(x), 0.95) for _ in range(300)])
    wolf[x.name] = np.mean(statistics.slope_p_values(x.to_frame(), unrelated) < 0.05)
print(f"naive: {episode.name} every 0.1 s, lag-1 from {memories.min():.1f} to {memories.max():.1f}; centroid ", end="")
print(f"{raw['centroid'].autocorr():.1f}: OLS cries wolf in {wolf['centroid']:.0%}")
print(f"right: {sentence} Lag-1 {regime.autocorr():.2f}: OLS cries wolf in {wolf['turn']:.0%}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# So the number of observations is the number of turns, not of frames, wherever a predictor or an outcome belongs to
# the turn. Ask of every variable: how often does it get a new value?

# %% [markdown]
# ### Pitfall: an option is taken to work because it was passed
#
# HAC needs to be told its lags, and says so only by an error about a missing key. A mixed model takes `cov_type`
# and, in the version used here, ignores it: the "robust" standard error is the plain one. Where robust errors are
# wanted with groups, use GEE or clustered OLS.

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
# ## Many features, many tests
#
# It is tempting to give a regression all that librosa measures. Two things go wrong: features that say the same
# thing cannot be told apart, and with enough of them something is always "significant".

# %% [markdown]
# ### Pitfall: the kitchen sink
#
# Thirty-six raw features, as many tutorials take them: a spectrogram row, 12 chroma, 20 MFCC, zero crossings,
# rolloff, RMS. A variance inflation factor (VIF) of 10 means a slope's variance is ten times what it would be
# if its feature were alone. Against it: three features, chosen beforehand, standardised.

# %% tags=["pitfall"]
grid = {"y": y, "hop_length": sr // 10}
parts = [
    np.abs(librosa.stft(**grid))[:1],
    librosa.feature.chroma_stft(sr=sr, tuning=0.0, **grid),
    librosa.feature.mfcc(sr=sr, **grid),
    librosa.feature.zero_crossing_rate(**grid),
    librosa.feature.spectral_rolloff(sr=sr, **grid),
    librosa.feature.rms(**grid),
]
sink = pd.DataFrame(np.vstack(parts).T)
few = statistics.standardise(talk[list(planted)])
for word, chosen in {"naive": sink, "right": few}.items():
    condition, vif = np.linalg.cond(sm.add_constant(chosen)), statistics.worst_vif(chosen)
    print(f"{word}: {chosen.shape[1]} features, condition number {condition:.0e}, worst VIF {vif:.0e}")

# %% [markdown]
# It can be far worse, and by a setting that nobody looks at. A telephone lets nothing through above 4 kHz, so that half
# of librosa's mel bands stay constant, and the last of twenty MFCC follow from the others. Here is a minute of ours
# before and after such a line.

# %%
a_minute = y[: 60 * sr]
line = soxr.resample(soxr.resample(a_minute, sr, 8_000), 8_000, sr)
inflation = [
    statistics.worst_vif(pd.DataFrame(librosa.feature.mfcc(y=x, sr=sr, hop_length=sr // 10).T))
    for x in (a_minute, line)
]
print(f"worst VIF of 20 MFCC: {inflation[0]:.0f} as it is, {inflation[1]:.0e} through a telephone")

# %% [markdown]
# With more questions than three, take principal components, or a standard set that others use too, such as eGeMAPS
# (in the further reading). What counts is that the choice is made before the outcome is seen.

# %% [markdown]
# ### Pitfall: one of many tests is significant
#
# An outcome of pure chance, without a seed, gives another "finding" at every run. Here it is drawn 2000 times, and
# regressed on the 36. How often is at least one of them significant? Holm's correction controls that chance;
# Benjamini and Hochberg's controls the share of false findings among all findings.

# %% tags=["pitfall"]
chance = rng.normal(size=(2000, min(len(sink), 600)))
p = statistics.slope_p_values(sink[: chance.shape[1]], chance)
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
# ## Listeners of the pilot
#
# For the pilot of the show there is a real column of outcomes: what its listeners reported every five seconds, in
# points, and the humidity in the studio. The listeners are simulated too, by an equation in the host's voice that the
# cells below do not see. Each row now is a window of five seconds in which the host speaks or does not.

# %%
listeners = pd.DataFrame()
if source.outcome is not None and episode.name in set(source.outcome["recording"]) and start == 0:
    listeners = source.outcome[source.outcome["recording"] == episode.name].reset_index(drop=True)
    of_episode = source.turns[source.turns["recording"] == episode.name]
    host = statistics.speaker_windows(frames, of_episode, "host", seconds=5.0)
    listeners = listeners.join(host, how="inner")
    print(f"{len(listeners)} windows of 5 s; the host speaks in {listeners['speaks'].sum():.0f} of them")
else:
    print("Nobody noted a reaction to this recording, so this part has nothing to explain.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# In the figure, look at how long the host's pitch and level stay where they are: a turn lasts several windows, and each
# turn has its own pitch and level. These are the regimes at which OLS cried wolf above.

# %%
if len(listeners):
    fig, axes = plt.subplots(3, 1, figsize=(11, 7), sharex=True)
    speaks = listeners["speaks"] == 1
    panels = {"pitch": "Pitch\n(semitones)", "level": "Level\n(dB)", "reaction": "Reaction\n(points)"}
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
# voice is ten semitones higher for reasons of anatomy. Then come the host's own windows, by OLS, and by GLSAR with
# what the sound and the studio have no effect with: rolloff and humidity.

# %% tags=["pitfall"]
if len(listeners):
    whoever = statistics.windows(frames, seconds=5.0).reindex(listeners.index)
    anyone_X = pd.DataFrame(
        {"const": 1.0, "pitch": features.semitones(whoever["f0"], 100.0), "level": whoever["level"]}
    )
    anyone_X = anyone_X[whoever["voiced"] >= 0.1]
    own_X = sm.add_constant(listeners[["speaks", "pitch", "level", "rolloff", "humidity"]])
    anyone = sm.OLS(listeners["reaction"][anyone_X.index], anyone_X).fit()
    naive_fit = sm.OLS(listeners["reaction"], own_X).fit()
    right_fit = sm.GLSAR(listeners["reaction"], own_X, rho=1).iterative_fit(maxiter=10)
    for name, term, fit in [
        ("naive: whoever speaks, OLS", "pitch", anyone),
        ("right: the host, GLSAR", "pitch", right_fit),
        ("naive: the host, OLS", "humidity", naive_fit),
        ("right: the host, GLSAR", "humidity", right_fit),
    ]:
        low, high = fit.conf_int().loc[term]
        print(f"{name}: {term} {fit.params[term]:+.1f} points, 95% from {low:+.1f} to {high:+.1f}")
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
# July: 26 episodes before, 26 after. Who speaks when is known, so the voice is the host's alone, in turns in which
# nobody else speaks. (On `prompts` the same woman says the same prompt in two languages, and the pair is the unit.)

# %%
chosen, sentence = statistics.comparison(
    source.recordings, rng, event_date=event_date, most=most_recordings, start=start
)
print(sentence)
if source.turns is None:
    measured = statistics.measure(chosen, start=start, seconds=60 * minutes)
else:
    voices = statistics.measure_turns(chosen, source.turns, ["host", "cohost"])
    of_host = voices[voices["speaker"] == "host"].set_index("recording").drop(columns="speaker")
    measured = chosen.join(of_host, how="inner")
print(f"{len(measured)} of {len(chosen)} chosen recordings have a voice to measure")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Listen to one from either side before any number (four seconds of each).

# %% tags=["player"]
sides = [chosen.index[chosen["condition"] == side][0] for side in (0, 1)] if len(chosen) else [episode.name]
spoken_anywhere = corpora.spoken(source, minutes=minutes) if source.turns is not None else spoken
begins = spoken_anywhere.groupby("recording")["onset"].min().reindex(sides).fillna(start)  # where somebody speaks first
clips = [
    data_prep.read(source.recordings.loc[name, "path"], start=onset, seconds=8 / len(sides))
    for name, onset in begins.items()
]
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
    names = measured.drop_duplicates("condition").sort_values("condition")["label"].tolist()
    fig, axes = plt.subplots(1, 3, figsize=(11, 4))
    for ax, (column, label) in zip(axes, measures.items(), strict=True):
        wide = measured.pivot(index="unit", columns="condition", values=column)
        ax.plot([0, 1], wide.T, ".-", color=plotting.GREY, alpha=0.3, lw=0.8, ms=6)
        ax.errorbar([0, 1], wide.mean(), yerr=1.96 * wide.sem(), fmt="o-", color=plotting.ORANGE, lw=3)
        ax.set(xticks=[0, 1], xticklabels=names, xlim=(-0.3, 1.3), ylabel=label)
        ax.set_title(f"{column}: {wide[1].mean() - wide[0].mean():+.1f}")
    plotting.show(fig, alt="Pitch, rate and level of recordings on either side, with pairs joined and means on top.")

# %% [markdown]
# ## Two roads to one difference
#
# A regression on the condition with errors clustered by unit, and a t-test: paired for pairs, Welch's
# otherwise. They should agree, and where they do not, one of them was set up wrongly.

# %%
rows = []
for column in measures if len(measured) else []:
    X_side = sm.add_constant(measured["condition"])
    kwds = {"groups": pd.factorize(measured["unit"])[0]}
    fit = sm.OLS(measured[column], X_side).fit(cov_type="cluster", cov_kwds=kwds, use_t=True)
    zero, one = (measured[measured["condition"] == side].set_index("unit")[column] for side in (0, 1))
    paired = zero.index.equals(one.index)
    test = stats.ttest_rel(one, zero) if paired else stats.ttest_ind(one, zero, equal_var=False)
    low, high = fit.conf_int().loc["condition"]
    rows.append((column, fit.params["condition"], low, high, *test.confidence_interval(), test.pvalue))
differences = pd.DataFrame(rows, columns=["measure", "difference", "low", "high", "t: low", "t: high", "t: p"])
differences.round(3) if len(measured) else None

# %% [markdown]
# In a reader's units: a semitone is one key on a piano, and a difference in rate is easiest told in syllables a
# minute. A difference in level is given last and believed least: a knob in the studio makes one too, and nothing
# in the file tells the knob from the voice.

# %%
if len(measured):
    pitch, rate, level = differences["difference"]
    base = measured.loc[measured["condition"] == 0, "f0"].median()
    print(f"{names[1]} against {names[0]}, {measured['unit'].nunique()} units")
    print(f"pitch {pitch:+.1f} semitones: from {base:.0f} Hz to {base * 2 ** (pitch / 12):.0f} Hz")
    print(f"rate {60 * rate:+.0f} syllables a minute, level {level:+.1f} dB")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# What this does not say: that the stream did it. All three differences are clear, and one of them is nothing but a slow
# drift that was under way long before, as we shall see. One speaker gives an inference about his episodes. One about
# radio hosts takes many hosts.

# %% [markdown]
# ### Pitfall: speakers are pooled
#
# Let each speaker be rated half a point higher for each semitone she rises above her own mean, while deeper voices
# start from higher ratings. A regression over all turns, one row a turn, mixes the two. With a dummy for each speaker
# (fixed effects) only movements within a speaker count.

# %% tags=["pitfall"]
by_turn = turns.groupby(["speaker", "turn"], as_index=False)["semitones"].mean()
own_mean = by_turn.groupby("speaker")["semitones"].transform("mean")
within = 0.5 * (by_turn["semitones"] - own_mean)
arousal = 50 - 2.0 * (own_mean - own_mean.mean()) + within + rng.normal(scale=0.5, size=len(by_turn))
pooled = sm.OLS(arousal, sm.add_constant(by_turn["semitones"])).fit()
dummies = pd.get_dummies(by_turn["speaker"], dtype=float)
fixed = sm.OLS(arousal, dummies.assign(semitones=by_turn["semitones"])).fit()
low, high = fixed.conf_int().loc["semitones"]
print(f"naive: pooled slope {pooled.params['semitones']:+.1f} points per semitone")
print(f"right: within speakers {fixed.params['semitones']:+.2f}, 95% from {low:+.2f} to {high:+.2f} (planted +0.50)")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### Pitfall: before and after, and nothing else
#
# 120 episodes, no effect of the event, a mild upward trend (0.02 standard deviations an episode) and errors
# that keep half of the one before. A bare comparison credits the event with the trend. An interrupted time series
# has the trend in it, and asks for a jump on top.

# %% tags=["pitfall"]
trend = 0.02 * np.arange(120)
trials = [statistics.before_after_p_values(trend + statistics.ar1(rng, 120, 0.5), event=60) for _ in range(1000)]
credited = (pd.DataFrame(trials) < 0.05).mean()
print(f"naive: before/after finds an effect in {credited['before/after']:.0%} of the trials")
print(f"naive: interrupted time series by OLS {credited['interrupted, OLS']:.0%}, ", end="")
print(f"by HAC(6) {credited['interrupted, HAC(6)']:.0%}")
print(f"right: by GLSAR {credited['interrupted, GLSAR']:.0%}, near the promised 5%")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Near, not there: 120 episodes tell little about their own memory. And no model sees that a show changed its
# microphone in the same week. Against that help a second show that the event did not touch (difference in
# differences), placebo dates on which nothing happened, and outcomes that survive a change of codec, as pitch
# does and level does not.

# %% [markdown]
# ## The event, three ways
#
# For our own series: the bare difference; the interrupted series with its trend, by GLSAR; and a comparison series.
# The co-host sits in the same studio, on the same line, and nobody treated her. What happens to both of them is the
# show's; what happens to him alone may be the event's (difference in differences).

# %%
dated = measured.sort_values("date")
is_series = len(dated) >= 20 and dated["date"].notna().all() and dated["condition"].is_monotonic_increasing
after = dated["condition"].to_numpy(float)
week = np.arange(len(dated)) - len(dated) / 2


def event_effects(series):
    """The change at the event, with its 95% interval: by a bare before/after and by an interrupted series."""
    bare = sm.OLS(series, sm.add_constant(after)).fit()
    trend = sm.GLSAR(series, sm.add_constant(np.column_stack([after, week])), rho=1).iterative_fit(maxiter=10)
    return {
        "before/after": (bare.params[1], *bare.conf_int()[1]),
        "interrupted": (trend.params[1], *trend.conf_int()[1]),
    }


if is_series:
    for column in measures:
        for name, (estimate, low, high) in event_effects(dated[column].to_numpy(float)).items():
            print(f"{column}, {name}: {estimate:+.1f} (95% from {low:+.1f} to {high:+.1f})")
else:
    print("An interrupted time series needs 20 or more measured recordings around a date; not given here.")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Look at the three panels week by week. Which lines jump at the event, for whom, and which was on its way already?

# %%
if is_series and source.turns is not None:
    series = voices.merge(chosen[["date"]], left_on="recording", right_index=True)
    panels = {
        "semitones": "Pitch (semitones re 100 Hz)",
        "level": "Level (dB re full scale)",
        "rolloff": "Rolloff (Hz)",
    }
    fig, axes = plt.subplots(1, 3, figsize=(14, 4.5))
    for ax, (column, label) in zip(axes, panels.items(), strict=True):
        for speaker, colour in (("host", plotting.BLUE), ("cohost", plotting.ORANGE)):
            own = series[series["speaker"] == speaker].sort_values("date")
            ax.plot(own["date"], own[column], ".-", color=colour, label=speaker, lw=1)
        ax.axvline(dated["date"][dated["condition"] == 1].iloc[0], color="black", lw=1)
        ax.set(ylabel=label)
        ax.xaxis.set_major_locator(mdates.MonthLocator([1, 4, 7, 10]))
        ax.xaxis.set_major_formatter(mdates.DateFormatter("%b"))
    titles = ["Pitch: his jumps, hers does not", "Level: both drift, no jump", "Rolloff: both fall at the event"]
    for ax, title in zip(axes, titles, strict=True):
        ax.set_title(title)
    axes[0].legend(loc="center left")
    plotting.show(fig, alt="Weekly pitch, level and rolloff of host and co-host, with a line at the event.")

# %% [markdown]
# His pitch jumps and hers does not: that is what an effect on him looks like. Level rises all year in both voices, and
# the event finds it on its way. Rolloff falls for both in the same week: from July the files have half the bit rate.
# Nobody spoke differently; the encoder cut the top off. Pitch survives it.

# %% [markdown]
# ## Planted beside estimated
#
# Here the planted values come in, for the first time in this lesson. Left the equation of the listeners, then the
# event.

# %%
rows = {}
planted_value = None if source.truth is None else source.truth["values"]["value"]
if len(listeners):
    for term, name in {"speaks": "host", "pitch": "pitch", "level": "level", "humidity": "humidity"}.items():
        for way, fit in {"OLS": naive_fit, "GLSAR": right_fit}.items():
            rows[f"reaction: {name}, {way}"] = (
                planted_value[f"reaction_{name}"],
                fit.params[term],
                *fit.conf_int().loc[term],
            )
    for name in ("pitch", "level"):
        estimate = (anyone.params[name], *anyone.conf_int().loc[name])
        rows[f"reaction: {name}, whoever speaks, OLS"] = (planted_value[f"reaction_{name}"], *estimate)
if is_series and source.truth is not None:
    wide = voices.pivot(index="recording", columns="speaker").loc[dated.index]
    questions = {
        ("host's pitch", "host_pitch"): wide["semitones"]["host"],
        ("co-host's pitch", "cohost_pitch"): wide["semitones"]["cohost"],
        ("host's pitch against hers", "host_pitch"): wide["semitones"]["host"] - wide["semitones"]["cohost"],
        ("level", "level_break"): wide["level"].mean(axis=1),
    }
    for (name, key), values in questions.items():
        for way, estimate in event_effects(values.to_numpy(float)).items():
            rows[f"{name}, {way}"] = (planted_value[key], *estimate)
    for speaker in ("host", "cohost"):
        log_ratio = event_effects(np.log(wide["rate"][speaker].to_numpy(float)))["before/after"]
        rows[f"{speaker}'s rate, ratio, before/after"] = (planted_value[f"{speaker}_rate"], *np.exp(log_ratio))
beside = pd.DataFrame(rows, index=["planted", "estimated", "low", "high"]).T
beside.round(2) if len(beside) else print(
    "Nothing is planted in these recordings, so there is nothing to compare with."
)

# %%
if len(beside):
    inside = beside["planted"].between(beside["low"], beside["high"])
    asked = ("reaction: pitch, GLSAR", "reaction: humidity, OLS", "level, before/after", "level, interrupted")
    for name in beside.index.intersection(asked, sort=False):
        print(f"{name}: planted {beside['planted'][name]:g}, inside the 95% interval: {inside[name]}")
    for name in beside.index.intersection(("host's pitch, before/after", "co-host's pitch, before/after"), sort=False):
        print(f"{name}: planted {beside['planted'][name]:.1f}, estimated {beside['estimated'][name]:.1f}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# GLSAR's intervals hold all of the equation. OLS is too sure of itself: it misses the level and believes in the
# humidity. Whoever's pitch and level: both wrong. The event moved the host's pitch and not the co-host's. It did not
# move the level, though a bare before/after swears it did. In the rates, 26 episodes a side tell 6% from nothing.
#
# These voices are synthetic and their errors are of the kind the models assume ([the data card](../data/README.md) says
# what that means). With people, GLSAR is an approximation too.

# %% [markdown]
# ## Exercise 04.1
#
# How many independent values is a persistent series worth, when you want its mean? For a series in which each value
# keeps the share rho of the one before, about n (1 - rho) / (1 + rho). Write a function `effective_n(x)` that
# estimates rho as the correlation of `x` with itself one step later, and returns that number. Set
# `answer = effective_n`.

# %% tags=["stub"]
answer = ...
print(exercises.check("04.1", answer))


# %% tags=["solution"]
def effective_n(x):
    rho = np.corrcoef(x[:-1], x[1:])[0, 1]
    return len(x) * (1 - rho) / (1 + rho)


answer = effective_n
print(exercises.check("04.1", answer))

# %% [markdown]
# ## What you learned
#
# - Plant an outcome, and see whether a method gives it back, before you trust the method with your data.
# - Neighbouring windows repeat each other. Look at residuals over time; then model the memory, use blocks, or shift.
# - Few features, chosen beforehand; many tests need a correction.
# - The unit is the turn, the recording or the speaker, rarely the frame. Compare within speakers.
# - A difference between before and after is not yet an effect.
#
# **Further reading.** Standard errors under memory: Newey and West 1987 (10.2307/1913610). Many tests: Benjamini and
# Hochberg 1995 (10.1111/j.2517-6161.1995.tb02031.x). Interrupted time series: Bernal, Cummins and Gasparrini 2017
# (10.1093/ije/dyw098). A standard feature set: Eyben et al. 2016 (10.1109/taffc.2015.2457417). Voices in politics:
# Dietrich, Hayes and O'Brien 2019 (10.1017/S0003055419000467), Dietrich, Enos and Sen 2019 (10.1017/pan.2018.47),
# Knox and Lucas 2021 (10.1017/S000305542000101X), Cochrane et al. 2021 (10.1080/10584609.2021.1952497).
#
# **Next:** [05 Deep learning](05_deep_learning.ipynb) replaces chosen features by learned ones, and asks them the same.
