"""What takes long is told of while it does."""

import re
import threading

import pytest

from tests.txn_cli.stack.told_children import Told, wait_until
from txn_cli.stack import narrator as module


def test_a_long_step_is_told_again_until_it_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no terminal."""
    monkeypatch.setattr(module, "SILENCE_S_MAX", 0.01)
    told = Told()
    with told.narrator.step("Installing"):
        wait_until(lambda: len(re.findall(r"^Installing \.\.\. \d+ s$", told.text, re.MULTILINE)) >= 2)
    *_, last = told.text.splitlines()
    assert last.startswith("Installing: done in ")


def test_a_step_that_fails_is_not_told_of_any_longer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "SILENCE_S_MAX", 0.01)
    told, before = Told(), threading.enumerate()
    with pytest.raises(ValueError, match="no luck"), told.narrator.step("Installing"):
        raise ValueError("no luck")
    assert told.text.splitlines()[0] == "Installing ..."
    assert "done" not in told.text
    assert threading.enumerate() == before
