"""One module a stack, and the parts that the large ones are made of."""
