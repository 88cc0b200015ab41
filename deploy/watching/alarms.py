"""Alarms of the one table (`operations.alarms`) as resources, for two stacks: one template would be too large."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

from aws_cdk import CfnCondition, Fn, Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from deploy.names import STREAM, choice, count, imported, sub
from deploy.parts.conditions import all_of, only_if
from operations.alarms import function_alarms
from operations.alarms.alarm import Alarm, Severity
from operations.alarms.alarm_table import ALARMS
from operations.alarms.cloudwatch_alarms import Deployment, alarm_properties
from operations.alarms.expressions import OfRetention

NOT_DEPLOYED: Final = frozenset({"insight", "warehouse"})
"""Kinds of process that no stack runs all the time: the insight service, and `txn warehouse watch`."""

OPTIONAL: Final[Mapping[str, tuple[str, Mapping[str, tuple[str, ...]]]]] = {
    "worker-score": ("HasScore", {"Score": ("yes",)}),
    "worker-ingest": ("HasIngest", {"Ingest": ("yes",), "IngestHost": ("fargate",)}),
    function_alarms.FILES: ("HasFilesFunction", {"Ingest": ("yes",), "IngestHost": ("lambda",)}),
    "worker-index": ("HasIndexService", {"IndexHost": ("fargate",)}),
    function_alarms.INDEX: ("HasIndexFunction", {"IndexHost": ("lambda",)}),
    "front": ("HasNlb", {"Front": ("nlb",)}),
    "certificate": ("EndsTls", {"Front": ("nlb", "alb")}),
}
"""What not every deployment has: the name of its condition, and the parameters with the values that it needs."""

Runs = Mapping[str, CfnCondition]
"""When there is each kind of process that not every deployment has."""


def watched(severity: Severity) -> tuple[Alarm, ...]:
    """The alarms of a severity, without those of processes that no stack runs."""
    return tuple(
        alarm
        for alarm in ALARMS
        if alarm.severity == severity and (not alarm.services or set(alarm.services) - NOT_DEPLOYED)
    )


def add_alarms(stack: Stack, alarms: Sequence[Alarm], topic: str, runs: Runs) -> None:
    """Add alarms that go to a topic. The rule for changes by hand has its name from the prefix."""
    if any(isinstance(alarm.expression, OfRetention) for alarm in alarms):
        count(stack, "RetentionHours", "The parameter of the data stack", 168, least=24, most=8_760)
    deployment = Deployment(namespace=sub("${Prefix}"), values=_values(), retention=sub)
    for alarm in alarms:
        _add_alarm(stack, alarm, deployment, topic, runs)


def alarm_arn(name: str) -> str:
    """The ARN of an alarm by its name, as a text of `Fn::Sub`."""
    return f"arn:${{AWS::Partition}}:cloudwatch:${{AWS::Region}}:${{AWS::AccountId}}:alarm:{name}"


def alarm_name(alarm: Alarm) -> str:
    """The name of an alarm, as a text of `Fn::Sub`."""
    return f"${{Prefix}}-{alarm.name.replace('_', '-')}"


def asked_runs(stack: Stack, alarms: Sequence[Alarm]) -> Runs:
    """Ask which processes run, and make the conditions of those that these alarms are about."""
    of_service = "The parameter of the service stack"
    asked = {
        "Score": choice(stack, "Score", "Whether the scorer runs", ("no", "yes")),
        "Ingest": choice(stack, "Ingest", "Whether clients' files are taken in", ("no", "yes")),
        "IndexHost": choice(stack, "IndexHost", of_service, ("fargate", "lambda")),
        "IngestHost": choice(stack, "IngestHost", of_service, ("fargate", "lambda")),
        "Front": choice(stack, "Front", of_service, ("nlb", "alb", "apigw", "none")),
    }
    named = {_deployed(alarm)[0] for alarm in alarms if is_optional(alarm)}
    return {
        service: all_of(stack, name, [(asked[given], values) for given, values in tests.items()])
        for service, (name, tests) in OPTIONAL.items()
        if service in named
    }


def is_optional(alarm: Alarm) -> bool:
    """Whether some deployments lack the one thing that the alarm is about."""
    return len(services := _deployed(alarm)) == 1 and services[0] in OPTIONAL


def _values() -> Mapping[Any, object]:
    """What this deployment puts in the place of the table's placeholders."""
    return {
        "Stream": sub(STREAM),
        **{
            f"{drain.capitalize()}Leases": sub(f"${{Prefix}}-{drain}-leases")
            for drain in ("index", "archive", "score")
        },
        **{name: imported(f"Front{name}") for name in ("LoadBalancer", "TargetGroup", "OtherTargetGroup")},
        **{f"Zone{number}": Fn.select(number - 1, Fn.get_azs("")) for number in (1, 2, 3)},
        "Certificate": imported("FrontCertificateArn"),
        "ChangeRule": sub("${Prefix}-changes"),
        "IndexFunction": sub("${Prefix}-index"),
        "FilesFunction": sub("${Prefix}-files"),
    }


def when(alarm: Alarm, runs: Runs) -> CfnCondition | None:
    """The condition of an alarm of one kind of process that not every deployment has."""
    return runs[_deployed(alarm)[0]] if is_optional(alarm) else None


def _deployed(alarm: Alarm) -> list[str]:
    return [service for service in alarm.services if service not in NOT_DEPLOYED]


def logical_id(alarm: Alarm) -> str:
    """The name of an alarm in the template."""
    return "".join(part.capitalize() for part in alarm.name.split("_")) + "Alarm"


def _add_alarm(stack: Stack, alarm: Alarm, deployment: Deployment, topic: str, runs: Runs) -> None:
    """Add an alarm. Each goes to tickets; those that wake somebody do it together, by the composite alarm."""
    properties = alarm_properties(alarm, deployment)
    made = cloudwatch.CfnAlarm(
        stack,
        logical_id(alarm),
        alarm_name=sub(alarm_name(alarm)),
        comparison_operator=properties.pop("ComparisonOperator"),
        evaluation_periods=properties.pop("EvaluationPeriods"),
        alarm_actions=[topic],
    )
    for name, value in properties.items():
        made.add_property_override(name, value)
    if (test := when(alarm, runs)) is not None:
        only_if(test, made)
