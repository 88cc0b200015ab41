"""An answer that goes on as long as its listener stays: the events of a feed, and a comment now and then."""

import asyncio
import time
from typing import Final

import structlog
from pydantic_core import to_json
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from txn_api.access.standing import Standing
from txn_api.case_events.case_feed import CaseFeed
from txn_api.case_events.case_feeds import CaseFeeds
from txn_api.case_events.event_format import COMMENT, MEDIA_TYPE, event
from txn_api.problems import Problem
from txn_core.transactions.identity import Account

HEARTBEAT_S: Final = 15.0
UNREAD_S_MAX: Final = 10.0
"""How long a piece may wait for a client that does not read; then its connection is cut."""
LISTENED_S_MAX: Final = 3_600.0
"""Then the answer ends, so that listeners find their way to processes added meanwhile."""
HEADERS: Final = {"Content-Type": MEDIA_TYPE, "Cache-Control": "no-store", "X-Accel-Buffering": "no"}

_log = structlog.get_logger()


class EventStream(Response):
    """Tells a listener of the changes of an account's cases.

    It ends when the process is about to stop, when the listener's credential ends or may do less, when the table
    cannot be looked at any more, and after an hour. The listener asks again then, and is told why it gets nothing.
    """

    def __init__(
        self,
        feeds: CaseFeeds,
        account: Account,
        standing: Standing,
        *,
        last_event_id: str,
        stopping: "asyncio.Future[None]",
    ) -> None:
        """Take whose events, the rights to them, and where the listener was before."""
        super().__init__(headers=HEADERS)
        self._feeds, self._account, self._standing = feeds, account, standing
        self._last_event_id, self._stopping = last_event_id, stopping
        self._wake = asyncio.Event()
        self._has_gone = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer until there is a reason to end. Raises as `CaseFeeds.listening`, before the answer begins."""
        headers = [(name, value) for name, value in self.raw_headers if name != b"content-length"]
        actor = self._standing.principal.actor
        async with self._feeds.listening(self._account, actor, self._wake) as feed:
            await send({"type": "http.response.start", "status": 200, "headers": headers})
            if scope["method"] == "HEAD":
                await send({"type": "http.response.body", "body": b""})
                return
            watching = asyncio.create_task(self._watch_for_the_end(receive))
            self._stopping.add_done_callback(self._stop)
            try:
                with scope["app"].set_aside(scope):
                    is_read = await self._tell(feed, send)
            finally:
                self._stopping.remove_done_callback(self._stop)
                watching.cancel()
        if is_read:
            await send({"type": "http.response.body", "body": b""})
        else:
            # The answer has begun: leaving it unfinished makes the server cut the connection.
            _log.info("case_events_not_read")

    async def _watch_for_the_end(self, receive: Receive) -> None:
        while (await receive())["type"] != "http.disconnect":
            pass
        self._has_gone = True
        self._wake.set()

    def _stop(self, _: object) -> None:
        self._wake.set()

    async def _tell(self, feed: CaseFeed, send: Send) -> bool:
        """Send what there is to tell; false when the listener does not read it."""
        begun = time.monotonic()
        place = feed.number_of(self._last_event_id)
        pieces = [b"retry: 2000\n\n"]
        if place is not None:
            pieces.append(event("resumed", self._hello(), feed.event_id(place)))
        while not (feed.has_ended or self._has_gone or self._stopping.done()):
            self._wake.clear()
            try:
                await self._standing.check()
            except Problem:
                break
            events = None if place is None else feed.since(place)
            pieces += [event("reset", self._hello(), feed.event_id(feed.last))] if events is None else events
            place = feed.last
            try:
                async with asyncio.timeout(UNREAD_S_MAX):
                    await send({"type": "http.response.body", "body": b"".join(pieces) or COMMENT, "more_body": True})
            except TimeoutError:
                return False
            pieces = []
            if time.monotonic() - begun > LISTENED_S_MAX or not await self._has_news():
                break
        return True

    async def _has_news(self) -> bool:
        """Wait for something to tell, a heartbeat at most; false when the credential has ended meanwhile."""
        ends_at_s = self._standing.principal.expires_at_s
        left_s = HEARTBEAT_S if ends_at_s is None else min(HEARTBEAT_S, ends_at_s - time.time())
        try:
            async with asyncio.timeout(max(0.0, left_s)):
                await self._wake.wait()
        except TimeoutError:
            pass
        return ends_at_s is None or time.time() < ends_at_s

    def _hello(self) -> bytes:
        return to_json({"actor": self._standing.principal.actor})
