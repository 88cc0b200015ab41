"""How card states were filled before the scorer began: from the raw lake, up to where the archive had come.

The note stands beside the score log. With it a filling that was cut off goes on, and verification knows which records
without a score are in the states, and under which model.
"""

from typing import Annotated, Final

from pydantic import Field

from fraud.model.flat_tree import Part
from fraud.model.manifest import ModelId
from txn_core.lake.layout import SCORES_PREFIX
from txn_core.positions import Position
from txn_core.transactions.instants import Instant

FILLING_KEY: Final = f"{SCORES_PREFIX}filling.json"


class Reached(Part):
    """Up to where a shard is in the states: a checkpoint, as leases have it."""

    sequence_number: str
    sub_sequence_number: Annotated[int, Field(ge=0)]


class Filling(Part):
    """The note.

    Attributes:
        begin: records that arrived before are in no state.
        model: the model whose first stage gave the log-odds; None where none was wanted.
        reached: by shard.
    """

    format: Annotated[int, Field(ge=1, le=1)] = 1
    begin: Instant
    model: ModelId | None
    reached: dict[str, Reached]

    def has(self, position: Position, arrived_at: Instant) -> bool:
        """Whether a record is in the states since they were filled."""
        reached = self.reached.get(position.shard_id)
        if reached is None or arrived_at < self.begin:
            return False
        if not reached.sequence_number.isdecimal():  # the end of the shard
            return True
        return position.within_shard() <= (int(reached.sequence_number), reached.sub_sequence_number)
