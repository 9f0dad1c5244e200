"""The exercises of lesson 02."""

from __future__ import annotations

from .judge import Exercise


def _tones() -> dict:
    """Tones above and below half of the rate, and where they appear when nothing filters them."""
    known = {(1_000, 8_000): 1_000, (5_000, 8_000): 3_000, (7_900, 8_000): 100, (9_000, 8_000): 1_000}
    known |= {(13_000, 8_000): 3_000, (30_000, 22_050): 7_950}
    return {f"a tone of {hz:,} Hz at {sr:,} Hz": ((hz, sr), right) for (hz, sr), right in known.items()}


EXERCISES = {
    "02.1": Exercise(
        right=2_048,
        praise="16,000 / 2,048 is 7.8 Hz a bin, and the window is 128 ms long.",
        otherwise="bins are sr / n_fft Hz apart. Try the powers of two: 512, 1024, 2048 ...",
        mistakes={
            "1,600 samples give 10 Hz exactly, but 1,600 is no power of two.": 1_600,
            "16,000 / 1,024 is 15.6 Hz a bin, more than 10.": 1_024,
            "4,096 is fine enough, but a smaller window is too, and it blurs time less.": 4_096,
            "that is how far apart the bins are, in Hz. Asked for is the window, in samples.": 7.8125,
        },
    ),
    "02.2": Exercise(
        cases=_tones,
        praise="It rises to half the rate, falls back to 0, and begins again.",
        otherwise="up to half the rate a tone stays; from there it comes down as far as it went up; at the rate it "
        "begins again.",
        mistakes={
            "a tone above half the rate does not stay where it is: nothing can be stored up there.": lambda hz, sr: hz,
            "a frequency has no sign here: take its absolute value.": lambda hz, sr: hz - sr * round(hz / sr),
            "it turns round at half the rate and comes down; it does not start again from 0.": (
                lambda hz, sr: hz % (sr / 2)
            ),
            "above the rate itself it goes up once more, and so on.": lambda hz, sr: hz if hz < sr / 2 else sr - hz,
        },
    ),
}
