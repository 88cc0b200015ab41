"""What posts: bodies, an open loop, uploads, wrk."""
