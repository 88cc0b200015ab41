"""Redshift's statements about dynamic data masking, held to their grammar and kept as bookkeeping.

The door masks nothing. It refuses what Redshift would: a policy or a column that is not there, two policies for one
grantee and column, two of equal priority on one column (Developer Guide, CREATE and ATTACH MASKING POLICY, Masking
policy hierarchy).
"""

import re
from collections.abc import Callable
from typing import Final

from devkit.redshift_door.refusals import Refused

_FLAGS: Final = re.IGNORECASE | re.DOTALL
_ANY: Final = re.compile(r"(create|attach|detach|drop|alter)\s+masking\s+policy\b", _FLAGS)
_COLUMN: Final = r"(?P<policy>\w+)\s+on\s+(?P<table>[\w.]+)\s*\(\s*(?P<column>\w+)\s*\)"
_GRANTEE: Final = r"(?:role\s+(?P<role>\w+)|public)"


def _created(match: re.Match[str]) -> str:
    texts = (match["inputs"], match["expression"])
    quoted = ", ".join(f"$door${text.strip()}$door$" for text in texts)
    return f"select redshift_catalog.create_masking('{match['policy']}', {quoted}, {match['unless'] is not None})"


def _attached(match: re.Match[str]) -> str:
    return f"select redshift_catalog.attach_masking({_named(match)}, {match['priority'] or 0})"


def _detached(match: re.Match[str]) -> str:
    return f"select redshift_catalog.detach_masking({_named(match)})"


def _dropped(match: re.Match[str]) -> str:
    return f"delete from redshift_catalog.svv_masking_policy where policy_name = '{match['policy']}'"


def _named(match: re.Match[str]) -> str:
    return f"'{match['policy']}', '{match['table']}', '{match['column']}', '{match['role'] or 'public'}'"


_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[re.Match[str]], str]], ...]] = (
    (
        re.compile(
            r"create\s+masking\s+policy\s+(?P<unless>if\s+not\s+exists\s+)?(?P<policy>\w+)"
            r"\s+with\s*\((?P<inputs>.+?\)?)\)\s*using\s*\((?P<expression>.+)\)",
            _FLAGS,
        ),
        _created,
    ),
    (
        re.compile(
            rf"attach\s+masking\s+policy\s+{_COLUMN}(?:\s+using\s*\([\w\s,]+\))?"
            rf"\s+to\s+{_GRANTEE}(?:\s+priority\s+(?P<priority>\d+))?",
            _FLAGS,
        ),
        _attached,
    ),
    (re.compile(rf"detach\s+masking\s+policy\s+{_COLUMN}\s+from\s+{_GRANTEE}", _FLAGS), _detached),
    (re.compile(r"drop\s+masking\s+policy\s+(?P<policy>\w+)", _FLAGS), _dropped),
)


def is_masking(statement: str) -> bool:
    """Whether a statement is about masking policies."""
    return _ANY.match(statement) is not None


def masking(statement: str) -> str:
    """The bookkeeping of a statement about masking policies.

    Raises:
        Refused: the grammar does not allow the statement.
    """
    for form, written in _FORMS:
        if match := form.fullmatch(statement):
            return written(match)
    raise Refused(f"syntax error in a statement about masking policies: {statement[:80]}")
