"""What the warehouse takes: CPU seconds of loads and builds, by the number of rows."""
