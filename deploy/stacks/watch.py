"""The stack of what wakes somebody: the alarms that page, the topics, changes by hand, a budget."""

from collections.abc import Sequence
from typing import Any, Final

from aws_cdk import App, Stack
from aws_cdk import aws_cloudwatch as cloudwatch

from deploy.names import count, export, parameter, prefix, sub
from deploy.parts.conditions import either, text
from deploy.parts.encryption import data_key
from deploy.stacks.plain import plain_stack
from deploy.watching.alarms import Runs, add_alarms, asked_runs, logical_id, watched, when
from deploy.watching.changes import add_change_rule
from deploy.watching.topics import Topics, add_budget, add_topics
from operations.alarms.alarm import Alarm

COMPOSED_MAX: Final = 100
"""Alarms that CloudWatch takes into one composite alarm."""


def watch_stack(app: App) -> Stack:
    """The stack."""
    stack = plain_stack(app, "watch", "txn-api: the alarms that wake somebody, topics, changes by hand and a budget")
    prefix(stack)
    email = parameter(stack, "AlarmEmail", "Where tickets go by mail; nobody gets any when blank", "")
    pages = parameter(stack, "PageTopic", "Topic (ARN) of whoever is woken; the topic of tickets when blank", "")
    budget = count(stack, "MonthlyBudget", "Dollars a month from which a mail goes out; 0 is off", 0, most=10_000_000)
    runs = asked_runs(stack, watched("page"))
    topics = add_topics(stack, email, pages, data_key())
    export(stack, "TicketsArn", topics.tickets)
    add_budget(stack, budget, email)
    add_change_rule(stack, topics.tickets)
    add_alarms(stack, watched("page"), topics.tickets, runs)
    _add_page(stack, watched("page"), topics, runs)
    return stack


def _add_page(stack: Stack, pages: Sequence[Alarm], topics: Topics, runs: Runs) -> None:
    """Somebody is woken once, however many alarms an incident sets off; the mails of tickets say which."""
    if len(pages) > COMPOSED_MAX:
        raise ValueError(f"{len(pages)} alarms that page: CloudWatch composes {COMPOSED_MAX}")
    terms: list[Any] = []
    for alarm in pages:
        term = sub(f'ALARM("${{{logical_id(alarm)}}}")')
        test = when(alarm, runs)
        terms.append(term if test is None else either(test, term, "FALSE"))
    cloudwatch.CfnCompositeAlarm(
        stack,
        "Page",
        alarm_name=sub("${Prefix}-page"),
        alarm_description="Somebody has to look now: the alarms behind it name their runbook entries",
        alarm_rule=text({"Fn::Join": [" OR ", terms]}),
        alarm_actions=[topics.pages],
        ok_actions=[topics.pages],
    )
