"""Task definitions: what ECS starts, on ARM, with a file system that nobody can write to but for `/tmp`."""

from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import CfnCondition, Stack
from aws_cdk import aws_ecs as ecs

from deploy.names import LAKE_BUCKET, bucket_arn, choice, sub
from deploy.parts.conditions import condition, either
from deploy.parts.key_secrets import secret_arn
from deploy.parts.log_groups import log_group
from deploy.parts.processes import API_PORT, KEPT_DAYS, METRICS_PORT, Process, log_name, settings_file
from deploy.parts.roles import Roles

STOP_S: Final = 60
"""Twice what a process takes at most to end (`TXN_SHUTDOWN_DEADLINE_S`), so that ECS never cuts one off."""
LOG_BUFFER: Final = "25m"

_CONTAINER: Final = ecs.CfnTaskDefinition


@dataclass(frozen=True, slots=True)
class Common:
    """What all tasks of a stack have in common."""

    image: str
    key: str
    has_files: CfnCondition
    index_ends: CfnCondition

    def variables(self, process: Process) -> dict[str, Any]:
        """The settings of a process as variables of its environment."""
        return {f"TXN_{name.upper()}": value for name, value in process.settings.items()}

    def entry(self, name: str, value: Any) -> Any:
        """A variable in the list of a container; the kept days stand there under a condition."""
        if name == f"TXN_{KEPT_DAYS.upper()}":
            return either(self.index_ends, {"Name": name, "Value": value})
        return _CONTAINER.KeyValuePairProperty(name=name, value=value)


def common(stack: Stack, image: str, key: str, index_ends: CfnCondition) -> Common:
    """Ask whether ECS reads further settings from files in the lake's bucket (`settings/PROCESS.env`)."""
    asked = choice(stack, "SettingsFiles", "Whether settings/PROCESS.env of the lake's bucket is read", ("no", "yes"))
    return Common(image, key, condition(stack, "HasSettingsFiles", asked, "yes"), index_ends)


def add_task(stack: Stack, process: Process, of: Common, roles: Roles, **urls: Any) -> tuple[Any, Any]:
    """Add the task definition of a process, with its log group; gives both.

    `urls` are further secrets, of the same stack, by the settings that they become.
    """
    group: Any = log_group(stack, f"{process.id}LogGroup", log_name(process), of.key)
    secrets = {secret.setting: secret_arn(secret) for secret in process.secrets} | urls
    file = [{"Type": "s3", "Value": bucket_arn(LAKE_BUCKET, settings_file(process))}]
    port = API_PORT if process.serves else METRICS_PORT
    container = _CONTAINER.ContainerDefinitionProperty(
        name=process.name,
        image=of.image,
        command=list(process.command),
        environment=[of.entry(name, value) for name, value in of.variables(process).items()],
        secrets=[
            _CONTAINER.SecretProperty(name=f"TXN_{name.upper()}", value_from=arn) for name, arn in secrets.items()
        ]
        or None,
        environment_files=either(of.has_files, file),
        essential=True,
        user="10001:10001",
        readonly_root_filesystem=True,
        linux_parameters=_CONTAINER.LinuxParametersProperty(
            init_process_enabled=True, capabilities=_CONTAINER.KernelCapabilitiesProperty(drop=["ALL"])
        ),
        mount_points=[_CONTAINER.MountPointProperty(container_path="/tmp", source_volume="tmp")],  # noqa: S108 - the volume's place
        port_mappings=[_CONTAINER.PortMappingProperty(container_port=port, protocol="tcp")],
        stop_timeout=STOP_S,
        health_check=_CONTAINER.HealthCheckProperty(
            command=["CMD", "txn", "health"], interval=30, timeout=5, retries=3, start_period=60
        )
        if process.is_asked
        else None,
        log_configuration=_CONTAINER.LogConfigurationProperty(
            log_driver="awslogs",
            options={
                "awslogs-group": group.ref,
                "awslogs-region": sub("${AWS::Region}"),
                "awslogs-stream-prefix": process.name,
                "mode": "non-blocking",
                "max-buffer-size": LOG_BUFFER,
            },
        ),
    )
    definition = ecs.CfnTaskDefinition(
        stack,
        f"{process.id}Task",
        family=sub(f"${{Prefix}}-{process.name}"),
        cpu=str(process.cpu),
        memory=str(process.memory),
        network_mode="awsvpc",
        requires_compatibilities=["FARGATE"],
        runtime_platform=_CONTAINER.RuntimePlatformProperty(
            cpu_architecture="ARM64", operating_system_family="LINUX"
        ),
        task_role_arn=roles.task,
        execution_role_arn=roles.execution,
        volumes=[_CONTAINER.VolumeProperty(name="tmp")],
        container_definitions=[container],
    )
    return definition, group
