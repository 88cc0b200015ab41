"""`txn rules`: try rules on what is known, let them become active, and see which ones are (docs/rules.md)."""

import asyncio
import re
from collections.abc import Awaitable, Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, TypeVar

import typer

from fraud.registry.active_versions import ActiveVersions, Change, read_active
from fraud.registry.approval import Asked
from fraud.rules.rule import VERSION_PATTERN, Rules
from fraud.rules.rule_error import RuleError
from fraud.rules.rule_registry import RuleRegistry
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, YesOption, agree, system_at
from txn_cli.commands.since import span_of
from txn_cli.commands.train_command import FileOption, FromOption, ToOption
from txn_cli.extras import is_installed
from txn_cli.fraud.named_model import named_model
from txn_cli.fraud.person import person_of
from txn_cli.fraud.written_rules import compiled_rules, read_rules, rule_lines
from txn_cli.output.failure import store_errors
from txn_cli.system import System
from txn_cli.terminal import say, say_document
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.transactions.instants import instant_of

if TYPE_CHECKING:
    from fraud.rules.rule_set import RuleSet
    from fraud.training.labelled import Labelled
    from txn_cli.fraud.lake_rows import LakeRows

T = TypeVar("T")
FileArgument = Annotated[str, typer.Argument(metavar="FILE", help="Rules, as TOML.")]

rules = typer.Typer(help="Rules about transactions: try them, let them become active, and see which ones are.")


