"""PostgreSQL for the landing and the normalised database: sessions, transactions, roles."""
