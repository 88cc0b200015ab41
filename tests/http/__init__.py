"""The HTTP connection, judged by h11 (RFC 9112) on random byte sequences, and used by real clients."""
