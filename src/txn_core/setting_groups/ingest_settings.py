"""Settings of what takes in clients' files: their bucket, the API and its keys, and the key of batch ids."""

from pydantic import BaseModel, Field, SecretStr

from txn_core.setting_groups.key_settings import KeyMaterial


class IngestSettings(BaseModel):
    """What `txn ingest` and `txn worker ingest` are bound by."""

    ingest_bucket: str | None = Field(
        None,
        min_length=1,
        description="S3 bucket into which clients put files, each under the name of its account; `txn worker ingest` "
        "watches it, and the local stack starts one (docs/ingest.md)",
    )
    ingest_api_url: str | None = Field(None, description="base URL of the API that `txn worker ingest` uploads to")
    ingest_api_keys: dict[str, SecretStr] = Field(
        default_factory=dict,
        description='API keys of `txn worker ingest` by account as JSON, `{"acme": "txn_..."}`; files of other '
        "accounts are left alone",
    )
    ingest_key: KeyMaterial | None = Field(
        None, description="key of batch ids, which seals the digests of files in receipts; never rotated, base64"
    )
    ingest_poll_s: float = Field(5.0, gt=0, description="pause between two looks into that bucket, seconds")
    ingest_takeover_s: float = Field(
        20.0, ge=2, description="a batch whose receipt stands still this long is taken over, seconds"
    )
