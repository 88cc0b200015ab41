"""The last label counts, and all that was known before is kept."""

import itertools

from fraud.records.documents import document_of, record_of
from fraud.records.label import HISTORY_MAX, Label, LabelledTransaction, LabelSource, LabelValue, labelled
from tests.builders import ACCOUNT
from tests.fraud.builders import BEGAN, after
from txn_core.transactions.identity import TransactionId
from txn_core.transactions.instants import Instant

ID = TransactionId("review-00000001")


def label(value: LabelValue = "fraud", days: float = 0, source: LabelSource = "chargeback", **changes: str) -> Label:
    """A label of so many days later."""
    at = after(days=days)
    return Label(
        value=value,
        source=source,
        labelled_at=at,
        recorded_at=Instant(changes.pop("recorded_at", at)),
        by="key_anna",
        reason=changes.get("reason"),
    )


def told(*labels: Label, is_dated: bool = True) -> LabelledTransaction:
    """A transaction that got these labels in this order."""
    known: LabelledTransaction | None = None
    for each in labels:
        known = labelled(known, each, account=ACCOUNT, transaction_id=ID, is_dated=is_dated)
    assert known is not None
    return known


def test_the_last_label_counts_in_whatever_order_they_arrive() -> None:
    """By the moment at which it was true: a chargeback file may be loaded late."""
    labels = [label("fraud", 1), label("legitimate", 2, "customer"), label("fraud", 3, "analyst")]
    for order in itertools.permutations(labels):
        known = told(*order)
        assert (known.label, known.history) == (labels[2], tuple(labels))
        assert record_of(LabelledTransaction, document_of(known)) == known


def test_the_same_label_again_is_no_second_one() -> None:
    """Whoever records it, and whenever."""
    again = label("fraud", 1, recorded_at=after(days=9))
    assert told(label("fraud", 1), label("legitimate", 2), again).version == 2
    assert told(label("fraud", 1), label("fraud", 1, reason="another case")).version == 2


def test_a_label_without_a_moment_is_repeated_while_it_counts() -> None:
    """Sent again it says nothing new; said again after something else, it does."""
    assert told(label("fraud", 1), label("fraud", 2), is_dated=False).version == 1
    assert told(label("fraud", 1), label("legitimate", 2), label("fraud", 3), is_dated=False).version == 3


def test_the_history_is_bounded_and_says_so() -> None:
    """The oldest ones go; one that is older than all of them changes nothing."""
    known = told(*(label("fraud", day) for day in range(HISTORY_MAX + 5)))
    assert (len(known.history), known.dropped, known.label.labelled_at) == (
        HISTORY_MAX,
        5,
        after(days=HISTORY_MAX + 4),
    )
    assert labelled(known, label("legitimate", -1), account=ACCOUNT, transaction_id=ID) is known
    assert known.history[0].labelled_at > BEGAN
