"""What stands before the API: a network balancer with TLS 1.3, an application balancer, API Gateway, or nothing.

An application balancer's access log, and WAF's log and samples, would hold whole URLs, in which a look-up may carry a
card number. So the first is off, and WAF keeps neither queries nor paths. API Gateway logs what its format says.
"""

from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import CfnCondition, CfnParameter, Fn, Stack
from aws_cdk import aws_elasticloadbalancingv2 as balancers

from deploy.front.api_gateway import add_api_gateway
from deploy.front.firewall import add_firewall
from deploy.parts.conditions import condition, either, only_if, text, texts
from deploy.parts.processes import API_PORT
from deploy.parts.vpc import HTTPS, Network, let_in, security_group

INSIDE: Final = 80
"""The port of the network balancer that API Gateway alone reaches."""
DRAIN_S: Final = 30

_BALANCER: Final = balancers.CfnLoadBalancer
_LISTENER: Final = balancers.CfnListener
_TARGETS: Final = balancers.CfnTargetGroup
_SHIFTS: Final = {"zonal_shift.config.enabled": "true"}
"""Lets an operator take a zone out of the balancer's addresses; without it AWS refuses the shift."""


@dataclass(frozen=True, slots=True)
class Asked:
    """The parameters of the front."""

    kind: CfnParameter
    certificate: CfnParameter
    tls_policy: CfnParameter
    clients: CfnParameter


@dataclass(frozen=True, slots=True)
class Front:
    """What the API's service needs to know of it.

    Attributes:
        exists: whether there is a balancer.
        targets: the target group of the version that serves.
        other_targets: the target group of the next version.
        listener: what a deployment moves from one group to the other.
        has_nlb: whether the balancer is a network balancer.
        ends_tls: whether the balancer has the certificate.
        names: of the network balancer and its target groups, as CloudWatch knows them.
    """

    exists: CfnCondition
    targets: Any
    other_targets: Any
    listener: Any
    has_nlb: CfnCondition
    ends_tls: CfnCondition
    names: dict[str, Any]


def add_front(stack: Stack, asked: Asked, network: Network, tasks: Any, key: str) -> Front:
    """Add all of it; each part is made where the parameter asks for it."""
    is_nlb, is_alb = condition(stack, "IsNlb", asked.kind, "nlb"), condition(stack, "IsAlb", asked.kind, "alb")
    is_gateway, is_none = (
        condition(stack, "IsApigw", asked.kind, "apigw"),
        condition(stack, "IsAlone", asked.kind, "none"),
    )
    exists = CfnCondition(stack, "HasFront", expression=Fn.condition_not(is_none))
    flat: Any = Fn.condition_or(is_nlb, is_gateway)
    is_flat = CfnCondition(stack, "HasNlb", expression=flat)
    group = _group(stack, network, asked, tasks, exists, is_none, is_gateway)
    targets = [_target_group(stack, name, network, is_alb) for name in ("Targets", "OtherTargets")]
    only_if(exists, *targets)

    nlb: Any = _BALANCER(
        stack,
        "Nlb",
        type="network",
        scheme=text(either(is_nlb, network.scheme, "internal")),
        subnets=texts(either(is_nlb, network.front_subnets, network.subnets)),
        security_groups=[group.attr_group_id],
        load_balancer_attributes=_attributes(_SHIFTS),
    )
    alb: Any = _BALANCER(
        stack,
        "Alb",
        type="application",
        scheme=network.scheme,
        subnets=network.front_subnets,
        security_groups=[group.attr_group_id],
        load_balancer_attributes=_attributes(
            {
                "access_logs.s3.enabled": "false",
                "connection_logs.s3.enabled": "false",
                "routing.http.drop_invalid_header_fields.enabled": "true",
                "routing.http.desync_mitigation_mode": "strictest",
                "idle_timeout.timeout_seconds": "65",
                **_SHIFTS,
            }
        ),
    )
    certificates = [_LISTENER.CertificateProperty(certificate_arn=asked.certificate.value_as_string)]
    tls = {"port": HTTPS, "certificates": certificates, "ssl_policy": asked.tls_policy.value_as_string}
    nlb_listener = _listener(stack, "NlbListener", nlb, targets[0], protocol="TLS", **tls)
    inside_listener = _listener(stack, "InsideListener", nlb, targets[0], protocol="TCP", port=INSIDE)
    alb_listener = _listener(stack, "AlbListener", alb, targets[0], protocol="HTTPS", **tls)
    rule: Any = balancers.CfnListenerRule(
        stack,
        "AlbRule",
        listener_arn=alb_listener.ref,
        priority=1,
        actions=[balancers.CfnListenerRule.ActionProperty(type="forward", target_group_arn=targets[0].ref)],
        conditions=[balancers.CfnListenerRule.RuleConditionProperty(field="path-pattern", values=["/*"])],
    )
    only_if(is_flat, nlb)
    only_if(is_nlb, nlb_listener)
    only_if(is_gateway, inside_listener)
    only_if(is_alb, alb, alb_listener, rule)
    add_firewall(stack, alb, is_alb, key)
    add_api_gateway(stack, inside_listener, network, group, is_gateway, key)
    return Front(
        exists=exists,
        targets=targets[0].ref,
        other_targets=targets[1].ref,
        listener=either(is_alb, rule.ref, either(is_nlb, nlb_listener.ref, inside_listener.ref)),
        has_nlb=is_flat,
        ends_tls=condition(stack, "EndsTls", asked.kind, "nlb", "alb"),
        names={
            "LoadBalancer": nlb.attr_load_balancer_full_name,
            "TargetGroup": targets[0].attr_target_group_full_name,
            "OtherTargetGroup": targets[1].attr_target_group_full_name,
        },
    )


