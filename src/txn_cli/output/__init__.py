"""What commands show: tables, meters, and errors that are not ours in words."""
