"""The calls of Kinesis as pure functions of the state: their requests, answers and tokens."""
