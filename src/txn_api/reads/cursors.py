"""Paging cursors: opaque, signed, bound to their query and account, holding the last sort key and nothing else.

A cursor is base64url of a truncated HMAC-SHA-256 and the sort key. The query is not in it but under the signature:
a cursor of another query, account or key does not verify.
"""

import base64
import hmac
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Self

from txn_api.problems import CursorInvalid
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings

_MAC_BYTES: Final = 16
CURSOR_CHARS_MAX: Final = 1_024


@dataclass(frozen=True, slots=True)
class Cursors:
    """Makes and reads cursors under one key."""

    key: bytes

    @classmethod
    def from_settings(cls, settings: Settings) -> Self:
        """Take the key out of the settings.

        Raises:
            SettingsError: there is none.
        """
        if settings.cursor_key is None:
            raise SettingsError("TXN_CURSOR_KEY is required")
        return cls(settings.cursor_key.get_secret_value())

    def make(self, query: Sequence[str], after: str) -> str:
        """The cursor that goes on behind a sort key of a query, given as the parts that it is bound to."""
        token = self._mac(query, after) + after.encode()
        return base64.urlsafe_b64encode(token).rstrip(b"=").decode()

    def read(self, query: Sequence[str], cursor: str) -> str:
        """The sort key behind which the query goes on.

        Raises:
            CursorInvalid: this service did not make the cursor for this query.
        """
        try:
            after = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))[_MAC_BYTES:].decode()
        except ValueError:  # not ASCII, not base64 or not UTF-8
            raise CursorInvalid from None
        # Base64 decodes several texts to the same bytes; a cursor is the one that was made.
        if not hmac.compare_digest(self.make(query, after), cursor):
            raise CursorInvalid
        return after

    def _mac(self, query: Sequence[str], after: str) -> bytes:
        message = "\0".join(("txn-api/cursor", *query, after)).encode()
        return hmac.digest(self.key, message, "sha256")[:_MAC_BYTES]
