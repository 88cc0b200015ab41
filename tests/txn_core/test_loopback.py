"""What is on this machine, and what only looks like it."""

import pytest

from txn_core.loopback import is_local, is_loopback


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.8.8", "localhost", "::1", "[::1]"])
def test_this_machine_is_known_by_its_names(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "0.0.0.0", "10.0.0.1", "localhost.example.com", "kinesis", "[::2]"])
def test_other_hosts_are_not_this_machine(host: str) -> None:
    assert not is_loopback(host)


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4567", "https://localhost/", "http://LOCALHOST:1", "http://[::1]:1"]
)
def test_an_endpoint_on_this_machine_is_local(url: str) -> None:
    assert is_local(url)


@pytest.mark.parametrize(
    "url",
    [None, "", "https://s3.eu-central-1.amazonaws.com", "http://127.0.0.1@minio:9000", "http://[::1", "localhost"],
)
def test_an_endpoint_elsewhere_is_not(url: str | None) -> None:
    """Nor is one that is absent, which is AWS, or one that is no URL."""
    assert not is_local(url)
