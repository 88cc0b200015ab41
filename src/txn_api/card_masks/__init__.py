"""How many cards of one mask an account may send: it keeps masks from telling numbers."""
