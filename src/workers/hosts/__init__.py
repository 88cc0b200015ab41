"""What runs a drain: processes with leases, their health and their end."""
