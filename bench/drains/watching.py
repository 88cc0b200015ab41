"""Looking at a running stack from outside: the lag of its workers, and the memory of its processes."""

import asyncio
import json
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import TracebackType
from typing import Final, Self

from devkit.running_stack import TXN, RunningStack

from bench.process_stats import resident_bytes

LOOK_S: Final = 1.0
_MB: Final = 1e6


@dataclass(frozen=True, slots=True)
class Watched:
    """After how many seconds each worker had caught up, the posts refused meanwhile, and the workers' memory."""

    seconds: Mapping[str, float]
    refused: int
    memory: "Memory"


class Memory:
    """The memory of some processes, sampled each second by a thread while the block lasts."""

    def __init__(self, stack: RunningStack, names: Sequence[str]) -> None:
        self._pids = {name: stack.ready["pids"][name] for name in names}
        self._samples: dict[str, list[int]] = {name: [] for name in names}
        self._ended = threading.Event()
        self._sampling = threading.Thread(target=self._sample)

    def __enter__(self) -> Self:
        self._sampling.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._sampling.join()

    def halves_mb(self) -> dict[str, tuple[float, float]]:
        """The most that each process held in the first and in the second half of the time, in MB."""
        return {name: halves(samples) for name, samples in self._samples.items()}

    def _sample(self) -> None:
        while True:
            for name, pid in self._pids.items():
                self._samples[name].append(resident_bytes(pid))
            if self._ended.wait(LOOK_S):
                return


def halves(samples: Sequence[int]) -> tuple[float, float]:
    """The largest of the first and of the second half of some sizes in bytes, in MB; a single one twice."""
    half = len(samples) // 2
    return max(samples[: half or 1]) / _MB, max(samples[half:]) / _MB


async def lags(stack: RunningStack) -> dict[str, float]:
    """Seconds that each kind of worker is behind, as `txn status` says."""
    command = [*TXN, "status", "--data-dir", str(stack.data_dir), "--json"]
    process = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.PIPE)
    printed, _ = await process.communicate()  # ends with 1 while something is left to drain
    return {kind: worker["lag_s"] for kind, worker in json.loads(printed)["workers"].items()}
