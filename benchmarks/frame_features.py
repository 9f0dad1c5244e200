"""The features of a ten-minute recording: one pass for all, one librosa call a feature, and other tools.

features.csv   one row a round and piece of work, in seconds; everything computes on one core
profile.csv    where `features.frame_table` spends its time: each function's own, in seconds, median of the rounds
features.json  the machine
"""

from __future__ import annotations

import cProfile
import pstats
import re
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

import av
import librosa
import numpy as np
import pandas as pd
import scipy.fft
from episodes import TEN_MINUTES, write_episodes
from measuring import MEASURING, RUNS, in_a_new_process, one_core, one_thread, seconds_of, write, write_machine

from tutorial_helpers import data_prep, features, voice
from tutorial_helpers.data_prep import SR
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.representations import HOP_LENGTH, N_FFT, N_MELS

WARM_UP = 5  # seconds of sound: compilation and caches are over before anything is timed
FUNCTIONS = 12  # of the profile, those that take most

DECODE, FFT, PITCH, OURS = "data_prep.read", "bare FFT", "Praat's pitch", "features.frame_table"
BARE_DECODE, OPENSMILE = "decoding alone", "openSMILE eGeMAPSv02"
ESSENTIA, ESSENTIA_PITCH = "essentia", "essentia PitchYinFFT"

# what librosa is told so that its numbers are ours
GRID = {"n_fft": N_FFT, "hop_length": HOP_LENGTH}
FRAMES = {"frame_length": N_FFT, "hop_length": HOP_LENGTH}
F0_FLOOR, F0_CEILING = 75.0, 500.0  # Hz: other tools are told where to search, ours finds that out
VOICE = {"sr": SR, "fmin": F0_FLOOR, "fmax": F0_CEILING}
LIBROSA = {
    "mfcc": partial(librosa.feature.mfcc, sr=SR, n_mfcc=features.N_MFCC, n_mels=N_MELS, **GRID),
    "chroma_stft": partial(librosa.feature.chroma_stft, sr=SR, tuning=0.0, **GRID),
    "spectral_contrast": partial(librosa.feature.spectral_contrast, sr=SR, n_bands=5, **GRID),
    "spectral_rolloff": partial(librosa.feature.spectral_rolloff, sr=SR, **GRID),
    "spectral_centroid": partial(librosa.feature.spectral_centroid, sr=SR, **GRID),
    "rms": partial(librosa.feature.rms, **FRAMES),
    "zero_crossing_rate": partial(librosa.feature.zero_crossing_rate, **FRAMES),
}
LIBROSA_PITCH = {
    "piptrack": partial(librosa.piptrack, **VOICE, **GRID),
    "yin": partial(librosa.yin, **VOICE, **FRAMES),
}


def decode_alone(path: str) -> int:
    """Decode an mp3 and keep nothing: no mean of channels, no other rate. Returns how many samples there were."""
    with av.open(path) as container:
        return sum(frame.samples for frame in container.decode(audio=0))


def bare_fft(y: np.ndarray) -> None:
    """One Fourier transform a frame, in single precision, and nothing else; as many at once as suit a cache."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, N_FFT // 2), N_FFT)[::HOP_LENGTH]
    for first in range(0, len(frames), 500):
        scipy.fft.rfft(frames[first : first + 500], axis=1)


def by_opensmile(y: np.ndarray) -> pd.DataFrame:
    """The 25 low-level descriptors of eGeMAPSv02 every 10 ms, pitch among them, with its own windows."""
    import opensmile

    level = opensmile.FeatureLevel.LowLevelDescriptors
    return opensmile.Smile(opensmile.FeatureSet.eGeMAPSv02, level).process_signal(y, SR)


def by_essentia(y: np.ndarray) -> np.ndarray:
    """Essentia's MFCC, chroma, contrast, roll-off, centroid, level and zero crossings, frame by frame."""
    from essentia import standard as essentia

    window, spectrum = essentia.Windowing(type="hann", size=N_FFT), essentia.Spectrum(size=N_FFT)
    peaks, chroma = essentia.SpectralPeaks(sampleRate=SR), essentia.HPCP(sampleRate=SR)
    mfcc = essentia.MFCC(
        inputSize=N_FFT // 2 + 1,
        sampleRate=SR,
        numberBands=N_MELS,
        numberCoefficients=features.N_MFCC,
        highFrequencyBound=SR / 2,
    )
    contrast = essentia.SpectralContrast(frameSize=N_FFT, sampleRate=SR, highFrequencyBound=0.49 * SR)
    rolloff, centroid = essentia.RollOff(sampleRate=SR), essentia.Centroid(range=SR / 2)
    rms, zcr = essentia.RMS(), essentia.ZeroCrossingRate()
    rows = []
    for frame in essentia.FrameGenerator(y, frameSize=N_FFT, hopSize=HOP_LENGTH):
        S = spectrum(window(frame))
        single = [rolloff(S), centroid(S), rms(frame), zcr(frame)]
        rows.append(np.concatenate([mfcc(S)[1], chroma(*peaks(S)), contrast(S)[0], single]))
    return np.array(rows)


