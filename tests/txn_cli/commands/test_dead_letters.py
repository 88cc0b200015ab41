"""`txn dead-letters` as it is typed, on real stores."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass

import pytest
import structlog
from typer.testing import CliRunner

from tests.builders import base64_key, check_digit, position
from tests.operations.dead_letters.box import Boxes
from tests.txn_cli.builders import after_target
from tests.workers.builders import event, id_of
from tests.workers.conftest import StackFixture, world_of
from txn_cli.main import app_of
from txn_core.exceptions import StoreError
from txn_core.logs.telemetry import QUIET
from txn_core.settings import Settings
from txn_core.transactions.event import Event

CARD = "999901234567890"
CARD += check_digit(CARD)
PLACE = "shardId-000000000000/7"


@dataclass(frozen=True)
class Result:
    """What a command printed, and how it ended."""

    code: int
    out: str
    err: str
    error: BaseException | None

    @property
    def documents(self) -> list[dict[str, object]]:
        return [json.loads(line) for line in self.out.splitlines()]


def txn(*arguments: object) -> Result:
    result = CliRunner().invoke(app_of("dead-letters"), ["dead-letters", *map(str, arguments)])
    return Result(result.exit_code, result.stdout, result.stderr, result.exception)


async def command(*arguments: object) -> Result:
    return await asyncio.to_thread(txn, *arguments)


@pytest.fixture(autouse=True)
def own_logging() -> Iterator[None]:
    """Logging as it was, after a command has set up its own."""
    root, names = logging.getLogger(), ("", *QUIET)
    handlers, levels = root.handlers[:], {name: logging.getLogger(name).level for name in names}
    yield
    structlog.reset_defaults()
    structlog.contextvars.clear_contextvars()
    root.handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
async def world(settings: Settings, own_environment: pytest.MonkeyPatch) -> AsyncIterator[StackFixture]:
    """A world that commands find by their environment."""
    async with world_of(settings) as made:
        for name in ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url", "stream", "bucket"):
            own_environment.setenv(f"TXN_{name.upper()}", str(getattr(made.settings, name)))
        own_environment.setenv("TXN_TABLE_PREFIX", made.settings.table_prefix)
        own_environment.setenv("TXN_DEAD_LETTER_KEY", base64_key(4))
        yield made


@pytest.fixture
def boxes(world: StackFixture) -> Boxes:
    return Boxes(world.store, world.settings)


async def test_list_shows_each_letter_once_and_never_its_bytes(boxes: Boxes) -> None:
    await boxes.undecodable(7, CARD.encode())
    await boxes.unwritable(8, event())
    listed = await command("list", "--json")
    assert [(one["reason"], one["workers"], one["codes"], one["replay"]) for one in listed.documents] == [
        ("undecodable", ["index", "archive"], ["json_invalid at /"], "never"),
        ("unwritable", ["index"], ["ValidationException"], "never"),
    ]
    plain = await command("list")
    assert f"undecodable  index+archive  {PLACE}/0  json_invalid at /" in plain.out
    assert CARD not in listed.out + plain.out


async def test_list_selects_and_says_when_there_are_more(boxes: Boxes) -> None:
    for number in range(3):
        await boxes.undecodable(number, workers="index")
    await boxes.unwritable(9, event())
    assert len((await command("list", "--reason", "undecodable")).out.splitlines()) == 3
    few = await command("list", "--limit", 2)
    assert len(few.out.splitlines()) == 2
    assert "There are more than --limit 2" in few.err
    assert after_target((await command("list", "--limit", 4)).err) == ""
    assert (await command("list", "--since", "2h")).out == ""
    assert len((await command("list", "--since", "2026-01-02T00:00:00Z")).out.splitlines()) == 4
    assert (await command("list", "--since", "yesterday")).code == 2


async def test_show_opens_nothing_unless_asked_and_masks_what_it_opens(boxes: Boxes) -> None:
    await boxes.undecodable(7, f'{{"card_number":"{CARD}"}}\x1b[2J'.encode())
    closed = await command("show", PLACE)
    assert "json_invalid at /" in closed.out
    assert "card_number" not in closed.out
    assert "sealed           38 bytes, AES-256-GCM" in closed.out
    (shown,) = (await command("show", f"{PLACE}/0", "--json")).documents
    assert "text" not in shown
    assert shown["data_bytes"] == 38
    keys = shown["keys"]
    assert isinstance(keys, list)
    opened = await command("show", keys[1], "--open")
    assert f'{{"card_number":"************{CARD[-4:]}"}}\\x1b[2J' in opened.out
    (raw,) = (await command("show", PLACE, "--open", "--raw", "--json")).documents
    assert CARD in str(raw["text"])


@pytest.mark.parametrize("name", [PLACE, "dead-letters/undecodable/dt=2026-01-02/index-s-1-0.json", "raw/x", "?"])
async def test_show_says_that_there_is_no_such_letter(boxes: Boxes, name: str) -> None:
    assert isinstance((await command("show", name)).error, StoreError)


async def test_a_replayed_letter_is_indexed_and_archived_once(world: StackFixture, boxes: Boxes) -> None:
    """The whole way: kept by both workers, sent again by one command, processed by both."""
    data = event()
    await boxes.undecodable(7, data)
    await boxes.undecodable(8, b"still poison")
    first = await command("replay", "--reason", "undecodable", "--json")
    assert [result["outcome"] for result in first.documents] == ["sent", "undecodable"]
    assert first.code == 1
    await world.drain("index", "archive")
    (row,) = await world.lake()
    assert row.data == data
    assert row.position.sequence_number == first.documents[0]["sequence_number"]
    stored = await world.transactions.get(Event.decode(data).account, id_of(data))
    assert stored is not None
    assert stored.event.encode() == data
    twice = await command("replay", PLACE)
    assert twice.code == 1
    assert f"{PLACE}/0  replayed: was sent before" in twice.out
    assert (await command("list", "--json")).documents[0]["replay"] == "sent"
    again = await command("replay", PLACE, "--again")
    assert (again.code, after_target(again.err).strip()) == (0, "1 sent")
    await world.drain("index", "archive")
    assert {row.data for row in await world.lake()} == {data}
    assert len(await world.lake()) == 2
    repeated = await world.transactions.get(Event.decode(data).account, id_of(data))
    assert repeated is not None
    assert (repeated.event, repeated.order, repeated.conflicts) == (stored.event, stored.order, ())
    assert len(repeated.others) == 1


async def test_a_dry_run_sends_nothing(world: StackFixture, boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    tried = await command("replay", "--reason", "unwritable", "--dry-run")
    assert (tried.code, after_target(tried.err).strip()) == (0, "1 sendable")
    assert (await command("list", "--json")).documents[0]["replay"] == "never"
    await world.drain("index")
    assert await world.lake() == []


async def test_replay_wants_to_know_which(boxes: Boxes) -> None:
    assert (await command("replay")).code == 2
    assert (await command("replay", PLACE, "--reason", "conflict")).code == 2


async def test_a_letter_that_is_named_twice_is_sent_once(boxes: Boxes) -> None:
    await boxes.unwritable(7, event())
    twice = await command("replay", PLACE, f"{PLACE}/0")
    assert (twice.code, after_target(twice.err).strip()) == (0, "1 sent")
    assert position(7).sequence_number == "7"


async def test_a_whole_record_is_listed_shown_and_replayed_as_one_letter(boxes: Boxes) -> None:
    await boxes.undecodable_record(7, f'{{"card_number":"{CARD}"}}'.encode(), *[b"garbage"] * 2_999)
    listed = await command("list")
    assert f"undecodable  index+archive  {PLACE}/0 (3,000 positions)  missing at /; json_invalid at /" in listed.out
    assert len(listed.out.splitlines()) == 1
    (document,) = (await command("list", "--json")).documents
    assert (document["positions"], document["sub_records"]) == (3_000, "0-2999")
    shown = await command("show", f"{PLACE}/2999")
    assert "whole record     3,000 sub-records: 0-2999" in shown.out
    opened = await command("show", PLACE, "--open")
    assert f'[0] {{"card_number":"************{CARD[-4:]}"}}\n[1] garbage\n' in opened.out
    assert "[2999] garbage" in opened.out
    assert CARD not in opened.out
    sent = await command("replay", PLACE, f"{PLACE}/1")
    assert sent.code == 1
    assert sent.out.splitlines() == [f"{PLACE}/0  undecodable: 3000 of 3000 sub-records: missing at /"]
    assert after_target(sent.err).strip() == "1 undecodable"
