"""Which drains a stack runs: it goes on without the scorer where its extra is missing, and says so."""

import io

import pytest
from rich.console import Console

from operations.drains.drain_reading import DrainReading
from operations.drains.shard_status import ShardStatus
from tests.workers.builders import lease
from txn_cli.stack import localstack
from txn_cli.stack.localstack import Extras, _kinds
from txn_cli.stack.narrator import Narrator
from txn_core.drains import ARCHIVE, INDEX, SCORE
from workers.leases.lease import Lease


def told(extras: Extras) -> tuple[list[str], str]:
    """The drains of a stack, and what a person is told."""
    out = io.StringIO()
    return _kinds(extras, Narrator(Console(file=out, width=200))), out.getvalue()


@pytest.mark.parametrize(
    ("installed", "wanted", "runs", "warns"),
    [
        (True, True, True, False),
        (False, True, False, True),
        (True, False, False, False),
        (False, False, False, False),
    ],
)
def test_the_scorer_runs_where_it_is_wanted_and_installed(
    monkeypatch: pytest.MonkeyPatch,
    installed: bool,  # noqa: FBT001
    wanted: bool,  # noqa: FBT001
    runs: bool,  # noqa: FBT001
    warns: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(localstack, "is_installed", lambda _: installed)
    kinds, said = told(Extras(scorer=wanted))
    assert kinds == [INDEX.name, ARCHIVE.name, *([SCORE.name] if runs else [])]
    assert ("score" in said and "pip install" in said) is warns


@pytest.mark.parametrize(("row", "never"), [(None, True), (lease(), False)])
def test_nobody_waits_for_a_drain_that_a_system_goes_without(row: Lease | None, never: bool) -> None:  # noqa: FBT001
    shards = (ShardStatus(lease().shard_id, row, None, foreign=False),)
    assert DrainReading(SCORE, shards).never_ran is never
    assert not DrainReading(INDEX, shards).never_ran
