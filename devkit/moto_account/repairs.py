"""What moto lacks for templates: intrinsic functions, zones of the own region, types and attributes of balancers."""

import ipaddress
import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, Final

from moto.cloudformation import parsing
from moto.ec2.models import vpcs as ec2
from moto.elbv2 import models as elbv2
from moto.rds import models as rds

as_classmethod: Final[Any] = classmethod  # its types know no functions with further keywords
_DOTTED: Final = re.compile(r"\$\{(\w+)\.(\w+\.\w+)\}")


def repair_functions() -> None:
    """Let templates use `Fn::Cidr`, attributes with a dot in `Fn::Sub`, and `Fn::GetAZs` without a region.

    moto takes the last one for the zones of Virginia, wherever it is asked. And let conditions compare a number with
    its text, as CloudFormation does.
    """
    carried_out = parsing.clean_json

    def clean(given: Any, resources: Any) -> Any:
        if isinstance(given, dict):
            if "Fn::Cidr" in given:
                block, count, bits = (clean(one, resources) for one in given["Fn::Cidr"])
                return list(islice(_blocks(block, int(bits)), int(count)))
            if given.get("Fn::GetAZs", True) == "":
                given = {"Fn::GetAZs": {"Ref": "AWS::Region"}}
            if "Fn::GetAZs" in given:
                given = {"Fn::GetAZs": clean(given["Fn::GetAZs"], resources)}
            if isinstance(text := given.get("Fn::Sub"), str):
                given = {"Fn::Sub": _DOTTED.sub(lambda found: attribute(found, resources), text)}
        return carried_out(given, resources)

    def attribute(found: re.Match[str], resources: Any) -> str:
        return str(clean({"Fn::GetAtt": [found[1], found[2]]}, resources))

    judged = parsing.parse_condition

    def equal(given: Any, resources: Any, conditions: Any) -> Any:
        if isinstance(given, dict) and "Fn::Equals" in given:
            left, right = (str(clean(one, resources)) for one in given["Fn::Equals"])
            return left == right
        return judged(given, resources, conditions)

    parsing.clean_json = clean
    parsing.parse_condition = equal


def _blocks(block: str, bits: int) -> Iterator[str]:
    network = ipaddress.ip_network(block)
    return map(str, network.subnets(new_prefix=network.max_prefixlen - bits))


def repair_balancers() -> None:
    """Let balancers have their type, and balancers and target groups the names that metrics know them by."""
    balancer, group = elbv2.FakeLoadBalancer, elbv2.FakeTargetGroup

    def create(_cls: Any, name: str, element: Any, account: str, region: str, **_: object) -> Any:
        properties = element["Properties"]
        return elbv2.elbv2_backends[account][region].create_load_balancer(
            name,
            properties.get("SecurityGroups", []),
            properties.get("Subnets"),
            scheme=properties.get("Scheme", "internet-facing"),
            loadbalancer_type=properties.get("Type", "application"),
        )

    def of_balancer(made: Any, attribute: str) -> Any:
        known = {
            "DNSName": made.dns_name,
            "LoadBalancerName": made.name,
            "LoadBalancerFullName": made.arn.partition("loadbalancer/")[2],
            "LoadBalancerArn": made.arn,
            "SecurityGroups": made.security_groups,
        }
        return known[attribute]

    def of_group(made: Any, attribute: str) -> Any:
        known = {
            "TargetGroupName": made.name,
            "TargetGroupFullName": made.arn.rpartition(":")[2],
            "TargetGroupArn": made.arn,
            "LoadBalancerArns": made.load_balancer_arns,
        }
        return known[attribute]

    balancer.create_from_cloudformation_json = as_classmethod(create)
    for model, attribute_of in ((balancer, of_balancer), (group, of_group)):
        model.get_cfn_attribute = attribute_of
        model.has_cfn_attr = classmethod(lambda _cls, _attribute: True)


def repair_databases() -> None:
    """Let `Ref` of a group of parameters give its name."""
    rds.DBParameterGroup.physical_resource_id = property(lambda made: made.name)


def repair_endpoints() -> None:
    """Let an endpoint of a network be a gateway where its template does not say what it is."""
    made = ec2.VPCEndPoint.create_from_cloudformation_json.__func__

    def create(cls: Any, name: str, element: Any, account: str, region: str, **more: Any) -> Any:
        properties = {"VpcEndpointType": "Gateway", **element["Properties"]}
        return made(cls, name, {**element, "Properties": properties}, account, region, **more)

    ec2.VPCEndPoint.create_from_cloudformation_json = as_classmethod(create)


def repair_outputs() -> None:
    """Let outputs have conditions: one whose condition is false is none."""

    def outputs(made: Any) -> dict[str, Any]:
        conditions = made._resource_map.lazy_condition_map  # noqa: SLF001 - moto shows it nowhere else
        given = made.__dict__["given_outputs"] or {}
        return {
            name: output
            for name, output in given.items()
            if "Condition" not in output or conditions[output["Condition"]]
        }

    def keep(made: Any, given: Any) -> None:
        made.__dict__["given_outputs"] = given

    parsing.OutputMap._output_json_map = property(outputs, keep)  # noqa: SLF001 - the same
