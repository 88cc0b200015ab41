"""Which stream an iterator or a token belongs to: calls name those alone, and rights are of streams."""

from collections import OrderedDict
from typing import Any, Final

from devkit.aws_account.rights.calls import UnknownCallError

TOKENS_MAX: Final = 100_000
_GIVEN: Final = ("ShardIterator", "NextShardIterator", "NextToken")
_ASKED: Final = ("ShardIterator", "NextToken")


class StreamTokens:
    """The tokens that answers gave, each with its stream; the oldest go when there are too many."""

    def __init__(self) -> None:
        self._streams: OrderedDict[str, str] = OrderedDict()

    def learn(self, stream: str, answer: dict[str, Any]) -> None:
        """Note the tokens of an answer of a stream, by its ARN."""
        for name in _GIVEN:
            if isinstance(token := answer.get(name), str):
                self._streams[token] = stream
        while len(self._streams) > TOKENS_MAX:
            self._streams.popitem(last=False)

    def stream_of(self, request: dict[str, Any]) -> str:
        """The stream of the token that a request names.

        Raises:
            UnknownCallError: it names none that we gave.
        """
        for name in _ASKED:
            if (stream := self._streams.get(request.get(name, ""))) is not None:
                return stream
        raise UnknownCallError("the request names no stream, and no token that was given out")
