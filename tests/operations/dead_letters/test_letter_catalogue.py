"""What is found of letters, and in which order, on a real store."""

from dataclasses import replace
from datetime import timedelta

import pytest

from operations.dead_letters.letter_catalogue import Catalogue, Letter, Name
from tests.builders import ARRIVED_AT, position
from tests.operations.dead_letters.box import Boxes
from tests.workers.builders import event, later
from txn_core.exceptions import StoreError
from txn_core.positions import WriteOrder
from workers.events.reasons import REASONS

KEY = "dead-letters/undecodable/dt=2026-01-02/archive-shardId-000000000000-42-3.json"


def test_a_name_is_read_from_a_key_and_gives_it_again() -> None:
    name = Name.of(KEY)
    assert name is not None
    assert (name.reason, name.day, name.worker, name.position) == (
        "undecodable",
        "2026-01-02",
        "archive",
        position(42, 3),
    )
    assert name.key == KEY
    assert replace(name, worker="index").key == KEY.replace("archive-", "index-")


def test_the_name_of_a_whole_record_says_from_where_on() -> None:
    name = Name.of(KEY.replace("-3.json", "-3x17.json"))
    assert name is not None
    assert (name.position, name.holds_record) == (position(42, 3), True)
    assert name.key == KEY.replace("-3.json", "-3x17.json")


@pytest.mark.parametrize(
    "key",
    ["", KEY + "x", KEY.replace("-3", "-3x"), KEY.replace("archive", "other"), KEY.replace("undecodable", "lost")],
)
def test_what_is_not_called_like_a_letter_is_none(key: str) -> None:
    assert Name.of(key) is None


async def listed(boxes: Boxes, *reasons: str, since: timedelta | None = None) -> list[Letter]:
    moment = None if since is None else ARRIVED_AT + since
    dead_letters = Catalogue(boxes.store).dead_letters(reasons or REASONS, moment)  # type: ignore[arg-type]
    return [letter async for letter in dead_letters]


async def test_copies_of_both_workers_are_one_letter(boxes: Boxes) -> None:
    for number in (9, 10, 100):
        await boxes.undecodable(number)
    await boxes.undecodable(11, workers="archive")
    await boxes.undecodable(1, workers="index")
    dead_letters = await listed(boxes)
    assert {int(letter.position.sequence_number): letter.workers for letter in dead_letters} == {
        1: ("index",),
        9: ("index", "archive"),
        10: ("index", "archive"),
        11: ("archive",),
        100: ("index", "archive"),
    }
    assert len(dead_letters) == 5
    assert {letter.codes for letter in dead_letters} == {("json_invalid at /",)}


async def test_letters_are_selected_by_reason_and_time(boxes: Boxes) -> None:
    await boxes.undecodable(1, at=ARRIVED_AT - timedelta(days=1))
    await boxes.undecodable(2, at=ARRIVED_AT)
    await boxes.undecodable(3, at=ARRIVED_AT + timedelta(hours=1))
    await boxes.unwritable(4, event())
    await boxes.conflict(WriteOrder.of(later(0), position(5)), event())
    assert [letter.reason for letter in await listed(boxes)] == [*["undecodable"] * 3, "unwritable", "conflict"]
    numbers = [int(letter.position.sequence_number) for letter in await listed(boxes, "undecodable")]
    assert numbers == [1, 2, 3]
    recent = await listed(boxes, "undecodable", since=timedelta(minutes=1))
    assert [int(letter.position.sequence_number) for letter in recent] == [3]


async def test_letters_are_read_a_few_at_a_time(boxes: Boxes, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever takes no more makes no more be read."""
    for number in range(6):
        await boxes.undecodable(number, workers="index")
    read: list[str] = []
    original = boxes.store.read

    async def counted(key: str) -> bytes:
        read.append(key)
        return await original(key)

    monkeypatch.setattr(boxes.store, "read", counted)
    dead_letters = Catalogue(boxes.store, at_once=2).dead_letters(REASONS, None)
    await anext(dead_letters)
    assert len(read) == 2
    assert len([letter async for letter in dead_letters]) == 5
    assert len(read) == 6


async def test_a_letter_is_found_by_position_whatever_its_reason_and_day(boxes: Boxes) -> None:
    await boxes.undecodable(7, at=ARRIVED_AT - timedelta(days=3))
    await boxes.unwritable(7, event(), sub=1)
    catalogue = Catalogue(boxes.store)
    (whole,) = await catalogue.at(position(7))
    assert (whole.reason, whole.workers) == ("undecodable", ("index", "archive"))
    (part,) = await catalogue.at(position(7, 1))
    assert part.reason == "unwritable"
    assert await catalogue.at(position(8)) == []


async def test_a_letter_is_found_by_either_key(boxes: Boxes) -> None:
    await boxes.undecodable(42)
    catalogue = Catalogue(boxes.store)
    (letter,) = await listed(boxes)
    for name in letter.names:
        assert await catalogue.of_key(name.key) == letter
    assert await catalogue.of_key(KEY) is None
    assert await catalogue.of_key("raw/x") is None


async def test_what_is_called_like_a_letter_and_is_none_is_said(boxes: Boxes) -> None:
    for body in (b"{}", b"no json", b"[]"):
        key = f"dead-letters/undecodable/dt=2026-01-02/index-shardId-000000000000-{len(body)}-0.json"
        await boxes.store.put_if_absent(key, body, {})
        with pytest.raises(StoreError, match=key):
            await Catalogue(boxes.store).of_key(key)


async def test_a_letter_of_a_whole_record_is_found_by_any_of_its_positions(boxes: Boxes) -> None:
    await boxes.undecodable_record(7, *[b"garbage"] * 12)
    await boxes.undecodable(70)
    await boxes.unwritable(7, event(), sub=12)
    catalogue = Catalogue(boxes.store)
    found = [await catalogue.at(position(7, sub)) for sub in (0, 5, 11)]
    assert found[0] == found[1] == found[2]
    for letter in found[0]:
        assert letter.workers == ("index", "archive")
        assert (letter.position, str(letter.subs)) == (position(7), "0-11")
        assert [part.position for part in letter.parts()] == [position(7, part) for part in range(12)]
        assert [part.subs for part in letter.parts()] == [None] * 12
        assert [await catalogue.of_key(name.key) for name in letter.names] == [letter, letter]
    assert len(found[0]) == 1
    (single,) = await catalogue.at(position(7, 12))
    assert (single.subs, list(single.parts())) == (None, [single])
    assert await catalogue.at(position(7, 13)) == []


async def test_letters_of_whole_records_are_listed_among_the_others(boxes: Boxes) -> None:
    await boxes.undecodable(6)
    await boxes.undecodable_record(7, b"a", b"b")
    await boxes.undecodable(7, workers="archive")
    await boxes.undecodable_record(8, b"a", b"b", workers="index")
    found = [(int(x.position.sequence_number), str(x.subs), x.workers) for x in await listed(boxes)]
    workers = ("index", "archive")
    assert found == [(6, "None", workers), (7, "None", ("archive",)), (7, "0-1", workers), (8, "0-1", ("index",))]
