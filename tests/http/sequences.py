"""Random sequences of requests on one connection, made of sound parts and mutations, each by its seed and number."""

import itertools
import random
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import cache
from typing import Final

from tests.builders import body, card_number, json_bytes
from tests.http.application import DOUBTED, LOST, READER, UNHEARD, WRITER
from tests.http.requests import chunks, damages, framings, heads, offers, request_lines
from tests.http.requests.delivery import Delivery, delivery
from tests.http.requests.drafts import Draft, Message, Mutation, Rng

MESSAGES_MAX: Final = 5
LINES_MAX: Final = 6
DAMAGED_SHARE: Final = 0.08
SPACED_SHARE: Final = 0.04
"""What is nearly of the usual form is where a fast way may go wrong."""
_MUTATIONS: Final = (0, 0, 0, 0, 1, 1, 1, 2, 3)
_JSON: Final = b"Content-Type: application/json"
_NDJSON: Final = b"Content-Type: application/x-ndjson"
_PAGES: Final = (b"/healthz", b"/healthz", b"/readyz", b"/nowhere", b"/", b"/merchants", b"/openapi.json")


@dataclass(frozen=True, slots=True)
class Sequence:
    """What is sent on one connection, and how."""

    seed: int
    number: int
    messages: tuple[Message, ...]
    delivery: Delivery

    @property
    def data(self) -> bytes:
        """All bytes."""
        return b"".join(message.data for message in self.messages)

    @property
    def kinds(self) -> Counter[str]:
        """What the requests are, and the mutations that they went through."""
        return Counter(itertools.chain.from_iterable(message.kinds for message in self.messages))


