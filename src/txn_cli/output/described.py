"""A system as `TXN_*` describe it: servers by their addresses, and AWS where none is given.

Whoever asks for one has been told that it is meant (`system`). Credentials are looked for before anything is asked.
"""

import asyncio
import os
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from botocore.exceptions import NoCredentialsError

from txn_cli.output.reasons import reason_of
from txn_core.aws.region import LOCAL_REGION
from txn_core.exceptions import SettingsError
from txn_core.loopback import is_local
from txn_core.printable import shown_url
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class Described:
    """What some settings describe.

    Attributes:
        settings: those of its processes.
        where: what it is, for people.
        is_local: whether all of it is on this machine, so that what is deleted can be made again.
    """

    settings: Settings = field(repr=False)
    where: str
    is_local: bool


def described() -> Described:
    """The whole system.

    Raises:
        SettingsError: a setting does not fit, region or credentials are missing.
    """
    settings = Settings.from_environment()
    urls = {
        "Kinesis": settings.kinesis_endpoint_url,
        "DynamoDB": settings.dynamodb_endpoint_url,
        "S3": settings.s3_endpoint_url,
    }
    for name, url in urls.items():
        _require_address(name, url)
    for url in (settings.kinesis_endpoint_url, settings.dynamodb_endpoint_url):  # what every process talks to
        settings.region_at(url)
    local = all(map(is_local, urls.values()))
    _require_credentials(local=local)
    named = ", ".join(f"{name} at {shown_url(url)}" for name, url in urls.items() if url)
    return Described(settings, named if all(urls.values()) else _aws(settings, named), local)


def described_lake() -> Described:
    """The lake alone.

    Raises:
        SettingsError: a setting does not fit; bucket, region or credentials are missing.
    """
    settings = Settings.from_environment()
    url, bucket = settings.s3_endpoint_url, settings.lake_bucket
    _require_address("S3", url)
    region = settings.region_at(url)
    _require_credentials(local=is_local(url))
    place = f"at {shown_url(url)}" if url else f"on AWS, region {region}"
    return Described(settings, f"bucket {bucket} {place}", is_local(url))


def _aws(settings: Settings, named: str) -> str:
    profile = f"profile {os.environ['AWS_PROFILE']}, " if os.environ.get("AWS_PROFILE") else ""
    what = f"stream {settings.stream}, tables {settings.table_prefix}-*, bucket {settings.bucket or 'not set'}"
    return f"AWS, {profile}region {settings.aws_region or LOCAL_REGION} ({what}{f'; {named}' if named else ''})"


def _require_address(name: str, url: str | None) -> None:
    try:
        parts = urlsplit(url or "http://aws")
        sound = parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        sound = False
    if not sound:
        raise SettingsError(f"TXN_{name.upper()}_ENDPOINT_URL is no address: give http(s)://HOST:PORT")


def _require_credentials(*, local: bool) -> None:
    """Find credentials before anything is asked, since every call would fail without them.

    For servers on this machine none are looked for on a cloud's network (169.254.169.254).
    """
    from aiobotocore.session import AioSession  # noqa: PLC0415 - it costs a quarter of a second

    if local:
        os.environ.setdefault("AWS_EC2_METADATA_DISABLED", "true")
    if asyncio.run(AioSession().get_credentials()) is None:
        raise SettingsError(reason_of(NoCredentialsError()))
