"""API Gateway before the API: an HTTP API whose log names neither path nor query."""

import json
from typing import Any, Final

from aws_cdk import CfnCondition, Stack
from aws_cdk import aws_apigatewayv2 as gateway

from deploy.names import sub
from deploy.parts.conditions import only_if
from deploy.parts.log_groups import log_group
from deploy.parts.network import Network

LOGGED: Final = (
    "requestId",
    "requestTime",
    "httpMethod",
    "routeKey",
    "status",
    "responseLatency",
    "integrationLatency",
)
"""What is logged of a request, by API Gateway's names: nothing that a client writes but the method."""


def add_api_gateway(
    stack: Stack, listener: Any, network: Network, group: Any, is_gateway: CfnCondition, key: str
) -> None:
    """Add the API, which sends every request to the balancer's inner port. Keys are checked by our API."""
    api: Any = gateway.CfnApi(
        stack, "Gateway", name=sub("${Prefix}"), protocol_type="HTTP", description="Requests to txn-api"
    )
    link: Any = gateway.CfnVpcLink(
        stack,
        "GatewayLink",
        name=sub("${Prefix}"),
        subnet_ids=network.subnets,
        security_group_ids=[group.attr_group_id],
    )
    sent: Any = gateway.CfnIntegration(
        stack,
        "GatewayIntegration",
        api_id=api.ref,
        integration_type="HTTP_PROXY",
        integration_method="ANY",
        integration_uri=listener.ref,
        connection_type="VPC_LINK",
        connection_id=link.ref,
        payload_format_version="1.0",
        timeout_in_millis=30_000,
    )
    route = gateway.CfnRoute(
        stack, "GatewayRoute", api_id=api.ref, route_key="$default", target=sub("integrations/${GatewayIntegration}")
    )
    logged = log_group(stack, "GatewayLogGroup", "/txn/${Prefix}/gateway", key)
    stage = gateway.CfnStage(
        stack,
        "GatewayStage",
        api_id=api.ref,
        stage_name="$default",
        auto_deploy=True,
        access_log_settings=gateway.CfnStage.AccessLogSettingsProperty(
            destination_arn=logged.attr_arn,
            format=json.dumps({name: f"$context.{name}" for name in LOGGED}, separators=(",", ":")),
        ),
    )
    only_if(is_gateway, api, link, sent, route, logged, stage)
