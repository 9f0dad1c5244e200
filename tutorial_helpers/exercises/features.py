"""The exercises of lesson 03."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import pandas as pd

from .judge import Exercise

# 03.1: the frame that looks at a moment


def _moments() -> dict:
    """Moments a little before or after a frame's centre, and that frame's number."""
    cases = {}
    for frame, beside, sr, hop in ((300, -0.4, 16_000, 160), (57, 0.4, 16_000, 160), (430, -0.3, 22_050, 512)):
        seconds = (frame + beside) * hop / sr
        cases[f"{seconds:.3f} s at {sr:,} Hz and a hop of {hop} samples"] = (seconds, sr, hop), frame
    return cases


# 03.2: syllables a second of speech


def _talks() -> dict:
    """Stretches of speech with evenly spaced syllables, knocks between them, and the syllables a second of speech."""
    planted = {  # (onset, offset, syllables a second) of each stretch; times of the knocks
        "three stretches of speech": ([(0.0, 2.0, 4), (3.5, 4.5, 6), (7.0, 10.0, 3)], [2.5, 5.0, 6.1]),
        "long pauses": ([(0.0, 2.0, 5), (5.0, 6.0, 2), (8.5, 10.5, 4)], [2.6, 3.2, 7.0, 11.3]),
    }
    cases = {}
    for words, (stretches, knocks) in planted.items():
        syllables = [onset + (np.arange(rate * (offset - onset)) + 0.5) / rate for onset, offset, rate in stretches]
        nuclei = np.sort(np.concatenate([*syllables, knocks]))
        speech = pd.DataFrame([stretch[:2] for stretch in stretches], columns=["onset", "offset"])
        seconds = sum(offset - onset for onset, offset, _ in stretches)
        cases[words] = (nuclei, speech), (len(nuclei) - len(knocks)) / seconds
    return cases


def _counts(nuclei: np.ndarray, speech: pd.DataFrame) -> np.ndarray:
    """How many nuclei lie in each stretch of speech."""
    return np.searchsorted(nuclei, speech["offset"]) - np.searchsorted(nuclei, speech["onset"])


def _seconds(speech: pd.DataFrame) -> pd.Series:
    return speech["offset"] - speech["onset"]


def _from_first_to_last(speech: pd.DataFrame) -> float:
    return speech["offset"].max() - speech["onset"].min()


# 03.3: semitones between two voices


def _two_voices() -> dict:
    """Pairs of voices whose middle word lies at a known F0; the second has more noise between its words."""
    cases = {}
    for low, high in ((120.0, 180.0), (230.0, 130.0)):
        first, second = _voice(low, (-4, -2, 0, 2, 7), 0.02), _voice(high, (-6, -2, 0, 2, 4), 0.09)
        cases[f"two voices of {low:.0f} and {high:.0f} Hz"] = (first, second, 16_000), 12 * np.log2(high / low)
    return cases


def _voice(f0: float, steps: tuple[int, ...], noise_seconds: float) -> np.ndarray:
    """A word of 0.12 s at each of so many semitones from f0 (Hz), noise after each, at 16 kHz: y (n_samples,)."""
    times = np.arange(round(0.12 * 16_000)) / 16_000
    noise = 0.05 * np.random.default_rng(3).standard_normal(round(noise_seconds * 16_000))
    words = []
    for step in steps:
        phase = 2 * np.pi * f0 * 2 ** (step / 12) * times
        words += [0.3 * np.hanning(len(times)) * sum(np.sin(k * phase) / k for k in range(1, 9)), noise]
    return np.concatenate(words).astype(np.float32)


@lru_cache(maxsize=8)  # every mistake measures the same few voices
def _f0_of(samples: bytes, sr: int) -> pd.Series:
    from ..voice import pitch  # here, because every lesson imports all exercises, and Praat takes its time

    return pitch(np.frombuffer(samples, dtype=np.float32), sr)["f0"]


def _medians(first: np.ndarray, second: np.ndarray, sr: int, middle=pd.Series.median) -> tuple[float, float]:
    """The middle F0 (Hz) of two recordings, by default the median of the voiced frames."""
    return middle(_f0_of(first.tobytes(), sr)), middle(_f0_of(second.tobytes(), sr))


def _apart(low, high):
    return 12 * np.log2(high / low)


# 03.5: a turn's level from the table


def _tables() -> dict:
    """Tables with one turn whose voiced frames have two known levels, others' voices around it, and its level in dB."""
    cases = {}
    for onset, offset, loud, soft, share in ((3.0, 7.0, -20.0, -30.0, 0.5), (2.5, 4.1, -16.0, -36.0, 0.25)):
        table = pd.DataFrame({"time": np.arange(1000) / 100, "level": -60.0, "voiced": False})
        frames = np.arange(round(100 * onset) + 10, round(100 * offset) - 10)  # a turn begins and ends unvoiced
        voiced = frames.reshape(-1, 10)[:, :8]  # eight frames of voice, two without
        table.loc[voiced.ravel(), "level"] = soft
        table.loc[voiced[:, : round(8 * share)].ravel(), "level"] = loud
        others = (table["time"] < 1) | (table["time"] > 9)
        table.loc[others, "level"] = -12.0
        table["voiced"] = others | table.index.isin(voiced.ravel())
        power = share * 10 ** (loud / 10) + (1 - share) * 10 ** (soft / 10)
        cases[f"a turn from {onset} to {offset} s"] = (table, onset, offset), 10 * np.log10(power)
    return cases


