"""A run of `make smoke-aws` on fakes: what is created is deleted, whatever fails, and nothing else is touched."""

import json
import re
import subprocess
from contextlib import nullcontext
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError
from deploy.smoke.leftovers import DELETERS, GO_ALONG
from deploy.smoke.stacks import Resource, SmokeError, Stacks
from deploy.smoke.system import HEALTHY_S_MAX, System, environment_of, keys_of, names_of

from deploy.smoke import __main__ as smoke
from deploy.smoke import estimate, leftovers, stacks

PREFIX = "txn-0a1b2c3d"
ROOT = Path(__file__).parents[3]
DATA = {
    "Table": ("AWS::DynamoDB::Table", f"{PREFIX}-api-keys", "Retain"),
    "Bucket": ("AWS::S3::Bucket", f"{PREFIX}-lake-1-r", "Retain"),
    "Policy": ("AWS::S3::BucketPolicy", f"{PREFIX}-lake-1-r", "Retain"),
    "Key": ("AWS::KMS::Key", "0123-4567", "Retain"),
    "Secret": ("AWS::SecretsManager::Secret", f"arn:aws:secretsmanager:r:1:secret:{PREFIX}/card-keys-x", "Retain"),
    "Stream": ("AWS::Kinesis::Stream", f"{PREFIX}-transactions", "Retain"),
    "Alias": ("AWS::KMS::Alias", f"alias/{PREFIX}", None),
}


class FakeAws:
    """CloudFormation with two templates, and a record of the calls to all other services."""

    class exceptions:  # noqa: N801 - as boto3 names it
        """Of the client."""

        ClientError = ClientError

    def __init__(self, *, fails: str = "") -> None:
        self.fails, self.calls, self.there = fails, list[tuple[str, Any]](), dict[str, str]()
        self.ids = list[str]()

    def client(self, service: str) -> Any:
        return self if service == "cloudformation" else Recorder(service, self.calls)

    def create_stack(self, **request: Any) -> None:
        name = request["StackName"]
        self.calls.append(
            ("create", {"name": name} | {p["ParameterKey"]: p["ParameterValue"] for p in request["Parameters"]})
        )
        self.there[name] = "CREATE_FAILED" if name.endswith(self.fails or "-none") else "CREATE_COMPLETE"
        self.ids.append(name)

    def delete_stack(self, *, StackName: str) -> None:  # noqa: N803 - as boto3 names it
        self.calls.append(("delete", StackName))
        del self.there[StackName]

    def describe_stacks(self, *, StackName: str) -> Any:  # noqa: N803
        if StackName not in self.there:
            error: Any = {"Error": {"Code": "ValidationError", "Message": f"{StackName} does not exist"}}
            raise ClientError(error, "DescribeStacks")
        return {"Stacks": [{"StackStatus": self.there[StackName]}]}

    def describe_stack_events(self, *, StackName: str) -> Any:  # noqa: N803
        at = datetime(2026, 1, 1, tzinfo=UTC)
        return {
            "StackEvents": [
                {"ResourceStatus": "CREATE_FAILED", "LogicalResourceId": "Later", "Timestamp": at + timedelta(1)},
                {
                    "ResourceStatus": "CREATE_FAILED",
                    "LogicalResourceId": "Table",
                    "Timestamp": at,
                    "ResourceStatusReason": "a quota",
                },
            ]
        }

    def get_paginator(self, call: str) -> Any:
        return Pages(self, call)


class Pages:
    """The pages of a list."""

    def __init__(self, aws: FakeAws, call: str) -> None:
        self._aws, self._call = aws, call

    def paginate(self, **request: Any) -> Any:
        if self._call == "list_stacks":
            return [{"StackSummaries": [{"StackName": name, "StackId": name} for name in self._aws.ids]}]
        summaries = [
            {"LogicalResourceId": name, "ResourceType": kind, "PhysicalResourceId": physical}
            for name, (kind, physical, _) in DATA.items()
        ]
        return [{"StackResourceSummaries": summaries if request["StackName"].endswith("-data") else []}]


