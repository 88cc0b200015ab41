"""The network: a VPC of three zones without NAT, whose tasks reach AWS by endpoints alone, or given subnets."""

from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import CfnCondition, CfnParameter, Fn, Stack
from aws_cdk import aws_ec2 as ec2

from deploy.names import FILES_BUCKET, LAKE_BUCKET, bucket_arn, export, imported, sub
from deploy.parts.conditions import either, only_if, text
from deploy.parts.log_groups import add_flow_log
from deploy.policies import allow, document

ZONES: Final = 3
INTERFACES: Final = ("kinesis-streams", "ecr.api", "ecr.dkr", "logs", "secretsmanager")
"""The services that tasks and ECS call; S3 and DynamoDB have gateways, and those who use our keys do it for tasks."""
HTTPS: Final = 443


@dataclass(frozen=True, slots=True)
class Network:
    """Where tasks and the balancer stand, by the exports of the network stack.

    Attributes:
        vpc: the id of the VPC.
        cidr: its addresses.
        subnets: of the tasks.
        front_subnets: of the balancer.
        scheme: of the balancer: `internal` or `internet-facing`.
    """

    vpc: str
    cidr: str
    subnets: Any
    front_subnets: Any
    scheme: str


def the_network() -> Network:
    """The network, for the stacks whose tasks stand in it."""
    subnets, front_subnets = (Fn.split(",", imported(name)) for name in ("Subnets", "FrontSubnets"))
    return Network(imported("Vpc"), imported("VpcCidr"), subnets, front_subnets, imported("Scheme"))


@dataclass(frozen=True, slots=True)
class Given:
    """The parameters that say where to stand."""

    vpc: CfnParameter
    cidr: CfnParameter
    subnets: CfnParameter
    front_subnets: CfnParameter
    scheme: CfnParameter


def add_network(stack: Stack, asked: Given, key: str) -> None:
    """Add the VPC and its endpoints, where none is given, and export where to stand."""
    none_given: Any = Fn.condition_equals(asked.vpc.value_as_string, "")
    made = CfnCondition(stack, "MakesVpc", expression=none_given)
    both: Any = Fn.condition_and(made, Fn.condition_equals(asked.scheme.value_as_string, "internet-facing"))
    opens = CfnCondition(stack, "MakesPublicSubnets", expression=both)
    vpc: Any = ec2.CfnVPC(
        stack, "Vpc", cidr_block=asked.cidr.value_as_string, enable_dns_hostnames=True, enable_dns_support=True
    )
    table: Any = ec2.CfnRouteTable(stack, "Routes", vpc_id=vpc.ref)
    only_if(made, vpc, table)
    inside = [_subnet(stack, f"Subnet{zone}", vpc, zone, zone, table, made) for zone in range(ZONES)]
    outside = _public_subnets(stack, vpc, opens)
    add_flow_log(stack, vpc, made, key)
    _add_endpoints(stack, vpc, table, [each.ref for each in inside], made)
    subnets = either(made, [each.ref for each in inside], asked.subnets.value_as_list)
    given_front = either(made, [each.ref for each in inside], asked.front_subnets.value_as_list)
    front_subnets = either(opens, [each.ref for each in outside], given_front)
    export(stack, "Vpc", text(either(made, vpc.ref, asked.vpc.value_as_string)))
    export(stack, "VpcCidr", asked.cidr.value_as_string)
    export(stack, "Subnets", text({"Fn::Join": [",", subnets]}))
    export(stack, "FrontSubnets", text({"Fn::Join": [",", front_subnets]}))
    export(stack, "Scheme", asked.scheme.value_as_string)


def security_group(stack: Stack, name: str, network: Network, purpose: str) -> Any:
    """A security group that lets nothing in; who may come in is said where it is known."""
    everywhere = ec2.CfnSecurityGroup.EgressProperty(
        ip_protocol="tcp", from_port=HTTPS, to_port=HTTPS, cidr_ip="0.0.0.0/0", description="AWS, by endpoints"
    )
    return ec2.CfnSecurityGroup(
        stack, name, vpc_id=network.vpc, group_description=purpose, security_group_egress=[everywhere]
    )


