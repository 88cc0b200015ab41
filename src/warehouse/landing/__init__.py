"""Where curated rows land: the tables that models read, one engine behind one port."""
