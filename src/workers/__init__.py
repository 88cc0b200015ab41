"""The stream drains: each worker turns the stream into one view, exactly once."""
