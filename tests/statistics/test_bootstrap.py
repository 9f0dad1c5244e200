"""The cluster bootstrap from known answers and by other ways to draw."""

import numpy as np
import pandas as pd
import pytest

from tutorial_helpers.statistics.bootstrap import cluster_interval


def error_rate(sums):
    return sums[:, 0] / sums[:, 1]


def some_counts(n_clusters=12, seed=0):
    """Errors and words of sentences in clusters of one to six, of which some are harder than others."""
    rng = np.random.default_rng(seed)
    cluster = np.repeat(np.arange(n_clusters), rng.integers(1, 7, n_clusters))
    words = rng.integers(5, 30, len(cluster))
    errors = rng.binomial(words, rng.beta(2, 8, n_clusters)[cluster])
    return pd.DataFrame({"errors": errors, "words": words, "cluster": cluster})


def test_the_interval_is_that_of_rows_put_side_by_side_in_each_draw():
    counts = some_counts()
    found = cluster_interval(counts[["errors", "words"]], counts["cluster"], error_rate, np.random.default_rng(5))
    n = counts["cluster"].nunique()
    draws = np.random.default_rng(5).multinomial(n, np.full(n, 1 / n), size=2000)
    parts = [part for _, part in counts.groupby("cluster")]
    rates = []
    for times in draws:
        rows = pd.concat([part for part, k in zip(parts, times, strict=True) for _ in range(k)])
        rates.append(rows["errors"].sum() / rows["words"].sum())
    assert found == pytest.approx(tuple(np.quantile(rates, [0.025, 0.975])), rel=1e-12)


def test_it_also_agrees_with_drawing_clusters_one_by_one_with_replacement():
    """Another generator, another way to draw: two intervals from 2,000 draws differ by a few hundredths of a width."""
    counts = some_counts(30, seed=2)
    low, high = cluster_interval(counts[["errors", "words"]], counts["cluster"], error_rate, np.random.default_rng(5))
    sums = counts.groupby("cluster")[["errors", "words"]].sum().to_numpy()
    drawn = np.random.default_rng(6).integers(0, len(sums), (20_000, len(sums)))
    by_hand = np.quantile(error_rate(sums[drawn].sum(axis=1)), [0.025, 0.975])
    assert np.abs(by_hand - [low, high]).max() < 0.08 * (high - low)


def test_clusters_may_have_any_names_and_one_cluster_has_no_interval():
    counts = some_counts()
    names = counts["cluster"].map(lambda i: f"episode {i}")
    sums = counts[["errors", "words"]]
    by_number = cluster_interval(sums, counts["cluster"], error_rate, np.random.default_rng(1))
    assert cluster_interval(sums, names, error_rate, np.random.default_rng(1)) == by_number
    assert cluster_interval(sums.to_numpy(), list(names), error_rate, np.random.default_rng(1)) == by_number
    for n_rows in (1, 5):
        interval = cluster_interval(sums.head(n_rows), ["one"] * n_rows, error_rate, np.random.default_rng(0))
        assert np.isnan(interval).all() and len(interval) == 2


def test_the_interval_is_wider_where_the_rows_of_a_cluster_agree_than_if_each_row_were_its_own():
    """Twenty recordings of five rows, each row a copy of its recording's first: five times less is known."""
    errors = np.repeat(np.random.default_rng(1).binomial(20, 0.2, 20), 5)
    sums = np.stack([errors, np.full(100, 20)], axis=1)
    width = {}
    for name, clusters in {"recordings": np.repeat(np.arange(20), 5), "rows": np.arange(100)}.items():
        low, high = cluster_interval(sums, clusters, error_rate, np.random.default_rng(0))
        width[name] = high - low
    assert width["recordings"] / width["rows"] == pytest.approx(np.sqrt(5), rel=0.15)


def test_95_percent_of_intervals_hold_the_truth_if_clusters_are_drawn_and_far_fewer_if_rows_are():
    rng = np.random.default_rng(7)
    covered = {"recordings": [], "rows": []}
    recordings = np.repeat(np.arange(40), 5)
    for i in range(200):
        rate = rng.beta(4, 16, 40)[recordings]  # of mean 0.2: recordings differ, and their rows agree
        sums = np.stack([rng.binomial(15, rate), np.full(200, 15)], axis=1)
        for unit, names in {"recordings": recordings, "rows": np.arange(200)}.items():
            if unit == "recordings" or i < 60:
                low, high = cluster_interval(sums, names, error_rate, rng)
                covered[unit].append(low <= 0.2 <= high)
    assert 0.90 <= np.mean(covered["recordings"]) <= 0.98
    assert np.mean(covered["rows"]) < 0.85
