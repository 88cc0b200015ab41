"""Made-up transactions in the Kaggle layout: the same ones for the same seed, on every machine."""

from txn_cli.simulator.simulated_rows import simulate_rows

__all__ = ["simulate_rows"]
