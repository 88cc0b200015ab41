"""Segments of customers in words, by the thirds of question q10: recency, frequency and money.

A customer has one segment, whatever is chosen: by all of their transactions in the main currency, since amounts of
two currencies do not compare. The first third by time has the latest last transactions, by number the most of them,
by money the highest net. Customers who are equal share a third.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Segment:
    """A name, what it means, and the SQL condition on the thirds `recency`, `frequency` and `money`, 1 to 3."""

    name: str
    meaning: str
    condition: str


SEGMENTS: Final = (
    Segment(
        "champions", "first third by time, by number and by money", "recency = 1 and frequency = 1 and money = 1"
    ),
    Segment("loyal", "first third by number, not the last by time", "recency <= 2 and frequency = 1"),
    Segment("big spenders", "first third by money, not the last by time", "recency <= 2 and money = 1"),
    Segment("new", "first third by time, last third by number", "recency = 1 and frequency = 3"),
    Segment(
        "at risk",
        "last third by time, first third by number or by money",
        "recency = 3 and (frequency = 1 or money = 1)",
    ),
    Segment("asleep", "last third by time, and no first third", "recency = 3"),
    Segment("occasional", "all others with transactions in the main currency", "true"),
)
"""The first one holds whose condition is met."""
NO_SEGMENT: Final = Segment("unknown", "no transaction in the main currency", "false")
MEANINGS: Final = {each.name: each.meaning for each in (*SEGMENTS, NO_SEGMENT)}
"""What each name means, in the order in which segments are shown."""


def segments_sql(customer_months: str) -> str:
    """A query for `customer_id` and `segment` of all customers of a currency, which is its one parameter.

    `customer_months` names a table like marts.customer_month.
    """
    names = " ".join(f"when {each.condition} then '{each.name}'" for each in SEGMENTS)
    thirds = ", ".join(f"cast(1 + 3 * ({of} - 1) // customers as integer) as {of}" for of in _ORDERS)
    ranks = ", ".join(f"rank() over (order by {order} desc) as {of}" for of, order in _ORDERS.items())
    return f"""
with sums as (
    select customer_id, max(last_at) as last_at, sum(transactions) as transactions, sum(net_minor) as net_minor
    from {customer_months} where currency = ? group by customer_id having sum(transactions) > 0
),
ranked as (select customer_id, count(*) over () as customers, {ranks} from sums),
thirds as (select customer_id, {thirds} from ranked)
select customer_id, case {names} end as segment from thirds"""  # noqa: S608 - names of ours


_ORDERS: Final = {"recency": "last_at", "frequency": "transactions", "money": "net_minor"}
