"""`txn dead-letters`: what could not be processed is listed, looked into, and put onto the stream again."""

import asyncio
import re
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from enum import StrEnum
from itertools import chain
from typing import Annotated, Final, cast

import typer

from operations.dead_letters.letter_catalogue import Catalogue, Letter, in_batches
from operations.dead_letters.replay import Outcome, Replay, Result
from operations.dead_letters.replays import ReplayLog
from txn_cli.commands.place import AwsOption, StackOption, system_at
from txn_cli.commands.since import moment_of
from txn_cli.dead_letters import letter_report
from txn_cli.exit_codes import CHECKING
from txn_cli.exit_codes import Outcome as Ending
from txn_cli.terminal import say, say_document
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.exceptions import StoreError
from txn_core.kinesis.producer import Producer
from txn_core.logs.telemetry import configure_logging
from txn_core.positions import Position, SequenceNumber, ShardId
from txn_core.settings import Settings
from workers.events.dead_letters import Seal
from workers.events.reasons import REASONS, Reason

ReasonName = StrEnum("ReasonName", {reason: reason for reason in REASONS})  # type: ignore[misc] # the reasons are there

ReasonOption = Annotated[ReasonName | None, typer.Option("--reason", help="Only letters kept for this reason.")]
SinceOption = Annotated[
    str | None,
    typer.Option(
        "--since",
        help="Only letters of records that arrived since: an RFC 3339 time, or a duration back from now (90m, 2h).",
    ),
]
LimitOption = Annotated[int, typer.Option(min=1, help="Most letters to take.")]
JsonLinesOption = Annotated[bool, typer.Option("--json", help="Print one JSON object a line, one a letter.")]
LETTER_HELP: Final = "A letter's key, or its position: SHARD/SEQUENCE or SHARD/SEQUENCE/SUB."

_PLACE: Final = re.compile(r"([^/]+)/([0-9]+)(?:/([0-9]+))?")
# What a person has to look at; what was sent before is no fault unless it was named.
_FAULTS: Final = frozenset(Outcome) - {Outcome.SENT, Outcome.SENDABLE, Outcome.REPLAYED}


dead_letters = typer.Typer(help="What could not be processed: list it, look into it, send it again.")


@dead_letters.command("list")
def list_(
    *,
    reason: ReasonOption = None,
    since: SinceOption = None,
    limit: LimitOption = 100,
    as_json: JsonLinesOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """List dead letters: position, reason, code and time, never their content.

    The oldest come first. The copies that index and archive keep of one position are one letter. A foreign aggregate
    without a single event is one letter, too, which says for how many positions it stands.
    """
    settings, moment = system_at(data_dir, aws=aws).settings, _moment(since)

    async def run() -> None:
        async with Aws(settings).lake() as store:
            async for letter in _selected(store, reason, moment, limit):
                history = await ReplayLog(store).history(letter)
                if as_json:
                    say_document(letter_report.document(letter, history))
                else:
                    say(letter_report.line(letter, history))

    asyncio.run(run())


@dead_letters.command()
def show(
    *,
    letter: Annotated[str, typer.Argument(help=LETTER_HELP)],
    open_: Annotated[
        bool,
        typer.Option(
            "--open",
            help="Unseal and print the bytes, too. They may hold a card number: mind who can see the screen.",
        ),
    ] = False,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw", help="With --open: do not mask what may be a card number. Never send this output to a log."
        ),
    ] = False,
    as_json: JsonLinesOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Show one dead letter: its position, what was wrong, which workers kept it, whether it was sent again.

    Each position of a letter that holds a complete record finds the letter. The bytes stay sealed unless --open is
    given. Whatever looks like a card number in them is masked then; an unusually written number may not look like
    one.
    """
    settings = system_at(data_dir, aws=aws).settings
    seal = Seal.of(settings) if open_ else None

    async def run() -> None:
        async with Aws(settings).lake() as store:
            for found in await _found(store, letter):
                document = b"" if seal is None else await store.read(found.names[0].key)
                text = None if seal is None else letter_report.opened_text(seal, document, raw=raw)
                history = await ReplayLog(store).history(found)
                if as_json:
                    say_document(letter_report.document(found, history) | ({} if text is None else {"text": text}))
                else:
                    say(*letter_report.lines(found, history), *([] if text is None else ["", *text.split("\n")]))

    asyncio.run(run())


@dead_letters.command()
def replay(
    *,
    letter: Annotated[list[str] | None, typer.Argument(help=LETTER_HELP, show_default=False)] = None,
    reason: ReasonOption = None,
    since: SinceOption = None,
    limit: LimitOption = 100,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent, and send nothing.")] = False,
    again: Annotated[
        bool, typer.Option("--again", help="Also send letters that were sent before, or may have been.")
    ] = False,
    as_json: JsonLinesOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Put dead letters onto the stream again: those named, or those that --reason selects.

    A letter is sent with the same bytes, and only if it is an event by today's rules; for the other letters the
    command says why not. Each sub-record of a letter that holds a complete record is checked and sent by itself. The
    command records that a letter was sent, and refuses to send it twice unless --again is given. The index treats it
    like every repeat: the first write of an id wins. The lake gets a new row for each time that it is sent. The
    letter itself stays where it is. Sending a conflict again does not resolve it.

    Exit code 0 when every letter was sent, or had been sent before without being named here.
    """
    if bool(letter) == (reason is not None):
        raise typer.BadParameter("name letters, or select some by --reason")
    settings, moment = system_at(data_dir, aws=aws).settings, _moment(since)
    seal = Seal.of(settings)
    configure_logging("warning", process="dead-letters")  # on standard error; results alone go to standard output

    async def run() -> Counter[Outcome]:
        outcomes = Counter[Outcome]()
        async with Aws(settings).lake() as store, _producer(settings, dry_run=dry_run) as producer:
            sending = Replay(store, seal, producer, again=again)
            letters = _named(store, letter) if letter else _selected(store, reason, moment, limit)
            async for result in _replayed(sending, letters):
                outcomes[result.outcome] += 1
                if as_json:
                    say_document(letter_report.result_document(result))
                else:
                    say(letter_report.result_line(result))
        return outcomes

    outcomes = asyncio.run(run())
    say(", ".join(f"{count} {what.replace('_', ' ')}" for what, count in outcomes.items()), error=True)
    faults = _FAULTS | ({Outcome.REPLAYED} if letter else set())
    raise typer.Exit(CHECKING[Ending.FINDING if outcomes.keys() & faults else Ending.DONE])


