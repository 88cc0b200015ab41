"""The mission's data set at its full size, on the local stack of one machine."""
