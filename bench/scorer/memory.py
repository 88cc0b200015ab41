"""The memory of a scorer's process that has met 100,000 cards, whose states are copies of those of the sample.

It is measured in a process of its own, which imports what a scorer does, loads model and rules, and reads the states
of all cards through its memory of states, a flush after every 5,000: once as it is set, and once without a bound.
"""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from bench.process_stats import resident_bytes
from bench.scorer.free_stores import usual_versions
from bench.scorer.simulated import events
from bench.scorer.units import STATES, written_sample
from bench.write_path.results import Result, at_most, compared
from fraud.observations.reading import observation_of
from fraud.scoring.state_memory import BYTES_MAX, StateMemory
from txn_core.dynamodb.card_states import CardStateDocument, StoredCardState
from txn_core.transactions.event import Event
from workers.retries import retry_outages

CARDS: Final = 100_000
FLUSH_CARDS: Final = 5_000
MB: Final = 1e6
MB_MAX: Final = 600.0
_APPLIED: Final = {"shardId-000000000000": "49590338271490256608559692538361571095921575989136588898/0"}


def measure() -> list[Result]:
    """Resident memory in MB, with the bound that is set and without."""
    states = [item["history"]["B"].hex() for item in written_sample().client.tables[STATES].values()]
    with TemporaryDirectory() as folder:
        file = Path(folder) / "states.json"
        file.write_text(json.dumps(states))
        return [_held(file, "as it is set", BYTES_MAX), _held(file, "with every state", 1 << 40)]


def _held(file: Path, what: str, bytes_max: int) -> Result:
    command = [sys.executable, "-m", "bench.scorer.memory", str(file), str(bytes_max)]
    run = subprocess.run(command, check=True, capture_output=True, text=True)
    name = f"memory of a scorer that has met {CARDS:,} cards, MB, {what}"
    return compared(name, [int(run.stdout) / MB], [MB_MAX], at_most(1), by="memory")


@dataclass(frozen=True, slots=True)
class _CopiedStates:
    """A table that makes up the state of each card: bytes of its own, as an answer of DynamoDB has."""

    histories: Sequence[bytes]

    async def load(self, keys: Iterable[str]) -> dict[str, StoredCardState]:
        """A copy for each key."""
        return {key: self._copy(int(key[-8:], 16)) for key in keys}

    async def put(self, *_: Any) -> bool:
        """Take a state."""
        return True

    def _copy(self, number: int) -> StoredCardState:
        history = bytes(bytearray(self.histories[number % len(self.histories)]))
        return StoredCardState(CardStateDocument(history, {str(shard): str(at) for shard, at in _APPLIED.items()}), 7)


async def hold(histories: Sequence[bytes], bytes_max: int) -> int:
    """The memory of this process once it has met all cards."""
    import workers.score.score_drain  # noqa: F401, PLC0415 - what a scorer imports is in the memory of this process

    versions, memory = usual_versions(), StateMemory(_CopiedStates(histories), retry_outages, bytes_max)
    (data,) = events(1, cards=1, name="memory")
    first = observation_of(Event.decode(data))
    for start in range(0, CARDS, FLUSH_CARDS):
        cards = (f"{first.card_id[:-8]}{number:08x}" for number in range(start, start + FLUSH_CARDS))
        await memory.load(replace(first, card_id=card) for card in cards)
        await memory.store_all()
    assert versions.champion is not None, "it is in memory, too"
    return resident_bytes(os.getpid())


if __name__ == "__main__":
    kept = [bytes.fromhex(each) for each in json.loads(Path(sys.argv[1]).read_text())]
    print(asyncio.run(hold(kept, int(sys.argv[2]))))
