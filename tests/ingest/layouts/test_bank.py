"""A bank's plain export: currencies, decimals or minor units, signs, time zones."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ingest.layouts.catalogue import layout_named
from ingest.layouts.model import Layout
from tests.ingest.layouts.files import Cells, by, faults, read, sound, written
from tests.txn_cli.builders import CARD
from txn_core.exceptions import InvalidTransactionError
from txn_core.transactions.currency import EXPONENTS
from txn_core.transactions.transaction import AMOUNT_MINOR_MAX, TransactionRequest, parse_transaction

BANK = layout_named("bank")
ROW = {
    "reference": "0123456789abcdef",
    "original_reference": "",
    "booked_at": "2024-07-01 12:00:00",
    "time_zone": "",
    "card_number": CARD,
    "amount": "4.97",
    "currency": "USD",
    "merchant_name": "Rippin, Kub and Mann",
}
MINOR = [name if name != "amount" else "amount_minor" for name in ROW]


def request_of(layout: Layout = BANK, **changes: str) -> TransactionRequest:
    """The request of a row, as the service itself parses it."""
    (row,) = sound(read(written([ROW | changes], list(ROW | changes)), by(layout)))
    return parse_transaction(row.body)


def faults_of(layout: Layout = BANK, **changes: str) -> list[tuple[str, str]]:
    (row,) = read(written([ROW | changes], list(ROW | changes)), by(layout))
    return faults(row)


def with_amount(**changes: object) -> Layout:
    return BANK.model_copy(update={"amount": (BANK.amount[0].model_copy(update=changes),)})


def with_moment(**changes: object) -> Layout:
    return BANK.model_copy(update={"occurred_at": BANK.occurred_at.model_copy(update=changes)})


def test_the_header_alone_tells_the_layout() -> None:
    (row,) = sound(read(written([ROW], list(ROW))))
    assert parse_transaction(row.body).transaction_id == ROW["reference"]


def test_every_column_reaches_its_field() -> None:
    request = request_of(
        type="purchase", merchant_category="5812", merchant_latitude="1.5", merchant_longitude="-2.5", mcc="?",
        customer_reference="C-1", first_name="A", last_name="B", gender="F", date_of_birth="1990-02-03", job="Baker",
        street="1 Way", city="Town", state="NC", postal_code="02865", customer_latitude="3", customer_longitude="4",
        city_population="5", terminal_id="T0000042", entry_mode="chip", is_fraud="1",
    )  # fmt: skip
    assert request.merchant.model_dump() == {
        "name": "Rippin, Kub and Mann", "category": "5812", "latitude": 1.5, "longitude": -2.5
    }  # fmt: skip
    assert request.customer is not None
    assert request.terminal is not None
    assert None not in {*request.customer.model_dump().values(), *request.terminal.model_dump().values()}
    assert request.is_fraud is True


@given(st.sampled_from(sorted(EXPONENTS)), st.integers(0, AMOUNT_MINOR_MAX))
def test_decimal_and_minor_amounts_say_the_same_in_every_currency(currency: str, minor: int) -> None:
    decimal = str(Decimal(minor).scaleb(-EXPONENTS[currency]).quantize(Decimal(10) ** -EXPONENTS[currency]))
    whole = written([ROW | {"amount_minor": str(minor), "currency": currency}], MINOR)
    (row,) = sound(read(whole, by(BANK)))
    assert parse_transaction(row.body).amount_minor == minor
    assert request_of(amount=decimal, currency=currency).amount_minor == minor


@pytest.mark.parametrize(
    ("cell", "currency", "minor"),
    [
        ("500.00", "JPY", 500),
        ("500", "JPY", 500),
        ("1.5", "KWD", 1500),
        ("+4.97", "USD", 497),
        ("4.9700", "USD", 497),
    ],
)
def test_decimals_that_say_nothing_change_nothing(cell: str, currency: str, minor: int) -> None:
    assert request_of(amount=cell, currency=currency).amount_minor == minor


@pytest.mark.parametrize(
    ("cell", "currency", "fault"),
    [
        ("4.975", "USD", ("amount", "amount_format")),
        ("500.5", "JPY", ("amount", "amount_format")),
        ("1,000.00", "USD", ("amount", "amount_format")),
        ("(4.97)", "USD", ("amount", "amount_format")),
        ("$4.97", "USD", ("amount", "amount_format")),
        ("", "USD", ("amount", "value_missing")),
        ("4.97", "usd", ("currency", "currency_unknown")),
        ("4.97", "XXX", ("currency", "currency_unknown")),
        ("4.97", "DEM", ("currency", "currency_unknown")),
        ("4.97", "", ("currency", "value_missing")),
    ],
)
def test_an_amount_or_currency_that_does_not_fit_is_named(cell: str, currency: str, fault: tuple[str, str]) -> None:
    assert faults_of(amount=cell, currency=currency) == [fault]


def test_minor_units_are_whole() -> None:
    (row,) = read(written([ROW | {"amount_minor": "4.97"}], MINOR))
    assert faults(row) == [("amount_minor", "amount_minor_format")]


def test_marks_of_other_countries_are_read_when_the_layout_says_so() -> None:
    german = with_amount(decimal_mark=",", group_mark=".")
    assert request_of(german, amount="1.234.567,89").amount_minor == 123_456_789
    assert request_of(german, amount="1234567,89").amount_minor == 123_456_789
    assert faults_of(german, amount="12.34,5") == [("amount", "amount_format")]


def test_a_negative_amount_is_a_refund_of_the_purchase_that_it_names() -> None:
    request = request_of(amount="-4.97", original_reference="fedcba9876543210")
    assert (request.type, request.amount_minor, request.original_transaction_id) == (
        "refund",
        497,
        "fedcba9876543210",
    )


def test_a_refund_that_names_no_purchase_is_left_to_the_service_to_refuse() -> None:
    with pytest.raises(InvalidTransactionError, match="original_required"):
        request_of(amount="-4.97")


def test_a_statement_of_an_account_has_purchases_with_a_minus() -> None:
    statement = with_amount(negative="purchase")
    assert request_of(statement, amount="-4.97").type == "purchase"
    assert request_of(statement, amount="4.97", original_reference="fedcba9876543210").type == "refund"
    assert request_of(statement, amount="-0.00").type == "purchase"


def test_a_layout_may_have_no_negative_amounts() -> None:
    assert faults_of(with_amount(negative="refused"), amount="-4.97") == [("amount", "amount_format")]


@pytest.mark.parametrize(("amount", "type_"), [("4.97", "Refund"), ("-4.97", "refund"), ("4.97", " REVERSAL")])
def test_the_type_that_a_row_says_counts(amount: str, type_: str) -> None:
    request = request_of(amount=amount, type=type_, original_reference="fedcba9876543210")
    assert (request.type, request.amount_minor) == (type_.strip().lower(), 497)


def test_a_type_and_a_sign_that_contradict_each_other_are_refused() -> None:
    assert faults_of(amount="-4.97", type="purchase") == [("amount", "amount_sign")]
    assert faults_of(type="chargeback") == [("type", "type_unknown")]


def test_a_layout_translates_the_words_of_its_file() -> None:
    assert BANK.type is not None
    layout = BANK.model_copy(
        update={"type": BANK.type.model_copy(update={"values": {"D": "purchase", "C": "refund"}})}
    )
    assert request_of(layout, type="C", original_reference="fedcba9876543210").type == "refund"


@pytest.mark.parametrize(
    ("cell", "instant"),
    [
        ("2024-07-01 12:00:00", "2024-07-01T12:00:00.000000Z"),
        ("2024-07-01T12:00:00Z", "2024-07-01T12:00:00.000000Z"),
        ("2024-07-01T12:00:00.123456789+02:00", "2024-07-01T10:00:00.123456Z"),
        ("2024-07-01 12:00:00-0430", "2024-07-01T16:30:00.000000Z"),
    ],
)
def test_times_are_read_with_an_offset_or_without(cell: str, instant: str) -> None:
    assert request_of(booked_at=cell).occurred_at == instant


@pytest.mark.parametrize(
    ("zone", "instant"),
    [
        ("America/New_York", "2024-07-01T16:00:00.000000Z"),
        ("+05:30", "2024-07-01T06:30:00.000000Z"),
        ("", "2024-07-01T12:00:00.000000Z"),
    ],
)
def test_a_row_may_name_its_own_zone(zone: str, instant: str) -> None:
    assert request_of(time_zone=zone).occurred_at == instant


def test_an_offset_in_the_time_counts_more_than_a_zone() -> None:
    assert request_of(booked_at="2024-07-01T12:00:00Z", time_zone="Asia/Tokyo").occurred_at[11:13] == "12"


@pytest.mark.parametrize("zone", ["Mars/Olympus", "../../etc/passwd", "/etc/localtime", "America", "x" * 300])
def test_a_zone_that_is_none_is_a_fault_of_the_row(zone: str) -> None:
    assert faults_of(time_zone=zone) == [("booked_at", "zone_unknown")]


# Clocks in Berlin: put forward at 02:00 on 31 March 2024, back at 03:00 on 27 October 2024.
def test_a_time_that_clocks_skipped_is_refused() -> None:
    berlin = with_moment(zone="Europe/Berlin")
    assert faults_of(berlin, booked_at="2024-03-31 02:30:00") == [("booked_at", "timestamp_skipped")]
    assert request_of(berlin, booked_at="2024-03-31 01:59:59").occurred_at == "2024-03-31T00:59:59.000000Z"
    assert request_of(berlin, booked_at="2024-03-31 03:00:00").occurred_at == "2024-03-31T01:00:00.000000Z"


def test_a_time_that_clocks_showed_twice_is_refused_unless_the_layout_says_which() -> None:
    def at(ambiguous: str) -> Layout:
        return with_moment(zone="Europe/Berlin", ambiguous=ambiguous)

    twice = "2024-10-27 02:30:00"
    assert faults_of(at("refused"), booked_at=twice) == [("booked_at", "timestamp_ambiguous")]
    assert request_of(at("earlier"), booked_at=twice).occurred_at == "2024-10-27T00:30:00.000000Z"
    assert request_of(at("later"), booked_at=twice).occurred_at == "2024-10-27T01:30:00.000000Z"
    assert request_of(at("refused"), booked_at="2024-10-27 03:00:00").occurred_at == "2024-10-27T02:00:00.000000Z"
    assert faults_of(at("refused"), booked_at="2024-03-31 02:30:00") == faults_of(
        at("later"), booked_at="2024-03-31 02:30:00"
    )


@given(
    st.datetimes(datetime(1972, 1, 1), datetime(2025, 12, 31)).map(lambda moment: moment.replace(microsecond=0)),  # noqa: DTZ001
    st.sampled_from(
        ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Asia/Kolkata", "Africa/Casablanca"]
    ),
)
def test_every_instant_that_clocks_showed_once_comes_back(moment: datetime, zone: str) -> None:
    instant = moment.replace(tzinfo=UTC)
    local = instant.astimezone(ZoneInfo(zone))
    (row,) = read(written([ROW | {"booked_at": f"{local:%Y-%m-%d %H:%M:%S}", "time_zone": zone}], list(ROW)))
    twice = local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()
    if twice:
        assert faults(row) == [("booked_at", "timestamp_ambiguous")]
    else:
        assert parse_transaction(sound([row])[0].body).occurred_at == f"{instant:%Y-%m-%dT%H:%M:%S}.000000Z"


@pytest.mark.parametrize("cell", ["2024-02-30 12:00:00", "2024-07-01 24:00:00", "2024-07-01 23:59:60", "01.07.2024"])
def test_a_time_that_is_none_is_refused(cell: str) -> None:
    assert faults_of(booked_at=cell) == [("booked_at", "timestamp_format")]


@pytest.mark.parametrize("cell", ["NULL", "\\N"])
def test_what_databases_write_for_nothing_is_nothing(cell: str) -> None:
    request = request_of(city=cell, merchant_latitude=cell)
    assert request.customer is None
    assert request.merchant.latitude is None


def test_a_row_of_the_layout_may_have_only_what_every_transaction_has() -> None:
    needed: Cells = {name: ROW[name] for name in ("booked_at", "card_number", "amount", "currency", "merchant_name")}
    (row,) = sound(read(written([needed], list(needed))))
    assert parse_transaction(row.body).transaction_id is not None
