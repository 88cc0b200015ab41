"""Whose models a system takes, and which key signs here.

On AWS both are settings. A local stack has a key of its own, and takes what this user has trained without naming a
system: such models are signed with a key in the user's own folder, made at the first training.
"""

import base64
import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Final

from fraud.model.model_errors import ModelError
from fraud.model.shipped import SHIPPED_KEYS
from fraud.model.signature import key_of_text, public_key_of
from fraud.model.trusted_keys import trusted_keys
from txn_cli.output.named import DEFAULT_FOLDER
from txn_cli.stack.credentials import Secrets
from txn_cli.stack.datadir import DataDir
from txn_core.settings import Settings

SIGNING_KEY: Final = "TXN_MODEL_SIGNING_KEY"


def training_key(data_dir: Path | None) -> bytes:
    """The private key that signs a training: of the environment, of the stack in a folder, or this user's own.

    Raises:
        ModelError: the one that is named is no key, or the user's own cannot be read or made.
    """
    if given := os.environ.get(SIGNING_KEY):
        return key_of_text(given)
    if (found := Secrets.read(DataDir.at(data_dir or DEFAULT_FOLDER))) is not None:
        return key_of_text(found.model_signing_key)
    return users_key() or _made_key()


def signing_keys(data_dir: Path | None) -> tuple[bytes, ...]:
    """The public keys of models that commands read on this machine: of the environment, of a stack, of the user."""
    given = Settings.from_environment() if SIGNING_KEY in os.environ or "TXN_MODEL_KEYS" in os.environ else None
    stack = Secrets.read(DataDir.at(data_dir or DEFAULT_FOLDER))
    private = (None if stack is None else key_of_text(stack.model_signing_key), users_key())
    own = (public_key_of(key) for key in private if key is not None)
    return (*(() if given is None else trusted_keys(given)), *own, *SHIPPED_KEYS)


def users_key() -> bytes | None:
    """This user's own private key; None when there is none yet."""
    try:
        return key_of_text(_place().read_text(encoding="ascii"))
    except FileNotFoundError:
        return None
    except (OSError, UnicodeDecodeError) as error:
        raise ModelError(
            f"cannot read the key that signs models: {type(error).__name__}: set {SIGNING_KEY}"
        ) from None


def _made_key() -> bytes:
    """Make the key; of several processes at once one makes it."""
    place = _place()
    try:
        place.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        made = place.with_name(f"{place.name}.{secrets.token_hex(8)}")
        made.touch(mode=0o600, exist_ok=False)
        made.write_text(base64.b64encode(secrets.token_bytes(32)).decode() + "\n", encoding="ascii")
        with suppress(FileExistsError):
            place.hardlink_to(made)
        made.unlink()
    except OSError as error:
        raise ModelError(f"cannot make a key that signs models: {error.strerror}: set {SIGNING_KEY}") from None
    found = users_key()
    assert found is not None  # noqa: S101 - one of us has made it
    return found


def _place() -> Path:
    """The XDG Base Directory Specification's folder for what a user keeps."""
    home = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(home) / "txn" / "model-signing-key"
