"""What runs: every process of the registry with its service, roles and log, and no right without an end."""

import json
from typing import Any

import pytest

from operations.alarms.api_alarms import ANSWER_OUTCOMES
from tests.deploy.templates import STACKS, container, listed, of_type, path_of, statements, template, text
from txn_core import drains
from txn_core.settings import OF_CLIENTS, Settings

PROCESSES = ("api", *drains.names(), "ingest")
RESHUFFLES = "kinesis:UpdateStreamRecordDistributionStrategy"
BYTES_MAX = 51_200

# Each place where an allowed action has a resource that is not named to its end, with the reason.
WILDCARDS = {
    ("*", "ecr:GetAuthorizationToken"): "the action knows no resource",
    ("repository/*", "ecr:"): "the repository is named by the parameter Image, of which no policy can take a part",
    ("-g*", "dynamodb:"): "a further generation of the index, which a rebuild makes beside the first",
    ("/index/*", "dynamodb:"): "the indexes of that table",
    ("/*", "s3:"): "objects under a prefix",
    ("=*", "s3:"): "objects of a day of a prefix",
    (":*", "logs:"): "the streams of that very log group",
    ("*", "ec2:"): "Lambda makes interfaces in the VPC by the role; the function's own code is denied them",
    (":*", "ecs:RunTask"): "the versions of that very task definition",
}


def _id(process: str) -> str:
    return process.capitalize()


@pytest.mark.parametrize("stack", STACKS)
def test_a_template_fits_into_a_call(stack: str) -> None:
    """CloudFormation takes a template without a bucket up to a size."""
    assert len(path_of(stack).read_bytes()) < BYTES_MAX


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_has_all_that_it_needs(process: str) -> None:
    """A service, a task definition that runs it, two roles, a log group."""
    resources = {**template("service")["Resources"], **template("access")["Resources"]}
    kinds = {
        f"{_id(process)}Service": "AWS::ECS::Service",
        f"{_id(process)}Task": "AWS::ECS::TaskDefinition",
        f"{_id(process)}Role": "AWS::IAM::Role",
        f"{_id(process)}ExecutionRole": "AWS::IAM::Role",
        f"{_id(process)}LogGroup": "AWS::Logs::LogGroup",
        f"{_id(process)}Scaling": "AWS::ApplicationAutoScaling::ScalableTarget",
    }
    assert {name: resources[name]["Type"] for name in kinds} == kinds
    task = resources[f"{_id(process)}Task"]["Properties"]
    command = ["api"] if process == "api" else ["worker", process]
    assert container(task)["Command"] == command
    assert resources[f"{_id(process)}Service"]["Properties"]["TaskDefinition"] == {"Ref": f"{_id(process)}Task"}


def _tasks() -> dict[str, Any]:
    return {
        f"{stack}.{name}": task
        for stack in STACKS
        for name, task in of_type(stack, "AWS::ECS::TaskDefinition").items()
    }


@pytest.mark.parametrize("name", sorted(_tasks()))
def test_a_task_can_do_little_to_its_machine(name: str) -> None:
    """No root, no file system to write to but a volume, no capability, a log that never holds it up, time to end."""
    task = _tasks()[name]
    of_task = container(task)
    assert of_task["User"] == "10001:10001"
    assert of_task["ReadonlyRootFilesystem"] is True
    assert of_task["LinuxParameters"] == {"Capabilities": {"Drop": ["ALL"]}, "InitProcessEnabled": True}
    assert of_task["LogConfiguration"]["Options"]["mode"] == "non-blocking"
    assert of_task["StopTimeout"] == 60
    assert task["RuntimePlatform"]["CpuArchitecture"] == "ARM64"


@pytest.mark.parametrize("name", sorted(_tasks()))
def test_a_task_sets_what_there_is_to_set(name: str) -> None:
    """Every variable is a setting, and no secret is among those that can be read in the console."""
    of_task = container(_tasks()[name])
    plain = {each["Fn::If"][1]["Name"] if "Fn::If" in each else each["Name"] for each in of_task["Environment"]}
    secret = {each["Name"] for each in of_task.get("Secrets", ())}
    known = {f"TXN_{field.upper()}" for field in Settings.model_fields} | OF_CLIENTS
    secrets = {
        f"TXN_{name.upper()}" for name, field in Settings.model_fields.items() if "Secret" in repr(field.annotation)
    }
    assert plain | secret <= known
    assert not plain & secrets
    assert secret <= secrets


def _roles() -> dict[str, dict[str, Any]]:
    return {f"{stack}.{name}": role for stack in STACKS for name, role in of_type(stack, "AWS::IAM::Role").items()}


