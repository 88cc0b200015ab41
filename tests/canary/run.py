"""One run of the suite: a whole local stack, every probe, every crash, and then the search of everything."""

import asyncio
import csv
import json
import os
import signal
import subprocess
import urllib.request
from collections.abc import Iterable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from devkit.running_stack import COMMAND_S_MAX, TXN, RunningStack, running_stack

from tests.canary import access, crashes, dialogues, stores, warehouse
from tests.canary.coverage import FATAL, REPORTS_LEAST
from tests.canary.evidence import Evidence
from tests.canary.exchanges import exchange, status_of
from tests.canary.ingest_files import take_in_files
from tests.canary.issuer_site import issuing
from tests.canary.marks import Marks
from tests.canary.odd_places import odd
from tests.canary.people.reviews import review
from tests.canary.people.written import write_labels, write_rules
from tests.canary.plants import unseen
from tests.canary.probes import HEADERS, MORE_HEADERS, Probe, Prober
from tests.canary.scene import Scene, search_for_foreign, search_scene
from tests.support.card_search import CardSearch, search_files
from tests.support.otlp_receiver import receiving
from txn_cli.simulator.simulated_rows import simulate_rows, write_rows
from txn_cli.stack import ports
from txn_cli.stack.attachment import attach
from txn_cli.stack.datadir import DataDir

AT_ONCE: Final = 8
ROOT: Final = Path(__file__).parents[2]
FAULT_FOLDER: Final = Path(__file__).parent / "fault"
SETTINGS: Final = {
    # The most that a process can be made to say, and short waits for what never comes.
    "TXN_LOG_LEVEL": "debug",
    "TXN_EMF": "true",
    "TXN_TRACES_RATIO": "1",
    "TXN_ARCHIVE_FLUSH_AGE_S": "1",
    "TXN_EVENT_SCHEMA": "2",
    "TXN_BODY_DEADLINE_S": "2",
    "TXN_REQUEST_DEADLINE_S": "2",
    "TXN_PUT_TIMEOUT_S": "1",
    "PYTHONASYNCIODEBUG": "1",
    # Bounds that a run reaches, and stores that it fills.
    "TXN_API_CONCURRENCY_MAX": "16",
    "TXN_SIGNATURES_SHARED": "true",
    "TXN_INGEST_TAKEOVER_S": "2",
    "PYTHONPATH": os.pathsep.join(filter(None, (str(FAULT_FOLDER), str(ROOT), os.environ.get("PYTHONPATH")))),
}


async def run(folder: Path, seed: int) -> Evidence:
    """Everything, in a folder that is this run's alone."""
    evidence = Evidence(seed)
    temporary = folder / "tmp"
    temporary.mkdir()
    data_dir = folder / "data"
    said, spans = folder / "up.log", folder / "spans.log"
    # A port that no other stack takes while this one's API is started again: what answers then must be ours.
    own = {"TMPDIR": str(temporary), "CANARY_SPANS": str(spans), "TXN_API_PORT": str(ports.choose())}
    with (
        issuing() as issuer,
        receiving() as collector,
        running_stack(
            data_dir,
            said,
            *warehouse.OPTIONS,
            **own,
            **SETTINGS,
            **warehouse.SETTINGS,
            **issuer,
            TXN_OTLP_TRACES_URL=collector.url,
        ) as stack,
    ):
        prober = replace(prober_of(stack, evidence.marks), headers=HEADERS + MORE_HEADERS)
        evidence.document = prober.document
        await _provoke(stack, prober, folder, evidence)
        own = {name: SETTINGS[name] for name in ("PYTHONPATH", "TXN_EMF", "TXN_TRACES_RATIO")}
        own["TXN_OTLP_TRACES_URL"] = collector.url
        await take_in_files(stack, temporary, spans, own, evidence)
        stack.wait_caught_up()
        warehouse.build(stack)
        await _search(stack, evidence)
        planted = Marks(seed + 2)
        evidence.unseen = await unseen(Scene.of(stack, {}), temporary, planted)
        evidence.planted = len(planted.numbers)
    # Stopped in order: what only an end writes is there now, too.
    search = CardSearch(evidence.marks.numbers | evidence.foreign.numbers)
    search.look("output of commands", "txn up", said.read_bytes())
    stores.search_spans(search, spans)
    evidence.spans = stores.search_exports(search, collector.bodies)
    search.searched["file of temporaries"] = 0
    search_files(search, temporary, kind="file of temporaries")
    evidence.reports = stores.search_logs(search, data_dir, REPORTS_LEAST)
    evidence.found += stores.search_cores(search, data_dir, temporary, Path.cwd())
    evidence.add(search)
    return evidence


