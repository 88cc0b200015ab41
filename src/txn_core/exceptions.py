"""The errors of the system.

    TxnError
    ├── SettingsError            a process was started with settings that do not fit
    ├── InvalidTransactionError  a client's transaction breaks rules; carries the faults, never the values
    ├── MalformedJsonError       a client's bytes are not JSON at all
    ├── EventError               bytes on the stream that no version of us wrote
    ├── HistoryError             bytes that are no packed history of a card
    ├── UnwritableError          an event that a view refuses for good although it takes others
    ├── ProducerError            a record's way to the stream ended without an acknowledgement
    │   ├── BufferFullError      refused before anything was buffered
    │   ├── NotStoredError       the stream is known not to hold the record
    │   └── OutcomeUnknownError  the record may or may not be on the stream
    ├── StoreError               a store answered in a way that no retry mends
    │   └── StoredEventError     an item's event cannot be read, by this version or at all
    ├── OutageError              an outage outlasted the time that its caller had
    ├── ServingError             the API cannot be served, or not to an orderly end
    ├── WarehouseError           the warehouse cannot take or give rows
    │   └── WarehouseBusyError   another run holds it for longer than we wait
    └── StackError               the local stack cannot start or go on

What a client is told of each is decided in `txn_api.problems`.
"""

from typing import TYPE_CHECKING

from txn_core.transactions.faults import Fault

if TYPE_CHECKING:
    from txn_core.kinesis.landing import Attempt


class TxnError(Exception):
    """The root of every error we raise on purpose."""


class SettingsError(TxnError):
    """A process was started with settings that do not fit."""


class InvalidTransactionError(TxnError):
    """A client's transaction breaks rules of the domain. Holds which and where, never what was sent."""

    def __init__(self, *faults: Fault) -> None:
        super().__init__(*faults)
        self.faults = faults

    def __str__(self) -> str:
        return ", ".join(f"{fault.pointer} {fault.code}" for fault in self.faults)


class MalformedJsonError(TxnError):
    """A client's bytes are not one JSON document."""


class EventError(TxnError):
    """Bytes that are not an event any version of us wrote. Its text never holds content of the bytes."""


class HistoryError(TxnError):
    """Bytes that are no history of a card which any version of us packed."""


class UnwritableError(TxnError):
    """An event that a view refuses for good although it takes others. Its text never holds content of the event."""


class ProducerError(TxnError):
    """A record's way to the stream ended without an acknowledgement; `failures` are the attempts made."""

    def __init__(self, reason: str, failures: "tuple[Attempt, ...]" = ()) -> None:
        super().__init__(reason)
        self.failures = failures


class BufferFullError(ProducerError):
    """Refused before anything was buffered; `retry_after_s` says when to come back."""

    def __init__(self, retry_after_s: int) -> None:
        super().__init__("the producer's buffer is full")
        self.retry_after_s = retry_after_s


class NotStoredError(ProducerError):
    """The stream is known not to hold the record; the text names the stream's last error code."""


class OutcomeUnknownError(ProducerError):
    """The record may or may not be on the stream; sending it again is safe."""


class StoreError(TxnError):
    """A store answered in a way that no retry mends."""


class StoredEventError(StoreError):
    """An item's event is damaged, or packed with a dictionary that this version lacks. The text names the latter."""


class OutageError(TxnError):
    """An outage outlasted the time that its caller had. The text names the call; the cause is the last error."""


class ServingError(TxnError):
    """The API cannot be served: its port is taken, a process of it does not start, or had to be killed."""


class StackError(TxnError):
    """The local stack cannot start or go on."""


class WarehouseError(TxnError):
    """The warehouse cannot take or give rows. Its text never holds content of rows."""


class WarehouseBusyError(WarehouseError):
    """Another run holds the warehouse for longer than we wait."""
