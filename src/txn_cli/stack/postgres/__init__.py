"""A PostgreSQL server as a child of the stack, from the programs of a wheel, without root."""
