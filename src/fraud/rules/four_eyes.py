"""Four eyes: whoever lets rules become active answers for none of those that change."""

from fraud.rules.rule import Rule, Rules
from fraud.rules.rule_error import RuleError


def changed_rules(rules: Rules, active: Rules | None) -> tuple[Rule, ...]:
    """The rules that are new or say something else than before, by themselves or by the lists that they may ask."""
    if active is None:
        return tuple(rules.rules)
    known = {rule.id: rule for rule in active.rules}
    same_lists = {name: set(entries) for name, entries in rules.lists.items()} == {
        name: set(entries) for name, entries in active.lists.items()
    }
    return tuple(
        rule for rule in rules.rules if known.get(rule.id) != rule or ("in_list" in rule.when and not same_lists)
    )


def refuse_owner(person: str, rules: Rules, active: Rules | None) -> None:
    """Refuse the approval of somebody who owns a rule that changes.

    Raises:
        RuleError: the text names the rules.
    """
    own = [rule.id for rule in changed_rules(rules, active) if rule.owner.casefold() == person.casefold()]
    if own:
        shown = ", ".join(own[:5]) + (" and more" if len(own) > 5 else "")
        raise RuleError(f"{person} owns {shown}: somebody else has to approve it")