@rules.command("test")
def try_rules(
    written: FileArgument,
    *,
    file: FileOption = None,
    begin: FromOption = None,
    end: ToOption = None,
    model: Annotated[
        str | None,
        typer.Option("--model", help="Folder of a model, or `shipped`, for rules that ask for the score.",
                     show_default="none: the score is missing"),
    ] = None,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:  # fmt: skip
    """Say what each rule would have hit, how often it was right, and which others hit the same. Nothing changes.

    Without --file and --from the rules are only read. Of the lake, 37 days before --from fill the cards' histories.
    In a file cards and merchants have no ids of ours, so a rule about an id hits nothing there.
    """
    if file is not None and begin is not None:
        raise typer.BadParameter("give --file, or --from and --to of the lake")
    rule_set = compiled_rules(read_rules(Path(written)))
    if file is None and begin is None:
        _say_read(rule_set, as_json=as_json)
        return
    from fraud.rules.rule_backtest import RuleBacktest  # noqa: PLC0415 - the extra `score`

    backtest = RuleBacktest(rule_set, None if model is None else named_model(model, data_dir))
    counted: Iterable[Labelled]
    if file is not None:
        from txn_cli.fraud.labelled_file import LabelledFile  # noqa: PLC0415 - where asked alone

        counted = LabelledFile(file).rows()
    else:
        before, counted = _rows_of_lake(begin or "", end, system_at(data_dir, aws=aws))
        for row in before:
            backtest.fill(row.observation)
    for row in counted:
        backtest.add(row.observation, is_fraud=row.is_fraud)
    if as_json:
        say_document(backtest.document())
    else:
        say(*rule_lines(backtest.document()))


@rules.command()
def activate(
    named: Annotated[
        str, typer.Argument(metavar="FILE|VERSION", help="Rules as TOML, or a version of the registry.")
    ],
    *,
    by: Annotated[
        str | None,
        typer.Option("--by", help="Who asks, at a local stack.", show_default="this user; on AWS its credentials"),
    ] = None,
    yes: YesOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Let rules become active, in place of all others. Nobody approves a rule of their own.

    Away from a local stack two persons have to ask for it.
    """
    given = None if re.fullmatch(VERSION_PATTERN, named) else read_rules(Path(named))
    if given is not None:
        compiled_rules(given)
    system = system_at(data_dir, aws=aws)
    agree(f"Let the rules of {named} become active?", system, yes=yes)

    async def change(objects: VersionedObjects) -> tuple[str, ActiveVersions]:
        registry = RuleRegistry(objects)
        taken = await registry.load(named) if given is None else given
        who = await person_of(system, by)
        asked = Asked.of("rules", who=who, at=instant_of(datetime.now(UTC)), alone=system.is_local)
        return taken.version, await registry.activate(taken, asked)

    version, after = _at(system, change)
    if after.wanted.rules == version:
        say(f"{version} is active from now on")
    else:
        say(f"{version} is asked for: nothing changes until a second person runs the same command")


@rules.command("list")
def list_rules(
    version: Annotated[
        str | None, typer.Argument(help="A version of the registry.", show_default="the active one")
    ] = None,
    *,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """List the rules of a version, who let it become active, and which other versions there are.

    Of an active version that the scorer refuses, why.
    """
    system = system_at(data_dir, aws=aws)

    async def found(objects: VersionedObjects) -> tuple[ActiveVersions, list[str], Rules | None, str | None]:
        registry, active = RuleRegistry(objects), await read_active(objects)
        versions, wanted, shown, fault = await registry.versions(), version or active.wanted.rules, None, None
        try:
            shown = None if wanted is None else await registry.load(wanted)
            if shown is not None and is_installed("score"):
                compiled_rules(shown)
        except RuleError as error:
            if version is not None and shown is None:
                raise
            fault = str(error)
        return active, versions, shown, fault

    active, versions, shown, fault = _at(system, found)
    change = next((each for each in reversed(active.history) if shown and each.wanted.rules == shown.version), None)
    if as_json:
        say_document({**_document(active, versions, shown, change), "fault": fault})
        return
    say(_heading(active, shown, fault, change))
    for rule in () if shown is None else shown.rules:
        state = "disabled" if rule.is_disabled else rule.mode
        say(f"  {rule.id}  {rule.action}, {state}, of {rule.owner}, until {rule.expires_at}")
    for other in versions:
        if shown is None or other != shown.version:
            say(f"{other} is kept")
    if active.proposal is not None and active.proposal.action == "rules":
        say(f"{active.proposal.who} asks for {active.proposal.wanted.rules}: a second person has to ask for the same")


def _heading(active: ActiveVersions, shown: Rules | None, fault: str | None, change: Change | None) -> str:
    wanted = active.wanted.rules
    if fault is not None:
        name = wanted if shown is None else shown.version
        return f"{name} {'is wanted, and' if name == wanted else 'would be'} refused: {fault}"
    if shown is None:
        return "No rules are active: txn rules activate FILE"
    return f"{shown.version}{' is active' if shown.version == wanted else ''}{_by(change)}"


def _document(
    active: ActiveVersions, versions: list[str], shown: Rules | None, change: Change | None
) -> dict[str, Any]:
    return {
        "active": active.wanted.rules,
        "proposal": active.proposal.model_dump(mode="json") if active.proposal else None,
        "version": shown.version if shown else None,
        "who": change.who if change else None,
        "approver": change.approver if change else None,
        "rules": [rule.model_dump(mode="json") for rule in shown.rules] if shown else [],
        "lists": {name: len(entries) for name, entries in shown.lists.items()} if shown else {},
        "versions": versions,
    }


def _by(change: Change | None) -> str:
    if change is None:
        return ""
    return f", asked for by {change.who}" + (f", approved by {change.approver}" if change.approver else "")


def _rows_of_lake(begin: str, end: str | None, system: System) -> "LakeRows":
    """What arrived in the time that is asked for, and what fills histories: 37 days before."""
    from txn_cli.fraud.lake_rows import HORIZON, lake_rows  # noqa: PLC0415 - the extra `lake`

    now = datetime.now(UTC)
    first, last = span_of(begin, end, now)
    return asyncio.run(lake_rows(system.settings, first, last, known_by=now, history=HORIZON))


def _say_read(rule_set: "RuleSet", *, as_json: bool) -> None:
    count = len(rule_set.rules.rules)
    if as_json:
        say_document({"rules_version": rule_set.version, "rules": [rule.id for rule in rule_set.rules.rules]})
    else:
        rules_said = "1 rule" if count == 1 else f"{count} rules"
        say(f"{rule_set.version}: {rules_said} that can be activated. Try them: --file, or --from of the lake")


def _at(system: System, work: Callable[[VersionedObjects], Awaitable[T]]) -> T:
    async def run() -> T:
        with store_errors(f"read or write the registry in {system.settings.lake_bucket}"):
            async with Aws(system.settings).s3() as s3:
                return await work(VersionedObjects(s3, system.settings.lake_bucket))

    return asyncio.run(run())
