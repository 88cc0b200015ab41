"""Commands for those who ask the warehouse."""
