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
# # 05 Deep learning: words, embeddings, and a network that learns
#
# **What you will do:** turn speech into words and count the errors, turn recordings into vectors, and train a network
# on them.
#
# **What you will learn:** what a recogniser takes and invents, and how to tell learning from memory and from luck.
#
# **What you need:** lessons 01 and 02, and an idea of what training and test data are.

# %% tags=["parameters"]
corpus = "prompts"  # "prompts", or the path of a folder with your own recordings
recording = ""  # a name from the corpus; empty takes the corpus's own choice
start = 0.0  # seconds: where the excerpt begins
minutes = 10.0  # how much of a recording is read at most
most_recordings = 100  # how many recordings are used at most where a lesson compares recordings
seed = 20221106  # everything random starts here
recogniser = "tiny.en"  # the packaged Whisper; or a hub id such as "facebook/wav2vec2-base-960h", or a folder

# %%
import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import soxr
import torch
import transformers
from sklearn.decomposition import PCA
from sklearn.dummy import DummyClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.model_selection import GroupShuffleSplit, ShuffleSplit, StratifiedGroupKFold
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from torch import nn

from tutorial_helpers import corpora, data_prep, deep_learning, errors, exercises, plotting

plotting.use_style()
pd.set_option("display.max_colwidth", 120)

# %%
source = corpora.load(corpus)
episode = corpora.pick(source, recording)
sr = data_prep.SR
rng = np.random.default_rng(seed)
y = data_prep.read(episode.path, start=start, seconds=60 * minutes)
print(f"{episode.name}: {len(y) / sr:.0f} s at {sr:,} Hz")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ## A. From sound to words
#
# A speech recogniser is a network trained on thousands of hours of speech with its text. We use a small one,
# Whisper tiny.en, whose weights came with the installation. Before it hears anything, sound becomes a picture you
# know from lesson 02. Look for syllables in the lower panel, and
# for what a telephone leaves out.

# %%
whisper = deep_learning.whisper()
clip = y[: 4 * sr]
log_mel = whisper.feature_extractor(clip, padding=0)
fig, (top, bottom) = plt.subplots(2, sharex=True, figsize=(10, 4), height_ratios=[1, 2])
times = np.arange(len(clip)) / sr
top.plot(times[::8], clip[::8], color=plotting.GREY, linewidth=0.5)
top.set(ylabel="Amplitude", title=f"Before Whisper's network: {log_mel.shape[0]} mel bands, 100 times a second")
bottom.imshow(log_mel, aspect="auto", origin="lower", extent=(0, len(clip) / sr, 0, log_mel.shape[0]))
bottom.set(xlabel="Time (s)", ylabel="Mel band")
plotting.show(fig, alt="Four seconds as a waveform, and below as a log-mel spectrogram of 80 bands.")

# %% [markdown]
# Above band 60, 4,000 Hz, a telephone has nothing. The lower panel is computed by a fixed formula, chosen by people:
# a handcrafted feature. The network starts after it. Another family, wav2vec 2.0, does begin with samples. Which of
# them you use decides what "learned from raw audio" can mean, so print what goes in.

# %% [markdown]
# ### Pitfall: deep learning is said to work on raw audio instead of handcrafted features
#
# Some models do and some do not. One second of sound goes to both front ends.

# %% tags=["pitfall"]
second = y[:sr]
mel_input = whisper.feature_extractor(second, padding=0)
raw_input = transformers.Wav2Vec2FeatureExtractor()(second, sampling_rate=sr).input_values[0]
print(f"naive: {len(second):,} raw samples a second go into every network")
print(f"right: wav2vec 2.0 takes {raw_input.size:,} samples, scaled to standard deviation {raw_input.std():.1f};")
print(f"       Whisper takes {mel_input.shape[0]} x {mel_input.shape[1]} log-mel values, {mel_input.size:,} in all")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Now the words. `transcribe` first asks the voice detector of lesson 01 where somebody speaks, hands over those
# stretches in pieces of at most 28 seconds, and puts the times back. We take at most a minute. Read the table while
# you listen.

# %%
excerpt = y[: 60 * sr]
words = deep_learning.transcribe(excerpt, sr, recogniser=recogniser)
if words.empty:
    print(f"The voice detector finds no speech in the first {len(excerpt) / sr:.0f} s: try another `start`.")
words.head(8).round(1)

# %% tags=["player"]
plotting.player(excerpt, sr, start=words["onset"].iloc[0] if len(words) else 0.0)

