"""A model at work: trees in plain Python, their explanation, calibration, and the signed folder that it comes in."""
