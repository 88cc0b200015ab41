"""The words of commands for drains."""

import pytest

from tests.workers.dummy_drain import DUMMY
from txn_cli.commands.drain_names import chosen
from txn_core import drains
from txn_core.drains import ARCHIVE, INDEX


@pytest.mark.usefixtures("two_drains")
def test_all_are_all_and_both_stay_the_two_that_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(drains.REGISTRY, DUMMY.name, DUMMY)
    assert chosen("all") == (INDEX, ARCHIVE, DUMMY)
    assert chosen("both") == (INDEX, ARCHIVE)
    assert chosen("dummy") == (DUMMY,)
