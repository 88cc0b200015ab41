"""Makes functions work in small steps; and what the process imports from which their environments are forked."""

from ingest.upload.delivery import BulkDelivery
from txn_core.aws.clients import _service_models
from workers.hosts import unleased

PRELOADED = (__name__, "workers.lambdas.index_function", "workers.lambdas.files_function")

for service in ("dynamodb", "kinesis", "s3"):
    _service_models().load_service_model(service, "service-2")  # which takes an environment half a second

RECORDS_AT_ONCE = 4


def checkpoint_often() -> None:
    """Checkpoint every few records, so that answers are partial."""
    unleased.RECORDS_AT_ONCE = RECORDS_AT_ONCE  # type: ignore[misc]


ROWS_AT_ONCE = 5


def upload_few_rows() -> None:
    """Upload a file in several chunks."""
    BulkDelivery.rows_max = ROWS_AT_ONCE
