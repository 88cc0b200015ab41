"""The archive: every stream position in exactly one object of the lake."""
