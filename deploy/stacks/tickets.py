"""The stack of what can wait for the next working day: the alarms that are tickets, and the dashboard."""

from aws_cdk import App, Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from deploy.names import imported, prefix, sub
from deploy.stacks.plain import plain_stack
from deploy.watching.alarms import add_alarms, alarm_arn, alarm_name, asked_runs, watched, when
from operations.dashboard.cloudwatch_dashboard import dashboard_body


def tickets_stack(app: App) -> Stack:
    """The stack."""
    stack = plain_stack(app, "tickets", "txn-api: the alarms that can wait for the next working day, and a dashboard")
    prefix(stack)
    pages, tickets = watched("page"), watched("ticket")
    runs = asked_runs(stack, (*pages, *tickets))
    add_alarms(stack, tickets, imported("TicketsArn"), runs)
    # An alarm that is not in every deployment would be shown as an error where it is missing.
    always = [alarm_name(alarm) for alarm in (*pages, *tickets) if when(alarm, runs) is None]
    body = dashboard_body(
        namespace="${Prefix}",
        region="${AWS::Region}",
        alarm_arns=[alarm_arn(name) for name in ("${Prefix}-page", *always)],
    )
    cloudwatch.CfnDashboard(stack, "Dashboard", dashboard_name=sub("${Prefix}"), dashboard_body=sub(body))
    return stack
