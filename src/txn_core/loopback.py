"""Which addresses are on this machine: those of the local stack, whose servers know neither accounts nor regions."""

import ipaddress
from urllib.parse import urlsplit


def is_loopback(host: str) -> bool:
    """Whether a host name or address, an IPv6 one with or without brackets, is this machine's own."""
    try:
        return ipaddress.ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"


def is_local(url: str | None) -> bool:
    """Whether an endpoint is on this machine; an absent one is that of AWS."""
    try:
        return url is not None and is_loopback(urlsplit(url).hostname or "")
    except ValueError:  # brackets without an address
        return False
