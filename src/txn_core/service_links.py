"""Variables that look like settings and are not: those that Kubernetes makes of a Service's name.

A Service called `txn-api` gives every container of its namespace `TXN_API_SERVICE_HOST`, `TXN_API_SERVICE_PORT`,
`TXN_API_SERVICE_PORT_HTTP`, `TXN_API_PORT=tcp://10.0.0.1:8080`, `TXN_API_PORT_8080_TCP` and more (Kubernetes,
"Service", environment variables; they have the form of Docker's links). Name and value must both have this form: a
setting that is mistyped is no link, and `TXN_API_PORT=8080` is the setting.
"""

import ipaddress
import re
from collections.abc import Callable, Mapping
from typing import Final

_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://(?P<host>[^/\s]+):(?P<port>[0-9]+)")


def service_links(environment: Mapping[str, str]) -> frozenset[str]:
    """The names of the `TXN_` variables that are service links."""
    return frozenset(name for name, value in environment.items() if name.startswith("TXN_") and _is_link(name, value))


def _is_link(name: str, value: str) -> bool:
    return any(form.fullmatch(name) and has_form(value) for form, has_form in _FORMS)


def _is_address(value: str) -> bool:
    parts = _ADDRESS.fullmatch(value)
    return parts is not None and _is_host(parts["host"].strip("[]")) and _is_port(parts["port"]) is not None


def _is_host(value: str) -> bool:
    try:
        ipaddress.ip_address(value)
    except ValueError:
        return False
    return True


_is_port: Final = re.compile(r"[0-9]{1,5}").fullmatch
_is_protocol: Final = re.compile("tcp|udp|sctp").fullmatch
_PORT: Final = r"TXN_([A-Z0-9_]+_)?PORT_[0-9]+_(TCP|UDP|SCTP)"
_FORMS: Final[tuple[tuple[re.Pattern[str], Callable[[str], object]], ...]] = (
    (re.compile(r"TXN_([A-Z0-9_]+_)?SERVICE_HOST"), _is_host),
    (re.compile(r"TXN_([A-Z0-9_]+_)?SERVICE_PORT(_[A-Z0-9_]+)?"), _is_port),
    (re.compile(r"TXN_([A-Z0-9_]+_)?PORT"), _is_address),
    (re.compile(_PORT), _is_address),
    (re.compile(f"{_PORT}_PROTO"), _is_protocol),
    (re.compile(f"{_PORT}_PORT"), _is_port),
    (re.compile(f"{_PORT}_ADDR"), _is_host),
)
