"""Tests of the smoke test on AWS, on fakes."""
