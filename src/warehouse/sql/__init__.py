"""Reading a warehouse in SQL: by a role, read-only, without files or network, and bounded."""