def _group(
    stack: Stack,
    network: Network,
    asked: Asked,
    tasks: Any,
    exists: CfnCondition,
    is_none: CfnCondition,
    is_gateway: CfnCondition,
) -> Any:
    """The balancer's security group: clients reach it, it reaches the API, and nobody else reaches the API."""
    group = security_group(stack, "FrontGroup", network, "The balancer of the API")
    group.add_property_override(
        "SecurityGroupEgress",
        [
            {
                "IpProtocol": "tcp",
                "FromPort": port,
                "ToPort": port,
                "CidrIp": network.cidr,
                "Description": "Tasks and the balancer itself",
            }
            for port in (INSIDE, API_PORT)
        ],
    )
    only_if(exists, group)
    let_in(stack, "FromClients", group, HTTPS, cidr=asked.clients.value_as_string, why="Clients")
    let_in(stack, "FromGateway", group, INSIDE, source=group, why="The link of API Gateway")
    let_in(stack, "FromFront", tasks, API_PORT, source=group, why="The balancer")
    let_in(stack, "FromNetwork", tasks, API_PORT, cidr=network.cidr, why="Whatever stands before the API instead")
    for name, test in {
        "FromClients": exists,
        "FromGateway": is_gateway,
        "FromFront": exists,
        "FromNetwork": is_none,
    }.items():
        only_if(test, stack.node.find_child(name))
    return group


def _attributes(values: dict[str, str]) -> Any:
    return [_BALANCER.LoadBalancerAttributeProperty(key=name, value=value) for name, value in values.items()]


def _target_group(stack: Stack, name: str, network: Network, is_alb: CfnCondition) -> Any:
    return _TARGETS(
        stack,
        name,
        vpc_id=network.vpc,
        target_type="ip",
        port=API_PORT,
        protocol=text(either(is_alb, "HTTP", "TCP")),
        health_check_protocol="HTTP",
        health_check_path="/healthz",
        health_check_interval_seconds=10,
        health_check_timeout_seconds=5,
        healthy_threshold_count=2,
        unhealthy_threshold_count=3,
        target_group_attributes=[
            _TARGETS.TargetGroupAttributeProperty(key="deregistration_delay.timeout_seconds", value=str(DRAIN_S))
        ],
    )


def _listener(stack: Stack, name: str, balancer: Any, targets: Any, **more: Any) -> Any:
    forward = _LISTENER.ActionProperty(type="forward", target_group_arn=targets.ref)
    return _LISTENER(stack, name, load_balancer_arn=balancer.ref, default_actions=[forward], **more)
