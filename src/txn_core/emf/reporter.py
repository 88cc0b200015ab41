"""Once a minute, what a process's registry holds, as lines of its log for CloudWatch.

Counters and histograms are told as what was added since they were told last, so that CloudWatch may add up the lines
of all processes. A line that the log has no room for is told with the next report: its counts are late, not lost.
"""

import asyncio
import math
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any, Final

import structlog
from prometheus_client.registry import Collector

from txn_core.emf.documents import VALUES_MAX, Entry, Format
from txn_core.emf.registry_figures import Distribution, Figures, Series, figures_of
from txn_core.logs import telemetry
from txn_core.settings import Settings

EVERY_S: Final = 60.0

_log = structlog.get_logger()


class EmfReporter:
    """What CloudWatch is told of one registry."""

    def __init__(
        self,
        registry: Collector,
        form: Format,
        put: Callable[[bytes], bool] = telemetry.put_line,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Take where lines go (`put` says whether one was taken) and a clock that gives seconds since 1970."""
        self._registry, self._form, self._put, self._clock = registry, form, put, clock
        self._counted: dict[Series, float] = {}
        self._observed: dict[Series, Distribution] = {}
        self._due_s = -math.inf

    def report_when_due(self) -> None:
        """Report if no report was made for a minute, or yet: for a host that does nothing between its calls."""
        if self._clock() >= self._due_s:
            self.report()

    def report(self) -> None:
        """Tell what there is now. In the thread that counts: collectors of the API are not made for others."""
        telemetry.count_report()  # first, so that it is in the report
        now_s = self._clock()
        self._due_s = now_s + EVERY_S
        figures = figures_of(self._registry.collect())
        for document in self._form.documents(list(self._entries(figures)), int(now_s * 1_000)):
            if self._put(document.line):
                for entry in document.entries:
                    self._note(entry.series, figures)

    def _entries(self, figures: Figures) -> Iterator[Entry]:
        for series, count in figures.counters.items():
            yield Entry(series, _number(_added(count, self._counted.get(series, 0.0))))
        for series, values in figures.gauges.items():
            for first in range(0, len(values), VALUES_MAX):
                numbers = [_number(value) for value in values[first : first + VALUES_MAX]]
                yield Entry(series, numbers if len(numbers) > 1 else numbers[0])
        for series, distribution in figures.distributions.items():
            if (told := _told(distribution, self._observed.get(series, Distribution()))) is not None:
                yield Entry(series, told)

    def _note(self, series: Series, figures: Figures) -> None:
        """Remember what was told."""
        if series in figures.counters:
            self._counted[series] = figures.counters[series]
        elif series in figures.distributions:
            self._observed[series] = figures.distributions[series]


@asynccontextmanager
async def reported(
    registry: Collector,
    settings: Settings,
    service: str,
    sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
) -> AsyncIterator[None]:
    """Report a registry every minute for the time of the block, and once more at its end, if the settings say so."""
    if not settings.emf:
        yield
        return
    reporter = EmfReporter(registry, Format(settings.emf_namespace, service))
    reporting = asyncio.create_task(_report_every_minute(reporter, sleep))
    try:
        yield
    finally:
        reporting.cancel()
        await asyncio.wait([reporting])
        _report(reporter)


async def _report_every_minute(reporter: EmfReporter, sleep: Callable[[float], Awaitable[object]]) -> None:
    while True:
        await sleep(EVERY_S)
        _report(reporter)


def _report(reporter: EmfReporter) -> None:
    try:
        reporter.report()
    except Exception:  # noqa: BLE001 - a process that serves is not ended for a figure that cannot be told
        _log.error("metrics_not_reported", exc_info=True)


def _added(now: float, before: float) -> float:
    """What was added to a count; a count that fell has begun again."""
    return now - before if now >= before else now


def _told(now: Distribution, before: Distribution) -> dict[str, Any] | None:
    """What was observed in between, by the upper bounds of buckets; None of nothing.

    The last bucket has no bound. It is told as twice the highest one, or as the mean of its observations if that may
    be more, so that the sum is never more than the values allow.
    """
    counts: Counter[float] = now.counts - before.counts
    if not counts:
        return None
    total = now.total - before.total
    bounds = sorted(bound for bound in now.counts if bound != math.inf)
    occupied = sorted(counts)
    values = [_of_bucket(bound, bounds, total / counts[bound]) for bound in occupied]
    lowest = bounds.index(occupied[0]) if occupied[0] != math.inf else len(bounds)
    return {
        "Values": [_number(value) for value in values],
        "Counts": [counts[bound] for bound in occupied],
        "Min": _number(bounds[lowest - 1]) if lowest else 0,
        "Max": _number(values[-1]),
        "Count": counts.total(),
        "Sum": _number(total),
    }


def _of_bucket(bound: float, bounds: list[float], mean_max: float) -> float:
    if bound != math.inf:
        return bound
    return max(2 * bounds[-1] if bounds else 0.0, mean_max)


def _number(value: float) -> float:
    """The same number, as short as JSON has it."""
    return int(value) if float(value).is_integer() else value
