"""Gives up the leases of a stream that is gone: finds them, reports them, resets them."""
