"""Card numbers: the one type that holds one, and the search for them where none may be."""
