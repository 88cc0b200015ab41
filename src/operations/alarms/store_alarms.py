"""The alarms of stores, rights, the front, logs and the deployment, and the heartbeat of each kind of process."""

from collections.abc import Iterator
from typing import Final

from operations.alarms.alarm import Alarm, minutes, within
from operations.alarms.drain_alarms import LAG_S_MAX, service_of
from operations.alarms.expressions import ZONES, AwsMetric, Lowest, OwnMetric, Placeholder, Total
from operations.runbook import store_entries as entry

HEARTBEATS: Final = {
    "api": "txn_http_requests_in_flight",
    **{service_of(drain): f"txn_{drain}_leases_owned" for drain in LAG_S_MAX},
    "worker-ingest": "txn_ingest_folders_without_key",
    "insight": "txn_insight_waiting",
    "warehouse": "txn_warehouse_running",
}
"""By kind of process, a gauge that each of its processes gives at any time."""
PREFIXES: Final = {"api": "txn_api", **{service_of(drain): f"txn_{drain}" for drain in LAG_S_MAX}}
"""By kind of process, how the names of the metrics begin that all of these kinds have."""

_TARGET_GROUPS: Final[tuple[Placeholder, ...]] = ("TargetGroup", "OtherTargetGroup")


def of_processes() -> Iterator[Alarm]:
    """Whether each kind of process says anything, and whether its log is whole."""
    for service, gauge in HEARTBEATS.items():
        yield Alarm(
            f"{_name(service)}_heartbeat",
            "ticket" if service in {"insight", "warehouse"} else "page",
            entry.HEARTBEAT,
            f"No process of the kind {service} says anything.",
            Total((OwnMetric(gauge, "SampleCount", service),)),
            1,
            minutes(3),
            services=(service,),
            over=False,
            missing="breaching",
        )
    dropped = Total(tuple(OwnMetric(f"{start}_log_lines_dropped_total", "Sum", of) for of, start in PREFIXES.items()))
    summary = "Log lines are missing, since nobody took them in time."
    yield Alarm("log_lines_dropped", "ticket", entry.LOG_LINES_DROPPED, summary, dropped, 0, within(5))


def of_stores() -> Iterator[Alarm]:
    """Whether DynamoDB and S3 answer, and whether they and the others let us."""
    for service in PREFIXES:
        yield Alarm(
            f"{_name(service)}_tables_throttled",
            "ticket",
            entry.TABLES_THROTTLED,
            f"DynamoDB throttles calls of {service}.",
            _failed_call("dynamodb_throttled", service),
            0,
            minutes(3, of=5),
            services=(service,),
        )
    for store in ("dynamodb", "s3"):
        yield Alarm(
            f"{store}_failing",
            "ticket",
            entry.STORES_FAILING,
            f"More than five calls to {store} failed within five minutes.",
            Total(tuple(_failed_call(f"{store}_failed", service) for service in PREFIXES)),
            5,
            within(5),
        )
    denied = Total(tuple(_failed_call("denied", service) for service in PREFIXES))
    summary = "AWS refuses calls of our processes for want of a right."
    yield Alarm("calls_denied", "ticket", entry.CALLS_DENIED, summary, denied, 0, within(5))


def of_deployment() -> Iterator[Alarm]:
    """What AWS alone knows."""
    yield Alarm(
        "zone_without_targets",
        "page",
        entry.ZONE_WITHOUT_TARGETS,
        "An availability zone has no healthy process of the API.",
        Lowest(
            "AvailabilityZone",
            tuple(tuple(_healthy_hosts(group, zone) for group in _TARGET_GROUPS) for zone in ZONES),
        ),
        1,
        minutes(3),
        services=("front",),
        over=False,
    )
    yield Alarm(
        "certificate",
        "ticket",
        entry.CERTIFICATE,
        "The front's certificate ends in less than 30 days.",
        AwsMetric("AWS/CertificateManager", "DaysToExpiry", "Minimum", (("CertificateArn", "Certificate"),)),
        30,
        within(1440),
        services=("certificate",),
        over=False,
    )
    summary = "The stream, a table, the key or the bucket was changed by hand, or a stack was deleted."
    matched = AwsMetric("AWS/Events", "TriggeredRules", "Sum", (("RuleName", "ChangeRule"),))
    yield Alarm("changed_by_hand", "page", entry.CHANGED_BY_HAND, summary, matched, 0, within(5))


def _healthy_hosts(group: Placeholder, zone: Placeholder) -> AwsMetric:
    dimensions: tuple[tuple[str, Placeholder], ...] = (
        ("LoadBalancer", "LoadBalancer"),
        ("TargetGroup", group),
        ("AvailabilityZone", zone),
    )
    return AwsMetric("AWS/NetworkELB", "HealthyHostCount", "Minimum", dimensions)


def _failed_call(reason: str, service: str) -> OwnMetric:
    return OwnMetric(f"{PREFIXES[service]}_aws_calls_failed_total", "Sum", service, ("reason", reason))


def _name(service: str) -> str:
    return service.replace("-", "_")
