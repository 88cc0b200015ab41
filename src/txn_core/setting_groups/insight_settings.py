"""Settings of the insight service: its port, who may ask it from a browser and where, what a question may take."""

from pydantic import BaseModel, Field


class InsightSettings(BaseModel):
    """What the process that answers questions to the warehouse is bound by."""

    insight_host: str = Field("127.0.0.1", description="address the insight service binds (docs/insight.md)")
    insight_port: int = Field(8090, ge=0, le=65535, description="port the insight service binds")
    insight_origin: str | None = Field(
        None,
        pattern=r"^https?://[A-Za-z0-9.\-\[\]:]+$",
        description="origin of the pages that may ask the insight service from a browser (CORS), such as "
        "`https://transactions.internal`; no page may when absent",
    )
    insight_url: str | None = Field(
        None,
        max_length=256,
        pattern=r"^https?://[A-Za-z0-9]([A-Za-z0-9.\-]*[A-Za-z0-9])?(:[0-9]{1,5})?$",
        description="where browsers reach the insight service, for the API's pages: scheme, name and port, such as "
        "`https://insight.internal`. The pages say that there is none when absent",
    )
    insight_memory: str = Field(
        "500MB", pattern=r"^[1-9][0-9]*(MB|GB)$", description="memory that DuckDB may take for a question"
    )
    insight_timeout_s: float = Field(10.0, gt=0, le=3600, description="longest time of a question, seconds")
    insight_queries_max: int = Field(
        1, ge=1, le=64, description="questions that the insight service asks of the warehouse at once, a thread each"
    )
    insight_waiting_max: int = Field(
        64, ge=0, le=10_000, description="questions that wait for their turn; more are answered 503"
    )
    insight_wait_s: float = Field(
        20.0, gt=0, le=3600, description="longest wait of a question for its turn, seconds; then it is answered 503"
    )
    insight_nice: int = Field(
        10, ge=0, le=19, description="niceness of the insight service, so that posts go before questions"
    )
