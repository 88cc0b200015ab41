"""Reconciliation of the views with each other: by ledgers, and record by record where these differ."""
