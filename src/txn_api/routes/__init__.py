"""The calls of the API, a module each."""
