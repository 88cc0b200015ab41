"""The process that asks 50 queries at once: what it does to read the answers is no part of what posts wait for.

Clients of the service are elsewhere. Here they share a core with the load, so this process is as nice as can be.
It says when it is ready, begins when it is told to, and ends with what was answered.
"""

import asyncio
import json
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Final

from bench.insight.queries import ANSWERED_S_MAX, Answers, Choice, ask_at_once, client_of
from bench.process_stats import prioritise

NICEST: Final = 19


class Asking:
    """The process, from the side of who measures."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def tell(self, line: str) -> None:
        """Write a line to the process: first whom to ask what, then anything for it to begin."""
        assert self._process.stdin is not None
        print(line, file=self._process.stdin, flush=True)

    async def answers(self) -> Answers:
        """What the queries were answered, once all are."""
        async with asyncio.timeout(2 * ANSWERED_S_MAX):
            said = json.loads(await asyncio.to_thread(self.said))
        return Answers(Counter(said["outcomes"]), said["wrong"], said["longest_s"])

    def said(self) -> str:
        """The next line of the process.

        Raises:
            RuntimeError: it ended before.
        """
        assert self._process.stdout is not None
        if not (line := self._process.stdout.readline()):
            raise RuntimeError("the process that asks ended early")
        return line


@contextmanager
def asking(base: str, headers: Mapping[str, str], chosen: Sequence[Choice], core: int) -> Iterator[Asking]:
    """A process on a core that is ready to ask a service the twelve questions and these choices."""
    command = ["taskset", "-c", str(core), sys.executable, "-m", "bench.insight.asking"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            asks = Asking(process)
            asks.tell(json.dumps({"base": base, "headers": dict(headers), "chosen": list(chosen)}))
            asks.said()
            yield asks
        finally:
            process.kill()


async def _asked(base: str, headers: Mapping[str, str], chosen: Sequence[Choice]) -> Answers:
    answers = Answers()
    async with client_of(base, headers) as client:
        print("ready", flush=True)
        if await asyncio.to_thread(sys.stdin.readline):
            await ask_at_once(client, chosen, answers)
    return answers


def main() -> None:
    """Ask what standard input says, when it says so."""
    prioritise(NICEST)
    print(json.dumps(vars(asyncio.run(_asked(**json.loads(sys.stdin.readline()))))), flush=True)


if __name__ == "__main__":
    main()
