"""Sequences with something left out, to find what of a sequence it takes to show a fault."""

from collections.abc import Iterator
from dataclasses import replace

from tests.http.requests.delivery import Delivery
from tests.http.requests.drafts import Message
from tests.http.sequences import Sequence


def smaller(whole: Sequence) -> Iterator[Sequence]:
    """What is left when one thing is left out, the largest things first."""
    for number in range(len(whole.messages)):
        if len(whole.messages) > 1:
            yield replace(whole, messages=whole.messages[:number] + whole.messages[number + 1 :])
    sent, plain = whole.delivery, Delivery()
    if sent != plain:
        simpler = (
            *(plain, replace(sent, cuts=()), replace(sent, size=None), replace(sent, end=plain.end)),
            *(replace(sent, reads=True), replace(sent, cuts=sent.cuts[::2]), replace(sent, cuts=sent.cuts[1::2])),
        )
        yield from (replace(whole, delivery=delivery) for delivery in simpler if delivery != sent)
    for number, message in enumerate(whole.messages):
        for less in _less(message):
            yield replace(whole, messages=(*whole.messages[:number], less, *whole.messages[number + 1 :]))


def _less(message: Message) -> Iterator[Message]:
    """Without some of the fields: half of them, a quarter, each."""
    size = len(message.fields) // 2
    while size:
        for place in range(0, len(message.fields), size):
            yield replace(message, fields=message.fields[:place] + message.fields[place + size :])
        size //= 2
    if len(message.fields) == 1:
        yield replace(message, fields=())
