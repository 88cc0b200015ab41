"""AWS Signature Version 4 for the one form of request that we sign by ourselves: a POST of JSON to the root path.

Source: AWS, "Create a signed AWS API request". botocore signs everything else; the tests hold both against each
other.
"""

import hashlib
import hmac
import time
from collections.abc import Mapping
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
    at_s: float,
) -> dict[str, str]:
    """The headers, by lower-case names, with those that sign them and the body; `host` as it will be sent.

    `at_s` is in seconds since 1970.
    """
    moment = _moment(int(at_s))
    signed = {**headers, "x-amz-date": moment}
    if credentials.token:
        signed["x-amz-security-token"] = credentials.token
    # The client of the wire writes the host itself.
    values = {**signed, "host": host}
    ordered, names = _ordered(tuple(values))
    canonical = "".join([f"{name}:{values[name]}\n" for name in ordered])
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
def _moment(second: int) -> str:
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(second))


@lru_cache(8)
def _ordered(names: tuple[str, ...]) -> tuple[tuple[str, ...], str]:
    """The names in their order, and as the signature lists them; calls have the same ones again and again."""
    ordered = tuple(sorted(names))
    return ordered, ";".join(ordered)


@lru_cache(2)
def _signing_key(secret_key: str, day: str, region: str, service: str) -> bytes:
    """The key of a day's requests to a service; no more than a process has services, so that no old secret stays."""
    key = f"AWS4{secret_key}".encode()
    for part in (day, region, service, "aws4_request"):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
