"""What the ingest worker tells Prometheus."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Final, Literal, get_args

from prometheus_client import CollectorRegistry, Counter, Gauge

from ingest.batches.batch_receipt import BatchReceipt
from txn_core.aws.call_failures import CallFailureMetrics
from txn_core.aws.versioned_objects import ListedObject
from txn_core.logs.log_metrics import LogMetrics

NAME: Final = "ingest"
PREFIX: Final = f"txn_{NAME}"

FileOutcome = Literal["done", "failed", "again", "busy", "gone", "stopped"]
"""What became of a file this time. `again`: its batch was done before. `busy`: another process works on it. `gone`:
it was removed or replaced."""


class IngestMetrics:
    """The counts of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        LogMetrics(self.registry, PREFIX)
        CallFailureMetrics(self.registry, PREFIX)
        self.files = self._counter("files", "Files that were looked at, by what became of them", "outcome")
        self._rows = self._counter("rows", "Rows of files that are done or failed", "outcome")
        self.attempts_failed = self._counter("attempts_failed", "Attempts at a file that are made again later")
        self.waiting = self._gauge("files_waiting", "Files of an account at the last look at its folder", "account")
        self.oldest_s = self._gauge("oldest_file_seconds", "Age of the oldest of them", "account")
        self.without_key = self._gauge("folders_without_key", "Folders of clients that no API key is set for")
        self.without_folder = self._gauge("files_without_folder", "Files that lie in no account's folder")
        for outcome in get_args(FileOutcome):  # a count that is there from the start is seen to rise
            self.files.labels(outcome)

    def ended(self, receipt: BatchReceipt) -> None:
        """A batch is done, or has failed."""
        self._rows.labels("accepted").inc(receipt.accepted)
        self._rows.labels("rejected").inc(receipt.rejected)

    def saw(self, account: str, files: Sequence[ListedObject]) -> None:
        """These files of an account wait."""
        oldest = min((file.changed_at for file in files), default=None)
        self.waiting.labels(account).set(len(files))
        self.oldest_s.labels(account).set(
            0 if oldest is None else max(0.0, (datetime.now(UTC) - oldest).total_seconds())
        )

    def _counter(self, name: str, documentation: str, *labels: str) -> Counter:
        return Counter(f"{PREFIX}_{name}", documentation, labels, registry=self.registry)

    def _gauge(self, name: str, documentation: str, *labels: str) -> Gauge:
        return Gauge(f"{PREFIX}_{name}", documentation, labels, registry=self.registry)
