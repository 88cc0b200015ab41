"""A label: what somebody came to know of a transaction, weeks later as often as not, with all that was known before.

The last label counts, by the moment at which it was true and not by the moment at which it arrived: a chargeback file
that is loaded late does not undo what was found out since. The scorer never sees a label.
"""

from dataclasses import dataclass, replace
from typing import Final, Literal, get_args

from fraud.records.case import Case
from txn_core.transactions.identity import Account, CaseId, TransactionId
from txn_core.transactions.instants import Instant

LabelValue = Literal["fraud", "legitimate"]
LabelSource = Literal["analyst", "chargeback", "customer", "import"]
LABEL_SOURCES: Final[tuple[LabelSource, ...]] = get_args(LabelSource)
HISTORY_MAX: Final = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Label:
    """One label. `labelled_at` says since when it is known, `recorded_at` when it was stored."""

    value: LabelValue
    source: LabelSource
    labelled_at: Instant
    recorded_at: Instant
    by: str
    reason: str | None = None
    case_id: CaseId | None = None

    @property
    def order(self) -> tuple[Instant, Instant, str, str]:
        """By which the last one is found; no two processes disagree."""
        return self.labelled_at, self.recorded_at, self.source, self.value

    def says_the_same(self, other: "Label") -> bool:
        """Whether two labels differ in their moments and their writers alone."""
        mine, others = ((each.value, each.source, each.reason, each.case_id) for each in (self, other))
        return mine == others


@dataclass(frozen=True, slots=True, kw_only=True)
class LabelledTransaction:
    """All labels of a transaction in their order, the last one of which counts.

    `dropped` is how many of the oldest ones were left out, of more than `HISTORY_MAX`; `version` is the number of
    writes.
    """

    account: Account
    transaction_id: TransactionId
    version: int
    history: tuple[Label, ...]
    dropped: int = 0

    @property
    def label(self) -> Label:
        """The label that counts."""
        return self.history[-1]


def labelled(
    known: LabelledTransaction | None,
    label: Label,
    *,
    account: Account,
    transaction_id: TransactionId,
    is_dated: bool = True,
) -> LabelledTransaction:
    """The transaction with one label more; the same when it has that label already.

    A label that is not dated was made by a client who gave no moment: to send it again is no second label.
    """
    if known is None:
        return LabelledTransaction(account=account, transaction_id=transaction_id, version=1, history=(label,))
    if any(each.says_the_same(label) and each.labelled_at == label.labelled_at for each in known.history):
        return known
    if not is_dated and known.label.says_the_same(label):
        return known
    history = tuple(sorted((*known.history, label), key=lambda each: each.order))
    beyond = max(0, len(history) - HISTORY_MAX)
    if history[beyond:] == known.history:
        return known  # it is older than all that is kept
    return replace(known, version=known.version + 1, history=history[beyond:], dropped=known.dropped + beyond)


def label_of(case: Case, recorded_at: Instant) -> Label | None:
    """The label that the closing of a case gives each of its transactions; none of a case that decided nothing."""
    if case.resolution in {None, "inconclusive"} or case.closed_at is None or case.closed_by is None:
        return None
    return Label(
        value="fraud" if case.resolution == "fraud" else "legitimate",
        source="analyst",
        labelled_at=case.closed_at,
        recorded_at=recorded_at,
        by=case.closed_by,
        reason=case.reason,
        case_id=case.case_id,
    )
