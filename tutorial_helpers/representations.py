"""A recording as a picture of time and frequency, on the one frame grid of this project."""

from __future__ import annotations

import librosa
import numpy as np

from .data_prep import SR
from .errors import TutorialError

# The frame grid: frame i is centred on sample i * HOP_LENGTH and looks at N_FFT samples around it.
N_FFT = 1024  # samples: a window of 64 ms at 16 kHz
HOP_LENGTH = 160  # samples: a frame every 10 ms at 16 kHz
N_MELS = 64
FLOOR = -80.0  # dB below the strongest cell: what is weaker counts as nothing


def frame_times(n_frames: int, *, sr: int = SR, hop_length: int = HOP_LENGTH) -> np.ndarray:
    """The centre of each frame in seconds.

    Lesson: 02_representations, 03_features, 04_statistics.

    Parameters
    ----------
    n_frames : int
    sr : int, Hz
    hop_length : int, samples

    Returns
    -------
    ndarray of shape (n_frames,), s
    """
    return np.arange(n_frames) * hop_length / sr


def magnitude(y: np.ndarray, *, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> np.ndarray:
    """Magnitude of the short-time Fourier transform: Hann window, centred frames.

    Lesson: 02_representations, 03_features, 06_scaling_up.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    n_fft, hop_length : int, samples
        Window and step.

    Returns
    -------
    ndarray of shape (n_fft // 2 + 1, n_frames)

    Raises
    ------
    TutorialError
        Where y has more than one channel or is shorter than one window.

    References
    ----------
    librosa.stft (Allen & Rabiner 1977, 10.1109/PROC.1977.10770).
    """
    refuse_if_not_samples(y, n_fft)
    return np.abs(librosa.stft(y, n_fft=n_fft, hop_length=hop_length))


def refuse_if_not_samples(y: np.ndarray, n_needed: int) -> None:
    """Raise TutorialError where y has more than one channel or fewer samples than are needed.

    Parameters
    ----------
    y : ndarray
    n_needed : int
    """
    if y.ndim != 1:
        raise TutorialError(
            f"A spectrogram is of one channel; these samples have the shape {y.shape}. "
            "Read with data_prep.read, or average the channels with data_prep.downmix."
        )
    if len(y) < n_needed:
        raise TutorialError(
            f"The recording has {len(y)} samples, fewer than the analysis window of {n_needed}. "
            "Choose a longer recording or a shorter window (n_fft)."
        )


def spectrogram_db(y: np.ndarray, *, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> np.ndarray:
    """Magnitudes in dB below the recording's strongest cell (0 dB), floor -80 dB.

    The recording's own level is gone: a gain changes nothing. Digital silence is -80 dB throughout.
    Lesson: 02_representations.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    n_fft, hop_length : int, samples
        Window and step.

    Returns
    -------
    ndarray of shape (n_fft // 2 + 1, n_frames), dB

    Raises
    ------
    TutorialError
        As `magnitude`.
    """
    return _below_strongest(magnitude(y, n_fft=n_fft, hop_length=hop_length) ** 2)


def mel_db(y: np.ndarray, *, sr: int = SR, n_mels: int = N_MELS, fmax: float | None = None) -> np.ndarray:
    """Power in mel bands in dB below the strongest cell (0 dB), floor -80 dB.

    Digital silence is -80 dB throughout. Lesson: 02_representations.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, Hz
    n_mels : int
    fmax : float, Hz
        Where the bands end; None is half the rate.

    Returns
    -------
    ndarray of shape (n_mels, n_frames), dB

    Raises
    ------
    TutorialError
        As `magnitude`.

    References
    ----------
    librosa.feature.melspectrogram, Slaney's mel scale.
    """
    power = librosa.feature.melspectrogram(S=magnitude(y) ** 2, sr=sr, n_mels=n_mels, fmax=fmax)
    return _below_strongest(power)


def mel_centres(*, sr: int = SR, n_mels: int = N_MELS, fmax: float | None = None) -> np.ndarray:
    """The centre frequency of each mel band, where it belongs on an axis.

    Lesson: 02_representations.

    Parameters
    ----------
    sr, n_mels, fmax
        As in `mel_db`.

    Returns
    -------
    ndarray of shape (n_mels,), Hz
    """
    return librosa.mel_frequencies(n_mels=n_mels + 2, fmin=0.0, fmax=fmax or sr / 2)[1:-1]


def _below_strongest(power: np.ndarray) -> np.ndarray:
    """Power in dB below its strongest cell, cut at FLOOR.

    The smallest power that counts follows the recording: librosa's own, 1e-10, would cut a quiet recording higher up
    than a loud one.
    """
    strongest = power.max()
    if strongest == 0:
        return np.full(power.shape, FLOOR, dtype=power.dtype)
    return librosa.power_to_db(power, ref=strongest, amin=strongest * 10 ** (FLOOR / 10), top_db=None)
