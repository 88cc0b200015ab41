"""The rule on good and bad samples, and on the code itself."""

import pytest

from tests.lint.__main__ import LOGGED_BY_PARAMETER, ROOT
from tests.lint.log_events import LogEvents
from tests.lint.module_walk import complaints, findings, findings_below

BAD = {
    "a sentence": '_log.info("drain failed")',
    "a capital": '_log.info("DrainFailed")',
    "a hyphen": '_log.info("drain-failed")',
    "an f-string": '_log.info(f"drain_{name}")',
    "a format": '_log.info("drain_%s", name)',
    "a sum": '_log.info("drain_" + name)',
    "a variable": "def f(event):\n    _log.info(event)",
    "no event": "_log.info(shard=shard)",
    "a constant that is a sentence": 'EVENT: Final = "drain failed"\n_log.error(EVENT)',
    "the event by keyword": '_log.info(event="drain_failed")',
    "an event in an argument": 'tell(_log.info("drain failed"))',
    "another name": "log = structlog.get_logger()",
    "another name with a type": "logger: Final = structlog.get_logger(__name__)",
    "a logger without a name": 'structlog.get_logger().info("drain_failed")',
    "a logger of the standard library": 'logger = logging.getLogger("drain")',
    "a level that varies": 'getattr(_log, level)("drain_failed")',
    "a logger handed on": "Drain(_log)",
    "a logger with context": "_log.bind(shard=shard)",
    "a line of the standard library": 'logging.warning("drain failed")',
}
GOOD = {
    "an event": '_log = structlog.get_logger(__name__)\n_log.info("drain_failed", shard=shard)',
    "one word": '_log.warning("outage")',
    "a constant": 'EVENT: Final = "drain_failed"\n_log.error(EVENT)',
    "an untyped constant": '_EVENT = "drain_failed"\n_log.error(_EVENT)',
    "another object's method": 'self.log.info("drain failed")',
    "a configured library": 'def configure():\n    logging.getLogger("botocore").setLevel(level)\n'
    "    root = logging.getLogger()",
}


@pytest.mark.parametrize("what", BAD)
def test_what_breaks_the_rule_is_found(what: str) -> None:
    assert findings(LogEvents, BAD[what], "sample.py")


@pytest.mark.parametrize("what", GOOD)
def test_other_code_is_let_be(what: str) -> None:
    assert findings(LogEvents, GOOD[what], "sample.py") == []


def test_all_events_of_our_code_are_literals_in_snake_case() -> None:
    assert list(complaints(LogEvents, findings_below(LogEvents, ROOT / "src", ROOT), LOGGED_BY_PARAMETER)) == []


def test_an_allowance_that_nothing_needs_is_refused() -> None:
    (said,) = complaints(LogEvents, [], [("src/x.py", "f", "an event")])
    assert said == "src/x.py: f logs no event that its caller names any more: take the allowance away"
