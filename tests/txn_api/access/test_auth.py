"""The one way in: every operation needs a credential and a scope, and accounts and terminals keep apart."""

from starlette.routing import Route

from operations.http.examples import LETTER_ID
from operations.http.resources import RESOURCES
from tests.builders import body, card_number, json_bytes
from tests.txn_api.conftest import Api, AppFixture
from txn_api.app import _PAGES
from txn_core.api_keys import SCOPES, Scope
from txn_core.settings import Settings

PUBLIC = {("get", "/healthz"), ("get", "/readyz")}
"""What anybody may call. Whoever adds to it, adds to what the world can see."""
OPEN_UNLESS_CONFIGURED = {("get", "/metrics")}
UNDOCUMENTED = {
    *("/docs", "/docs/{name}", "/problems", "/problems/{code}", "/runbook", "/runbook/{name}"),
    *("/openapi.json", "/", "/page/{name}"),
}
"""What is served without being an operation: the document, its pages and the page for people, open to all."""
NEEDED: dict[tuple[str, str], frozenset[Scope]] = {
    ("post", "/transactions"): frozenset({"transactions:write"}),
    ("post", "/transactions/bulk"): frozenset({"transactions:write"}),
    ("get", "/transactions"): frozenset({"transactions:read"}),
    ("post", "/transactions/search"): frozenset({"transactions:read", "cards:lookup"}),
    ("get", "/transactions/{transaction_id}"): frozenset({"transactions:read"}),
    ("get", "/transactions/{transaction_id}/related"): frozenset({"transactions:read"}),
    ("get", "/transactions/{transaction_id}/conflicts"): frozenset({"transactions:read"}),
    ("get", "/merchants"): frozenset({"transactions:read"}),
    ("get", "/metrics"): frozenset({"admin"}),
    ("get", "/alerts"): frozenset({"alerts:read"}),
    ("get", "/alerts/quality"): frozenset({"alerts:read"}),
    ("get", "/alerts/{alert_id}"): frozenset({"alerts:read"}),
    ("get", "/cases"): frozenset({"alerts:read"}),
    ("get", "/cases/events"): frozenset({"alerts:read"}),
    ("get", "/cases/{case_id}"): frozenset({"alerts:read"}),
    ("get", "/cases/{case_id}/similar"): frozenset({"alerts:read"}),
    ("post", "/cases/next"): frozenset({"cases:write"}),
    **{
        ("post", f"/cases/{{case_id}}/{action}"): frozenset({"cases:write"})
        for action in ("assign", "claim", "release", "snooze", "note", "close", "reopen")
    },
    ("post", "/labels"): frozenset({"labels:write"}),
    ("post", "/labels/bulk"): frozenset({"labels:write"}),
    ("get", "/labels/{transaction_id}"): frozenset({"alerts:read"}),
    ("get", "/operations"): frozenset({"operations:read"}),
    ("get", "/operations/dead-letters"): frozenset({"operations:read"}),
    ("get", "/operations/dead-letters/{dead_letter_id}"): frozenset({"operations:read"}),
    ("post", "/operations/dead-letters/{dead_letter_id}/replay"): frozenset({"operations:write"}),
    ("post", "/operations/dead-letters/replay"): frozenset({"operations:write"}),
}
"""The scopes of every other operation of the document, all of which it needs."""


def at(path: str) -> str:
    """A path with ids in it."""
    ids = {"alert_id": f"alr_{'0' * 32}", "case_id": f"cas_{'0' * 32}", "dead_letter_id": LETTER_ID}
    return path.format(transaction_id="0" * 8, **ids)


def operations(desk: AppFixture) -> set[tuple[str, str]]:
    """Every operation of the document."""
    return {(method, path) for path, methods in desk.app.openapi()["paths"].items() for method in methods}


async def test_every_operation_is_public_or_needs_a_scope(desk: AppFixture) -> None:
    """The document has no operation that this test does not know, and says of each whether it needs a credential."""
    assert operations(desk) == PUBLIC | set(NEEDED)
    for method, path in operations(desk):
        security = desk.app.openapi()["paths"][path][method]["security"]
        assert (security == []) == ((method, path) in PUBLIC)
        assert ({} in security) == ((method, path) in OPEN_UNLESS_CONFIGURED)


async def test_nothing_is_served_beside_the_document(desk: AppFixture) -> None:
    """A route that the document does not show would pass by every test of this file."""
    routers = (*_PAGES, *(each.router for each in RESOURCES))
    found = [*desk.app.routes, *(route for router in routers for route in router.routes)]
    routes = [route for route in found if isinstance(route, Route)]
    assert {route.path_format for route in routes} == UNDOCUMENTED | {path for _, path in operations(desk)}


async def test_no_operation_opens_without_a_credential(desk: AppFixture) -> None:
    """401 without one, and with ones that are none, before anything is read."""
    desk.change(metrics_need_admin=True)
    for method, path in NEEDED:
        for headers, code in (
            ({"Authorization": ""}, "api_key_missing"),
            ({"Authorization": "Basic YTpi"}, "api_key_missing"),
            ({"Authorization": "Bearer x"}, "api_key_invalid"),
            ({"Authorization": "Bearer a.b.c"}, "api_key_invalid"),
            ({"Authorization": f"Bearer txn_{'0' * 16}_{'0' * 64}"}, "api_key_invalid"),
            ({"Authorization": "", "X-API-Key": "x"}, "api_key_invalid"),
        ):
            answer = await desk.client.request(method, at(path), headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, code), (method, path, headers)
            assert answer.headers["www-authenticate"].startswith('Bearer realm="txn-api"')
    assert not desk.kinesis.stored


