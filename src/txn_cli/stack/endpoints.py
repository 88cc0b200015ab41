"""Where the local servers are."""

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Endpoints:
    """Addresses, and the lake's access key pair (the other two servers take any).

    Attributes:
        postgres_url: PostgreSQL's address with its password; None where the stack was not asked for one.
    """

    kinesis_url: str
    dynamodb_url: str
    s3_url: str
    access_key: str
    secret_key: str
    postgres_url: str | None = field(default=None, repr=False, kw_only=True)

    @property
    def urls(self) -> tuple[str, ...]:
        """The addresses of the three servers that stand in for AWS."""
        return (self.kinesis_url, self.dynamodb_url, self.s3_url)
