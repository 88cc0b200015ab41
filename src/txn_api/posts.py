"""Posts that arrive in one turn of the event loop go through admission together, and then to the producer together.

One after the other, each on its whole way, they would cost half as much again: the code of that way is larger than
the processor's nearest caches, and every post would find it gone again (docs/benchmarks.md). So each step is taken
for all of them in a row: it is paid for once and goes fast for the rest. A lone post waits for nobody: its turn
ends when nothing else has arrived. A post with an `Idempotency-Key` is not among them: it first waits for its key.
However many arrive, and however large they are, a turn admits `BYTES_A_TURN` of their bodies: otherwise a key that
posts the largest bodies on all of its connections would let nobody else be answered for seconds.
"""

import asyncio
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from typing import Any, Final

from starlette.types import Scope

from txn_api.intake import Intake
from txn_api.problems import Problem
from txn_api.surroundings import surroundings_of_scope
from txn_core.event import EncodedEvent
from txn_core.identity import Account
from txn_core.instants import Instant, now
from txn_core.issuer_ranges import NO_RANGES, IssuerRanges
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer
from txn_core.submission import Submission
from txn_core.usual_request import usual_fields

BYTES_A_TURN: Final = 256 << 10  # of bodies: hundreds of usual ones, or four of the largest


class Post:
    """One body on its way, and who is told of its landing, as a future is (`landing.Answer`).

    `event` is there once it is admitted.
    """

    __slots__ = (
        "accepted_at",
        "account",
        "body",
        "cards_of_mask_max",
        "event",
        "fields",
        "scope",
        "submission",
        "terminal_ids",
    )
    accepted_at: Instant
    submission: Submission

    def __init__(
        self, scope: Scope, body: bytes, account: Account, terminal_ids: frozenset[str], cards_of_mask_max: int
    ) -> None:
        self.scope, self.body, self.account, self.terminal_ids = scope, body, account, terminal_ids
        self.cards_of_mask_max = cards_of_mask_max
        self.fields: dict[str, Any] | None = None
        self.event: EncodedEvent | None = None

    def done(self) -> bool:
        """Whether there is nobody to tell, or no more."""
        raise NotImplementedError

    def set_result(self, landing: Landing) -> None:
        """It has landed."""
        raise NotImplementedError

    def set_exception(self, error: Exception) -> None:
        """It will not land, or nobody knows: a `Problem` or a `ProducerError`."""
        raise NotImplementedError


class AwaitedPost(Post):
    """A post whose landing a coroutine waits for."""

    __slots__ = ("landing",)

    def __init__(
        self, scope: Scope, body: bytes, account: Account, terminal_ids: frozenset[str], cards_of_mask_max: int
    ) -> None:
        super().__init__(scope, body, account, terminal_ids, cards_of_mask_max)
        self.landing: asyncio.Future[Landing] = asyncio.get_running_loop().create_future()

    def done(self) -> bool:
        """Whether the coroutine knows, or has been cancelled."""
        return self.landing.done()

    def set_result(self, landing: Landing) -> None:
        """Tell it."""
        self.landing.set_result(landing)

    def set_exception(self, error: Exception) -> None:
        """Raise it there."""
        self.landing.set_exception(error)


class Posts:
    """Those of this turn, and those that were too many for the turns before."""

    def __init__(self, intake: Intake, producer: Producer, luhn_exempt: IssuerRanges = NO_RANGES) -> None:
        self._intake, self._producer, self._luhn_exempt = intake, producer, luhn_exempt
        self._arrived: list[Post] = []
        self._left: list[Post] = []

    def add(
        self,
        scope: Scope,
        body: bytes,
        *,
        account: Account,
        terminal_ids: frozenset[str] = frozenset(),
        cards_of_mask_max: int = 0,
    ) -> AwaitedPost:
        """Take a body, handed over when the turn ends; if refused, its landing is a `Problem` or `ProducerError`."""
        post = AwaitedPost(scope, body, account, terminal_ids, cards_of_mask_max)
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self._hand_over_arrived)
        self._arrived.append(post)
        return post

    def hand_over(self, posts: Sequence[Post]) -> None:
        """Admit posts and give them to the producer, in their order: now, as far as a turn goes."""
        if self._left:
            self._left += posts
        else:
            self._admit(posts)

    def _admit(self, posts: Sequence[Post]) -> None:
        """Admit as many as may be in one turn, and the others in the next ones."""
        count = _count_of_turn(posts)
        if count < len(posts):
            posts, self._left = posts[:count], [*posts[count:]]
            asyncio.get_running_loop().call_soon(self._admit_left)
        for step in (self._read, self._check, self._identify):
            posts = _taken(step, posts)
        self._producer.submit_all([(post.event.card_id, post.event.data, post) for post in posts if post.event])

    def _admit_left(self) -> None:
        posts, self._left = self._left, []
        self._admit(posts)

    def _hand_over_arrived(self) -> None:
        posts, self._arrived = self._arrived, []
        self.hand_over(posts)

    def _read(self, post: Post) -> None:
        post.body = post.body.removeprefix(BOM_UTF8)
        post.fields = usual_fields(post.body, self._luhn_exempt)

    def _check(self, post: Post) -> None:
        post.accepted_at = now()
        post.submission = self._intake.submission(
            post.body,
            post.fields,
            surroundings=surroundings_of_scope(post.scope),
            accepted_at=post.accepted_at,
            terminal_ids=post.terminal_ids,
        )

    def _identify(self, post: Post) -> None:
        post.event = self._intake.event(
            post.submission,
            account=post.account,
            accepted_at=post.accepted_at,
            cards_of_mask_max=post.cards_of_mask_max,
        )
        del post.submission
        post.fields, post.body = None, b""  # the card number has no business here any more


def _count_of_turn(posts: Sequence[Post]) -> int:
    """How many of the first posts a turn admits: one at least, nearly always all of them."""
    size = 0
    for place, post in enumerate(posts, 1):
        size += len(post.body)
        if size >= BYTES_A_TURN:
            return place
    return len(posts)


def _taken(step: Callable[[Post], None], posts: Sequence[Post]) -> list[Post]:
    """Take a step of each post, and give those that go on."""
    left = []
    for post in posts:
        try:
            step(post)
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this post's, and goes to whoever waits for it
            if isinstance(error, Problem):
                # Nobody reads where it comes from, whose frames and the post would keep each other.
                error.__traceback__ = error.__context__ = None
            if not post.done():
                post.set_exception(error)
        else:
            left.append(post)
    return left
