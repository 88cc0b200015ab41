"""Made-up transactions in the Kaggle layout: the same ones for the same seed, on every machine."""
