"""Rules that people write, in CEL: what they may say, who may activate them, and which transactions they hit."""
