"""Task definitions of ECS as the templates say them: the one container, its environment, its secrets, its roles."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from devkit.aws_account.templates.resolved_stack import ResolvedStack


@dataclass(frozen=True, slots=True)
class TaskDefinition:
    """One task definition with one container.

    Attributes:
        name: its name in the template.
        command: what the image's entry point gets.
        secrets: where each variable's value is, as ECS writes it: `<ARN of a secret>[:<key of its JSON>:...]`.
        environment_files: objects of S3 with further variables, by ARN.
        task_role: the ARN of the role that the process has.
        execution_role: the ARN of the role with which ECS starts it.
    """

    name: str
    arn: str
    family: str
    image: str
    command: tuple[str, ...]
    environment: Mapping[str, str]
    secrets: Mapping[str, str]
    environment_files: tuple[str, ...]
    task_role: str
    execution_role: str
    log_group: str | None
    health_command: tuple[str, ...]
    stop_timeout_s: float

    @classmethod
    def of(cls, name: str, arn: str, properties: Mapping[str, Any]) -> Self:
        """Read the properties of an `AWS::ECS::TaskDefinition`, whose first essential container is the one."""
        containers = properties["ContainerDefinitions"]
        container = next(one for one in containers if one.get("Essential", True))
        options = container.get("LogConfiguration", {}).get("Options", {})
        return cls(
            name=name,
            arn=arn,
            family=properties["Family"],
            image=container["Image"],
            command=tuple(container.get("Command", ())),
            environment={one["Name"]: str(one["Value"]) for one in container.get("Environment", ())},
            secrets={one["Name"]: one["ValueFrom"] for one in container.get("Secrets", ())},
            environment_files=tuple(one["Value"] for one in container.get("EnvironmentFiles", ())),
            task_role=properties["TaskRoleArn"],
            execution_role=properties["ExecutionRoleArn"],
            log_group=options.get("awslogs-group"),
            health_command=tuple(container.get("HealthCheck", {}).get("Command", ())),
            stop_timeout_s=float(container.get("StopTimeout", 30)),
        )


def task_definitions(stacks: Iterable[ResolvedStack]) -> list[TaskDefinition]:
    """Every task definition of some stacks."""
    return [
        TaskDefinition.of(resource.logical_id, resource.reference, resource.properties)
        for stack in stacks
        for resource in stack.of_kind("AWS::ECS::TaskDefinition")
    ]
