"""Around every request: its ids, trace, log line, metrics, headers, and the ways of its body."""
