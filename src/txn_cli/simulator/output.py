"""Where simulated rows go: a file, gzipped if so named, or standard output, at a rate if one is asked for."""

import gzip
import io
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import IO, TextIO, TypeVar, cast

T = TypeVar("T")


@contextmanager
def opened(path: Path | None) -> Iterator[TextIO]:
    """A text file to write, the same bytes for the same text: a gzip file tells no name and no time."""
    if path is None:
        yield sys.stdout
        return
    with ExitStack() as stack:
        file: IO[bytes] = stack.enter_context(path.open("wb"))
        if path.suffix == ".gz":
            packer = gzip.GzipFile(filename="", mode="wb", fileobj=file, mtime=0)
            file = cast("IO[bytes]", stack.enter_context(packer))
        yield stack.enter_context(io.TextIOWrapper(file, encoding="utf-8", newline=""))


def paced(
    items: Iterable[T],
    rate: float,
    *,
    clock: Callable[[], float] = time.monotonic,
    pause: Callable[[float], None] = time.sleep,
) -> Iterator[T]:
    """The items at so many a second, evenly; after a delay the missed ones follow at once."""
    began = clock()
    for number, item in enumerate(items):
        early_s = began + number / rate - clock()
        if early_s > 0:
            pause(early_s)
        yield item
