"""Learning from sound: segments as vectors, a label to learn for each, and how well it was learned."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from .. import data_prep
from ..data_prep import SR
from ..errors import TutorialError
from ..statistics.bootstrap import cluster_interval
from .recognise import WORKERS, refuse_other_rates, whisper

SHORTEST = 0.1  # seconds: below, a few 25 ms windows are too little to speak of
EMBEDDING = [f"embedding_{i}" for i in range(384)]  # columns: the numbers in a state of the packaged encoder


def embed(y: np.ndarray, sr: int, *, window: float = 2.0) -> np.ndarray:
    """A recording as 384 numbers: the mean of the packaged Whisper encoder's states, 50 a second.

    Whisper marks each state with its place in the window, so that a mean over windows of unequal length tells how long
    they were; a rest that is shorter than a window is left out.
    Lesson: 05_deep_learning.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, 16,000 Hz and no other
    window : float, s
        What the encoder sees at once, at most 30.

    Returns
    -------
    ndarray of shape (384,)

    Raises
    ------
    TutorialError
        At another rate, under 0.1 s, or where the packaged recogniser is not installed.
    """
    refuse_other_rates(sr)
    if len(y) < SHORTEST * sr:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; an embedding needs {SHORTEST} s. Choose a longer one."
        )
    model, length = whisper(), round(window * sr)
    windows = [y[first : first + length] for first in range(0, max(len(y) - length, 0) + 1, length)]
    # no padding to 30 s: only frames of the recording are encoded, and only they are averaged
    encoded = [np.array(model.encode(model.feature_extractor(part, padding=0)))[0] for part in windows]
    return np.concatenate(encoded).mean(axis=0)


def embed_segments(segments: pd.DataFrame, *, seconds: float, find_speech: bool) -> pd.DataFrame:
    """Embeddings of what is said in the first seconds of segments.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    segments : DataFrame
        `path`, `onset` and `offset` (s).
    seconds : float, s
        How much of each at most.
    find_speech : bool
        Whether to keep only what the voice detector hears as speech. Of turns, everything is speech.

    Returns
    -------
    DataFrame
        A row for each segment, indexed like them, with `embedding_0` to `embedding_383`. A segment in which speech was
        sought and nobody was heard has no row.
    """
    whisper()  # before the first segment, or two threads load it twice
    jobs = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for row in segments.itertuples():  # the voice detector stays in this one thread
            y = data_prep.read(row.path, start=row.onset, seconds=min(row.offset - row.onset, seconds))
            if find_speech:
                parts = [y[round(on * SR) : round(off * SR)] for on, off in data_prep.voice_activity(y).to_numpy()]
                y = np.concatenate([y[:0], *parts])
            if len(y):
                jobs[row.Index] = pool.submit(embed, y, SR)
    rows = {name: job.result() for name, job in jobs.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=EMBEDDING).rename_axis(segments.index.name)


def embed_windows(segments: pd.DataFrame, *, seconds: float, hop: float) -> pd.DataFrame:
    """Embeddings of windows of segments; all frames count.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    segments : DataFrame
        `path`, `onset` and `offset` (s).
    seconds, hop : float, s
        A window's length, and from one window to the next. A shorter segment is one window.

    Returns
    -------
    DataFrame
        A row for each window, indexed by the segment's `name` and the window's `onset` in it (s); the same columns.
    """
    whisper()  # before the first segment, or two threads load it twice

    def embed_windows_of(row) -> dict[tuple, np.ndarray]:
        y = data_prep.read(row.path, start=row.onset, seconds=row.offset - row.onset)
        onsets = hop * np.arange(1 + max(0, int((len(y) / SR - seconds) / hop)))
        windows = [y[round(onset * SR) :][: round(seconds * SR)] for onset in onsets]
        return {(row.Index, onset): embed(window, SR) for onset, window in zip(onsets, windows, strict=True)}

    with ThreadPoolExecutor(WORKERS) as pool:
        rows = {key: state for part in pool.map(embed_windows_of, segments.itertuples()) for key, state in part.items()}
    index = pd.MultiIndex.from_tuples(rows, names=["name", "onset"])
    return pd.DataFrame(list(rows.values()), index=index, columns=EMBEDDING)


def choose_label(segments: pd.DataFrame, recordings: pd.DataFrame) -> tuple[pd.Series, str]:
    """A label for each segment to learn: its style, or its recording's group, treatment or half by date.

    A label needs two recordings, and there have to be two labels.
    Lesson: 05_deep_learning.

    Parameters
    ----------
    segments, recordings : DataFrame
        Of `corpora.spoken`, and the corpus's table.

    Returns
    -------
    labels : Series
        Indexed like the segments that have a label; empty where there is nothing to learn.
    about : str
        What the label is, or what is missing.
    """
    of_recording = recordings.loc[segments["recording"].unique()]
    dated = of_recording["date"].dropna().sort_values()
    halves = pd.Series(np.where(np.arange(len(dated)) < len(dated) / 2, "earlier", "later"), index=dated.index)
    known = {
        "the group": of_recording["group"],
        "treated or not": of_recording["treated"].map({True: "treated", False: "not treated"}, na_action="ignore"),
        "the earlier or the later half by date": halves,
    }
    candidates = {"the style of a turn, as a coder heard it": segments["style"]}
    candidates |= {about: segments["recording"].map(labels.to_dict()) for about, labels in known.items()}
    for about, labels in candidates.items():
        labels = labels.dropna().astype(str)
        n_recordings = segments["recording"].reindex(labels.index).groupby(labels).nunique()
        labels = labels[labels.map(n_recordings) >= 2]
        if labels.nunique() >= 2:
            return labels, about
    return pd.Series(dtype=str), (
        "A question to learn needs four recordings or more, two in each of two groups: give the folder a "
        "metadata.csv with a column 'group' or 'treated', or dates in the file names."
    )


def classification_scores(truth, predicted, clusters, rng: np.random.Generator) -> pd.DataFrame:
    """Accuracy, balanced accuracy and macro-F1 as scikit-learn defines them, with 95 % intervals.

    Balanced accuracy is the mean of the labels' recalls; macro-F1 the mean of their F1, where a label that is never
    predicted counts 0.
    Lesson: 05_deep_learning.

    Parameters
    ----------
    truth, predicted : sequence
        Equally many labels.
    clusters : sequence
        What each row came with, such as its recording; whole clusters are drawn for the interval.

    Returns
    -------
    DataFrame
        Rows `accuracy`, `balanced accuracy` and `macro-F1`; `score`, `low` and `high` from 0 to 1.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    labels = np.unique(np.concatenate([truth, predicted]))
    cells = np.transpose([(truth == t) & (predicted == p) for t in labels for p in labels])
    rows = {}
    for i, name in enumerate(["accuracy", "balanced accuracy", "macro-F1"]):
        score = _scores_of_counts(cells.sum(axis=0)[None])[0, i]
        low, high = cluster_interval(cells, clusters, lambda sums, i=i: _scores_of_counts(sums)[:, i], rng)
        rows[name] = {"score": score, "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def _scores_of_counts(cells: np.ndarray) -> np.ndarray:
    """The three scores of tables of counts, true label by predicted one: (n_tables, n_labels ** 2) to (n_tables, 3)."""
    n_labels = round(np.sqrt(cells.shape[1]))
    counts = cells.reshape(-1, n_labels, n_labels)
    hits, true, named = np.einsum("tii->ti", counts), counts.sum(axis=2), counts.sum(axis=1)
    with np.errstate(invalid="ignore"):  # a label that does not occur has no recall
        recalls, f1 = hits / true, 2 * hits / (true + named)
    return np.stack([hits.sum(axis=1) / true.sum(axis=1), np.nanmean(recalls, axis=1), np.nanmean(f1, axis=1)], axis=1)
