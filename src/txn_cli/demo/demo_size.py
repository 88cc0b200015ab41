"""How many rows a demonstration simulates: apart, so that the help of a command needs no simulator."""

from typing import Final

SIMULATED_ROWS: Final = 5_000
