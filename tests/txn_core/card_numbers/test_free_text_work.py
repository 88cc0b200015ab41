"""The work of a search for card numbers: linear in the text, whatever it holds."""

import sys
import time
from collections.abc import Callable
from contextlib import suppress
from types import FrameType
from typing import Any

import pytest

from tests.builders import body, json_bytes
from txn_core.card_numbers import free_text
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.reading import read_submission

VISA = "4111111111111111"
_BYTES = 4_096
_WORST: dict[str, Callable[[int], str]] = {
    "counting": lambda size: " ".join(map(str, range(1, size)))[:size],
    "single digits": lambda size: "4 " * (size // 2),
    "single digits of all lengths": lambda size: "6 7 5 9 " * (size // 8),
    "pairs": lambda size: "11 22 " * (size // 6),
    "fours": lambda size: "4111 " * (size // 5),
    "sixes": lambda size: "675911 " * (size // 7),
    "one run": lambda size: "4" * size,
    "runs as long as a card": lambda size: f"{VISA[:-1]}2 " * (size // 17),
    "runs that are a digit too long": lambda size: "4" * 20 + " " + "4 " * (size // 2),
    "separators by turns": lambda size: "4-1 1/1_" * (size // 8),
    "full width": lambda size: "\uff14 " * (size // 2),
    "marks": lambda size: "4\u0301\u0323" * (size // 3),
    "letters of other scripts": lambda size: "卡4 " * (size // 3),
    "IBANs that end early": lambda size: "DE89 " * (size // 5),
    "IBANs of single letters": lambda size: "MT84 " + "A 1 " * (size // 4),
    "telephones": lambda size: "+49 " * (size // 4),
    "tracks": lambda size: "%B4 4 4 4^" * (size // 10),
    "tracks without an end": lambda size: "4 " * (size // 2) + "^",
}


@pytest.fixture
def lines_run() -> Callable[[str], int]:
    """How many lines of our code a search runs. What the interpreter does in C is linear by itself."""

    def run(text: str) -> int:
        count = 0

        def local(_: FrameType, event: str, __: object) -> Any:
            nonlocal count
            count += event == "line"
            return local

        before = sys.gettrace()
        sys.settrace(lambda frame, *_: local if "txn_core" in frame.f_code.co_filename else None)
        try:
            free_text.holds_card_number(text)
        finally:
            sys.settrace(before)
        return count

    return run


@pytest.mark.parametrize("shape", _WORST)
def test_the_work_grows_with_the_text_alone(lines_run: Callable[[str], int], shape: str) -> None:
    """At most two steps a character, where one for each two groups of digits would be thousands."""
    for size in (_BYTES, 4 * _BYTES):
        text = _WORST[shape](size)
        assert lines_run(text) <= 2 * len(text) + 200


def test_a_query_as_long_as_may_be_takes_milliseconds() -> None:
    """Whatever it holds: the worst of these took 3 ms where the bound is ten times that."""
    for shape, text in _WORST.items():
        started = time.process_time()
        free_text.holds_card_number(text(8_192))
        assert time.process_time() - started < 0.03, shape


def test_a_body_of_the_longest_texts_takes_milliseconds() -> None:
    """Each text of a body is as long as it may be, by the same: the worst of these took 0.7 ms."""
    lengths = {"first_name": 100, "last_name": 100, "job": 100, "street": 200, "city": 100}
    for shape, text in _WORST.items():
        texts = {name: text(4 * length)[:length].strip() for name, length in lengths.items()}
        data = json_bytes(body(merchant={"name": text(400)[:100].strip()}, customer=texts))
        started = time.process_time()
        with suppress(InvalidTransactionError):
            read_submission(data, None, request_text="", today="2026-01-02")
        assert time.process_time() - started < 0.02, shape
