"""Commands about fraud."""
