"""The commands of `txn`, each module one noun with a `register`."""
