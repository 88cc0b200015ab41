"""The model that comes with the package, so that a new system scores at once.

It was trained on rows of our own simulator (`make shipped-model`) and knows no real fraud. Its private key was thrown
away when it was signed: nobody can sign another model that this public key covers. The public keys of the models that
came with former releases stay, so that such a model scores on after an update.
"""

from importlib.resources import files
from typing import Final

from fraud.model.loading import BYTES_MAX

KEYS_FILE: Final = "public_keys.hex"
SHIPPED_KEYS: Final = tuple(
    map(bytes.fromhex, (files(__package__) / "shipped_model" / KEYS_FILE).read_text("ascii").split())
)
"""The public keys of all models that were ever shipped, the newest first."""
SHIPPED_KEY: Final = SHIPPED_KEYS[0]
"""The public key of the shipped model."""


def shipped_files() -> dict[str, bytes]:
    """The files of the shipped model."""
    folder = files(__package__) / "shipped_model"
    return {name: (folder / name).read_bytes() for name in BYTES_MAX}
