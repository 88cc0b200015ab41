"""Posts that arrive in one turn of the event loop go through admission together, and then to the producer together.

One after the other, each on its whole way, they would cost half as much again: the code of that way is larger than
the processor's nearest caches, and every post would find it gone again (docs/benchmarks.md). So each step is taken
for all of them in a row: it is paid for once and goes fast for the rest. A lone post waits for nobody: its turn
ends when nothing else has arrived. A post with an `Idempotency-Key` is not among them: it first waits for its key.
However many arrive, and however dear they are, a turn admits what its time is enough for: otherwise a key that posts
the dearest bodies on all of its connections would let nobody else be answered for seconds. Those that are left go on
by accounts, the one that has had least time first (`fair_queue.py`); the posts of an account keep their order.
"""

import asyncio
import time
from codecs import BOM_UTF8
from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Final

from starlette.types import Scope

from txn_api.access.principal import Principal
from txn_api.access.standing import Standing
from txn_api.edge.request_spans import note_admitted
from txn_api.edge.request_text import request_text_of_scope
from txn_api.problems import Overloaded, Problem
from txn_api.writes.admission import Admission
from txn_api.writes.fair_queue import FairQueue
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer
from txn_core.tracing import spans
from txn_core.transactions.event import EncodedEvent
from txn_core.transactions.fast_path import fast_fields
from txn_core.transactions.instants import Instant, now
from txn_core.transactions.submission import Submission

TURN_S: Final = 0.005
"""The time of a turn: the admission of some two hundred usual posts on the machine of the benchmarks."""
DEAR_TURN_S: Final = 0.001
"""The time of a turn, or of a step, whose posts take longer than usual ones, on average."""
USUAL_S: Final = 0.000_06
"""A usual post takes a third of it there."""
READ_PART: Final = 0.4
CHECKED_PART: Final = 0.5
"""What of a turn reading the posts may take, and what of the rest checking those that were read. Their last step,
which takes the same of each, has the remainder. Of a usual post's time reading takes four tenths."""
BYTES_A_TURN: Final = 256 << 10
"""Of bodies, should a turn's time be enough for more: four of the largest."""
REST_FROM_S: Final = 2 * TURN_S
"""A post that took so long by itself was dear work that cannot be left in the middle; its account rests."""
BYTES_A_GROUP: Final = 16 << 10
"""Bodies of posts that were left which go through admission in a row, before others follow by their accounts' time.
The way is twice as long for a lone post."""
ANOTHER_S: Final = 1e-5
"""Charged before a post is admitted, so that the next one of a group is another account's that has had as much. It is
also what the last step takes, the same of each."""
WAIT_S_MAX: Final = 5.0
"""How long a post may wait for its account's time; nothing of it is stored."""
RIGHTS_S: Final = 0.02
"""A post that waited longer is held against its sender's rights once more. Those of a few hundred busy connections
wait for a turn or two."""
RETRY_AFTER_S: Final = 1

Clock = Callable[[], float]
RightsOf = Callable[[Scope, Principal], Standing]


class Post:
    """One body on its way, and who is told of its landing, as a future is (`landing.DeliverySink`).

    `event` is there once it is admitted, and `took_s` says what the steps took that are dearer for some than others.
    """

    __slots__ = (
        *("accepted_at", "account", "body", "event", "fields", "principal", "scope", "submission"),
        *("is_read", "took_s", "waits_since"),
    )
    lands: ClassVar[bool] = True
    """Whether the event is handed over to the producer here."""
    idempotency_key: str | None = None
    accepted_at: Instant
    submission: Submission
    waits_since: float

    def __init__(self, scope: Scope, body: bytes, principal: Principal) -> None:
        """Take a body of somebody whose rights are asked for again when the post had to wait."""
        self.scope, self.account, self.principal = scope, principal.account, principal
        self.body = body.removeprefix(BOM_UTF8)
        self.fields: dict[str, Any] | None = None
        self.is_read = False
        self.event: EncodedEvent | None = None
        self.took_s = 0.0

    def tell_admitted(self, event: EncodedEvent) -> None:
        """It has its event, and does not land here."""

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

    def __init__(self, scope: Scope, body: bytes, principal: Principal) -> None:
        super().__init__(scope, body, principal)
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


class KeyedPost(Post):
    """A post with an `Idempotency-Key`: whoever waits for it hands its event over when the key allows it."""

    __slots__ = ("admitted", "idempotency_key")
    lands = False

    def __init__(self, scope: Scope, body: bytes, principal: Principal, idempotency_key: str) -> None:
        super().__init__(scope, body, principal)
        self.idempotency_key = idempotency_key
        self.admitted: asyncio.Future[EncodedEvent] = asyncio.get_running_loop().create_future()

    def done(self) -> bool:
        """Whether nobody waits for it any more."""
        return self.admitted.done()

    def tell_admitted(self, event: EncodedEvent) -> None:
        """Give the event to whoever waits for it."""
        if not self.admitted.done():
            self.admitted.set_result(event)

    def set_exception(self, error: Exception) -> None:
        """Refuse it."""
        self.admitted.set_exception(error)


