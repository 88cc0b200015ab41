"""A file of rules is read as people write it, and refused in one line that repeats nothing of it."""

import pytest

from fraud.rules.rule import ENTRIES_MAX, RULES_MAX, TEXT_CHARACTERS_MAX, Rules, read_rules
from fraud.rules.rule_error import RuleError
from fraud.rules.rule_file import rules_of_file
from fraud.rules.rule_set import RuleSet
from tests.fraud.rules.written import ids, rules
from txn_core.transactions.instants import Instant

CARD = "4" + "0" * 14 + "2"
RULE = """
[[rule]]
id = "spree"
when = 'count_1h >= 3 && amount > 50000 && !in_list("known", merchant_id)'
action = "alert"
mode = "live"
owner = "ann"
expires = 2030-01-01
"""
FILE = f'lists.known = ["mer_b", "mer_a", "mer_b"]\n{RULE}'


def changed(old: str, new: str) -> bytes:
    assert old in FILE
    return FILE.replace(old, new).encode()


def test_a_file_is_rules_and_lists_and_comes_back_from_its_bytes() -> None:
    made = rules_of_file(FILE.encode())
    assert made.rules[0].expires_at == "2030-01-01T00:00:00.000000Z"
    assert read_rules(made.bytes).version == made.version
    assert rules_of_file(changed('"mer_b", "mer_a", "mer_b"', '"mer_a", "mer_b"')).version == made.version
    assert rules_of_file(changed("50000", "50001")).version != made.version
    asked = RuleSet.of(made)
    assert ids(asked.hits({"count_1h": 3, "amount": 60_000, "merchant_id": "mer_c"})) == ["spree"]
    assert not asked.hits({"count_1h": 3, "amount": 60_000, "merchant_id": "mer_a"})


def test_a_file_may_begin_with_the_mark_that_windows_writes() -> None:
    assert rules_of_file(b"\xef\xbb\xbf" + FILE.encode()) == rules_of_file(FILE.encode())


def test_two_rules_of_one_id_are_refused_in_plain_words() -> None:
    with pytest.raises(RuleError, match=r"^two rules have one id$"):
        rules_of_file(FILE.encode() + RULE.encode())


@pytest.mark.parametrize("expires", ['expires = "2030-01-01"', "expires = 12:00:00", ""])
def test_how_a_rule_expires_is_said_in_the_words_of_the_file(expires: str) -> None:
    with pytest.raises(RuleError, match="a date or a time without quotes"):
        rules_of_file(changed("expires = 2030-01-01", expires))


@pytest.mark.parametrize("moment", ["2030-01-01T01:00:00+01:00", "2030-01-01T00:00:00Z", "2030-01-01 00:00:00"])
def test_a_rule_expires_at_a_date_or_a_moment(moment: str) -> None:
    assert rules_of_file(changed("2030-01-01", moment)) == rules_of_file(FILE.encode())


@pytest.mark.parametrize(
    "data",
    [
        changed("count_1h >= 3", f'merchant_id == "{CARD}"'),
        changed("mer_a", CARD),
        changed("known", f"list_{CARD}"),
        changed('owner = "ann"', f'owner = "ann"\nabout = "as of card 4000 {CARD[4:8]} 0000 0002"'),
        rules(f"amount == {CARD}").bytes,
    ],
    ids=["text", "entry", "list", "about", "number"],
)
def test_card_numbers_are_refused_wherever_they_stand_and_are_not_repeated(data: bytes) -> None:
    with pytest.raises(RuleError, match="holds a card number") as refused:
        rules_of_file(data) if data.startswith(b"lists") else read_rules(data)
    assert "4000" not in str(refused.value)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff",
        b"[[rule]",
        b"rule = 5",
        b"rule = [1]",
        b"lists = 5",
        b"a = " + b"[" * 5_000,
        b"a = " + b"9" * 5_000,
        b"lists.x = [" + b'"a",' * (ENTRIES_MAX + 1) + b"]",
        b" " * 4_000_001,
        f"key_{CARD} = 1".encode(),
        FILE.encode() + RULE.encode(),
        FILE.encode() + b"".join(RULE.replace("spree", f"s{n}").encode() for n in range(RULES_MAX)),
        changed("count_1h >= 3", "amount" + " " * TEXT_CHARACTERS_MAX),
        changed("2030-01-01", '"2030-01-01"'),
        changed("2030-01-01", "9999-12-31T23:59:59-05:00"),
        changed("expires = 2030-01-01", ""),
        changed('"alert"', '"block"'),
        changed('"live"', '"on"'),
        changed('"ann"', '"ann and bob"'),
        changed("spree", "Spree!"),
        changed('mode = "live"', f'mode = "live"\nx{CARD} = 1'),
    ],
)
def test_what_is_no_file_of_rules_is_refused_in_one_line(data: bytes) -> None:
    with pytest.raises(RuleError) as refused:
        rules_of_file(data)
    assert "\n" not in str(refused.value)
    assert CARD not in str(refused.value)


@pytest.mark.parametrize("data", [b"", b"{}", b"[]", b'{"rules": [], "format": 2}', b" " * 4_000_001, b"[" * 10_000])
def test_stored_bytes_that_are_no_rules_are_refused(data: bytes) -> None:
    with pytest.raises(RuleError):
        read_rules(data)


def test_a_day_that_there_is_not_is_none_to_expire_on() -> None:
    stored = rules("true").bytes.replace(b"2030-01-01", b"2030-02-30")
    with pytest.raises(RuleError):
        read_rules(stored)
    assert Rules(rules=[]).version == rules_of_file(b"").version
    assert not RuleSet.of(rules("true")).hits({"arrived_at": Instant("2031-01-01T00:00:00.000000Z")})
