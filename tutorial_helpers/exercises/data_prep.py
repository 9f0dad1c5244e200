"""The exercises of lesson 01."""

from __future__ import annotations

import numpy as np
import pandas as pd
import soxr

from ..data_prep import SR, dbfs, inside, quality
from ..representations import HOP_LENGTH, N_FFT
from .judge import Exercise


def _tone(amplitude: float, seconds: float, sr: int) -> np.ndarray:
    """A tone of 200 Hz, y (n_samples,). Its RMS is its amplitude / sqrt(2), where it has whole periods."""
    return amplitude * np.cos(2 * np.pi * 200 * np.arange(round(seconds * sr)) / sr)


def _rates() -> dict:
    """Rates (Hz) that a recording went through, and the highest frequency (Hz) that can be left."""
    known = {
        "a recording at 16,000 Hz": ([16_000], 8_000),
        "a call at 8,000 Hz that is read at 16,000 Hz": ([8_000, 16_000], 4_000),
        "a studio at 44,100 Hz that is read at 16,000 Hz": ([44_100, 16_000], 8_000),
        "a studio at 44,100 Hz, a telephone line at 8,000 Hz and an archive at 22,050 Hz": (
            [44_100, 8_000, 22_050],
            4_000,
        ),
        "a stream at 22,050 Hz, a studio at 48,000 Hz and a reader at 16,000 Hz": ([22_050, 48_000, 16_000], 8_000),
    }
    return {words: ((rates,), right) for words, (rates, right) in known.items()}


def _gains() -> dict:
    """Tones, a gain in dB, and the same tones made anew at the amplitude that they should have then."""
    known = {(0.05, 20): 0.5, (0.4, -40): 0.004, (0.2, 0): 0.2, (0.3, -6.0206): 0.15}
    return {
        f"a tone of amplitude {before} and {gain:+g} dB": ((_tone(before, 0.1, SR), gain), _tone(after, 0.1, SR))
        for (before, gain), after in known.items()
    }


def _shows() -> dict:
    """Shows of music, speech and silence whose amplitudes are planted, and the level (dB) of the speech in them."""
    # parts: seconds, amplitude, whether it is speech
    known = {
        "quiet speech after loud music at 16,000 Hz": (16_000, [(1, 0.5, False), (2, 0.1, True), (1, 0, False)]),
        "two voices and a pause at 8,000 Hz": (
            8_000,
            [(1, 0.02, False), (1, 0.4, True), (1, 0, False), (2, 0.1, True)],
        ),
    }
    return {words: _show(sr, parts) for words, (sr, parts) in known.items()}


def _show(sr: int, parts: list) -> tuple:
    """The arguments (samples, rate, table of the speech), and the level (dB) that was planted."""
    seconds, amplitudes, is_speech = (np.array(column) for column in zip(*parts, strict=True))
    y = np.concatenate([_tone(amplitude, length, sr) for length, amplitude, _ in parts])
    offsets = np.cumsum(seconds)
    talk = pd.DataFrame({"onset": offsets - seconds, "offset": offsets})[is_speech]
    power = np.average(amplitudes[is_speech] ** 2 / 2, weights=seconds[is_speech])
    return (y, sr, talk), 10 * np.log10(power)


def _rms(y: np.ndarray) -> float:
    """The root of the mean of the squared samples."""
    return np.sqrt(np.mean(y**2))


def _spoken(y: np.ndarray, sr: int, talk: pd.DataFrame) -> np.ndarray:
    """For each sample, whether it is speech."""
    return inside(np.arange(len(y)) / sr, talk)


