"""The batch half: the raw lake becomes a curated table, the table goes to warehouses, and models answer questions."""