async def _replayed(sending: Replay, letters: AsyncIterator[Letter]) -> AsyncIterator[Result]:
    """The results in the order of the letters, some being sent at once."""
    async for batch in in_batches(_distinct(letters)):
        for result in chain.from_iterable(await asyncio.gather(*map(sending.of_all, batch))):
            yield result


async def _distinct(letters: AsyncIterator[Letter]) -> AsyncIterator[Letter]:
    """Each letter once, whatever names it."""
    seen: set[str] = set()
    async for letter in letters:
        if letter.place not in seen:
            seen.add(letter.place)
            yield letter


async def _selected(
    store: ObjectStore, reason: str | None, since: datetime | None, limit: int
) -> AsyncIterator[Letter]:
    """The first so many letters of a selection; says so when there are more."""
    reasons: Sequence[Reason] = REASONS if reason is None else (cast("Reason", reason),)
    count = 0
    async for letter in Catalogue(store).dead_letters(reasons, since):
        if count == limit:
            say(f"There are more than --limit {limit}", error=True)
            return
        count += 1
        yield letter


async def _named(store: ObjectStore, names: Sequence[str]) -> AsyncIterator[Letter]:
    for name in names:
        for letter in await _found(store, name):
            yield letter


async def _found(store: ObjectStore, name: str) -> list[Letter]:
    """The letters with this key or position.

    Raises:
        StoreError: there is none.
    """
    catalogue = Catalogue(store)
    if (match := _PLACE.fullmatch(name)) is not None:
        position = Position(ShardId(match[1]), SequenceNumber(match[2]), int(match[3] or 0))
        found = await catalogue.at(position)
    else:
        letter = await catalogue.of_key(name)
        found = [] if letter is None else [letter]
    if not found:
        raise StoreError(f"there is no dead letter {name}")
    return found


def _moment(since: str | None) -> datetime | None:
    return None if since is None else moment_of(since, datetime.now(UTC))


@asynccontextmanager
async def _producer(settings: Settings, *, dry_run: bool) -> AsyncIterator[Producer | None]:
    """A producer for the time of the block; none when nothing is to be sent."""
    if dry_run:
        yield None
        return
    async with Aws(settings).kinesis_writer() as client:
        producer = Producer.from_settings(client, settings)
        await producer.route_by_shards()
        try:
            yield producer
        finally:
            await producer.close(settings.shutdown_deadline_s)
