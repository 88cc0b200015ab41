"""Models in the lake's bucket, and which of them is to score."""
