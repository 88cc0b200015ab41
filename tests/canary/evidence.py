"""What a run has sent, what was answered to it, and what the search has found."""

import json
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tests.canary.exchanges import header_of, status_of
from tests.canary.marks import Marks
from tests.canary.probes import Probe
from tests.support.card_search import CardSearch

_LINE_PROBLEM: Final = re.compile(rb'"problem":\{"type":"[^"]*","title":"[^"]*","status":[0-9]+,"code":"([a-z_]+)"')
_PARAMETER: Final = re.compile(r"\\\{[a-z_]+\\\}")


@dataclass
class Evidence:
    """Everything of a run that its verdict rests on.

    Codes, statuses, routes, headers and media types are those of requests in which a marked number stands; `unmarked`
    counts the others, which prove nothing. `unseen` are the places where a planted number was not found, `amiss` what
    the warehouse tells of a marked person.
    """

    seed: int
    document: Mapping[str, Any] = field(default_factory=dict)
    marks: Marks = field(init=False)
    foreign: Marks = field(init=False)
    answers: dict[str, bytes] = field(default_factory=dict)
    unmarked: list[str] = field(default_factory=list)
    statuses: Counter[int] = field(default_factory=Counter)
    codes: Counter[str] = field(default_factory=Counter)
    routes: Counter[str] = field(default_factory=Counter)
    sent_headers: Counter[str] = field(default_factory=Counter)
    headers: set[str] = field(default_factory=set)
    media_types: set[str] = field(default_factory=set)
    crashes: Counter[str] = field(default_factory=Counter)
    searched: Counter[str] = field(default_factory=Counter)
    tables: Counter[str] = field(default_factory=Counter)
    folders: Counter[str] = field(default_factory=Counter)
    streams: Counter[str] = field(default_factory=Counter)
    reports: Mapping[str, int] = field(default_factory=dict)
    spans: Counter[str] = field(default_factory=Counter)
    found: list[str] = field(default_factory=list)
    foreign_letters: int = 0
    planted: int = 0
    unseen: Sequence[str] = ()
    amiss: Sequence[str] = ()

    def __post_init__(self) -> None:
        self.marks, self.foreign = Marks(self.seed), Marks(self.seed + 1)

    def note(self, probe: Probe, answer: bytes) -> None:
        """Keep an answer under its probe's name."""
        self.answers[f"{probe.name} #{len(self.answers)}"] = answer
        if not self._is_marked(probe.request):
            self.unmarked.append(probe.name)
            return
        self._note_request(probe.request)
        self.statuses[status_of(answer)] += 1
        head, _, body = answer.partition(b"\r\n\r\n")
        self.headers |= {line.partition(b":")[0].lower().decode("latin-1") for line in head.split(b"\r\n")[1:]}
        media_type = header_of(answer, "Content-Type").partition(";")[0]
        self.media_types.add(media_type)
        if body and media_type == "application/problem+json":
            document: dict[str, Any] = json.loads(body)
            self.codes[document["code"]] += 1
        elif media_type == "application/x-ndjson":
            self.codes.update(code.decode() for code in _LINE_PROBLEM.findall(body))

    def add(self, search: CardSearch) -> None:
        """Take in what a search has found."""
        self.searched.update(search.searched)
        self.tables.update(search.tables)
        self.folders.update(search.folders)
        self.streams.update(search.streams)
        self.found += search.found

    def routes_of(self, templates: Sequence[str]) -> Counter[str]:
        """How many requests went to each of some routes; a path belongs to the first that it fits."""
        counts: Counter[str] = Counter()
        for path, count in self.routes.items():
            template = next((each for each in templates if _fits(each, path)), None)
            counts["none of these" if template is None else template] += count
        return counts

    def _is_marked(self, request: bytes) -> bool:
        head, _, body = request.partition(b"\r\n\r\n")
        search = CardSearch(self.marks.numbers)
        for part in (head, body):
            search.look("request", "part", part)
        return bool(search.found)

    def _note_request(self, request: bytes) -> None:
        first, *lines = request.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
        method, _, target = first.partition(" ")
        self.routes[f"{method} {target.partition(' ')[0].partition('?')[0]}"] += 1
        for line in lines:
            name, _, value = line.partition(":")
            search = CardSearch(self.marks.numbers)
            search.look("header", name, value.strip().encode("latin-1"))
            self.sent_headers[name.lower()] += bool(search.found)


def _fits(template: str, path: str) -> bool:
    return re.fullmatch(_PARAMETER.sub("[^/]+", re.escape(template)), path) is not None
