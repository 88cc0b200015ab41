"""What the API tells CloudWatch is what `/metrics` shows, and nothing of a card."""

import asyncio
import re
from collections import Counter

import pytest

from operations.http.resources import RESOURCES
from tests.builders import body, card_number, json_bytes, transaction_id
from tests.support.emf_lines import KeptLines, Told, by, by_service
from tests.support.virtual_time import in_virtual_time
from tests.txn_api.conftest import AppFixture, opened_desk
from txn_api.app import create_app
from txn_api.edge.application import App
from txn_core.emf.naming import is_reported
from txn_core.emf.reporter import EVERY_S, reported
from txn_core.logs import telemetry
from txn_core.settings import Settings

CARD = card_number(5)


async def traffic(desk: AppFixture, seconds: int) -> None:
    """Requests of each kind, some of which are refused."""
    for second in range(seconds):
        document = body(card_number=CARD, transaction_id=transaction_id(second))
        if second % 7 == 0:
            document["amount_minor"] = -1
        await desk.client.post("/transactions", content=json_bytes(document))
        await desk.client.get("/healthz")
        if second % 5 == 0:
            await desk.client.get("/transactions", params={"card_id": "nonsense"})
        await asyncio.sleep(1.0)


@in_virtual_time
async def test_a_minute_of_traffic_adds_up(own_environment: pytest.MonkeyPatch) -> None:
    """The lines of three minutes and of the end have the sums of `/metrics`, by service and by status."""
    sink = KeptLines()
    lines = sink.lines
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(telemetry, "_sinks", [sink])
        async with opened_desk() as desk:
            registry = desk.app.state.registry
            async with reported(registry, Settings(emf=True), "api"):
                await traffic(desk, int(3 * EVERY_S) + 10)
                assert Told(lines).sums[by_service("txn_emf_reports_total", "api")] >= 3
            told = Told(lines)
            expected, statuses = Counter[str](), Counter[str]()
            for family in registry.collect():
                for sample in family.samples:
                    if is_reported(family.name) and family.type == "counter" and sample.name.endswith("_total"):
                        expected[sample.name] += sample.value
                    if sample.name == "txn_http_requests_total":
                        statuses[sample.labels["status"]] += sample.value
                    if sample.name == "txn_http_request_seconds_count":
                        expected[sample.name] += sample.value
    assert statuses["202"] > 100
    assert statuses["422"] > 20
    for status, count in statuses.items():
        assert told.sums[by("txn_http_requests_total", "api", "status", status)] == count
    assert told.counts[by_service("txn_http_request_seconds", "api")] == expected.pop(
        "txn_http_request_seconds_count"
    )
    measured = {name: told.sums[by_service(name, "api")] for name in expected}
    assert measured.pop("process_cpu_seconds_total") <= expected.pop("process_cpu_seconds_total")
    assert measured == expected
    text = b"".join(lines)
    assert CARD.encode() not in text
    assert re.search(rb"card_|acc_|mer_|cus_", text.replace(b"cards_of_mask", b"")) is None


async def test_the_last_report_comes_after_all_else(
    settings: Settings, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a process counts while it ends is in it."""
    sink = KeptLines()
    monkeypatch.setattr(telemetry, "_sinks", [sink])
    own = settings.model_copy(update={"stream": stage, "table_prefix": stage, "bucket": stage, "emf": True})
    app = create_app(own, resources=RESOURCES)
    async with app.router.lifespan_context(app):
        app.state.services.producer._metrics.received += 1
        assert sink.lines == []
        app.state.services.stopping.add_done_callback(lambda _: count_late(app))
    told = Told(sink.lines)
    assert told.sums[by_service("txn_user_records_received_total", "api")] == 3
    assert told.sums[by_service("txn_emf_reports_total", "api")] == telemetry.reports()


def count_late(app: App) -> None:
    """Count while the process ends."""
    app.state.services.producer._metrics.received += 2


async def test_nothing_is_reported_unless_it_is_asked_for(
    settings: Settings, stage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Lines cost money where they are read."""
    sink = KeptLines()
    monkeypatch.setattr(telemetry, "_sinks", [sink])
    own = settings.model_copy(update={"stream": stage, "table_prefix": stage, "bucket": stage})
    app = create_app(own, resources=RESOURCES)
    async with app.router.lifespan_context(app):
        pass
    assert sink.lines == []
