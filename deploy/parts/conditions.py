"""Conditions of templates, and values that depend on them."""

from collections.abc import Sequence
from typing import Any

from aws_cdk import CfnCondition, CfnOutput, CfnParameter, Fn, Stack, Token


def condition(stack: Stack, name: str, parameter: CfnParameter, *values: str) -> CfnCondition:
    """True when the parameter has one of the values."""
    tests: list[Any] = [Fn.condition_equals(parameter.value_as_string, value) for value in values]
    return CfnCondition(stack, name, expression=tests[0] if len(tests) == 1 else Fn.condition_or(*tests))


def all_of(stack: Stack, name: str, values: Sequence[tuple[CfnParameter, str]]) -> CfnCondition:
    """True when each of the parameters has its value."""
    tests: list[Any] = [Fn.condition_equals(each.value_as_string, value) for each, value in values]
    return CfnCondition(stack, name, expression=tests[0] if len(tests) == 1 else Fn.condition_and(*tests))


def given(stack: Stack, name: str, parameter: CfnParameter) -> CfnCondition:
    """True when the parameter is not blank."""
    blank: Any = Fn.condition_equals(parameter.value_as_string, "")
    return CfnCondition(stack, name, expression=Fn.condition_not(blank))


def either(test: CfnCondition, value: Any, otherwise: Any = None) -> Any:
    """One value or another; without the other one the property is left out where the condition is false."""
    return Fn.condition_if(test.logical_id, value, Fn.ref("AWS::NoValue") if otherwise is None else otherwise)


def text(value: Any) -> str:
    """Any value of CloudFormation where the CDK wants a text."""
    return str(Token.as_string(value))


def texts(value: Any) -> Any:
    """Any value of CloudFormation where the CDK wants a list of texts."""
    return Token.as_list(value)


def number(value: Any) -> float:
    """Any value of CloudFormation where the CDK wants a number."""
    return float(Token.as_number(value))


def only_if(test: CfnCondition, *resources: Any) -> None:
    """Make resources only where a condition is true."""
    for resource in resources:
        if isinstance(resource, CfnOutput):
            resource.condition = test
        else:
            resource.cfn_options.condition = test
