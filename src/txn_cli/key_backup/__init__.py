"""What `txn keys export` and `txn keys import` do: API keys are kept apart, and put back (docs/backup.md)."""
