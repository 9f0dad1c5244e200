"""The exercises of lesson 02."""

from __future__ import annotations

import librosa
import numpy as np

from ..representations import HOP_LENGTH, N_FFT
from .judge import Exercise


def _levels() -> dict:
    """Waves whose RMS follows from their shape, and its level (dB re full scale)."""
    seconds = np.arange(16_000) / 16_000
    sine = np.sin(2 * np.pi * 200 * seconds)
    square = np.where(np.arange(16_000) % 80 < 40, 0.1, -0.1)
    waves = {
        "a sine of amplitude 0.5": (0.5 * sine, 20 * np.log10(0.5) - 10 * np.log10(2)),
        "a square wave of amplitude 0.1": (square, -20.0),
        "the same square wave, silent half of the time": (square * (seconds < 0.5), -20 - 10 * np.log10(2)),
    }
    return {words: ((wave.astype(np.float32),), level) for words, (wave, level) in waves.items()}


def _beeps() -> dict:
    """A short beep over a long soft tone; when its middle is (s) and its frequency (Hz), both on the frame grid."""
    cases = {}
    for sr, frame, row in ((16_000, 120, 64), (8_000, 40, 192)):
        samples = np.arange(2 * sr)
        time, frequency = frame * HOP_LENGTH / sr, row * sr / N_FFT
        fade = np.cos(np.pi * np.clip((samples / sr - time) / 0.2, -0.5, 0.5)) ** 2
        beep = 0.3 * fade * np.sin(2 * np.pi * frequency * samples / sr)
        tone = 0.1 * np.sin(2 * np.pi * 0.25 * frequency * samples / sr)
        words = f"a beep of {frequency:,.0f} Hz at {time:g} s, sampled at {sr:,} Hz"
        cases[words] = (((beep + tone).astype(np.float32), sr), (time, frequency))
    return cases


def _cell(y, hop_length: int = HOP_LENGTH) -> tuple:
    """The strength of each cell of a spectrogram, then the row and the column of the strongest."""
    strength = np.abs(librosa.stft(y, n_fft=N_FFT, hop_length=hop_length))
    return strength, *np.unravel_index(strength.argmax(), strength.shape)


def _bins_and_frames(y, sr):
    _, row, column = _cell(y)
    return column, row


def _frequency_first(y, sr):
    _, row, column = _cell(y)
    return row * sr / N_FFT, column * HOP_LENGTH / sr


def _window_for_hop(y, sr):
    _, row, column = _cell(y)
    return column * N_FFT / sr, row * sr / N_FFT


