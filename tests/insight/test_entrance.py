"""Who may ask, and from where; what is refused says so as the API does."""

from tests.builders import issued_card_number
from tests.insight.conftest import ORIGIN, Service
from txn_core.api_keys import SCOPES

QUESTION = "/insight/questions/q01"
WRONG = {
    "region=West&region=South": "/region",
    "state=CA": "/state",
    "from=2025-13": "/from",
    "from=2025-03&to=2025-02": "/from",
    "format=xml": "/format",
    "currency=usd": "/currency",
    "sql=select+1": "",
}
"""What is asked wrongly, by the name that the answer points to."""


async def test_a_key_with_the_scope_is_needed(service: Service) -> None:
    for path in ("/insight/questions", QUESTION, "/insight/questions/q99", "/insight/nothing"):
        none = await service.client.get(path, headers={"Authorization": ""})
        assert (none.status_code, none.json()["code"]) == (401, "api_key_missing")
        assert none.headers["access-control-allow-origin"] == ORIGIN  # or the page could not tell why
    others = service.key(*(scope for scope in SCOPES if scope != "insight:read"))
    for path in ("/insight/questions", QUESTION, "/insight/explorer"):
        assert (await service.client.get(path, headers=others)).json()["code"] == "scope_missing"


async def test_what_is_open_needs_none(service: Service) -> None:
    for path in ("/healthz", "/readyz", "/insight/openapi.json"):
        assert (await service.client.get(path, headers={"Authorization": ""})).status_code == 200
    document = (await service.client.get("/insight/openapi.json")).json()
    assert set(document["paths"]) == {
        "/insight/questions", "/insight/questions/{question_id}", "/insight/explorer",
        "/healthz", "/readyz", "/metrics",
    }  # fmt: skip
    metrics = await service.client.get("/metrics", headers=service.key("admin"))
    assert "txn_insight_waiting 0.0" in metrics.text


async def test_a_browser_is_let_in_from_one_origin(service: Service) -> None:
    asked = {"Origin": ORIGIN, "Access-Control-Request-Method": "GET", "Authorization": ""}
    preflight = await service.client.options(QUESTION, headers=asked)
    assert preflight.status_code == 204
    assert "Authorization" in preflight.headers["access-control-allow-headers"]
    for response in (preflight, await service.client.get(QUESTION, headers={"Origin": "https://elsewhere.test"})):
        assert response.headers["access-control-allow-origin"] == ORIGIN
        assert response.headers["timing-allow-origin"] == ORIGIN
        assert "access-control-allow-credentials" not in response.headers
        assert "set-cookie" not in response.headers
        assert response.headers["x-content-type-options"] == "nosniff"
        assert response.headers["x-request-id"].startswith("req_")


async def test_wrong_filters_are_refused_by_name(service: Service) -> None:
    for query, pointer in WRONG.items():
        response = await service.client.get(f"{QUESTION}?{query}")
        assert (response.status_code, response.json()["code"]) == (422, "parameter_invalid")
        assert [fault["pointer"] for fault in response.json()["errors"]] == [pointer]


async def test_no_card_number_is_taken_for_a_filter(service: Service) -> None:
    response = await service.client.get(f"{QUESTION}?region={issued_card_number(1)}")
    assert response.json()["code"] == "card_number_misplaced"
    assert issued_card_number(1) not in response.text


async def test_absent_and_wrong_things_are_told(service: Service) -> None:
    assert (await service.client.get("/insight/questions/q13")).json()["code"] == "question_not_found"
    assert (await service.client.post(QUESTION)).json()["code"] == "method_not_allowed"
    refused = await service.client.get(QUESTION, headers={"Accept": "text/html"})
    assert refused.json()["code"] == "not_acceptable"
    as_csv = await service.client.get(QUESTION, headers={"Accept": "text/csv"})
    assert as_csv.headers["content-type"].startswith("text/csv")
    assert as_csv.headers["content-disposition"] == 'attachment; filename="q01.csv"'
    head = await service.client.head(QUESTION)
    assert (head.status_code, head.headers["etag"]) == (200, (await service.client.get(QUESTION)).headers["etag"])
