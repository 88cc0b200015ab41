"""Building the index anew, from the lake and the stream."""
