"""How good scores are: measures of ranked transactions and their intervals, for training and backtests alike."""
