"""The figures that are held to a threshold, each with what it means, from when on it is bad, and what to do then.

The one place for all three. The report's findings, the page, the pages under `/runbook/` and docs/runbook.md are made
of it. Thresholds are those of the alarms; values are of the last minute unless said otherwise.
"""

from dataclasses import dataclass
from typing import Final

SHARE: Final = "of answers"
"""The unit of shares, 0 to 1."""


@dataclass(frozen=True, slots=True)
class RunbookEntry:
    """One figure.

    Attributes:
        name: of the figure, in findings and in the page's address.
        title: for people.
        meaning: what the figure is, and why it matters. It may have code in backticks, as `steps` may.
        warning: it is not as it should be above this value; None if it never only warns.
        critical: somebody has to act now above this value; None if it is never that bad.
        unit: of the values.
        steps: what to do, in order.
    """

    name: str
    title: str
    meaning: str
    warning: float | None
    critical: float | None
    unit: str
    steps: tuple[str, ...]

    @property
    def address(self) -> str:
        """Its page."""
        return f"/runbook/{self.name}"


INDEX_LAG: Final = RunbookEntry(
    "index_lag",
    "The index is behind",
    "The age of the oldest record that look-ups do not find yet. Transactions that were answered 202 are safe on the "
    "stream meanwhile.",
    warning=30.0,
    critical=60.0,
    unit="s",
    steps=(
        "Look at the lease owners of the index: if there is none, start `txn worker index`.",
        "Ask `/readyz` of the worker, or its log, which store it waits for. Do not restart a worker that waits.",
        "If it works without pause, it has too little room: add workers up to the number of shards, or split shards.",
        "If DynamoDB throttles writes, raise the capacity of the table.",
    ),
)
DRAIN_LAG: Final = RunbookEntry(
    "drain_lag",
    "A drain is behind",
    "The age of the oldest record that the archive or the scorer has not made durable. Each writes every 10 s, so a "
    "few seconds are usual. What the stream no longer retains is lost for a drain.",
    warning=60.0,
    critical=120.0,
    unit="s",
    steps=(
        "Look at the lease owners of the drain: if there is none, start `txn worker archive` or `txn worker score`.",
        "Ask `/readyz` of the worker, or its log, which store it waits for.",
        "If `txn status` says that a limit of the shard holds it up, split shards, or set `TXN_FAN_OUT` for a drain.",
        "Raise the retention of the stream before the lag comes near to it.",
    ),
)
UNOWNED_SHARDS: Final = RunbookEntry(
    "unowned_shards",
    "Nobody reads a shard",
    "How long records have waited in shards whose lease no process holds. A lease is taken within seconds after its "
    "owner has gone.",
    warning=None,
    critical=30.0,
    unit="s",
    steps=(
        "See whether a process of this drain runs: `txn status`, or the list of your containers.",
        "Start one, or see in its log why it takes no lease. A child shard waits until its parents are finished.",
        "Where the index is a function of Lambda, nobody holds its leases: see its mapping's state and its errors.",
    ),
)
FOREIGN_LEASES: Final = RunbookEntry(
    "foreign_leases",
    "The leases belong to another stream",
    "The stream was deleted and made again. The drain reads nothing until its leases are reset.",
    warning=None,
    critical=0.0,
    unit="drains",
    steps=(
        "Find out who deleted the stream, and what it held that was not read.",
        "Run `txn leases reset` for this drain. It says first what it will do.",
        "Then compare the views from the minute of the new stream on: `txn reconcile --since`.",
    ),
)
LEDGERS: Final = RunbookEntry(
    "ledgers",
    "Ledgers differ",
    "Minutes of shards of which a drain has made other records durable than the archive, among the latest minutes "
    "that both have done.",
    warning=None,
    critical=0.0,
    unit="minutes",
    steps=(
        "Run `txn reconcile --since 1h`. It reads the minutes that differ again and names each record.",
        "Keep the raw objects and the dead letters as they are until it is explained.",
    ),
)
SERVER_ERRORS: Final = RunbookEntry(
    "server_errors",
    "Requests fail",
    "The share of answers with a status of 500 or more, of at least 20 answers. A client that gets one sends the "
    "same again, which is safe.",
    warning=0.001,
    critical=0.01,
    unit=SHARE,
    steps=(
        "Look for `request_failed`, `records_given_up` and `store_not_reached` in the log of the API.",
        "Ask `/readyz` whether stream and tables answer.",
        "If answers are `outcome_unknown`, the stream is slow or away. If they are `overloaded`, add processes.",
    ),
)
LOAD_REFUSED: Final = RunbookEntry(
    "load_refused",
    "Load is refused",
    "The share of answers 429 and 503, of at least 20 answers: limits of keys, and processes that are full.",
    warning=0.01,
    critical=0.1,
    unit=SHARE,
    steps=(
        "See in the log which keys are refused (`requests_not_logged` sums up). A single key is its client's matter.",
        "If shards throttle, split them. If they do not, add processes of the API.",
    ),
)
LATENCY: Final = RunbookEntry(
    "latency",
    "Answers are slow",
    "The 99th percentile of the time to the answer of `/transactions`, of at least 20 answers.",
    warning=500.0,
    critical=2500.0,
    unit="ms",
    steps=(
        "See whether shards throttle, and whether records wait on their way to the stream.",
        "Compare with `txn_request_time_seconds`, the time of Kinesis itself.",
        "If the processes use their cores up, add processes.",
    ),
)
THROTTLES: Final = RunbookEntry(
    "throttles",
    "A shard throttles writes",
    "Attempts of one shard that Kinesis refused. The records wait and are sent again. Other shards do not wait.",
    warning=0.0,
    critical=600.0,
    unit="attempts a minute",
    steps=(
        "See whether one shard has much more than the others: a card or a client that sends very much.",
        "If all have, the stream is too small: `aws kinesis update-shard-count`.",
        "See whether another writer uses the same stream.",
    ),
)
DEAD_LETTERS: Final = RunbookEntry(
    "dead_letters",
    "Records could not be processed",
    "Dead letters of yesterday and today that were not sent again. They hold nothing up.",
    warning=0.0,
    critical=None,
    unit="letters",
    steps=(
        "Look at one for its code: `undecodable` comes from a foreign or newer writer, `unwritable` from the table.",
        "When the cause is gone, send them again, here or by `txn dead-letters replay`. Nothing is made twice.",
        "A `conflict` cannot be mended by sending it again: tell the client that one id was used for two contents.",
    ),
)
MISSING: Final = RunbookEntry(
    "missing",
    "A figure cannot be read",
    "A store did not answer in time, so that a part of this report is missing. The other parts hold.",
    warning=0.0,
    critical=None,
    unit="parts",
    steps=(
        "Ask `/readyz` whether stream and tables answer.",
        "See whether the role of the API may read leases, the stream and the bucket (docs/operations.md).",
    ),
)

RUNBOOK: Final = (
    *(INDEX_LAG, DRAIN_LAG, UNOWNED_SHARDS, FOREIGN_LEASES, LEDGERS),
    *(SERVER_ERRORS, LOAD_REFUSED, LATENCY, THROTTLES, DEAD_LETTERS, MISSING),
)
ANSWERS_LEAST: Final = 20
"""Of fewer answers within the window a share or a percentile says nothing."""


def thresholds_of(entry: RunbookEntry) -> str:
    """From when on a figure is not as it should be, in words."""
    if entry.warning is None or entry.critical is None:
        state, value = ("Critical", entry.critical) if entry.warning is None else ("Warning", entry.warning)
        return f"{state} above {_value(value, entry.unit)}."
    return f"Warning above {_value(entry.warning, entry.unit)}, critical above {_value(entry.critical, entry.unit)}."


def _value(value: float | None, unit: str) -> str:
    if value is not None and unit == SHARE:
        return f"{value:.1%} {unit}"
    return f"{value:,g} {unit}"
