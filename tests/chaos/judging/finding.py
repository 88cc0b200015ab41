"""A promise that was not kept, and how findings are told to people."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

SHOWN_MAX: Final = 8  # of the findings of one kind


@dataclass(frozen=True, slots=True)
class Finding:
    """A promise that was not kept."""

    promise: str
    what: str


def broken(promise: str, what: Iterable[object]) -> Iterator[Finding]:
    """A finding for each thing that breaks a promise."""
    for one in what:
        yield Finding(promise, str(one))


def summary(findings: Sequence[Finding]) -> list[str]:
    """The findings for people: each kind with its number and some of them."""
    kinds: dict[str, list[str]] = defaultdict(list)
    for finding in findings:
        kinds[finding.promise].append(finding.what)
    return [
        line
        for promise, what in kinds.items()
        for line in (f"{promise}: {len(what)}", *(f"    {one}" for one in what[:SHOWN_MAX]))
    ]
