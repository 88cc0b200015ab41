"""The index: one item a transaction in DynamoDB, the first write of an id winning."""
