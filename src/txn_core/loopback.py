"""Which addresses are on this machine: those of the local stack, whose servers know neither accounts nor regions."""

import ipaddress
import re
from typing import Final
from urllib.parse import urlsplit

# What RFC 3986, 2, lets stand in a URL. Readers differ in what they make of anything else, such as a backslash.
_CHARACTERS: Final = re.compile(r"[A-Za-z0-9\-._~:/?\[\]@!$&'()*+,;=%]+")


def is_loopback(host: str) -> bool:
    """Whether a host name or address, an IPv6 one with or without brackets, is this machine's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_local(url: str | None) -> bool:
    """Whether an endpoint is on this machine; without one the endpoint is AWS'."""
    try:
        return url is not None and is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # brackets without an address
        return False


def require_safe(url: str) -> None:
    """Hold a URL against what is fetched without a thought: over https, or plainly from this machine.

    Raises:
        ValueError: it is another scheme's or host's, names a user, a part of the document or no sound port, or holds
            characters that a URL has not. The text quotes nothing of it.
    """
    try:
        target = urlsplit(url)
        host, port = target.hostname, target.port
    except ValueError:  # brackets without an address, a port that is no number
        raise ValueError("not a URL with a sound host and port") from None
    # A fragment has no place in what is fetched (RFC 9110, 7.1), a user none in a URL of http (RFC 9110, 4.2.4).
    if not _CHARACTERS.fullmatch(url) or "@" in target.netloc:
        raise ValueError("a URL with a user, a fragment or characters that no URL has")
    if not host or port == 0:
        raise ValueError("not a URL with a sound host and port")
    if target.scheme != "https" and not (target.scheme == "http" and is_loopback(host)):
        raise ValueError("neither https nor on this machine")
