"""Conditions of IAM policies: operators, set operators, `IfExists`, and what an absent key means.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for multivalued context
keys". Not evaluated are dates, binary values and policy variables: a policy with one of them is refused, since a
wrong answer is worse than none.
"""

import ipaddress
from collections.abc import Callable, Iterable, Mapping
from typing import Final

from devkit.aws_account.policies.patterns import arn_like, like

Context = Mapping[str, tuple[str, ...]]
"""Values by context key in lower case, `s3:if-none-match`; a key that the request does not have is not there."""

Operator = Callable[[str, str], bool]
"""From the value of a policy and the value of a request to whether they match."""


def _within(network: str, address: str) -> bool:
    return ipaddress.ip_address(address) in ipaddress.ip_network(network, strict=False)


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _number(compare: Callable[[float, float], bool]) -> Operator:
    return lambda policy, request: _is_number(request) and compare(float(request), float(policy))


_POSITIVE: Final[Mapping[str, Operator]] = {
    "StringEquals": lambda policy, request: policy == request,
    "StringEqualsIgnoreCase": lambda policy, request: policy.lower() == request.lower(),
    "StringLike": like,
    "ArnEquals": arn_like,
    "ArnLike": arn_like,
    "Bool": lambda policy, request: policy.lower() == request.lower(),
    "NumericEquals": _number(lambda request, policy: request == policy),
    "NumericLessThan": _number(lambda request, policy: request < policy),
    "NumericLessThanEquals": _number(lambda request, policy: request <= policy),
    "NumericGreaterThan": _number(lambda request, policy: request > policy),
    "NumericGreaterThanEquals": _number(lambda request, policy: request >= policy),
    "IpAddress": _within,
}
_NEGATED: Final = {
    "StringNotEquals": "StringEquals",
    "StringNotEqualsIgnoreCase": "StringEqualsIgnoreCase",
    "StringNotLike": "StringLike",
    "ArnNotEquals": "ArnEquals",
    "ArnNotLike": "ArnLike",
    "NumericNotEquals": "NumericEquals",
    "NotIpAddress": "IpAddress",
}
"""Operators that hold for a value of the request when no value of the policy matches it, also for an absent key."""

_IF_EXISTS: Final = "IfExists"


class UnknownConditionError(ValueError):
    """A policy asks for something that this module does not evaluate."""


def holds(conditions: Mapping[str, Mapping[str, object]], context: Context) -> bool:
    """Whether all conditions of a statement hold for a request.

    Raises:
        UnknownConditionError: an operator is not known, or a value holds a policy variable.
    """
    return all(
        _holds(operator, texts(wanted), context.get(key.lower()))
        for operator, keys in conditions.items()
        for key, wanted in keys.items()
    )


def texts(value: object) -> tuple[str, ...]:
    """The values of a policy's element as texts: JSON's booleans and numbers mean their text, one value is a list.

    Raises:
        UnknownConditionError: a value holds a policy variable.
    """
    values: Iterable[object] = value if isinstance(value, list | tuple) else (value,)
    made = tuple(str(one).lower() if isinstance(one, bool) else str(one) for one in values)
    if any("${" in one for one in made):
        raise UnknownConditionError("policy variables are not evaluated")
    return made


def _holds(operator: str, wanted: tuple[str, ...], given: tuple[str, ...] | None) -> bool:
    quantifier, _, name = operator.rpartition(":")
    if name == "Null":
        return any((one.lower() == "true") is (given is None) for one in wanted)
    if_exists, name = name.endswith(_IF_EXISTS), name.removesuffix(_IF_EXISTS)
    negated = name in _NEGATED
    match = _POSITIVE.get(_NEGATED.get(name, name))
    if match is None or quantifier not in {"", "ForAllValues", "ForAnyValue"}:
        raise UnknownConditionError(f"the condition operator {operator} is not evaluated")
    if given is None:
        return if_exists or quantifier == "ForAllValues" or (negated and quantifier == "")
    fits = (any(match(one, value) for one in wanted) is not negated for value in given)
    # A negated operator without a quantifier wants that no value matches, so all have to fit.
    return all(fits) if quantifier == "ForAllValues" or (negated and quantifier == "") else any(fits)
