"""A resource that only a test knows: a route module, an adapter, and one line in a test application."""
