"""Liveness, readiness, metrics."""

from dataclasses import replace

from tests.builders import body
from tests.txn_api.conftest import Api, AppFixture
from tests.txn_api.unreachable import unreachable
from txn_api.readiness import readiness_of
from txn_core.aws.clients import Aws
from txn_core.dynamodb.tables import TableNames


def never() -> float:
    return float("-inf")


async def test_a_live_process_says_so_without_its_stores(desk: AppFixture) -> None:
    """A restart would not bring a store back."""
    answer = await desk.client.get("/healthz")
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


async def test_a_process_with_its_stores_is_ready(api: Api) -> None:
    """Stream and table answer."""
    answer = await api.client.get("/readyz")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ready", "checks": {"kinesis": "ok", "dynamodb": "ok"}}


async def test_a_store_that_is_gone_makes_a_process_unready(api: Api) -> None:
    """Either one, and a stream that does not exist; the answer names which."""
    gone_kinesis, gone_dynamodb = unreachable()
    settings = api.services.settings
    stream, table, aws = settings.stream, TableNames.of(settings).transactions, Aws(settings)
    async with aws.kinesis() as kinesis, aws.dynamodb() as dynamodb:
        for probe, checks in (
            (readiness_of(gone_kinesis, stream, never, dynamodb, table), ("unavailable", "ok")),
            (readiness_of(kinesis, stream, never, gone_dynamodb, table), ("ok", "unavailable")),
            (readiness_of(kinesis, "nothing", never, dynamodb, table), ("unavailable", "ok")),
            (readiness_of(kinesis, stream, never, dynamodb, "nothing"), ("ok", "unavailable")),
        ):
            api.app.state.services = replace(api.services, readiness=probe)
            answer = await api.client.get("/readyz")
            assert answer.status_code == 503
            assert answer.json() == {
                "status": "not_ready",
                "checks": dict(zip(("kinesis", "dynamodb"), checks, strict=True)),
            }


async def test_probes_leave_the_accounts_quota_alone(api: Api) -> None:
    """AWS takes 20 DescribeStreamSummary calls a second of all processes of an account; a probe makes none."""
    (await api.client.post("/transactions", json=body())).raise_for_status()
    called: list[str] = []
    api.services.readiness._checks["kinesis"].args[0].meta.events.register(  # type: ignore[attr-defined]
        "before-call.kinesis", lambda model, **_: called.append(model.name)
    )
    assert (await api.client.get("/readyz")).status_code == 200
    assert called == []


async def test_metrics_count_what_happened(desk: AppFixture) -> None:
    """Requests by route and status, in Prometheus' text format."""
    await desk.client.post("/transactions", json=body())
    await desk.client.post("/transactions", json=body())
    answer = await desk.client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert 'txn_http_requests_total{method="POST",route="/transactions",status="202"} 2.0' in answer.text
    assert "txn_http_requests_in_flight 1.0" in answer.text