def _stft_without_hop(y, sr):
    _, row, column = _cell(y, hop_length=N_FFT // 4)  # what librosa.stft takes unless told
    return column * HOP_LENGTH / sr, row * sr / N_FFT


def _librosas_rate(y, sr):
    _, row, column = _cell(y)
    return column * HOP_LENGTH / sr, librosa.fft_frequencies(n_fft=N_FFT)[row]


def _librosas_times(y, sr):
    _, row, column = _cell(y)
    return librosa.frames_to_time(column, hop_length=HOP_LENGTH), row * sr / N_FFT


def _half_the_rate(y, sr):
    _, row, column = _cell(y)
    return column * HOP_LENGTH / sr, row * sr / 2 / N_FFT


def _longest_tone(y, sr):
    strength, _, column = _cell(y)
    return column * HOP_LENGTH / sr, strength.mean(axis=1).argmax() * sr / N_FFT


def _tones() -> dict:
    """Tones above and below half of the rate, and where they appear when nothing filters them."""
    known = {(1_000, 8_000): 1_000, (5_000, 8_000): 3_000, (7_900, 8_000): 100, (9_000, 8_000): 1_000}
    known |= {(13_000, 8_000): 3_000, (30_000, 22_050): 7_950}
    return {f"a tone of {hz:,} Hz at {sr:,} Hz": ((hz, sr), right) for (hz, sr), right in known.items()}


def _spectrograms() -> dict:
    """Mel powers, the lowest band steady, higher ones in bursts, around planted means (dB below the strongest)."""
    cases = {}
    for levels, n_frames in (([-12.0, -3, 0, -20], 40), ([-30.0, -10, -15], 25)):
        swings = np.random.default_rng(n_frames).uniform(-1, 1, (len(levels), n_frames))
        bursts = 10 ** (np.linspace(0, 1.5, len(levels))[:, None] * swings)
        power = 0.5 * 10 ** (np.array(levels)[:, None] / 10) * bursts / bursts.mean(axis=1, keepdims=True)
        cases[f"{len(levels)} bands over {n_frames} frames"] = ((power,), np.array(levels) - max(levels))
    return cases


def _below(levels):
    return levels - levels.max()


EXERCISES = {
    "02.1": Exercise(
        cases=_levels,
        tolerance=1e-3,
        praise="A sine lies 3 dB below its peak, and silence counts: half of the time silent is 3 dB less.",
        otherwise="square the samples, take their mean, then its root: that is the RMS, an amplitude.",
        mistakes={
            "that is the RMS itself, as an amplitude. Asked for is its level in dB.": lambda y: np.sqrt(np.mean(y**2)),
            "an amplitude takes 20 log10; the 10 is for power.": lambda y: 10 * np.log10(np.sqrt(np.mean(y**2))),
            "the mean of the squares is power still: the root is missing.": lambda y: 20 * np.log10(np.mean(y**2)),
            "that is the level of the peak, one sample. The RMS hears all of them.": (
                lambda y: 20 * np.log10(np.max(np.abs(y)))
            ),
            "that averages the sizes of the samples. The S in RMS is for squared.": (
                lambda y: 20 * np.log10(np.mean(np.abs(y)))
            ),
            "a sum grows with the length of the sound: the M in RMS is for mean.": (
                lambda y: 20 * np.log10(np.sqrt(np.sum(y**2)))
            ),
            "np.log is the natural logarithm; decibels take the one of base 10.": (
                lambda y: 20 * np.log(np.sqrt(np.mean(y**2)))
            ),
            "the size is right and the sign is not: what lies below full scale is below 0 dB.": (
                lambda y: -20 * np.log10(np.sqrt(np.mean(y**2)))
            ),
        },
    ),
    "02.2": Exercise(
        cases=_beeps,
        tolerance=1e-3,
        praise="Frames are HOP_LENGTH / sr seconds apart, rows sr / N_FFT Hz, at any rate.",
        otherwise="take np.abs of librosa.stft with n_fft and hop_length, find the row and the column of its largest "
        "value, and turn each into its unit. Time comes first.",
        mistakes={
            "both are found, in the other order: rows are frequencies, columns are times. Time comes first.": (
                _frequency_first
            ),
            "those are the numbers of frame and row. How many seconds does one frame stand for, how many Hz one row?": (
                _bins_and_frames
            ),
            "the time counts windows. Windows overlap: the next begins one hop later.": _window_for_hop,
            "librosa.stft was not told hop_length, and took a quarter of the window.": _stft_without_hop,
            "the time is right; the frequency belongs to 22,050 Hz, which librosa takes unless it is told sr.": (
                _librosas_rate
            ),
            "the frequency is right; the time belongs to 22,050 Hz, which librosa takes unless it is told sr.": (
                _librosas_times
            ),
            "the frequency is half of what it should be. From 0 to half the rate there are only N_FFT / 2 steps.": (
                _half_the_rate
            ),
            "that frequency is the strongest on average, a long soft tone. Asked for is one cell.": _longest_tone,
        },
    ),
    "02.3": Exercise(
        right=2_048,
        praise="16,000 / 2,048 is 7.8 Hz a bin, and the window is 128 ms long.",
        otherwise="bins are sr / n_fft Hz apart. Try the powers of two: 512, 1024, 2048 ...",
        mistakes={
            "1,600 samples give 10 Hz exactly, but 1,600 is no power of two.": 1_600,
            "16,000 / 1,024 is 15.6 Hz a bin, more than 10.": 1_024,
            "4,096 is fine enough, but a smaller window is too, and it blurs time less.": 4_096,
            "that is how far apart the bins are, in Hz. Asked for is the window, in samples.": 7.8125,
            "that is how long the window lasts, in ms. Asked for is its length in samples.": 128,
        },
    ),
    "02.4": Exercise(
        cases=_tones,
        praise="It rises to half the rate, falls back to 0, and begins again.",
        otherwise="up to half the rate a tone stays; from there it comes down as far as it went up; at the rate it "
        "begins again.",
        mistakes={
            "a tone above half the rate does not stay where it is: nothing can be stored up there.": lambda hz, sr: hz,
            "it does not stop at half the rate: it turns round there.": lambda hz, sr: min(hz, sr / 2),
            "a frequency has no sign here: take its absolute value.": lambda hz, sr: hz - sr * round(hz / sr),
            "it turns round at half the rate and comes down; it does not start again from 0.": (
                lambda hz, sr: hz % (sr / 2)
            ),
            "whole rates are taken off, and what remains may still lie above half the rate. What happens there?": (
                lambda hz, sr: hz % sr
            ),
            "above the rate itself it goes up once more, and so on.": lambda hz, sr: hz if hz < sr / 2 else sr - hz,
        },
    ),
    "02.5": Exercise(
        cases=_spectrograms,
        tolerance=1e-3,
        praise="Average the power, then take decibels once, against the strongest band.",
        otherwise="take the mean over the frames of each band, then 10 log10 of it over the largest of these means.",
        mistakes={
            "that averages the decibels of the cells, in which weak frames weigh as much as strong ones.": (
                lambda power: librosa.power_to_db(power, ref=np.max).mean(axis=1)
            ),
            "that averages decibels, set to 0 for the strongest band afterwards. Average first, while it is power.": (
                lambda power: _below(librosa.power_to_db(power).mean(axis=1))
            ),
            "every distance is doubled: these are powers, not amplitudes.": (
                lambda power: librosa.amplitude_to_db(power.mean(axis=1), ref=np.max)
            ),
            "that is one value a frame. Bands are the rows: average along the other axis.": (
                lambda power: librosa.power_to_db(power.mean(axis=0), ref=np.max)
            ),
            "the distances are right, and the strongest band is not at 0: what is the reference?": (
                lambda power: librosa.power_to_db(power.mean(axis=1))
            ),
            "the size is right and the sign is not: weaker bands lie below 0.": (
                lambda power: -_below(librosa.power_to_db(power.mean(axis=1)))
            ),
            "0 is your mean band. Asked for is the distance from the strongest.": (
                lambda power: librosa.power_to_db(power.mean(axis=1)) - librosa.power_to_db(power.mean(axis=1)).mean()
            ),
            "np.log is the natural logarithm; decibels take the one of base 10.": (
                lambda power: 10 * np.log(power.mean(axis=1) / power.mean(axis=1).max())
            ),
        },
    ),
}
