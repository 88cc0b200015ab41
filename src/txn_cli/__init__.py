"""The `txn` command and the local stack: the one place that composes all the other packages."""
