"""POST /control: change what goes wrong, and read what happened, from another process.

    {"latency": {"fixed_ms": 10}, "limits": {"enabled": true}, "throttle": {"shardId-000000000003": {"writes": 0.05}},
     "calls": [{"fate": "reset after storing", "operation": "PutRecords", "rate": 0.01}],
     "records": [{"fate": {"name": "mine", "error": "KMSDisabledException"}, "times": 3}],
     "reshard": [{"stream": "txn-transactions", "shard_id": "shardId-000000000000", "after_s": 5}]}

All members are optional and are carried out in the order of `Orders`; the answer is always the whole `Report`.
A document that does not fit changes nothing.
"""

from pydantic import ValidationError
from pydantic_core import to_json

from devkit.kinesis_server.errors import KinesisError
from devkit.kinesis_server.fates import CALL_FATES, RECORD_FATES
from devkit.kinesis_server.server import KinesisServer
from devkit.kinesis_server.steering.orders import Orders, ReshardOrder
from devkit.kinesis_server.steering.report import report_on


class Control:
    """The page at /control."""

    def __init__(self, server: KinesisServer) -> None:
        self._server = server

    def page(self, body: bytes) -> tuple[int, bytes]:
        """Carry out the orders in a body, and report."""
        try:
            carry_out(self._server, Orders.model_validate_json(body or b"{}"))
        except (ValidationError, KinesisError) as error:
            return 400, to_json({"message": str(error)})
        return 200, report_on(self._server).model_dump_json().encode()


def carry_out(server: KinesisServer, orders: Orders) -> None:
    """Change the server as ordered.

    Raises:
        KinesisError: a stream or shard is not there, or not in a state for what is ordered.
    """
    faults, stream_limits = server.faults, server.stream_limits
    if orders.clear:
        faults.clear()
        stream_limits.clear()
    if orders.ignore_keys is not None:
        faults.ignore_keys = orders.ignore_keys
    if orders.latency is not None:
        faults.latency = orders.latency.latency
    faults.latencies.update({name: order.latency for name, order in orders.latencies.items()})
    if orders.stream_limits is not None:
        stream_limits.enabled, stream_limits.scale = orders.stream_limits.enabled, orders.stream_limits.scale
    for shard_id, throttle in orders.throttle.items():
        stream_limits.throttle(shard_id, writes=throttle.writes, reads=throttle.reads)
    for shard_id in orders.release:
        stream_limits.release(shard_id)
    _add_rules(server, orders)
    if orders.expire_iterators:
        server.account.expire_iterators()
    if orders.expire_subscriptions:
        server.account.expire_subscriptions()
    for reshard in orders.reshard:
        _reshard(server, reshard)


def _add_rules(server: KinesisServer, orders: Orders) -> None:
    for call in orders.calls:
        server.faults.on_calls(
            CALL_FATES[call.fate] if isinstance(call.fate, str) else call.fate,
            operation=call.operation,
            rate=call.rate,
            times=call.times,
            skip=call.skip,
        )
    for record in orders.records:
        server.faults.on_records(
            RECORD_FATES[record.fate] if isinstance(record.fate, str) else record.fate,
            shard_id=record.shard_id,
            partition_key=record.partition_key,
            rate=record.rate,
            times=record.times,
            skip=record.skip,
        )


def _reshard(server: KinesisServer, order: ReshardOrder) -> None:
    stream = server.stream(order.stream)

    def act() -> None:
        if order.adjacent_id is not None:
            server.merge(order.stream, order.shard_id, order.adjacent_id)
        else:
            server.split(order.stream, order.shard_id, order.new_start)

    if order.after_records is not None:
        stream.when_stored(stream.stored.records + order.after_records, act)
    elif order.after_s is not None:
        server.later(order.after_s, act)
    else:
        act()
