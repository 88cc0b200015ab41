"""The targets by their names."""

from collections.abc import Callable, Mapping
from typing import Final

from tests.abuse.door import KeylessRequests
from tests.abuse.lines import Lines
from tests.abuse.target import Target
from tests.abuse.uploads import Uploads

TARGETS: Final[Mapping[str, Callable[[], Target]]] = {
    "lines": Lines,
    "uploads": Uploads,
    "requests": KeylessRequests,
}
