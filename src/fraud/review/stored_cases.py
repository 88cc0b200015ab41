"""Cases between their records and their table."""

from dataclasses import dataclass
from typing import Final

from pydantic_core import from_json, to_json

from fraud.records.case import Case
from fraud.records.case_actions import may_be_claimed_no_more
from fraud.records.case_views import summary_of
from fraud.records.documents import document_of, record_of
from fraud.records.label import label_of
from txn_core.dynamodb.review.cases import ASSIGNED, AT_ONCE, CaseItem, CaseTable
from txn_core.transactions.identity import Account, CaseId

PRIORITY_MAX: Final = 999


@dataclass(frozen=True, slots=True)
class StoredCase:
    """A case as it was read, and whether the labels of its closing may still have to be written."""

    case: Case
    labels_due: bool = False


async def found_case(table: CaseTable, account: Account, case_id: CaseId) -> StoredCase | None:
    """A case, read consistently."""
    found = await table.find(account, case_id)
    return None if found is None else StoredCase(record_of(Case, found.document), found.labels_due)


async def created(table: CaseTable, case: Case) -> bool:
    """Store a new case; false when there is one of that id."""
    return await table.create(item_of(case))


async def replaced(table: CaseTable, seen: StoredCase, case: Case) -> bool:
    """Put a case in the place of the one that was seen; false when it has changed since.

    Closing makes labels due, and a case that stays closed keeps them due.
    """
    return await table.replace(item_of(case, labels_due=makes_labels(case) or seen.labels_due), seen.case.version)


def makes_labels(case: Case) -> bool:
    """Whether the last change of a case is a closing that gives its transactions labels."""
    return case.audit[-1].action == "closed" and label_of(case, case.audit[-1].at) is not None


def item_of(case: Case, *, labels_due: bool = False) -> CaseItem:
    """A case as the table has it."""
    document = document_of(case)
    is_closed = case.status == "closed"
    # The highest score first, and of equal ones the case that was opened first.
    rank = f"{PRIORITY_MAX - case.priority:03d}#{case.opened_at}#{case.case_id}"
    return CaseItem(
        account=case.account,
        case_id=case.case_id,
        version=case.version,
        document=document,
        summary=to_json(summary_of(from_json(document))).decode(),
        is_closed=is_closed,
        is_queued=labels_due or not (is_closed or may_be_claimed_no_more(case)),
        sort=f"{case.opened_at}#{case.case_id}",
        rank=rank if case.assigned_to is None else f"{ASSIGNED}{rank}",
        free_at=case.free_at() or AT_ONCE,
        request=case.audit[-1].request,
        assigned_to=case.assigned_to,
        assigned_until=case.assignment_expires_at or AT_ONCE,
    )
