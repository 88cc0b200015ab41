"""One run of the suite: a whole local stack, every probe, every crash, and then the search of everything."""

import asyncio
import csv
import json
import os
import signal
import urllib.request
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from bench.running_stack import RunningStack, running_stack

from tests.canary import access, crashes, dialogues, places
from tests.canary.coverage import REPORTS_LEAST
from tests.canary.evidence import Evidence
from tests.canary.issuer_site import issuing
from tests.canary.marks import Marks
from tests.canary.probes import HEADERS, MORE_HEADERS, Probe, Prober
from tests.canary.wire import exchange, status_of
from tests.support.card_search import CardSearch, search_files, search_objects, search_stream, search_tables
from txn_cli.simulator import simulate_rows
from txn_cli.simulator.rows import write_rows
from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir

AT_ONCE: Final = 8
FAULT_FOLDER: Final = Path(__file__).parent / "fault"
SETTINGS: Final = {
    # The most that a process can be made to say, and short waits for what never comes.
    "TXN_LOG_LEVEL": "debug",
    "TXN_ARCHIVE_FLUSH_AGE_S": "1",
    "TXN_BODY_DEADLINE_S": "2",
    "TXN_REQUEST_DEADLINE_S": "2",
    "TXN_PUT_TIMEOUT_S": "1",
    "PYTHONASYNCIODEBUG": "1",
    # Bounds that a run reaches, and stores that it fills.
    "TXN_API_CONCURRENCY_MAX": "16",
    "TXN_SIGNATURES_SHARED": "true",
    "PYTHONPATH": os.pathsep.join(filter(None, (str(FAULT_FOLDER), os.environ.get("PYTHONPATH")))),
}


async def run(folder: Path, seed: int) -> Evidence:
    """Everything, in a folder that is this run's alone."""
    evidence = Evidence(seed)
    temporary = folder / "tmp"
    temporary.mkdir()
    data_dir = folder / "data"
    with issuing() as issuer, running_stack(data_dir, TMPDIR=str(temporary), **SETTINGS, **issuer) as stack:
        prober = replace(prober_of(stack, evidence.marks), headers=HEADERS + MORE_HEADERS)
        await send(stack, prober.probes(), evidence)
        await _denied(stack, prober, evidence)
        kept = await dialogues.keyed(prober, say := partial(_say, stack, evidence))
        await _foreign_records(stack, evidence)
        _load(stack, folder, evidence)
        stack.wait_caught_up()
        await dialogues.read_all_forms(prober, say, kept)
        await send(stack, dialogues.faults(prober), evidence)
        await dialogues.crowd(prober, say)
        await _crash_all(stack, prober, evidence)
        await _outages(stack, prober, evidence)
        stack.wait_caught_up()
        await search_everything(stack, evidence)
        await _search_for_foreign(stack, evidence)
    # Stopped in order: what only an end writes is there now, too.
    search = CardSearch(evidence.marks.numbers | evidence.foreign.numbers)
    search_files(search, temporary, kind="file of temporaries")
    evidence.reports = places.search_logs(search, data_dir, REPORTS_LEAST)
    evidence.found += places.search_cores(search, data_dir, temporary, Path.cwd())
    evidence.add(search)
    return evidence


def prober_of(stack: RunningStack, marks: Marks) -> Prober:
    """The probes of a running stack."""
    with urllib.request.urlopen(f"{stack.ready['api_url']}/openapi.json", timeout=10) as answer:
        return Prober(marks, stack.ready["api_key"], json.loads(answer.read()))


async def send(stack: RunningStack, probes: Iterable[Probe], evidence: Evidence) -> None:
    """Send probes, some at a time, and keep what is answered."""
    waiting = iter(probes)

    async def hand() -> None:
        for probe in waiting:
            await _say(stack, evidence, probe)

    async with asyncio.TaskGroup() as hands:
        for _ in range(AT_ONCE):
            hands.create_task(hand())


async def _say(stack: RunningStack, evidence: Evidence, probe: Probe) -> bytes:
    """Send one probe, keep what is answered, and give it."""
    answer = await exchange(urlsplit(stack.ready["api_url"]).port or 0, probe.request)
    evidence.note(probe.name, answer)
    return answer


async def _denied(stack: RunningStack, prober: Prober, evidence: Evidence) -> None:
    """Requests with keys that may little, made for this."""
    settings = attach(DataDir.at(stack.data_dir))
    assert settings is not None
    await send(stack, access.refusals(prober, await access.Keys.made(settings)), evidence)


