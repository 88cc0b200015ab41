"""The domain: the model of a transaction, its checks and identities, and the event that it becomes."""
