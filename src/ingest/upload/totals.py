"""What a load has come to."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Self

from ingest.layouts.rejection import Rejection


@dataclass(frozen=True, slots=True)
class LoadTotals:
    """Rows whose outcome is settled: `read` is always `accepted` and `rejected` together.

    `receipts` are the server's receipts of bulk uploads; `faults` counts rejections by `field code`. (A row may
    have several faults.)
    """

    accepted: int = 0
    rejected: int = 0
    seconds: float = 0.0
    receipts: tuple[str, ...] = ()
    faults: dict[str, int] = field(default_factory=dict)

    @property
    def read(self) -> int:
        """Rows that were read and settled."""
        return self.accepted + self.rejected

    def plus(
        self, *, accepted: int, rejected: int, seconds: float, receipts: Iterable[str], faults: Iterable[Rejection]
    ) -> Self:
        """These and the counts of another part; `seconds` are those of all parts together."""
        return replace(
            self,
            accepted=self.accepted + accepted,
            rejected=self.rejected + rejected,
            seconds=seconds,
            receipts=(*self.receipts, *receipts),
            faults=dict(Counter(self.faults) + Counter(f"{fault.field} {fault.code}" for fault in faults)),
        )

    def document(self) -> dict[str, object]:
        """The totals as a machine reads them."""
        return {
            "read": self.read,
            "accepted": self.accepted,
            "rejected": self.rejected,
            "seconds": round(self.seconds, 3),
            "receipts": list(self.receipts),
        }
