"""A storm: what goes wrong with a stream while a producer writes to it, all of it decided by a seed.

The seed decides the plan. The moments at which things meet are those of real sockets, so that a seed that failed may
have to be run a few times to fail again.
"""

import asyncio
import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from devkit.kinesis_server.faults import Latency

from devkit.kinesis_server import KinesisServer, fates
from tests.devkit.kinesis_server.builders import STREAM

LOAD_S_MAX: Final = 1.5
LATE_S_MAX: Final = 0.5  # no call is carried out later than this after its client may have left
SHARE_OF_FAULTS: Final = 0.35  # of all kinds, in one storm

CALLS: Final = (
    fates.RESET_UNREAD,
    fates.RESET_STORED,
    fates.ANSWER_CUT_SHORT,
    fates.SERVER_ERROR,
    fates.SERVER_ERROR_STORED,
    fates.UNAVAILABLE,
    fates.EXPIRED_TOKEN,
    fates.ACCESS_DENIED,
    fates.STREAM_GONE,
    fates.KMS_DISABLED,
    fates.KMS_THROTTLING,
    fates.CALL_THROTTLED,
    fates.ONE_RESULT_SHORT,
    fates.ONE_RESULT_MORE,
    fates.NEVER_ANSWERED,
    fates.answered_late(0.15),
    fates.answered_late(LATE_S_MAX),
    fates.carried_out_late(LATE_S_MAX),
    fates.failing("ValidationException"),
    fates.failing("NeverHeardOfException"),
)
RECORDS: Final = (
    fates.RECORD_THROTTLED,
    fates.RECORD_FAILED,
    fates.RECORD_FAILED_STORED,
    fates.RECORD_UNKNOWN_CODE,
    fates.LANDS_ELSEWHERE,
    fates.record_failing("KMSDisabledException"),
)


@dataclass(frozen=True, slots=True)
class Storm:
    """The setting of a run, and the dice for the rest."""

    seed: int
    shards: int
    requests: int
    buffer_bytes: int
    deadline_s: float
    close_deadline_s: float
    load_s: float
    by_shards: bool
    ignores_keys: bool  # the stream spreads records whatever their keys

    @classmethod
    def of(cls, seed: int) -> "Storm":
        """The storm of a seed."""
        rng = random.Random(f"setting/{seed}")
        return cls(
            seed=seed,
            shards=rng.randint(1, 6),
            requests=rng.randint(1, 5),
            buffer_bytes=rng.choice([1 << 16, 1 << 20, 8 << 20]),
            deadline_s=rng.choice([0.6, 1.2, 2.5]),
            close_deadline_s=rng.choice([0.0, 0.3, 2.0]),
            load_s=rng.uniform(0.2, LOAD_S_MAX),
            by_shards=rng.random() < 0.8,
            ignores_keys=rng.random() < 0.1,
        )

    def rng(self, purpose: str) -> random.Random:
        """Dice that no other purpose shares."""
        return random.Random(f"{purpose}/{self.seed}")

    def rise(self, server: KinesisServer) -> None:
        """Set the faults, and let the stream change while the load runs."""
        rng = self.rng("faults")
        server.faults.ignore_keys = self.ignores_keys
        server.faults.latency = Latency(rng.choice([0.0, 0.005, 0.02]), rng.choice([0.0, 0.02]))
        for call_fate in CALLS:
            if rng.random() < SHARE_OF_FAULTS:
                server.faults.on_calls(call_fate, operation="PutRecords", rate=rng.uniform(0.01, 0.1))
        for record_fate in RECORDS:
            if rng.random() < SHARE_OF_FAULTS:
                server.faults.on_records(record_fate, rate=rng.uniform(0.01, 0.1))
        # Not the first listing: a producer that cannot start is another matter.
        unlisted = rng.choice([0.0, 0.0, 0.5, 1.0])
        server.faults.on_calls(fates.SERVER_ERROR, operation="ListShards", rate=unlisted, skip=1)
        server.stream_limits.enabled, server.stream_limits.scale = rng.random() < 0.5, rng.choice([0.05, 0.3, 1.0])
        for act in rng.choices([_split, _merge, _throttle, _release], k=rng.randint(0, 6)):
            asyncio.get_running_loop().call_later(rng.uniform(0.0, self.load_s), act, server, rng)


Act = Callable[[KinesisServer, random.Random], None]


def _split(server: KinesisServer, rng: random.Random) -> None:
    server.split(STREAM, rng.choice(server.stream(STREAM).open_shards).shard_id)


def _merge(server: KinesisServer, rng: random.Random) -> None:
    shards = server.stream(STREAM).open_shards
    if len(shards) > 1:
        lower = rng.randrange(len(shards) - 1)
        server.merge(STREAM, shards[lower].shard_id, shards[lower + 1].shard_id)


def _throttle(server: KinesisServer, rng: random.Random) -> None:
    shard = rng.choice(server.stream(STREAM).open_shards)
    server.stream_limits.throttle(shard.shard_id, writes=rng.choice([0.0, 0.01, 0.1]))


def _release(server: KinesisServer, rng: random.Random) -> None:
    server.stream_limits.release(rng.choice(server.stream(STREAM).open_shards).shard_id)
