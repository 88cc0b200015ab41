"""The scorer: every transaction of the stream gets a score, and where it is due, an alert (docs/fraud.md)."""
