"""What the bill says is deployed, against the templates of `deploy/`."""

import json
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from operations.cost import fixed_lines
from operations.cost.capacity import API, SHARDS_MIN, TASKS
from operations.cost.quotas import quotas
from operations.cost.workload import Front, StreamMode, Workload
from txn_core.drains import SCORE

FOLDER: Final = Path(__file__).parents[3] / "deploy" / "templates"
STACKS: Final = ("data", "network", "service", "watch", "tickets")
"""The stacks that are always deployed."""


@pytest.fixture(scope="module")
def templates() -> dict[str, Any]:
    """Resources and parameters of all stacks, by name."""
    if not FOLDER.is_dir():
        pytest.skip("there are no templates")
    found: dict[str, Any] = {"Resources": {}, "Parameters": {}}
    for template in _templates():
        for part, named in found.items():
            named.update(template.get(part, {}))
    return found


def _templates() -> list[Any]:
    return [json.loads((FOLDER / f"{name}.template.json").read_text(encoding="utf-8")) for name in STACKS]


def _made(kind: str, **given: str) -> list[Any]:
    """The properties of what all stacks make of a kind, with parameters that are given and the defaults of others."""
    made = []
    for template in _templates():
        values = {name: str(each.get("Default", "")) for name, each in template["Parameters"].items()} | given
        for resource in template["Resources"].values():
            condition = resource.get("Condition")
            if resource["Type"] == kind and (
                condition is None or _holds({"Condition": condition}, template["Conditions"], values)
            ):
                made.append(resource["Properties"])
    return made


def _holds(told: Any, conditions: Mapping[str, Any], values: Mapping[str, str]) -> bool:
    """Whether a condition of CloudFormation holds."""
    ((function, argument),) = told.items()
    match function:
        case "Condition":
            return _holds(conditions[argument], conditions, values)
        case "Fn::Equals":
            left, right = (values[each["Ref"]] if isinstance(each, dict) else str(each) for each in argument)
            return left == right
        case "Fn::Not":
            return not _holds(argument[0], conditions, values)
        case "Fn::And":
            return all(_holds(each, conditions, values) for each in argument)
        case "Fn::Or":
            return any(_holds(each, conditions, values) for each in argument)
    raise ValueError(f"no function of a condition: {function}")


def test_what_stands_around_the_processes_is_counted(templates: dict[str, Any]) -> None:
    counts = Counter(resource["Type"] for resource in templates["Resources"].values())
    interfaces = [
        resource
        for resource in templates["Resources"].values()
        if resource["Type"] == "AWS::EC2::VPCEndpoint"
        and resource["Properties"].get("VpcEndpointType") == "Interface"
    ]
    (firewall,) = (each for each in templates["Resources"].values() if each["Type"] == "AWS::WAFv2::WebACL")
    assert {
        "AWS::KMS::Key": fixed_lines.KEYS,
        "AWS::SecretsManager::Secret": fixed_lines.SECRETS,
        "AWS::CloudWatch::CompositeAlarm": fixed_lines.COMPOSITE_ALARMS,
        "AWS::CloudWatch::Dashboard": fixed_lines.DASHBOARDS,
    }.items() <= counts.items()
    assert len(interfaces) == fixed_lines.ENDPOINTS
    assert len(firewall["Properties"]["Rules"]) == fixed_lines.FIREWALL_RULES


@pytest.mark.parametrize("score", ["no", "yes"])
@pytest.mark.parametrize("front", Front)
def test_alarms_are_counted_by_their_metrics(templates: dict[str, Any], front: Front, score: str) -> None:
    """CloudWatch bills a standard alarm for each metric that it looks at."""
    alarms = _made("AWS::CloudWatch::Alarm", Front=front.value, Score=score)
    counted = sum(sum("MetricStat" in each for each in alarm.get("Metrics", ())) or 1 for alarm in alarms)
    told = fixed_lines.alarm_metrics(Workload(rate=1.0, front=front, scores=score == "yes"))
    assert told == counted, (
        f"front {front}, scorer {score}: {len(alarms)} alarms look at {counted} metrics, the bill counts {told}; "
        "change *ALARM_METRICS in operations/cost/fixed_lines.py and the lines of alarms in docs/cost.md"
    )


def test_policies_of_target_tracking_bring_two_alarms_each(templates: dict[str, Any]) -> None:
    policies = _made("AWS::ApplicationAutoScaling::ScalingPolicy")
    assert {each["PolicyType"] for each in policies} == {"TargetTrackingScaling"}
    assert 2 * len(policies) == fixed_lines.SCALING_ALARMS


def test_tasks_are_as_large_and_as_many(templates: dict[str, Any]) -> None:
    """The scorer's least is none: whoever prices it runs one."""
    for name, size in TASKS.items():
        task = templates["Resources"][f"{name.capitalize()}Task"]["Properties"]
        assert (int(task["Cpu"]), int(task["Memory"])) == (size.vcpu * 1024, size.memory_gb * 1024)
        least = int(templates["Parameters"][f"{name.capitalize()}Min"]["Default"])
        assert max(least, int(name == SCORE.name)) == size.tasks_min
    for name in (API, "index"):
        most = int(templates["Parameters"][f"{name.capitalize()}Max"]["Default"])
        assert most == quotas()[f"{name}_tasks"].limit


def test_the_defaults_of_the_bill_are_those_of_the_parameters(templates: dict[str, Any]) -> None:
    parameters = templates["Parameters"]
    load = Workload(rate=1.0)
    assert load.front is Front(parameters["Front"]["Default"])
    assert load.stream_mode is StreamMode(parameters["StreamMode"]["Default"].lower().replace("_", "-"))
    assert load.retention_hours == int(parameters["RetentionHours"]["Default"])
    assert int(parameters["Shards"]["Default"]) == SHARDS_MIN
    assert int(parameters["WarmWrites"]["Default"]) == quotas()["dynamodb_new_table"].limit
