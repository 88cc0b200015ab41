"""AWS Signature Version 4 for the one form of request that we sign by ourselves: a POST of JSON to the root path.

Source: AWS, "Create a signed AWS API request". botocore signs everything else; the tests hold both against each
other.
"""

import hashlib
import hmac
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache

from botocore.credentials import ReadOnlyCredentials


def signed_headers(
    headers: Mapping[str, str],
    body: bytes,
    *,
    host: str,
    service: str,
    region: str,
    credentials: ReadOnlyCredentials,
    at: datetime,
) -> dict[str, str]:
    """The headers, by lower-case names, with those that sign them and the body; `host` as it will be sent."""
    moment = at.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")
    signed = {**headers, "x-amz-date": moment}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    # The client of the wire writes the host itself.
    named = sorted({**signed, "host": host}.items())
    names = ";".join(name for name, _ in named)
    canonical = "".join(f"{name}:{value}\n" for name, value in named)
    request = f"POST\n/\n\n{canonical}\n{names}\n{hashlib.sha256(body).hexdigest()}"
    scope = f"{moment[:8]}/{region}/{service}/aws4_request"
    text = f"AWS4-HMAC-SHA256\n{moment}\n{scope}\n{hashlib.sha256(request.encode()).hexdigest()}"
    key = _signing_key(credentials.secret_key, moment[:8], region, service)
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    signed["authorization"] = (
        f"AWS4-HMAC-SHA256 Credential={credentials.access_key}/{scope}, SignedHeaders={names}, Signature={signature}"
    )
    return signed


@lru_cache(2)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """The key of a day's requests to a service; no more than a process has services, so that no old secret stays."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
