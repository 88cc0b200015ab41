"""Lines of a bill for what stands around the processes: the front, endpoints, logs and alarms, keys and secrets."""

from collections.abc import Iterator
from typing import Final

from operations.cost.bill_line import BillLine
from operations.cost.capacity import Capacity
from operations.cost.dynamodb_units import GB
from operations.cost.workload import MONTH_HOURS, MONTH_S, Front, Workload

WIRE_BYTES: Final = 1_900
"""A post and its answer with their headers, assumed; each record of TLS adds little on a connection that is kept."""
POSTS_A_CONNECTION: Final = 100
"""Posts that a client sends on one connection, assumed."""
CONNECTION_S: Final = 75.0
"""How long a connection lives, assumed: as the API keeps one alive."""

_CONNECTIONS_PER_S: Final = {Front.NLB: 50, Front.ALB: 25}
"""New TLS connections a second of one capacity unit (Elastic Load Balancing pricing)."""
_CONNECTIONS: Final = 3_000
"""Connections at once of one capacity unit, of both balancers."""

ENDPOINTS: Final = 5
"""Interface endpoints: Kinesis, ECR twice, Logs, Secrets Manager."""
ZONES: Final = 3
BASE64: Final = 4 / 3
"""Kinesis' JSON carries data as base64."""

FIREWALL_RULES: Final = 3
"""Of WAF, which stands before an application load balancer alone. It logs what it blocks alone."""
GATEWAY_LOG_BYTES: Final = 220
"""What API Gateway logs of each request."""

ALARM_METRICS: Final = 71
"""Metrics that alarms look at, of any front, without the scorer. CloudWatch bills an alarm for each of them."""
SCORE_ALARM_METRICS: Final = 12
FRONT_ALARM_METRICS: Final = {Front.NLB: 7, Front.ALB: 1}
SCALING_ALARMS: Final = 14
"""Target tracking makes two for each of its policies."""
COMPOSITE_ALARMS: Final = 1
METRICS: Final = 200
"""Metrics of our own by service and name, assumed."""
DASHBOARDS: Final = 1
LOG_BYTES_PER_S: Final = 200.0
"""What one task logs, assumed: a line of metrics a minute, and few others; successful requests are not logged."""
KEYS: Final = 2
SECRETS: Final = 6

_NETWORK: Final = "Network"
_CLOUDWATCH: Final = "CloudWatch"
_KMS: Final = "KMS and secrets"


def front_lines(workload: Workload) -> Iterator[BillLine]:
    """What clients connect to. An HTTP API reaches tasks through a VPC link and a network load balancer."""
    front = workload.front
    if front is Front.NONE:
        return
    if front is Front.APIGW:
        yield BillLine("Front", "requests", workload.a_month, "api_gateway_request")
        yield BillLine("Front", "log", workload.a_month * GATEWAY_LOG_BYTES / GB, "log_gb", "assumed")
    balancer = Front.ALB if front is Front.ALB else Front.NLB
    name = "alb_unit_hour" if balancer is Front.ALB else "nlb_unit_hour"
    if front is Front.ALB:
        yield BillLine("Front", "firewall", 1, "firewall_month")
        yield BillLine("Front", "firewall rules", FIREWALL_RULES, "firewall_rule_month")
        yield BillLine("Front", "firewall requests", workload.a_month, "firewall_request")
    yield BillLine("Front", "balancer", MONTH_HOURS, "balancer_hour")
    yield BillLine("Front", "capacity", _capacity_units(workload.rate, balancer) * MONTH_HOURS, name, "assumed")


def fixed_lines(workload: Workload, capacity: Capacity) -> Iterator[BillLine]:
    """Endpoints, CloudWatch, KMS and secrets."""
    through = workload.a_month * capacity.stream.data_bytes * BASE64 * (1 + len(workload.drains))
    logged = sum(capacity.tasks.values()) * LOG_BYTES_PER_S * MONTH_S
    yield BillLine(_NETWORK, "endpoints", ENDPOINTS * ZONES * MONTH_HOURS, "endpoint_hour")
    yield BillLine(_NETWORK, "through endpoints", through / GB, "endpoint_gb")
    yield BillLine(_CLOUDWATCH, "metrics", METRICS, "metric_month", "assumed")
    yield BillLine(_CLOUDWATCH, "alarms", alarm_metrics(workload), "alarm_month")
    yield BillLine(_CLOUDWATCH, "scaling alarms", SCALING_ALARMS, "alarm_month")
    yield BillLine(_CLOUDWATCH, "composite alarms", COMPOSITE_ALARMS, "composite_alarm_month")
    yield BillLine(_CLOUDWATCH, "dashboard", DASHBOARDS, "dashboard_month")
    yield BillLine(_CLOUDWATCH, "logs", logged / GB, "log_gb", "assumed")
    yield BillLine(_KMS, "key", KEYS, "key_month")
    yield BillLine(_KMS, "key requests", capacity.objects * MONTH_S, "key_request", "assumed")
    yield BillLine(_KMS, "secrets", SECRETS, "secret_month")


def alarm_metrics(workload: Workload) -> int:
    """Metrics that the alarms of a deployment look at."""
    of_scorer = SCORE_ALARM_METRICS if workload.scores else 0
    return ALARM_METRICS + of_scorer + FRONT_ALARM_METRICS.get(workload.front, 0)


def _capacity_units(rate: float, balancer: Front) -> float:
    """Capacity units of a balancer: whichever of new connections, connections and GB an hour takes most of them."""
    connections_per_s = rate / POSTS_A_CONNECTION
    return max(
        connections_per_s / _CONNECTIONS_PER_S[balancer],
        connections_per_s * CONNECTION_S / _CONNECTIONS,
        rate * WIRE_BYTES * 3600 / GB,
    )
