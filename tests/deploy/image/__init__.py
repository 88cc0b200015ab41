"""Tests of the image: what is removed from it, and how its processes run."""
