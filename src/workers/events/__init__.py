"""From records of the stream to events, and what becomes of those that are none."""
