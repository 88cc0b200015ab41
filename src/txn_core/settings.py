"""Every setting of every process, read once from `TXN_*` environment variables and handed down.

AWS credentials and profiles are not ours: the AWS client finds them by its own chain (environment, instance
role, ...). Keys have no default: outside the local stack, which makes random ones for each data directory, a
process without keys does not start. Nor have region and bucket, but for servers on this machine.
"""

import base64
import binascii
import os
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, SecretBytes, ValidationError, model_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict
from pydantic_settings import SettingsError as UnreadableSettingError

from txn_core.errors import SettingsError
from txn_core.issuer_ranges import IssuerRanges
from txn_core.loopback import is_local, require_safe
from txn_core.pan import LENGTHS as CARD_NUMBER_LENGTHS
from txn_core.region import LOCAL_REGION, MISSING, region_given
from txn_core.service_links import service_links

LOCAL_BUCKET = "txn-lake"
KEY_BYTES_MIN = 32
CARD_KEY_VERSION_MAX = 9_999  # a card id holds at most four digits of it
CARD_KEYS_MAX = 8
"""Versions of the card key at once: a look-up by card number reads each, an event carries an id under each."""

OF_CLIENTS = frozenset({"TXN_API_KEY", "TXN_API_KEY_FILE"})
"""Variables of the commands that are the API's clients. They are no settings, and may stand beside them."""


def _key_bytes(value: object) -> object:
    """Decode a key given as base64, and refuse one that is too short to be a key."""
    if not isinstance(value, str):
        return value
    try:
        key = base64.b64decode(value, validate=True)
    except binascii.Error:
        raise ValueError("not base64") from None
    if len(key) < KEY_BYTES_MIN:
        raise ValueError(f"shorter than {KEY_BYTES_MIN} bytes")
    return key


def _absent_if_blank(value: object) -> object:
    """None for a blank text, by which a variable that an image sets is taken back."""
    return None if isinstance(value, str) and not value.strip() else value


def _ranges(text: str) -> str:
    """Refuse what is no list of first digits and lengths of card numbers."""
    IssuerRanges.parse(text, lengths=CARD_NUMBER_LENGTHS)
    return text


def _fetched_safely(url: str | None) -> str | None:
    """Refuse a URL whose answer could be changed on its way."""
    if url is not None:
        require_safe(url)
    return url


KeyMaterial = Annotated[SecretBytes, BeforeValidator(_key_bytes)]
Region = Annotated[str | None, BeforeValidator(region_given)]
CardKeyVersion = Annotated[int, Field(ge=1, le=CARD_KEY_VERSION_MAX)]


def _local_bucket(others: dict[str, Any]) -> str | None:
    """A name for the lake of an S3 on this machine. On AWS, where all accounts share the names, there is none."""
    return LOCAL_BUCKET if is_local(others.get("s3_endpoint_url")) else None


