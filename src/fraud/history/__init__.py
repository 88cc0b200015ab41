"""What is kept of a card: its purchases of the last weeks, packed, from which every feature is computed."""
