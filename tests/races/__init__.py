"""Many posts at once under one key or one id, against processes that serve, die and start again."""
