"""The curated table: every stream position of the raw lake once, of fixed schema, in few large files, without names."""
