"""Tests of the door that stands in for Redshift."""
