"""The roles that read the warehouse, and what each of them sees.

Analysts see customers as bands and groups, since job and city single out nearly each customer. Stewards see the
customers' dimension whole, still without names, streets and birth dates: those are in the vault, which no role reads.
"""

from enum import StrEnum
from typing import Final


class Role(StrEnum):
    """Who reads."""

    ANALYST = "analyst"
    STEWARD = "steward"


SCHEMAS: Final = ("star", "marts")
"""Where the tables are that readers see."""

CLOSED_SCHEMAS: Final = frozenset({"landing", "staging", "identity", "vault", "oltp"})
"""What nobody but the loader reads."""

OF_STEWARDS: Final = {
    "dim_customer": "star.customer_segments",
    "dim_customer_history": "star.customer_segments",
}
"""Tables of star that analysts do not see, and what they ask instead."""


def refusal(role: Role, schema: str, table: str) -> str | None:
    """Why a role does not see a table, with what to ask instead; None when nothing speaks against it here."""
    if schema in CLOSED_SCHEMAS:
        return f"no role reads {schema}: ask the tables of star and marts"
    if role is Role.ANALYST and schema in {"", "star"} and table in OF_STEWARDS:
        return f"star.{table} is for stewards (--role steward): ask {OF_STEWARDS[table]}"
    return None
