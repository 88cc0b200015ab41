"""The stack of where all of it stands: a VPC that is made, or one that is given."""

from aws_cdk import App, Stack

from deploy.names import choice, parameter, prefix
from deploy.parts.encryption import data_key
from deploy.parts.network import Given, add_network
from deploy.stacks.plain import plain_stack


def network_stack(app: App) -> Stack:
    """The stack."""
    stack = plain_stack(app, "network", "txn-api: a VPC of three zones without NAT, or the one that is given")
    prefix(stack)
    lists = {"kind": "CommaDelimitedList"}
    asked = Given(
        scheme=choice(stack, "Scheme", "Who may find the balancer", ("internal", "internet-facing")),
        cidr=parameter(stack, "VpcCidr", "Addresses of the VPC, made or given", "10.40.0.0/16"),
        vpc=parameter(stack, "VpcId", "A VPC to stand in; without it one is made", ""),
        subnets=parameter(stack, "SubnetIds", "Subnets of a given VPC for the tasks, with ways to AWS", "", **lists),
        front_subnets=parameter(stack, "FrontSubnetIds", "Subnets of a given VPC for the balancer", "", **lists),
    )
    add_network(stack, asked, data_key())
    return stack
