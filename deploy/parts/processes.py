"""The processes that are deployed: the API, a worker for each drain, the ingest worker, the operator's task."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from deploy.names import ALERTS_STREAM, FILES_BUCKET, LAKE_BUCKET, STREAM, sub
from deploy.parts import rights
from deploy.parts.key_secrets import (
    CARD_KEYS,
    CURSOR_KEY,
    DEAD_LETTER_KEY,
    IDENTITY_KEY,
    INGEST_API_KEYS,
    INGEST_KEY,
    KeySecret,
)
from deploy.parts.rights import Rights
from txn_core import drains

API_PORT: Final = 8080
METRICS_PORT: Final = 9100

KEPT_DAYS: Final = "index_kept_days"
"""A setting that is left out where the index is kept for ever."""

OF_STORES: Final = {
    "target": "aws",
    "stream": STREAM,
    "table_prefix": "${Prefix}",
    "bucket": LAKE_BUCKET,
    "bucket_owner": "${AWS::AccountId}",
    "emf": "true",
    "emf_namespace": "${Prefix}",
    "log_level": "${LogLevel}",
}
"""What every process is told of the system that it belongs to."""
_COMMON: Final = {
    **OF_STORES,
    "alerts_stream": ALERTS_STREAM,
    "index_generation": "${IndexGeneration}",
    KEPT_DAYS: "${KeepIndexDays}",
}
_OF_WORKERS: Final = {**_COMMON, "worker_metrics_port": str(METRICS_PORT), "worker_metrics_host": "0.0.0.0"}  # noqa: S104 - its security group lets nobody in


@dataclass(frozen=True, slots=True)
class Process:
    """One kind of process.

    Attributes:
        name: in names of services, roles and log groups.
        command: of the image, behind `txn`.
        cpu: units of Fargate; 1,024 are a core.
        memory: MiB.
        secrets: the secrets that it gets as settings.
        environment: its other settings, as texts of `Fn::Sub`.
        least: tasks that run at least, as a default of the parameter.
        most: the same at most.
        serves: whether it is the one that clients reach.
        lag_metric: the metric by which there are more of it, in seconds.
        is_asked: whether ECS asks it for its health; a process that ends by itself is not asked.
    """

    name: str
    command: tuple[str, ...]
    rights: Rights
    secrets: tuple[KeySecret, ...]
    cpu: int = 1_024
    memory: int = 2_048
    environment: Mapping[str, str] = field(default_factory=dict)
    least: int = 1
    most: int = 4
    serves: bool = False
    lag_metric: str | None = None
    is_asked: bool = True

    @property
    def id(self) -> str:
        """The beginning of its resources' names in the template."""
        return "".join(part.capitalize() for part in self.name.split("-"))

    @property
    def settings(self) -> dict[str, Any]:
        """The settings of its environment, filled in by CloudFormation."""
        return {name: sub(value) for name, value in self.environment.items()}


def log_name(process: Process) -> str:
    """The name of the log group of a process, as a text of `Fn::Sub`."""
    return f"/txn/${{Prefix}}/{process.name}"


def settings_file(process: Process) -> str:
    """The key of the file with further settings of a process, in the bucket of the lake."""
    return f"settings/{process.name}.env"


def processes() -> tuple[Process, ...]:
    """All that run all the time."""
    return (_API, *(_worker(drain) for drain in drains.names()), _INGEST)


def index_function() -> Process:
    """The index where Lambda runs it; the command is the handler."""
    return Process(
        drains.INDEX.name,
        ("workers.lambdas.index_function.handler",),
        rights.OF_DRAINS[drains.INDEX.name],
        (DEAD_LETTER_KEY,),
        environment=_COMMON,
    )


def files_function() -> Process:
    """What takes in clients' files where Lambda runs it; the command is the handler."""
    return Process(
        "files",
        ("workers.lambdas.files_function.handler",),
        rights.INGEST,
        _INGEST.secrets,
        environment={**_COMMON, **_OF_FILES},
    )


def _worker(drain: str) -> Process:
    """The worker of a drain. A drain without rights cannot be deployed: say them in `rights.py`."""
    memory, secrets = _OF_DRAINS.get(drain, (2_048, (DEAD_LETTER_KEY,)))
    return Process(
        drain,
        ("worker", drain),
        rights.OF_DRAINS[drain],
        secrets,
        memory=memory,
        environment=_OF_WORKERS,
        least=0 if drains.REGISTRY[drain].extra else 1,
        lag_metric=f"txn_{drain}_lag_seconds",
    )


_OF_DRAINS: Final = {
    drains.SCORE.name: (4_096, (DEAD_LETTER_KEY, CARD_KEYS, IDENTITY_KEY)),
    drains.ARCHIVE.name: (4_096, (DEAD_LETTER_KEY,)),
}
_API: Final = Process(
    "api",
    ("api",),
    rights.API,
    (CARD_KEYS, IDENTITY_KEY, CURSOR_KEY, DEAD_LETTER_KEY),
    environment={**_COMMON, "api_host": "0.0.0.0", "api_port": str(API_PORT), "metrics_need_admin": "true"},  # noqa: S104 - its security group lets the balancer in
    least=3,
    most=12,
    serves=True,
)
_OF_FILES: Final = {"ingest_bucket": FILES_BUCKET, "ingest_api_url": "${IngestApiUrl}"}
_INGEST: Final = Process(
    "ingest",
    ("worker", "ingest"),
    rights.INGEST,
    (INGEST_KEY, INGEST_API_KEYS),
    environment={**_OF_WORKERS, **_OF_FILES},
    least=0,
)
OPERATOR: Final = Process(
    "operator", ("bootstrap",), rights.OPERATOR, (), cpu=256, memory=512, environment=_COMMON, is_asked=False
)
"""What an operator runs once: `txn bootstrap`. API keys are made elsewhere: no log may show them."""
