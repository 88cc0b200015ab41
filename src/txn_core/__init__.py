"""The domain and its building blocks: transactions, card numbers, Kinesis, DynamoDB, S3, settings, logs."""
