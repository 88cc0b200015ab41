"""Layouts as files: those that come along, users' own, and what is wrong with one."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from ingest.layouts.catalogue import FILE_BYTES_MAX, layout_named, packaged_layouts
from ingest.layouts.layout_errors import LayoutError
from ingest.layouts.mapping import renamed
from ingest.layouts.model import CustomerColumns, Layout, MerchantColumns, TerminalColumns
from tests.ingest.layouts.files import by, read, sound, written
from tests.txn_cli.builders import CARD, body_of
from txn_core.transactions.payment_fields import PAYMENT_FIELDS
from txn_core.transactions.transaction import Customer, Merchant, Terminal, TransactionRequest


def layout_of(folder: Path, text: str) -> Layout:
    (folder / "own layout.toml").write_text(text)
    return layout_named(str(folder / "own layout.toml"))


def test_three_layouts_come_along_and_each_says_what_it_is() -> None:
    assert [layout.name for layout in packaged_layouts()] == ["kaggle", "sparkov", "bank"]
    assert all(layout.about for layout in packaged_layouts())
    assert all(layout_named(layout.name) is layout for layout in packaged_layouts())


@pytest.mark.parametrize(
    ("columns", "part"),
    [(MerchantColumns, Merchant), (CustomerColumns, Customer), (TerminalColumns, Terminal)],
)
def test_a_layout_has_a_place_for_every_field_of_a_request(columns: type[BaseModel], part: type[BaseModel]) -> None:
    assert list(columns.model_fields) == list(part.model_fields)
    own = set(Layout.model_fields) - {"name", "about", "separator", "empty_texts", "amount"}
    assert own == set(TransactionRequest.model_fields) - {"amount_minor"}


def test_the_bank_s_layout_has_a_column_for_every_field() -> None:
    pointers = {pointer for pointer, _ in layout_named("bank").fields()}
    for part, model in (("merchant", Merchant), ("customer", Customer), ("terminal", Terminal)):
        assert {f"/{part}/{name}" for name in model.model_fields} <= pointers


OWN = """
separator = ";"
card_number = "Karte"
currency = { value = "EUR" }
amount = { column = "Betrag", decimal_mark = ",", group_mark = "." }
occurred_at = { column = "Zeit", formats = "%d.%m.%Y %H:%M", zone = "Europe/Berlin" }
[merchant]
name = "Ort"
"""


def test_a_layout_of_one_s_own_is_read(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, OWN)
    assert layout.name == "own-layout"
    row = {"Karte": CARD, "Betrag": "1.234,5", "Zeit": "01.07.2024 12:30", "Ort": "Café"}
    (found,) = sound(read(written([row], list(row), separator=";"), by(layout)))
    body = body_of(found)
    assert body.pop("transaction_id")
    assert body == {
        "type": "purchase", "card_number": CARD, "currency": "EUR", "amount_minor": 123_450,
        "occurred_at": "2024-07-01T10:30:00Z", "merchant": {"name": "Café"},
    }  # fmt: skip


def test_payment_fields_and_pairs_of_one_s_own_are_read(tmp_path: Path) -> None:
    """Where the row says something; another name may be given to each column."""
    layout = layout_of(tmp_path, 'extends = "bank"\n[metadata]\norder = "no"\nbranch = { value = "7" }\n')
    row = {
        "card_number": CARD, "amount": "1", "currency": "EUR", "occurred_at": "2024-07-01 12:30:00", "shop": "Kub",
        "merchant_category_code": "5411", "merchant_country": "DE", "cardholder_amount_minor": "110",
        "cardholder_currency": "USD", "authorization_code": "", "rrn": "123456789012", "no": "A-7",
    }  # fmt: skip
    names = {"merchant.name": "shop", "retrieval_reference_number": "rrn", "metadata.order": "no"}
    (found,) = sound(read(written([row], list(row)), by(renamed(layout, names))))
    body = body_of(found)
    assert body["merchant"] == {"name": "Kub", "country": "DE"}
    assert {name: body[name] for name in PAYMENT_FIELDS if name in body} == {
        "mcc": "5411", "retrieval_reference_number": "123456789012", "cardholder_amount_minor": 110,
        "cardholder_currency": "USD", "metadata": {"branch": "7", "order": "A-7"},
    }  # fmt: skip


def test_a_layout_takes_over_what_it_does_not_say(tmp_path: Path) -> None:
    layout = layout_of(tmp_path, 'extends = "bank"\n[occurred_at]\nzone = "Asia/Tokyo"\n[merchant]\nname = "shop"\n')
    bank = layout_named("bank")
    assert layout.occurred_at == bank.occurred_at.model_copy(update={"zone": "Asia/Tokyo"})
    assert layout.merchant == bank.merchant.model_copy(update={"name": layout.merchant.name})
    assert layout.merchant.name.column == ("shop",)
    assert layout.amount == bank.amount


@pytest.mark.parametrize(
    ("text", "column", "value"),
    [
        ('extends = "bank"\ncurrency = { value = "EUR" }', (), "EUR"),
        ('extends = "bank"\n[currency]\nvalue = "EUR"', (), "EUR"),
        ('extends = "kaggle"\ncurrency = "cur"', ("cur",), None),
        ('extends = "kaggle"\ncurrency = { column = ["cur", "iso"] }', ("cur", "iso"), None),
        ('extends = "kaggle"\ncurrency = ["cur", "iso"]', ("cur", "iso"), None),
    ],
)
def test_a_column_and_a_value_take_each_other_s_place(
    tmp_path: Path, text: str, column: tuple[str, ...], value: str | None
) -> None:
    found = layout_of(tmp_path, text).currency
    assert (found.column, found.value) == (column, value)


def test_other_amounts_take_the_place_of_all_alternatives(tmp_path: Path) -> None:
    (amount,) = layout_of(tmp_path, 'extends = "bank"\namount = { column = "sum", unit = "minor" }').amount
    assert (amount.column, amount.unit, amount.negative) == (("sum",), "minor", "refused")


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("=", "is not TOML"),
        ("", "does not fit: card_number: Field required"),
        ('extends = "own"', "does not fit: extends: must be one of kaggle, sparkov, bank"),
        ('extends = "bank"\ncards = "x"', "does not fit: cards: Extra inputs are not permitted"),
        ('extends = "bank"\nseparator = "::"', "does not fit: separator: Input should be"),
        ('extends = "bank"\ncard_number = {}\n[merchant]\nnames = "x"', "merchant.names: Extra inputs"),
        ('extends = "bank"\n[currency]\nvalue = "EUR"\ncolumn = "x"', "currency: needs a column, or a value"),
        ('extends = "bank"\n[occurred_at]\nzone = "Mars"', "occurred_at.zone: there is no such time zone"),
        ('extends = "bank"\n[occurred_at]\nformats = "%Y-%m"', "formats.0: a format needs a year, a month and a day"),
        ('extends = "bank"\n[occurred_at]\nformats = "%Y-%m-%d %Q"', "formats have the parts %Y, "),
        ('extends = "bank"\n[occurred_at]\nformats = "%Y-%m-%d %m"', "a format has each part once"),
        ('extends = "bank"\n[amount]\ncolumn = "a"\ngroup_mark = "."', "amount.0: decimal_mark and group_mark are"),
        ("#" * (FILE_BYTES_MAX + 1), "is longer than 64 KiB"),
    ],
)
def test_a_layout_that_is_none_says_where_and_why(tmp_path: Path, text: str, sentence: str) -> None:
    with pytest.raises(LayoutError) as caught:
        layout_of(tmp_path, text)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("kagle", "there is no layout kagle: kaggle, sparkov, bank, or the path of a file"),
        ("absent.toml", "cannot read the layout absent.toml: No such file"),
    ],
)
def test_a_layout_that_is_not_there_says_which_are(name: str, sentence: str) -> None:
    with pytest.raises(LayoutError) as caught:
        layout_named(name)
    assert str(caught.value).startswith(sentence)


def test_a_layout_that_is_a_folder_or_not_text_is_said(tmp_path: Path) -> None:
    (tmp_path / "folder.toml").mkdir()
    with pytest.raises(LayoutError, match="cannot read the layout"):
        layout_named(str(tmp_path / "folder.toml"))
    (tmp_path / "binary.toml").write_bytes(b"\xff\xfe")
    with pytest.raises(LayoutError, match="is not TOML: not UTF-8"):
        layout_named(str(tmp_path / "binary.toml"))


def test_the_example_of_the_documentation_is_a_layout(tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "loading.md").read_text()
    layout = layout_of(tmp_path, text.split("```toml\n")[1].split("```")[0])
    row = {
        "Karte": "", "card_number": CARD, "Betrag": "-1.234,50", "Datum": "27.10.2024", "Uhrzeit": "02:30",
        "Art": "Kauf", "Name": "Bäcker", "MCC": "n/a",
    }  # fmt: skip
    (found,) = sound(read(written([row], list(row), separator=";"), by(layout)))
    body = body_of(found)
    assert (body["type"], body["amount_minor"], body["currency"]) == ("purchase", 123_450, "EUR")
    assert (body["occurred_at"], body["merchant"]) == ("2024-10-27T00:30:00Z", {"name": "Bäcker"})
