"""Four eyes: a change of what scores takes two persons, but on a local stack."""

from typing import Literal, NamedTuple, cast

from pydantic import ValidationError

from fraud.model.model_errors import ModelError
from fraud.registry.active_versions import ActiveVersions, Change, Proposal, Wanted
from txn_core.card_numbers.free_text import holds_card_number
from txn_core.transactions.instants import Instant

Action = Literal["activate", "challenge", "rollback", "rules"]


class Asked(NamedTuple):
    """Who asks for a change, and when; `alone` needs nobody else."""

    action: Action
    who: str
    at: Instant
    alone: bool

    @classmethod
    def of(cls, action: str, *, who: str, at: Instant, alone: bool) -> "Asked":
        """The same, of a text that is one of the actions."""
        return cls(cast("Action", action), who, at, alone)


def decided(active: ActiveVersions, asked: Asked, wanted: Wanted) -> ActiveVersions:
    """What stands in the registry after somebody has asked: the change, or a proposal that waits for a second person.

    Raises:
        ModelError: the name is none that the registry keeps, or it holds a card number (promise P5).
    """
    if holds_card_number(asked.who):
        raise ModelError("the name of the person holds a card number")
    waiting = active.proposal
    try:
        if asked.alone:
            return active.changed(
                Change(action=asked.action, at=asked.at, who=asked.who, approver=None, wanted=wanted)
            )
        if waiting is None or (waiting.action, waiting.wanted) != (asked.action, wanted):
            return active.proposed(Proposal(action=asked.action, at=asked.at, who=asked.who, wanted=wanted))
        if waiting.who == asked.who:
            return active
        return active.changed(
            Change(action=asked.action, at=asked.at, who=waiting.who, approver=asked.who, wanted=wanted)
        )
    except ValidationError:
        raise ModelError("a person is named by 1 to 64 of A-Z a-z 0-9 . _ @ + -") from None
