"""Labels that come in files."""
