"""What the index counts beside what every drain counts: ids that were sent, or read, more than once."""

from workers.metrics import WorkerMetrics


class IndexMetrics:
    """The counts of one process of the index."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        self.replays = metrics.counter("replays", "Events indexed by the very same position")
        self.duplicates = metrics.counter("duplicates", "Ids sent again with the same content")
        self.conflicts = metrics.counter("conflicts", "Ids sent again with other content")
