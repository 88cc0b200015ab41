"""Rules, compiled: which of them hit a transaction. A function of the transaction's values and nothing else."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final, Literal, NamedTuple, Self

from cel_expr_python import cel

from fraud.rules.language import as_list, check_words, compiled, environment, names_in, tokens_of
from fraud.rules.rule import Action, Mode, Rule, Rules, refuse_card_numbers
from fraud.rules.rule_error import RuleError
from fraud.rules.variables import ARRIVED_AT, KNOWN, VARIABLES, Kind, Value

_TOGETHER_MAX: Final = 64
_CHARACTERS_TOGETHER_MAX: Final = 8_000
"""Of one expression: the library takes about 5 ms to read as much, and holds up the process meanwhile."""
_PLACEHOLDERS: Final[Mapping[Kind, Value]] = {"int": 1, "double": 1.0, "string": ""}
"""What stands for a missing value. A rule that reads it does not hit, so nothing depends on it."""


class RuleHit(NamedTuple):
    """A rule that hit a transaction; only a live one is acted upon."""

    rule_id: str
    action: Action
    mode: Mode


class Outcome(NamedTuple):
    """What the rules say of a transaction. `errors` are the rules that could not be evaluated: they do not hit."""

    hits: tuple[RuleHit, ...]
    errors: tuple[str, ...]


class _Compiled(NamedTuple):
    """A rule and its condition as a list of one. `needs` are the variables without which it does not hit."""

    rule: Rule
    expression: cel.Expression
    needs: frozenset[str]
    reads: frozenset[str]
    asks: frozenset[str]


class _Group(NamedTuple):
    """Rules that are evaluated in one go; without an expression, one by one."""

    rules: tuple[_Compiled, ...]
    expression: cel.Expression | None


class _Variable(NamedTuple):
    name: str
    kind: Kind
    known: str | None


class RuleSet:
    """The rules of one version, compiled. Immutable: any number of threads may ask it.

    To compile the largest set takes seconds of CPU time in steps of a few milliseconds, so it is done in a thread.
    """

    __slots__ = ("_environment", "_groups", "_variables", "rules", "version")

    def __init__(self, rules: Rules, environment: cel.Env, rows: Sequence[_Compiled]) -> None:
        self.rules = rules
        self.version = rules.version
        self._environment = environment
        self._groups = tuple(_groups(environment, rows))
        asked = frozenset[str]().union(*(row.asks for row in rows))
        read = frozenset[str]().union(*(row.reads for row in rows))
        self._variables = tuple(
            _Variable(name, kind, f"{KNOWN}{name}" if name in asked else None)
            for name, kind in VARIABLES.items()
            if name in read
        )

    @classmethod
    def of(cls, rules: Rules) -> Self:
        """Compile rules.

        Raises:
            RuleError: one of them holds a card number, or is no condition; the text names it.
        """
        refuse_card_numbers(rules)
        lists = {name: frozenset(entries) for name, entries in rules.lists.items()}
        readable = environment(lists)
        made = cls(
            rules, readable, [_compiled(readable, rule, lists) for rule in rules.rules if not rule.is_disabled]
        )
        made.evaluate({})  # the library makes its plans at the first evaluation
        return made

    def hits(self, values: Mapping[str, Value]) -> tuple[RuleHit, ...]:
        """The rules that hit a transaction of these values (`rule_values`), in the order of the file."""
        return self.evaluate(values).hits

    def evaluate(self, values: Mapping[str, Value]) -> Outcome:
        """The rules that hit, and those that failed.

        A rule that reads a value which the transaction lacks neither hits nor fails, unless it asks whether it is
        there (`has_...`).
        """
        bound, missing = self._bound(values)
        activation = self._environment.Activation(bound)
        at = values.get(ARRIVED_AT)
        hits: list[RuleHit] = []
        errors: list[str] = []
        for group in self._groups:
            answers = None if group.expression is None else _answers(group.expression, activation)
            if answers is None:
                answers = [_answer(row.expression, activation) for row in group.rules]
            elif True not in answers:
                continue
            for row, answer in zip(group.rules, answers, strict=True):
                if answer is False or (missing and not row.needs.isdisjoint(missing)):
                    continue
                rule = row.rule
                if isinstance(at, str) and rule.expires_at <= at:
                    continue
                if answer is None:
                    errors.append(rule.id)
                else:
                    hits.append(RuleHit(rule.id, rule.action, rule.mode))
        return Outcome(tuple(hits), tuple(errors))

    def _bound(self, values: Mapping[str, Value]) -> tuple[dict[str, Value], set[str]]:
        """The variables that some rule reads, and the names of those that are missing."""
        bound: dict[str, Value] = {}
        missing: set[str] = set()
        for name, kind, known in self._variables:
            value = values.get(name)
            if known is not None:
                bound[known] = value is not None
            if value is None:
                missing.add(name)
                value = _PLACEHOLDERS[kind]
            bound[name] = value
        return bound, missing


def decision_of(hits: Sequence[RuleHit]) -> Literal["pass", "review", "alert"]:
    """What the live ones of some hits ask for."""
    actions = {hit.action for hit in hits if hit.mode == "live"}
    return "alert" if "alert" in actions else "review" if "review" in actions else "pass"


def _compiled(readable: cel.Env, rule: Rule, lists: Mapping[str, frozenset[str]]) -> _Compiled:
    try:
        words = tokens_of(rule.when)
        check_words(words, lists)
        expression = compiled(readable, rule.when)
    except RuleError as error:
        raise RuleError(f"rule {rule.id}: {error}") from None
    reads = names_in(words)
    asks = frozenset(name for name in reads if f"{KNOWN}{name}" in words)
    return _Compiled(rule, expression, reads - asks, reads, asks)


def _groups(readable: cel.Env, rows: Sequence[_Compiled]) -> Iterator[_Group]:
    """The rules in groups of a bounded length."""
    group: list[_Compiled] = []
    characters = 0
    for row in rows:
        characters += len(row.rule.when)
        if group and (len(group) == _TOGETHER_MAX or characters > _CHARACTERS_TOGETHER_MAX):
            yield _group(readable, group)
            group, characters = [], len(row.rule.when)
        group.append(row)
    if group:
        yield _group(readable, group)


def _group(readable: cel.Env, rows: Sequence[_Compiled]) -> _Group:
    try:
        expression = readable.compile(as_list([row.rule.when for row in rows]))
    except RuntimeError:  # together they break a limit of the library that none breaks alone
        expression = None
    return _Group(tuple(rows), expression)


def _answers(expression: cel.Expression, activation: cel.Activation) -> list[bool | None] | None:
    """What each of the conditions in a list says; None when one of them fails, which the library does not name."""
    try:
        answers = expression.eval(activation).plain_value()
    except RuntimeError:  # text that is no Unicode
        return None
    return answers if isinstance(answers, list) else None


def _answer(expression: cel.Expression, activation: cel.Activation) -> bool | None:
    answers = _answers(expression, activation)
    return None if answers is None else answers[0]
