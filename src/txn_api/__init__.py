"""The HTTP API: it validates, identifies and acknowledges transactions, and answers look-ups."""
