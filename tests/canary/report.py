"""What a run has done and found, as tables and lines."""

from collections.abc import Iterator, Mapping

from tests.canary.coverage import NOT_PROVOKED, routes_of
from tests.canary.evidence import Evidence


def table(evidence: Evidence) -> list[tuple[str, int, int]]:
    """What was searched, how much of it, and how often a card number was found."""
    kinds = sorted(evidence.searched)
    return [(kind, evidence.searched[kind], sum(f.startswith(f"{kind} ") for f in evidence.found)) for kind in kinds]


def lines(evidence: Evidence) -> Iterator[str]:
    """The table, then what was provoked with a marked number in the request, and what the search has seen."""
    yield f"{'Searched':<32}{'How many':>10}{'Found':>8}"
    yield from (f"{kind:<32}{searched:>10,}{found:>8,}" for kind, searched, found in table(evidence))
    numbers = len(evidence.marks.uses) + len(evidence.foreign.uses)
    yield f"{numbers:,} card numbers sent in {len(evidence.answers):,} requests"
    yield f"Requests without a number: {len(evidence.unmarked)}"
    yield from _counts("Problems provoked", evidence.codes)
    yield from (f"Not provoked: {code}: {reason}" for code, reason in NOT_PROVOKED.items())
    yield from _counts("Statuses", evidence.statuses)
    yield from _counts("Routes", evidence.routes_of(routes_of(evidence.document)))
    yield from _counts("Headers with a number", evidence.sent_headers)
    yield from _counts("Crashes", evidence.crashes)
    yield from _counts("Crash reports in the logs", evidence.reports)
    yield from _counts("Exports by span", evidence.spans)
    yield from _counts("Items by table", evidence.tables)
    yield from _counts("Objects by folder", evidence.folders)
    yield from _counts("Records by stream", evidence.streams)
    yield f"Sealed letters with a foreign number in them, as there must be: {evidence.foreign_letters}"
    yield f"Planted to be found: {evidence.planted:,} numbers, of which {len(evidence.unseen)} were not found"


def _counts(what: str, counts: Mapping[str, int] | Mapping[int, int]) -> Iterator[str]:
    present = [(name, count) for name, count in counts.items() if count]
    said = ", ".join(f"{name} {count:,}" for name, count in sorted(present, key=lambda each: str(each[0])))
    yield f"{what} ({len(present)}): {said}"
