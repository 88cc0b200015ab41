"""The reasons for which a record of the stream becomes a dead letter."""

from typing import Final, Literal, get_args

Reason = Literal["undecodable", "unwritable", "conflict"]

REASONS: Final[tuple[Reason, ...]] = get_args(Reason)
