"""Dead letters of a lake: listed, and put onto the stream again."""