class Settings(BaseSettings):
    """The settings of one process. Frozen: what a process was started with is what it runs with."""

    model_config = SettingsConfigDict(
        env_prefix="TXN_", frozen=True, extra="forbid", hide_input_in_errors=True, allow_inf_nan=False
    )

    data_dir: Path = Field(Path(".txn"), description="folder of the local stack")
    target: Annotated[Literal["aws"] | None, BeforeValidator(_absent_if_blank)] = Field(
        None, description="`aws` lets commands work on AWS; without it they need `--aws` (docs/operations.md)"
    )
    log_level: str = Field("info", pattern="^(debug|info|warning|error)$", description="least severe log line")

    aws_region: Region = Field(
        None, description="AWS region; that of AWS_REGION, AWS_DEFAULT_REGION or the AWS profile when absent"
    )
    kinesis_endpoint_url: str | None = Field(None, description="Kinesis endpoint; AWS when absent")
    dynamodb_endpoint_url: str | None = Field(None, description="DynamoDB endpoint; AWS when absent")
    s3_endpoint_url: str | None = Field(None, description="S3 endpoint; AWS when absent")
    stream: str = Field("txn-transactions", description="Kinesis stream")
    stream_shards: int = Field(2, ge=1, le=200, description="shards that bootstrap gives a new stream")
    table_prefix: str = Field("txn", pattern="^[a-zA-Z0-9_.-]{1,64}$", description="DynamoDB tables are PREFIX-NAME")
    index_generation: int = Field(
        1,
        ge=1,
        le=9_999,
        description="generation of the index that is written and read; from 2 on its tables end in -gN",
    )
    merchant_write_shards: int = Field(
        8,
        ge=1,
        le=256,
        description="write shards a merchant has in a new table; kept with the table afterwards",
    )
    bucket: str | None = Field(
        default_factory=_local_bucket,
        min_length=1,
        description="S3 bucket of the lake; no default but in the local stack, where it is `txn-lake`",
    )
    bucket_owner: str | None = Field(
        None,
        pattern="^[0-9]{12}$",
        description="AWS account that owns the bucket; the one of the credentials, asked of STS, when absent",
    )

    card_keys: dict[CardKeyVersion, KeyMaterial] = Field(
        default_factory=dict,
        max_length=CARD_KEYS_MAX,
        description='card keys by version as JSON, `{"1": "<base64>"}`; the highest one signs',
    )
    identity_key: KeyMaterial | None = Field(
        None, description="key of merchant and customer ids, never rotated, base64"
    )
    cursor_key: KeyMaterial | None = Field(None, description="key that signs paging cursors, base64")
    dead_letter_key: KeyMaterial | None = Field(None, description="key that seals dead letters (AES-GCM), base64")

    api_host: str = Field("127.0.0.1", description="address the API binds")
    api_port: int = Field(8080, ge=0, le=65535, description="port the API binds")
    api_processes: int = Field(
        1, ge=1, le=64, description="processes that serve the API's port; each has bounds and buffers of its own"
    )
    tls_cert_file: Path | None = Field(
        None, description="certificate chain of the API, PEM; with it the port speaks TLS alone (docs/tls.md)"
    )
    tls_key_file: Path | None = Field(None, description="private key of that certificate, PEM, without a passphrase")
    tls_client_ca_file: Path | None = Field(
        None, description="certificate authorities of clients, PEM; with it only clients with a certificate connect"
    )
    api_concurrency_max: int = Field(4096, ge=1, description="connections served at once; more are answered 503")
    body_bytes_max: int = Field(65_536, ge=1024, description="largest body of a single request, bytes")
    bulk_line_bytes_max: int = Field(65_536, ge=1024, description="longest line of a bulk upload, bytes")
    bulk_bytes_max: int = Field(16 << 30, ge=1024, description="most content of one bulk upload, bytes")
    bulk_lines_in_flight_max: int = Field(2_000, ge=1, description="lines of one upload waiting for the stream")
    body_deadline_s: float = Field(
        30.0, gt=0, description="longest wait for a request's body, of an upload for its next piece, seconds"
    )
    request_deadline_s: float = Field(
        10.0, gt=0, description="longest wait for the stream's acknowledgement, seconds"
    )
    shutdown_deadline_s: float = Field(25.0, gt=0, description="longest drain at shutdown, seconds")
    api_key_cache_s: float = Field(5.0, ge=0, description="how long a checked API key is trusted, seconds")
    idempotency_kept_s: float = Field(
        604_800.0, ge=60, description="how long an Idempotency-Key and its answer are kept, seconds (7 days)"
    )
    idempotency_timeout_s: float = Field(
        5.0, gt=0, description="longest wait for the table of Idempotency-Keys before and after a put, seconds"
    )
    key_writes_per_s: int = Field(
        5_000,
        ge=0,
        le=1_000_000,
        description="posts and uploads a second that a key may begin at one process; 0 is no limit",
    )
    key_reads_per_s: int = Field(
        500,
        ge=0,
        le=1_000_000,
        description="other requests a second that a key may make at one process; 0 is no limit",
    )
    key_lines_per_s: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="lines a second that a key's uploads are read at by one process; 0 is no limit",
    )
    key_requests_max: int = Field(
        1_024, ge=0, description="requests of a key that one process answers at once; 0 is no limit"
    )
    key_cards_of_mask_max: int = Field(
        1_000,
        ge=0,
        le=10_000,
        description="cards with the same mask (first six, last four) that a key's account may send or look up a day; "
        "0 is no limit (docs/access.md)",
    )
    signatures_shared: bool = Field(
        False,
        description="whether used signatures are kept for all processes, too, with a DynamoDB write a signed request",
    )
    metrics_need_admin: bool = Field(
        True, description="whether the API's /metrics needs a key with the scope admin; not in the local stack"
    )
    jwt_issuer: str | None = Field(
        None, min_length=1, description="issuer (iss) of OAuth2 access tokens; tokens are off when absent"
    )
    jwt_audience: str | None = Field(None, min_length=1, description="audience (aud) that tokens must name")
    jwt_jwks_url: Annotated[str | None, AfterValidator(_fetched_safely)] = Field(
        None, description="where the issuer's keys are (JWKS); https unless on this machine"
    )
    jwt_jwks_cache_s: float = Field(
        300.0, gt=0, description="how long the issuer's keys, and what they verified, are trusted, seconds"
    )
    jwt_algorithms: tuple[Literal["RS256", "ES256", "EdDSA"], ...] = Field(
        ("RS256", "ES256", "EdDSA"), min_length=1, description="algorithms that tokens may be signed with, as JSON"
    )
    jwt_untyped: bool = Field(
        False, description="whether tokens that do not say `at+jwt` are taken, too: those of type `JWT`, and of none"
    )
    jwt_account_claim: str = Field("account", min_length=1, description="claim that names a token's account")
    jwt_scope_claim: str = Field(
        "scope", min_length=1, description="claim that names its scopes, as one text or as a list"
    )
    jwt_scope_prefix: str = Field("", description="what stands before our scopes' names in that claim")
    luhn_exempt_ranges: Annotated[str, AfterValidator(_ranges)] = Field(
        "",
        description="first digits of card numbers that need no check digit as `card_number`, such as "
        "`621977, 8100-8171:16-19` (docs/security.md)",
    )
    occurred_ahead_s_max: float = Field(300.0, ge=0, description="how far ahead occurred_at may lie, seconds")

    buffer_bytes_max: int = Field(64 << 20, ge=1 << 20, description="bytes the producer holds at most")
    # One that hangs, one for a shard kept apart, one for all others.
    put_requests_in_flight_max: int = Field(4, ge=3, le=64, description="PutRecords calls at once")
    put_request_bytes_max: int = Field(
        5 << 20, ge=1 << 20, le=10 << 20, description="largest PutRecords call that the stream takes, bytes"
    )
    stream_record_bytes_max: int = Field(
        1 << 20, ge=1 << 20, le=10 << 20, description="largest record that the stream takes, bytes"
    )
    put_timeout_s: float = Field(5.0, gt=0, description="longest wait for one PutRecords answer, seconds")

    worker_id: str | None = Field(
        None, description="lease owner name; host, process id and a random part when absent"
    )
    worker_metrics_port: int | None = Field(
        None, ge=0, le=65535, description="port of a worker's metrics and readiness; off when absent"
    )
    worker_metrics_host: str = Field("127.0.0.1", description="address that a worker's metrics and readiness bind")
    lease_failover_s: float = Field(10.0, gt=0, description="a lease whose counter stands still this long is taken")
    lease_renew_s: float = Field(2.0, gt=0, description="pause between two renewals and scans of the leases")
    shard_sync_s: float = Field(10.0, gt=0, description="pause between two looks at the stream's shards")
    poll_reads_per_s: float | None = Field(
        None,
        gt=0,
        le=5,
        description="reads a second of a shard by each drain that polls; Kinesis allows 5 to all together, of which "
        "the drains share 4 when absent",
    )
    poll_idle_s: float = Field(
        1.0, ge=0.2, description="longest pause after empty reads, which grow up to it, seconds"
    )
    poll_records_max: int = Field(1_000, ge=1, le=10_000, description="records asked for in one read")
    fan_out: str = Field(
        "",
        pattern=r"^([^,=]+(=arn:[^,=]+)?(,|$))*$",
        description="drains that read by enhanced fan-out instead of polling, such as `index,archive`, each with the "
        "consumer that bootstrap registers or one by its ARN, `index=arn:...` (docs/operations.md)",
    )
    archive_flush_rows: int = Field(50_000, ge=1, description="rows that make the archive write an object")
    archive_flush_bytes: int = Field(
        32 << 20, ge=1024, description="event bytes that make the archive write an object"
    )
    archive_flush_age_s: float = Field(10.0, gt=0, description="age of the oldest row that does so, seconds")
    index_writes_in_flight_max: int = Field(32, ge=1, le=1_024, description="DynamoDB writes at once a worker")

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - what pydantic-settings hands in
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the same
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Read what was given in code, then the environment without service links. There are no other sources."""
        assert isinstance(env_settings, EnvSettingsSource)  # noqa: S101 - what pydantic-settings hands in
        links = service_links(os.environ)
        env_settings.env_vars = {name.lower(): each for name, each in os.environ.items() if name not in links}
        return init_settings, env_settings

    @model_validator(mode="after")
    def _renewal_fits_failover(self) -> Self:
        if self.lease_renew_s * 3 > self.lease_failover_s:
            raise ValueError("TXN_LEASE_RENEW_S must be at most a third of TXN_LEASE_FAILOVER_S")
        return self

    @model_validator(mode="after")
    def _record_fits_request(self) -> Self:
        if self.stream_record_bytes_max > self.put_request_bytes_max:
            raise ValueError("TXN_STREAM_RECORD_BYTES_MAX must be at most TXN_PUT_REQUEST_BYTES_MAX")
        return self

    @model_validator(mode="after")
    def _tokens_are_whole(self) -> Self:
        given = [value is not None for value in (self.jwt_issuer, self.jwt_audience, self.jwt_jwks_url)]
        if any(given) and not all(given):
            raise ValueError("TXN_JWT_ISSUER, TXN_JWT_AUDIENCE and TXN_JWT_JWKS_URL go together")
        return self

    @model_validator(mode="after")
    def _tls_is_whole(self) -> Self:
        if (self.tls_cert_file is None) != (self.tls_key_file is None):
            raise ValueError("TXN_TLS_CERT_FILE and TXN_TLS_KEY_FILE go together")
        if self.tls_client_ca_file is not None and self.tls_cert_file is None:
            raise ValueError("TXN_TLS_CLIENT_CA_FILE needs TXN_TLS_CERT_FILE and TXN_TLS_KEY_FILE")
        return self

    def region_at(self, endpoint_url: str | None) -> str:
        """The region for a client of an endpoint, of AWS' own when None is given.

        Raises:
            SettingsError: no region is known, and the endpoint is not on this machine.
        """
        if self.aws_region is not None:
            return self.aws_region
        if not is_local(endpoint_url):
            raise SettingsError(MISSING)
        return LOCAL_REGION

    @property
    def lake_bucket(self) -> str:
        """The bucket of the lake, for those who need one.

        Raises:
            SettingsError: none is set.
        """
        if self.bucket is None:
            raise SettingsError("the bucket of the lake is not known: set TXN_BUCKET")
        return self.bucket

    @property
    def luhn_exempt(self) -> IssuerRanges:
        """The card numbers that need no check digit."""
        return IssuerRanges.parse(self.luhn_exempt_ranges, lengths=CARD_NUMBER_LENGTHS)

    @classmethod
    def from_environment(cls) -> Self:
        """Build the settings from `TXN_*` variables.

        Raises:
            SettingsError: a value does not fit, or a `TXN_` variable is not known. Values are never shown.
        """
        # Names are read in any case, so they are checked in any case.
        links = service_links(os.environ)
        given = [name for name in os.environ if name.upper().startswith("TXN_") and name not in links | OF_CLIENTS]
        unknown = sorted(name for name in given if name.lower().removeprefix("txn_") not in cls.model_fields)
        if unknown:
            raise SettingsError(f"unknown settings: {', '.join(unknown)}")
        try:
            return cls()
        except ValidationError as error:
            details = [
                detail
                for detail in error.errors(include_url=False, include_input=False, include_context=False)
                if detail["type"] != "default_factory_not_called"  # a consequence of the others
            ]
            faults = (f"TXN_{str(d['loc'][0]).upper()}: {d['msg']}" if d["loc"] else d["msg"] for d in details)
            raise SettingsError("; ".join(faults)) from None
        except UnreadableSettingError as error:
            # Its text names the field; its cause holds the value.
            raise SettingsError(str(error)) from None
