"""An execution environment of AWS Lambda: what a function keeps from one invocation to the next.

Lambda freezes the environment behind each answer, thaws it for the next event or ends it, and ends it at once when an
invocation takes too long. Nothing runs in between. So an environment has one event loop, in which its clients were
opened, and lets it run during invocations alone.

The runtime client of Lambda (`awslambdaric`) logs the text of each exception that a function raises, and sends it to
whoever has invoked it. So an invocation fails with an error of ours alone, whose text quotes nothing.
"""

import asyncio
import math
import os
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from typing import Final, Generic, Protocol, TypeVar

import structlog
import uvloop
from prometheus_client.registry import Collector

from txn_core.aws.errors import code_of
from txn_core.emf.documents import Format
from txn_core.emf.reporter import EmfReporter
from txn_core.exceptions import OutageError, SettingsError, StoreError, TxnError
from txn_core.logs.crash_reports import confine
from txn_core.logs.telemetry import configure_logging, flush_logs
from txn_core.settings import Settings
from txn_core.startup import freeze_startup_objects
from workers.lambdas.event_shape import EventShapeError
from workers.lambdas.secret_variables import read_secrets
from workers.retries import Patience

ANSWER_S: Final = 0.5
"""Before Lambda's deadline: for the last lines of the log, and for the answer."""
LEVELS: Final = frozenset({"debug", "info", "warning", "error"})
"""Of the log, as the settings name them."""

_SAFE: Final = (SettingsError, StoreError, OutageError, EventShapeError)
"""Errors of ours whose texts quote nothing of an event."""

_log = structlog.get_logger(__name__)

S = TypeVar("S")
T = TypeVar("T")


class InvocationContext(Protocol):
    """What a function asks of the context that Lambda hands to it."""

    def get_remaining_time_in_millis(self) -> int:
        """The milliseconds until Lambda ends the invocation."""


class InvocationFailedError(TxnError):
    """An invocation has failed; the log says why. The text names the function and a code, and quotes nothing."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What a function opens its clients with: `stack` keeps them open for the environment's life."""

    settings: Settings
    stack: AsyncExitStack
    patience: Patience


class ExecutionEnvironment(Generic[S]):
    """Runs the invocations of one function, whose `site` is opened by the first of them.

    Metrics go to CloudWatch at the end of the first invocation, and then once a minute (docs/telemetry.md).
    """

    def __init__(self, name: str, open_site: Callable[[Opening], Awaitable[tuple[S, Collector]]]) -> None:
        """Take the worker's name, and what opens a site and says in which registry it counts.

        Metrics name the service as those of the worker do: an alarm holds wherever the work is done.
        """
        self._service, self._process, self._open_site = f"worker-{name}", f"lambda-{name}", open_site
        self._reporter: EmfReporter | None = None
        self._runner = asyncio.Runner(loop_factory=uvloop.new_event_loop)
        self._stack = AsyncExitStack()
        self._site: S | None = None
        self._patient_to_s = -math.inf
        self._is_begun = False

    def invoke(self, work: Callable[[S, float], Awaitable[T]], context: InvocationContext) -> T:
        """What the work returns. It is given the site, and a deadline by the clock of the event loop.

        Raises:
            InvocationFailedError: the work, or the opening of the site, has failed.
        """
        self._begin()
        try:
            return self._runner.run(self._invoke(work, context))
        except Exception as error:  # noqa: BLE001 - Lambda's runtime would log its text
            reason = _reason(error)
            _log.error("invocation_failed", reason=reason, exc_info=True)
        finally:
            self._report()
            flush_logs()
        raise InvocationFailedError(f"{self._process}: {reason}")

    def _report(self) -> None:
        if self._reporter is None:
            return
        try:
            self._reporter.report_when_due()
        except Exception:  # noqa: BLE001 - what is done is done, also when a figure cannot be told
            _log.error("metrics_not_reported", exc_info=True)

    def _begin(self) -> None:
        """Set up the log, before anything can fail: without it, variables would be printed with an error."""
        if not self._is_begun:
            confine()
            level = os.environ.get("TXN_LOG_LEVEL", "")
            configure_logging(level if level in LEVELS else "info", process=self._process)
            self._is_begun = True

    async def _invoke(self, work: Callable[[S, float], Awaitable[T]], context: InvocationContext) -> T:
        now_s = asyncio.get_running_loop().time()
        left_s = context.get_remaining_time_in_millis() / 1000
        deadline_s = now_s + left_s - min(ANSWER_S, left_s / 4)
        self._patient_to_s = deadline_s
        if (site := self._site) is None:
            async with asyncio.timeout_at(deadline_s):
                site = self._site = await self._opened()
        return await work(site, deadline_s)

    async def _opened(self) -> S:
        await read_secrets(os.environ)
        settings = Settings.from_environment()
        async with AsyncExitStack() as stack:
            site, registry = await self._open_site(Opening(settings, stack, Patience(lambda: self._patient_to_s)))
            self._stack = stack.pop_all()
        if settings.emf:
            self._reporter = EmfReporter(registry, Format(settings.emf_namespace, self._service))
        freeze_startup_objects()
        _log.info("started", process=self._process)
        return site


def _reason(error: Exception) -> str:
    """What may be said of an error; of a group, which tasks raise, of the first in it."""
    while isinstance(error, ExceptionGroup):
        error = error.exceptions[0]
    return str(error) if isinstance(error, _SAFE) else code_of(error)
