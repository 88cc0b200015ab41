"""The rules of naming: standard terms for what is standard, one name for one thing, plain words in prose.

Names that a standard term has replaced do not come back, neither as a module nor as a class or function. Words that
make a sentence a riddle do not come back in docstrings, comments, docs and help.
"""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.lint.documents import RIDDLES

REPLACED: Final = {
    **dict.fromkeys(("passage", "Passage"), "RequestContext"),
    **dict.fromkeys(("whole_request", "whole_answer", "whole_posts", "WholeRequest", "WholePost"), "buffered_..."),
    "Posts": "PostBatch",
    "FrontDoor": "App",
    "front_door": "application",
    "Guarded": "EdgeMiddleware",
    **dict.fromkeys(("siblings", "Siblings"), "ProcessMetrics"),
    **dict.fromkeys(("guesses", "Guesses"), "MissBudget"),
    **dict.fromkeys(("surroundings", "surroundings_of"), "request_text"),
    **dict.fromkeys(("shared_reads", "SharedReads"), "SingleFlight"),
    **dict.fromkeys(("used_macs", "UsedMacs"), "ReplayCache"),
    **dict.fromkeys(("arrival", "Arrival"), "SenderPatience"),
    **dict.fromkeys(("intake", "Intake"), "Admission"),
    "selections": "fields",
    "limits": "rate_limits, quotas or stream_limits",
    "Answer": "Reply, StoredReply, DeliverySink or HttpResponse",
    "Readiness": "a name that says whose",
    "looks_after_leases": "scans_leases",
    "gets_on": "makes_progress",
    "verdicts": "precedence",
    "Verdict": "Relation",
    "judge": "relate",
    "overtake": "supersede",
    **dict.fromkeys(("specimen", "Specimen"), "sample_event"),
    **dict.fromkeys(("trials", "trial", "IndexTrial", "LakeTrial"), "write_probe"),
    **dict.fromkeys(("outages", "patiently"), "retry_outages"),
    **dict.fromkeys(("bookkeeping", "Books"), "Checkpointer"),
    **dict.fromkeys(("arrivals", "Stretch"), "RecordBatch"),
    "Run": "RecordRun",
    "Arrived": "StreamRecord",
    **dict.fromkeys(("take_in", "Sound"), "decode, DecodedEvent"),
    **dict.fromkeys(("meters", "Meters"), "WorkerMetrics"),
    "unless": "run_until",
    "together": "prefix_within_span",
    **dict.fromkeys(("usual_request", "usual_submission", "usual_fields"), "fast_path"),
    **dict.fromkeys(("misplaced", "refuse_misplaced"), "card_number_search"),
    **dict.fromkeys(("collector", "spare_the_collector"), "freeze_startup_objects"),
    **dict.fromkeys(("wire", "DirectWire"), "aws.http.HttpPool"),
    **dict.fromkeys(("direct_calls", "DirectCalls"), "aws.json_calls"),
    "letters": "dead_letters",
    "crew": "concurrency",
    "laid": "prepared",
    **dict.fromkeys(("keeper", "Keeper"), "restarter"),
    **dict.fromkeys(("dress", "DRESSES", "dressed"), "encodings"),
    "Desk": "AppFixture",
    "World": "StackFixture",
    "hands": "workers",
    **dict.fromkeys(("dice", "Dice"), "rng"),
    "places": "indexes",
}
"""Names of old, and what stands for them."""

PROSE: Final = frozenset({".py", ".md", ".toml", ".js", ".mjs", ".html", ".css", ".yaml", ""})
# These name them.
_EXEMPT: Final = frozenset(f"tests/lint/{name}.py" for name in ("documents", "names", "test_documents", "test_names"))


class Finding(NamedTuple):
    """A name or a word that is not to be used, and where it stands."""

    file: str
    line: int
    text: str
    better: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}: better {self.better}"


def replaced_names(source: str, file: str) -> Iterator[Finding]:
    """Modules, classes and functions that bear a name of old."""
    module = file.rsplit("/", 1)[-1].removesuffix(".py").removeprefix("test_")
    if module in REPLACED:
        yield Finding(file, 1, f"module {module}", REPLACED[module])
    for node in ast.walk(ast.parse(source, file)):
        if isinstance(node, ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            name = node.name.lstrip("_")
            if name in REPLACED:
                yield Finding(file, node.lineno, node.name, REPLACED[name])


def riddles(text: str, file: str) -> Iterator[Finding]:
    """Words that make a sentence a riddle."""
    for number, line in enumerate(text.splitlines(), 1):
        for match in RIDDLES.finditer(line):
            yield Finding(file, number, match[0], "the noun itself, or a plain word")


def findings(files: "list[Path]", root: Path) -> Iterator[Finding]:
    """What is wrong in files, named from the root on."""
    for path in files:
        name = path.relative_to(root).as_posix()
        if name in _EXEMPT or path.suffix not in PROSE:
            continue
        text = path.read_text(encoding="utf-8")
        yield from riddles(text, name)
        if path.suffix == ".py":
            yield from replaced_names(text, name)
