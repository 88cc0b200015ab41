"""Content packed in every way that is read."""

import bz2
import gzip
import io
import lzma
import zipfile
from collections.abc import Callable, Mapping

from backports import zstd

Pack = Callable[[bytes], bytes]


def zip_of(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """A zip archive of these files."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


def zipped(content: bytes) -> bytes:
    """A zip archive of one file."""
    return zip_of({"rows.csv": content})


STREAMS: dict[str, Pack] = {"gz": gzip.compress, "bz2": bz2.compress, "xz": lzma.compress, "zst": zstd.compress}
PACKS: dict[str, Pack] = {"plain": bytes, **STREAMS, "zip": zipped}
