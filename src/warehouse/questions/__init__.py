"""The twelve questions that analysts ask first, as plain SQL that each engine runs unmodified (docs/questions.md)."""
