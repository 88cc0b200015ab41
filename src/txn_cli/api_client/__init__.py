"""The API's client of the commands: the key, the target, calls, replies, and trying again."""
