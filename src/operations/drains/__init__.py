"""How far each drain is: leases and checkpoints, held against what the stream holds."""
