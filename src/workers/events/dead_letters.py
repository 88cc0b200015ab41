"""Dead letters: what could not be processed, kept beside the lake with its reason and origin, its bytes sealed.

A foreign producer may have put a card number into a record, so the bytes are encrypted (AES-256-GCM under a key
derived from the dead-letter key) and bound to their origin. The name follows from reason, worker and position: a
replay writes nothing new, and the first letter stays.

A letter stands for one position and holds its bytes, or for several sub-records of one record of the stream and holds
that record whole (`undecodable.py` says when).
"""

import base64
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Self

import structlog
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import SettingsError
from txn_core.kinesis.aggregation import unpack
from txn_core.kinesis.record_batch import RecordBatch, RecordRun, StreamRecord
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.positions import Position, SequenceNumber, ShardId, WriteOrder
from txn_core.settings import Settings
from txn_core.transactions.instants import Instant, datetime_of, instant_of
from workers.events.reasons import Reason
from workers.leases.sub_records import SubRecords
from workers.metrics import WorkerMetrics
from workers.retries import UNLIMITED, Patience, retry_outages

SCHEMA_VERSION: Final = 1
RECORD_SCHEMA_VERSION: Final = 2  # of a letter that holds a whole record; who knows 1 alone would misread it
DATA_BYTES_MAX: Final = 10 << 20  # the largest record that Kinesis takes
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
    subs: SubRecords | None = None
    """The sub-records of a whole record that the letter stands for, from `position` on; None for `position` alone."""

    @property
    def positions(self) -> Iterator[Position]:
        """Every position that the letter stands for."""
        where = self.position
        numbers = (where.sub_sequence_number,) if self.subs is None else self.subs
        return (Position(where.shard_id, where.sequence_number, sub) for sub in numbers)

    def bound(self) -> bytes:
        """What the seal holds the bytes to: another letter's bytes do not open here."""
        where = self.position
        parts = (self.stream, where.shard_id, str(int(where.sequence_number)), str(where.sub_sequence_number))
        subs = () if self.subs is None else (str(self.subs),)
        return "\0".join((self.worker, *parts, *subs)).encode()


@dataclass(frozen=True, slots=True)
class Letterhead:
    """What stands on every letter. `at` is the arrival, or for a conflict the moment when the event was accepted."""

    reason: Reason
    code: str
    origin: Origin
    at: Instant


@dataclass(frozen=True, slots=True)
class DeadLetter(Letterhead):
    """One letter, open."""

    data: bytes

    @classmethod
    def undecodable(
        cls, worker: str, stream: str, record: StreamRecord, code: str, subs: SubRecords | None = None
    ) -> Self:
        """The letter of a record that is no event, or of a whole one of which these sub-records are none.

        It has no more bytes than Kinesis can have given; what a server beside it gave is cut, and says so.
        """
        size, origin = len(record.data), Origin(worker, stream, record.position, subs)
        cut = f"; cut to the first {DATA_BYTES_MAX} of {size} bytes" if size > DATA_BYTES_MAX else ""
        return cls("undecodable", code + cut, origin, instant_of(record.arrived_at), record.data[:DATA_BYTES_MAX])

    @classmethod
    def conflict(cls, worker: str, stream: str, order: WriteOrder, data: bytes) -> Self:
        """The letter of an event whose id was given to other content before."""
        accepted_at, position = order.parts()
        return cls("conflict", "transaction_id_reused", Origin(worker, stream, position), accepted_at, data)

    def records(self) -> RecordBatch:
        """The records of producers that the letter stands for, as they were read from the stream.

        Raises:
            ValueError: the letter holds a record that does not have the sub-records it stands for.
        """
        where, subs, at = self.origin.position, self.origin.subs, datetime_of(self.at)
        if subs is None:
            return RecordBatch.of([StreamRecord(self.data, where, at)])
        users = unpack(self.data, "")
        whole = RecordRun(where.shard_id, where.sequence_number, 0, at, users.data, users.begins, users.ends)
        if not whole.in_aggregate or subs.ranges[-1].stop > whole.events:
            raise ValueError("the record does not have the sub-records that the letter stands for")
        return RecordBatch([whole.cut(each.start, each.stop) for each in subs.ranges])

    @property
    def key(self) -> str:
        """The object's name; one that stands for several says from where on, and for how many."""
        where, subs = self.origin.position, self.origin.subs
        place = f"{where.shard_id}-{int(where.sequence_number)}-{where.sub_sequence_number}"
        if subs is not None:
            place += f"x{len(subs)}"
        return f"{DEAD_LETTER_PREFIX}{self.reason}/dt={self.at[:10]}/{self.origin.worker}-{place}.json"


@dataclass(frozen=True, slots=True)
class Envelope(Letterhead):
    """What stands on a closed letter for all to read, and how many bytes are sealed."""

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
        subs = SubRecords.parse(letter["sub_records"]) if "sub_records" in letter else None
        origin = Origin(letter["worker"], letter["stream"], Position(*place), subs)
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
        where, subs = letter.origin.position, letter.origin.subs
        document = {
            "schema": SCHEMA_VERSION if subs is None else RECORD_SCHEMA_VERSION,
            "reason": letter.reason,
            "code": letter.code,
            "worker": letter.origin.worker,
            "stream": letter.origin.stream,
            "shard_id": where.shard_id,
            "sequence_number": where.sequence_number,
            "sub_sequence_number": where.sub_sequence_number,
            **({} if subs is None else {"sub_records": str(subs)}),
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
    metrics: WorkerMetrics
    patience: Patience = UNLIMITED

    async def undecodable(self, record: StreamRecord, code: str, subs: SubRecords | None = None) -> None:
        """Keep a record that is no event, or a whole one of which these sub-records are none."""
        await self._put(DeadLetter.undecodable(self.worker, self.stream, record, code, subs))

    async def unwritable(self, record: StreamRecord, code: str) -> None:
        """Keep an event that the view refuses for good although it takes others, with the refusal's code."""
        await self._put(
            DeadLetter(
                "unwritable",
                code,
                Origin(self.worker, self.stream, record.position),
                instant_of(record.arrived_at),
                record.data,
            )
        )

    async def conflict(self, order: WriteOrder, data: bytes) -> None:
        """Keep an event that contradicts the first one of its id."""
        await self._put(DeadLetter.conflict(self.worker, self.stream, order, data))

    async def _put(self, letter: DeadLetter) -> None:
        put = partial(self.store.put_if_absent, letter.key, self.seal.close(letter), {})
        if await retry_outages("dead letter", put, until=self.patience):
            self.metrics.dead_letters.labels(letter.reason).inc()
            where = letter.origin.position
            _log.warning(
                "dead_letter",
                reason=letter.reason,
                code=letter.code,
                shard=where.shard_id,
                sequence_number=where.sequence_number,
                sub_sequence_number=where.sub_sequence_number,
                positions=sum(1 for _ in letter.origin.positions),
            )
