"""Posts and uploads from body to acknowledgement: decoding, admission, shares of time and memory, idempotency."""
