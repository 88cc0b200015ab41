"""The errors of the system.

    TxnError
    ├── SettingsError            a process was started with settings that do not fit
    ├── Problem                  an answer to a client (RFC 9457); see `txn_core.problems`
    ├── EventError               bytes that are not an event we wrote
    ├── StackError               the local stack cannot start or go on
    └── StoreError               a store answered in a way that no retry mends
"""


class TxnError(Exception):
    """The root of every error we raise on purpose."""


class SettingsError(TxnError):
    """A process was started with settings that do not fit."""


class EventError(TxnError):
    """Bytes that are not an event any version of us wrote. Its text never holds content of the bytes."""


class StackError(TxnError):
    """The local stack cannot start or go on."""


class StoreError(TxnError):
    """A store answered in a way that no retry mends."""
