"""The tables of the scorer and of those who review its alerts."""
