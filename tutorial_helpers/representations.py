"""Lesson 02: a recording as a picture of time and frequency, on the one frame grid of this project."""

from __future__ import annotations

import librosa
import numpy as np

from .data_prep import SR
from .errors import TutorialError

# The frame grid: frame i is centred on sample i * HOP_LENGTH and looks at N_FFT samples around it.
N_FFT = 1024  # samples: a window of 64 ms at 16 kHz
HOP_LENGTH = 160  # samples: a frame every 10 ms at 16 kHz
N_MELS = 64


def frame_times(n_frames: int, *, sr: int = SR, hop_length: int = HOP_LENGTH) -> np.ndarray:
    """The centre of each frame in seconds, shape (n_frames,). Lesson: 02_representations."""
    return np.arange(n_frames) * hop_length / sr


def magnitude(y: np.ndarray, *, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> np.ndarray:
    """Magnitude of the short-time Fourier transform, shape (n_fft // 2 + 1, n_frames), Hann window, centred frames.

    y: shape (n_samples,). Raises TutorialError where the recording is shorter than one window.
    Source: librosa.stft. Lesson: 02_representations.
    """
    if len(y) < n_fft:
        raise TutorialError(
            f"The recording has {len(y)} samples, fewer than the analysis window of {n_fft}. "
            "Choose a longer recording or a shorter window (n_fft)."
        )
    return np.abs(librosa.stft(y, n_fft=n_fft, hop_length=hop_length))


def spectrogram_db(y: np.ndarray, *, n_fft: int = N_FFT, hop_length: int = HOP_LENGTH) -> np.ndarray:
    """Magnitudes in dB below the recording's strongest cell (0 dB), floor -80 dB, shape (n_fft // 2 + 1, n_frames).

    Lesson: 02_representations.
    """
    return librosa.amplitude_to_db(magnitude(y, n_fft=n_fft, hop_length=hop_length), ref=np.max)


def mel_db(y: np.ndarray, *, sr: int = SR, n_mels: int = N_MELS) -> np.ndarray:
    """Power in mel bands in dB below the strongest cell (0 dB), floor -80 dB, shape (n_mels, n_frames).

    Source: librosa.feature.melspectrogram (Slaney's mel scale) and power_to_db. Lesson: 02_representations.
    """
    power = librosa.feature.melspectrogram(S=magnitude(y) ** 2, sr=sr, n_mels=n_mels)
    return librosa.power_to_db(power, ref=np.max)


def mel_centres(*, sr: int = SR, n_mels: int = N_MELS) -> np.ndarray:
    """The centre frequency of each mel band in Hz, shape (n_mels,). Lesson: 02_representations."""
    return librosa.mel_frequencies(n_mels=n_mels + 2, fmin=0.0, fmax=sr / 2)[1:-1]
