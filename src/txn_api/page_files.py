"""The files of the pages for people, read once: they change only with the package.

Anybody may ask for them as often as they like, so that an answer is to cost no reading of a file, no thread and no
more bytes than it must. Large files are kept compressed, and in no other form: each client of a browser's kind takes
gzip, and RFC 9110 (12.5.3) lets a server send it to whoever does not ask for something else.
"""

import gzip
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from txn_api.entity_tags import matches, tag_of
from txn_api.headers import RawHeaders

LARGE_BYTES_MIN: Final = 64 << 10
TAGS_CHARS_MAX: Final = 1_024
"""Of an `If-None-Match`, which is not read beyond: a browser sends the one tag that it has."""

INDEX: Final = "index.html"
_MEDIA_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file and its entity tag, which is the same in every process and on every host."""

    content: bytes
    media_type: str
    tag: str
    encoding: str | None = None

    @classmethod
    def read(cls, path: Path) -> "PageFile | None":
        """A file as it is served, or None if its type is not known."""
        media_type = _MEDIA_TYPES.get(path.suffix.removeprefix("."))
        if media_type is None:
            return None
        content = path.read_bytes()
        if len(content) < LARGE_BYTES_MIN:
            return cls(content, media_type, tag_of(content))
        content = gzip.compress(content, mtime=0)
        return cls(content, media_type, tag_of(content), "gzip")

    def answer(self, request: Request, headers: dict[str, str]) -> Response:
        """The file with these headers, or that the client has it already."""
        headers = {**headers, "ETag": self.tag}
        if self.encoding is not None:
            headers |= {"Content-Encoding": self.encoding}
        tags = RawHeaders.of(request.scope).get("if-none-match", "")
        if len(tags) <= TAGS_CHARS_MAX and matches(tags, self.tag):
            return Response(status_code=304, headers=headers)
        return Response(self.content, media_type=self.media_type, headers=headers)


def page_files() -> dict[str, PageFile]:
    """The page's files by name; a file of a type that is not known is none of them."""
    folder = Path(str(files("txn_api") / "page"))
    read = ((path.name, PageFile.read(path)) for path in folder.iterdir())
    return {name: found for name, found in read if found is not None}
