"""The DynamoDB tables, one adapter each: transactions, merchants, API keys."""
