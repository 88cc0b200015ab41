"""Which batch a file is, and what of the file's content can be told from it."""

import base64
import hashlib

import pytest

from ingest.batches.batch_ids import BatchKey, Sha256
from ingest.batches.batch_receipt import is_batch_id
from tests.builders import base64_key
from tests.ingest.batches.builders import ACME, DIGEST, KEY
from txn_core.exceptions import SettingsError
from txn_core.settings import Settings
from txn_core.transactions.identity import Account


def test_a_batch_is_its_content_its_account_and_how_it_is_read() -> None:
    """A known answer, and another id for each part that differs. The digest itself stands in none."""
    batch = KEY.batch_id(ACME, DIGEST)
    assert (batch, is_batch_id(batch)) == ("bat_3cabfe8fe6b385d65a6d5b9f21a47c44", True)
    assert batch == KEY.batch_id(ACME, DIGEST)
    others = {
        KEY.batch_id(Account("acme2"), DIGEST),
        KEY.batch_id(ACME, Sha256("ac" * 32)),
        KEY.batch_id(ACME, DIGEST, "by a map"),
        BatchKey(b"l" * 32).batch_id(ACME, DIGEST),
    }
    assert len(others - {batch}) == 4
    assert DIGEST[:8] not in batch


def test_a_digest_is_opened_by_its_key_for_its_batch_alone() -> None:
    batch = KEY.batch_id(ACME, DIGEST)
    sealed = KEY.seal(DIGEST, batch)
    assert KEY.open(sealed, batch) == DIGEST
    assert KEY.open(sealed, KEY.batch_id(ACME, Sha256("cd" * 32))) is None
    assert BatchKey(b"l" * 32).open(sealed, batch) is None
    assert bytes.fromhex(DIGEST) not in base64.b64decode(sealed)
    assert KEY.seal(DIGEST, batch) != sealed


def test_a_file_with_one_row_cannot_be_guessed_from_its_receipt() -> None:
    """Whoever knows a row but for six digits cannot try them: neither id nor seal is a digest of the file alone."""
    file = b"cc_num\n4111111111111111\n"
    digest = Sha256(hashlib.sha256(file).hexdigest())
    kept = KEY.batch_id(ACME, digest) + KEY.seal(digest, KEY.batch_id(ACME, digest))
    assert not any(hashlib.new(name, file).hexdigest()[:16] in kept for name in ("sha256", "md5", "sha1"))


def test_a_process_without_the_key_is_told_which_one() -> None:
    with pytest.raises(SettingsError, match="TXN_INGEST_KEY"):
        BatchKey.of(Settings())
    assert BatchKey.of(Settings(ingest_key=base64_key(9))).batch_id(ACME, DIGEST)
