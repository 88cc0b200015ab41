"""The ids of requests: random, so that an id tells nobody how many requests there were before it.

A counter in the id, however it is written, tells each client the traffic of all the others. Two of `n` ids are equal
by chance with a probability of n²/2⁶⁵: of a thousand million requests, once in 37 times. 64 random bits are also the
form in which W3C Trace Context wants the id of a child (`txn_api.edge.trace.traceresponse`).
"""

import os
from collections.abc import Iterator
from typing import Final

PREFIX: Final = "req_"
DIGITS: Final = 16
"""Hex digits of an id, 4 bits each."""
_IDS_AT_ONCE: Final = 256  # one call of the system for each id would cost more than all the rest


def request_ids() -> Iterator[str]:
    """Ids without an end, from the system's random source."""
    while True:
        random = os.urandom(_IDS_AT_ONCE * DIGITS // 2).hex()
        for start in range(0, len(random), DIGITS):
            yield f"{PREFIX}{random[start : start + DIGITS]}"
