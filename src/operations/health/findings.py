"""Which figures of a report are over their thresholds: a function of the figures alone."""

from collections.abc import Iterator
from typing import Final

from operations.runbook import api_entries, drain_entries, store_entries
from operations.runbook.runbook_entry import ANSWERS_LEAST, RunbookEntry
from operations.shapes import (
    ApiFigures,
    DeadLetterFigures,
    DrainFigures,
    DrainShape,
    FindingShape,
    MissingShape,
    State,
)
from txn_core.drains import INDEX

FINDINGS_MAX: Final = 200
_RANK: Final[dict[State, int]] = {"critical": 0, "warning": 1, "ok": 2}
_LACKS: Final = {
    "store_unavailable": "a store does not answer",
    "not_configured": "the API was started without the bucket (TXN_BUCKET)",
}


def findings(
    api: ApiFigures | None,
    drains: DrainFigures | None,
    dead_letters: DeadLetterFigures | None,
    missing: list[MissingShape],
) -> list[FindingShape]:
    """What is not as it should be, the worst first."""
    found = [*_of_missing(missing)]
    if drains is not None:
        found += (each for drain in drains.drains for each in _of_drain(drain))
    if api is not None:
        found += _of_api(api)
    if dead_letters is not None:
        found += _of_dead_letters(dead_letters)
    return sorted(found, key=lambda finding: _RANK[finding.state])[:FINDINGS_MAX]


def worst(found: list[FindingShape]) -> State:
    """The state of a whole report."""
    return min((finding.state for finding in found), key=_RANK.__getitem__, default="ok")


def _of_drain(drain: DrainShape) -> Iterator[FindingShape]:
    name = drain.name
    entry = drain_entries.INDEX_LAG if name == INDEX.name else drain_entries.DRAIN_LAG
    yield from _over(entry, drain.lag_s, f"{name} is {_seconds(drain.lag_s)} behind.", name)
    yield from _over(
        drain_entries.UNOWNED_SHARDS,
        drain.unowned_lag_s,
        f"No process reads {_many(drain.unowned, 'shard')} of {name}, for {_seconds(drain.unowned_lag_s)}.",
        name,
    )
    if drain.amiss is not None:
        yield from _over(drain_entries.FOREIGN_LEASES, 1, f"{drain.amiss}.", name)
    if drain.ledger is not None:
        minutes = _many(drain.ledger.differing, "minute")
        text = f"The ledgers of {name} and archive differ in {minutes} of a shard."
        yield from _over(drain_entries.LEDGERS, drain.ledger.differing, text, name)


def _of_api(api: ApiFigures) -> Iterator[FindingShape]:
    answers = sum(each.recent for each in api.answers)
    if answers >= ANSWERS_LEAST:
        failed = next((each.recent for each in api.answers if each.status == "5xx"), 0) / answers
        yield from _over(api_entries.SERVER_ERRORS, failed, f"{failed:.1%} of the last {answers:,} answers are 5xx.")
        refused = api.load_refused / answers
        text = f"{refused:.1%} of the last {answers:,} answers refuse load (429 or 503)."
        yield from _over(api_entries.LOAD_REFUSED, refused, text)
        if api.p99_ms is not None:
            yield from _over(
                api_entries.LATENCY, api.p99_ms, f"One answer in a hundred takes {api.p99_ms:,.0f} ms or more."
            )
    for shard in api.shards:
        text = f"{shard.shard_id} throttled {_many(shard.throttled, 'attempt')} in the last minute."
        yield from _over(api_entries.THROTTLES, shard.throttled, text, shard.shard_id)


def _of_dead_letters(figures: DeadLetterFigures) -> Iterator[FindingShape]:
    for each in figures.reasons:
        text = f"{_many(each.waiting, 'dead letter')} since yesterday: {each.reason}."
        yield from _over(drain_entries.DEAD_LETTERS, each.waiting, text, each.reason)


def _of_missing(missing: list[MissingShape]) -> Iterator[FindingShape]:
    for each in missing:
        if each.reason in _LACKS:
            part = each.part.replace("_", " ")
            yield from _over(
                store_entries.MISSING, 1, f"Nothing is known of {part}: {_LACKS[each.reason]}.", each.part
            )


def _over(entry: RunbookEntry, value: float, text: str, subject: str | None = None) -> Iterator[FindingShape]:
    """The finding of a value, if it is over a threshold."""
    state: State = "ok"
    if entry.critical is not None and value > entry.critical:
        state = "critical"
    elif entry.warning is not None and value > entry.warning:
        state = "warning"
    if state != "ok":
        yield FindingShape(state=state, figure=entry.name, subject=subject, text=text, runbook=entry.address)


def _seconds(seconds: float) -> str:
    return f"{seconds:,.0f} s" if seconds < 120 else f"{seconds / 60:,.0f} min"


def _many(count: int, noun: str) -> str:
    return f"1 {noun}" if count == 1 else f"{count:,} {noun}s"
