"""The tables of the scorer and of reviewers."""
