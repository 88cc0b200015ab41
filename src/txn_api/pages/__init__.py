"""Pages for people: static files, and the explanation of each problem."""
