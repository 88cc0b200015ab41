"""Settings of what a process tells about itself: metrics for CloudWatch, and traces."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, Field

from txn_core.loopback import require_safe


def _sent_safely(url: str | None) -> str | None:
    """Refuse a URL on whose way spans could be read."""
    if url is not None:
        require_safe(url)
    return url


class TelemetrySettings(BaseModel):
    """Where metrics and traces go (docs/telemetry.md)."""

    emf: bool = Field(False, description="whether the log has all metrics once a minute for CloudWatch, as EMF")
    emf_namespace: str = Field(
        "txn", pattern="^[A-Za-z0-9._/#:-]{1,255}$", description="CloudWatch namespace of these metrics"
    )
    otlp_traces_url: Annotated[str | None, AfterValidator(_sent_safely)] = Field(
        None,
        description="where spans go, OTLP over HTTP, such as `http://127.0.0.1:4318/v1/traces`; https unless on this "
        "machine; traces are off when absent",
    )
    traces_ratio: float = Field(
        0.01, ge=0, le=1, description="share of requests and batches that are traced, unless their caller says"
    )
