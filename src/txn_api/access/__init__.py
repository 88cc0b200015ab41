"""Who sends a request and what they may do: keys, tokens, signatures, scopes, rate limits, unverified bodies."""
