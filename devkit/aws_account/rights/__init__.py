"""Which rights a call to AWS needs, read from the request as it stands on the wire."""
