"""Deliveries: every row is settled, in order, whatever goes wrong on the way, or the load ends loudly."""

from collections import deque
from collections.abc import AsyncIterator

import pytest

from ingest.api_client.client import CONNECTIONS_MAX, ApiClient
from ingest.api_client.replies import RefusedError
from ingest.api_client.retry import RetryPolicy
from ingest.layouts.rejection import Rejection
from ingest.upload.delivery import BulkDelivery, SingleDelivery, UndeliveredError
from tests.txn_cli.builders import sound, sound_rows
from tests.txn_cli.fake_api import CutOff, FakeApi, Fault, HttpReply, StopReading, Unsettled

BAD_CARD = "99990000"


async def at_once(_: float) -> None:
    """A pause of no length."""


POLICY = RetryPolicy(attempts_max=4, pause=at_once)


@pytest.fixture
def api() -> FakeApi:
    """The service, without a fault."""
    return FakeApi()


@pytest.fixture
async def client(api: FakeApi) -> AsyncIterator[ApiClient]:
    """A client of the service."""
    async with api.client() as client:
        yield client


def ids(*lines: int) -> list[str]:
    return [f"{line:032x}" for line in lines]


async def test_bulk_sends_all_rows_in_one_request_and_keeps_its_receipt(api: FakeApi, client: ApiClient) -> None:
    delivered = await BulkDelivery(client, POLICY).deliver(sound_rows(100))
    assert (delivered.rejections, delivered.receipts) == ((), ("receipt-1",))
    assert api.requests == [ids(*range(2, 102))]


async def test_bulk_leads_a_rejection_back_to_the_file_s_line_and_column(client: ApiClient) -> None:
    rows = [sound(2), sound(7, cc_num=BAD_CARD, lat="91"), sound(9, merch_long="-181.0")]
    delivered = await BulkDelivery(client, POLICY).deliver(rows)
    assert delivered.rejections == (
        Rejection(7, "cc_num", "card_number_luhn", "fails the Luhn check (ISO/IEC 7812-1)"),
        Rejection(7, "lat", "number_out_of_range", "is out of range"),
        Rejection(9, "merch_long", "number_out_of_range", "is out of range"),
    )


@pytest.mark.parametrize(
    "fault", [CutOff(), CutOff(after=3), HttpReply(503, "overloaded"), HttpReply(429), HttpReply(500)]
)
async def test_bulk_sends_everything_again_after_an_answer_that_leaves_a_doubt(
    fault: Fault, api: FakeApi, client: ApiClient
) -> None:
    api.faults.append(fault)
    delivered = await BulkDelivery(client, POLICY).deliver(sound_rows(8))
    assert delivered.rejections == ()
    assert sorted(api.stored) == sorted(ids(*range(2, 10)))
    # The second attempt is half as large, in case the size was to blame; the third takes up the rest.
    assert [len(request) for request in api.requests[-2:]] == [4, 4]


async def test_bulk_sends_only_the_lines_in_doubt_again_and_before_the_rest(api: FakeApi, client: ApiClient) -> None:
    api.faults.append(Unsettled([2, 4]))
    delivered = await BulkDelivery(client, POLICY).deliver([*sound_rows(4), sound(6, cc_num=BAD_CARD)])
    assert api.requests == [ids(2, 3, 4, 5, 6), ids(3, 5)]
    assert [rejection.line for rejection in delivered.rejections] == [6]
    assert delivered.receipts == ("receipt-1", "receipt-2")


async def test_bulk_goes_on_where_the_server_stopped_reading(api: FakeApi, client: ApiClient) -> None:
    api.faults.append(StopReading(after=3))
    await BulkDelivery(client, POLICY).deliver(sound_rows(5))
    assert api.requests == [ids(2, 3, 4, 5, 6), ids(5, 6)]


