"""What POST /control takes: changes to what goes wrong, each of them optional."""

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from devkit.kinesis_server.fates import CALL_FATES, RECORD_FATES, CallFate, RecordFate
from devkit.kinesis_server.faults import Latency


class _Order(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class LatencyOrder(_Order):
    """How long answers take."""

    fixed_ms: Annotated[float, Field(ge=0)] = 0.0
    jitter_ms: Annotated[float, Field(ge=0)] = 0.0

    @property
    def latency(self) -> Latency:
        """The same in seconds."""
        return Latency(self.fixed_ms / 1000, self.jitter_ms / 1000)


class LimitsOrder(_Order):
    """Whether the limits are in force, and on what scale."""

    enabled: bool
    scale: Annotated[float, Field(ge=0)] = 1.0


class ThrottleOrder(_Order):
    """The parts of the limits that one shard has."""

    writes: Annotated[float, Field(ge=0)] | None = None
    reads: Annotated[float, Field(ge=0)] | None = None


class _RuleOrder(_Order):
    rate: Annotated[float, Field(ge=0, le=1)] = 1.0
    times: Annotated[int, Field(ge=0)] | None = None
    skip: Annotated[int, Field(ge=0)] = 0


class CallsOrder(_RuleOrder):
    """A fate for calls, by its name or written out."""

    fate: CallFate | str
    operation: str | None = None


class RecordsOrder(_RuleOrder):
    """A fate for records, by its name or written out."""

    fate: RecordFate | str
    shard_id: str | None = None
    partition_key: str | None = None


class ReshardOrder(_Order):
    """A split, or a merge where an adjacent shard is named: now, after a while, or when so many are stored."""

    stream: str
    shard_id: str
    adjacent_id: str | None = None
    new_start: int | None = None
    after_s: Annotated[float, Field(ge=0)] | None = None
    after_records: Annotated[int, Field(ge=1)] | None = None


class Orders(_Order):
    """What is to change."""

    clear: bool = False
    ignore_keys: bool | None = None
    latency: LatencyOrder | None = None
    latencies: dict[str, LatencyOrder] = Field(default_factory=dict)
    stream_limits: LimitsOrder | None = None
    throttle: dict[str, ThrottleOrder] = Field(default_factory=dict)
    release: list[str] = Field(default_factory=list)
    calls: list[CallsOrder] = Field(default_factory=list)
    records: list[RecordsOrder] = Field(default_factory=list)
    expire_iterators: bool = False
    expire_subscriptions: bool = False
    reshard: list[ReshardOrder] = Field(default_factory=list)

    @model_validator(mode="after")
    def _fates_are_known(self) -> "Orders":
        unknown = {c.fate for c in self.calls if isinstance(c.fate, str)} - CALL_FATES.keys()
        unknown |= {r.fate for r in self.records if isinstance(r.fate, str)} - RECORD_FATES.keys()
        if unknown:
            raise ValueError(f"no such fates: {sorted(unknown)}")
        return self
