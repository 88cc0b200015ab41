"""Runs of the warehouse: curate, load, build, publish; and what shows that nothing is missing."""
