"""A drill on a local stack: tables are lost, and everything comes back (docs/backup.md)."""
