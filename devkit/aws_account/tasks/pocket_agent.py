"""A pocket ECS agent: it starts what task definitions say as processes of this machine.

As ECS does, it takes on the execution role to pull the image, to open the log and to read the secrets, and hands the
task the credentials of the task role over HTTP (ECS Developer Guide, "Task execution IAM role" and "Task IAM role").
Endpoints, ports and loopback are all that it changes of a task's environment.
"""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from devkit.aws_account.account import Account, Role
from devkit.aws_account.policies.policy import Right
from devkit.aws_account.proxy import AuthorisingProxy
from devkit.aws_account.tasks.image_environment import image_environment
from devkit.aws_account.templates.task_definitions import TaskDefinition

ECS_TASKS: Final = "ecs-tasks.amazonaws.com"
PROGRAM: Final = (sys.executable, "-m", "txn_cli.main")
"""The entry point of the image, of this checkout."""
SERVICES: Final = ("KINESIS", "DYNAMODB", "S3", "STS")
_PRIVATE_IMAGE: Final = re.compile(r"([0-9]{12})\.dkr\.ecr\.([a-z0-9-]+)\.amazonaws\.com/([^:@]+)")
_OF_IMAGE: Final = ("BatchCheckLayerAvailability", "GetDownloadUrlForLayer", "BatchGetImage")
_PASSED_ON: Final = ("PATH", "HOME", "LANG", "TMPDIR", "PYTHONPATH", "PYTHONPYCACHEPREFIX", "PYTHONDONTWRITEBYTECODE")


@dataclass(slots=True)
class RunningTask:
    """A task's process, with its environment and its log."""

    definition: TaskDefinition
    process: subprocess.Popen[bytes]
    environment: Mapping[str, str]
    log: Path

    def stop(self) -> int:
        """Stop it as ECS does, by SIGTERM; gives its exit code.

        Raises:
            subprocess.TimeoutExpired: it does not end within the task's stop timeout.
        """
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        return self.process.wait(self.definition.stop_timeout_s)

    def kill(self) -> None:
        """End it at once."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait()


@dataclass(slots=True)
class PocketAgent:
    """Starts tasks of an account behind a proxy.

    Attributes:
        secret_values: the value of each secret, by its ARN.
        settings_files: the text of objects that definitions name as files of variables, by a part of the name.
        folder: where the logs go.
    """

    account: Account
    proxy: AuthorisingProxy
    secret_values: Mapping[str, str]
    folder: Path
    settings_files: dict[str, str] = field(default_factory=dict)
    tasks: list[RunningTask] = field(default_factory=list)

    def start(self, definition: TaskDefinition, **overrides: str) -> RunningTask:
        """Start a task; `overrides` are variables that only this machine needs, such as free ports.

        Raises:
            RefusedError: a role lacks a right that ECS needs to start the task.
        """
        environment = self.environment_of(definition) | overrides
        log = self.folder / f"{definition.family}-{len(self.tasks)}.log"
        with log.open("wb") as written:
            process = subprocess.Popen(
                [*PROGRAM, *definition.command], env=environment, stdout=written, stderr=written, cwd=self.folder
            )
        task = RunningTask(definition, process, environment, log)
        self.tasks.append(task)
        return task

    def end(self) -> None:
        """End every task that still runs."""
        for task in self.tasks:
            task.kill()

    def environment_of(self, definition: TaskDefinition) -> dict[str, str]:
        """The environment of a task: the image's, the definition's, the secrets, and what ECS adds."""
        execution = self._assumed(definition.execution_role, definition)
        self.account.authorise(execution, self._to_start(definition))
        secrets = {name: self._secret(execution, place) for name, place in definition.secrets.items()}
        task_role = self.account.roles[definition.task_role]
        credentials = self.account.assume(task_role, ECS_TASKS, self._task_arn(definition))
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            **image_environment(),
            **self._of_files(definition),  # the definition's own variables go before those of files
            **definition.environment,
            **secrets,
            **self.endpoints,
            "AWS_CONTAINER_CREDENTIALS_FULL_URI": self.proxy.credentials_url(credentials),
            "ECS_CONTAINER_METADATA_URI_V4": self.proxy.url,
        }

    @property
    def endpoints(self) -> dict[str, str]:
        """What leads a process to the proxy and keeps it away from AWS; no setting of ours is among it."""
        return {
            **{f"AWS_ENDPOINT_URL_{service}": self.proxy.url for service in SERVICES},
            "AWS_REGION": self.account.region,
            "AWS_DEFAULT_REGION": self.account.region,
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1",
            "no_proxy": "127.0.0.1",
        }

    def operator_environment(self, definition: TaskDefinition) -> dict[str, str]:
        """The environment of an operator's command: the settings and secrets of a task, and every right."""
        credentials = self.account.credentials_of(None)
        secrets = {name: self._value(place) for name, place in definition.secrets.items()}
        return {
            **{name: os.environ[name] for name in _PASSED_ON if name in os.environ},
            **image_environment(),
            **definition.environment,
            **secrets,
            **self.endpoints,
            "AWS_ACCESS_KEY_ID": credentials.access_key,
            "AWS_SECRET_ACCESS_KEY": credentials.secret_key,
            "AWS_SESSION_TOKEN": credentials.token,
        }

    def _assumed(self, role: str, definition: TaskDefinition) -> Role:
        self.account.assume(self.account.roles[role], ECS_TASKS, self._task_arn(definition))
        return self.account.roles[role]

    def _task_arn(self, definition: TaskDefinition) -> str:
        return f"arn:aws:ecs:{self.account.region}:{self.account.number}:task/cluster/{definition.family}"

    def _of_files(self, definition: TaskDefinition) -> dict[str, str]:
        """The variables of files, one `NAME=value` a line; a file that nobody gave is empty."""
        lines = "\n".join(text for arn in definition.environment_files for text in self._files(arn)).splitlines()
        return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))

    def _files(self, arn: str) -> list[str]:
        return [text for part, text in self.settings_files.items() if part in arn]

    def _to_start(self, definition: TaskDefinition) -> list[Right]:
        rights: list[Right] = []
        if (image := _PRIVATE_IMAGE.match(definition.image)) is not None:
            repository = f"arn:aws:ecr:{image[2]}:{image[1]}:repository/{image[3]}"
            rights += [Right("ecr:GetAuthorizationToken", "*")]
            rights += [Right(f"ecr:{action}", repository) for action in _OF_IMAGE]
        for file in definition.environment_files:
            rights += [Right("s3:GetBucketLocation", file.partition("/")[0]), Right("s3:GetObject", file)]
        if definition.log_group is not None:
            group = f"arn:aws:logs:{self.account.region}:{self.account.number}:log-group:{definition.log_group}"
            stream = f"{group}:log-stream:{definition.family}/1"
            rights += [Right("logs:CreateLogStream", stream), Right("logs:PutLogEvents", stream)]
        return rights

    def _secret(self, execution: Role, place: str) -> str:
        arn = ":".join(place.split(":")[:7])
        self.account.authorise(execution, [Right("secretsmanager:GetSecretValue", arn)])
        return self._value(place)

    def _value(self, place: str) -> str:
        """The value of a secret, or of one key of its JSON."""
        parts = place.split(":")
        value = self.secret_values[":".join(parts[:7])]
        return str(json.loads(value)[parts[7]]) if len(parts) > 7 and parts[7] else value
