"""Bulk uploads by a client that costs little: bytes that are ready go into the socket, the totals come back."""

import http.client
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from typing import Final
from urllib.parse import urlsplit

from pydantic import BaseModel

from bench.write_path.servers import Served
from bench.write_path.stage import Stage

PATIENCE_S_MAX: Final = 60.0  # of one wait on the socket


class Totals(BaseModel):
    """The last line of an upload's answer."""

    read: int
    accepted: int
    rejected: int
    unknown: int
    ended: str


class UploadFailedError(Exception):
    """An upload was not taken whole, so that its figures would mean nothing; the text is what was answered."""


def upload(served: Served, stage: Stage, content: bytes | Iterable[bytes]) -> int:
    """Upload NDJSON, chunked if it comes piece by piece; the lines accepted, which are all of them.

    Raises:
        UploadFailedError: some were not.
    """
    with closing(http.client.HTTPConnection(urlsplit(served.base).netloc, timeout=PATIENCE_S_MAX)) as connection:
        headers = stage.headers | {"Content-Type": "application/x-ndjson"}
        connection.request("POST", "/transactions/bulk", content, headers)
        return accepted(connection.getresponse().read())


def upload_at_once(served: Served, stage: Stage, contents: Sequence[bytes]) -> int:
    """Several uploads at the same time, each by a thread of its own; the lines accepted in all."""
    with ThreadPoolExecutor(len(contents)) as pool:
        return sum(pool.map(lambda content: upload(served, stage, content), contents))


def accepted(answer: bytes) -> int:
    """The lines accepted by an upload's answer, which tells of no others.

    Raises:
        UploadFailedError: it does.
    """
    last = answer.rstrip().rpartition(b"\n")[2]
    if not last.startswith(b'{"receipt_id"'):
        raise UploadFailedError(answer[:500].decode(errors="replace"))
    totals = Totals.model_validate_json(last)
    if totals.ended != "complete" or totals.accepted != totals.read:
        raise UploadFailedError(last.decode())
    return totals.accepted
