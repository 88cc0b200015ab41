"""What the archive counts beside what every drain counts: the plans that it carries out."""

from workers.metrics import WorkerMetrics


class ArchiveMetrics:
    """The counts of one process of the archive."""

    def __init__(self, metrics: WorkerMetrics) -> None:
        self.flushes = metrics.counter("flushes", "Plans carried out", "cause")
