"""Rules that somebody wrote into a file, and what rules would have hit, in lines for people."""

from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from fraud.rules.rule import BYTES_MAX, Rules
from fraud.rules.rule_error import RuleError
from fraud.rules.rule_file import rules_of_file
from ingest.files.file_errors import cannot_read

if TYPE_CHECKING:
    from fraud.rules.rule_set import RuleSet


def read_rules(written: Path) -> Rules:
    """The rules of a file, which is TOML.

    Raises:
        RuleError: the file cannot be read, is empty, or holds no rules.
    """
    try:
        with written.open("rb") as opened:
            data = opened.read(BYTES_MAX + 1)
    except OSError as error:
        raise RuleError(cannot_read(written, error)) from None
    if not data.strip():
        raise RuleError("the file is empty: to end all rules write `rule = []` into it")
    return rules_of_file(data)


def compiled_rules(given: Rules) -> "RuleSet":
    """Rules that can be evaluated. Needs the extra `score`.

    Raises:
        RuleError: one of them is no condition; the text names it.
    """
    from fraud.rules.rule_set import RuleSet  # noqa: PLC0415 - the extra `score`

    return RuleSet.of(given)


def rule_lines(document: dict[str, Any]) -> Iterable[str]:
    """What `RuleBacktest.document` says."""
    yield f"{document['rows']:,} transactions of {document['days']:,} days, {document['frauds']:,} frauds"
    for name in ("alert", "review"):
        yield f"  live {name}s: {_measured(document[f'live_{name}s'])}"
    for each in document["rules"]:
        yield f"{each['rule']}: {_measured(each)}, {each['hits_alone']:,} by it alone"
        if each["hits_with"]:
            most = sorted(each["hits_with"].items(), key=lambda pair: (-pair[1], pair[0]))[:3]
            yield "  together with " + ", ".join(f"{other} {count:,}" for other, count in most)
        if each["errors"]:
            end = ", and would be disabled" if each["would_be_disabled"] else ""
            yield f"  failed {each['errors']:,} times{end}"


def _measured(each: dict[str, Any]) -> str:
    if not each["hits"]:
        return "no hits"
    recall = "" if each["recall"] is None else f", {each['recall']:.1%} of all frauds"
    return f"{each['hits']:,} hits ({each['hits_a_day']:,.1f} a day), {each['precision']:.1%} of them frauds{recall}"
