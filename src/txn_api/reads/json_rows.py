"""Transactions as clients read them, assembled from the stored bytes rather than rebuilt field by field."""

from collections.abc import Iterable
from typing import Any, Final

from pydantic_core import from_json, to_json

from txn_api.reads.fields import CONFLICTS, PERSONAL, Selection
from txn_core.dynamodb.review.scores import ScoreItem
from txn_core.positions import WriteOrder

_HEADS: Final = ('{"schema":1,', '{"schema":2,')
_HEAD_CHARS: Final = len(_HEADS[0])


def document(event: str, conflicts: Iterable[str]) -> str:
    """The document of an event: the event without its schema version, with the 202s that contradict it.

    A conflict is the text of its `WriteOrder`.
    """
    as_ours = event.startswith(_HEADS) and event.endswith("}")
    body = event[_HEAD_CHARS:] if as_ours else _other_form(event)
    return f'{{{body[:-1]},"conflicts":[{",".join(map(conflict, conflicts))}]}}'


def impersonal(event: str) -> str:
    """An event without the fields that say who a customer is."""
    document: dict[str, Any] = from_json(event)
    for name, parts in PERSONAL.items():
        if (value := document.get(name)) is not None:
            document[name] = {part: inner for part, inner in value.items() if part not in parts}
    return to_json(document).decode()


def with_risk(document: str, score: ScoreItem | None) -> str:
    """A document with its score; `null` while there is none."""
    risk = None if score is None else {"score": score.score, "decision": score.decision, "model": score.model}
    return f'{document[:-1]},"risk":{to_json(risk).decode()}}}'


def selected(event: str, conflicts: Iterable[str], selection: Selection) -> str:
    """The same with the selected members alone."""
    members = to_json(selection.from_event(from_json(event))).decode()[1:-1]
    if CONFLICTS not in selection.members:
        return f"{{{members}}}"
    return f'{{{members}{"," if members else ""}"conflicts":[{",".join(map(conflict, conflicts))}]}}'


def page(documents: Iterable[str], *, has_more: bool, next_cursor: str | None) -> bytes:
    """One page of a list."""
    cursor = f'"{next_cursor}"' if next_cursor else "null"
    more = "true" if has_more else "false"
    return f'{{"data":[{",".join(documents)}],"has_more":{more},"next_cursor":{cursor}}}'.encode()


def conflict(order: str) -> str:
    """One conflict by the text of its `WriteOrder`."""
    accepted_at, position = WriteOrder(order).parts()
    return (
        f'{{"accepted_at":"{accepted_at}","shard_id":"{position.shard_id}",'
        f'"sequence_number":"{position.sequence_number}","sub_sequence_number":{position.sub_sequence_number}}}'
    )


def _other_form(event: str) -> str:
    """The members of an event that another writer laid out differently."""
    document: dict[str, object] = from_json(event)
    document.pop("schema", None)
    return to_json(document).decode()[1:]
