"""What is on this machine, and what only looks like it."""

import pytest

from txn_core.loopback import is_local, is_loopback, require_safe


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


@pytest.mark.parametrize(
    "url",
    [
        "https://issuer.example/keys",
        "https://issuer.example:8443/a/b?c=d&e=%20",
        "HTTPS://Issuer.Example/keys",
        "https://issuer.example/path/with@sign",
        "https://10.0.0.1/keys",
        "http://localhost:8000/keys",
        "http://LOCALHOST/keys",
        "http://127.0.0.1:8000/keys",
        "http://127.8.8.8/keys",
        "http://[::1]:8000/keys",
        "http://localhost",
    ],
)
def test_what_is_fetched_comes_over_https_or_from_this_machine(url: str) -> None:
    require_safe(url)


@pytest.mark.parametrize(
    "url",
    [
        # Another host behind what looks like this machine: RFC 3986, 3.2: what ends in "@" is a user.
        "http://localhost:x@other.example/keys",
        "http://localhost@other.example/keys",
        "http://127.0.0.1:80@other.example/keys",
        "http://[::1]@other.example/keys",
        "http://localhost:@other.example/keys",
        "http://localhost.other.example/keys",
        "http://localhost-other.example/keys",
        "http://127.0.0.1.other.example/keys",
        "http://localhost%2eother.example/keys",
        "http://localhost%00.other.example/keys",
        # What readers of URLs take in different ways.
        "http://localhost\\@other.example/keys",
        "http://other.example\\@localhost/keys",
        "http://localhost/\\other.example",
        "http://localhost\t.other.example/keys",
        "http://local\nhost/keys",
        " http://localhost/keys",
        "http://localhost/keys ",
        "http://\u2113ocalhost/keys",
        "https://issuer.ex\u00e4mple/keys",
        "http://localhost\u3002other.example/keys",
        # No user, also over https: it would be sent, and shown wherever the URL is.
        "https://user:secret@issuer.example/keys",
        "https://@issuer.example/keys",
        # No fragment (RFC 9110, 7.1).
        "https://issuer.example/keys#part",
        "https://issuer.example/keys#",
        "http://other.example#@localhost/keys",
        "http://other.example?@localhost/keys",
        # Another host, plainly.
        "http://issuer.example/keys",
        "http://0.0.0.0/keys",
        "http://2130706433/keys",
        "http://0x7f.1/keys",
        "http://[::2]/keys",
        # Another scheme, or no URL.
        "ftp://localhost/keys",
        "file:///etc/passwd",
        "https:issuer.example/keys",
        "https:/issuer.example/keys",
        "https:///keys",
        "//issuer.example/keys",
        "issuer.example/keys",
        "https://",
        "http://[::1/keys",
        "https://issuer.example:port/keys",
        "https://issuer.example:99999/keys",
        "https://issuer.example:0/keys",
        "",
    ],
)
def test_what_only_looks_safe_to_fetch_is_refused(url: str) -> None:
    """Without a word of it in the error, which may be shown."""
    with pytest.raises(ValueError, match=r"URL|https") as caught:
        require_safe(url)
    assert not url.strip() or url.strip() not in str(caught.value)
