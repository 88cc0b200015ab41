"""What a stranger does with the client that openapi-python-client makes: post, retry, read, upload, and be refused.

Run by `tests.contract.clients`, in the folder where the client was made, and checked with it by `mypy --strict`.
"""

import datetime as dt
import io
import os
import time
import uuid

from txn_client import AuthenticatedClient
from txn_client.api.transactions import (
    get_transaction,
    list_transactions,
    post_transaction,
    post_transactions_in_bulk,
)
from txn_client.models import (
    Accepted,
    Merchant,
    Problem,
    Transaction,
    TransactionList,
    TransactionPartList,
    TransactionRequest,
)
from txn_client.types import UNSET, File

INDEXED_S_MAX = 60.0
OCCURRED_AT = dt.datetime(2019, 1, 1, 0, 0, 18, 123456, tzinfo=dt.UTC)


def main() -> None:
    """Make the trip; whatever is not as it should be ends it."""
    client = AuthenticatedClient(base_url=os.environ["API_URL"], token=os.environ["API_KEY"])
    request = TransactionRequest(
        transaction_id=uuid.uuid4().hex,
        card_number="2703186189652095",
        amount_minor=497,
        currency="USD",
        occurred_at=OCCURRED_AT,
        merchant=Merchant(name="Rippin, Kub and Mann", category="misc_net"),
    )
    accepted = post_transaction.sync(client=client, body=request)
    assert isinstance(accepted, Accepted), accepted

    found = _indexed(client, accepted.transaction_id)
    assert (found.amount_minor, found.currency, found.occurred_at) == (497, "USD", OCCURRED_AT)
    assert (found.card_id, found.merchant.name) == (accepted.card_id, request.merchant.name)
    page = list_transactions.sync(client=client, card_id=accepted.card_id, limit=1000)
    assert isinstance(page, TransactionList), page
    assert accepted.transaction_id in {row.transaction_id for row in page.data}
    parts = list_transactions.sync(client=client, card_id=accepted.card_id, fields="transaction_id", limit=1)
    assert isinstance(parts, TransactionPartList), parts
    assert [set(row.to_dict()) for row in parts.data] == [{"transaction_id"}]
    _read_again(client, accepted.transaction_id)
    _send_twice(client, request)

    upload = post_transactions_in_bulk.sync_detailed(client=client, body=File(payload=io.BytesIO(b"{}\n")))
    assert upload.status_code == 200
    assert b'"rejected":1' in upload.content

    request.amount_minor = -1
    refused = post_transaction.sync(client=client, body=request)
    assert isinstance(refused, Problem), refused
    assert (refused.code, refused.errors[0].pointer) == ("validation_failed", "/amount_minor")


def _read_again(client: AuthenticatedClient, transaction_id: str) -> None:
    """Who has a copy is answered without a body."""
    first = get_transaction.sync_detailed(transaction_id, client=client)
    again = get_transaction.sync_detailed(transaction_id, client=client, if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


def _send_twice(client: AuthenticatedClient, request: TransactionRequest) -> None:
    """An `Idempotency-Key` stands for an id, and its second answer is the first one."""
    without_id = TransactionRequest.from_dict(request.to_dict())
    without_id.transaction_id = UNSET
    key = f'"{uuid.uuid4()}"'
    first, again = (
        post_transaction.sync_detailed(client=client, body=without_id, idempotency_key=key) for _ in range(2)
    )
    assert isinstance(first.parsed, Accepted), first
    assert (again.content, again.headers["idempotent-replayed"]) == (first.content, "true")


def _indexed(client: AuthenticatedClient, transaction_id: str) -> Transaction:
    """Wait until the index has it."""
    expires_at = time.monotonic() + INDEXED_S_MAX
    while time.monotonic() < expires_at:
        found = get_transaction.sync(transaction_id, client=client)
        if isinstance(found, Transaction):
            return found
        assert isinstance(found, Problem), found
        assert found.code == "transaction_not_found"
        time.sleep(0.1)
    raise TimeoutError(f"not indexed within {INDEXED_S_MAX} s")


if __name__ == "__main__":
    main()