# %% [markdown]
# ### Pitfall: code from an old tutorial names classes that are gone
#
# Many tutorials load wav2vec 2.0 through `Wav2Vec2ForCTC` and `Wav2Vec2Tokenizer`. Libraries drop names. The
# `Auto...` classes read from the model's own files which class it needs, and last longer.

# %% tags=["pitfall"]
old_names, new_names = ["Wav2Vec2ForCTC", "Wav2Vec2Tokenizer"], ["AutoModelForCTC", "AutoProcessor"]
found_old, found_new = (sum(hasattr(transformers, name) for name in names) for names in (old_names, new_names))
print(f"naive: {found_old} of the {len(old_names)} old names exist in the installed transformers")
print(f"right: {found_new} of the {len(new_names)} new names exist: {', '.join(new_names)}")
# NBVAL_CHECK_OUTPUT


# %% [markdown]
# With those names, a recogniser of the other family reads like this. The network gives a score for each letter 50
# times a second; we take the best, and the processor merges repeats into words (connectionist temporal
# classification, Graves et al. 2006, 10.1145/1143844.1143891).


# %%
def spell(processor, model, y):
    inputs = processor(y, sampling_rate=16_000, return_tensors="pt")
    with torch.inference_mode():  # no training here: keep nothing for gradients
        letters = model(**inputs).logits.argmax(dim=-1)  # the best letter of each frame, shape (1, n_frames)
    return processor.batch_decode(letters)[0]


# %%
if recogniser == "tiny.en":
    print("The wav2vec 2.0 weights themselves were not run here: by default no model hub is reached.")
else:
    processor, model = deep_learning.load_transformers(recogniser)  # AutoProcessor, AutoModelForCTC
    if not model.config.is_encoder_decoder:
        print(spell(processor, model, excerpt[: 20 * sr]))
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# ### How many words are wrong?
#
# **Word error rate** (WER): words substituted, left out and put in, divided by the number of words truly said. Both
# texts are normalised first: lower case, punctuation removed, numbers as digits, contractions expanded. A WER
# without its normalisation cannot be compared.

# %%
said, heard = "Please press 1, then don't hang up.", "please press one then do not hang"
print(f"said:  {deep_learning.normalise(said)}")
print(f"heard: {deep_learning.normalise(heard)}")
print(f"WER: {deep_learning.word_error_rate([said], [heard]):.3f}, one word of eight is missing")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# For a rate we need recordings whose true text is known: the English prompts. We draw 80 of them with 4 to 60 words,
# and leave out texts with `*` or `#`, which the voice speaks ("star", "pound") and the text does not spell.

# %%
texts = source.recordings.loc[source.recordings["kind"] == "speech", "text"].dropna()
n_words = texts.str.split().str.len()
texts = texts[n_words.between(4, 60) & ~texts.str.contains("[*#]")]
drawn = rng.choice(texts.index.to_numpy(), min(len(texts), most_recordings, 80), replace=False)
asr = source.recordings.loc[sorted(drawn), ["path", "text"]].copy()
no_text = "This needs recordings with their true text (column 'text' in metadata.csv); the corpus has none."
print(f"{len(asr)} recordings, {asr['text'].str.split().str.len().sum():,} words" if len(asr) else no_text)
# NBVAL_CHECK_OUTPUT


# %%
def hear(y):
    return " ".join(deep_learning.transcribe(y, sr, recogniser=recogniser)["text"])


asr["heard"] = [hear(data_prep.read(path)) for path in asr["path"]]
asr["words"] = [len(deep_learning.normalise(text).split()) for text in asr["text"]]
each = [deep_learning.word_error_rate([said], [heard]) for said, heard in zip(asr["text"], asr["heard"], strict=True)]
asr["errors"] = (np.array(each) * asr["words"]).round().astype(int)

# %%
if len(asr):
    wer = deep_learning.word_error_rate(list(asr["text"]), list(asr["heard"]))
    print(f"WER {wer:.1%}: {asr['errors'].sum()} errors over {asr['words'].sum()} words, all recordings pooled")
    print("(lower case, no punctuation, numbers as digits, contractions expanded)")

