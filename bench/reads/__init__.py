"""The look-ups against the plain way, and a walk through a hot merchant while it grows."""
