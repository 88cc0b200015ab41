"""The look-ups that a demonstration shows, as a client team would make them."""

import httpx
from rich.table import Column, Table

from txn_cli.stack.children.ready import Ready
from txn_cli.trust import trust
from txn_core.exceptions import StackError
from txn_core.transactions.currency import minor_to_decimal

SHOWN = 5
TIMEOUT_S = 30.0


def client_of(ready: Ready) -> httpx.AsyncClient:
    """A client of the stack's API with the local key."""
    headers = {"Authorization": f"Bearer {ready.api_key}"}
    return httpx.AsyncClient(
        base_url=ready.api_url, headers=headers, timeout=TIMEOUT_S, verify=trust(), trust_env=False
    )


async def latest_of_card(client: httpx.AsyncClient, card_number: str) -> Table:
    """A card's latest transactions; its number travels in the body, which no proxy logs."""
    query = {"card_number": card_number, "limit": SHOWN}
    return _table("A card's latest transactions", await client.post("/transactions/search", json=query))


async def latest_at_merchant(client: httpx.AsyncClient, name: str) -> Table:
    """A merchant's latest transactions, found by its name in any casing."""
    parameters = {"merchant_name": name.upper(), "limit": str(SHOWN)}
    return _table(f"The latest transactions at {name}", await client.get("/transactions", params=parameters))


def _table(title: str, response: httpx.Response) -> Table:
    """The transactions of an answer for people; cards are masked."""
    if response.status_code != 200:
        raise StackError(f"the API answered a look-up with {response.status_code}")
    document = response.json()
    shown = Table(
        Column("occurred at", no_wrap=True),
        Column("amount", no_wrap=True, justify="right"),
        "merchant",
        Column("card", no_wrap=True),
        title=title,
        title_justify="left",
        caption="and more, page by page" if document["has_more"] else None,
        caption_justify="left",
        box=None,
        pad_edge=False,
    )
    for transaction in document["data"]:
        shown.add_row(*_cells(transaction))
    return shown


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
