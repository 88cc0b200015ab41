"""Faults in our processes, without a door for them in these: Python imports this by its name when it starts.

A card number of `FAULT_LENGTH` digits, which no other probe has, ends wherever it becomes a `Pan` in an error that
nobody expects and whose text quotes it: in the request, in a callback of the event loop, in a task that nobody
awaits, and in a thread.

To the workers a second is what a minute is elsewhere: minutes leave the rows of leases for the ledger's table within
a run. And whatever a process of ours would trace is recorded in the file that `CANARY_SPANS` names.

A process that takes in files is killed at the step that `CANARY_KILL_AT` says: behind a call to S3, or when it begins
or has ended an upload.
"""

import asyncio
import os
import signal
import sys
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from workers.leases.ledger import Minute

FAULT_LENGTH: Final = 18
PROCESS: Final = ["-m", "txn_cli.main"]
MEMBER: Final = "txn_cli.api_process"
"""One of several processes that serve the API's port."""


def _install(arguments: list[str]) -> None:
    if (step := os.environ.get("CANARY_KILL_AT")) is not None and "ingest" in arguments:
        _make_mortal(int(step))
    if arguments[-3:] == [*PROCESS, "api"] or MEMBER in arguments:
        _make_faulty()
    elif arguments[-4:-1] == [*PROCESS, "worker"]:
        _make_minutes_short()
    else:
        return
    from tests.canary.fault.spans import record_spans

    record_spans(Path(os.environ["CANARY_SPANS"]))


def _make_mortal(last: int) -> None:
    from ingest.api_client.client import ApiClient
    from txn_core.aws.versioned_objects import VersionedObjects

    steps = 0

    def step() -> None:
        nonlocal steps
        steps += 1
        if steps == last:
            os.kill(os.getpid(), signal.SIGKILL)

    def mortal(call: Any, *, begins: bool) -> Any:
        async def called(*arguments: Any, **named: Any) -> Any:
            if begins:
                step()
            answer = await call(*arguments, **named)
            step()
            return answer

        return called

    for kind, names in (
        (VersionedObjects, ("find", "load", "part", "write", "put", "remove")),
        (ApiClient, ("post_bulk",)),
    ):
        for name in names:
            setattr(kind, name, mortal(getattr(kind, name), begins=kind is ApiClient))


def _make_minutes_short() -> None:
    import workers.leases.ledger

    def second_of(moment: datetime) -> "Minute":
        return workers.leases.ledger.Minute(moment.astimezone(UTC).isoformat(timespec="seconds")[:19])

    workers.leases.ledger.minute_of = second_of


def _make_faulty() -> None:
    from txn_core.card_numbers.pan import Pan

    pan_type: Any = Pan
    sound = Pan.__init__

    def faulty(pan: Pan, digits: str, *luhn_exempt: Any) -> None:
        sound(pan, digits, *luhn_exempt)
        if len(digits) == FAULT_LENGTH:
            _fail_everywhere(digits)

    pan_type.__init__ = faulty


def _fail_everywhere(digits: str) -> None:
    loop = asyncio.get_running_loop()
    loop.call_soon(_fail, digits)
    loop.create_task(_fail_later(digits))  # noqa: RUF006 - that nobody holds it is the point
    threading.Thread(target=_fail, args=(digits,)).start()
    _fail(digits)


async def _fail_later(digits: str) -> None:
    _fail(digits)


def _fail(digits: str) -> None:
    raise RuntimeError(digits)


_install(sys.orig_argv)
