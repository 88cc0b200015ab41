"""Changes of cases as they happen, as server-sent events: one look at the table for all listeners of an account."""
