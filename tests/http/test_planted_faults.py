"""The random sequences find faults that are put into our connection: a judge that sees none would prove nothing."""

import re
from collections.abc import Callable
from typing import Final

import pytest

from tests.http.run import Judge
from tests.http.sequences import sequence
from tests.support.virtual_time import run_in_virtual_time
from txn_server.http import body as http_body
from txn_server.http import connection as http_connection
from txn_server.http import head as http_head
from txn_server.http import lines as http_lines

SEED: Final = 18
SEQUENCES: Final = 400
Plant = Callable[[pytest.MonkeyPatch], None]


def _without_form(name: bytes) -> Plant:
    """The usual way takes whatever this field says."""
    forms = {field: form for field, form in http_head._USUAL_FORMS.items() if field != name}
    return lambda patch: patch.setattr(http_head, "_USUAL_FORMS", forms)


def _lengths_of_any_size(patch: pytest.MonkeyPatch) -> None:
    patch.setitem(http_head._USUAL_FORMS, b"content-length", re.compile(rb"[0-9]+"))


def _any_host(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(http_head, "_HOST", re.compile(rb".*"))
    patch.setitem(http_head._USUAL_FORMS, b"host", re.compile(rb".*"))


PLANTS: Final[dict[str, Plant]] = {
    "chunks are taken for no body": _without_form(b"transfer-encoding"),
    "`Connection: close` is not heard": _without_form(b"connection"),
    "lengths of any size": _lengths_of_any_size,
    "any host": _any_host,
    "more fields": lambda patch: patch.setattr(http_lines, "FIELDS_MAX", 250),
    "trailers are not looked at": lambda patch: patch.setattr(http_body, "check_trailers", lambda _: None),
    "chunks of any size": lambda patch: patch.setattr(
        http_body, "_CHUNK_SIZE", re.compile(rb"([0-9A-Fa-f]+)(?:;.*)?")
    ),
    "chunks that end in LF": lambda patch: patch.setattr(http_body, "_LINE_END", b"\n"),
    "a half-closed connection is closed": lambda patch: patch.setattr(
        http_connection.Connection, "eof_received", lambda _: False
    ),
    "a body without an end is dropped": lambda patch: patch.setattr(http_connection, "DROPPED_BYTES_MAX", 1 << 40),
}


@pytest.mark.parametrize("name", PLANTS)
def test_a_planted_fault_is_found(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within a few hundred sequences, of which none is wrong without it (`test_differential.py`)."""

    async def first_fault() -> int | None:
        find_faults = Judge()
        for number in range(SEQUENCES):
            if not (await find_faults.find_faults(sequence(SEED, number))).is_right:
                return number
        return None

    PLANTS[name](monkeypatch)
    monkeypatch.setattr(http_head, "_lengths", {})  # what was read with a fault is no other test's
    assert run_in_virtual_time(first_fault()) is not None