async def test_no_operation_opens_without_each_of_its_scopes(desk: AppFixture) -> None:
    """403 with a key that has every scope but one of those that the operation needs."""
    desk.change(metrics_need_admin=True)
    for (method, path), needed in NEEDED.items():
        for lacking in needed:
            key = desk.key(*(scope for scope in SCOPES if scope != lacking))
            answer = await desk.client.request(method, at(path), headers=key)
            assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing"), (method, path, lacking)
        granted = await desk.client.request(method, at(path), headers=desk.key(*needed), content=b"x")
        assert granted.status_code not in {401, 403}, (method, path)
    assert not desk.kinesis.stored


async def test_a_card_number_is_looked_up_with_a_scope_of_its_own(desk: AppFixture) -> None:
    """In a URL, too: whoever may read transactions may not therefore ask by card number."""
    answer = await desk.client.get(
        "/transactions", params={"card_number": card_number()}, headers=desk.key("transactions:read")
    )
    assert (answer.status_code, answer.json()["code"]) == (403, "scope_missing")


async def test_what_watches_the_process_needs_no_key(desk: AppFixture) -> None:
    """Probes hold none, and scrapers of the local stack."""
    desk.change(metrics_need_admin=False)
    for _, path in PUBLIC | OPEN_UNLESS_CONFIGURED:
        assert (await desk.client.get(path, headers={"Authorization": ""})).status_code in {200, 503}


async def test_metrics_may_be_guarded(desk: AppFixture) -> None:
    """Unless `TXN_METRICS_NEED_ADMIN` is false they are for keys with the scope admin; probes stay open."""
    assert Settings.model_fields["metrics_need_admin"].default is True
    desk.change(metrics_need_admin=True)
    assert (await desk.client.get("/metrics", headers=desk.key("admin"))).status_code == 200
    assert (await desk.client.get("/metrics", headers={"Authorization": ""})).status_code == 401
    assert (await desk.client.get("/healthz", headers={"Authorization": ""})).status_code == 200


async def test_a_key_bound_to_terminals_posts_for_these_alone(desk: AppFixture) -> None:
    """Another terminal or none is 403, and nothing is stored; its own ones are taken."""
    key = desk.key("transactions:write", terminal_ids=["T0000042", "T0000043"])
    for terminal, status in (
        ({"terminal_id": "T0000042"}, 202),
        ({"terminal_id": "T0000043", "entry_mode": "chip"}, 202),
        ({"terminal_id": "T0000044"}, 403),
        ({"terminal_id": "t0000042"}, 403),
        ({"entry_mode": "chip"}, 403),
        (None, 403),
        (..., 403),
    ):
        answer = await desk.client.post("/transactions", json=body(terminal=terminal), headers=key)
        assert answer.status_code == status, terminal
        assert status == 202 or answer.json()["code"] == "terminal_forbidden"
    assert len(desk.kinesis.stored) == 2


async def test_a_card_number_is_not_hidden_by_a_wrong_terminal(desk: AppFixture) -> None:
    """What is wrong with the transaction itself is said first."""
    key = desk.key("transactions:write", terminal_ids=["T0000042"])
    misplaced = body(merchant={"name": f"Shop {card_number()}"})
    answer = await desk.client.post("/transactions", json=misplaced, headers=key)
    assert (answer.status_code, answer.json()["code"]) == (422, "card_number_misplaced")


async def test_an_upload_of_a_bound_key_is_held_to_it_line_by_line(desk: AppFixture) -> None:
    """A line of another terminal is rejected, its neighbours are not."""
    key = desk.key("transactions:write", terminal_ids=["T0000042"])
    lines = [
        body(transaction_id=f"line-{number:04d}", terminal={"terminal_id": terminal})
        for number, terminal in enumerate(("T0000042", "T0000001", "T0000042"))
    ]
    answer = await desk.client.post("/transactions/bulk", content=b"\n".join(map(json_bytes, lines)), headers=key)
    rejected, totals = answer.text.splitlines()
    assert '"line":2' in rejected
    assert '"code":"terminal_forbidden"' in rejected
    assert '"accepted":2,"rejected":1' in totals


async def test_accounts_do_not_see_each_other(api: Api) -> None:
    """The same id, card and merchant in two accounts: each key reads its own, and another account's when granted."""
    other = f"{api.account}-b"
    await api.index(body(amount_minor=1))
    await api.index(body(amount_minor=2), account=other)
    everything: tuple[Scope, ...] = ("transactions:read", "cards:lookup")
    own = await api.key(*everything)
    its = await api.key(*everything, account=other)
    granted = await api.key(*everything, granted=(other,))
    for path, parameters in (
        (f"/transactions/{body()['transaction_id']}", {}),
        ("/transactions", {"card_number": card_number()}),
        ("/transactions", {"merchant_name": "Rippin, Kub and Mann"}),
    ):
        for headers, account, amounts in (
            (own, None, [1]),
            (its, None, [2]),
            (granted, None, [1]),
            (granted, other, [2]),
        ):
            asked = parameters | ({"account": account} if account else {})
            answer = (await api.client.get(path, params=asked, headers=headers)).json()
            assert [found["amount_minor"] for found in answer.get("data", [answer])] == amounts
        for headers in (own, its):
            asked = parameters | {"account": "gamma"}
            refused = await api.client.get(path, params=asked, headers=headers)
            assert (refused.status_code, refused.json()["code"]) == (403, "account_forbidden")
