"""Requests that are well formed: our connection answers them as uvicorn's own two do, in whatever pieces they come.

`make fuzz` plays more of them: `STOCK_REQUESTS` says how many, and `STOCK_SEED` which.
"""

import os
import random
import re
from collections import Counter
from typing import Final

import pytest
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from tests.fuzz.requests import METHODS, Requests
from tests.http.application import WRITER
from tests.http.judging.comparing import UPLOAD, unlike
from tests.http.playing import oracle, ours, served
from tests.http.requests.delivery import Delivery, cuts
from tests.support.virtual_time import in_virtual_time

SEED: Final = int(os.environ.get("STOCK_SEED", "11"))
REQUESTS: Final = int(os.environ.get("STOCK_REQUESTS", "300"))
_CONTROL: Final = re.compile(rb"[^\r\n\t\x20-\x7e\x80-\xff]")
"""What no field value has (RFC 9110, 5.5), though h11 takes some of it."""
UNKNOWN_TO_HTTPTOOLS: Final = ("get", "M")


@pytest.mark.parametrize(("connection", "but"), [(H11Protocol, ()), (HttpToolsProtocol, UNKNOWN_TO_HTTPTOOLS)])
@in_virtual_time
async def test_well_formed_requests_are_answered_as_by(connection: type, but: tuple[str, ...]) -> None:
    """Status, problem code, body, fields and framing are the same, and so is what is stored.

    httptools knows no methods but those it lists. To our connection a request comes in random pieces, to the others
    as a whole: no client could see which way it goes in the application.
    """
    requests, find_faults, our, other = (
        Requests(SEED, WRITER.split()[-1].decode()),
        oracle(),
        ours(),
        served(connection),
    )
    assert set(but) <= set(METHODS)
    rng, statuses, in_pieces = random.Random(SEED), Counter[int](), 0
    for sent in map(requests.request, range(REQUESTS)):
        expected = await find_faults.expect(sent.data, Delivery())
        head = sent.data.partition(b"\r\n\r\n")[0]
        method = head.partition(b" ")[0].decode("latin-1")
        if not sent.whole or expected.refused or method in but or _CONTROL.search(head):
            continue
        methods = [exchange.method for exchange in expected.exchanges]
        # An upload is taken as it comes: how far it gets before a fault depends on its pieces.
        places = () if UPLOAD in head else cuts(rng, [len(head), len(sent.data) - len(head)])
        found, _ = await our.play(sent.data, Delivery(places), methods)
        right, _ = await other.play(sent.data, Delivery(), methods)
        assert found.statuses == right.statuses, sent
        assert not [text for pair in zip(found.answers, right.answers, strict=True) for text in unlike(*pair)], sent
        assert sorted(found.stored) == sorted(right.stored), sent
        statuses.update(found.statuses)
        in_pieces += bool(places)
    assert in_pieces > REQUESTS / 4
    assert statuses.total() > REQUESTS / 2
    assert min(statuses[202], statuses[422], statuses[404]) > REQUESTS / 100, statuses
