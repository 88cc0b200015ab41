"""What the index counts beside what every drain counts: ids that were sent, or read, more than once."""

from workers.metrics import Meters


class IndexMetrics:
    """The counts of one process of the index."""

    def __init__(self, meters: Meters) -> None:
        self.replays = meters.counter("replays", "Events indexed by the very same position")
        self.duplicates = meters.counter("duplicates", "Ids sent again with the same content")
        self.conflicts = meters.counter("conflicts", "Ids sent again with other content")
