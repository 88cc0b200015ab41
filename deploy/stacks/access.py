"""The stack of who may do what: the roles of all processes, apart, so that whoever answers for rights deploys it."""

from aws_cdk import App, Stack

from deploy.names import export, prefix
from deploy.parts.functions import add_function_roles
from deploy.parts.key_secrets import secret_arn
from deploy.parts.processes import OPERATOR, processes
from deploy.parts.roles import add_roles
from deploy.stacks.plain import plain_stack


def access_stack(app: App) -> Stack:
    """The stack."""
    stack = plain_stack(app, "access", "txn-api: the roles of its processes, each with the calls that it makes")
    prefix(stack)
    for process in (*processes(), OPERATOR):
        for role in add_roles(stack, process, [secret_arn(secret) for secret in process.secrets]):
            export(stack, f"{role.node.id}Arn", role.attr_arn)
    for role in add_function_roles(stack):
        export(stack, f"{role.node.id}Arn", role.attr_arn)
    return stack
