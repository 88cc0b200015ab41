"""`txn demo`: what the system does, shown with rows of one's own or with simulated ones."""
