"""Mutated requests against the API's real process (`make fuzz`)."""
