"""What the stack's processes find in their environment: its servers, its keys, and nothing of a real account."""

import json
import os
from collections.abc import Mapping
from contextlib import suppress

from pydantic import TypeAdapter, ValidationError

from txn_cli.stack import ports
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.endpoints import Endpoints
from txn_core.aws.region import LOCAL_REGION
from txn_core.exceptions import SettingsError
from txn_core.service_links import service_links
from txn_core.settings import OF_CLIENTS, Settings

OURS = ("AWS_", "TXN_")
KEYS = {
    "TXN_CARD_KEYS", "TXN_IDENTITY_KEY", "TXN_CURSOR_KEY", "TXN_DEAD_LETTER_KEY", "TXN_INGEST_KEY",
    "TXN_MODEL_SIGNING_KEY",
}  # fmt: skip
ACCOUNT_KEYS = "TXN_INGEST_API_KEYS"
NOT_PASSED_ON = KEYS | {"TXN_DATA_DIR", "TXN_TARGET", ACCOUNT_KEYS}
"""Given or not: the stack has keys of its own, which no other file than its secrets holds, and is its own target."""
TLS = {"TXN_TLS_CERT_FILE", "TXN_TLS_KEY_FILE", "TXN_TLS_CLIENT_CA_FILE"}
"""What one process is given for itself: the stack's own API is reached on loopback, in the clear."""

DEFAULTS = {"TXN_METRICS_NEED_ADMIN": "false", "TXN_EVENT_SCHEMA": "2"}
"""What is set here unless the user sets it: the API listens on this machine alone, and its page shows its figures.
All processes are of one version, so each reads what the API writes.
"""


def given_settings(outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings that the user gave and the stack passes on."""
    return {name: value for name, value in _settings(outer).items() if name not in NOT_PASSED_ON | TLS | OF_CLIENTS}


def account_keys(outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The API keys by account that the user gave to the ingest worker, which no file keeps.

    Raises:
        SettingsError: they are no JSON object of texts.
    """
    with suppress(ValidationError):
        return TypeAdapter(dict[str, str]).validate_json(_settings(outer).get(ACCOUNT_KEYS, "{}"))
    raise SettingsError(f'{ACCOUNT_KEYS}: give a JSON object of keys by account, {{"acme": "txn_..."}}')


def tls_settings(outer: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The settings that a process keeps which joins a running stack."""
    return {name: value for name, value in _settings(outer).items() if name in TLS}


def stack_environment(
    secrets: Secrets,
    endpoints: Endpoints,
    *,
    api_port: int,
    given: Mapping[str, str],
    outer: Mapping[str, str] = os.environ,
) -> dict[str, str]:
    """The environment of the stack's processes, made from the user's.

    Settings that were given (`TXN_ARCHIVE_FLUSH_AGE_S`, ...) pass on, except those which make this stack what it
    is. AWS variables and files do not: a profile must not lead a local process to a real account.
    """
    region = given.get("TXN_AWS_REGION") or LOCAL_REGION
    return {
        **{name: value for name, value in outer.items() if not name.upper().startswith(OURS)},
        **DEFAULTS,
        **given,
        "AWS_ACCESS_KEY_ID": secrets.access_key,
        "AWS_SECRET_ACCESS_KEY": secrets.secret_key,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": _with_host(outer.get("NO_PROXY", "")),
        "no_proxy": _with_host(outer.get("no_proxy", "")),
        "PYTHONUNBUFFERED": "1",
        "TXN_KINESIS_ENDPOINT_URL": endpoints.kinesis_url,
        "TXN_DYNAMODB_ENDPOINT_URL": endpoints.dynamodb_url,
        "TXN_S3_ENDPOINT_URL": endpoints.s3_url,
        "TXN_CARD_KEYS": json.dumps({"1": secrets.card_key}),
        "TXN_IDENTITY_KEY": secrets.identity_key,
        "TXN_CURSOR_KEY": secrets.cursor_key,
        "TXN_DEAD_LETTER_KEY": secrets.dead_letter_key,
        "TXN_INGEST_KEY": secrets.ingest_key,
        "TXN_MODEL_SIGNING_KEY": secrets.model_signing_key,
        "TXN_API_HOST": ports.HOST,
        "TXN_API_PORT": str(api_port),
        **({"TXN_WAREHOUSE_POSTGRES_URL": endpoints.postgres_url} if endpoints.postgres_url else {}),
    }


def adopt(environment: Mapping[str, str]) -> Settings:
    """Make this process one of the stack's, and return its settings.

    AWS clients find credentials by the environment alone, so there is no way around changing it.
    """
    for name in [name for name in os.environ if name.upper().startswith(OURS)]:
        del os.environ[name]
    os.environ.update(environment)
    return Settings.from_environment()


def _settings(outer: Mapping[str, str]) -> dict[str, str]:
    links = service_links(outer)
    return {
        name.upper(): value for name, value in outer.items() if name.upper().startswith("TXN_") and name not in links
    }


def _with_host(no_proxy: str) -> str:
    return ",".join(filter(None, (no_proxy, ports.HOST)))
