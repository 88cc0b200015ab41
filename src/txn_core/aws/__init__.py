"""AWS: the clients of a process, and one judgement of what its services answer."""
