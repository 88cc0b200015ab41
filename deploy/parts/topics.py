"""Where alarms go: a topic of tickets, the topic of whoever is woken, and a budget."""

from dataclasses import dataclass
from typing import Any

from aws_cdk import CfnCondition, CfnParameter, Fn, Stack
from aws_cdk import aws_budgets as budgets
from aws_cdk import aws_sns as sns

from deploy.names import sub
from deploy.parts.conditions import either, given, only_if, text
from deploy.policies import by_anyone, deny, document, of_service


@dataclass(frozen=True, slots=True)
class Topics:
    """The ARNs of the topics."""

    tickets: str
    pages: str


def add_topics(stack: Stack, email: CfnParameter, page_topic: CfnParameter, key: str) -> Topics:
    """Add the topic of tickets, with its readers by mail; pages go there, too, where no other topic is given."""
    has_mail, has_pages = given(stack, "HasMail", email), given(stack, "HasPageTopic", page_topic)
    topic: Any = sns.CfnTopic(stack, "Tickets", topic_name=sub("${Prefix}-tickets"), kms_master_key_id=key)
    sns.CfnTopicPolicy(
        stack,
        "TicketsPolicy",
        topics=[topic.ref],
        policy_document=document(
            *(
                {
                    **of_service(
                        service, "sns:Publish", StringEquals={"aws:SourceAccount": sub("${AWS::AccountId}")}
                    ),
                    "Resource": topic.ref,
                }
                for service in ("cloudwatch.amazonaws.com", "events.amazonaws.com")
            ),
            by_anyone(deny("sns:Publish", topic.ref, Bool={"aws:SecureTransport": "false"}), "TlsOnly"),
        ),
    )
    mail = sns.CfnSubscription(
        stack, "TicketsMail", topic_arn=topic.ref, protocol="email", endpoint=email.value_as_string
    )
    only_if(has_mail, mail)
    return Topics(topic.ref, text(either(has_pages, page_topic.value_as_string, topic.ref)))


def add_budget(stack: Stack, dollars: CfnParameter, email: CfnParameter) -> None:
    """Add a budget of the account; it tells by mail when the month's forecast is above it."""
    asked: Any = Fn.condition_and(
        Fn.condition_not(Fn.condition_equals(dollars.value_as_string, "0")),
        Fn.condition_not(Fn.condition_equals(email.value_as_string, "")),
    )
    exists = CfnCondition(stack, "HasBudget", expression=asked)
    told = budgets.CfnBudget.NotificationWithSubscribersProperty(
        notification=budgets.CfnBudget.NotificationProperty(
            comparison_operator="GREATER_THAN",
            notification_type="FORECASTED",
            threshold=100,
            threshold_type="PERCENTAGE",
        ),
        subscribers=[budgets.CfnBudget.SubscriberProperty(subscription_type="EMAIL", address=email.value_as_string)],
    )
    budget = budgets.CfnBudget(
        stack,
        "Budget",
        budget=budgets.CfnBudget.BudgetDataProperty(
            budget_name=sub("${Prefix}-month"),
            budget_type="COST",
            time_unit="MONTHLY",
            budget_limit=budgets.CfnBudget.SpendProperty(amount=dollars.value_as_number, unit="USD"),
        ),
        notifications_with_subscribers=[told],
    )
    only_if(exists, budget)
