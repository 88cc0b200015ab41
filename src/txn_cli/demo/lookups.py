"""The look-ups that a demonstration shows, as a client team would make them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

import httpx
from rich.table import Column, Table

from txn_cli.stack.children.ready import Ready
from txn_core.exceptions import StackError
from txn_core.transactions.currency import minor_to_decimal

SHOWN = 5
TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Lookup:
    """A look-up's first transactions, and whether there are more."""

    title: str
    transactions: list[dict[str, object]]
    has_more: bool

    def table(self) -> Table:
        """The transactions for people; cards are masked."""
        shown = Table(
            Column("occurred at", no_wrap=True),
            Column("amount", no_wrap=True, justify="right"),
            "merchant",
            Column("card", no_wrap=True),
            title=self.title,
            title_justify="left",
            caption="and more, page by page" if self.has_more else None,
            caption_justify="left",
            box=None,
            pad_edge=False,
        )
        for transaction in self.transactions:
            shown.add_row(*_cells(transaction))
        return shown


class Lookups:
    """Makes look-ups at the API of a stack."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    @classmethod
    @asynccontextmanager
    async def at(cls, ready: Ready) -> "AsyncIterator[Lookups]":
        """Look-ups with the local key for the time of the block."""
        headers = {"Authorization": f"Bearer {ready.api_key}"}
        async with httpx.AsyncClient(
            base_url=ready.api_url, headers=headers, timeout=TIMEOUT_S, trust_env=False
        ) as client:
            yield cls(client)

    async def by_card(self, card_number: str) -> Lookup:
        """A card's latest transactions; its number travels in the body, which no proxy logs."""
        query = {"card_number": card_number, "limit": SHOWN}
        return _lookup("A card's latest transactions", await self._client.post("/transactions/search", json=query))

    async def by_merchant(self, name: str) -> Lookup:
        """A merchant's latest transactions, found by its name in any casing."""
        parameters = {"merchant_name": name.upper(), "limit": str(SHOWN)}
        return _lookup(
            f"The latest transactions at {name}", await self._client.get("/transactions", params=parameters)
        )


def _lookup(title: str, response: httpx.Response) -> Lookup:
    if response.status_code != 200:
        raise StackError(f"the API answered a look-up with {response.status_code}")
    document = response.json()
    return Lookup(title, document["data"], document["has_more"])


def _cells(transaction: dict[str, object]) -> tuple[str, ...]:
    match transaction:
        case {
            "occurred_at": str(occurred_at),
            "amount_minor": int(minor),
            "currency": str(currency),
            "merchant": {"name": str(merchant)},
            "card_masked": str(card),
        }:
            amount = minor_to_decimal(minor, currency)
            return f"{occurred_at[:19].replace('T', ' ')}", f"{amount:,} {currency}", merchant, card
        case _:
            raise StackError("the API answered a look-up with something that is no transaction")
