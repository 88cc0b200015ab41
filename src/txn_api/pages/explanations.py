"""What there is to say of each problem: from its class, and from the operations that the OpenAPI document has for it.

One source, two readers: `docs/problems.md`, and the page that a problem's `type` leads to.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from txn_api.openapi import examples
from txn_api.problems import MEDIA_TYPE, PROBLEMS, LayoutUnknown, Problem


@dataclass(frozen=True, slots=True)
class Explanation:
    """One problem, explained. Its texts may have code in backticks."""

    kind: type[Problem]
    operations: tuple[str, ...]
    """Those that may answer with it."""

    @property
    def meaning(self) -> str:
        """What it means in a sentence or two: the first paragraph of its class."""
        return (self.kind.__doc__ or "").partition("\n\n")[0]

    @property
    def headers(self) -> str:
        """The names of the headers that it carries; empty if it has none of its own."""
        return ", ".join(f"`{name}`" for name in sorted(self.kind().headers))

    @property
    def example(self) -> str:
        """The document, as a client may get it."""
        return json.dumps(examples.problem(self.kind), indent=2)

    @property
    def answered_by(self) -> str:
        """The operations in words; what none names is answered before any is found."""
        if self.kind is LayoutUnknown:
            return "`postTransactionsInBulk`, on a line of its answer"
        return ", ".join(f"`{name}`" for name in self.operations) or "any path"


def explanations(document: dict[str, Any]) -> list[Explanation]:
    """Every problem, in the order of their statuses."""
    found = list(_answers(document))
    return [Explanation(kind, tuple(name for code, name in found if code == kind.code)) for kind in PROBLEMS]


def _answers(document: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """The codes that each operation answers with, by the examples of its responses."""
    for path in document["paths"].values():
        for operation in path.values():
            for response in operation["responses"].values():
                for code in response.get("content", {}).get(MEDIA_TYPE, {}).get("examples", {}):
                    yield code, operation["operationId"]
