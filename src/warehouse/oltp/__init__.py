"""The normalised database in PostgreSQL (RDS): third normal form with keys and checks, loaded by a ledger of its own."""
