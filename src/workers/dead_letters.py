"""Dead letters: what could not be processed, kept beside the lake with its reason and origin, its bytes sealed.

A foreign producer may have put a card number into a record, so the bytes are encrypted (AES-256-GCM under a key
derived from the dead-letter key) and bound to their origin. The name follows from reason, worker and position: a
replay writes nothing new, and the first letter stays.
"""

import base64
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Literal, Self

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from txn_core.arrivals import Arrived
from txn_core.errors import EventError, SettingsError
from txn_core.instants import Instant, instant_of
from txn_core.lake import DEAD_LETTER_PREFIX
from txn_core.objects import ObjectStore
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.settings import Settings
from workers.outages import patiently

if TYPE_CHECKING:
    from workers.meters import Meters

Reason = Literal["undecodable", "unwritable", "conflict"]

SCHEMA_VERSION: Final = 1
ALGORITHM: Final = "AES-256-GCM"
NONCE_BYTES: Final = 12
TAG_BYTES: Final = 16
_KEY_CONTEXT: Final = b"txn-api/dead-letter"

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class Origin:
    """Where the bytes of a letter stood, and which worker could not process them."""

    worker: str
    stream: str
    position: Position

    def bound(self) -> bytes:
        """What the seal holds the bytes to: another letter's bytes do not open here."""
        where = self.position
        parts = (self.stream, where.shard_id, str(int(where.sequence_number)), str(where.sub_sequence_number))
        return "\0".join((self.worker, *parts)).encode()


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """One letter, open. `at` is the arrival, or for a conflict the moment when the event was accepted."""

    reason: Reason
    code: str
    origin: Origin
    at: Instant
    data: bytes

    @classmethod
    def undecodable(cls, worker: str, stream: str, record: Arrived, error: EventError) -> Self:
        """The letter of a record that is no event."""
        origin = Origin(worker, stream, record.position)
        return cls("undecodable", str(error), origin, instant_of(record.arrived_at), record.data)

    @classmethod
    def unwritable(cls, worker: str, stream: str, record: Arrived, code: str) -> Self:
        """The letter of an event that the worker's view refuses for good, with the refusal's code."""
        origin = Origin(worker, stream, record.position)
        return cls("unwritable", code, origin, instant_of(record.arrived_at), record.data)

    @classmethod
    def conflict(cls, worker: str, stream: str, order: WriteOrder, data: bytes) -> Self:
        """The letter of an event whose id was given to other content before."""
        accepted_at, position = order.parts()
        return cls("conflict", "transaction_id_reused", Origin(worker, stream, position), accepted_at, data)

    @property
    def key(self) -> str:
        """The object's name."""
        where = self.origin.position
        place = f"{where.shard_id}-{int(where.sequence_number)}-{where.sub_sequence_number}"
        return f"{DEAD_LETTER_PREFIX}{self.reason}/dt={self.at[:10]}/{self.origin.worker}-{place}.json"


@dataclass(frozen=True, slots=True)
class Envelope:
    """What stands on a closed letter for all to read; fields as in `DeadLetter`, and how many bytes are sealed."""

    reason: Reason
    code: str
    origin: Origin
    at: Instant
    data_bytes: int

    @classmethod
    def of(cls, document: bytes) -> Self:
        """The envelope of a closed letter.

        Raises:
            ValueError: the document is no letter.
        """
        try:
            return cls._of(json.loads(document))
        except (KeyError, TypeError) as error:
            raise ValueError(f"no dead letter: {type(error).__name__}") from None

    @classmethod
    def _of(cls, letter: Mapping[str, Any]) -> Self:
        place = ShardId(letter["shard_id"]), SequenceNumber(letter["sequence_number"]), letter["sub_sequence_number"]
        at = letter["accepted_at" if letter["reason"] == "conflict" else "arrived_at"]
        origin = Origin(letter["worker"], letter["stream"], Position(*place))
        data_bytes = len(base64.b64decode(letter["sealed"]["ciphertext"])) - TAG_BYTES
        return cls(letter["reason"], letter["code"], origin, Instant(at), data_bytes)


class Seal:
    """Closes and opens letters under the dead-letter key."""

    def __init__(self, key: bytes) -> None:
        derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=_KEY_CONTEXT).derive(key)
        self._cipher = AESGCM(derived)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The seal of a process.

        Raises:
            SettingsError: the settings have no dead-letter key.
        """
        if settings.dead_letter_key is None:
            raise SettingsError("TXN_DEAD_LETTER_KEY is required")
        return cls(settings.dead_letter_key.get_secret_value())

    def close(self, letter: DeadLetter) -> bytes:
        """The letter as JSON, its bytes sealed."""
        nonce = os.urandom(NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, letter.data, letter.origin.bound())
        where = letter.origin.position
        document = {
            "schema": SCHEMA_VERSION,
            "reason": letter.reason,
            "code": letter.code,
            "worker": letter.origin.worker,
            "stream": letter.origin.stream,
            "shard_id": where.shard_id,
            "sequence_number": where.sequence_number,
            "sub_sequence_number": where.sub_sequence_number,
            "accepted_at" if letter.reason == "conflict" else "arrived_at": letter.at,
            "sealed": {
                "algorithm": ALGORITHM,
                "nonce": base64.b64encode(nonce).decode(),
                "ciphertext": base64.b64encode(sealed).decode(),
            },
        }
        return json.dumps(document, indent=1).encode()

    def open(self, document: bytes) -> DeadLetter:
        """The letter again, with its bytes.

        Raises:
            ValueError: it is no letter, was sealed under another key, for another position, or changed since.
        """
        envelope = Envelope.of(document)
        parts = json.loads(document)["sealed"]
        nonce, sealed = (base64.b64decode(parts[name]) for name in ("nonce", "ciphertext"))
        try:
            data = self._cipher.decrypt(nonce, sealed, envelope.origin.bound())
        except InvalidTag:
            raise ValueError("not sealed under this key for this position") from None
        return DeadLetter(envelope.reason, envelope.code, envelope.origin, envelope.at, data)


@dataclass(frozen=True, slots=True)
class DeadLetterBox:
    """Where one worker process leaves its letters."""

    store: ObjectStore
    seal: Seal
    worker: str
    stream: str
    meters: "Meters"

    async def undecodable(self, record: Arrived, error: EventError) -> None:
        """Keep a record that is no event."""
        await self._put(DeadLetter.undecodable(self.worker, self.stream, record, error))

    async def unwritable(self, record: Arrived, code: str) -> None:
        """Keep an event that the view refuses for good although it takes others."""
        await self._put(DeadLetter.unwritable(self.worker, self.stream, record, code))

    async def conflict(self, order: WriteOrder, data: bytes) -> None:
        """Keep an event that contradicts the first one of its id."""
        await self._put(DeadLetter.conflict(self.worker, self.stream, order, data))

    async def _put(self, letter: DeadLetter) -> None:
        document = self.seal.close(letter)
        if await patiently("dead letter", lambda: self.store.put_if_absent(letter.key, document, {})):
            self.meters.dead_letters.labels(letter.reason).inc()
            where = letter.origin.position
            _log.warning(
                "dead_letter",
                reason=letter.reason,
                code=letter.code,
                shard=where.shard_id,
                sequence_number=where.sequence_number,
                sub_sequence_number=where.sub_sequence_number,
            )
