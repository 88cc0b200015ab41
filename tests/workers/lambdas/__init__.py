"""Functions of AWS Lambda."""
