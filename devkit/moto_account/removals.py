"""How resources are removed of kinds that moto's CloudFormation makes and then forgets.

Rules of a security group, routes and their associations go with what they belong to, listeners with their balancer.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from botocore.exceptions import ClientError
from moto.cloudformation import parsing

Remove = Callable[[Any, str], None]
"""From a client of the service and what `Ref` gives."""


def _ends(client: Any, reference: str) -> None:
    cluster = reference.split("/")[-2]
    client.delete_service(cluster=cluster, service=reference, force=True)


def _leaves(client: Any, network: str) -> None:
    filters = [{"Name": "attachment.vpc-id", "Values": [network]}]
    for gateway in client.describe_internet_gateways(Filters=filters)["InternetGateways"]:
        client.detach_internet_gateway(InternetGatewayId=gateway["InternetGatewayId"], VpcId=network)


REMOVALS: Final[Mapping[str, tuple[str, Remove]]] = {
    "AWS::EC2::FlowLog": ("ec2", lambda ec2, name: ec2.delete_flow_logs(FlowLogIds=[name])),
    "AWS::EC2::InternetGateway": ("ec2", lambda ec2, name: ec2.delete_internet_gateway(InternetGatewayId=name)),
    "AWS::EC2::RouteTable": ("ec2", lambda ec2, name: ec2.delete_route_table(RouteTableId=name)),
    "AWS::EC2::VPCEndpoint": ("ec2", lambda ec2, name: ec2.delete_vpc_endpoints(VpcEndpointIds=[name])),
    "AWS::EC2::VPCGatewayAttachment": ("ec2", _leaves),
    "AWS::ECS::Cluster": ("ecs", lambda ecs, name: ecs.delete_cluster(cluster=name)),
    "AWS::ECS::Service": ("ecs", _ends),
    "AWS::ECS::TaskDefinition": ("ecs", lambda ecs, name: ecs.deregister_task_definition(taskDefinition=name)),
    "AWS::ElasticLoadBalancingV2::Listener": ("elbv2", lambda elb, name: elb.delete_listener(ListenerArn=name)),
    "AWS::ElasticLoadBalancingV2::ListenerRule": ("elbv2", lambda elb, name: elb.delete_rule(RuleArn=name)),
    "AWS::ElasticLoadBalancingV2::TargetGroup": (
        "elbv2",
        lambda elb, name: elb.delete_target_group(TargetGroupArn=name),
    ),
}


def add_removals(client: Callable[[str, str], Any]) -> None:
    """Let these be removed; `client` gives one of a service in a region."""
    models = parsing.get_model_map()
    for kind, (service, remove) in REMOVALS.items():
        models[kind].delete_from_cloudformation_json = _removal(service, remove, client)


def _removal(service: str, remove: Remove, client: Callable[[str, str], Any]) -> Any:
    def delete(_cls: type, name: str, _element: Any, _account: str, region: str) -> None:
        try:
            remove(client(service, region), name)
        except ClientError as error:
            if "NotFound" not in error.response["Error"]["Code"]:
                raise  # it is in use: CloudFormation tries again once others are gone

    return classmethod(delete)


def keep_conditions_and_changes() -> None:
    """Let an update respect conditions, and let what moto cannot change stay as it is in place of being forgotten."""
    changed = parsing.parse_and_update_resource

    def update(logical_id: str, element: Any, resources: Any, **place: str) -> Any:
        condition = element.get("Condition")
        if condition and not resources.lazy_condition_map[condition]:
            return None
        before = resources[logical_id]
        now = changed(logical_id, element, resources, **place)
        return before if now is None else now

    parsing.parse_and_update_resource = update
