"""The log's lines of requests that were refused or failed: a bounded number a second, and a count of the others.

Whoever sends requests without a key causes as many refusals as he likes. A line for each would fill a disk and hide
all other lines. So refusals have a budget, and failures, which are ours, a larger one of their own. One key's
refusals use up no other key's: each has its part of the budget, and all requests without a known key have one part.

The metric `txn_http_requests_unlogged_total` and a line each second say how many lines were left out. A client that
reports the id of such a request also has its problem, which names the route's fault.
"""

import asyncio
import traceback
from collections import Counter
from collections.abc import Iterator
from typing import Final

import structlog
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from txn_api.edge.request_context import RequestContext
from txn_core.logs.log_budget import WINDOW_S, EventBudget, LogBudget

KIND_LINES_MAX: Final = 5
"""Refusals a second with one route and status that are logged of one key."""
KEY_LINES_MAX: Final = 10
REFUSED_LINES_MAX: Final = 30
"""Refusals a second that are logged in all: at 250 bytes a line, at most 650 MB a day and process."""
FAILED_LINES_MAX: Final = 100
"""Failures (5xx) a second that are logged, whoever met them."""
KINDS_NAMED_MAX: Final = 10
"""Routes and statuses, the most frequent ones, that a line names whose own lines were left out."""

EVENT_LINES_MAX: Final = 20
"""Lines a second of any other event that the API logs, such as `upload_broken_off`."""
EVENTS_LINES_MAX: Final = 100

_log = structlog.get_logger()
_REQUEST: Final = "request"
_FAILED: Final = "request_failed"
_NOT_LOGGED: Final = "requests_not_logged"
_Kind = tuple[str, int]
"""A route's template and a status."""


def event_budget() -> EventBudget:
    """What all other lines of an API's process are held to: clients cause most of them, too."""
    return EventBudget(EVENT_LINES_MAX, EVENTS_LINES_MAX, frozenset({_REQUEST, _FAILED, _NOT_LOGGED}))


class RequestLog(Collector):
    """Logs what was refused and what failed; of the other requests nothing, unless all are to be logged."""

    def __init__(self, registry: CollectorRegistry, *, log_all: bool = False) -> None:
        self.status_min = 0 if log_all else 400
        """Answers of a lower status are not logged."""
        self._refused = LogBudget[_Kind](KIND_LINES_MAX, KEY_LINES_MAX, REFUSED_LINES_MAX)
        self._failed = LogBudget[_Kind](FAILED_LINES_MAX, FAILED_LINES_MAX, FAILED_LINES_MAX)
        self._errors = LogBudget[_Kind](FAILED_LINES_MAX, FAILED_LINES_MAX, FAILED_LINES_MAX)
        self._will_tell = False
        registry.register(self)

    def answered(self, context: RequestContext, method: str, route: str, seconds: float) -> None:
        """Log an answered request whose status is to be logged, as far as the budget goes."""
        status = context.status
        if self.status_min:
            budget = self._refused if status < 500 else self._failed
            holder = context.allowance if status < 500 else None  # a key has the same ones for all its requests
            if not budget.takes((route, status), holder):
                self._tell_soon()
                return
        _log.info(_REQUEST, **context.ids, method=method, route=route, status=status, ms=round(seconds * 1000, 1))

    def failed(self, context: RequestContext, error: Exception) -> None:
        """Log an error that nobody expected: its kind and places, since its text may quote what was sent."""
        if self._errors.takes((_FAILED, 500)):
            _log.error(_FAILED, **context.ids, **_code_places(error))
        else:
            self._tell_soon()

    def _tell_soon(self) -> None:
        if not self._will_tell:
            self._will_tell = True
            asyncio.get_running_loop().call_later(WINDOW_S, self.tell)

    def tell(self) -> None:
        """Say how many lines were left out since this was said last, if any were."""
        self._will_tell = False
        untold = sum((budget.untold() for budget in self._budgets), Counter[_Kind]())
        if untold:
            named = [
                {"route": route, "status": status, "lines": lines}
                for (route, status), lines in untold.most_common(KINDS_NAMED_MAX)
            ]
            _log.warning(_NOT_LOGGED, lines=untold.total(), most=named)

    @property
    def _budgets(self) -> tuple[LogBudget[_Kind], ...]:
        return self._refused, self._failed, self._errors

    def collect(self) -> Iterator[Metric]:
        """The present counts."""
        family = CounterMetricFamily(
            "txn_http_requests_unlogged",
            "Refused or failed requests whose log line was left out, past a second's budget",
            labels=["route", "status"],
        )
        for budget in self._budgets:
            for (route, status), lines in budget.left_out.items():
                family.add_metric([route, str(status)], lines)
        yield family


def _code_places(error: Exception) -> dict[str, object]:
    frames = traceback.extract_tb(error.__traceback__)
    return {
        "error": type(error).__name__,
        "places": [f"{frame.filename.rpartition('/')[2]}:{frame.lineno} {frame.name}" for frame in frames[-8:]],
    }
