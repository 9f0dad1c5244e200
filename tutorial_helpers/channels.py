"""The channels of a recording: their mean, or one of them, and what is wrong with them."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .errors import TutorialError

CANCELLED = 0.01  # of the channels' power, a tenth of their RMS: what is left of the mean is not the recording
CANCEL = "its channels cancel when they are averaged (opposite phase)"
SILENT_CHANNEL = 1e-6  # of the loudest channel's power, 60 dB below: a microphone that was not there
SHORTEST_DELAY, LONGEST_DELAY = 0.001, 0.05  # s: a delay that combs out frequencies of speech; beyond, it is an echo
ALIKE = 0.5  # correlation of two channels from which on one repeats the other
LONGEST_LOOKED_AT = 5  # seconds in which a delay between channels is looked for

Sums = tuple[np.ndarray, float, float]  # of a block: the power of each channel, that of their mean, a delay (s)


def one_channel(
    native: Iterator[tuple[np.ndarray, int]],
    channel: int | None,
    name: str,
    sums: list[Sums],
) -> Iterator[tuple[np.ndarray, int]]:
    """One channel, or the mean of all, of blocks (n_samples, channels).

    `sums` gets, for each, the power of each channel, that of the mean, and by how much a channel is late (s).
    """
    for samples, native_sr in native:
        n_channels = samples.shape[1]
        if channel is not None:
            if not 1 <= channel <= n_channels:
                raise TutorialError(f"{name} has {n_channels} channels: choose from 1 to {n_channels}, not {channel}.")
            yield samples[:, channel - 1], native_sr
            continue
        y = samples[:, 0] if n_channels == 1 else samples.mean(axis=1)
        mono_power = float(np.dot(y, y))
        powers = [mono_power] if n_channels == 1 else [float(np.dot(one, one)) for one in samples.T]
        late = _late_by(samples[: LONGEST_LOOKED_AT * native_sr], native_sr) if not sums and n_channels > 1 else 0.0
        sums.append((np.array(powers), mono_power, late))
        yield y, native_sr


def judge_channels(sums: list[Sums]) -> list[str]:
    """What is wrong with the channels: that they cancel each other, or that one is silent or late."""
    if len({len(powers) for powers, _, _ in sums}) != 1:  # one was chosen; or files were joined, and none goes through
        return []
    powers = np.sum([powers for powers, _, _ in sums], axis=0)
    if sum(mono_power for _, mono_power, _ in sums) < CANCELLED * powers.mean():
        return [CANCEL]
    is_silent = powers <= SILENT_CHANNEL * powers.max()
    if is_silent.any() and powers.any():
        silent = ", ".join(str(number) for number in np.flatnonzero(is_silent) + 1)
        lower = 20 * np.log10(len(powers) / (~is_silent).sum())
        return [
            f"channel {silent} of {len(powers)} is silent, so the mean of all is {lower:.0f} dB too low: read with "
            f"channel={powers.argmax() + 1}"
        ]
    if late := sums[0][2]:
        return [f"one channel is {1000 * late:.0f} ms late, which the mean of both mixes up: read with channel=1"]
    return []


def _late_by(samples: np.ndarray, sr: int) -> float:
    """By how much (s) a channel repeats the loudest one later or earlier, where it does so by over a millisecond."""
    n, longest = len(samples), round(LONGEST_DELAY * sr)
    size = 1 << (n + longest).bit_length()  # so that no delay comes round from the other end
    spectra = np.fft.rfft(samples, size, axis=0)
    norms = np.linalg.norm(samples, axis=0)
    loudest = int(norms.argmax())
    lags = np.arange(-min(longest, n - 1), min(longest, n - 1) + 1)
    for other in set(range(samples.shape[1])) - {loudest}:
        likeness = np.abs(np.fft.irfft(spectra[:, other] * spectra[:, loudest].conj(), size)[lags])
        late = abs(int(lags[likeness.argmax()])) / sr
        if late > SHORTEST_DELAY and likeness.max() > ALIKE * norms[other] * norms[loudest] > 0:
            return late
    return 0.0
