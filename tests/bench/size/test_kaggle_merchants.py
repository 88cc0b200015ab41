"""The merchants of the large file: as many, and as shared, as those of the Kaggle data."""

from collections import Counter, defaultdict

from bench.size.kaggle_merchants import kaggle_merchants

from txn_cli.simulator.simulated_rows import simulate_rows


def test_the_merchants_of_the_kaggle_data_are_as_many_and_as_shared_as_there() -> None:
    rows = list(simulate_rows(rows=20_000, cards=999, seed=7, merchants=kaggle_merchants()))
    categories: defaultdict[str, set[str]] = defaultdict(set)
    for row in rows:
        categories[row["merchant"]].add(row["category"])
    assert len(categories) == 693
    assert Counter(len(names) for names in categories.values()) == {1: 686, 2: 7}
    assert max(Counter(row["merchant"] for row in rows).values()) < 150, "none is much more popular than another"
