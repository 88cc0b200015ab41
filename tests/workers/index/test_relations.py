"""Refunds in the index against a plain model: whatever order their writes come in, and however often."""

import random
from typing import Any, Final, NamedTuple

from tests.builders import arrived, position
from tests.workers.builders import ACCOUNT, event, later, twin
from tests.workers.conftest import StackFixture
from tests.workers.index.test_index_processor import index  # noqa: F401 - a fixture
from txn_api.reads.relations import relations_of
from txn_core.dynamodb.ranges import Span
from txn_core.transactions.event import Event
from txn_core.transactions.identity import TransactionId
from workers.index.index_processor import Index

CASES: Final = 12
AT_ONCE: Final = 64


class Write(NamedTuple):
    """One event of an id, accepted so many seconds after the first of all."""

    id_: str
    second: int
    original: str
    fields: dict[str, Any]


def written(case: int, rng: random.Random) -> list[Write]:
    """Some refunds and reversals, most of them written several times: repeats, and other contents and originals."""
    seconds = rng.sample(range(100), 40)
    found: list[Write] = []
    for number in range(4):
        contents = [
            (f"purchase-{case}-{rng.randrange(2)}", {"amount_minor": rng.randrange(300), "type": kind})
            for kind in rng.choices(["refund", "reversal"], k=2)
        ]
        for _ in range(rng.randint(1, 4)):
            original, fields = rng.choice(contents)
            found.append(Write(f"refund-{case}-{number}", seconds.pop(), original, fields))
    return found


def counted(writes: list[Write], original: str) -> dict[str, int]:
    """The model: of each id the earliest write alone, its amount by its type."""
    first = {each.id_: each for each in sorted(writes, key=lambda each: -each.second)}
    totals = {"refund": 0, "reversal": 0}
    for each in first.values():
        if each.original == original:
            totals[each.fields["type"]] += each.fields["amount_minor"]
    return totals


async def test_relations_do_not_depend_on_the_order_of_writes(
    world: StackFixture,
    index: Index,  # noqa: F811 - the fixture
) -> None:
    """Originals late or early, each write twice, some at once: always what the model counts."""
    for case in range(CASES):
        rng = random.Random(case)
        writes = written(case, rng)
        originals = [f"purchase-{case}-{number}" for number in range(2)]
        purchases = [event(id_, amount_minor=300) for id_ in originals]
        template = Event.decode(purchases[0])
        data = [
            twin(
                purchases[0],
                transaction_id=each.id_,
                original_transaction_id=each.original,
                accepted_at=later(each.second),
                **each.fields,
            )
            for each in writes
        ]
        records = [arrived(each, position(100 * case + at)) for at, each in enumerate([*purchases, *data])]
        arrivals = records * 2
        rng.shuffle(arrivals)
        await index.write_all(arrivals)
        for original in originals:
            query = index.transactions.by_original(ACCOUNT, TransactionId(original), Span(limit=100))
            page = await index.transactions.page(query)
            stored = await index.transactions.get(ACCOUNT, TransactionId(original))
            assert stored is not None
            relations = relations_of(stored.event, page.rows, is_all=not page.has_more)
            expected = counted(writes, original)
            assert {"refund": relations.refunded_minor, "reversal": relations.reversed_minor} == expected, case
            exceeds = sum(expected.values()) > template.amount_minor
            assert relations.flags == (("exceeds_original",) if exceeds else ())


async def test_one_refund_of_many_that_race_counts(
    world: StackFixture,
    index: Index,  # noqa: F811 - the fixture
) -> None:
    """64 writes of one refund at once, each of another amount, half of them of another original."""
    purchase = event("raced-purchase", amount_minor=500)
    records = [
        arrived(
            twin(
                purchase,
                transaction_id="raced-refund",
                type="refund",
                original_transaction_id="raced-purchase" if number % 2 == 0 else "another-purchase",
                accepted_at=later(number),
                amount_minor=number + 1,
            ),
            position(1_000 + number),
        )
        for number in reversed(range(AT_ONCE))
    ]
    await index.write_all([*records, arrived(purchase, position(2_000))])
    rows = {
        original: await index.transactions.page(
            index.transactions.by_original(ACCOUNT, TransactionId(original), Span(limit=100))
        )
        for original in ("raced-purchase", "another-purchase")
    }
    assert not rows["another-purchase"].rows
    (only,) = rows["raced-purchase"].rows
    assert Event.decode(only.event).amount_minor == 1
