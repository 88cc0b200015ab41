"""The rules of naming: standard terms for what is standard, one name for one thing, plain words in prose.

Names that a standard term has replaced do not come back: not as a module, a folder of modules, a class or a function,
nor as the name that one is imported by. Words that make a sentence a riddle do not come back in any text.
"""

import ast
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
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

SCRIPTS: Final = frozenset({".py", ".js", ".mjs", ".ts"})
NO_PROSE: Final = frozenset({".png", ".sig", ".csv", ".zdict"})
# These name them, and the names of others' packages are not ours.
_EXEMPT: Final = frozenset(f"tests/lint/{name}.py" for name in ("documents", "names", "test_documents", "test_names"))
_LOCK: Final = "package-lock.json"


class Finding(NamedTuple):
    """A name or a word that is not to be used, and where it stands."""

    file: str
    line: int
    text: str
    better: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}: better {self.better}"


def replaced_names(source: str, file: str) -> Iterator[Finding]:
    """Names of old that a module gives to classes, functions and types, or imports something by."""
    tree = ast.parse(source, file)
    aliases = (alias for node in tree.body for alias in _assigned_types(node))
    for line, name in (*aliases, *(found for node in ast.walk(tree) for found in _defined(node))):
        if (old := name.lstrip("_")) in REPLACED:
            yield Finding(file, line, name, REPLACED[old])


def _defined(node: ast.AST) -> Iterator[tuple[int, str]]:
    """The lines and names of a definition, or of what an import renames."""
    match node:
        case ast.ClassDef() | ast.FunctionDef() | ast.AsyncFunctionDef():
            yield node.lineno, node.name
        case ast.Import() | ast.ImportFrom():
            yield from ((node.lineno, alias.asname) for alias in node.names if alias.asname)


def _assigned_types(node: ast.stmt) -> Iterator[tuple[int, str]]:
    """The lines and names of variables that are called as types are."""
    if isinstance(node, ast.Assign | ast.AnnAssign):
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if isinstance(target, ast.Name) and not (target.id.isupper() or target.id.islower()):
                yield node.lineno, target.id


def replaced_paths(file: str) -> Iterator[Finding]:
    """The module of a file and the folders around it that bear a name of old."""
    path = PurePosixPath(file)
    for part in (*path.parts[:-1], path.name.partition(".")[0]):
        if (old := part.lstrip("_").removeprefix("test_")) in REPLACED:
            yield Finding(file, 1, f"module {part}", REPLACED[old])


def riddles(text: str, file: str) -> Iterator[Finding]:
    """Words that make a sentence a riddle."""
    for match in RIDDLES.finditer(text):
        number = text.count("\n", 0, match.start()) + 1
        yield Finding(file, number, match[0], "the noun itself, or a plain word")


def findings(files: "list[Path]", root: Path) -> Iterator[Finding]:
    """What is wrong in files, named from the root on."""
    for path in files:
        name = path.relative_to(root).as_posix()
        if path.suffix in SCRIPTS:
            yield from replaced_paths(name)
        if name in _EXEMPT or path.name == _LOCK or path.suffix in NO_PROSE:
            continue
        text = path.read_text(encoding="utf-8")
        yield from riddles(text, name)
        if path.suffix == ".py":
            yield from replaced_names(text, name)
