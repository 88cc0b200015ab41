"""Events with ids as clients have them, of as many cards as there are rows."""

import random

from bench.drains.fetched import encoded
from bench.scorer.simulated import bodies


def made_events(rows: int) -> list[bytes]:
    """Events of simulated rows, of none of which the index' dictionary was trained."""
    rng = random.Random(7)
    return [encoded(body, f"{rng.getrandbits(128):032x}") for body in bodies(rows, cards=rows)]
