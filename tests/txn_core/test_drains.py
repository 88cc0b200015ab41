"""The registry: a drain that is registered is known everywhere, and its stream is its own."""

from dataclasses import replace

import pytest

from txn_cli.commands.drain_names import ALL, BOTH
from txn_cli.stack.children.child_specs import API
from txn_cli.stack.stackports import DYNAMODB, INGEST, KINESIS, POSTGRES, S3, WAREHOUSE
from txn_core import drains
from txn_core.drains import ARCHIVE, INDEX, TAKEN, DrainDefinition
from txn_core.dynamodb.table_shapes import TableShape
from txn_core.dynamodb.tables import TableNames, definitions, index_definitions, shared_definitions
from txn_core.settings import Settings

pytestmark = pytest.mark.usefixtures("two_drains")

FURTHER = DrainDefinition(
    "further", "workers.further.drain:open_further", tables=(TableShape("totals", {"id": "HASH"}),)
)


def test_a_further_drain_has_its_tables_beside_the_others(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own, its leases and its ledger: once in all, or once a generation if it says so."""
    own = {"txn-totals", "txn-further-leases", "txn-further-ledger"}
    second = TableNames("txn", 2)
    before = {table["TableName"] for table in definitions(second)}
    monkeypatch.setitem(drains.REGISTRY, FURTHER.name, FURTHER)
    assert {table["TableName"] for table in shared_definitions(second)} - before == own
    assert second.ledger("further") in second.expiring
    monkeypatch.setitem(drains.REGISTRY, FURTHER.name, replace(FURTHER, once_a_generation=True))
    assert {table["TableName"] for table in index_definitions(second)} - before == {f"{name}-g2" for name in own}


def test_only_drains_of_one_stream_share_its_shards(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(stream="payments")
    monkeypatch.setitem(drains.REGISTRY, FURTHER.name, replace(FURTHER, stream_setting="bucket"))
    settings = settings.model_copy(update={"bucket": "another"})
    assert drains.readers_of("payments", settings) == (INDEX, ARCHIVE)
    assert [drain.name for drain in drains.readers_of("another", settings)] == ["further"]


@pytest.mark.parametrize("name", ["", "with-hyphen", "Upper", "1st", "a b", *sorted(TAKEN)])
def test_a_name_that_metrics_or_keys_of_letters_cannot_hold_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="called"):
        DrainDefinition(name, "module:attribute")


def test_the_words_of_commands_and_the_other_processes_of_a_stack_are_taken() -> None:
    """A drain of such a name would share its log, its port or its argument with another thing."""
    assert {ALL, BOTH, API, DYNAMODB, INGEST, KINESIS, POSTGRES, S3, WAREHOUSE} == TAKEN
