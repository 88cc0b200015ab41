"""The normalised database in PostgreSQL (RDS): third normal form, with a ledger of its own."""
