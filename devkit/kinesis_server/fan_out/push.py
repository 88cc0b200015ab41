"""Pushes a subscription's events over a connection, no faster than its client reads."""

import asyncio

from devkit.kinesis_server.calls.answer import PushedEvents
from devkit.kinesis_server.fan_out import frames
from devkit.kinesis_server.fan_out.subscription import INITIAL
from devkit.kinesis_server.fates import Cut
from devkit.kinesis_server.http import Exchange


async def push(exchange: Exchange, subscription: PushedEvents) -> None:
    """Answer a SubscribeToShard call until the subscription is over, its client is gone, or its fate is met.

    Records are looked for every `push_s`, which stands for what Kinesis takes from a record's arrival to its push.
    """
    fate, connection = exchange.fate, exchange.connection
    exchange.begin(frames.CONTENT_TYPE)
    exchange.push(INITIAL)
    pushed = 0
    while not subscription.over and not connection.gone.is_set():
        await asyncio.sleep(subscription.push_s)
        await connection.writable.wait()
        if (event := subscription.next()) is None:
            continue
        if pushed >= fate.after_events and fate.cut is Cut.MID_ANSWER:
            exchange.push(event[: len(event) // 2])
            connection.drop()
            return
        if pushed >= fate.after_events and fate.exception is not None:
            exchange.push(frames.exception(fate.exception, fate.message))
            break
        exchange.push(event)
        pushed += 1
    exchange.end()
