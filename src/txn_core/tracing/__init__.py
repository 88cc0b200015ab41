"""Spans with names and attributes from a fixed list, to an OpenTelemetry collector (docs/telemetry.md)."""
