"""A transaction as the scorer sees it, made of an event, of a table of the raw lake or of a row of a file."""
