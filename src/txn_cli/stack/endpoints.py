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

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the three servers."""
        return (self.kinesis_url, self.dynamodb_url, self.s3_url)
