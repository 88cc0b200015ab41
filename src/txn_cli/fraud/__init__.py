"""What training and backtests read: transactions and labels, of a file or of the lake."""
