"""Letters and what became of them, as lines for people and as JSON values. Never their bytes."""

from typing import Final

from operations.dead_letters.letter_catalogue import Letter
from operations.dead_letters.replay import Result
from operations.dead_letters.replays import History, Past
from txn_cli.dead_letters.letter_content import shown
from txn_core.exceptions import StoreError
from txn_core.positions import Position
from workers.events.dead_letters import ALGORITHM, Seal
from workers.leases.sub_records import SubRecords

RANGES_SHOWN_MAX: Final = 20

_PAST = {Past.NEVER: "", Past.SENT: "  (sent again)", Past.IN_DOUBT: "  (perhaps sent again)"}


def place_of(position: Position) -> str:
    """A position as the commands take it."""
    return f"{position.shard_id}/{position.sequence_number}/{position.sub_sequence_number}"


def document(letter: Letter, history: History) -> dict[str, object]:
    """A letter as JSON values."""
    position = letter.position
    return {
        "reason": letter.reason,
        "codes": list(letter.codes),
        "workers": list(letter.workers),
        "stream": letter.envelopes[0].origin.stream,
        "shard_id": position.shard_id,
        "sequence_number": position.sequence_number,
        "sub_sequence_number": position.sub_sequence_number,
        "sub_records": None if letter.subs is None else str(letter.subs),
        "positions": 1 if letter.subs is None else len(letter.subs),
        "at": letter.envelopes[0].at,
        "data_bytes": letter.envelopes[0].data_bytes,
        "replay": history.past,
        "replay_tries": history.tries,
        "keys": [name.key for name in letter.names],
    }


def line(letter: Letter, history: History) -> str:
    """A letter in one line."""
    who, codes = "+".join(letter.workers), "; ".join(letter.codes)
    where = place_of(letter.position) + ("" if letter.subs is None else f" ({len(letter.subs):,} positions)")
    return f"{letter.envelopes[0].at}  {letter.reason}  {who}  {where}  {codes}{_PAST[history.past]}"


def lines(letter: Letter, history: History) -> list[str]:
    """A letter in full."""
    said = {
        "reason": letter.reason,
        **{f"code ({envelope.origin.worker})": envelope.code for envelope in letter.envelopes},
        "stream": letter.envelopes[0].origin.stream,
        "position": place_of(letter.position),
        **({} if letter.subs is None else {"whole record": _stands_for(letter.subs)}),
        "accepted at" if letter.reason == "conflict" else "arrived at": letter.envelopes[0].at,
        "sealed": f"{letter.envelopes[0].data_bytes:,} bytes, {ALGORITHM}",
        "sent again": f"{history.past.value.replace('_', ' ')}, {history.tries} tries",
        **{f"key ({name.worker})": name.key for name in letter.names},
    }
    return [f"{name:16} {value}" for name, value in said.items()]


def opened_text(seal: Seal, document: bytes, *, raw: bool) -> str:
    """The bytes of a letter as text; of a whole record, each sub-record that it stands for by itself.

    Raises:
        StoreError: it cannot be opened, or holds a record that does not have them.
    """
    try:
        opened = seal.open(document)
        if opened.origin.subs is None:
            return shown(opened.data, raw=raw)
        records = opened.records()
    except ValueError as error:
        raise StoreError(f"the letter cannot be opened: {error}") from None
    return "\n".join(f"[{r.position.sub_sequence_number}] {shown(r.data, raw=raw)}" for r in records)


def _stands_for(subs: SubRecords) -> str:
    """Which sub-records a letter stands for, in words of a bounded length."""
    some = SubRecords(subs.ranges[:RANGES_SHOWN_MAX])
    return f"{len(subs):,} sub-records: {some}{', ...' if some != subs else ''}"


def result_document(result: Result) -> dict[str, object]:
    """What became of a letter, as JSON values."""
    landing = result.landing
    return {
        "position": place_of(result.letter.position),
        "reason": result.letter.reason,
        "outcome": result.outcome,
        "why": result.why or None,
        "shard_id": landing.shard_id if landing else None,
        "sequence_number": landing.sequence_number if landing else None,
        "sub_sequence_number": landing.sub_sequence_number if landing else None,
    }


def result_line(result: Result) -> str:
    """What became of a letter, in one line."""
    text = f"{place_of(result.letter.position)}  {result.outcome.value.replace('_', ' ')}"
    if result.landing is not None:
        text += f", now at {place_of(Position(*result.landing[:3]))}"
    return f"{text}: {result.why}" if result.why else text
