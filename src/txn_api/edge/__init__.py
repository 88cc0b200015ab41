"""What surrounds every request: route table, ids, trace, log line, metrics, headers, and the searched query."""
