"""The figures of the API, from what its processes count."""
