"""Who speaks when: speech cut into windows, the voice in each described, and what was found scored."""

from __future__ import annotations

import hashlib
from functools import lru_cache
from typing import Any

import librosa
import numpy as np
import pandas as pd

from .. import data_prep, features, voice
from ..data_prep import SR
from ..errors import TutorialError
from ..places import bundled
from ..representations import magnitude
from .recognise import refuse_other_rates

ENCODER = bundled("data/voice_encoder/weights.safetensors")
ENCODER_SHA256 = "a5d4776b403b69593e4a10212aeacf7d35b56e9d0a2022058c6d4f888202e069"
ENCODED = round(1.6 * SR)  # samples that the encoder was trained to hear at once
ENCODED_RMS = 10 ** (-30 / 20)  # the level at which it was trained to hear speech
BATCH = 64  # windows at once


def speech_windows(y: np.ndarray, sr: int = SR, *, seconds: float = 3.0) -> pd.DataFrame:
    """What the voice detector hears as speech, cut into windows; a pause ends a window.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, 16,000 Hz
    seconds : float, s
        How long a window is at most; a longer stretch of speech is cut into equal parts.

    Returns
    -------
    DataFrame
        A row for each window, with `onset` and `offset` (s).
    """
    rows: list[tuple[float, float]] = []
    for onset, offset in data_prep.voice_activity(y, sr).to_numpy():
        edges = np.linspace(onset, offset, int(np.ceil((offset - onset) / seconds)) + 1)
        rows += list(zip(edges[:-1], edges[1:], strict=True))
    return pd.DataFrame(rows, columns=["onset", "offset"], dtype=float)


def describe_voices(windows: pd.DataFrame, y: np.ndarray, sr: int = SR) -> np.ndarray:
    """Who speaks in each window, as numbers that need no training: mean and spread of MFCC 2 to 20, and pitch.

    All columns are standardised. Pitch then counts three times, because it tells voices apart better than any
    coefficient; a window without a voiced frame gets the median pitch of the others. MFCC describe speakers since
    Reynolds 1995 (10.1016/0167-6393(95)00009-D).
    Lesson: 05_deep_learning.

    Parameters
    ----------
    windows : DataFrame
        `onset` and `offset` (s) in y.
    y : ndarray of shape (n_samples,)
    sr : int, Hz

    Returns
    -------
    ndarray of shape (n_windows, 39)
    """
    shortest = round(data_prep.SHORTEST * sr)
    starts = [min(round(onset * sr), len(y) - shortest) for onset in windows["onset"]]
    ends = [round(offset * sr) for offset in windows["offset"]]
    rows = [_timbre_and_pitch(y[a : max(b, a + shortest)], sr) for a, b in zip(starts, ends, strict=True)]
    table = pd.DataFrame(rows)
    table = table.fillna(table.median()).fillna(0.0)
    scaled = ((table - table.mean()) / table.std(ddof=0).replace(0, 1)).to_numpy()
    scaled[:, -1] *= 3.0
    return scaled


def _timbre_and_pitch(y: np.ndarray, sr: int) -> np.ndarray:
    """Means and standard deviations of MFCC 2 to 20 (the first is the level), and the median pitch in semitones."""
    mels = librosa.feature.melspectrogram(y=y, sr=sr, n_fft=512, hop_length=160, n_mels=40)
    coefficients = features.mfcc(mels, n_mfcc=20)[1:]
    pitch = voice.semitones(voice.pitch(y, sr)["f0"].median())
    return np.concatenate([coefficients.mean(axis=1), coefficients.std(axis=1), [pitch]])


