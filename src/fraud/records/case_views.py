"""Cases as clients read them: as they stand now, with counts, and without what only the service needs."""

from typing import Any, Final

from pydantic_core import from_json, to_json

from fraud.records.case import Case
from fraud.records.documents import document_of
from txn_core.transactions.instants import Instant

_LONG: Final = ("alerts", "audit")
_UNASSIGNED: Final = {"assigned_to": None, "assignment_expires_at": None}
_UNCLAIMED: Final = {"status": "open", "assignee": None, "claim_expires_at": None}


def summary_of(document: dict[str, Any]) -> dict[str, Any]:
    """The document of a case as lists show it: counts in the place of its alerts and its audit."""
    short = {name: value for name, value in document.items() if name not in _LONG}
    return short | {"alert_count": len(document["alerts"]), "version": len(document["audit"])}


def summary_at(summary: dict[str, Any], at: Instant) -> dict[str, Any]:
    """A summary as it stands at a moment: an expired claim leaves the case open, an expired assignment nothing.

    Summaries from before there were assignments have none.
    """
    is_lapsed = summary["status"] == "claimed" and summary["claim_expires_at"] <= at
    is_kept = at < (summary.get("assignment_expires_at") or at)
    return summary | (_UNCLAIMED if is_lapsed else {}) | ({} if is_kept else _UNASSIGNED)


def case_at(case: Case, at: Instant) -> bytes:
    """A whole case as it stands at a moment."""
    document = from_json(document_of(case))
    audit = [{name: value for name, value in entry.items() if name != "request"} for entry in document["audit"]]
    return to_json(summary_at(summary_of(document), at) | {"alerts": document["alerts"], "audit": audit})
