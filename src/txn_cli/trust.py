"""Whom the HTTP clients of a command trust.

A client that is given nothing reads the bundle of certificates by itself, which takes 13 ms of CPU time each time,
also where it only asks plain addresses. `txn up` and `txn status` make a client a process and a look.
"""

import ssl
from functools import cache

import httpx


@cache
def trust() -> ssl.SSLContext:
    """What httpx trusts by itself whatever the environment says, read once a process."""
    return httpx.create_ssl_context(trust_env=False)
