"""The audit: every way in which a file and the store may differ is counted under its name, and nothing else is."""

from collections import deque

import pytest

from ingest.api_client.replies import UnavailableError
from ingest.api_client.retry import RetryPolicy
from ingest.layouts.read_rows import Row
from tests.txn_cli.builders import CARD, OTHER_CARD, cells, parse_row, sound, sound_rows
from tests.txn_cli.fake_api import CutOff, HttpReply
from tests.txn_cli.verify.store import FakeStore, event_of
from txn_cli.verify import audit as audit_module
from txn_cli.verify.audit import Audit
from txn_cli.verify.verify_report import Report
from txn_cli.verify.workshop import EFFORT_ALONE


async def at_once(_: float) -> None:
    """A pause of no length."""


@pytest.fixture
def store() -> FakeStore:
    """A store that holds nothing."""
    return FakeStore()


async def audit(
    store: FakeStore, rows: list[Row], *, part_rows: int = 500_000, effort_alone: int = EFFORT_ALONE
) -> tuple[Report, list[tuple[int, str]]]:
    faults: list[tuple[int, str]] = []
    async with store.api.client() as client:
        verifier = Audit(
            client,
            store,
            on_progress=lambda what, rows: None,
            on_fault=lambda line, what: faults.append((line, what)),
            policy=RetryPolicy(attempts_max=3, pause=at_once),
            part_rows=part_rows,
            effort_alone=effort_alone,
        )
        return await verifier.run(rows), faults


async def test_a_store_that_holds_the_file_is_all_right(store: FakeStore) -> None:
    rows = [
        sound(2),
        sound(3, cc_num=OTHER_CARD),
        sound(4, merchant="fraud_O'Kub", is_fraud="1"),
        sound(5, zip="501"),
    ]
    store.store(*rows)
    report, faults = await audit(store, [*rows])
    assert report == Report(rows=4)
    assert report.all_right
    assert faults == []


async def test_rows_that_are_damaged_or_refused_are_not_expected(store: FakeStore) -> None:
    store.store(sound(2))
    rows: list[Row] = [sound(2), parse_row(cells(amt="?"), line=3), sound(4, cc_num="99990000"), sound(5, job=CARD)]
    assert (await audit(store, rows))[0] == Report(rows=1)


async def test_a_row_that_is_nowhere_is_missing_twice(store: FakeStore) -> None:
    store.store(*sound_rows(3))
    report, faults = await audit(store, [*sound_rows(4)])
    assert report == Report(rows=4, missing_in_index=1, missing_in_lake=1)
    assert not report.all_right
    assert faults == [(5, "missing_in_index"), (5, "missing_in_lake")]


async def test_nothing_at_all_is_missing_altogether(store: FakeStore) -> None:
    report, _ = await audit(store, [*sound_rows(3)])
    assert report == Report(rows=3, missing_in_index=3, missing_in_lake=3)


@pytest.mark.parametrize(
    "changes",
    [
        {"amount_minor": 1},
        {"card_masked": CARD},
        {"occurred_at": "2019-01-01T00:00:19.000000Z"},
        {"merchant_id": None},
        {"account": None},
    ],
)
async def test_a_document_that_differs_is_told(store: FakeStore, changes: dict[str, object]) -> None:
    store.store(*sound_rows(3))
    store.index(event_of(sound(3)) | changes)
    report, faults = await audit(store, [*sound_rows(3)])
    assert report == Report(rows=3, different_in_index=1)
    assert faults == [(3, "different_in_index")]


async def test_a_row_that_differs_in_the_lake_is_missing_there(store: FakeStore) -> None:
    store.store(sound(2))
    store.index(event_of(sound(3)))
    store.archive(event_of(sound(3)) | {"amount_minor": 1})
    assert (await audit(store, [sound(2), sound(3)]))[0] == Report(rows=2, missing_in_lake=1)


async def test_a_row_of_another_card_in_the_lake_is_missing_there(store: FakeStore) -> None:
    """Both cards look the same behind their masks."""
    store.store(sound(2), sound(3, cc_num=OTHER_CARD))
    store.index(event_of(sound(4)))
    others = event_of(sound(4, cc_num=OTHER_CARD))
    store.archive(event_of(sound(4)) | {name: others[name] for name in ("card_id", "customer_id")})
    rows: list[Row] = [sound(2), sound(3, cc_num=OTHER_CARD), sound(4)]
    assert (await audit(store, rows))[0] == Report(rows=3, missing_in_lake=1)


async def test_what_was_sent_twice_is_repeated_and_no_fault(store: FakeStore) -> None:
    store.store(*sound_rows(5))
    store.store(*sound_rows(3))
    store.store(*sound_rows(2))
    report, _ = await audit(store, [*sound_rows(5)])
    assert report == Report(rows=5, repeated_in_stream=3)
    assert report.all_right


