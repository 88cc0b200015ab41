"""`txn ingest`: a file taken in as a batch, what is said of batches, and waiting for their rows."""
