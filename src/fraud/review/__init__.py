"""Alerts, cases and labels in their tables: what the records allow, made durable by one conditional write each."""