class PostBatch:
    """Those of this turn, and those for which the turns before had no time."""

    def __init__(
        self,
        admission: Admission,
        producer: Producer,
        clock: Clock | None = None,
        cpu_clock: Clock | None = None,
        *,
        rights: RightsOf | None = None,
    ) -> None:
        """The second clock, this thread's CPU time unless given, says what a dear post took.

        With `rights`, a post that waited is held against its sender's once more.
        """
        self._rights_of = rights
        self._asking: set[asyncio.Task[None]] = set()
        self._intake, self._producer = admission, producer
        self._clock, self._cpu_clock = clock or time.perf_counter, cpu_clock or time.thread_time
        self._arrived: list[Post] = []
        self._left: FairQueue[Post] = FairQueue()
        self._due = False

    def add(self, scope: Scope, body: bytes, principal: Principal) -> AwaitedPost:
        """Take a body, handed over when the turn ends; if refused, its landing is a `Problem` or `ProducerError`."""
        post = AwaitedPost(scope, body, principal)
        self._add(post)
        return post

    async def admit(self, scope: Scope, body: bytes, principal: Principal, *, idempotency_key: str) -> EncodedEvent:
        """The event of a body whose `Idempotency-Key` is known, in its account's turn; the caller hands it over.

        Raises:
            Problem: as `Admission.admit`, or `overloaded`.
        """
        post = KeyedPost(scope, body, principal, idempotency_key)
        self._add(post)
        try:
            return await post.admitted
        finally:
            del post  # or a refusal, its traceback, this frame and the post would keep each other

    def hand_over(self, posts: Sequence[Post]) -> None:
        """Admit posts and give them to the producer, in their order: now, as far as a turn goes."""
        if self._left.is_idle:
            arrived, posts = posts, self._admit(posts, _Turn(self._clock)) if posts else posts
            if posts:
                self._charge(arrived)
        if not posts:
            return
        now_s = self._clock()
        for post in posts:
            post.waits_since = now_s
            self._left.put(post.account, post)
        self._admit_left_soon()

    def _add(self, post: Post) -> None:
        if not self._arrived:
            asyncio.get_running_loop().call_soon(self._hand_over_arrived)
        self._arrived.append(post)

    def _admit_left_soon(self) -> None:
        if not self._due and self._left:
            self._due = True
            asyncio.get_running_loop().call_soon(self._admit_left)

    def _admit_left(self) -> None:
        """Admit what a turn has time for, the account that has had least time first."""
        self._due = False
        turn = _Turn(self._clock)
        while not turn.is_over():
            group = self._next_group()
            if not group:
                return  # whoever still waits, rests
            left = self._admit(group, turn)
            self._charge(group)
            for post in reversed(left):
                self._left.put_back(post.account, post)
        self._admit_left_soon()

    def _next_group(self) -> Sequence[Post]:
        """Posts whose turn it is, in that order."""
        group, accounts, size = list[Post](), set[str](), 0
        left, now_s = self._left, self._clock()
        while size < BYTES_A_GROUP and (entry := left.pop()) is not None:
            account, post = entry
            try:
                rights = self._unknown_rights(post, now_s - post.waits_since)
            except Problem as problem:
                _fail(post, problem)
                continue
            if rights is None:
                group.append(post)
                accounts.add(account)
                size += len(post.body)
                left.charge(account, ANOTHER_S)  # what it takes is charged when that is known
            elif account in accounts:
                # The turn may have no time for those of its account that are in the group: they stay before it.
                left.put_back(account, post)
                break
            else:
                self._ask_soon(post, rights)
        return group

    def _unknown_rights(self, post: Post, waited_s: float) -> Standing | None:
        """The rights of a post that have to be asked for since it waited; None if it may go on.

        Raises:
            Problem: it waited too long, or its rights have ended.
        """
        if waited_s > WAIT_S_MAX:
            raise Overloaded(RETRY_AFTER_S)
        if waited_s <= RIGHTS_S or self._rights_of is None:
            return None
        rights = self._rights_of(post.scope, post.principal)
        return None if rights.checked_at_once() else rights

    def _ask_soon(self, post: Post, rights: Standing) -> None:
        """Ask for the rights of a post. Its account is held meanwhile, since its posts keep their order."""
        self._left.hold(post.account)
        task = asyncio.create_task(self._ask(post, rights))
        self._asking.add(task)
        task.add_done_callback(self._asking.discard)

    async def _ask(self, post: Post, rights: Standing) -> None:
        try:
            await rights.check()
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this post's, and goes to whoever waits for it
            _fail(post, error)
            self._left.release(post.account)
        else:
            self._left.release(post.account)
            self._admit((post,), _Turn(self._clock))
            self._charge((post,))
        self._admit_left_soon()

    def _admit(self, posts: Sequence[Post], turn: "_Turn") -> Sequence[Post]:
        """Take each step of posts in a row and give them to the producer, as far as the turn goes.

        Gives the posts that it had no time for, the last ones. What was read of them is kept.
        """
        began_s, group = self._cpu_clock(), turn.fitting(posts)
        read, read_count = self._taken(self._read, group, turn.until(READ_PART))
        checked, checked_count = self._taken(self._check, read, turn.until(CHECKED_PART)) if read else ([], 0)
        left = [*read[checked_count:], *posts[read_count:]]
        turn.posts += len(posts) - len(left)
        self._producer.submit_all(self._identified(checked))
        if (took_s := self._cpu_clock() - began_s) > REST_FROM_S:
            dearest = max(group, key=lambda post: post.took_s)
            self._left.rest(dearest.account, min(took_s, dearest.took_s) - TURN_S, self._admit_left_soon)
        return left

    def _charge(self, posts: Sequence[Post]) -> None:
        """Charge accounts for what their posts took since they were charged last."""
        for post in posts:
            self._left.charge(post.account, post.took_s)
            post.took_s = 0.0

    def _hand_over_arrived(self) -> None:
        posts, self._arrived = self._arrived, []
        self.hand_over(posts)

    def _read(self, post: Post) -> None:
        if not post.is_read:
            post.fields, post.is_read = fast_fields(post.body, self._intake.luhn_exempt), True

    def _check(self, post: Post) -> None:
        post.accepted_at = now()
        post.submission = self._intake.submission(
            post.body,
            post.fields,
            request_text=request_text_of_scope(post.scope),
            accepted_at=post.accepted_at,
            terminal_ids=post.principal.terminal_ids,
        )

    def _identified(self, posts: Sequence[Post]) -> list[tuple[str, bytes, Post]]:
        """Give posts their events, and those that land here as the producer takes them."""
        records: list[tuple[str, bytes, Post]] = []
        for post in posts:
            try:
                event = self._intake.event(
                    post.submission,
                    account=post.account,
                    accepted_at=post.accepted_at,
                    idempotency_key=post.idempotency_key,
                    cards_of_mask_max=post.principal.cards_of_mask_max,
                )
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this post's
                _fail(post, error)
                continue
            del post.submission
            post.fields, post.body = None, b""  # the card number has no business here any more
            post.event = event
            if spans.recorder is not None:
                note_admitted(post.scope["state"], len(event.data))
            if post.lands:
                records.append((event.card_id, event.data, post))
            else:
                post.tell_admitted(event)
        return records

    def _taken(self, step: Callable[[Post], None], posts: Sequence[Post], ends_at: float) -> tuple[list[Post], int]:
        """Take a step of each post as long as there is time, and note how long it took.

        Gives those that go on, and how many were taken, one at least.
        """
        left, clock = list[Post](), self._clock
        began_at = at = clock()
        for place, post in enumerate(posts, 1):
            try:
                step(post)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is this post's, and goes to whoever waits for it
                _fail(post, error)
            else:
                left.append(post)
            before, at = at, clock()
            post.took_s += at - before
            if at >= ends_at or (at - began_at >= DEAR_TURN_S and at - began_at > place * USUAL_S):
                return left, place
        return left, len(posts)


