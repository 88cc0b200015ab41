"""What the bill says is deployed, against the templates of `deploy/`."""

import json
from collections import Counter
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
    for name in STACKS:
        template = json.loads((FOLDER / f"{name}.template.json").read_text(encoding="utf-8"))
        for part, named in found.items():
            named.update(template.get(part, {}))
    return found


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
        "AWS::CloudWatch::Alarm": fixed_lines.ALARMS,
        "AWS::CloudWatch::CompositeAlarm": fixed_lines.COMPOSITE_ALARMS,
        "AWS::CloudWatch::Dashboard": fixed_lines.DASHBOARDS,
    }.items() <= counts.items()
    assert len(interfaces) == fixed_lines.ENDPOINTS
    assert len(firewall["Properties"]["Rules"]) == fixed_lines.FIREWALL_RULES


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
