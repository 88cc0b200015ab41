"""Bad neighbours: what other keys do while a quiet one posts."""

import asyncio
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import count, cycle
from typing import Final, Protocol
from urllib.parse import urlencode

from bench.counted.client import Client, HttpReply
from bench.counted.site import ACCOUNT, Site
from txn_core.dynamodb.tables import TableNames
from txn_core.dynamodb.transactions import IndexItem
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.quotas import UNLIMITED, Limits
from txn_core.transactions.event import Event
from txn_core.transactions.identity import Account

LIMIT_PER_S: Final = 500
PIECE_BYTES: Final = 256_000
MERCHANT: Final = "Rippin, Kub and Mann"
MERCHANT_QUERY: Final = urlencode({"merchant_name": MERCHANT})


class Neighbour(Protocol):
    """Connections that are busy from `start` to `stop`."""

    async def prepare(self, site: Site, bodies: Sequence[bytes]) -> Sequence[Client]:
        """Connect; the connections are watched."""

    def start(self) -> None:
        """Begin."""

    def stop(self) -> None:
        """Begin nothing more."""


@dataclass(slots=True)
class Posting:
    """A key that posts over so many connections: at a rate, or as fast as it is answered if that is slower.

    It has a limit unless told; `made` says what it posts for a usual body.
    """

    per_s: float
    connections: int = 64
    limits: Limits = field(default_factory=lambda: Limits(writes_per_s=LIMIT_PER_S))
    made: Callable[[bytes], bytes] = lambda body: body
    pipelined: int = 1
    statuses: dict[int, int] = field(default_factory=dict)
    _clients: list[Client] = field(default_factory=list)
    _requests: list[bytes] = field(default_factory=list)
    _stopped: bool = False

    async def prepare(self, site: Site, bodies: Sequence[bytes]) -> Sequence[Client]:
        """See `Neighbour`."""
        key = await site.key(limits=self.limits)
        self._clients = [site.client(key) for _ in range(self.connections)]
        first = self._clients[0]
        self._requests = [first.post(self.made(body)) for body in bodies]
        await first.ask(self._requests[0])  # so that the key is known
        return self._clients

    def start(self) -> None:
        """See `Neighbour`."""
        loop = asyncio.get_running_loop()
        for number, client in enumerate(self._clients):
            places = count(number, self.connections)
            client.on_answer = partial(self._go_on, client, places, loop.time())
            self._send(client, places, loop.time())

    def stop(self) -> None:
        """See `Neighbour`."""
        self._stopped = True

    def _go_on(self, client: Client, places: "count[int]", began: float, answer: HttpReply) -> None:
        self.statuses[answer.status] = self.statuses.get(answer.status, 0) + 1
        if client.answered % self.pipelined == 0:
            self._send(client, places, began)

    def _send(self, client: Client, places: "count[int]", began: float) -> None:
        if self._stopped:
            return
        place, loop = next(places), asyncio.get_running_loop()
        request = self._requests[place % len(self._requests)] * self.pipelined
        if (due := began + place * self.pipelined / self.per_s) <= loop.time():
            client.send(request)
        else:
            loop.call_at(due, client.send, request)


class Uploading(Client):
    """A connection on which an upload goes on and on; its results are not read if it is told so."""

    content: bytes = b""
    stopped = False

    def was_read(self) -> None:
        """Send more, as fast as it is read."""
        if self.content and not self.stopped:
            self.link.feed(b"%x\r\n%b\r\n" % (len(self.content), self.content))


@dataclass(slots=True)
class Uploads:
    """Uploads at once, as fast as they are read, of lines that `made` makes of usual ones."""

    count: int
    made: Callable[[bytes], bytes] = lambda body: body
    query: str = ""
    reads: bool = True
    fields: tuple[str, ...] = ()
    packed: Callable[[bytes], bytes] = lambda content: content
    _clients: list[Uploading] = field(default_factory=list)

    async def prepare(self, site: Site, bodies: Sequence[bytes]) -> Sequence[Client]:
        """See `Neighbour`."""
        key = await site.key(limits=UNLIMITED)
        lines = cycle([self.made(body) + b"\n" for body in bodies])
        piece = b""
        while len(piece) < PIECE_BYTES:
            piece += next(lines)
        for _ in range(self.count):
            client = site.client(key, Uploading)
            client.content = self.packed(piece)
            client.link.reading = self.reads
            self._clients.append(client)
        return self._clients

    def start(self) -> None:
        """See `Neighbour`."""
        for client in self._clients:
            target = f"/transactions/bulk{self.query}"
            client.send(client.head("POST", target, "Transfer-Encoding: chunked", *self.fields))

    def stop(self) -> None:
        """See `Neighbour`."""
        for client in self._clients:
            client.stopped = True
            client.link.hang_up()


@dataclass(slots=True)
class Reads:
    """Connections that each ask for so many transactions of one merchant again and again."""

    connections: int
    rows: int = 1_000
    fields: tuple[str, ...] = ()
    _clients: list[Client] = field(default_factory=list)
    _stopped: bool = False

    async def prepare(self, site: Site, bodies: Sequence[bytes]) -> Sequence[Client]:
        """See `Neighbour`."""
        fill_merchant(site, bodies, self.rows)
        key = await site.key(limits=UNLIMITED)
        self._clients = [site.client(key) for _ in range(self.connections)]
        return self._clients

    def start(self) -> None:
        """See `Neighbour`."""
        for client in self._clients:
            client.on_answer = partial(self._ask, client)
            self._ask(client)

    def stop(self) -> None:
        """See `Neighbour`."""
        self._stopped = True

    def _ask(self, client: Client, _: HttpReply | None = None) -> None:
        if not self._stopped:
            client.send(client.get(f"/transactions?{MERCHANT_QUERY}&limit={self.rows}", *self.fields))


def fill_merchant(site: Site, bodies: Sequence[bytes], rows: int, account: Account = ACCOUNT) -> None:
    """Index so many transactions of one merchant, with ids from 0 on."""
    for number in range(rows):
        attributes = site.services.transactions.attributes(
            _of_merchant(site, bodies[number % len(bodies)], number, account)
        )
        site.tables.put(TableNames.of(site.settings).transactions, "id", attributes)


def _of_merchant(site: Site, body: bytes, number: int, account: Account) -> IndexItem:
    document = json.loads(body)
    document["transaction_id"] = f"{number:032x}"
    document["merchant"]["name"] = MERCHANT
    encoded = site.services.admission.admit(json.dumps(document).encode(), account=account, request_text="")
    position = Position(ShardId("shardId-000000000000"), SequenceNumber(str(number)))
    return IndexItem.of(Event.decode(encoded.data), encoded.data, WriteOrder.of(encoded.accepted_at, position))
