"""Whoever pays for work by the byte looks for bytes that make dear work: a fuzzer that climbs by measured CPU."""
