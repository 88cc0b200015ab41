"""The certificate that a client showed when it connected, for tokens that are bound to one (RFC 8705, 3).

A server that ends TLS tells of it as ASGI's TLS extension has it; ours does (`txn_server/http/connection.py`).
Behind a load balancer there is none: what a header says of a certificate is not believed.
"""

import hashlib
import ssl
from base64 import urlsafe_b64encode

from starlette.types import Scope


def client_certificate_sha256(scope: Scope) -> str | None:
    """The SHA-256 of the certificate's DER form, in base64url without padding, as `x5t#S256` has it; None without."""
    tls = (scope.get("extensions") or {}).get("tls")
    chain = tls.get("client_cert_chain") if tls else None
    if not chain:
        return None
    digest = hashlib.sha256(ssl.PEM_cert_to_DER_cert(next(iter(chain)))).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode()
