"""Runs the rule on our code: `python -m tests.lint`. Exit code 1 when a card number goes where it may not."""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from tests.lint.card_values import Leak, leaks_below

ROOT: Final = Path(__file__).parents[2]
FOLDERS: Final = ("src", "bench")
# File, function and sink of each place where one may, with the reason. One that is not needed any more is refused.
ALLOWED: Final[dict[tuple[str, str, str], str]] = {
    ("src/txn_core/pan.py", "mask", "an f-string"): "the mask itself, whose lengths are tested one by one",
    ("bench/write_path/peers.py", "_record", "str()"): (
        "a peer that is measured; it hashes the number, of made-up cards, as its users would"
    ),
}


def verdicts(found: Iterable[Leak], allowed: Iterable[tuple[str, str, str]]) -> Iterator[str]:
    """What is wrong: leaks in places that are not allowed, and allowances that nothing needs."""
    unused = set(allowed)
    for leak in found:
        place = leak.file, leak.function, leak.sink
        if place in set(allowed):
            unused.discard(place)
        else:
            yield str(leak)
    for file, function, sink in sorted(unused):
        yield f"{file}: no card number goes into {sink} in {function} any more: take the allowance away"


def main() -> None:
    """Check all folders."""
    found = [leak for folder in FOLDERS for leak in leaks_below(ROOT / folder, ROOT)]
    wrong = list(verdicts(found, ALLOWED))
    if wrong:
        sys.exit("\n".join(wrong))


if __name__ == "__main__":
    main()