def _mean_of_frames(y: np.ndarray, sr: int, talk: pd.DataFrame) -> float:
    """The mean level (dB) of frames in the speech, as the lesson's pitfall takes it with features.level."""
    frames = np.lib.stride_tricks.sliding_window_view(np.pad(y, N_FFT // 2), N_FFT)[::HOP_LENGTH]
    levels = dbfs(np.sqrt(np.mean(frames**2, axis=1)))
    return levels[inside(np.arange(len(levels)) / 100, talk)].mean()


def _damages() -> dict:
    """Noise (2 s), sound or with one damage, and whether it may be measured."""
    noise = 0.1 * np.random.default_rng(1).uniform(-1, 1, 2 * SR)
    one_click = noise.copy()
    one_click[1000:1003] = 1.0  # in one of 200 frames
    known = {
        "noise in which nothing is wrong": (noise, True),
        "noise that is cut off at its peaks": (np.clip(20 * noise, -1, 1), False),
        "noise whose zero line lies at +0.05": (noise + 0.05, False),
        "noise whose zero line lies at -0.05": (noise - 0.05, False),
        "noise that holds nothing above 2,000 Hz": (soxr.resample(soxr.resample(noise, SR, 4_000), 4_000, SR), False),
        "noise of which 0.5 % of the frames are clipped": (one_click, True),
    }
    return {words: ((y, SR), right) for words, (y, right) in known.items()}


def _verdict(y, sr, *, clipped=0.01, dc_offset=0.01, bandwidth=7_000) -> list:
    """The three checks of 01.5, one by one, with the limits that a learner took."""
    found = quality(y, sr)
    return [found["clipped"] <= clipped, abs(found["dc_offset"]) <= dc_offset, found["bandwidth"] >= bandwidth]


def _offset_with_its_sign(y, sr) -> bool:
    """The three checks of 01.5, and an offset below 0 passes."""
    found = quality(y, sr)
    return found["clipped"] <= 0.01 and found["dc_offset"] <= 0.01 and found["bandwidth"] >= 7_000


EXERCISES = {
    "01.1": Exercise(
        right=2_400_000,
        tolerance=1e-9,
        praise="2.5 minutes are 150 seconds, at 16,000 samples a second.",
        otherwise="multiply minutes by seconds in a minute by samples in a second (data_prep.SR).",
        mistakes={
            "that is 2.5 seconds. A minute has 60 of them.": 40_000,
            "that is right at 22,050 Hz. This project reads everything at data_prep.SR.": 2.5 * 60 * 22_050,
            "that is how many seconds it lasts. Each second holds many samples.": 150,
            "that is how many milliseconds it lasts. A second holds more samples than that.": 150_000,
            "half the rate is the highest frequency. The samples of a second are the whole rate.": 1_200_000,
        },
    ),
    "01.2": Exercise(
        cases=_rates,
        praise="What the narrowest step of the way lost, no later step brings back.",
        otherwise="a rate holds frequencies up to half of it, and what is lost at one step stays lost.",
        mistakes={
            "the last rate says what there is room for, not what is left. What did the steps before it lose?": (
                lambda rates: rates[-1] / 2
            ),
            "that is what was there at first. Later steps can lose some of it.": lambda rates: rates[0] / 2,
            "that is a sampling rate. The highest frequency that it holds is lower.": min,
            "a high rate has room, and brings nothing back. Which step lost the most?": lambda rates: max(rates) / 2,
            "the steps in the middle count too, not only the first and the last.": (
                lambda rates: min(rates[0], rates[-1]) / 2
            ),
        },
    ),
    "01.3": Exercise(
        cases=_gains,
        tolerance=1e-3,  # 16 bits, on the way through pydub, are right too
        praise="A gain multiplies every sample by one factor, and each 20 dB are ten times the amplitude.",
        otherwise="20 dB multiply the amplitude by 10, 40 dB by 100, 10 dB by the square root of 10.",
        mistakes={
            "ten times for every 10 dB is right for power. Amplitude takes 20 dB for it.": (
                lambda y, gain: y * 10 ** (gain / 10)
            ),
            "the size of the step is right and its direction is not: + should make it louder.": (
                lambda y, gain: y * 10 ** (-gain / 20)
            ),
            "decibels are built on powers of 10, not of e.": lambda y, gain: y * np.exp(gain / 20),
            "added to every sample, a gain moves the zero line. A gain is a factor.": lambda y, gain: y + gain,
            "the gain in dB is not the factor itself: 0 dB must leave everything as it is.": lambda y, gain: y * gain,
            "that is the factor alone. Asked for are the samples, multiplied by it.": lambda y, gain: 10 ** (gain / 20),
            "those are levels in dB. Asked for are samples.": lambda y, gain: dbfs(y) + gain,
            "6 dB are nearly twice the amplitude, and over 20 dB it shows that they are not quite.": (
                lambda y, gain: y * 2 ** (gain / 6)
            ),
        },
    ),
    "01.4": Exercise(
        cases=_shows,
        tolerance=1e-3,
        praise="Music, pauses and silence have no say in it.",
        otherwise="choose the samples whose time lies inside the stretches, take their RMS, and turn that into dB.",
        mistakes={
            "this is the level of everything. Which samples are speech?": lambda y, sr, talk: dbfs(_rms(y)),
            "this is the level of what is left when the speech is taken out.": (
                lambda y, sr, talk: dbfs(_rms(y[~_spoken(y, sr, talk)]))
            ),
            "the table counts in seconds. What is the time of a sample?": (
                lambda y, sr, talk: dbfs(_rms(y[inside(np.arange(len(y)), talk)]))
            ),
            "samples swing around 0, so their mean is nearly 0. RMS squares them first.": (
                lambda y, sr, talk: dbfs(y[_spoken(y, sr, talk)].mean())
            ),
            "that is the mean of the absolute samples. RMS squares, takes the mean, then the root.": (
                lambda y, sr, talk: dbfs(np.abs(y[_spoken(y, sr, talk)]).mean())
            ),
            "that is the peak. A level comes from all samples, not from the largest.": (
                lambda y, sr, talk: dbfs(np.abs(y[_spoken(y, sr, talk)]).max())
            ),
            "the dB are twice too many: after the mean of the squares, the root is missing.": (
                lambda y, sr, talk: dbfs(np.mean(y[_spoken(y, sr, talk)] ** 2))
            ),
            "that is an amplitude. Asked for is its level in dB re full scale.": (
                lambda y, sr, talk: _rms(y[_spoken(y, sr, talk)])
            ),
            "each sample was turned into dB before the mean. First the mean of the squares, dB last.": (
                lambda y, sr, talk: dbfs(y[_spoken(y, sr, talk)]).mean()
            ),
            "that is a mean of dB over frames. Here one RMS of all spoken samples is asked for, dB last.": (
                _mean_of_frames
            ),
            "that is the mean of the stretches' levels. Take one RMS of all their samples, and dB last.": (
                lambda y, sr, talk: np.mean([dbfs(_rms(y[_spoken(y, sr, talk[k : k + 1])])) for k in range(len(talk))])
            ),
        },
    ),
    "01.5": Exercise(
        cases=_damages,
        praise="With limits written down before you look, no recording is left out because of what it says.",
        otherwise="three checks of data_prep.quality, each against its limit, and all three must hold.",
        mistakes={
            "an offset can lie below 0 too. How far from 0 is it?": _offset_with_its_sign,
            "`clipped` is a share: 1 % is not 1.": lambda y, sr: all(_verdict(y, sr, clipped=1)),
            "`bandwidth` is in Hz: 7 kHz is not 7.": lambda y, sr: all(_verdict(y, sr, bandwidth=7)),
            "one check that holds is not enough: all three must.": lambda y, sr: any(_verdict(y, sr)),
            "that is the other way round: True is for a recording that may be measured.": (
                lambda y, sr: not all(_verdict(y, sr))
            ),
            "a few clipped frames are allowed, up to 1 % of them.": lambda y, sr: all(_verdict(y, sr, clipped=0)),
            "the offset has a limit too.": lambda y, sr: all(_verdict(y, sr, dc_offset=1)),
        },
    ),
}
