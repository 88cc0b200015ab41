"""What records amount to: how many, how large, what they cost, and a digest by which two heaps are compared."""

import hashlib
from dataclasses import dataclass
from typing import Final

# Provisioned streams are billed in units of 25 KB a record, on-demand streams by the KB, each record rounded up.
PUT_UNIT_BYTES: Final = 25 * 1024
_DIGEST_BYTES: Final = 16


@dataclass(slots=True)
class Tally:
    """Sums over records. Partition keys count as bytes, as they do against Kinesis' limits."""

    records: int = 0
    bytes: int = 0
    put_units: int = 0
    billed_kib: int = 0
    digest: int = 0

    def add(self, size: int) -> None:
        """Count a record of so many bytes."""
        self.records += 1
        self.bytes += size
        self.put_units += -(-size // PUT_UNIT_BYTES)
        self.billed_kib += -(-size // 1024)

    def mix(self, digest: int) -> None:
        """Mix in a record's digest: a sum, so order does not matter and a doubled record shows."""
        self.digest = (self.digest + digest) % (1 << 8 * _DIGEST_BYTES)

    def __add__(self, other: "Tally") -> "Tally":
        total = Tally(
            self.records + other.records,
            self.bytes + other.bytes,
            self.put_units + other.put_units,
            self.billed_kib + other.billed_kib,
            self.digest,
        )
        total.mix(other.digest)
        return total


def digest_of(partition_key: str, data: bytes) -> int:
    """One record's digest, for whoever wants to add up what it sent."""
    key = partition_key.encode()
    content = len(key).to_bytes(2, "big") + key + data
    return int.from_bytes(hashlib.blake2b(content, digest_size=_DIGEST_BYTES).digest(), "big")
