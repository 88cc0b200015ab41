"""Which model and which rules are wanted: one object, `registry/active.json`, changed by its version.

The object says what is wanted. From which position on a version scores is decided by the drain, on its lease.
"""

import json
from collections.abc import Callable
from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, StringConstraints, ValidationError

from fraud.model.flat_tree import Part
from fraud.model.manifest import ModelId
from fraud.model.model_errors import ModelError
from txn_core.aws.versioned_objects import LoadedObject, ObjectTooLargeError, VersionedObjects
from txn_core.transactions.instants import Instant

ACTIVE_KEY: Final = "registry/active.json"
HISTORY_MAX: Final = 200
WANTED_REFUSED: Final = "wanted_refused"
"""The figure of a scorer that says what it refuses of what is wanted, by its kind."""
WANTED_KINDS: Final = ("model", "challenger", "rules", "registry")
"""The kinds; `registry` is the object itself, when it cannot be read."""
BYTES_MAX: Final = 1 << 20
"""Of the object; with the whole history it has a tenth of that."""
_ATTEMPTS_MAX: Final = 20
_REMEDY: Final = "put its last version back, or remove it and activate"

Person = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{1,64}$")]
RulesVersion = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Role = Literal["champion", "challenger"]


class Wanted(Part):
    """What is to score: the model that decides, one that is only logged, and the version of the rules."""

    champion: ModelId | None = None
    challenger: ModelId | None = None
    rules: RulesVersion | None = None

    def with_model(self, role: Role, model_id: ModelId) -> "Wanted":
        """The same with another model in a role. A challenger that becomes the champion is none any more.

        Raises:
            ModelError: the challenger is to be the champion itself, beside which it would say the same.
        """
        if role == "challenger" and model_id == self.champion:
            raise ModelError(f"{model_id} decides: a challenger is another model than the champion")
        after = self.model_copy(update={role: model_id})
        return after if after.challenger != after.champion else after.model_copy(update={"challenger": None})


class Change(Part):
    """One change of what is wanted: who asked for it, who approved it, when, and what was wanted from then on."""

    action: Literal["activate", "challenge", "rollback", "rules"]
    at: Instant
    who: Person
    approver: Person | None
    wanted: Wanted


class Proposal(Part):
    """A change that waits for a second person."""

    action: Literal["activate", "challenge", "rollback", "rules"]
    at: Instant
    who: Person
    wanted: Wanted


class ActiveVersions(Part):
    """The object: what is wanted, the changes up to now, the newest last, and a change that waits."""

    format: Literal[1] = 1
    wanted: Wanted = Wanted()
    history: Annotated[list[Change], Field(max_length=HISTORY_MAX)] = Field(default_factory=list)
    proposal: Proposal | None = None

    def changed(self, change: Change) -> Self:
        """What stands there after a change; of the history the oldest goes."""
        history = [*self.history, change][-HISTORY_MAX:]
        return self.model_copy(update={"wanted": change.wanted, "history": history, "proposal": None})

    def proposed(self, proposal: Proposal) -> Self:
        """What stands there while a change waits; an earlier proposal ends."""
        return self.model_copy(update={"proposal": proposal})

    def before(self) -> Wanted:
        """What was wanted before the champion that is wanted now, with the present rules.

        Raises:
            ModelError: no other champion is known.
        """
        for change in reversed(self.history):
            if change.wanted.champion not in {None, self.wanted.champion}:
                return self.wanted.model_copy(update={"champion": change.wanted.champion})
        raise ModelError("there is no earlier model to go back to")


async def read_active(objects: VersionedObjects) -> ActiveVersions:
    """What is wanted; nothing where the object is not there.

    Raises:
        ModelError: the object is not what this version writes.
    """
    found = await _loaded(objects)
    return ActiveVersions() if found is None else _parsed(found.body)


async def change_active(
    objects: VersionedObjects, change: Callable[[ActiveVersions], ActiveVersions]
) -> ActiveVersions:
    """Change what is wanted. Of several at once each sees what the one before it has left.

    Raises:
        ModelError: the object is not what this version writes, others change it all the time, or `change` refuses.
    """
    for _ in range(_ATTEMPTS_MAX):
        found = await _loaded(objects)
        after = change(ActiveVersions() if found is None else _parsed(found.body))
        body = _bytes_of(after)
        if found is not None and body == found.body:
            return after
        if await objects.write(ACTIVE_KEY, body, over=found.etag if found else None):
            return after
    raise ModelError(f"{ACTIVE_KEY} is changed by others all the time: try again")


async def _loaded(objects: VersionedObjects) -> LoadedObject | None:
    """The object, when it is no larger than one may be: whoever writes there could fill the scorer's memory."""
    try:
        return await objects.load(ACTIVE_KEY, BYTES_MAX)
    except ObjectTooLargeError:
        raise ModelError(f"{ACTIVE_KEY} is larger than {BYTES_MAX:,} bytes: {_REMEDY}") from None


def _parsed(body: bytes) -> ActiveVersions:
    try:
        return ActiveVersions.model_validate_json(body)
    except ValidationError:
        raise ModelError(f"{ACTIVE_KEY} is not what this version writes: {_REMEDY}") from None


def _bytes_of(active: ActiveVersions) -> bytes:
    document: dict[str, Any] = active.model_dump(mode="json")
    return json.dumps(document, indent=1).encode() + b"\n"