class _Maker:
    """Makes the messages of one sequence; ids are counted, so that no two transactions have the same."""

    def __init__(self, rng: Rng, seed: int, number: int) -> None:
        self._rng, self._prefix, self._ids = rng, f"h{seed}-{number}-", itertools.count()

    def draft(self) -> Draft:
        """A request, sound so far."""
        (make,) = self._rng.choices(list(_PURPOSES), list(_PURPOSES.values()))
        return make(self)

    def inner(self) -> bytes:
        """A whole post that nothing stands against."""
        content = self._transaction()
        head = (b"POST /transactions HTTP/1.1", b"Host: x", WRITER, _JSON, b"Content-Length: %d" % len(content))
        return b"\r\n".join((*head, b"", content))

    def post(self) -> Draft:
        """A transaction."""
        fate = self._rng.choice((LOST, DOUBTED, UNHEARD)) if self._rng.random() < 0.06 else b""
        return self._sent(b"post", self._transaction(fate))

    def bad_post(self) -> Draft:
        """What is no transaction."""
        content = (b"{}", b"", b"{", self._transaction().replace(b"USD", b"XXX"), b"[]", b"\xff")
        return self._sent(b"bad post", self._rng.choice(content))

    def keyed_post(self) -> Draft:
        """A transaction with an Idempotency-Key, which it may share with others of its connection."""
        draft = self._sent(b"keyed post", self._transaction())
        draft.fields.append(b'Idempotency-Key: "%s%d"' % (self._prefix.encode(), self._rng.randint(0, 1)))
        return draft

    def upload(self) -> Draft:
        """Transactions, good and bad."""
        lines = [self._line() for _ in range(self._rng.randint(0, LINES_MAX))]
        draft = self._sent(b"upload", b"".join(line + b"\n" for line in lines), _NDJSON)
        draft.target = b"/transactions/bulk" + self._rng.choice((b"", b"", b"?results=all"))
        if self._rng.random() < 0.5:
            draft.chunk(self._rng, size_max=max(200, len(draft.content) // 20))
        return draft

    def read(self) -> Draft:
        """A request without a body."""
        target = b"/transactions/" + self._id() if self._rng.random() < 0.3 else self._rng.choice(_PAGES)
        method = b"HEAD" if self._rng.random() < 0.08 else b"GET"
        fields = [b"Host: x", *self._authorization()]
        return Draft(method, target, fields, kinds=["read"])

    def large_post(self) -> Draft:
        """A body that is too large, and now and then larger than a connection reads in vain."""
        size = self._rng.choice((70_000, 300_000, 5_000_000))
        draft = self._sent(b"large post", b" " * size)
        if self._rng.random() < 0.5:
            draft.target = b"/nowhere"
        if self._rng.random() < 0.3:
            draft.fields.append(b"Expect: 100-continue")
        return draft

    def large_upload(self) -> Draft:
        """More lines than one read brings."""
        draft = self._sent(b"large upload", b"".join(self._line() + b"\n" for _ in range(800)), _NDJSON)
        draft.target = b"/transactions/bulk" + self._rng.choice((b"", b"?results=all"))
        return draft

    def metrics(self) -> Draft:
        """A larger answer."""
        return Draft(b"GET", b"/metrics", [b"Host: x"], kinds=["metrics"])

    def _sent(self, kind: bytes, content: bytes, media_type: bytes = _JSON) -> Draft:
        media_type = media_type if self._rng.random() < 0.95 else b"Content-Type: text/plain"
        fields = [b"Host: x", *self._authorization(), media_type]
        self._rng.shuffle(fields)
        draft = Draft(b"POST", b"/transactions", fields, content, kinds=[kind.decode()])
        if self._rng.random() < 0.8:
            draft.measure()
        else:
            draft.chunk(self._rng, size_max=max(200, len(draft.content) // 20))
        return draft

    def _authorization(self) -> list[bytes]:
        kind = self._rng.random()
        if kind < 0.8:
            return [WRITER]
        if kind < 0.88:
            return []
        return [READER] if kind < 0.94 else [b"Authorization: Bearer nonsense"]

    def _line(self) -> bytes:
        return self._transaction() if self._rng.random() < 0.8 else self._rng.choice((b"{}", b"", b"x", b"\r"))

    def _transaction(self, fate: bytes = b"") -> bytes:
        number = card_number(self._rng.randint(0, 99))
        return json_bytes(body(transaction_id=(self._id() + fate).decode(), card_number=number))

    def _id(self) -> bytes:
        return f"{self._prefix}{next(self._ids):03d}".encode()


_PURPOSES: Final[dict[Callable[[_Maker], Draft], float]] = {
    _Maker.post: 42,
    _Maker.bad_post: 8,
    _Maker.keyed_post: 6,
    _Maker.upload: 16,
    _Maker.read: 27,
    _Maker.large_post: 1,
    _Maker.large_upload: 0.2,
    _Maker.metrics: 1,
}


def sequence(seed: int, number: int) -> Sequence:
    """The sequence of a number."""
    rng = random.Random(f"{seed}/{number}")
    maker = _Maker(rng, seed, number)
    drafts = [maker.draft() for _ in range(rng.randint(1, MESSAGES_MAX))]
    for draft in drafts:
        for _ in range(rng.choice(_MUTATIONS)):
            _mutate(rng, draft, maker.inner)
        if rng.random() < SPACED_SHARE:
            heads.spaced(rng, draft)
            draft.kinds.append(heads.SPACED)
    messages = tuple(
        damages.damaged(rng, draft.written()) if rng.random() < DAMAGED_SHARE else draft.written() for draft in drafts
    )
    return Sequence(seed, number, messages, delivery(rng, [len(message.data) for message in messages]))


def kinds() -> Iterable[str]:
    """The names of all mutations."""
    return itertools.chain([damages.KIND], *(group.keys() for group in _groups(bytes)))


def _mutate(rng: Rng, draft: Draft, inner: offers.Inner) -> None:
    groups = _groups(inner)
    if rng.random() < 0.5:  # a group of few kinds is as likely as one of many, or else any kind
        groups = [rng.choice(groups)]
    name, mutate = rng.choice([kind for group in groups for kind in group.items()])
    mutate(rng, draft)
    draft.kinds.append(name)


def _groups(inner: offers.Inner) -> list[dict[str, Mutation]]:
    return [*_own_groups(), offers.inner_requests(inner)]


@cache
def _own_groups() -> tuple[dict[str, Mutation], ...]:
    modules = (request_lines, heads, framings, chunks, offers)
    return tuple(group for module in modules for group in module.catalogue())
