"""Where the local servers are."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses, and the lake's access key pair (the other two servers take any)."""

    kinesis_url: str
    dynamodb_url: str
    s3_url: str
    access_key: str
    secret_key: str