class _Turn:
    """The time and the bytes of a turn."""

    __slots__ = ("_began_at", "_bytes_left", "_clock", "posts")

    def __init__(self, clock: Clock) -> None:
        self._clock, self._began_at = clock, clock()
        self._bytes_left = BYTES_A_TURN
        self.posts = 0
        """How many were admitted."""

    def is_over(self) -> bool:
        """Whether nothing more may begin."""
        took_s = self._clock() - self._began_at
        is_dear = took_s > self.posts * USUAL_S
        return self._bytes_left <= 0 or took_s >= (DEAR_TURN_S if is_dear else TURN_S)

    def until(self, part: float) -> float:
        """When a part of what is left of it will have gone by."""
        now_s = self._clock()
        return now_s + part * (self._began_at + TURN_S - now_s)

    def fitting(self, posts: Sequence[Post]) -> Sequence[Post]:
        """The first of some posts, whose bodies fit into it, one at least: they are about to be admitted."""
        for place, post in enumerate(posts, 1):
            self._bytes_left -= len(post.body)
            if self._bytes_left <= 0:
                return posts[:place]
        return posts


def _fail(post: Post, error: Exception) -> None:
    if isinstance(error, Problem):
        # Nobody reads where it comes from, whose frames and the post would keep each other.
        error.__traceback__ = error.__context__ = None
    if not post.done():
        post.set_exception(error)
