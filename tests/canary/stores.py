"""Everything that a running stack leaves behind, searched for card numbers; what the search needs beside the stores.

`CardSearch` counts what it has looked at, so that the table says how much was searched, not only that nothing was
found.
"""

import json
import os
import urllib.request
from collections import Counter
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Final

from tests.canary.exchanges import header_of
from tests.support.card_search import CardSearch
from txn_cli.stack.datadir import DataDir
from txn_cli.stack.stackports import StackPorts
from txn_core.aws.clients import Aws
from txn_core.lake.layout import DEAD_LETTER_PREFIX
from txn_core.settings import Settings
from txn_core.tracing.span_table import SpanName
from workers.events.dead_letters import Seal

FETCH_S_MAX: Final = 10.0


def search_answers(search: CardSearch, answers: Mapping[str, bytes]) -> None:
    """Heads and bodies of all answers, by probe, and the traces that they name."""
    for name, answer in answers.items():
        head, _, body = answer.partition(b"\r\n\r\n")
        search.look("answer head", name, head)
        search.look("answer body", name, body)
        if traced := header_of(answer, "traceresponse"):
            search.look("trace", name, traced)


def metrics_urls(data_dir: Path, ready: Mapping[str, Any]) -> dict[str, str]:
    """Where the API and the workers tell of themselves."""
    ports = StackPorts.stored(DataDir.at(data_dir))
    assert ports is not None
    urls = {kind: f"{url}/metrics" for kind, url in ports.metrics_urls().items()}
    return urls | {"api": f"{ready['api_url']}/metrics"}


def search_metrics(search: CardSearch, urls: Mapping[str, str]) -> None:
    """What is told there, line by line."""
    for kind, url in urls.items():
        with urllib.request.urlopen(url, timeout=FETCH_S_MAX) as answer:
            for line in answer.read().splitlines():
                search.look("metric", kind, line)


def search_processes(search: CardSearch, pids: Mapping[str, int]) -> None:
    """What any user of the machine may see of a process, and its environment."""
    for name, pid in pids.items():
        for what in ("cmdline", "environ", "comm"):
            file = Path(f"/proc/{pid}/{what}")
            if os.access(file, os.R_OK):
                search.look("command line and environment", f"{name} {what}", file.read_bytes())


async def search_letters(search: CardSearch, settings: Settings) -> None:
    """What the dead letters hold under their seals."""
    seal = Seal.of(settings)
    async with Aws(settings).s3() as s3:
        pages = s3.get_paginator("list_objects_v2").paginate(Bucket=settings.lake_bucket, Prefix=DEAD_LETTER_PREFIX)
        async for page in pages:
            for entry in page.get("Contents", ()):
                answer = await s3.get_object(Bucket=settings.lake_bucket, Key=entry["Key"])
                search.look("opened dead letter", entry["Key"], seal.open(await answer["Body"].read()).data)


def search_logs(search: CardSearch, data_dir: Path, reports: Iterable[str]) -> dict[str, int]:
    """Every line of every log, and the traces it names; gives how many lines hold each of the reports' words."""
    counts = dict.fromkeys(reports, 0)
    for file in sorted((data_dir / "logs").iterdir()):
        for line in file.read_bytes().splitlines():
            for report in counts:
                counts[report] += report.encode() in line
            search.look("log line", file.name, line)
            if b'"trace_id"' in line:
                search.look("trace", file.name, json.loads(line)["trace_id"])
    return counts


def search_spans(search: CardSearch, file: Path) -> None:
    """Everything that processes have told a tracing system, line by line."""
    for line in file.read_bytes().splitlines():
        search.look("span", file.name, json.loads(line))


def search_exports(search: CardSearch, bodies: Iterable[bytes]) -> Counter[str]:
    """What our collector was sent, and in how many exports each span stood; protobuf has texts as they are."""
    counts = Counter[str]()
    for body in bodies:
        search.look("exported spans", "collector", body)
        counts.update(name.value for name in SpanName if _name_field(name.value) in body)
    return counts


def _name_field(name: str) -> bytes:
    """A span's field 5 by OTLP's trace.proto: its tag, its length, its bytes."""
    return bytes([5 << 3 | 2, len(name)]) + name.encode()


def search_cores(search: CardSearch, *folders: Path) -> list[str]:
    """Core files where a kernel would leave them; there must be none to search."""
    cores = [str(file) for folder in folders for file in folder.rglob("core*") if _is_core(file)]
    search.searched["place for core dumps"] = len(folders)
    return cores


def _is_core(file: Path) -> bool:
    if not file.is_file():
        return False
    with file.open("rb") as opened:
        return opened.read(4) == b"\x7fELF" and file.suffix != ".so"
