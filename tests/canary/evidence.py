"""What a run has sent, what was answered to it, and what the search has found."""

import json
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.canary.marks import Marks
from tests.canary.wire import header_of, status_of
from tests.support.card_search import CardSearch


@dataclass
class Evidence:
    """Everything of a run that its verdict rests on."""

    seed: int
    marks: Marks = field(init=False)
    foreign: Marks = field(init=False)
    answers: dict[str, bytes] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    headers: set[str] = field(default_factory=set)
    media_types: set[str] = field(default_factory=set)
    searched: Counter[str] = field(default_factory=Counter)
    tables: Counter[str] = field(default_factory=Counter)
    reports: Mapping[str, int] = field(default_factory=dict)
    found: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.marks, self.foreign = Marks(self.seed), Marks(self.seed + 1)

    def note(self, name: str, answer: bytes) -> None:
        """Keep an answer under its probe's name."""
        self.answers[f"{name} #{len(self.answers)}"] = answer
        self.statuses[status_of(answer)] += 1
        head, _, body = answer.partition(b"\r\n\r\n")
        self.headers |= {line.partition(b":")[0].lower().decode("latin-1") for line in head.split(b"\r\n")[1:]}
        media_type = header_of(answer, "Content-Type").partition(";")[0]
        self.media_types.add(media_type)
        if body and media_type == "application/problem+json":
            document: dict[str, Any] = json.loads(body)
            self.codes[document["code"]] += 1

    def add(self, search: CardSearch) -> None:
        """Take in what a search has found."""
        self.searched.update(search.searched)
        self.tables.update(search.tables)
        self.found += search.found
