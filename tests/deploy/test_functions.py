"""The functions of Lambda: one host of each work, what calls them, and what they may not do."""

import json
from importlib import import_module

import pytest

from tests.deploy.templates import listed, of_type, statements, template, text
from txn_core.settings import Settings


def test_the_function_gives_up_nothing() -> None:
    """A batch is tried for as long as the stream has it, in order, and said to be done record by record."""
    (mapping,) = of_type("service", "AWS::Lambda::EventSourceMapping").values()
    wanted = {
        "BatchSize": 100,
        "MaximumBatchingWindowInSeconds": 1,
        "MaximumRetryAttempts": -1,
        "MaximumRecordAgeInSeconds": -1,
        "BisectBatchOnFunctionError": False,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ParallelizationFactor": 1,
        "StartingPosition": "TRIM_HORIZON",
    }
    assert {name: mapping[name] for name in wanted} == wanted


def test_an_index_has_one_host() -> None:
    """Service and function are made under conditions that exclude each other."""
    conditions, resources = template("service")["Conditions"], template("service")["Resources"]
    hosts = {
        name: conditions[resources[name]["Condition"]]["Fn::Equals"] for name in ("IndexService", "IndexFunction")
    }
    assert hosts == {
        "IndexService": [{"Ref": "IndexHost"}, "fargate"],
        "IndexFunction": [{"Ref": "IndexHost"}, "lambda"],
    }


def test_files_have_one_host() -> None:
    """Each is made where the API's address is given, under conditions that exclude each other."""
    conditions, resources = template("service")["Conditions"], template("service")["Resources"]
    is_given = {"Fn::Not": [{"Fn::Equals": [{"Ref": "IngestApiUrl"}, ""]}]}
    for name, host in (("IngestService", "fargate"), ("FilesFunction", "lambda")):
        both = conditions[resources[name]["Condition"]]["Fn::And"]
        assert both == [is_given, {"Fn::Equals": [{"Ref": "IngestHost"}, host]}]


@pytest.mark.parametrize("kind", ["Index", "Files"])
def test_a_function_is_told_where_its_secrets_are(kind: str) -> None:
    """No secret is in its configuration; its variables are settings, and its handler is there."""
    function = of_type("service", "AWS::Lambda::Function")[f"{kind}Function"]
    (handler,) = function["ImageConfig"]["Command"]
    module, _, name = handler.rpartition(".")
    assert callable(getattr(import_module(module), name))
    variables = function["Environment"]["Variables"]
    known = {f"TXN_{field.upper()}": field for field in Settings.model_fields}
    for variable, value in variables.items():
        field = Settings.model_fields[known[variable.removeprefix("SECRET_OF_")]]
        is_secret = "Secret" in repr(field.annotation)
        assert variable.startswith("SECRET_OF_") is is_secret
        assert not is_secret or "Fn::ImportValue" in value


def test_the_files_function_is_called_for_each_file_and_every_five_minutes() -> None:
    """Events may be lost: the schedule is no option. Each rule may call the function, and nobody else."""
    rules = of_type("service", "AWS::Events::Rule")
    permissions = of_type("service", "AWS::Lambda::Permission")
    sweep, arrived = rules["FilesSweep"], rules["FilesArrived"]
    assert sweep["ScheduleExpression"] == "rate(5 minutes)"
    assert [json.loads(target["Input"]) for target in sweep["Targets"]] == [{"sweep": True}]
    assert text(arrived["EventPattern"]["detail"]["bucket"]["name"][0]) == text(
        of_type("data", "AWS::S3::Bucket")["FilesBucket"]["BucketName"]
    )
    assert {json.dumps(each["SourceArn"]) for each in permissions.values()} == {
        json.dumps({"Fn::GetAtt": [name, "Arn"]}) for name in rules
    }
    bucket = of_type("data", "AWS::S3::Bucket")["FilesBucket"]
    assert bucket["NotificationConfiguration"] == {"EventBridgeConfiguration": {"EventBridgeEnabled": True}}
    function = of_type("service", "AWS::Lambda::Function")["FilesFunction"]
    assert (function["Timeout"], function["ReservedConcurrentExecutions"]) == (900, 5)
    (retries,) = of_type("service", "AWS::Lambda::EventInvokeConfig").values()
    assert (retries["MaximumRetryAttempts"], retries["MaximumEventAgeInSeconds"]) == (2, 3_600)


def test_the_code_of_a_function_makes_no_interfaces() -> None:
    """Lambda makes them by the same role."""
    role = of_type("access", "AWS::IAM::Role")["FilesFunctionRole"]
    allowed, denied = (
        {
            action
            for each in statements(role)
            if each["Effect"] == effect
            for action in listed(each["Action"])
            if action.startswith("ec2:")
        }
        for effect in ("Allow", "Deny")
    )
    assert allowed
    assert allowed == denied
