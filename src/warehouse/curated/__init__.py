"""The curated table: each stream position of the raw lake once, in few large files of fixed schema, without names."""
