"""The files of the pages for people, read once: they change only with the package.

Anybody may ask for them as often as they like, so that an answer is to cost no reading of a file, no thread and no
more bytes than it must. Large files are kept compressed, and in no other form: each client of a browser's kind takes
gzip, and RFC 9110 (12.5.3) lets a server send it to whoever does not ask for something else.
"""

import gzip
from collections.abc import Mapping
from html import escape
from importlib.resources import files
from pathlib import Path
from typing import Final, Self

from pydantic_core import to_json
from starlette.requests import Request
from starlette.responses import Response

from txn_api.edge.headers import RawHeaders
from txn_api.reads.entity_tags import matches, tag_of
from txn_core.transactions.currency import EXPONENTS

LARGE_BYTES_MIN: Final = 64 << 10
TAGS_BYTES_MAX: Final = 1_024
"""Of an `If-None-Match`, which is not read beyond: a browser sends the one tag that it has."""

INDEX: Final = "index.html"
CURRENCIES: Final = "currencies.js"
_FOLDER: Final = Path(str(files("txn_api") / "page"))
_INDEX_CONTENT: Final = (_FOLDER / INDEX).read_bytes()
_NO_INSIGHT: Final = b'<meta name="insight-url" content="">'
MEDIA_TYPES: Final = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".txt": "text/plain; charset=utf-8",
}


class PageFile:
    """A file as it is answered. Its entity tag is the same in every process and on every host."""

    __slots__ = ("_tag", "_unchanged", "_whole", "content")

    def __init__(self, content: bytes, media_type: str, headers: Mapping[str, str]) -> None:
        """Take a file whose answers have these headers."""
        encoded = {}
        if len(content) >= LARGE_BYTES_MIN:
            content, encoded = gzip.compress(content, mtime=0), {"Content-Encoding": "gzip"}
        self.content = content
        """As it is sent."""
        self._tag = tag_of(content)
        headers = {**headers, **encoded, "ETag": self._tag}
        # Made once for all requests: to make them is half of what an answer costs.
        self._whole = Response(content, media_type=media_type, headers=headers)
        self._unchanged = Response(status_code=304, headers=headers)

    @classmethod
    def read(cls, path: Path, headers: Mapping[str, str]) -> Self:
        """The file at a path, whose name tells its type."""
        return cls(path.read_bytes(), MEDIA_TYPES[path.suffix], headers)

    def answer(self, request: Request) -> Response:
        """The file, or that the client has it already."""
        tags = RawHeaders.of(request.scope).find(b"if-none-match")
        if tags is not None and len(tags) <= TAGS_BYTES_MAX and matches(tags.decode("latin-1"), self._tag):
            return self._unchanged
        return self._whole


def page_files(headers: Mapping[str, str]) -> dict[str, PageFile]:
    """The page's files by name, one of them made; a file of a type that is not known is none of them."""
    paths = [path for path in _FOLDER.iterdir() if path.suffix in MEDIA_TYPES]
    found = {path.name: path.read_bytes() for path in paths} | {CURRENCIES: _currencies()}
    return {name: PageFile(content, MEDIA_TYPES[Path(name).suffix], headers) for name, content in found.items()}


def index_file(insight_url: str, headers: Mapping[str, str]) -> PageFile:
    """The page itself, in which its scripts find where the insight service is: nowhere, if the URL is empty."""
    content = _INDEX_CONTENT.replace(_NO_INSIGHT, _NO_INSIGHT.replace(b'""', f'"{escape(insight_url)}"'.encode()))
    return PageFile(content, MEDIA_TYPES[".html"], headers)


def _currencies() -> bytes:
    """A module of the decimals that each currency has, by the core's own table."""
    decimals = to_json(dict(sorted(EXPONENTS.items()))).decode()
    return f"// Of ISO 4217, as the service has them.\n\nexport const DECIMALS = {decimals};\n".encode()
