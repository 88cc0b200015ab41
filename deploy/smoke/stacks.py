"""The stacks of a run: created from the rendered templates, deleted in the reverse order."""

import json
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

TEMPLATES: Final = Path(__file__).parents[1] / "templates"
PAUSE_S: Final = 10.0
CREATE_S_MAX: Final = 1_500.0
RETAIN: Final = "Retain"


class SmokeError(Exception):
    """A step that failed, in one line."""


@dataclass(frozen=True, slots=True)
class Resource:
    """Something that a stack made and leaves behind: its type and its name or id."""

    kind: str
    physical_id: str


@dataclass(frozen=True, slots=True)
class Stacks:
    """The stacks under one prefix. `client` is boto3's of CloudFormation."""

    client: Any
    prefix: str
    say: Callable[[str], None]
    sleep: Callable[[float], None] = time.sleep

    def name(self, kind: str) -> str:
        """The name of a stack, such as `txn-1a2b-data`."""
        return f"{self.prefix}-{kind}"

    def create(self, kind: str, parameters: Mapping[str, str]) -> None:
        """Create a stack and wait until it is there.

        Raises:
            SmokeError: it was rolled back, or took too long; the text names the first resource that failed.
        """
        self.say(f"creating stack {self.name(kind)}")
        self.client.create_stack(
            StackName=self.name(kind),
            TemplateBody=(TEMPLATES / f"{kind}.template.json").read_text(),
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in ({"Prefix": self.prefix} | dict(parameters)).items()
            ],
            Capabilities=["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
            OnFailure="DO_NOTHING",
            Tags=[{"Key": "txn-smoke", "Value": self.prefix}],
        )
        status = self._settled(kind, CREATE_S_MAX)
        if status != "CREATE_COMPLETE":
            raise SmokeError(f"{self.name(kind)} is {status}: {self._first_failure(kind)}")

    def retained(self, kind: str) -> list[Resource]:
        """What a stack leaves behind by its template, and what one that is deleted already left behind."""
        template = json.loads((TEMPLATES / f"{kind}.template.json").read_text())
        kept = {name for name, resource in template["Resources"].items() if resource.get("DeletionPolicy") == RETAIN}
        found = []
        for stack_id in self._ids(kind):
            pages = self.client.get_paginator("list_stack_resources").paginate(StackName=stack_id)
            found += [
                Resource(each["ResourceType"], each["PhysicalResourceId"])
                for page in pages
                for each in page["StackResourceSummaries"]
                if each["LogicalResourceId"] in kept and each.get("PhysicalResourceId")
            ]
        return found

    def _ids(self, kind: str) -> list[str]:
        """The ids of the stacks that had the name. CloudFormation knows deleted ones for 90 days."""
        pages = self.client.get_paginator("list_stacks").paginate()
        stacks = (each for page in pages for each in page["StackSummaries"])
        return [each["StackId"] for each in stacks if each["StackName"] == self.name(kind)]

    def delete(self, kind: str) -> None:
        """Delete a stack and wait until it is gone; one that is not there is gone.

        Raises:
            SmokeError: something of it cannot be deleted.
        """
        if self._status(kind) is None:
            return
        self.say(f"deleting stack {self.name(kind)}")
        self.client.delete_stack(StackName=self.name(kind))
        status = self._settled(kind, CREATE_S_MAX)
        if status not in {None, "DELETE_COMPLETE"}:
            raise SmokeError(f"{self.name(kind)} is {status}: {self._first_failure(kind)}")

    def output(self, kind: str, name: str) -> str:
        """An output of a stack that is there."""
        (stack,) = self.client.describe_stacks(StackName=self.name(kind))["Stacks"]
        outputs = {each["OutputKey"]: each["OutputValue"] for each in stack.get("Outputs", ())}
        return str(outputs[name])

    def _settled(self, kind: str, s_max: float) -> str | None:
        for _ in range(int(s_max / PAUSE_S)):
            status = self._status(kind)
            if status is None or not status.endswith("_IN_PROGRESS"):
                return status
            self.sleep(PAUSE_S)
        raise SmokeError(f"{self.name(kind)} did not settle within {s_max:.0f} s")

    def _status(self, kind: str) -> str | None:
        try:
            (stack,) = self.client.describe_stacks(StackName=self.name(kind))["Stacks"]
        except self.client.exceptions.ClientError as error:
            if "does not exist" in str(error):
                return None
            raise
        status = str(stack["StackStatus"])
        return None if status == "DELETE_COMPLETE" else status

    def _first_failure(self, kind: str) -> str:
        events: Sequence[Any] = self.client.describe_stack_events(StackName=self.name(kind))["StackEvents"]
        failed = [each for each in events if each["ResourceStatus"].endswith("_FAILED")]
        if not failed:
            return "no resource says why"
        first = min(failed, key=lambda event: event["Timestamp"])
        return f"{first['LogicalResourceId']}: {first.get('ResourceStatusReason', 'no reason given')}"
