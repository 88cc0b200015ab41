"""Figures of what was counted."""
