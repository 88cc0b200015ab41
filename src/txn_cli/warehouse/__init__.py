"""Runs of the warehouse for a system: which lake, which engine, which folder; and how positions are compared."""