def _turn(table: pd.DataFrame, onset: float, offset: float) -> pd.DataFrame:
    return table[table["time"].between(onset, offset)]


def _voiced_db(table: pd.DataFrame, onset: float, offset: float) -> pd.Series:
    """The levels (dB) of a turn's voiced frames."""
    return _turn(table, onset, offset).query("voiced")["level"]


def _mean_power(db: pd.Series, per_tenfold: float = 10.0) -> float:
    return np.mean(10 ** (db / per_tenfold))


EXERCISES = {
    "03.1": Exercise(
        cases=_moments,
        praise="Frames are one hop apart and counted from 0, whatever the window.",
        otherwise="how many samples is the moment from the beginning, and how many hops are that?",
        mistakes={
            "that counts windows. Neighbouring frames lie one hop apart, however long the window is.": (
                lambda seconds, sr, hop: round(seconds * sr / 1_024)
            ),
            "that is the last frame whose centre lies before the moment. Is the next one nearer?": (
                lambda seconds, sr, hop: int(seconds * sr / hop)
            ),
            "frames have whole numbers: which is the nearest?": lambda seconds, sr, hop: seconds * sr / hop,
            "that is the number of the sample. A frame comes only once a hop.": (
                lambda seconds, sr, hop: round(seconds * sr)
            ),
            "a frame every 10 ms holds for a hop of 160 samples at 16,000 Hz only. Use what is given.": (
                lambda seconds, sr, hop: round(100 * seconds)
            ),
            "those are librosa's own 22,050 Hz and 512 samples. Pass it your sr and hop_length.": (
                lambda seconds, sr, hop: int(seconds * 22_050 // 512)
            ),
            "frame 0 is centred on 0 s, so there is no need to count one more.": (
                lambda seconds, sr, hop: round(seconds * sr / hop) + 1
            ),
            "our frames are centred: half a window need not be taken off.": (
                lambda seconds, sr, hop: round((seconds * sr - 512) / hop)
            ),
        },
    ),
    "03.2": Exercise(
        cases=_talks,
        praise="Pauses and knocks have no say in it, and a long stretch has more than a short one.",
        otherwise="count the nuclei that lie in a stretch of speech; add up how long the stretches last.",
        mistakes={
            "the knocks between the stretches are counted too. Keep nuclei between an onset and its offset.": (
                lambda nuclei, speech: len(nuclei) / _seconds(speech).sum()
            ),
            "the seconds hold the pauses too. Add up how long each stretch lasts.": (
                lambda nuclei, speech: _counts(nuclei, speech).sum() / _from_first_to_last(speech)
            ),
            "knocks are counted and pauses are timed. Look only at what lies between an onset and its offset.": (
                lambda nuclei, speech: len(nuclei) / _from_first_to_last(speech)
            ),
            "that is seconds a syllable: the other way up.": (
                lambda nuclei, speech: _seconds(speech).sum() / _counts(nuclei, speech).sum()
            ),
            "that is syllables a minute. Asked for are syllables a second.": (
                lambda nuclei, speech: 60 * _counts(nuclei, speech).sum() / _seconds(speech).sum()
            ),
            "that is the mean of the stretches' own rates, where a short one counts as much as a long one.": (
                lambda nuclei, speech: (_counts(nuclei, speech) / _seconds(speech)).mean()
            ),
            "the last stretch is missing. Where does your loop or slice end?": (
                lambda nuclei, speech: _counts(nuclei, speech)[:-1].sum() / _seconds(speech)[:-1].sum()
            ),
            "the steps from one nucleus to the next hold the pauses too. Count nuclei within the stretches.": (
                lambda nuclei, speech: 1 / np.diff(nuclei).mean()
            ),
        },
    ),
    "03.3": Exercise(
        cases=_two_voices,
        tolerance=0.01,
        praise="A ratio of 1.5 is 7.02 semitones, at any height, and noise has no say in it.",
        otherwise="take the median F0 of the voiced frames of each, then 12 log2 of their ratio.",
        mistakes={
            "the distance is right and its sign is not: how far is the second above the first?": (
                lambda first, second, sr: -_apart(*_medians(first, second, sr))
            ),
            "that is the difference in Hz. Semitones come from the ratio.": (
                lambda first, second, sr: np.subtract(*_medians(second, first, sr))
            ),
            "that is the ratio. Semitones are 12 log2 of it.": (
                lambda first, second, sr: np.divide(*_medians(second, first, sr))
            ),
            "that is in octaves. An octave has 12 semitones.": (
                lambda first, second, sr: _apart(*_medians(first, second, sr)) / 12
            ),
            "that is the natural logarithm; semitones take the one of base 2.": (
                lambda first, second, sr: _apart(*_medians(first, second, sr)) * np.log(2)
            ),
            "from its own median every voice is 0 semitones away. Give both the same reference.": (
                lambda first, second, sr: np.subtract(
                    *_medians(second, first, sr, lambda f0: _apart(f0.median(), f0).median())
                )
            ),
            "that compares means. One high word moves a mean, and hardly moves a median.": (
                lambda first, second, sr: _apart(*_medians(first, second, sr, pd.Series.mean))
            ),
            "frames without a voice count as 0 Hz in your medians. Leave them out first.": (
                lambda first, second, sr: _apart(*_medians(first, second, sr, lambda f0: f0.fillna(0).median()))
            ),
            "unvoiced frames are missing (NaN), and one NaN makes a plain mean or median NaN. Leave them out.": (
                lambda first, second, sr: _apart(*_medians(first, second, sr, lambda f0: np.median(list(f0))))
            ),
        },
    ),
    "03.4": Exercise(
        right=20 * np.sqrt(40),  # the first weight is 1 / sqrt(40) in each of 40 bands, and each band rises by 20 dB
        tolerance=0.005,
        praise="Each band rises by 20 dB, and the flat cosine adds that up to 20 times the root of 40.",
        otherwise="by how many dB does each band rise? Then see what doubling did in the pitfall above.",
        mistakes={
            "10 dB are ten times the power. Ten times the amplitude are more.": 10 * np.sqrt(40),
            "that is right for the 64 bands of this lesson. Here there are 40.": 20 * np.sqrt(64),
            "that is what each band rises by, in dB. MFCC 1 gathers all bands.": 20.0,
            "the flat cosine's weight is not 1 in each band. What stood under the root in the pitfall above?": 20 * 40,
            "under the root stands the number of bands, not of coefficients.": 20 * np.sqrt(13),
            "turned down, it would fall. Here the gain is turned up.": -20 * np.sqrt(40),
            "dB take the logarithm of base 10, and that is the natural one.": 20 * np.log(10) * np.sqrt(40),
            "that is what twice the amplitude does. Here it is ten times.": 20 * np.log10(2) * np.sqrt(40),
            "the gain leaves MFCC 2 to 13 as they are, but not the first.": 0.0,
        },
    ),
    "03.5": Exercise(
        cases=_tables,
        praise="The turn's own voiced frames, averaged as power: a mean that a soft syllable cannot drag down.",
        otherwise="keep the turn's voiced frames, turn dB into power, take the mean, and turn it back into dB.",
        mistakes={
            "that is the mean of decibels. Average what they stand for, the power.": (
                lambda table, onset, offset: _voiced_db(table, onset, offset).mean()
            ),
            "frames without a voice are in it. Keep the voiced ones.": (
                lambda table, onset, offset: 10 * np.log10(_mean_power(_turn(table, onset, offset)["level"]))
            ),
            "that is the whole table. Keep the frames whose time lies between onset and offset.": (
                lambda table, onset, offset: 10 * np.log10(_mean_power(table.query("voiced")["level"]))
            ),
            "onset and offset are seconds, not numbers of rows. Compare them with the column time.": (
                lambda table, onset, offset: (
                    10 * np.log10(_mean_power(table.iloc[int(onset) : int(offset)].query("voiced")["level"]))
                )
            ),
            "that averages amplitude. With 10 in place of 20 it is power, on the way there and back.": (
                lambda table, onset, offset: 20 * np.log10(_mean_power(_voiced_db(table, onset, offset), 20.0))
            ),
            "the way there took 10 and the way back 20. Power takes 10 both ways.": (
                lambda table, onset, offset: 20 * np.log10(_mean_power(_voiced_db(table, onset, offset)))
            ),
            "that is a power. Turn it back into dB.": (
                lambda table, onset, offset: _mean_power(_voiced_db(table, onset, offset))
            ),
            "dB take the logarithm of base 10, and that is the natural one.": (
                lambda table, onset, offset: 10 * np.log(_mean_power(_voiced_db(table, onset, offset)))
            ),
            "that is a median. Asked for is the mean of the power.": (
                lambda table, onset, offset: _voiced_db(table, onset, offset).median()
            ),
        },
    ),
}
