"""Services: how many tasks of a process run, where, when there are more, and how a new version takes over."""

from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import CfnCondition, CfnParameter, Stack
from aws_cdk import aws_applicationautoscaling as autoscaling
from aws_cdk import aws_ecs as ecs

from deploy.names import sub
from deploy.parts.conditions import either
from deploy.parts.network import Network
from deploy.parts.processes import Process

API_CPU_PERCENT: Final = 50
DRAIN_CPU_PERCENT: Final = 60
LAG_S: Final = 30

_POLICY: Final = autoscaling.CfnScalingPolicy


@dataclass(frozen=True, slots=True)
class Size:
    """The parameters that bound how many tasks of a process run."""

    least: CfnParameter
    most: CfnParameter


def add_cluster(stack: Stack) -> Any:
    """Add the cluster of all services."""
    insights = ecs.CfnCluster.ClusterSettingsProperty(name="containerInsights", value="enabled")
    return ecs.CfnCluster(stack, "Cluster", cluster_name=sub("${Prefix}"), cluster_settings=[insights])


def add_service(
    stack: Stack,
    process: Process,
    cluster: Any,
    task: Any,
    network: Network,
    group: Any,
    size: Size,
    **more: Any,
) -> Any:
    """Add a service. `more` holds its balancer and its deployment; workers are replaced one by one."""
    rolling = ecs.CfnService.DeploymentConfigurationProperty(
        minimum_healthy_percent=100,
        maximum_percent=200,
        deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
    )
    service: Any = ecs.CfnService(
        stack,
        f"{process.id}Service",
        **{
            "service_name": sub(f"${{Prefix}}-{process.name}"),
            "cluster": cluster.ref,
            "task_definition": task.ref,
            "desired_count": size.least.value_as_number,
            "launch_type": "FARGATE",
            "platform_version": "LATEST",
            "propagate_tags": "SERVICE",
            "enable_ecs_managed_tags": True,
            "availability_zone_rebalancing": "ENABLED",
            "deployment_configuration": rolling,
            "network_configuration": ecs.CfnService.NetworkConfigurationProperty(
                awsvpc_configuration=ecs.CfnService.AwsVpcConfigurationProperty(
                    subnets=network.subnets, security_groups=[group.attr_group_id], assign_public_ip="DISABLED"
                )
            ),
            **more,
        },
    )
    return service


def add_scaling(stack: Stack, process: Process, cluster: Any, service: Any, size: Size) -> list[Any]:
    """Add more tasks when they have much to do, and fewer when all of the reasons are gone."""
    target: Any = autoscaling.CfnScalableTarget(
        stack,
        f"{process.id}Scaling",
        min_capacity=size.least.value_as_number,
        max_capacity=size.most.value_as_number,
        resource_id=sub(f"service/${{{cluster.node.id}}}/${{{service.node.id}.Name}}"),
        scalable_dimension="ecs:service:DesiredCount",
        service_namespace="ecs",
    )
    percent = API_CPU_PERCENT if process.serves else DRAIN_CPU_PERCENT
    cpu = _POLICY.PredefinedMetricSpecificationProperty(predefined_metric_type="ECSServiceAverageCPUUtilization")
    made = [target, _tracking(stack, f"{process.id}ByCpu", target, percent, predefined_metric_specification=cpu)]
    if process.lag_metric is not None:
        lag = _POLICY.CustomizedMetricSpecificationProperty(
            namespace=sub("${Prefix}"),
            metric_name=process.lag_metric,
            dimensions=[_POLICY.MetricDimensionProperty(name="service", value=f"worker-{process.name}")],
            statistic="Maximum",
        )
        made.append(_tracking(stack, f"{process.id}ByLag", target, LAG_S, customized_metric_specification=lag))
    return made


def canary(is_canary: CfnCondition, role: Any, listener: Any, other_targets: Any) -> dict[str, Any]:
    """A new version gets a tenth of the traffic for ten minutes, before all of it; an alarm takes it back."""
    return {
        "AdvancedConfiguration": either(
            is_canary,
            {"AlternateTargetGroupArn": other_targets, "ProductionListenerRule": listener, "RoleArn": role},
        )
    }


def _tracking(stack: Stack, name: str, target: Any, value: int, **metric: Any) -> Any:
    return _POLICY(
        stack,
        name,
        policy_name=sub(f"${{Prefix}}-{name}"),
        policy_type="TargetTrackingScaling",
        scaling_target_id=target.ref,
        target_tracking_scaling_policy_configuration=_POLICY.TargetTrackingScalingPolicyConfigurationProperty(
            target_value=value, scale_in_cooldown=300, scale_out_cooldown=60, **metric
        ),
    )
