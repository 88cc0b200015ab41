"""Who asks, and what they may: keys, tokens, signatures, scopes, limits of rate."""