async def _provoke(stack: RunningStack, prober: Prober, folder: Path, evidence: Evidence) -> None:
    say = partial(_say, stack, evidence)
    await send(stack, prober.probes(), evidence)
    await send(stack, odd(prober), evidence)
    await _denied(stack, prober, evidence)
    kept = await dialogues.keyed(prober, say)
    await _foreign_records(stack, evidence)
    write_rules(stack, folder, evidence.marks)
    _load(stack, folder, evidence)
    stack.wait_caught_up()
    await dialogues.read_all_forms(prober, say, kept)
    await send(stack, dialogues.faults(prober), evidence)
    await review(stack, prober, say)
    write_labels(stack, folder, evidence.marks)
    await dialogues.crowd(prober, say)
    await _crash_all(stack, prober, evidence)
    await _during_outages(stack, prober, evidence)
    stack.wait_caught_up()
    for command in (("dead-letters", "list"), ("reconcile",), ("status",)):
        _command(stack, *command)


def prober_of(stack: RunningStack, marks: Marks) -> Prober:
    """The probes of a running stack."""
    with urllib.request.urlopen(f"{stack.ready['api_url']}/openapi.json", timeout=10) as answer:
        return Prober(marks, stack.ready["api_key"], json.loads(answer.read()))


async def send(stack: RunningStack, probes: Iterable[Probe], evidence: Evidence) -> None:
    """Send probes, some at a time, and keep what is answered."""
    waiting = iter(probes)

    async def work_off() -> None:
        for probe in waiting:
            await _say(stack, evidence, probe)

    async with asyncio.TaskGroup() as workers:
        for _ in range(AT_ONCE):
            workers.create_task(work_off())


async def _say(stack: RunningStack, evidence: Evidence, probe: Probe) -> bytes:
    """Send one probe, keep what is answered, and give it."""
    answer = await exchange(urlsplit(stack.ready["api_url"]).port or 0, probe.request)
    evidence.note(probe, answer)
    return answer


async def _denied(stack: RunningStack, prober: Prober, evidence: Evidence) -> None:
    """Requests with keys that may little, made for this."""
    settings = attach(DataDir.at(stack.data_dir))
    assert settings is not None
    await send(stack, access.refusals(prober, await access.Keys.made(settings)), evidence)


async def _search(stack: RunningStack, evidence: Evidence) -> None:
    """For our clients' numbers everywhere, for the foreign producer's wherever it is not his own doing."""
    scene = Scene.of(stack, evidence.answers)
    search = CardSearch(evidence.marks.numbers)
    await search_scene(search, scene)
    evidence.amiss = await warehouse.search_warehouse(search, scene)
    evidence.add(search)
    foreign, sealed = CardSearch(evidence.foreign.numbers), CardSearch(evidence.foreign.numbers)
    await search_for_foreign(foreign, scene)
    evidence.found += foreign.found
    await stores.search_letters(sealed, scene.settings)
    evidence.foreign_letters = len(sealed.found)


async def _foreign_records(stack: RunningStack, evidence: Evidence) -> None:
    numbers = [evidence.foreign.new("foreign record") for _ in range(5)]
    settings = attach(DataDir.at(stack.data_dir))
    assert settings is not None
    await crashes.put_foreign_records(settings, dict.fromkeys(numbers, "foreign record"))


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
        warehouse.mark(row)
        if number % 3 == 0:
            row["street"] = card
        elif number % 5 == 0:
            row["trans_num"] = card
    with source.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)
    rejects = stack.data_dir / "rejects.ndjson"
    totals = stack.txn("load", str(source), "--rejects", str(rejects), "--max-rejects", "100%")
    assert totals["rejected"] > 0 < totals["accepted"]
    for command in ("load", "--single", "--limit", "40"), ("verify",):
        _command(stack, command[0], str(source), *command[1:])
    source.unlink()


def _command(stack: RunningStack, *arguments: str) -> None:
    """What a command says to a person, whatever it thinks of a stack that has been through this."""
    command = [*TXN, *arguments, "--data-dir", str(stack.data_dir)]
    run = subprocess.run(command, check=False, capture_output=True, timeout=COMMAND_S_MAX)
    stack.output.extend((run.stdout, run.stderr))


async def _crash_all(stack: RunningStack, prober: Prober, evidence: Evidence) -> None:
    """The API in the middle of its work, each time by another signal; then the workers behind it."""
    for number in FATAL:
        await crashes.crash_api(stack.data_dir, prober, number)
        evidence.crashes[f"{number.name} to api"] += 1
        await _answering(stack)
    for name, fatal in (("index", signal.SIGABRT), ("archive", signal.SIGSEGV), ("score", signal.SIGABRT)):
        for number in (fatal, signal.SIGKILL):
            await send(stack, _few(prober, "before a worker's end"), evidence)
            await crashes.crash(stack.data_dir, name, number)
            evidence.crashes[f"{number.name} to {name}"] += 1
    await _answering(stack)


async def _during_outages(stack: RunningStack, prober: Prober, evidence: Evidence) -> None:
    """Posts and look-ups while a server answers nobody, and while it is gone."""
    say = partial(_say, stack, evidence)
    for server in ("kinesis", "dynamodb", "s3"):
        for state, block in (("frozen", crashes.frozen), ("gone", crashes.gone)):
            use = f"{server} {state}"
            async with block(stack.data_dir, server):
                await send(stack, _few(prober, use), evidence)
                await dialogues.race(prober, say, use)
                await send(stack, _few(prober, use), evidence)
            evidence.crashes[use] += 1
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
