"""How well alerts work: what became of them, by rule and by model, and what another threshold would mean."""
