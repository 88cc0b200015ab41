"""Variables that Kubernetes makes of a Service's name are no settings; everything else that is unknown still is."""

import pytest

from txn_core.exceptions import SettingsError
from txn_core.service_links import service_links
from txn_core.settings import Settings


def links_of(service: str, address: str = "10.0.0.1", port: int = 8080, name: str = "http") -> dict[str, str]:
    """What a container finds of a Service with one named port (kubelet's envvars.FromServices)."""
    prefix, host = service.upper().replace("-", "_"), f"[{address}]" if ":" in address else address
    link = f"{prefix}_PORT_{port}_TCP"
    return {
        f"{prefix}_SERVICE_HOST": address,
        f"{prefix}_SERVICE_PORT": str(port),
        f"{prefix}_SERVICE_PORT_{name.upper().replace('-', '_')}": str(port),
        f"{prefix}_PORT": f"tcp://{host}:{port}",
        link: f"tcp://{host}:{port}",
        f"{link}_PROTO": "tcp",
        f"{link}_PORT": str(port),
        f"{link}_ADDR": address,
    }


@pytest.fixture
def environment(own_environment: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """An environment with what a process needs and no settings."""
    own_environment.setenv("AWS_REGION", "eu-central-1")
    return own_environment


@pytest.mark.parametrize(
    "service", ["txn-api", "txn", "txn-api-index", "txn-worker", "txn-worker-metrics", "txn-2", "txn-api-port-1-tcp"]
)
@pytest.mark.parametrize("address", ["10.0.0.1", "fd00::1"])
def test_the_links_of_a_service_are_ignored(environment: pytest.MonkeyPatch, service: str, address: str) -> None:
    """Also where one of them has the name of a setting: the setting is then not given."""
    links = links_of(service, address, name="metrics-2")
    for name, value in links.items():
        environment.setenv(name, value)
    settings = Settings.from_environment()
    assert (settings.api_port, settings.worker_metrics_port) == (8080, None)
    assert service_links(links) == frozenset(links)


def test_other_protocols_have_links_too() -> None:
    for protocol in ("udp", "sctp"):
        name = f"TXN_DNS_PORT_53_{protocol.upper()}"
        links = {name: f"{protocol}://10.0.0.1:53", f"{name}_PROTO": protocol, f"{name}_ADDR": "10.0.0.1"}
        assert service_links(links) == frozenset(links)


@pytest.mark.parametrize("name", ["TXN_API_PORT", "txn_api_port"])
def test_a_port_that_an_operator_sets_counts(environment: pytest.MonkeyPatch, name: str) -> None:
    """In the place of the link, or in lower case beside it; the links of other names are ignored as ever."""
    for link, value in links_of("txn-api").items():
        environment.setenv(link, value)
    environment.setenv(name, "8081")
    assert Settings.from_environment().api_port == 8081


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TXN_API_PORTT", "tcp://10.0.0.1:8080"),
        ("TXN_API_SERVICE_HOST", "elsewhere"),
        ("TXN_API_SERVICE_PORT", "tcp"),
        ("TXN_API_SERVICE", "10.0.0.1"),
        ("TXN_SERVICE_NAME", "txn-api"),
        ("TXN_API_PORT_8080_TCP", "8080"),
        ("TXN_API_PORT_8080", "8080"),
        ("TXN_API_PORT_8080_TCP_PROTO", "http"),
        ("TXN_API_PORT_8080_TCP_NAME", "tcp"),
        ("txn_api_service_host", "10.0.0.1"),
        ("TXN_STREAM_HOST", "10.0.0.1"),
    ],
)
def test_what_has_not_their_form_still_stops_the_start(
    environment: pytest.MonkeyPatch, name: str, value: str
) -> None:
    """A mistyped setting is named beside the links of a real Service, which are not."""
    for link, its in links_of("txn-worker").items():
        environment.setenv(link, its)
    environment.setenv(name, value)
    with pytest.raises(SettingsError) as caught:
        Settings.from_environment()
    assert str(caught.value) == f"unknown settings: {name}"


@pytest.mark.parametrize("value", ["http://10.0.0.1:8080", "tcp://elsewhere:8080", "tcp://10.0.0.1", "tcp://"])
def test_a_port_that_is_neither_number_nor_link_is_a_wrong_setting(
    environment: pytest.MonkeyPatch, value: str
) -> None:
    environment.setenv("TXN_API_PORT", value)
    with pytest.raises(SettingsError, match="TXN_API_PORT"):
        Settings.from_environment()
