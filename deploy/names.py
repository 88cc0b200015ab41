"""Names, ARNs and exports: what one stack must know of another follows from the parameter `Prefix`.

Names are texts of CloudFormation's `Fn::Sub`. Only what AWS gives a random end (keys, secrets) or makes itself
(a VPC) is exported by one stack and imported by another.
"""

import re
from collections.abc import Iterable
from typing import Any, Final

from aws_cdk import CfnOutput, CfnParameter, Fn, Stack, Token

STREAM: Final = "${Prefix}-transactions"
ALERTS_STREAM: Final = "${Prefix}-alerts"
LAKE_BUCKET: Final = "${Prefix}-lake-${AWS::AccountId}-${AWS::Region}"
FILES_BUCKET: Final = "${Prefix}-files-${AWS::AccountId}-${AWS::Region}"
PREFIX_PATTERN: Final = "[a-z][a-z0-9-]{1,19}"
"""What S3 and DynamoDB take, short enough for the longest name that is made of it (a bucket's, 63 characters)."""

_ONE: Final = re.compile(r"\$\{([A-Za-z:]+)\}")
_HERE: Final = "${AWS::Region}:${AWS::AccountId}"


def sub(text: str) -> str:
    """A text whose `${...}` CloudFormation fills in, in the shortest form that says it."""
    if whole := _ONE.fullmatch(text):
        return Token.as_string(Fn.ref(whole[1]))
    return Fn.sub(text) if "${" in text else text


def arn(service: str, resource: str) -> str:
    """The ARN of a resource of this account and region."""
    return sub(f"arn:${{AWS::Partition}}:{service}:{_HERE}:{resource}")


def stream_arn(name: str = STREAM) -> str:
    """The ARN of a stream by its name."""
    return arn("kinesis", f"stream/{name}")


def table_arn(name: str) -> str:
    """The ARN of a table, or of something of it as in `transactions/index/*`, by its name behind the prefix."""
    return arn("dynamodb", f"table/${{Prefix}}-{name}")


def bucket_arn(bucket: str, keys: str = "") -> str:
    """The ARN of a bucket, or of the objects whose keys have a form."""
    return sub(f"arn:${{AWS::Partition}}:s3:::{bucket}{'/' if keys else ''}{keys}")


def export(stack: Stack, name: str, value: Any) -> CfnOutput:
    """Let other stacks of the same prefix import a value."""
    return CfnOutput(stack, f"{name}Export", value=value, export_name=sub(f"${{Prefix}}-{name}"))


def imported(name: str) -> str:
    """What another stack of the same prefix exports under a name."""
    return Fn.import_value(sub(f"${{Prefix}}-{name}"))


def parameter(
    stack: Stack,
    name: str,
    description: str,
    default: str | float | None = None,
    *,
    kind: str = "String",
    **checks: Any,
) -> CfnParameter:
    """A parameter of a template; without a default it must be given."""
    return CfnParameter(stack, name, type=kind, default=default, description=description, **checks)


def prefix(stack: Stack) -> CfnParameter:
    """The parameter that every stack has."""
    return parameter(
        stack,
        "Prefix",
        "First part of every name; stacks with different prefixes have nothing in common",
        "txn",
        allowed_pattern=PREFIX_PATTERN,
        constraint_description="2 to 20 lower-case letters, digits and hyphens, beginning with a letter",
    )


def count(
    stack: Stack, name: str, description: str, default: int, *, least: int = 0, most: int = 1_000
) -> CfnParameter:
    """A parameter that is a whole number within bounds."""
    return parameter(stack, name, description, default, kind="Number", min_value=least, max_value=most)


def choice(stack: Stack, name: str, description: str, values: Iterable[str]) -> CfnParameter:
    """A parameter with some values to choose from, of which the first is the default."""
    allowed = list(values)
    return parameter(stack, name, description, allowed[0], allowed_values=allowed)
