"""Look-ups: cursors, fields, formats."""
