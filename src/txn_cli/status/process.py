"""What a process says of itself over HTTP: whether it is ready, and what it did since it started."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final, get_args

import httpx
from prometheus_client.parser import text_string_to_metric_families

from fraud.registry.active_versions import WANTED_REFUSED
from txn_cli.trust import trust
from txn_core.kinesis.stream_limits import READS_LIMITED, ReadLimit
from txn_core.positions import ShardId

TIMEOUT_S: Final = 2.0
READY_PATH: Final = "/readyz"
METRICS_PATH: Final = "/metrics"
UNREACHABLE: Final = "no answer"
# By type of metric, the samples that may be added up.
_SUMMED: Final = {"counter": ("_total",), "histogram": ("_count", "_sum")}


@dataclass(frozen=True, slots=True)
class ProcessReadiness:
    """Whether a process can do its work; `why` says what is amiss, and is empty when nothing is."""

    ready: bool
    why: str = ""


@dataclass(frozen=True, slots=True)
class ApiStatus:
    """The API: what it says of itself, and how many requests it answered since its start by class of status (2xx)."""

    url: str
    ready: ProcessReadiness
    answered: dict[str, float]


@dataclass(frozen=True, slots=True)
class IngestStatus:
    """The worker that takes in clients' files: what it says of itself, and its counters by name and label values."""

    ready: ProcessReadiness
    counts: dict[str, float]


@dataclass(frozen=True, slots=True)
class WarehouseStatus:
    """What runs the warehouse: what it says of itself, why the last run failed if it did, and its figures by name."""

    ready: ProcessReadiness
    figures: dict[str, float]

    def at(self, name: str) -> datetime | None:
        """A moment among the figures; None when it has not come yet."""
        seconds = self.figures.get(f"{name}_timestamp_seconds")
        return datetime.fromtimestamp(seconds, UTC) if seconds else None


@dataclass(frozen=True, slots=True)
class WorkerSaid:
    """What a worker says of itself. All but its readiness is empty where it does not answer.

    Attributes:
        counts: its counters by name without the prefix they share.
        limits: what limits its reads, by shard.
        refused: what is wanted of it and what it refuses, such as a model.
    """

    ready: ProcessReadiness | None
    counts: dict[str, float]
    limits: dict[ShardId, ReadLimit]
    refused: tuple[str, ...] = ()


async def warehouse_says(url: str) -> WarehouseStatus:
    """The status of what runs the warehouse, at a base URL."""
    async with _client(url) as client:
        readiness, text = await _readiness(client), await _metrics(client)
    return WarehouseStatus(readiness, parse_labelled("warehouse", text) | parse_gauges("warehouse", text))


async def ingest_says(url: str) -> IngestStatus:
    """The status of the ingest worker at a base URL; its files and rows by what became of them."""
    async with _client(url) as client:
        return IngestStatus(await _readiness(client), parse_labelled("ingest", await _metrics(client)))


async def worker_says(kind: str, url: str) -> WorkerSaid:
    """What a worker of a kind says at a base URL."""
    async with _client(url) as client:
        readiness, text = await _readiness(client), await _metrics(client)
    return WorkerSaid(readiness, parse_counts(kind, text), parse_limits(kind, text), parse_refused(kind, text))


async def api_says(url: str) -> ApiStatus:
    """The status of the API at a base URL."""
    async with _client(url) as client:
        return ApiStatus(url, await _readiness(client), parse_answered(await _metrics(client)))


def parse_counts(kind: str, text: str) -> dict[str, float]:
    """The sums of each counter of a kind of worker over its labels; of a histogram, how many values and their sum."""
    prefix = f"txn_{kind}_"
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        if family.name.startswith(prefix) and (suffixes := _SUMMED.get(family.type)):
            for sample in family.samples:
                if sample.name.endswith(suffixes):
                    name = sample.name.removeprefix(prefix).removesuffix("_total")
                    sums[name] = sums.get(name, 0.0) + sample.value
    return sums


def parse_labelled(kind: str, text: str) -> dict[str, float]:
    """Each counter of a process by its name without the prefix, and the values of its labels: `files_done`."""
    prefix = f"txn_{kind}_"
    return {
        "_".join((family.name.removeprefix(prefix), *sample.labels.values())): sample.value
        for family in text_string_to_metric_families(text)
        if family.name.startswith(prefix) and family.type == "counter"
        for sample in family.samples
        if sample.name.endswith("_total")
    }


def parse_limits(kind: str, text: str) -> dict[ShardId, ReadLimit]:
    """What holds up the reads of each shard where something does, by what a worker of a kind says."""
    return {
        ShardId(sample.labels["shard"]): limit
        for family in text_string_to_metric_families(text)
        if family.name == f"txn_{kind}_{READS_LIMITED}"
        for sample in family.samples
        for limit in get_args(ReadLimit)
        if sample.value and sample.labels["limit"] == limit
    }


def parse_refused(kind: str, text: str) -> tuple[str, ...]:
    """What a worker of a kind refuses of what is wanted, in the order in which the worker names it."""
    return tuple(
        sample.labels["kind"]
        for family in text_string_to_metric_families(text)
        if family.name == f"txn_{kind}_{WANTED_REFUSED}"
        for sample in family.samples
        if sample.value
    )


def parse_gauges(kind: str, text: str) -> dict[str, float]:
    """The gauges without labels of a kind of process."""
    prefix = f"txn_{kind}_"
    return {
        sample.name.removeprefix(prefix): sample.value
        for family in text_string_to_metric_families(text)
        if family.name.startswith(prefix) and family.type == "gauge"
        for sample in family.samples
        if not sample.labels
    }


def parse_answered(text: str) -> dict[str, float]:
    """How many requests the API has answered with each class of status, over all its processes."""
    sums: dict[str, float] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name == "txn_http_requests_total":
                answered_as = f"{sample.labels['status'][:1]}xx"
                sums[answered_as] = sums.get(answered_as, 0.0) + sample.value
    return dict(sorted(sums.items()))


def _client(url: str) -> httpx.AsyncClient:
    return httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S, verify=trust(), trust_env=False)


async def _metrics(client: httpx.AsyncClient) -> str:
    """The metrics as text; empty while they cannot be had."""
    try:
        return (await client.get(METRICS_PATH)).raise_for_status().text
    except httpx.HTTPError:
        return ""


async def _readiness(client: httpx.AsyncClient) -> ProcessReadiness:
    try:
        response = await client.get(READY_PATH)
        checks = response.json()["checks"]
        amiss = [f"{name}: {said}" for name, said in checks.items() if said != "ok"]
    except (httpx.HTTPError, ValueError, LookupError, TypeError, AttributeError):
        return ProcessReadiness(ready=False, why=UNREACHABLE)
    return ProcessReadiness(response.status_code == httpx.codes.OK, "; ".join(amiss))
