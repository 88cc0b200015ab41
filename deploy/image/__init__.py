"""The image: what is removed from it, and how it is built and measured."""
