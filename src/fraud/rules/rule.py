"""A rule, and a set of rules with the lists that they ask. Its version is made of its content."""

import hashlib
from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Final, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from fraud.rules.rule_error import RuleError
from txn_core.card_numbers.free_text import texts_with_numbers
from txn_core.transactions.instants import INSTANT_PATTERN, Instant, real_instant
from txn_core.transactions.plain_text import plain_texts

RULES_MAX: Final = 200
TEXT_CHARACTERS_MAX: Final = 2_000
LISTS_MAX: Final = 50
ENTRIES_MAX: Final = 20_000
BYTES_MAX: Final = 4_000_000
VERSION_PATTERN: Final = r"^rul_[0-9a-f]{32}$"

Action = Literal["alert", "review", "note"]
Mode = Literal["shadow", "live"]
RuleId = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
Person = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._@+-]{1,64}$")]
_Entry = Annotated[str, StringConstraints(min_length=1, max_length=200)]
_Entries = Annotated[list[_Entry], Field(max_length=ENTRIES_MAX)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Rule(_Part):
    """One rule.

    Attributes:
        when: the condition, in CEL (docs/rules.md).
        action: what is done with a transaction that a live rule hits; a note is written down alone.
        mode: the hits of a shadow rule are logged, and nothing is done.
        expires_at: transactions that arrive from then on are not hit.
        owner: who answers for the rule. Somebody else has to approve it.
        is_disabled: whether it was taken out since it failed on every transaction.
    """

    id: RuleId
    when: Annotated[str, StringConstraints(min_length=1, max_length=TEXT_CHARACTERS_MAX)]
    action: Action
    mode: Mode
    owner: Person
    expires_at: Annotated[str, StringConstraints(pattern=INSTANT_PATTERN)]
    about: Annotated[str, StringConstraints(max_length=500)] = ""
    is_disabled: bool = False

    @model_validator(mode="after")
    def _expires_on_a_day_that_there_is(self) -> Self:
        real_instant(self.expires_at)
        return self

    def has_expired(self, at: Instant) -> bool:
        """Whether a transaction that arrives at a moment is not hit any more."""
        return self.expires_at <= at


class Rules(_Part):
    """The rules of one version, and the lists by their names."""

    format: Literal[1] = 1
    rules: Annotated[list[Rule], Field(max_length=RULES_MAX)]
    lists: Annotated[dict[RuleId, _Entries], Field(max_length=LISTS_MAX)] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_each_rule_once(self) -> Self:
        if len({rule.id for rule in self.rules}) != len(self.rules):
            raise ValueError("two rules have one id")
        return self

    @property
    def bytes(self) -> bytes:
        """The set as it is stored; equal sets are equal bytes, in whatever order a file has its lists."""
        lists = {name: sorted(set(entries)) for name, entries in sorted(self.lists.items())}
        return self.model_copy(update={"lists": lists}).model_dump_json().encode()

    @property
    def version(self) -> str:
        """The name of the set: 128 bits of the SHA-256 of its bytes."""
        return f"rul_{hashlib.sha256(self.bytes).hexdigest()[:32]}"

    def without(self, failing: frozenset[str]) -> Self:
        """The set with some of its rules disabled."""
        rules = [rule.model_copy(update={"is_disabled": True}) if rule.id in failing else rule for rule in self.rules]
        return self.model_copy(update={"rules": rules})


def read_rules(data: bytes) -> Rules:
    """The set that stored bytes hold.

    Raises:
        RuleError: they are larger than a set, or hold something else.
    """
    if len(data) > BYTES_MAX:
        raise RuleError(f"the rules are larger than {BYTES_MAX:,} bytes")
    try:
        rules = Rules.model_validate_json(data)
    except ValidationError as error:
        raise RuleError(fault_of(error)) from None
    refuse_card_numbers(rules)
    return rules


def refuse_card_numbers(rules: Rules) -> None:
    """Refuse a set with a card number in any of its texts (promise P5).

    Raises:
        RuleError: there is one; the text names where, and not what stands there.
    """
    places, texts = zip(*_texts(rules), strict=True) if rules.rules or rules.lists else ((), ())
    for found in sorted(texts_with_numbers(plain_texts(texts))):
        raise RuleError(f"{places[found]} holds a card number: name the card by its card_id")


def _texts(rules: Rules) -> Iterator[tuple[str, str]]:
    for number, rule in enumerate(rules.rules, 1):
        for text in (rule.when, rule.about, rule.id, rule.owner):
            yield f"rule {number}", text
    for number, (name, entries) in enumerate(rules.lists.items(), 1):
        for text in chain((name,), entries):
            yield f"list {number}", text


def fault_of(error: ValidationError) -> str:
    """The first fault of rules in one line. It holds no value: what was written there may be a card number."""
    first = error.errors(include_url=False, include_input=False, include_context=False)[0]
    place = ".".join(str(part + 1) if isinstance(part, int) else _known(part) for part in first["loc"])
    fault = first["msg"].removeprefix("Value error, ")
    return f"{place}: {fault}" if place else fault


def _known(name: str) -> str:
    """A name of ours; one that somebody made up may be anything."""
    return name if name in Rule.model_fields or name in Rules.model_fields else "?"
