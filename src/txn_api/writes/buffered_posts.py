"""Posts whose requests are whole: answered by callbacks alone, without a task and its coroutines."""

from typing import Final

from txn_api.access.principal import Principal
from txn_api.edge.buffered_request import BufferedRequest
from txn_api.edge.edge import Edge, Reply
from txn_api.edge.request_context import RequestContext
from txn_api.writes.acknowledgement import ACCEPTED, accepted, head_of, problem_of
from txn_api.writes.batch import Post
from txn_core.exceptions import ProducerError
from txn_core.kinesis.landing import Landing


class BufferedPost(Post):
    """A post that has begun at the edge, and is answered there when it has landed or never will."""

    __slots__ = ("_edge", "_outcome", "context", "request")

    def __init__(
        self, request: BufferedRequest, body: bytes, principal: Principal, edge: Edge, context: RequestContext
    ) -> None:
        super().__init__(request.scope, body, principal)
        self.request, self.context = request, context
        self._edge = edge
        self._outcome: Landing | Exception | _Told | None = None

    def done(self) -> bool:
        """Whether it is known what is to be said."""
        return self._outcome is not None

    def set_result(self, landing: Landing) -> None:
        """Acknowledge it."""
        self._outcome = landing
        self._edge.answer_soon(self)

    def set_exception(self, error: Exception) -> None:
        """Refuse it."""
        self._outcome = error
        self._edge.answer_soon(self)

    def answer(self) -> Reply | Exception:
        """What the edge asks for."""
        # An error knows the frames that it came through, and they this post: nothing may go round in a circle.
        outcome, self._outcome = self._outcome, _TOLD
        if isinstance(outcome, ProducerError):
            return problem_of(outcome)
        if isinstance(outcome, Exception):
            return outcome
        event = self.event
        assert event is not None and isinstance(outcome, Landing)  # noqa: PT018, S101 - what has landed was admitted
        return ACCEPTED, head_of(event), accepted(event, outcome)


class _Told:
    """Stands for an outcome that was asked for."""


_TOLD: Final = _Told()