async def search_everything(stack: RunningStack, evidence: Evidence) -> None:
    """Search whatever the stack has written, said and kept for the numbers that were sent to it."""
    search, ready = CardSearch(evidence.marks.numbers), crashes.ready_of(stack.data_dir)
    places.search_answers(search, evidence.answers)
    places.search_metrics(search, stack.data_dir, ready)
    places.search_processes(search, ready["pids"])
    await search_stream(search, ready)
    await search_tables(search, ready)
    await search_objects(search, ready)
    for number, text in enumerate(stack.output):
        search.look("output of commands", str(number), text)
    places.search_logs(search, stack.data_dir, ())
    search_files(search, stack.data_dir)
    evidence.add(search)


async def _foreign_records(stack: RunningStack, evidence: Evidence) -> None:
    numbers = [evidence.foreign.new("foreign record") for _ in range(5)]
    settings = attach(DataDir.at(stack.data_dir))
    assert settings is not None
    await crashes.put_foreign_records(settings, dict.fromkeys(numbers, "foreign record"))


async def _search_for_foreign(stack: RunningStack, evidence: Evidence) -> None:
    """The stream is the foreign producer's own doing; nothing that we make of it may show the number."""
    search, ready = CardSearch(evidence.foreign.numbers), crashes.ready_of(stack.data_dir)
    places.search_metrics(search, stack.data_dir, ready)
    await search_tables(search, ready)
    await search_objects(search, ready)
    evidence.add(search)


def _load(stack: RunningStack, folder: Path, evidence: Evidence) -> None:
    """A file through the command line, with rows that are refused for their neighbours' numbers."""
    source = folder / "rows.csv"
    with source.open("w", newline="") as file:
        write_rows(simulate_rows(rows=200, cards=20, seed=evidence.seed), file)
    with source.open(newline="") as file:
        rows = list(csv.DictReader(file))
    for number, row in enumerate(rows):
        card = evidence.marks.new("row of a file")
        row["cc_num"] = card if number % 4 else f"{card[:-1]}x"
        if number % 3 == 0:
            row["street"] = card
        elif number % 5 == 0:
            row["trans_num"] = card
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    rejects = stack.data_dir / "rejects.ndjson"
    totals = stack.txn("load", str(source), "--rejects", str(rejects))
    assert totals["rejected"] > 0 < totals["accepted"]
    source.unlink()


async def _crash_all(stack: RunningStack, prober: Prober, evidence: Evidence) -> None:
    await crashes.crash_api(stack.data_dir, prober)
    await crashes.crash(stack.data_dir, "index", signal.SIGABRT)
    await crashes.crash(stack.data_dir, "archive", signal.SIGSEGV)
    await _answering(stack)


async def _outages(stack: RunningStack, prober: Prober, evidence: Evidence) -> None:
    """Posts and look-ups while the stream, then the tables, answer nobody, and while they are gone."""
    for server in ("kinesis", "dynamodb"):
        async with crashes.frozen(stack.data_dir, server):
            await send(stack, _few(prober, f"{server} frozen"), evidence)
            await dialogues.race(prober, partial(_say, stack, evidence), f"{server} frozen")
        os.kill(crashes.ready_of(stack.data_dir)["pids"][server], signal.SIGKILL)
        await send(stack, _few(prober, f"{server} gone"), evidence)
        await _answering(stack)


def _few(prober: Prober, use: str) -> Iterable[Probe]:
    for _ in range(8):
        content = json.dumps(prober.sound(use)).encode()
        yield Probe(use, prober.http("POST", "/transactions", content))
        yield Probe(use, prober.http("GET", f"/transactions?card_number={prober.marks.new(use)}"))


async def _answering(stack: RunningStack) -> None:
    """Wait until the API reaches everything again."""
    port = urlsplit(stack.ready["api_url"]).port or 0
    request = b"GET /readyz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    for _ in range(600):
        try:
            if status_of(await exchange(port, request)) == 200:
                return
        except OSError:
            pass  # not listening yet
        await asyncio.sleep(0.1)
    raise AssertionError("the API does not become ready again")


def table(evidence: Evidence) -> list[tuple[str, int, int]]:
    """What was searched, how much of it, and how often a card number was found."""
    kinds = sorted(evidence.searched)
    return [(kind, evidence.searched[kind], sum(f.startswith(f"{kind} ") for f in evidence.found)) for kind in kinds]


def summary(evidence: Evidence) -> dict[str, Any]:
    """The numbers of a run."""
    return {
        "card numbers sent": len(evidence.marks.uses) + len(evidence.foreign.uses),
        "requests": len(evidence.answers),
        "answers by status": dict(sorted(evidence.statuses.items())),
        "answers by problem": dict(sorted(evidence.codes.items())),
        "crash reports": evidence.reports,
        "items by table": dict(sorted(evidence.tables.items())),
        "found": len(evidence.found),
    }
