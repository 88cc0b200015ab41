"""What a shard gives to all who poll it, and who of them takes how much: the one place that divides it.

A shard allows 5 GetRecords calls and 2 MB a second, over all callers (Kinesis Data Streams quotas). The drains that
poll its stream share both alike; `txn status` has a part of the calls. A drain that reads by enhanced fan-out has
2 MB a second of each shard for itself and takes nothing of this.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Final, Self

from txn_core.drains import REGISTRY, readers_of
from txn_core.exceptions import SettingsError
from txn_core.kinesis.consumers import drain_consumers
from txn_core.settings import Settings

READS_PER_S_MAX: Final = 5.0
BYTES_PER_S_MAX: Final = float(2 << 20)
DRAINS_READS_PER_S: Final = 4.0  # for the drains together, unless the settings say otherwise
STATUS_READS_PER_S: Final = 0.8  # the rest is nobody's, and keeps those who meet from being throttled
DRAIN_READS_PER_S_MIN: Final = 0.5  # with fewer an event would not be seen for seconds
REBUILDING: Final = 0.5  # of a share, for who builds a view again beside the drains that serve


@dataclass(frozen=True, slots=True)
class ReadShare:
    """What one reader may take of a shard."""

    reads_per_s: float = READS_PER_S_MAX
    bytes_per_s: float = BYTES_PER_S_MAX

    @classmethod
    def of(cls, settings: Settings, stream: str) -> Self:
        """The share of each drain that polls a stream, by the registry of drains and the settings.

        Raises:
            SettingsError: the drains that poll want more than there is.
        """
        polling = polling_drains(settings, stream)
        count = max(1, len(polling))
        wanted = settings.poll_reads_per_s or max(DRAIN_READS_PER_S_MIN, DRAINS_READS_PER_S / count)
        available = READS_PER_S_MAX - STATUS_READS_PER_S
        if wanted * count > available:
            raise SettingsError(_refusal(stream, polling, wanted, available))
        return cls(wanted, BYTES_PER_S_MAX / count)


ENTIRE_SHARD: Final = ReadShare()


def settings_for_rebuilding(settings: Settings, drain: str) -> Settings:
    """The settings of a worker that builds a drain's view again, beside the drains that serve.

    It polls, since the drain's consumer is taken, half as often as they do unless the settings say how often.
    """
    pushed = ",".join(item for item in settings.fan_out.split(",") if item.partition("=")[0].strip() != drain)
    share = ReadShare.of(settings, REGISTRY[drain].stream(settings))
    reads_per_s = settings.poll_reads_per_s or share.reads_per_s * REBUILDING
    return settings.model_copy(update={"fan_out": pushed, "poll_reads_per_s": reads_per_s})


def polling_drains(settings: Settings, stream: str) -> tuple[str, ...]:
    """The drains that poll a stream, by name."""
    pushed = drain_consumers(settings)
    return tuple(drain.name for drain in readers_of(stream, settings) if drain.name not in pushed)


def look_pause_s(settings: Settings) -> float:
    """The pause between two looks of `txn status` in seconds: each takes a read of a shard for every drain.

    At the tip, where it may take two, drains that poll read half as often.
    """
    return max(Counter(drain.stream(settings) for drain in REGISTRY.values()).values()) / STATUS_READS_PER_S


def _refusal(stream: str, polling: tuple[str, ...], wanted: float, available: float) -> str:
    together = wanted * len(polling)
    return (
        f"{len(polling)} drains poll each shard of {stream} ({', '.join(polling)}) and want {wanted:g} reads a "
        f"second each, {together:g} together, where Kinesis allows {READS_PER_S_MAX:g} and txn status takes "
        f"{STATUS_READS_PER_S:g}, which leaves {available:g}: lower TXN_POLL_READS_PER_S or leave it unset, or let "
        "drains read by enhanced fan-out (TXN_FAN_OUT)"
    )
