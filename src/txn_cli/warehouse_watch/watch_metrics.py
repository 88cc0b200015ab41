"""What the process that runs the warehouse tells Prometheus, and `txn status`."""

from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge

from txn_core.logs.log_metrics import LogMetrics

NAME: Final = "warehouse"
PREFIX: Final = f"txn_{NAME}"


class WatchMetrics:
    """The counts of one process."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """Take a clock that gives the seconds since 1970."""
        self._clock = clock
        self.registry = CollectorRegistry()
        LogMetrics(self.registry, PREFIX)
        self.runs = Counter(f"{PREFIX}_runs", "Runs by what became of them", ["outcome"], registry=self.registry)
        self._rows = Counter(f"{PREFIX}_rows", "Rows that were loaded", registry=self.registry)
        self._last_at = self._gauge("last_run_timestamp_seconds", "When the last run ended")
        self._last_s = self._gauge("last_run_seconds", "How long the last run took")
        self._last_rows = self._gauge("last_run_rows", "Rows that the last run loaded")
        self._built_at = self._gauge(
            "built_timestamp_seconds", "When the last run began that brought in all of the lake"
        )
        self._looked_at = self._gauge("looked_timestamp_seconds", "When the lake was looked at last")
        self._waiting = self._gauge("objects_waiting", "Raw objects of the lake that are not in the warehouse")
        self._behind = self._gauge("behind_seconds", "For how long raw objects have been waiting")
        self._failures = self._gauge("failures_in_a_row", "Runs that failed since the last good one")
        self._running = self._gauge("running", "Whether a run is under way")
        for outcome in ("built", "nothing_new", "failed"):  # a count that is there from the start is seen to rise
            self.runs.labels(outcome)
        self._waiting_since: float | None = None
        self._behind.set_function(self._behind_s)

    def looked(self, waiting: int) -> None:
        """The lake was looked at, and so many objects are not in the warehouse."""
        now = self._clock()
        self._looked_at.set(now)
        self._waiting.set(waiting)
        if not waiting:
            self.caught_up()
        elif self._waiting_since is None:
            self._waiting_since = now

    def caught_up(self) -> None:
        """All objects of the last look are in the warehouse."""
        self._waiting.set(0)
        self._waiting_since = None

    def began(self) -> float:
        """A run begins; gives when."""
        self._running.set(1)
        return self._clock()

    def ended(self, began_at: float, *, rows: int, built: bool, failures: int) -> None:
        """A run has ended, after which so many have failed in a row."""
        now = self._clock()
        self._running.set(0)
        self.runs.labels("failed" if failures else "built" if built else "nothing_new").inc()
        self._rows.inc(rows)
        self._last_at.set(now)
        self._last_s.set(now - began_at)
        self._last_rows.set(rows)
        self._failures.set(failures)
        if not failures:
            self._built_at.set(began_at)

    def _behind_s(self) -> float:
        return 0.0 if self._waiting_since is None else max(0.0, self._clock() - self._waiting_since)

    def _gauge(self, name: str, documentation: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", documentation, registry=self.registry)
