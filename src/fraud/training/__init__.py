"""Training: from rows to a signed model and a report of what it can do. Needs the extra `train`."""
