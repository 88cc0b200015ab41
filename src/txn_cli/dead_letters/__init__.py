"""Dead letters as people see them on a terminal."""
