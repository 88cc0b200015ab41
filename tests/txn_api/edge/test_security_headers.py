"""What answers tell browsers to refuse."""

from pathlib import Path

from tests.txn_api.conftest import AppFixture
from txn_api.edge.security_headers import of_every_answer, of_pages
from txn_core.settings import Settings


async def test_every_answer_has_them(desk: AppFixture) -> None:
    """Whichever layer answers; the client holds every answer of every other test against them, too."""
    asked = [("GET", "/healthz"), ("GET", "/nowhere"), ("PUT", "/transactions"), ("POST", "/transactions")]
    for method, path in asked:
        answer = await desk.client.request(method, path)
        for name, value in of_every_answer(desk.services.settings):
            assert answer.headers[name.decode()] == value.decode()


async def test_what_an_account_holds_is_stored_by_no_cache(desk: AppFixture) -> None:
    """Acknowledgements, look-ups, names, metrics, and every problem (RFC 9111, 5.2.2.5)."""
    for method, path in [("POST", "/transactions"), ("GET", "/merchants"), ("GET", "/metrics"), ("GET", "/nowhere")]:
        assert (await desk.client.request(method, path)).headers["cache-control"] == "no-store"


def test_strict_transport_is_asked_for_over_tls_alone() -> None:
    """RFC 6797, 7.2: not over plain HTTP, where a balancer in front may speak for itself."""
    tls = Settings(tls_cert_file=Path("cert.pem"), tls_key_file=Path("key.pem"))
    name = b"strict-transport-security"
    assert name in dict(of_every_answer(tls))
    assert name not in dict(of_every_answer(Settings()))


def test_a_page_may_run_nothing_but_its_own_files() -> None:
    """No source is open, and none is a keyword that lets text run."""
    policy = _policy(None)
    assert policy["default-src"] == "'none'"
    assert set(policy.values()) == {"'none'", "'self'", "'script'"}


def test_a_page_may_ask_the_insight_service_and_load_nothing_from_it() -> None:
    policy = _policy("https://insight.test:8090")
    assert policy == _policy(None) | {"connect-src": "'self' https://insight.test:8090"}


def _policy(insight_url: str | None) -> dict[str, str]:
    policy = of_pages(insight_url)["Content-Security-Policy"]
    return dict(part.split(" ", 1) for part in policy.split("; "))
