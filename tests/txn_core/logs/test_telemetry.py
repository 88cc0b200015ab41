"""Logs: JSON lines, and never a variable of a frame."""

import json
import logging
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import structlog

from tests.builders import body, card_number, json_bytes, pan, request
from txn_core.exceptions import TxnError
from txn_core.logs.log_budget import EventBudget
from txn_core.logs.telemetry import QUIET, configure_logging
from txn_core.transactions.transaction import parse_transaction

CARD = card_number(31_337)


@pytest.fixture(autouse=True)
def logging_as_it_was() -> Iterator[None]:
    """Other tests do not meet the process-wide set-up of these."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    levels = {name: logging.getLogger(name).level for name in QUIET}
    yield
    root.handlers[:] = handlers
    root.setLevel(level)
    for name, number in levels.items():
        logging.getLogger(name).setLevel(number)
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    captured = capsys.readouterr()
    assert captured.out == ""
    return [json.loads(line) for line in captured.err.splitlines()]


def test_a_log_line_is_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    """Both ways of logging say level, time, event and the process's role."""
    configure_logging("info", role="api")
    structlog.get_logger().info("started", port=8080)
    logging.getLogger("x").warning("an %s", "answer\nwith a line break")
    one, other = lines(capsys)
    assert (one["event"], one["port"], one["level"], one["role"]) == ("started", 8080, "info", "api")
    assert (other["event"], other["level"], other["role"]) == ("an answer\nwith a line break", "warning", "api")
    assert one["timestamp"].endswith("Z")


def test_what_is_less_severe_is_not_written(capsys: pytest.CaptureFixture[str]) -> None:
    """The level holds for both ways, and the chatter of client libraries stays out at any level."""
    configure_logging("warning")
    structlog.get_logger().info("quiet")
    logging.getLogger("x").info("quiet")
    assert lines(capsys) == []
    configure_logging("debug")
    for name in QUIET:
        logging.getLogger(name).info("GET /transactions?card_number=%s", CARD)
    assert lines(capsys) == []


def fail_with_the_card_in_every_frame() -> None:
    number, parsed = pan(31_337), request(card_number=CARD)
    digits = number.digits_for_identity()
    try:
        int(f"{number} {parsed}")
    except ValueError as error:
        raise RuntimeError(f"of {len(digits)} digits") from error


def test_a_traceback_has_no_variables(capsys: pytest.CaptureFixture[str]) -> None:
    """A logged exception says where and why, through its causes, without the values of its frames."""
    configure_logging("debug")
    try:
        fail_with_the_card_in_every_frame()
    except RuntimeError:
        structlog.get_logger().exception("failed")
        logging.getLogger("x").exception("failed")
    written = lines(capsys)
    assert [line["event"] for line in written] == ["failed", "failed"]
    assert all(line["exception"][0]["exc_type"] == "RuntimeError" for line in written)
    assert CARD not in json.dumps(written)
    assert "locals" not in json.dumps(written)


def test_a_record_that_cannot_be_written_fails_nobody_and_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    """The standard library would print the record's arguments and a traceback with texts past all of this."""
    configure_logging("debug")
    logging.getLogger("library").warning("%d of %s", CARD, CARD)
    logging.getLogger("library").warning("next")
    failed, after = lines(capsys)
    assert (failed["event"], failed["logger"]) == ("log_record_not_written", "library")
    assert failed["exception"][0]["exc_type"] == "TypeError"
    assert CARD not in json.dumps(failed)
    assert after["event"] == "next"


@pytest.mark.parametrize("changes", [{"currency": CARD}, {"merchant": {"name": CARD + "\n"}}, {CARD: CARD}])
def test_a_refused_request_may_be_logged(capsys: pytest.CaptureFixture[str], changes: dict[str, Any]) -> None:
    """The error of a bad request, with its traceback and chain, holds nothing that was sent."""
    configure_logging("debug")
    try:
        parse_transaction(json_bytes(body(**changes)))
    except TxnError as error:
        structlog.get_logger().exception("refused", error=error, faults=error)
    assert CARD not in json.dumps(lines(capsys))


def test_a_card_number_or_request_that_is_logged_is_hidden(capsys: pytest.CaptureFixture[str]) -> None:
    """Logging the wrong thing by mistake writes that it is hidden."""
    configure_logging("debug")
    parsed = request(card_number=CARD, merchant={"name": CARD})
    structlog.get_logger().info("oops", number=pan(31_337), parsed=parsed, parts=[parsed], inner={"x": parsed})
    logging.getLogger("x").info("%s %r", parsed, parsed.card_number)
    assert CARD not in json.dumps(lines(capsys))


def test_a_process_holds_its_own_lines_to_a_budget(capsys: pytest.CaptureFixture[str]) -> None:
    """Of each event; the next line says how many were left out. Crashes and what is counted elsewhere pass."""
    now_s = [0.0]
    budget = EventBudget(2, 100, frozenset({"request"}), clock=lambda: now_s[0])
    configure_logging("info", budget=budget)
    log = structlog.get_logger()
    for _ in range(5):
        log.info("broken off")
        log.info("request")
        log.critical("crashed")
    log.warning("another")
    now_s[0] = 1.0
    log.info("broken off", request_id="x")
    log.info("broken off")
    told = lines(capsys)
    assert Counter(line["event"] for line in told) == {"broken off": 4, "request": 5, "crashed": 5, "another": 1}
    assert [line.get("left_out") for line in told if line["event"] == "broken off"] == [None, None, 3, None]


def test_the_debug_level_has_no_budget(capsys: pytest.CaptureFixture[str]) -> None:
    """Whoever looks for something may have all of it."""
    configure_logging("debug", budget=EventBudget(1, 1))
    for _ in range(5):
        structlog.get_logger().debug("a")
    assert len(lines(capsys)) == 5
