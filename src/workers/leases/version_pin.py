"""Pins: from which position of a shard on a drain works with which versions of what it reads besides the stream.

A pin stands on the shard's lease row before the first record under its versions is worked on. So whoever works on a
record once more finds the versions of the first time, whatever is wanted by then.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from txn_core.positions import Position


@dataclass(frozen=True, slots=True)
class VersionPin:
    """The versions that hold from a position on; without a position, from the beginning of the shard.

    Attributes:
        model: the id of the model that decides, or None when rules alone decide.
        challenger: the id of a model that is only logged.
        rules: the version of the rules.
    """

    start: Position | None
    model: str | None = None
    challenger: str | None = None
    rules: str | None = None

    @property
    def versions(self) -> tuple[str | None, str | None, str | None]:
        """What two pins have in common that mean the same versions."""
        return self.model, self.challenger, self.rules

    def holds_at(self, position: Position) -> bool:
        """Whether a position stands at the start of the pin or behind it."""
        return self.start is None or self.start.within_shard() <= position.within_shard()


def pin_at(pins: Sequence[VersionPin], position: Position) -> VersionPin | None:
    """The pin that holds at a position: the last that starts at it or before."""
    return next((pin for pin in reversed(pins) if pin.holds_at(position)), None)


def still_needed(pins: Sequence[VersionPin], done: Position) -> tuple[VersionPin, ...]:
    """The pins without those that only hold for what is done; the newest of them stays."""
    over = sum(pin.holds_at(done) for pin in pins)
    return tuple(pins[max(over - 1, 0) :])


def with_pin(pins: Sequence[VersionPin], pin: VersionPin) -> tuple[VersionPin, ...]:
    """The pins and one more behind them.

    Raises:
        ValueError: a pin is there that starts as late. What may have been worked on never changes its versions.
    """
    if pins and (pin.start is None or pin.start == pins[-1].start or not pins[-1].holds_at(pin.start)):
        raise ValueError("versions are never changed for what may have been worked on")
    return (*pins, pin)
