"""The dead letters, for those who look after them: list, look into, and send again."""
