"""What the archive counts beside what every drain counts: the plans that it carries out."""

from workers.metrics import Meters


class ArchiveMetrics:
    """The counts of one process of the archive."""

    def __init__(self, meters: Meters) -> None:
        self.flushes = meters.counter("flushes", "Plans carried out", "cause")