def diarisation_error(turns: pd.DataFrame, found: pd.DataFrame, seconds: float) -> pd.Series:
    """Who spoke when, as found, scored against the known turns (by pyannote.metrics, 10.21437/Interspeech.2017-411).

    A quarter of a second on both sides of a known edge is not scored.
    Lesson: 05_deep_learning.

    Parameters
    ----------
    turns, found : DataFrame
        `onset` and `offset` (s) with `speaker`. Names may differ: each is matched to the known speaker it fits best.
    seconds : float, s
        How much of the recording is scored.

    Returns
    -------
    Series
        `der`, the diarisation error rate, and its parts `missed`, `invented` and `confused`, all shares of
        `scored_seconds`, the time that speakers truly speak. Where nobody does, a TutorialError is raised.
    """
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    if turns.empty:
        raise TutorialError("Nobody speaks in the known turns, so there is no time to be given to anybody.")
    score = DiarizationErrorRate(collar=0.5)  # its width: half of it on either side
    parts = score(_annotation(turns), _annotation(found), uem=Timeline([Segment(0, seconds)]), detailed=True)
    names = {"missed": "missed detection", "invented": "false alarm", "confused": "confusion"}
    shares = {ours: parts[theirs] / parts["total"] for ours, theirs in names.items()}
    return pd.Series({"der": parts["diarization error rate"], **shares, "scored_seconds": parts["total"]})


def _annotation(turns: pd.DataFrame):
    """Turns as pyannote takes them."""
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for i, turn in enumerate(turns.itertuples()):
        annotation[Segment(turn.onset, turn.offset), i] = turn.speaker
    return annotation


@lru_cache(maxsize=1)
def _voice_encoder() -> Any:
    """The network that turns 1.6 s of speech into a voice (Wan et al. 2018), with its weights, verified."""
    import torch
    from safetensors.torch import load

    content = ENCODER.read_bytes()
    if hashlib.sha256(content).hexdigest() != ENCODER_SHA256:
        raise TutorialError(
            f"{ENCODER} is not the speaker encoder that this project was tested with. Install the project again."
        )
    network = torch.nn.ModuleDict(
        {"lstm": torch.nn.LSTM(40, 256, 3, batch_first=True), "linear": torch.nn.Linear(256, 256)}
    )
    network.load_state_dict(load(content))
    return network.eval()


def voice_vectors(windows: pd.DataFrame, y: np.ndarray, sr: int = SR) -> np.ndarray:
    """Who speaks in each window, as a pretrained speaker encoder hears it: the cosine of two vectors is their likeness.

    A window is cut at 1.6 s, and a shorter one is repeated until it has 1.6 s. Each is first brought to the same level,
    because the encoder's input is power, not dB.

    Parameters
    ----------
    windows : DataFrame
        `onset` and `offset` (s) in y.
    y : ndarray of shape (n_samples,)
    sr : int, 16,000 Hz and no other

    Returns
    -------
    ndarray of shape (n_windows, 256)
        Rows of length 1.

    Raises
    ------
    TutorialError
        At another rate, or where the encoder's weights are not the known ones.

    References
    ----------
    Wan et al. 2018, 10.1109/ICASSP.2018.8462665; the weights are those of Resemblyzer 0.1.4 (data/README.md).
    """
    import torch

    refuse_other_rates(sr)
    network = _voice_encoder()
    mels = [_mels(y[round(window.onset * sr) : round(window.offset * sr)]) for window in windows.itertuples()]
    vectors = []
    with torch.inference_mode():
        for first in range(0, len(mels), BATCH):
            batch = torch.from_numpy(np.stack(mels[first : first + BATCH]))
            _, (states, _) = network["lstm"](batch)
            vectors.append(network["linear"](states[-1]).relu().numpy())
    found = np.concatenate([np.zeros((0, 256), np.float32), *vectors])
    return found / np.maximum(np.linalg.norm(found, axis=1, keepdims=True), 1e-9)


def _mels(y: np.ndarray) -> np.ndarray:
    """Power in 40 mel bands of 1.6 s of speech, every 10 ms, as the encoder was trained on: shape (160, 40)."""
    from transformers.audio_utils import mel_filter_bank

    y = np.resize(y, ENCODED) if len(y) < ENCODED else y[:ENCODED]
    gain = ENCODED_RMS / max(float(np.sqrt(np.mean(y**2))), 1e-9)
    power = magnitude(y * gain, n_fft=400, hop_length=160)[:, :160] ** 2
    bands = mel_filter_bank(201, 40, 0.0, SR / 2, SR, norm="slaney", mel_scale="slaney")
    return (power.T @ bands).astype(np.float32)
