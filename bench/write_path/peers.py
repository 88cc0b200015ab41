"""What the API is measured against: the same server (uvicorn, uvloop, httptools) with other applications on it.

Run as `uvicorn bench.write_path.peers:NAME`; `BENCH_KINESIS_URL` and `BENCH_STREAM` name the stream.
"""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final
from uuid import NAMESPACE_OID, uuid5

import aioboto3
from fastapi import FastAPI, Request
from starlette.types import Receive, Scope, Send

from txn_core.transactions.transaction import TransactionRequest

URL: Final = os.environ.get("BENCH_KINESIS_URL", "")
STREAM: Final = os.environ.get("BENCH_STREAM", "txn-transactions")
REGION: Final = "us-east-1"
ANSWER_BYTES: Final = 756  # with its short head as many as ours answers to a post, head and body
AIOKPL_LINGER_MS: Final = 10.0  # its default of 100 ms is slower


async def bare(scope: Scope, receive: Receive, send: Send) -> None:
    """The limit: an ASGI callable that reads the body and answers as many bytes as the API."""
    if scope["type"] == "lifespan":
        while (await receive())["type"] != "lifespan.shutdown":
            await send({"type": "lifespan.startup.complete"})
        await send({"type": "lifespan.shutdown.complete"})
        return
    while (await receive()).get("more_body"):
        pass
    head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % ANSWER_BYTES)]
    await send({"type": "http.response.start", "status": 202, "headers": head})
    await send({"type": "http.response.body", "body": b"x" * ANSWER_BYTES})


hello = FastAPI()


@hello.get("/transactions")
async def say_hello() -> dict[str, str]:
    """FastAPI's hello world."""
    return {"hello": "world"}


@asynccontextmanager
async def _client(app: FastAPI) -> AsyncIterator[None]:
    async with aioboto3.Session(region_name=REGION).client("kinesis", endpoint_url=URL) as client:
        app.state.client = client
        yield


put_record = FastAPI(lifespan=_client)


@put_record.post("/transactions", status_code=202)
async def put_one(request: Request, transaction: TransactionRequest) -> dict[str, Any]:
    """The way of the tutorials: one `put_record` a request."""
    key, data = _record(transaction)
    answer = await request.app.state.client.put_record(StreamName=STREAM, PartitionKey=key, Data=data)
    return _accepted(transaction, key, answer["ShardId"], answer["SequenceNumber"])


@asynccontextmanager
async def _aiokpl(app: FastAPI) -> AsyncIterator[None]:
    from aiokpl import Config, Producer  # noqa: PLC0415 - only this application needs it

    config = Config(region=REGION, endpoint_url=URL, record_max_buffered_time_ms=AIOKPL_LINGER_MS)
    async with Producer(config) as producer:
        app.state.producer = producer
        yield


aiokpl = FastAPI(lifespan=_aiokpl)


@aiokpl.post("/transactions", status_code=202)
async def put_by_aiokpl(request: Request, transaction: TransactionRequest) -> dict[str, Any]:
    """The rival: aiokpl, awaiting its result."""
    key, data = _record(transaction)
    outcome = await request.app.state.producer.put_record(stream=STREAM, partition_key=key, data=data)
    result = await outcome.wait()
    return _accepted(transaction, key, result.shard_id, result.sequence_number)


def _record(transaction: TransactionRequest) -> tuple[str, bytes]:
    key = str(uuid5(NAMESPACE_OID, transaction.card_number.digits_for_identity()))
    return key, transaction.model_dump_json(exclude={"card_number"}).encode()


def _accepted(transaction: TransactionRequest, key: str, shard_id: str, sequence_number: str) -> dict[str, Any]:
    customer, merchant = uuid5(NAMESPACE_OID, key), uuid5(NAMESPACE_OID, transaction.merchant.name)
    return {
        "transaction_id": transaction.transaction_id,
        "card_id": key,
        "customer_id": str(customer),
        "merchant_id": str(merchant),
        "status": "accepted",
        "shard_id": shard_id,
        "sequence_number": sequence_number,
    }
