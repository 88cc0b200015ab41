"""The verdict on the scorer: its log, rows, states, alerts and cases held against a refold of the stream."""