def pitch_by_essentia(y: np.ndarray) -> np.ndarray:
    """Essentia's pitch (Hz) of each frame."""
    from essentia import standard as essentia

    window, spectrum = essentia.Windowing(type="hann", size=N_FFT), essentia.Spectrum(size=N_FFT)
    pitch = essentia.PitchYinFFT(frameSize=N_FFT, sampleRate=SR, minFrequency=F0_FLOOR, maxFrequency=F0_CEILING)
    frames = essentia.FrameGenerator(y, frameSize=N_FFT, hopSize=HOP_LENGTH)
    return np.array([pitch(spectrum(window(frame)))[0] for frame in frames])


TOOLS = {  # name: its package, and the work
    OPENSMILE: ("opensmile", by_opensmile),
    ESSENTIA: ("essentia", by_essentia),
    ESSENTIA_PITCH: ("essentia", pitch_by_essentia),
}


def work(path: str, y: np.ndarray) -> dict[str, partial]:
    """All that is timed, by name, with those of TOOLS that are installed. path: of the mp3 that y is read from."""
    return {
        BARE_DECODE: partial(decode_alone, path),
        DECODE: partial(data_prep.read, path),
        FFT: partial(bare_fft, y),
        PITCH: partial(voice.pitch, y),
        OURS: partial(features.frame_table, y),
        **{name: partial(call, y=y) for name, call in (LIBROSA | LIBROSA_PITCH).items()},
        **{name: partial(call, y) for name, (_, call) in TOOLS.items() if is_there(name)},
    }


def is_there(tool: str) -> bool:
    """Whether a tool's package is installed: `make test` does without."""
    return find_spec(TOOLS[tool][0]) is not None


def rounds(path: str, runs: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    """All pieces of work, one after the other, so many times, and the profile of ours as often."""
    y = data_prep.read(path)
    for call in work(path, y[: WARM_UP * SR]).values():
        call()
    rows, profiles = [], []
    for number in range(runs):
        for what, call in work(path, y).items():
            rows.append({"round": number, "what": what, "seconds": seconds_of(call)})
            print(rows[-1], flush=True)
        profiles.append(profile(partial(features.frame_table, y)))
    functions = pd.concat(profiles).groupby(level=0).median().nlargest(FUNCTIONS)
    return pd.DataFrame(rows).round({"seconds": 4}), functions.rename_axis("function").reset_index().round(4)


def profile(call: partial) -> pd.Series:
    """The seconds that each function takes by itself, without what it calls, by the function's module and name."""
    with cProfile.Profile() as profiler:
        call()
    took = {
        f"{Path(file).stem}.{name}" if line else compiled(name): seconds
        for (file, line, name), (_, _, seconds, _, _) in pstats.Stats(profiler).stats.items()
    }
    return pd.Series(took, name="seconds")


def compiled(name: str) -> str:
    """A compiled function's name without what the profiler says around it.

    "<method 'sort' of 'numpy.ndarray' objects>" is numpy.ndarray.sort.
    """
    name = re.sub(r"<method '(.+)' of '(.+)' objects>", r"\2.\1", name)
    return re.sub(r"<built-in method (.+)>", r"\1", name)


def measure_all() -> None:
    if not is_there(OPENSMILE):
        raise TutorialError("openSMILE is not installed, and ours is to be compared with it. Run `make bench`.")
    with TemporaryDirectory() as folder, one_thread(), one_core():
        path = write_episodes(Path(folder), TEN_MINUTES)["10 minutes"]
        table, functions = in_a_new_process(rounds, str(path), RUNS)
    write("features", table)
    write("profile", functions)
    essentia = ["essentia"] if is_there(ESSENTIA) else []  # it has no package for Windows
    write_machine("features", [*MEASURING, "numba", "opensmile", *essentia])
