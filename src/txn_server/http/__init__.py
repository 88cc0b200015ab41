"""HTTP/1.1: the connection, its heads, bodies and exchanges, and the server that accepts connections."""
