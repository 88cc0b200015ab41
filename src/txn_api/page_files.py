"""The files of the page for people, read once: they are small, and change only with the package."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Final

from txn_api.entity_tags import tag_of

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


def page_files() -> dict[str, PageFile]:
    """The page's files by name; a file of a type that is not known is none of them."""
    found: dict[str, PageFile] = {}
    for entry in (files("txn_api") / "page").iterdir():
        media_type = _MEDIA_TYPES.get(entry.name.rpartition(".")[2])
        if media_type is not None:
            content = entry.read_bytes()
            found[entry.name] = PageFile(content, media_type, tag_of(content))
    return found