def let_in(stack: Stack, name: str, group: Any, port: int, *, source: Any = None, cidr: Any = None, why: str) -> None:
    """Let a security group, or a range of addresses, reach a port of a group."""
    ec2.CfnSecurityGroupIngress(
        stack,
        name,
        group_id=group.attr_group_id,
        ip_protocol="tcp",
        from_port=port,
        to_port=port,
        source_security_group_id=None if source is None else source.attr_group_id,
        cidr_ip=cidr,
        description=why,
    )


def _subnet(stack: Stack, name: str, vpc: Any, zone: int, block: int, table: Any, condition: CfnCondition) -> Any:
    subnet: Any = ec2.CfnSubnet(
        stack,
        name,
        vpc_id=vpc.ref,
        availability_zone=Fn.select(zone, Fn.get_azs("")),
        cidr_block=Fn.select(block, Fn.cidr(vpc.attr_cidr_block, 2 * ZONES, "12")),
        map_public_ip_on_launch=False,
    )
    routed = ec2.CfnSubnetRouteTableAssociation(
        stack, f"{name}Routes", route_table_id=table.ref, subnet_id=subnet.ref
    )
    only_if(condition, subnet, routed)
    return subnet


def _public_subnets(stack: Stack, vpc: Any, opens: CfnCondition) -> list[Any]:
    """Subnets for a balancer that the internet reaches. No task stands in them."""
    gateway: Any = ec2.CfnInternetGateway(stack, "InternetGateway")
    attached = ec2.CfnVPCGatewayAttachment(
        stack, "InternetGatewayAttached", vpc_id=vpc.ref, internet_gateway_id=gateway.ref
    )
    table: Any = ec2.CfnRouteTable(stack, "FrontRoutes", vpc_id=vpc.ref)
    route = ec2.CfnRoute(
        stack,
        "FrontRoute",
        route_table_id=table.ref,
        destination_cidr_block="0.0.0.0/0",
        gateway_id=gateway.ref,
    )
    route.add_resource_dependency(attached)
    only_if(opens, gateway, attached, table, route)
    return [_subnet(stack, f"FrontSubnet{zone}", vpc, zone, ZONES + zone, table, opens) for zone in range(ZONES)]


def _add_endpoints(stack: Stack, vpc: Any, table: Any, subnets: list[Any], made: CfnCondition) -> None:
    """Ways to AWS that never leave its network. By S3's nothing of ours gets into a bucket of somebody else."""
    ours = {"StringEquals": {"aws:PrincipalAccount": sub("${AWS::AccountId}")}}
    buckets = [bucket_arn(bucket, keys) for bucket in (LAKE_BUCKET, FILES_BUCKET) for keys in ("", "*")]
    layers = sub("arn:${AWS::Partition}:s3:::prod-${AWS::Region}-starport-layer-bucket/*")
    policies = {
        "s3": document(
            {**allow("s3:*", buckets, **ours), "Principal": "*"},
            {**allow("s3:GetObject", layers), "Principal": "*"},
        ),
        "dynamodb": document({**allow("dynamodb:*", "*", **ours), "Principal": "*"}),
    }
    for service, policy in policies.items():
        only_if(
            made,
            ec2.CfnVPCEndpoint(
                stack,
                f"{service.capitalize()}Endpoint",
                vpc_id=vpc.ref,
                service_name=sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                route_table_ids=[table.ref],
                policy_document=policy,
            ),
        )
    group: Any = ec2.CfnSecurityGroup(
        stack,
        "EndpointGroup",
        vpc_id=vpc.ref,
        group_description="Endpoints of AWS services",
        security_group_ingress=[
            ec2.CfnSecurityGroup.IngressProperty(
                ip_protocol="tcp", from_port=HTTPS, to_port=HTTPS, cidr_ip=vpc.attr_cidr_block, description="Tasks"
            )
        ],
    )
    only_if(made, group)
    for service in INTERFACES:
        name = "".join(part.capitalize() for part in service.replace(".", "-").split("-"))
        only_if(
            made,
            ec2.CfnVPCEndpoint(
                stack,
                f"{name}Endpoint",
                vpc_id=vpc.ref,
                vpc_endpoint_type="Interface",
                service_name=sub(f"com.amazonaws.${{AWS::Region}}.{service}"),
                subnet_ids=subnets,
                security_group_ids=[group.attr_group_id],
                private_dns_enabled=True,
            ),
        )
