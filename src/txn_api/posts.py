"""Posts that arrive in one turn of the event loop go through admission together, and then to the producer together.

One after the other, each on its whole way, they would cost a third more: the code of that way is larger than the
processor's nearest caches, and every post would find it gone again (docs/benchmarks.md). In a row, each step is paid
for once and goes fast for all. A lone post waits for nobody: its turn ends when nothing else has arrived. A post with
an `Idempotency-Key` is not among them: it first waits for its key.
"""

import asyncio
from dataclasses import dataclass

from starlette.types import Scope

from txn_api.intake import Intake
from txn_api.surroundings import surroundings_of_scope
from txn_core.event import EncodedEvent
from txn_core.identity import Account
from txn_core.kinesis.landing import Landing
from txn_core.kinesis.producer import Producer


@dataclass(slots=True, eq=False)
class Post:
    """One body on its way: `event` is there once it is admitted, `landing` ends when it has landed or never will."""

    scope: Scope
    body: bytes
    account: Account
    terminal_ids: frozenset[str]
    landing: "asyncio.Future[Landing]"
    event: EncodedEvent | None = None

    def refuse(self, error: Exception) -> None:
        """It will not land; nobody may be waiting any more."""
        if not self.landing.done():
            self.landing.set_exception(error)


class Posts:
    """Those of this turn."""

    def __init__(self, intake: Intake, producer: Producer) -> None:
        self._intake, self._producer = intake, producer
        self._arrived: list[Post] = []

    def add(self, scope: Scope, body: bytes, *, account: Account, terminal_ids: frozenset[str] = frozenset()) -> Post:
        """Take a body; its landing ends in a `Problem` or a `ProducerError` when it is refused."""
        loop = asyncio.get_running_loop()
        post = Post(scope, body, account, terminal_ids, loop.create_future())
        if not self._arrived:
            loop.call_soon(self._hand_over)
        self._arrived.append(post)
        return post

    def _hand_over(self) -> None:
        posts, self._arrived = self._arrived, []
        for post in posts:
            self._admit(post)
        admitted = [(post.event.card_id, post.event.data, post.landing) for post in posts if post.event is not None]
        self._producer.submit_all(admitted)

    def _admit(self, post: Post) -> None:
        try:
            post.event = self._intake.admit(
                post.body,
                account=post.account,
                surroundings=surroundings_of_scope(post.scope),
                terminal_ids=post.terminal_ids,
            )
        except Exception as error:  # noqa: BLE001 - whatever it is, it is this post's, and goes to whoever waits for it
            post.refuse(error)
