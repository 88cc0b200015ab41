"""The files of the page for people, read once: they are small, and change only with the package."""

import hashlib
from dataclasses import dataclass
from importlib.resources import files
from typing import Final

INDEX: Final = "index.html"
_MEDIA_TYPES: Final = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True)
class PageFile:
    """A file and its strong entity tag (RFC 9110, 8.8.3), the same in every process and on every host."""

    content: bytes
    media_type: str
    etag: str

    def is_known_by(self, if_none_match: str) -> bool:
        """Whether the header of that name lists this very content (13.1.2); weak tags compare alike."""
        tags = [tag.strip().removeprefix("W/") for tag in if_none_match.split(",")]
        return self.etag in tags or tags == ["*"]


def page_files() -> dict[str, PageFile]:
    """The page's files by name; a file of a type that is not known is none of them."""
    found: dict[str, PageFile] = {}
    for entry in (files("txn_api") / "page").iterdir():
        media_type = _MEDIA_TYPES.get(entry.name.rpartition(".")[2])
        if media_type is not None:
            content = entry.read_bytes()
            found[entry.name] = PageFile(content, media_type, f'"{hashlib.sha256(content).hexdigest()[:32]}"')
    return found