class Recorder:
    """A client of any service, whose calls are written down."""

    def __init__(self, service: str, calls: list[tuple[str, Any]]) -> None:
        self._service, self._calls = service, calls

    def __getattr__(self, name: str) -> Any:
        def call(*arguments: Any, **request: Any) -> Any:
            if name == "get_paginator":
                return self
            if name == "get_waiter":
                return self
            if name == "paginate":
                return [{"Versions": [{"Key": "raw/1", "VersionId": "v"}], "DeleteMarkers": []}]
            if name != "wait":
                self._calls.append((f"{self._service}.{name}", request))
            return {"SecretString": f"secret of {request.get('SecretId')}", "Account": "1"}

        return call


@pytest.fixture(autouse=True)
def templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data = {
        name: {"Type": kind} | ({"DeletionPolicy": policy} if policy else {})
        for name, (kind, _, policy) in DATA.items()
    }
    (tmp_path / "data.template.json").write_text(json.dumps({"Resources": data}))
    for kind in smoke.STACKS[1:]:
        (tmp_path / f"{kind}.template.json").write_text(json.dumps({"Resources": {}}))
    monkeypatch.setattr(stacks, "TEMPLATES", tmp_path)


@pytest.fixture
def said(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    lines = list[str]()
    monkeypatch.setattr(smoke, "say", lambda *each: lines.extend(each))
    return lines


class Session:
    """boto3's."""

    region_name = "eu-central-1"

    def __init__(self, aws: FakeAws) -> None:
        self.client = aws.client


def test_a_run_deletes_what_it_created_and_what_that_left(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    aws, checked = FakeAws(), list[System]()
    monkeypatch.setattr(System, "bootstrap", lambda _: None)
    monkeypatch.setattr(System, "check", lambda self, rows: checked.append(self))
    assert smoke.run("image@sha256:x", PREFIX, 10, Session(aws), "1") == 0
    (system,) = checked
    assert system.environment["TXN_BUCKET"] == f"{PREFIX}-lake-1-eu-central-1"
    assert system.environment["TXN_CARD_KEYS"] == f"secret of {PREFIX}/card-keys"
    created = [request for call, request in aws.calls if call == "create"]
    names = [f"{PREFIX}-{kind}" for kind in smoke.STACKS]
    assert [each["name"] for each in created] == names
    assert {each["Prefix"] for each in created} == {PREFIX}
    assert created[-1]["Image"] == "image@sha256:x"
    assert [request for call, request in aws.calls if call == "delete"] == names[::-1]
    calls = [call for call, _ in aws.calls]
    assert calls.index("dynamodb.update_table") < calls.index("dynamodb.delete_table")
    assert calls.index("delete") < calls.index("s3.delete_object") < calls.index("s3.delete_bucket")
    assert {"kms.schedule_key_deletion", "secretsmanager.delete_secret", "kinesis.delete_stream"} <= set(calls)


def test_stores_are_bootstrapped_before_a_process_runs(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    """A worker of the index that finds no layout ends, and a service whose tasks end fails its stack."""
    aws = FakeAws()
    monkeypatch.setattr(System, "bootstrap", lambda _: aws.calls.append(("bootstrap", {})))
    monkeypatch.setattr(System, "check", lambda *_: aws.calls.append(("check", {})))
    assert smoke.run("image@sha256:x", PREFIX, 10, Session(aws), "1") == 0
    steps = [request.get("name", call) for call, request in aws.calls if call in {"create", "bootstrap", "check"}]
    stores, service = [f"{PREFIX}-{kind}" for kind in smoke.STORES], f"{PREFIX}-service"
    assert steps == [*stores, "bootstrap", service, "check"]


def test_stacks_before_the_bootstrap_run_no_process() -> None:
    rendered = _rendered()
    assert "AWS::ECS::Service" in rendered["service"]
    assert not [kind for kind in smoke.STORES if "AWS::ECS::Service" in rendered[kind]]


@pytest.mark.parametrize("fails", ["-data", "-service"])
def test_a_stack_that_fails_is_deleted_and_the_first_cause_told(
    fails: str, monkeypatch: pytest.MonkeyPatch, said: list[str]
) -> None:
    monkeypatch.setattr(System, "bootstrap", lambda _: None)
    aws = FakeAws(fails=fails)
    assert smoke.run("image@sha256:x", PREFIX, 10, Session(aws), "1") == 1
    assert any("is CREATE_FAILED: Table: a quota" in line for line in said)
    assert aws.there == {}
    assert "dynamodb.delete_table" in [call for call, _ in aws.calls]


def test_rows_that_are_missing_end_in_deletion_too(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    def check(self: System, rows: int) -> None:
        raise SmokeError("txn verify ended with 1")

    monkeypatch.setattr(System, "bootstrap", lambda _: None)
    monkeypatch.setattr(System, "check", check)
    aws = FakeAws()
    assert smoke.run("image@sha256:x", PREFIX, 10, Session(aws), "1") == 1
    assert aws.there == {}


def test_what_another_prefix_names_or_nobody_knows_is_left(said: list[str]) -> None:
    aws = FakeAws()
    found = [
        Resource("AWS::DynamoDB::Table", "txn-api-keys"),
        Resource("AWS::DynamoDB::Table", f"{PREFIX}4-api-keys"),
        Resource("AWS::Unheard::Of", f"{PREFIX}-x"),
    ]
    assert leftovers.delete(found, PREFIX, aws.client, smoke.say) == found
    assert aws.calls == []


def test_what_is_gone_already_is_no_failure(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    def gone(_: Any, name: str) -> None:
        error: Any = {"Error": {"Code": "ResourceNotFoundException"}}
        raise ClientError(error, "DeleteTable")

    monkeypatch.setitem(DELETERS, "AWS::DynamoDB::Table", gone)
    assert (
        leftovers.delete([Resource("AWS::DynamoDB::Table", f"{PREFIX}-x")], PREFIX, FakeAws().client, smoke.say) == []
    )


def _rendered() -> dict[str, str]:
    """The templates of the stacks of a run, as they are rendered."""
    folder = ROOT / "deploy" / "templates"
    if not folder.is_dir():
        pytest.skip("the templates are not rendered")
    return {kind: (folder / f"{kind}.template.json").read_text() for kind in smoke.STACKS}


def test_everything_that_the_stacks_retain_can_be_deleted() -> None:
    for text in _rendered().values():
        resources = json.loads(text)["Resources"].values()
        kept = {each["Type"] for each in resources if each.get("DeletionPolicy") == "Retain"}
        assert kept <= DELETERS.keys() | GO_ALONG


def test_the_parameters_that_a_run_gives_are_those_of_the_templates() -> None:
    """And it gives all that have no default."""
    for kind, text in _rendered().items():
        given = {"Prefix", *({"Image", *smoke.SERVICE} if kind == "service" else ())}
        parameters = json.loads(text)["Parameters"]
        assert given <= parameters.keys()
        assert {name for name, each in parameters.items() if "Default" not in each} <= given


def test_each_stack_imports_what_those_before_it_export() -> None:
    exported = set[str]()
    for text in _rendered().values():
        assert set(re.findall(r'"Fn::ImportValue":\{"Fn::Sub":"([^"]+)"', text)) <= exported
        exported |= set(re.findall(r'"Export":\{"Name":\{"Fn::Sub":"([^"]+)"', text))


class Tasks:
    """ECS with a task that is healthy from the second look on."""

    def __init__(self) -> None:
        self.looks, self.stopped = 0, list[str]()

    def list_tasks(self, **request: Any) -> Any:
        return {"taskArns": [f"task of {request['serviceName']}"]}

    def describe_tasks(self, **request: Any) -> Any:
        self.looks += 1
        return {
            "tasks": [{"taskArn": request["tasks"][0], "healthStatus": "HEALTHY" if self.looks > 1 else "UNKNOWN"}]
        }

    def stop_task(self, **request: Any) -> None:
        self.stopped.append(request["task"])


def _system(ecs: Any, run: Any = None, **named: Any) -> System:
    return System(PREFIX, {}, lambda _: ecs, lambda _: None, run or subprocess.run, sleep=lambda _: None, **named)


def test_a_run_waits_for_health_and_kills_a_task() -> None:
    ecs = Tasks()
    _system(ecs).wait_healthy()
    assert ecs.looks == 4
    _system(ecs).kill_task("index")
    assert ecs.stopped == [f"task of {PREFIX}-index"]


def test_a_service_without_a_healthy_task_is_a_failure() -> None:
    ecs = Tasks()
    ecs.looks = -1_000_000
    with pytest.raises(SmokeError, match=f"api has no healthy task after {HEALTHY_S_MAX:.0f} s"):
        _system(ecs).wait_healthy()


def test_rows_go_in_and_every_view_is_compared(monkeypatch: pytest.MonkeyPatch) -> None:
    """In this order: the task is stopped while the rows are drained."""
    commands, ecs = list[list[str]](), Tasks()
    ecs.looks = 1

    def run(command: list[str], **_: Any) -> Any:
        commands.append(command[3:])
        return subprocess.CompletedProcess(command, 0, stdout="txn_key\n", stderr="")

    monkeypatch.setattr(System, "_api", lambda _: nullcontext("http://127.0.0.1:1"))
    _system(ecs, run).bootstrap()
    _system(ecs, run).check(10_000)
    named = [" ".join(command[:2]) if command[0] == "keys" else command[0] for command in commands]
    assert named == ["bootstrap", "simulate", "keys create", "load", "status", "verify", "reconcile"]
    assert len(ecs.stopped) == 1
    assert "10000" in commands[1]


def test_a_command_that_fails_says_why() -> None:
    def run(command: list[str], **_: Any) -> Any:
        return subprocess.CompletedProcess(command, 1, stdout="", stderr="first\ntxn: no table\n")

    with pytest.raises(SmokeError, match="txn load ended with 1: txn: no table"):
        _system(Tasks(), run)._txn("load")


def test_children_know_no_other_system(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TXN_STREAM", "another")
    monkeypatch.setenv("AWS_PROFILE", "ours")
    environment = environment_of(names_of(PREFIX, "1", "r"), keys_of(PREFIX, FakeAws().client))
    assert environment["TXN_STREAM"] == f"{PREFIX}-transactions"
    assert environment["AWS_PROFILE"] == "ours"


def test_a_run_is_estimated_under_its_bound() -> None:
    assert estimate.total_usd(smoke.ROWS) < estimate.USD_MAX
    assert f"{estimate.total_usd(smoke.ROWS):.2f} $" in estimate.lines(smoke.ROWS)[-1]


def test_nothing_is_done_without_a_yes(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setattr("boto3.Session", lambda: Session(FakeAws()))
    monkeypatch.setattr("sys.argv", ["smoke", "--image", "x"])
    monkeypatch.setattr(smoke, "confirmed", lambda: False)
    monkeypatch.setattr(smoke, "run", lambda *_: pytest.fail("it began"))
    assert smoke.main() == 0
    assert said[-1] == "Nothing was done."


def test_a_dry_run_calls_nobody(monkeypatch: pytest.MonkeyPatch, said: list[str]) -> None:
    monkeypatch.setattr("sys.argv", ["smoke", "--dry-run"])
    monkeypatch.setattr("boto3.Session", lambda: pytest.fail("it asked"))
    assert smoke.main() == 0
    assert any("at most 1.00" in line for line in said)


def test_a_stack_that_does_not_settle_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    aws = FakeAws()
    aws.there[f"{PREFIX}-data"] = "DELETE_IN_PROGRESS"
    waited = list[float]()
    monkeypatch.setattr(aws, "delete_stack", lambda **_: None)
    with pytest.raises(SmokeError, match="did not settle"):
        Stacks(aws, PREFIX, lambda _: None, waited.append).delete("data")
    assert sum(waited) == stacks.CREATE_S_MAX
