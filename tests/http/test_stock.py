"""Requests that are well formed: our connection answers them as uvicorn's own two do."""

import re
from typing import Final

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tests.fuzz.requests import METHODS, Requests
from tests.http.application import WRITER
from tests.http.judging.comparing import unlike
from tests.http.playing import oracle, ours, served
from tests.http.requests.delivery import Delivery
from tests.support.virtual_time import in_virtual_time

SEED: Final = 11
REQUESTS: Final = 300
_CONTROL: Final = re.compile(rb"[^\r\n\t\x20-\xff]")
"""What no field value has (RFC 9110, 5.5), though h11 takes some of it."""
UNKNOWN_TO_HTTPTOOLS: Final = ("get", "M")


@pytest.mark.parametrize(("connection", "but"), [(H11Protocol, ()), (HttpToolsProtocol, UNKNOWN_TO_HTTPTOOLS)])
@in_virtual_time
async def test_well_formed_requests_are_answered_as_by(connection: type, but: tuple[str, ...]) -> None:
    """Status, problem code, body, fields and framing; httptools knows no methods but those it lists."""
    requests, judge, our, other = Requests(SEED, WRITER.split()[-1].decode()), oracle(), ours(), served(connection)
    assert set(but) <= set(METHODS)
    compared = 0
    for sent in map(requests.request, range(REQUESTS)):
        expected = await judge.expect(sent.data, Delivery())
        head = sent.data.partition(b"\r\n\r\n")[0]
        method = head.partition(b" ")[0].decode("latin-1")
        if not sent.whole or expected.refused or method in but or _CONTROL.search(head):
            continue
        methods = [exchange.method for exchange in expected.exchanges]
        found, _ = await our.play(sent.data, Delivery(), methods)
        right, _ = await other.play(sent.data, Delivery(), methods)
        assert found.statuses == right.statuses, sent
        assert not [text for pair in zip(found.answers, right.answers, strict=True) for text in unlike(*pair)], sent
        compared += 1
    assert compared > REQUESTS / 2
