"""The explorer: all views of one choice at once, from a cube of the facts that never leaves the process."""
