"""A stranger's first call: the README's own commands, as they stand, in a fresh clone."""