async def test_bulk_keeps_going_as_long_as_anything_comes_of_it(api: FakeApi, client: ApiClient) -> None:
    """Ten requests that leave a line each are no ten failures in a row."""
    api.faults = deque(StopReading(after=1) for _ in range(10))
    await BulkDelivery(client, POLICY).deliver(sound_rows(12))
    assert list(api.stored.values()) == [1] * 12


async def test_bulk_counts_failures_anew_behind_a_part_that_was_settled_whole(
    api: FakeApi, client: ApiClient
) -> None:
    """Whatever became of the next part in the same go."""
    fails, succeeds = HttpReply(503, "overloaded"), Unsettled([])
    api.faults = deque([*[fails] * 3, succeeds, *[fails] * 3, succeeds, *[fails] * 3])
    await BulkDelivery(client, POLICY).deliver(sound_rows(40))
    assert list(api.stored.values()) == [1] * 40


async def test_bulk_says_how_many_rows_are_in_doubt_when_it_gives_up(api: FakeApi, client: ApiClient) -> None:
    api.faults = deque([Unsettled([2, 3]), *[HttpReply(503, "overloaded")] * 3])
    with pytest.raises(UndeliveredError, match=r"of 2 rows, from line 3 on, is unknown: .*503 overloaded"):
        await BulkDelivery(client, POLICY).deliver(sound_rows(3))


async def test_a_refusal_of_the_key_ends_the_load_at_once(api: FakeApi, client: ApiClient) -> None:
    api.faults = deque([HttpReply(401, "api_key_invalid"), HttpReply(403, "scope_missing")])
    with pytest.raises(RefusedError, match="401 api_key_invalid"):
        await BulkDelivery(client, POLICY).deliver(sound_rows(3))
    with pytest.raises(RefusedError, match="403 scope_missing"):
        await SingleDelivery(client, POLICY).deliver(sound_rows(3))


async def test_single_sends_a_request_a_row_over_a_bounded_number_of_connections(
    api: FakeApi, client: ApiClient
) -> None:
    delivered = await SingleDelivery(client, POLICY).deliver(sound_rows(200))
    assert (delivered.rejections, delivered.receipts) == ((), ())
    assert sorted(api.requests) == [[one] for one in ids(*range(2, 202))]
    assert 1 < api.at_once_max <= CONNECTIONS_MAX


async def test_single_reports_rejections_in_the_file_s_order(client: ApiClient) -> None:
    rows = [sound(line, cc_num=BAD_CARD) if line % 10 == 0 else sound(line) for line in range(2, 60)]
    delivered = await SingleDelivery(client, POLICY).deliver(rows)
    assert [(r.line, r.field, r.code) for r in delivered.rejections] == [
        (line, "cc_num", "card_number_luhn") for line in range(10, 60, 10)
    ]


@pytest.mark.parametrize("fault", [CutOff(), CutOff(after=1), HttpReply(503, "outcome_unknown"), HttpReply(429)])
async def test_single_sends_a_row_again_after_an_answer_that_leaves_a_doubt(
    fault: Fault, api: FakeApi, client: ApiClient
) -> None:
    api.faults.append(fault)
    assert (await SingleDelivery(client, POLICY).deliver(sound_rows(3))).rejections == ()
    assert sorted(api.stored) == ids(2, 3, 4)


async def test_single_gives_up_loudly(api: FakeApi, client: ApiClient) -> None:
    api.faults = deque([HttpReply(503, "overloaded")] * 1_000)
    with pytest.raises(UndeliveredError, match=r"of 50 rows, from line 2 on, is unknown"):
        await SingleDelivery(client, POLICY).deliver(sound_rows(50))


async def test_a_problem_without_a_pointer_is_the_row_s(api: FakeApi, client: ApiClient) -> None:
    api.faults.append(HttpReply(413, "body_too_large"))
    delivered = await SingleDelivery(client, POLICY).deliver([sound(5)])
    assert delivered.rejections == (Rejection(5, "row", "body_too_large", "Body_too_large"),)
