"""Which figures are not as they should be, and what to do then."""
