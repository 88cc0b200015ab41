"""Metrics for CloudWatch, as lines of the log in its embedded metric format (docs/telemetry.md)."""
