"""The pages that ask the insight service, in a browser."""
