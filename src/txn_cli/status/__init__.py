"""How far the workers have come: compared with the stream itself, not with what they say of themselves."""
