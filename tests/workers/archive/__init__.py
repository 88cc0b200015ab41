"""Tests of `workers.archive.archive_processor`."""