async def test_a_position_that_stands_twice_is_duplicated_and_no_repeat(store: FakeStore) -> None:
    store.store(*sound_rows(5))
    for _ in range(2):
        store.archive(*map(event_of, sound_rows(3)), at=1)
    report, _ = await audit(store, [*sound_rows(5)])
    assert report == Report(rows=5, duplicated_in_lake=3)
    assert not report.all_right


async def test_what_others_have_stored_does_not_matter(store: FakeStore) -> None:
    store.store(*sound_rows(3), sound(99))
    store.archive(*(event_of(row, account="other") for row in sound_rows(3)))
    assert (await audit(store, [*sound_rows(3)]))[0] == Report(rows=3)


async def test_positions_of_others_are_looked_at_as_well(store: FakeStore) -> None:
    store.store(*sound_rows(3), sound(99))
    store.archive(event_of(sound(99)), at=4)
    assert (await audit(store, [*sound_rows(3)]))[0] == Report(rows=3, duplicated_in_lake=1)


async def test_a_row_that_the_file_holds_twice_is_found_twice(store: FakeStore) -> None:
    store.store(sound(2))
    assert (await audit(store, [sound(2), sound(2)]))[0] == Report(rows=2)


async def test_a_second_row_of_the_same_id_and_other_content_differs(store: FakeStore) -> None:
    store.store(sound(2))
    store.archive(event_of(sound(2, amt="5")))
    report, _ = await audit(store, [sound(2), sound(2, amt="5")])
    assert report == Report(rows=2, different_in_index=1, repeated_in_stream=1)


@pytest.mark.parametrize("part_rows", [1, 2, 5, 7])
async def test_a_file_in_parts_has_the_same_report(store: FakeStore, part_rows: int) -> None:
    store.store(*sound_rows(4))
    store.store(sound(2))
    store.archive(event_of(sound(2)), at=1)
    report, _ = await audit(store, [*sound_rows(5)], part_rows=part_rows)
    assert report == Report(rows=5, missing_in_index=1, missing_in_lake=1, duplicated_in_lake=1, repeated_in_stream=1)


async def test_a_part_ends_with_its_rows_and_not_with_those_that_are_refused(store: FakeStore) -> None:
    rows: list[Row] = [sound(2, lat="91"), sound(3), parse_row(cells(amt="?"), line=4), sound(5)]
    store.store(sound(3))
    report, faults = await audit(store, rows, part_rows=1)
    assert report == Report(rows=2, missing_in_index=1, missing_in_lake=1)
    assert faults == [(5, "missing_in_index"), (5, "missing_in_lake")]


async def test_other_processes_find_the_same(store: FakeStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """As with a file that is long enough to be worth starting them."""
    monkeypatch.setattr(audit_module, "BATCH_ROWS", 10)
    rows = sound_rows(51)
    store.store(*rows[:50])
    store.index(event_of(rows[1]) | {"amount_minor": 1})
    store.objects.clear()
    store.archive(*map(event_of, rows[:49]), at=1)
    alone, faults_alone = await audit(store, [*rows])
    report, faults = await audit(store, [*rows], effort_alone=0)
    assert report == alone == Report(rows=51, missing_in_index=1, different_in_index=1, missing_in_lake=2)
    assert sorted(faults) == sorted(faults_alone)


async def test_a_file_without_rows_is_all_right(store: FakeStore) -> None:
    store.archive(event_of(sound(2)))
    store.archive(event_of(sound(2)), at=1)
    assert (await audit(store, []))[0] == Report(duplicated_in_lake=1)


@pytest.mark.parametrize("part_rows", [150, 500_000])
async def test_progress_goes_over_all_parts(store: FakeStore, part_rows: int) -> None:
    """A row is read before it is settled, so that a meter may hold one count against the other."""
    store.store(*sound_rows(250))
    told: list[tuple[str, int]] = []
    async with store.api.client() as client:
        verifier = Audit(
            client,
            store,
            on_progress=lambda what, rows: told.append((what, rows)),
            on_fault=lambda line, what: None,
            part_rows=part_rows,
        )
        await verifier.run(sound_rows(250))
    for what in ("file", "index"):
        counts = [rows for told_what, rows in told if told_what == what]
        assert counts == sorted(counts)
        assert counts[-1] == 250


async def test_only_the_raw_lake_is_read(store: FakeStore) -> None:
    store.store(sound(2))
    store.objects["dead-letters/2026/1"] = b"not Parquet"
    assert (await audit(store, [sound(2)]))[0].all_right


async def test_an_answer_that_is_lost_is_asked_for_again(store: FakeStore) -> None:
    store.store(*sound_rows(3))
    store.api.faults = deque([CutOff(), HttpReply(503, "store_unavailable")])
    assert (await audit(store, [*sound_rows(3)]))[0].all_right


async def test_a_service_that_does_not_answer_ends_the_audit(store: FakeStore) -> None:
    store.api.faults = deque([HttpReply(503, "store_unavailable")] * 100)
    with pytest.raises(UnavailableError, match="503 store_unavailable"):
        await audit(store, [sound(2)])
