"""The one definition of each feature, with its name, unit, window and the words in which people read it."""
