"""Intervals by drawing again from what was recorded."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import pandas as pd


def cluster_interval(
    sums: pd.DataFrame | np.ndarray, clusters: Iterable, statistic: Callable, rng: np.random.Generator
) -> tuple[float, float]:
    """A 95 % interval for a statistic of sums over rows that come in clusters, by the cluster bootstrap.

    Whole clusters are drawn with replacement, 2,000 times. With a handful of clusters the interval is too narrow; with
    one it is missing.

    Parameters
    ----------
    sums : ndarray of shape (n_rows, n_columns)
        What is added up.
    clusters : ndarray of shape (n_rows,)
        The cluster of each row, such as its recording.
    statistic : function
        From the sums of all draws, shape (n_draws, n_columns), to values, shape (n_draws,).

    References
    ----------
    Field & Welsh 2007, 10.1111/j.1467-9868.2007.00593.x.
    """
    of_cluster = pd.DataFrame(np.asarray(sums, dtype=float)).groupby(pd.factorize(np.asarray(clusters))[0]).sum()
    if len(of_cluster) < 2:
        return np.nan, np.nan
    times_drawn = rng.multinomial(len(of_cluster), np.full(len(of_cluster), 1 / len(of_cluster)), size=2000)
    with np.errstate(invalid="ignore", divide="ignore"):  # a draw may hold nothing to divide by
        low, high = np.nanquantile(statistic(times_drawn @ of_cluster.to_numpy()), [0.025, 0.975])
    return float(low), float(high)