# %%
if len(asr):
    by_hand = asr["errors"].sum() / asr["words"].sum()
    print(f"WER below 8 %: {wer < 0.08}; the same from errors and words: {np.isclose(wer, by_hand)}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# A mean hides where errors sit. In the figure each bar is one recording, sorted. Look at how many have no bar at all.

# %%
if len(asr):
    rates = (asr["errors"] / asr["words"]).sort_values(ascending=False)
    fig, ax = plt.subplots()
    ax.bar(np.arange(len(rates)), 100 * rates, color=plotting.BLUE, width=0.9)
    ax.axhline(100 * wer, color=plotting.ORANGE, label=f"pooled: {wer:.1%}")
    ax.set(xlabel="Recordings, sorted", ylabel="Word error rate (%)")
    ax.set_title(f"{(rates == 0).sum()} of {len(rates)} recordings have no error; few have many")
    ax.legend()
    plotting.show(fig, alt="Word error rate of each recording, sorted: a few high bars, and most recordings at zero.")

# %% [markdown]
# Errors are not spread evenly, so read the worst. Then compare conditions. One is cheap here: short recordings
# against long ones. With several speakers or channels, group by those: for five commercial systems the rate was .35
# for Black and .19 for white speakers (Koenecke et al. 2020, 10.1073/pnas.1915768117).

# %%
asr.loc[(asr["errors"] / asr["words"]).nlargest(4).index, ["text", "heard"]] if len(asr) else no_text

# %%
if len(asr):
    length = np.where(asr["words"] < 8, "fewer than 8 words", "8 words or more")
    by_length = asr.groupby(length)[["errors", "words"]].sum()
    for name, row in by_length.iterrows():
        print(f"{name}: WER {row['errors'] / row['words']:.1%} over {row['words']} words")

# %% [markdown]
# ### Pitfall: twenty seconds are transcribed, and the text looks good
#
# How far can a rate from twenty seconds be off? We draw recordings of about twenty seconds together (50 words) again
# and again, and then whole samples of recordings, as the bootstrap does. Each line holds 90 % of the draws.


# %% tags=["pitfall"]
def rates_of_draws(n, draws=2000):
    drawn = rng.integers(len(asr), size=(draws, n))
    return asr["errors"].to_numpy()[drawn].sum(axis=1) / asr["words"].to_numpy()[drawn].sum(axis=1)


if len(asr):
    few = max(1, round(50 / asr["words"].mean()))
    for name, n in (("naive: twenty seconds", few), (f"right: {len(asr)} recordings", len(asr))):
        low, high = np.quantile(rates_of_draws(n), [0.05, 0.95])
        print(f"{name} give a WER between {low:.1%} and {high:.1%}")
else:
    print(no_text)

# %% [markdown]
# ### Pitfall: samples at another rate go into a 16 kHz model
#
# The array of samples does not know its rate. Read at librosa's 22,050 Hz, or at a telephone's 8,000 Hz, and called
# 16,000 Hz, it is slowed down or sped up, and nothing warns. We do it to the six longest recordings, which give the
# most words for the computing time. The helper refuses an honest wrong rate.

# %% tags=["pitfall"]
probes = asr.nlargest(6, "words")
clean = [data_prep.read(path) for path in probes["path"]]
true_texts = list(probes["text"])
if len(asr):
    for rate in (22_050, 8_000):
        mislabelled = [hear(soxr.resample(y_probe, sr, rate)) for y_probe in clean]  # and called 16 kHz
        print(f"naive: {rate:,} Hz called 16,000: WER {deep_learning.word_error_rate(true_texts, mislabelled):.1%}")
    print(f"right: 16,000 Hz: WER {deep_learning.word_error_rate(true_texts, list(probes['heard'])):.1%}")
else:
    print(no_text)
try:
    deep_learning.transcribe(soxr.resample(excerpt, sr, 22_050), 22_050)
except errors.TutorialError as error:
    print(f"right: {error}")

# %% [markdown]
# Slowed to 16,000 of 22,050, a quarter of the speed is lost and most words survive. That is why nobody notices by
# reading. Sped up to twice the speed, more words are wrong than were said.

# %% [markdown]
# Next, four sounds of thirty seconds in which nobody says anything: silence, noise of two kinds, and a chord.

# %%
seconds = np.arange(30 * sr) / sr
white = rng.standard_normal(len(seconds))
rumble = np.cumsum(white) - np.convolve(np.cumsum(white), np.ones(800) / 800, "same")
chord = sum(np.sin(2 * np.pi * frequency * seconds) for frequency in (262, 330, 392))
tremolo = 1 + np.sin(2 * np.pi * 2 * seconds)
nothing = {"silence": 0 * seconds, "white noise": 0.03 * white, "rumble": 0.1 * rumble / rumble.std()}
nothing["chord"] = 0.05 * chord * tremolo

# %% [markdown]
# ### Pitfall: where nobody speaks, the recogniser speaks
#
# It was trained to write, and it writes. We give Whisper those sounds bare, then with its own threshold for "no
# speech", then behind the voice detector. Every word is invented. In real use such words have been harmful ones
# (Koenecke et al. 2024, 10.1145/3630106.3658996).


# %% tags=["pitfall"]
def invented(y, **options):
    segments, _ = whisper.transcribe(y, language="en", beam_size=1, temperature=0, **options)
    return deep_learning.normalise(" ".join(segment.text for segment in segments))


counts = {"naive: bare": 0, "naive: with its threshold": 0, "right: voice activity first": 0}
for name, sound in nothing.items():
    sound = sound.astype(np.float32)
    texts_heard = [invented(sound, no_speech_threshold=None), invented(sound), hear(sound)]
    for way, text in zip(counts, texts_heard, strict=True):
        counts[way] += len(text.split())
    print(f'{name}: "{texts_heard[0]}"')
for way, count in counts.items():
    print(f"{way}, {count} words invented")

# %% [markdown]
# ### Pitfall: one error rate for all conditions
#
# A rate from clean recordings says nothing about the noisy ones. We add white noise to the same six recordings, so
# that speech is 20, 10, 5 and 0 dB above it. Look for where the curve leaves the clean line.

# %% tags=["pitfall"]
noisy = {}
for snr in (20, 10, 5, 0):
    noise = [rng.standard_normal(len(c)) * np.sqrt(np.mean(c**2)) * 10 ** (-snr / 20) for c in clean]
    texts_heard = [hear((c + n).astype(np.float32)) for c, n in zip(clean, noise, strict=True)]
    noisy[snr] = deep_learning.word_error_rate(true_texts, texts_heard) if len(asr) else np.nan
if len(asr):
    base = deep_learning.word_error_rate(true_texts, list(probes["heard"]))
    print(f"naive: one rate from clean recordings, {base:.1%}")
    print("right: " + ", ".join(f"{rate:.1%} at {snr} dB" for snr, rate in noisy.items()))
else:
    print(no_text)

# %%
if len(asr):
    fig, ax = plt.subplots()
    ax.plot(noisy.keys(), [100 * rate for rate in noisy.values()], "o-", color=plotting.BLUE, label="with noise")
    ax.axhline(100 * base, color=plotting.ORANGE, label="clean")
    ax.invert_xaxis()
    ax.set_xticks(list(noisy))
    ax.set(xlabel="Speech above noise (dB)", ylabel="Word error rate (%)")
    ax.set_title(f"Noise takes the error rate from {base:.0%} to {noisy[0]:.0%}")
    ax.legend()
    plotting.show(fig, alt="Word error rate of six recordings at 20, 10, 5 and 0 dB, beside the clean rate.")

# %% [markdown]
# If speech in one of your groups is noisier, its words are counted less well, and a difference between groups may be
# a difference between microphones. Measure the error rate in every condition that you compare (Proksch, Wratil and
# Wäckerle 2019, 10.1017/pan.2018.62, show how to simulate what errors do to results).

# %% [markdown]
# ## B. From sound to vectors
#
# Whisper has two halves. The encoder turns the picture into 50 vectors of 384 numbers a second; the decoder writes
# words from them. We stop half-way: the mean of the vectors is an **embedding**, a description of a recording whose
# columns nobody named.

# %%
states = np.array(whisper.encode(log_mel))[0]
print(f"{len(clip) / sr:.0f} s become {states.shape[0]} vectors of {states.shape[1]} numbers")
print(f"their mean is embed(): {np.allclose(states.mean(axis=0), deep_learning.embed(clip, sr), atol=1e-4)}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Which recordings? From `prompts`, the same woman reading the same prompt in English and in Spanish, so that neither
# voice nor content differs; ten words or more, to have several seconds of each. From a folder, the recordings that
# talk. Recordings that belong together, here the two languages of a prompt, form one **unit**.

# %%
pool = source.recordings[source.recordings["kind"] == "speech"]
if corpus == "prompts":
    long_texts = texts[n_words[texts.index] >= 10]
    twins = [name[3:] for name in long_texts.index if f"es/{name[3:]}" in pool.index]
    prompts = sorted(rng.choice(twins, min(len(twins), most_recordings // 2), replace=False))
    pool = pool.loc[[f"{language}/{prompt}" for prompt in prompts for language in ("en", "es")]]
else:
    pool = pool.loc[sorted(rng.choice(pool.index, min(len(pool), most_recordings), replace=False))]
names = pool.index.to_series()
unit = names.str.slice(3) if corpus == "prompts" else names  # without "en/" or "es/", twins have one name
label, about = deep_learning.question(pool)
print(f"{len(pool)} recordings. {'The label: ' + about if len(label) else about}")
for name, count in label.value_counts().sort_index().items():
    print(f"{name}: {count} recordings")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Each recording is cut into windows, at most eight, and each window becomes a row of 384 numbers. Prompts are short,
# so their windows last one second; in a folder they last five. Windows of a recording are neighbours, not new
# evidence: lesson 04 said so about frames.

# %%
window = 1.0 if corpus == "prompts" else 5.0  # seconds
X = deep_learning.embed_windows(pool, seconds=window, most=8, minutes=minutes)
of_recording = X.index.get_level_values("recording")
print(f"{len(X)} windows of {of_recording.nunique()} recordings, {X.shape[1]} columns")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# Nobody can look at 384 columns. Principal components find the two directions along which recordings differ most.
# The label takes no part in it. Look whether the colours mix.

# %%
points = X.groupby("recording").mean() if len(pool) >= 4 else X
colours = [plotting.BLUE, plotting.ORANGE, plotting.GREEN, plotting.PURPLE, plotting.RED, plotting.GREY]
if len(points.drop_duplicates()) >= 3:
    pca = PCA(2).fit(points)
    plane = pd.DataFrame(pca.transform(points), index=points.index, columns=["first", "second"])
    names = label.reindex(points.index).fillna("no label") if len(pool) >= 4 else pd.Series("window", points.index)
    fig, ax = plt.subplots()
    for i, (name, part) in enumerate(plane.groupby(names.to_numpy())):
        ax.scatter(part["first"], part["second"], color=colours[i % 6], marker="o^sDvP"[i % 6], label=name, alpha=0.8)
    ax.set(xlabel="First component", ylabel="Second component")
    ax.set_title(f"Two directions of {X.shape[1]} hold {pca.explained_variance_ratio_.sum():.0%} of the differences")
    ax.legend()
    plotting.show(fig, alt="Recordings as points on the first two principal components, coloured by label.")

# %% [markdown]
# Nobody told the method about languages, and in the prompts they fall on two sides of the first component. The tongue
# may do that; so may the studio. Keep the doubt until the end of part C.

# %% [markdown]
# ## C. A network that learns
#
# The question on `prompts`: from one second of this woman, English or Spanish? On a folder the label is the group,
# else treated or not, else the earlier or later half by date. Windows are split by unit: all windows of a prompt, in
# both languages, are on one side.

# %%
enough = len(label) > 0
n_windows = X.groupby("recording").size()
X = X[of_recording.isin(label.index)]
of_recording = X.index.get_level_values("recording")
truth, units = label.reindex(of_recording).to_numpy(), unit.reindex(of_recording).to_numpy()
if enough:
    n_folds = min(5, pd.Series(units).groupby(truth).nunique().min())
    folds = list(StratifiedGroupKFold(n_folds, shuffle=True, random_state=seed).split(X, truth, units))
    shared = max(len(set(units[train]) & set(units[test])) for train, test in folds)
    print(f"{n_folds} folds; units that are on both sides of a fold: {shared}")
else:
    print(about)
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# The network has two layers with a bend between them. Training repeats four steps: predict, measure the loss, ask in
# which direction each weight should move, move all of them a little. This loop is the heart of deep learning; larger
# models change the sizes.


# %%
def train_network(X_train, t_train, X_watch, t_watch, epochs=100):
    torch.manual_seed(seed)
    network = nn.Sequential(nn.Linear(X_train.shape[1], 16), nn.ReLU(), nn.Linear(16, int(t_train.max()) + 1))
    optimiser = torch.optim.AdamW(network.parameters(), lr=0.002, weight_decay=0.1)
    loss_of, losses = nn.CrossEntropyLoss(), []
    for _ in range(epochs):
        optimiser.zero_grad()
        loss = loss_of(network(X_train), t_train)
        loss.backward()
        optimiser.step()
        with torch.inference_mode():
            losses.append((loss.item(), loss_of(network(X_watch), t_watch).item()))
    return network, losses


# %% [markdown]
# The scaler brings all columns to one size. It is fitted on the training part alone; fitted on everything, it would
# have seen the test. For the curve we set aside a quarter of the first fold's training units as validation. Look
# where the two curves part.

# %%
classes = sorted(set(truth))
codes = torch.tensor([classes.index(name) for name in truth])


def scaled(train, other):
    scaler = StandardScaler().fit(X.iloc[train])
    return [torch.tensor(scaler.transform(X.iloc[rows]), dtype=torch.float32) for rows in (train, other)]


if enough:
    first_train = folds[0][0]
    inner = GroupShuffleSplit(1, test_size=0.25, random_state=seed).split(first_train, groups=units[first_train])
    fit_rows, watch_rows = (first_train[part] for part in next(inner))
    X_fit, X_watch = scaled(fit_rows, watch_rows)
    network, losses = train_network(X_fit, codes[fit_rows], X_watch, codes[watch_rows])

# %%
if enough:
    fig, ax = plt.subplots()
    for curve, name, colour in zip(
        np.transpose(losses), ("training", "validation"), (plotting.BLUE, plotting.ORANGE), strict=True
    ):
        ax.plot(np.arange(1, len(curve) + 1), curve, color=colour, label=name)
    ax.axhline(np.log(len(classes)), color=plotting.GREY, linestyle="--", label="guessing")
    ax.set(xlabel="Pass over the training data (epoch)", ylabel="Loss (cross-entropy)", ylim=(0, None))
    best = int(np.argmin([watched for _, watched in losses])) + 1
    ax.set_title(f"Training loss ends at {losses[-1][0]:.2f}; validation loss is lowest after {best} passes")
    ax.legend()
    plotting.show(fig, alt="Training and validation loss over epochs, beside the loss of guessing.")

# %% [markdown]
# Training loss goes on falling because the network learns its own windows by heart. Validation loss tells what
# carries over. We fixed the number of passes at 100 beforehand; choosing it by the test would be peeking.
#
# Now each fold is tested once, next to a logistic regression on the same embeddings, and to a baseline that always
# says the commonest label of its training part.

# %%
if enough:
    ways = ["majority baseline", "logistic regression", "network"]
    predicted = pd.DataFrame(index=X.index, columns=ways, dtype=object)
    for train, test in folds:
        X_train, X_test = scaled(train, test)
        network, _ = train_network(X_train, codes[train], X_test, codes[test])
        with torch.inference_mode():
            answers = network(X_test).argmax(dim=1)
        baseline = DummyClassifier().fit(X_train, truth[train])
        logistic = LogisticRegression(max_iter=2000).fit(X_train, truth[train])
        columns = [baseline.predict(X_test), logistic.predict(X_test), [classes[i] for i in answers]]
        predicted.iloc[test] = np.transpose(columns)
    table = pd.DataFrame({way: deep_learning.scores(truth, predicted[way]) for way in ways}).T

# %%
if enough:
    fig, ax = plt.subplots()
    for i, (name, values) in enumerate(table.items()):
        ax.bar(np.arange(3) + 0.25 * (i - 1), values, width=0.23, label=name)
    ax.axhline(1 / len(classes), color=plotting.GREY, linestyle="--", label="guessing")
    ax.set_xticks(np.arange(3), ways)
    ax.set(ylabel="Score (1 is perfect)", ylim=(0, 1.05))
    gap = table.loc["network", "balanced accuracy"] - table.loc["logistic regression", "balanced accuracy"]
    ax.set_title(f"The network differs from logistic regression by {gap:+.2f} in balanced accuracy")
    ax.legend(loc="upper left", fontsize=11)
    plotting.show(fig, alt="Accuracy, balanced accuracy and macro-F1 of the baseline, logistic regression and network.")
    for way, row in table.iterrows():
        print(
            f"{way}: accuracy {row['accuracy']:.2f}, balanced {row['balanced accuracy']:.2f}, F1 {row['macro-F1']:.2f}"
        )

# %%
if enough:
    learned = table["balanced accuracy"]
    for way in ways[1:]:
        beats = learned[way] > learned["majority baseline"] + 0.1
        print(f"{way} beats the baseline by more than .1: {beats}")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# On a few hundred rows a network has no advantage over a regression, and costs more. And a score is no explanation:
# English and Spanish were recorded on different days. What do facts about the recording say, such as its level and
# the share of digital silence, which hold no language at all?

# %%
if enough:
    heads = {name: data_prep.read(pool.loc[name, "path"], seconds=30) for name in label.index}
    facts = pd.DataFrame({name: data_prep.quality(head, sr) for name, head in heads.items()}).T
    F = facts.reindex(of_recording).to_numpy()
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000))
    told = np.empty(len(truth), dtype=object)
    for train, test in folds:
        told[test] = model.fit(F[train], truth[train]).predict(F[test])
    chain = deep_learning.scores(truth, told)["balanced accuracy"]
    print(f"balanced accuracy from {F.shape[1]} facts about the recording: {chain:.2f}")

# %% [markdown]
# On the prompts that is well above .5, so part of what the network "knows" may be the studio. We cannot tell the two
# apart with these recordings; several sessions in each language would be needed. Ask it of every classifier: what
# else differs between my groups?

# %% [markdown]
# Many pipelines cut windows that overlap. So do we now, in up to thirty recordings: each window starts a quarter of
# its length after the last.

# %%
longer = n_windows.index[n_windows >= 4][:30]
close = pd.DataFrame()
if len(longer) >= 8:
    close = deep_learning.embed_windows(pool.loc[longer], seconds=window, hop=window / 4, minutes=window / 15)
    sides = close.index.get_level_values("recording")

# %% [markdown]
# ### Pitfall: a random split lets neighbours sit on both sides
#
# We toss a coin for each recording and call that its label. There is nothing to learn. The regression is tested on a
# random quarter of the windows, then on a quarter of the recordings, over twenty tosses.

# %% tags=["pitfall"]
chosen = {"naive: random split": ShuffleSplit, "right: split by recording": GroupShuffleSplit}
for name, splitter in chosen.items() if len(close) else ():
    hits = []
    grouping = {"groups": sides} if splitter is GroupShuffleSplit else {}
    for train, test in splitter(20, test_size=0.25, random_state=seed).split(close, **grouping):
        coin = pd.Series(rng.permutation(np.arange(len(longer)) % 2), longer).reindex(sides).to_numpy()
        model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000))
        hits += list(model.fit(close.iloc[train], coin[train]).predict(close.iloc[test]) == coin[test])
    print(f"{name}: accuracy {np.mean(hits):.2f} on the toss of a coin, {len(longer)} recordings")
if close.empty:
    print("This needs eight recordings or more that last four windows; the corpus has fewer.")

# %% [markdown]
# The first number is memory: a window's neighbour, with three quarters of the same sound, was in the training part.
# The second is the truth. Split by what you want to speak about: new recordings need a split by recording, new
# people a split by speaker (Roberts et al. 2017, 10.1111/ecog.02881).

# %% [markdown]
# ### Pitfall: accuracy is reported without a baseline
#
# Suppose one window in ten is of the rare kind you are looking for, and a classifier never looks: it says "common"
# every time. Accuracy praises it.

# %% tags=["pitfall"]
kinds = np.where(np.arange(max(10, n_windows.sum())) % 10 == 9, "rare", "common")
verdict = deep_learning.scores(kinds, np.full(len(kinds), "common"))
print(f"naive: accuracy {verdict['accuracy']:.2f}")
print(f"right: balanced accuracy {verdict['balanced accuracy']:.2f}, macro-F1 {verdict['macro-F1']:.2f}, ", end="")
print(f"and the baseline has an accuracy of {np.mean(kinds == 'common'):.2f} too")
# NBVAL_CHECK_OUTPUT

# %% [markdown]
# One more question of design: what do more data buy? It can be known where the answer is planted. Into two components
# of the real windows goes a trait of the whole recording, its mood say, which differs by day (SD 2) and is 3 higher
# in one group. `learn` draws a training set and tests on the units of the other half.

# %%
code, names = pd.factorize(of_recording)  # the number of each window's recording, and of its unit
unit_code = pd.factorize(units)[0]
available = np.bincount(code)[code] if len(code) else code


def plant():
    group = rng.permutation(np.arange(len(names)) % 2)
    mood = rng.normal(0, 2, len(names)) + 3 * group
    return components + np.outer(mood[code], [1, 0]), group[code]


# %%
def learn(Z, target, n_recordings, n_train):
    test = rng.permutation(unit_code.max() + 1)[unit_code] % 2 == 0  # half of the units
    rows = []
    for name in np.unique(target):
        able = np.unique(code[~test & (target == name) & (available >= n_train)])
        if len(able) < n_recordings or not (target[test] == name).any():
            return np.nan
        for one in rng.choice(able, n_recordings, replace=False):
            rows += list(rng.choice(np.flatnonzero(code == one), n_train, replace=False))
    model = make_pipeline(StandardScaler(), LogisticRegression(max_iter=1000)).fit(Z[rows], target[rows])
    return balanced_accuracy_score(target[test], model.predict(Z[test]))


# %% [markdown]
# ### Pitfall: "what can you expect of only 60 seconds?"
#
# More can mean more windows of one recording, or one window each of more recordings. Each point is a mean over
# two hundred draws. At the same place on the horizontal axis both curves have had the same seconds of sound. Look at
# which one goes on rising.

# %% tags=["pitfall"]
curves = {"more windows of one recording": {}, "one window each of more recordings": {}}
if len(names) >= 16 and available.max() >= 4:
    components = StandardScaler().fit_transform(PCA(2, random_state=seed).fit_transform(X))
    for n in (1, 4, 8, 16):
        for name, how in zip(curves, ((1, n), (n, 1)), strict=True):
            draws = np.array([learn(*plant(), *how) for _ in range(200)])
            if np.isfinite(draws).mean() > 0.5:
                curves[name][n] = np.nanmean(draws)
    alone, apart = curves.values()
    more = max(set(alone) & set(apart))
    print(f"naive: {more} windows of 1 recording a group, balanced accuracy {alone[more]:.2f}")
    print(f"right: 1 window of each of {more} recordings a group, {apart[more]:.2f};", end=" ")
    print(f"of {max(apart)} recordings, {apart[max(apart)]:.2f}")
else:
    print("A learning curve needs sixteen labelled recordings or more, some of four windows; the corpus has fewer.")

# %%
if curves["more windows of one recording"]:
    fig, ax = plt.subplots()
    for (name, curve), colour in zip(curves.items(), (plotting.ORANGE, plotting.BLUE), strict=True):
        ax.plot(curve.keys(), curve.values(), "o-", color=colour, label=name)
    ax.axhline(0.5, color=plotting.GREY, linestyle="--", label="guessing")
    ax.set_xscale("log", base=2)
    ax.set_xticks([1, 4, 8, 16])
    ax.xaxis.set_major_formatter("{x:.0f}")
    ax.set(xlabel="Training windows a group", ylabel="Balanced accuracy")
    ax.set_title(f"{more} windows reach {alone[more]:.2f} if one recording gives them, {apart[more]:.2f} if {more} do")
    ax.legend()
    plotting.show(fig, alt="Balanced accuracy by number of training windows: more recordings, and more of the same.")

# %% [markdown]
# With a minute of one recording a group the outcome was decided before any training: one day's mood stands for the
# group. It is a matter of design. Where recordings hardly differ, as with one voice in one studio, windows do count;
# the same draws with the real label say how your corpus behaves.

# %%
if enough and curves["more windows of one recording"]:
    same, other = (np.nanmean([learn(X.to_numpy(), truth, *how) for _ in range(20)]) for how in ((1, more), (more, 1)))
    print(
        f"the real label, {more} windows of 1 recording: {same:.2f}; 1 window of each of {more} recordings: {other:.2f}"
    )

# %% [markdown]
# ## Exercise 05.1
#
# Balanced accuracy, by your own hand. Write a function `balanced(truth, predicted)` of two equally long lists of
# labels. For each label that occurs in `truth`: of its cases, which share was predicted right? Return the mean of
# those shares. Set `answer = balanced`.

# %% tags=["stub"]
answer = ...
print(exercises.check("05.1", answer))


# %% tags=["solution"]
def balanced(truth, predicted):
    truth, predicted = np.array(truth), np.array(predicted)
    return np.mean([np.mean(predicted[truth == label] == label) for label in np.unique(truth)])


answer = balanced
print(exercises.check("05.1", answer))

# %% [markdown]
# ## What you learned
#
# - Say what a model takes: log-mel or samples, and at which rate. Nothing warns when the rate is wrong.
# - Find the voice first, then recognise; count errors against known text, in every condition that you compare.
# - Embeddings carry the voice, the words and the studio. A high score does not say which.
# - Split by recording, fit the scaler inside, name the baseline, and report more than accuracy.
# - Where recordings differ, more of them teach more than more of the same one.
#
# **Further reading.** Whisper: Radford et al. 2023 (10.48550/arXiv.2212.04356). wav2vec 2.0: Baevski et al. 2020
# (10.48550/arXiv.2006.11477). Recognition in political text analysis: Proksch, Wratil and Wäckerle 2019
# (10.1017/pan.2018.62). Errors by group: Koenecke et al. 2020 (10.1073/pnas.1915768117).
#
# **Next:** your own recordings. The README says how to run these lessons on a folder of them.
