"""The log: its set-up, its budget, its queue, and crash reports without local variables."""
