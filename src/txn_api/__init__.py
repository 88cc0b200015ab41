"""The HTTP front door: it validates, identifies and acknowledges transactions, and answers look-ups."""
