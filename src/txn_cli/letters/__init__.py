"""Dead letters for operators: list them, show one, replay them."""
