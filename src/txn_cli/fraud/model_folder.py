"""A folder with a model in it, written as one: the manifest last, so that half a model is none."""

from collections.abc import Mapping
from pathlib import Path

from fraud.model.loading import MANIFEST
from fraud.model.model_errors import ModelError


def write_folder(folder: Path, files: Mapping[str, bytes] | None) -> None:
    """Write files into a folder, or with None make sure that it can take them, before hours of work.

    Raises:
        ModelError: the folder holds a model already, or cannot be written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if (folder / MANIFEST).exists():
            raise ModelError(f"{folder} holds a model already: name another folder")
        for name in sorted(files or {}, key=lambda name: name == MANIFEST):
            made = folder / f".{name}.part"
            made.write_bytes((files or {})[name])
            made.replace(folder / name)
    except OSError as error:
        raise ModelError(f"cannot write the model into {folder}: {error.strerror}") from None
