"""Counts the distinct cards of each mask by account, in the process and with the other processes (ADR 31)."""
