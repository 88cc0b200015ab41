"""Settings of the API: its port and TLS, bounds, deadlines, limits of keys, tokens, and what a card number is."""

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, Field, model_validator

from txn_core.card_numbers.issuer_ranges import IssuerRanges
from txn_core.card_numbers.pan import LENGTHS as CARD_NUMBER_LENGTHS
from txn_core.loopback import require_safe


def _ranges(text: str) -> str:
    """Refuse what is no list of first digits and lengths of card numbers."""
    IssuerRanges.parse(text, lengths=CARD_NUMBER_LENGTHS)
    return text


def _fetched_safely(url: str | None) -> str | None:
    """Refuse a URL whose answer could be changed on its way."""
    if url is not None:
        require_safe(url)
    return url


class ApiSettings(BaseModel):
    """What the API's processes are bound by."""

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
    event_schema: int = Field(
        1,
        ge=1,
        le=2,
        description="newest version of the event's schema that the API writes: 2 once every reader of the stream "
        "knows it (docs/operations.md)",
    )
    occurred_ahead_s_max: float = Field(300.0, ge=0, description="how far ahead occurred_at may lie, seconds")

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

    @property
    def luhn_exempt(self) -> IssuerRanges:
        """The card numbers that need no check digit."""
        return IssuerRanges.parse(self.luhn_exempt_ranges, lengths=CARD_NUMBER_LENGTHS)
