"""The model that comes with the package, so that a new system scores at once.

It was trained on rows of our own simulator (`make shipped-model`) and knows no real fraud. Its private key was thrown
away when it was signed: nobody can sign another model that this public key covers.
"""

from importlib.resources import files
from typing import Final

from fraud.model.loading import BYTES_MAX

SHIPPED_KEY: Final = bytes.fromhex((files(__package__) / "shipped_model" / "public_key.hex").read_text().strip())
"""The public key of the shipped model."""


def shipped_files() -> dict[str, bytes]:
    """The files of the shipped model."""
    folder = files(__package__) / "shipped_model"
    return {name: (folder / name).read_bytes() for name in BYTES_MAX}
