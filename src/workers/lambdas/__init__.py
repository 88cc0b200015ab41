"""Functions of AWS Lambda: the index by an event source mapping, the files of the clients' bucket by its events."""
