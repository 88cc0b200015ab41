"""The service that answers questions to the warehouse over HTTP, in a process of its own (docs/insight.md)."""
