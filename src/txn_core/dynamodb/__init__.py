"""The DynamoDB tables of transactions, merchants, cards, counted masks and used signatures, an adapter each."""