@pytest.mark.parametrize("name", sorted(_roles()))
def test_no_right_without_an_end(name: str) -> None:
    """No action with a star, and no resource with one but for the reasons above."""
    for statement in statements(_roles()[name]):
        if statement["Effect"] != "Allow":
            continue
        for action in listed(statement["Action"]):
            assert "*" not in action
            for resource in map(text, listed(statement["Resource"])):
                assert "*" not in resource or any(
                    resource.endswith(end) and action.startswith(start) for end, start in WILDCARDS
                ), f"{action} on {resource}: name the resource, or the reason"


@pytest.mark.parametrize("name", sorted(_roles()))
def test_objects_are_those_of_our_account(name: str) -> None:
    """A bucket of the same name in another account is never written to, nor read."""
    for statement in statements(_roles()[name]):
        if any(action.startswith("s3:") for action in listed(statement["Action"])):
            assert "s3:ResourceAccount" in statement["Condition"]["StringEquals"]


def test_nobody_may_let_the_stream_ignore_keys() -> None:
    """One call would lose the order of every card's records, without a deployment."""
    for process in (*PROCESSES, "operator"):
        denied = [
            statement
            for statement in statements(of_type("access", "AWS::IAM::Role")[f"{_id(process)}Role"])
            if statement["Effect"] == "Deny"
        ]
        assert denied == [{"Effect": "Deny", "Action": RESHUFFLES, "Resource": "*"}]


def test_no_card_number_reaches_the_log_of_a_balancer() -> None:
    """A look-up may carry a card number in its query: the application balancer keeps no access log."""
    (alb,) = (
        each
        for each in of_type("service", "AWS::ElasticLoadBalancingV2::LoadBalancer").values()
        if each["Type"] == "application"
    )
    attributes = {each["Key"]: each["Value"] for each in alb["LoadBalancerAttributes"]}
    assert attributes["access_logs.s3.enabled"] == "false"
    assert attributes["connection_logs.s3.enabled"] == "false"


def test_no_card_number_reaches_the_log_of_the_firewall() -> None:
    """WAF keeps a request's URL in its log unless told not to, and whole requests as samples."""
    (acl,) = of_type("service", "AWS::WAFv2::WebACL").values()
    for each in (acl, *acl["Rules"]):
        assert each["VisibilityConfig"]["SampledRequestsEnabled"] is False
    (logged,) = of_type("service", "AWS::WAFv2::LoggingConfiguration").values()
    left_out = logged["RedactedFields"]
    assert {"QueryString": {}} in left_out
    assert {"UriPath": {}} in left_out
    kept = logged["LoggingFilter"]
    assert kept["DefaultBehavior"] == "DROP"
    assert [(each["Behavior"], each["Conditions"]) for each in kept["Filters"]] == [
        ("KEEP", [{"ActionCondition": {"Action": "BLOCK"}}])
    ]


def test_no_card_number_reaches_the_log_of_the_gateway() -> None:
    """API Gateway logs what its format names: no path, no query, no header, no body."""
    (stage,) = of_type("service", "AWS::ApiGatewayV2::Stage").values()
    named = set(json.loads(stage["AccessLogSettings"]["Format"]).values())
    assert named == {
        f"$context.{name}"
        for name in (
            "httpMethod",
            "integrationLatency",
            "requestId",
            "requestTime",
            "responseLatency",
            "routeKey",
            "status",
        )
    }


def test_a_version_that_answers_503_is_taken_back() -> None:
    """The alarm of a deployment counts every outcome of 500 or more."""
    alarm = of_type("service", "AWS::CloudWatch::Alarm")["DeploymentAlarm"]
    counted = [each["MetricStat"]["Metric"] for each in alarm["Metrics"] if "MetricStat" in each]
    assert {metric["MetricName"] for metric in counted} == {"txn_http_answers_total"}
    outcomes = {each["Value"] for metric in counted for each in metric["Dimensions"] if each["Name"] == "outcome"}
    assert outcomes == set(ANSWER_OUTCOMES) - {"served", "limited"}
    assert len(counted) == alarm["Metrics"][0]["Expression"].count("FILL(")


@pytest.mark.parametrize("balancer", ["Nlb", "Alb"])
def test_a_zone_can_be_shifted_away(balancer: str) -> None:
    """AWS refuses a zonal shift of a balancer that does not allow it, which is the default."""
    attributes = of_type("service", "AWS::ElasticLoadBalancingV2::LoadBalancer")[balancer]["LoadBalancerAttributes"]
    assert {"Key": "zonal_shift.config.enabled", "Value": "true"} in attributes


def test_a_balancer_that_ends_tls_needs_a_certificate() -> None:
    """CloudFormation says so before it makes anything."""
    rule = template("service")["Rules"]["FrontHasCertificate"]
    fronts = [{"Fn::Equals": [{"Ref": "Front"}, front]} for front in ("nlb", "alb")]
    assert rule["RuleCondition"] == {"Fn::Or": fronts}
    (assertion,) = rule["Assertions"]
    assert assertion["Assert"] == {"Fn::Not": [{"Fn::Equals": [{"Ref": "CertificateArn"}, ""]}]}
