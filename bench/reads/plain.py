"""The plain way to the same look-ups, by the book: boto3's resource, a pydantic response model, a FastAPI route.

Run as `uvicorn bench.reads.plain:NAME` in the environment of our API: `aioboto3` on the event loop, `boto3` in
FastAPI's pool of threads. No authentication, no cursors.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Any, Final

import aioboto3 as aioboto3_library
import boto3 as boto3_library
from boto3.dynamodb.conditions import Key
from fastapi import FastAPI, Request
from pydantic import BaseModel

from txn_core.dynamodb.item_form import EVENT, event_of
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account, KeyRing

ACCOUNT: Final = Account("bench")
SETTINGS: Final = Settings.from_environment()
TABLE: Final = TableNames.of(SETTINGS).transactions
WRITE_SHARDS: Final = SETTINGS.merchant_write_shards


class TransactionList(BaseModel):
    """One page."""

    data: list[Event]
    has_more: bool


@asynccontextmanager
async def _table(app: FastAPI) -> AsyncIterator[None]:
    session = aioboto3_library.Session(region_name=SETTINGS.aws_region)
    async with session.resource("dynamodb", endpoint_url=SETTINGS.dynamodb_endpoint_url) as dynamodb:
        app.state.table = await dynamodb.Table(TABLE)
        yield


aioboto3 = FastAPI(lifespan=_table)
boto3 = FastAPI()
_session: Final = boto3_library.Session(region_name=SETTINGS.aws_region)
_boto3_table: Final = _session.resource("dynamodb", endpoint_url=SETTINGS.dynamodb_endpoint_url).Table(TABLE)
_threads: Final = ThreadPoolExecutor(WRITE_SHARDS)


@aioboto3.get("/transactions")
async def list_on_the_loop(
    request: Request, card_id: str | None = None, merchant_name: str | None = None, limit: int = 100
) -> TransactionList:
    """List by card or by merchant, newest first."""
    asked = _queries(card_id, merchant_name, limit)
    answers = await asyncio.gather(*(request.app.state.table.query(**query) for query in asked))
    return _page(answers, limit)


@boto3.get("/transactions")
def list_in_a_thread(
    card_id: str | None = None, merchant_name: str | None = None, limit: int = 100
) -> TransactionList:
    """List by card or by merchant, newest first."""
    asked = _queries(card_id, merchant_name, limit)
    if len(asked) == 1:
        return _page([_boto3_table.query(**asked[0])], limit)
    return _page(list(_threads.map(lambda query: _boto3_table.query(**query), asked)), limit)


def _queries(card_id: str | None, merchant_name: str | None, limit: int) -> list[dict[str, Any]]:
    if card_id is not None:
        conditions = [("by_card", Key("card").eq(f"{ACCOUNT}#{card_id}"))]
    else:
        merchant_id = KeyRing.from_settings(SETTINGS).merchant_id(merchant_name or "")
        shards = range(WRITE_SHARDS)
        conditions = [("by_merchant", Key("merchant").eq(f"{ACCOUNT}#{merchant_id}#{shard}")) for shard in shards]
    # A fair share of the page and some more, as ours.
    share = limit if len(conditions) == 1 else limit // len(conditions) + 9
    return [
        {"IndexName": index, "KeyConditionExpression": condition, "ScanIndexForward": False, "Limit": share}
        for index, condition in conditions
    ]


def _page(answers: list[dict[str, Any]], limit: int) -> TransactionList:
    items = [item for answer in answers for item in answer["Items"]]
    if len(answers) > 1:
        items.sort(key=lambda item: str(item["sort"]), reverse=True)
    return TransactionList(
        data=[Event.model_validate(json.loads(_event(item))) for item in items[:limit]],
        has_more=any("LastEvaluatedKey" in answer for answer in answers),
    )


def _event(item: dict[str, Any]) -> str:
    """The event of an item as boto3's resource gives it."""
    return event_of({EVENT: {"B": bytes(item[EVENT])}})
