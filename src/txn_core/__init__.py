"""The domain and its building blocks: transactions, identities, events, Kinesis, DynamoDB and S3 adapters."""
