"""`txn cost` as it is typed: the examples of docs/cost.md to the cent, tables of 80 columns, and what is refused."""

import json
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from tests.operations.cost.worked import TOTAL, Example, examples
from txn_cli.main import app_of

CENT = 0.01


def txn(*arguments: str) -> Result:
    """Run `txn cost` on a terminal of 80 columns."""
    return CliRunner().invoke(app_of("cost"), ["cost", *arguments], env={"COLUMNS": "80"})


def document(*arguments: str) -> Any:
    """What it prints for a machine."""
    result = txn(*arguments, "--json")
    assert result.exit_code == 0
    return json.loads(result.stdout)


@pytest.mark.parametrize("example", examples(), ids=lambda example: " ".join(example.arguments))
def test_examples_that_are_worked_by_hand_agree_to_a_cent(example: Example) -> None:
    told = document(*example.arguments)
    parts = {f"{line['service']}: {line['part']}": line["usd_a_month"] for line in told["lines"]}
    assert parts.keys() == example.usd.keys() - {TOTAL}
    for name, usd in parts.items():
        assert usd == pytest.approx(example.usd[name], abs=CENT), name
    assert told["usd_a_month"] == pytest.approx(example.usd[TOTAL], abs=CENT)
    assert told["usd_a_million"] == pytest.approx(1e6 * example.usd[TOTAL] / told["transactions_a_month"], abs=CENT)


def test_what_dominates_is_the_writing_of_the_index() -> None:
    first, *others = document("--rate", "10000")["dominated_by"]
    assert (first["service"], first["part"]) == ("DynamoDB", "index writes")
    assert first["share"] > 0.65
    assert all(0.05 <= each["share"] < first["share"] for each in others)


def test_a_line_tells_its_price_with_unit_source_and_month() -> None:
    line = next(each for each in document("--rate", "100")["lines"] if each["part"] == "index writes")
    assert (line["price_usd"], line["price_per"], line["price_found"]) == (0.625, 1_000_000, True)
    assert line["unit"] == "write request units of 1 KB"
    assert line["price_source"].startswith("https://")
    assert line["price_on"] == "2026-11"


@pytest.mark.parametrize(
    "arguments", [("--rate", "100"), ("--rate", "1000000", "--score", "--months", "120"), ("--rate", "0.001")]
)
def test_tables_fit_a_terminal_and_end_in_words(arguments: tuple[str, ...]) -> None:
    bill, simulation = txn(*arguments), txn(*arguments, "--simulate")
    for result in (bill, simulation):
        assert result.exit_code == 0
        assert max(map(len, result.stdout.splitlines())) <= 80
        assert result.stderr == ""
    assert "Which quota is used up first" in simulation.stdout
    for words in ("Dominated by", "what would cut it", "Not in it:"):
        assert words in bill.stdout


def test_a_simulation_goes_up_to_a_million_a_second() -> None:
    told = document("--rate", "300", "--simulate", "--stream", "provisioned")
    assert [each["rate"] for each in told["rates"]] == [10, 100, 300, 1_000, 10_000, 100_000, 1_000_000]
    last = told["rates"][-1]
    assert last["table_write_units_per_s"] == 1_000_000
    assert last["shards"] > 1_000
    assert last["tasks"]["api"] == 286
    assert last["lease_read_units_per_s"] > 0
    by_name = {each["name"]: each for each in told["quotas"]}
    assert by_name["dynamodb_new_table"]["rate_max"] == pytest.approx(4_000, rel=0.001)
    assert by_name["kinesis_shards"]["rate_max"] is None
    assert by_name["fargate_vcpu"]["found"] is False


def test_an_item_says_what_the_index_writes_and_stores_and_nothing_of_the_stream() -> None:
    """One of 1,250 bytes is two units, three times; the shards and the stream stay those of the event."""
    usual, larger = (
        {
            (each["service"], each["part"]): each["usd_a_month"]
            for each in document("--rate", "900", *options)["lines"]
        }
        for options in ((), ("--item", "1250"))
    )
    changed = {part for part, usd in usual.items() if larger[part] != usd}
    assert changed == {("DynamoDB", part) for part in ("index writes", "storage", "recovery")}
    writes = ("DynamoDB", "index writes")
    assert larger[writes] == pytest.approx(2 * usual[writes])


def test_an_event_says_what_its_item_takes() -> None:
    told = document("--rate", "1", "--event", "595")
    assert (told["event_bytes"], told["item_bytes"]) == (595, 509.5)
    other = document("--rate", "1", "--event", "595", "--item", "1222")
    assert (other["event_bytes"], other["item_bytes"]) == (595, 1222)


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        ((), "--rate"),
        (("--rate", "0"), "--rate"),
        (("--rate", "1000001"), "--rate"),
        (("--rate", "nan"), "--rate"),
        (("--rate", "many"), "--rate"),
        (("--rate", "1", "--item", "100"), "--item"),
        (("--rate", "1", "--event", "100"), "--event"),
        (("--rate", "1", "--months", "-1"), "--months"),
        (("--rate", "1", "--months", "nan"), "--months"),
        (("--rate", "1", "--front", "haproxy"), "--front"),
        (("--rate", "1", "--stream", "kafka"), "--stream"),
    ],
)
def test_what_is_wrong_is_refused_by_the_name_of_its_option(arguments: tuple[str, ...], named: str) -> None:
    result = txn(*arguments)
    assert result.exit_code == 2
    assert named in result.stderr
    assert "Traceback" not in result.stderr
