"""The stacks of alarms: every alarm of the table that can be deployed, once, and one alarm that wakes somebody."""

import json

from operations.alarms.alarm import Severity
from operations.alarms.alarm_table import ALARMS
from operations.alarms.function_alarms import INDEX_TIMEOUT_MS
from tests.deploy.templates import of_type, template, text

NOT_DEPLOYED = {"insight", "warehouse"}
"""Kinds of process that no stack runs all the time."""
STACK_OF: dict[Severity, str] = {"page": "watch", "ticket": "tickets"}


def test_every_alarm_is_deployed_once() -> None:
    """The alarms of the table, by severity, but for those of processes that no stack runs."""
    for severity, stack in STACK_OF.items():
        names = sorted(text(alarm["AlarmName"]) for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values())
        assert names == sorted(
            f"${{Prefix}}-{alarm.name.replace('_', '-')}"
            for alarm in ALARMS
            if alarm.severity == severity and (not alarm.services or set(alarm.services) - NOT_DEPLOYED)
        )


def test_every_alarm_goes_somewhere_and_names_what_to_do() -> None:
    """An action, a runbook entry, and what missing data means."""
    for stack in STACK_OF.values():
        for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values():
            assert alarm["AlarmActions"]
            assert "Runbook: " in alarm["AlarmDescription"]
            assert alarm["TreatMissingData"] in {"breaching", "notBreaching"}


def test_one_alarm_wakes_somebody_for_all() -> None:
    """The composite alarm names every alarm that pages, and none else."""
    (page,) = of_type("watch", "AWS::CloudWatch::CompositeAlarm").values()
    rule = json.dumps(page["AlarmRule"])
    alarms = of_type("watch", "AWS::CloudWatch::Alarm")
    assert all(f"${{{name}}}" in rule for name in alarms)
    assert rule.count("ALARM(") == len(alarms)


def test_our_metrics_are_those_of_this_prefix() -> None:
    """Two systems in one account do not set off each other's alarms."""
    for stack in STACK_OF.values():
        for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values():
            queries = [query["MetricStat"]["Metric"] for query in alarm.get("Metrics", ()) if "MetricStat" in query]
            for metric in queries or [alarm]:
                assert str(metric["Namespace"]).startswith("AWS/") or metric["Namespace"] == {"Ref": "Prefix"}


def test_the_rule_hears_of_the_call_that_would_lose_the_order() -> None:
    """Whoever lets the stream ignore keys by hand is noticed."""
    rule = of_type("watch", "AWS::Events::Rule")["ChangeRule"]
    assert "UpdateStreamRecordDistributionStrategy" in rule["EventPattern"]["detail"]["eventName"]
    assert {"Ref": "Tickets"} in [target["Arn"] for target in rule["Targets"]]
    assert text(rule["Name"]) == "${Prefix}-changes"
    assert "Tickets" in template("watch")["Resources"]


def test_an_upgrade_wakes_nobody() -> None:
    """The alarm counts the rule of changes alone, in which no call of a deployment is; they are told of apart."""
    rules = of_type("watch", "AWS::Events::Rule")
    calls = {name: set(rule["EventPattern"]["detail"].get("eventName", ())) for name, rule in rules.items()}
    assert {"ExecuteChangeSet", "UpdateStack"} <= calls["DeploymentRule"]
    assert not calls["ChangeRule"] & calls["DeploymentRule"]
    (alarm,) = (each for each in of_type("watch", "AWS::CloudWatch::Alarm").values() if "AWS/Events" in str(each))
    assert [text(each["Value"]) for each in alarm["Dimensions"]] == [text(rules["ChangeRule"]["Name"])]


def test_a_run_of_the_warehouse_that_fails_is_told_of() -> None:
    """By the family of its task definition, with another exit code than 0 or without a start."""
    pattern = of_type("watch", "AWS::Events::Rule")["WarehouseRunRule"]["EventPattern"]
    (family,) = pattern["detail"]["taskDefinitionArn"]
    for task in of_type("warehouse", "AWS::ECS::TaskDefinition").values():
        assert text(task["Family"]).startswith(text(family["prefix"]).rpartition("/")[2])
    assert {"containers": {"exitCode": [{"anything-but": 0}]}} in pattern["detail"]["$or"]


def test_only_balancers_with_a_certificate_have_its_alarm() -> None:
    """What the alarm imports is exported in the same cases: an import without its export fails the stack."""
    both = {"Fn::Or": [{"Fn::Equals": [{"Ref": "Front"}, kind]} for kind in ("nlb", "alb")]}
    alarm = template("tickets")["Resources"]["CertificateAlarm"]
    export = template("service")["Outputs"]["FrontCertificateArnExport"]
    assert template("tickets")["Conditions"][alarm["Condition"]] == both
    assert template("service")["Conditions"][export["Condition"]] == both


def test_the_alarms_know_the_functions() -> None:
    """Their names, and the timeout to which an invocation may not come near."""
    functions = of_type("service", "AWS::Lambda::Function")
    assert functions["IndexFunction"]["Timeout"] * 1_000 == INDEX_TIMEOUT_MS
    watched = {
        text(dimension["Value"])
        for stack in STACK_OF.values()
        for alarm in of_type(stack, "AWS::CloudWatch::Alarm").values()
        if alarm.get("Namespace") == "AWS/Lambda"
        for dimension in alarm["Dimensions"]
    }
    assert watched == {text(function["FunctionName"]) for function in functions.values()}
