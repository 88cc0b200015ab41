"""Makes functions work in small steps. It imports little, since each process of a function imports it."""

from ingest.upload.delivery import BulkDelivery
from workers.hosts import unleased

RECORDS_AT_ONCE = 4


def checkpoint_often() -> None:
    """Checkpoint every few records, so that answers are partial."""
    unleased.RECORDS_AT_ONCE = RECORDS_AT_ONCE  # type: ignore[misc]


ROWS_AT_ONCE = 5


def upload_few_rows() -> None:
    """Upload a file in several chunks."""
    BulkDelivery.rows_max = ROWS_AT_ONCE
