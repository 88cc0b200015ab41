"""WAF before the application balancer: known bad addresses and inputs, and floods. It keeps no URLs."""

from typing import Any, Final

from aws_cdk import CfnCondition, Stack
from aws_cdk import aws_wafv2 as waf

from deploy.names import arn
from deploy.parts.conditions import only_if
from deploy.parts.log_groups import log_group

REQUESTS_MAX: Final = 2_000_000
"""Requests of one address in five minutes: a back office sends thousands a second."""

LOG: Final = "aws-waf-logs-${Prefix}"
"""WAF writes into groups alone whose names begin so, and does not take their ARNs with the `:*` that they end in."""

_ACL: Final = waf.CfnWebACL
_BLOCKED_ALONE: Final = {
    "DefaultBehavior": "DROP",
    "Filters": [
        {
            "Behavior": "KEEP",
            "Conditions": [{"ActionCondition": {"Action": "BLOCK"}}],
            "Requirement": "MEETS_ANY",
        }
    ],
}


def add_firewall(stack: Stack, balancer: Any, is_alb: CfnCondition, key: str) -> None:
    """Add the rules, their place before the balancer, and a log of what is blocked.

    The log leaves out paths, queries and credentials. No rule samples requests: a sample holds the whole URL. AWS'
    rules for known bad inputs look at bodies, too, which WAF logs in no case.
    """
    acl: Any = _ACL(
        stack,
        "Firewall",
        scope="REGIONAL",
        default_action=_ACL.DefaultActionProperty(allow={}),
        visibility_config=_seen("firewall"),
        rules=[
            _managed("bad-addresses", 0, "AWSManagedRulesAmazonIpReputationList"),
            _managed("known-bad-inputs", 1, "AWSManagedRulesKnownBadInputsRuleSet"),
            _ACL.RuleProperty(
                name="floods",
                priority=2,
                action=_ACL.RuleActionProperty(block={}),
                visibility_config=_seen("floods"),
                statement=_ACL.StatementProperty(
                    rate_based_statement=_ACL.RateBasedStatementProperty(limit=REQUESTS_MAX, aggregate_key_type="IP")
                ),
            ),
        ],
    )
    placed = waf.CfnWebACLAssociation(stack, "FirewallPlace", resource_arn=balancer.ref, web_acl_arn=acl.attr_arn)
    group = log_group(stack, "FirewallLogGroup", LOG, key)
    left_out = waf.CfnLoggingConfiguration.FieldToMatchProperty
    logged = waf.CfnLoggingConfiguration(
        stack,
        "FirewallLog",
        resource_arn=acl.attr_arn,
        log_destination_configs=[arn("logs", f"log-group:{LOG}")],
        logging_filter=_BLOCKED_ALONE,
        redacted_fields=[
            left_out(query_string={}),
            left_out(uri_path={}),
            *(left_out(single_header={"Name": name}) for name in ("authorization", "x-api-key", "idempotency-key")),
        ],
    )
    only_if(is_alb, acl, placed, group, logged)


def _managed(name: str, priority: int, group: str) -> Any:
    """A group of rules that AWS keeps up to date, with the actions that it has by default."""
    return _ACL.RuleProperty(
        name=name,
        priority=priority,
        override_action=_ACL.OverrideActionProperty(none={}),
        visibility_config=_seen(name),
        statement=_ACL.StatementProperty(
            managed_rule_group_statement=_ACL.ManagedRuleGroupStatementProperty(vendor_name="AWS", name=group)
        ),
    )


def _seen(metric: str) -> Any:
    return _ACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=False
    )
