"""`txn models`: the models of a system, and which of them scores (docs/fraud.md)."""

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, TypeVar

import typer

from fraud.model.loading import SIGNATURE, files_of, load_model
from fraud.model.manifest import ID_PATTERN
from fraud.model.model import Model
from fraud.model.model_errors import ModelError
from fraud.model.shipped import shipped_files
from fraud.model.signature import public_key_of, signed
from fraud.model.trusted_keys import trusted_keys
from fraud.registry.active_versions import ActiveVersions, Role, Wanted, change_active, read_active
from fraud.registry.approval import Asked, decided
from fraud.registry.model_registry import ModelRegistry
from txn_cli.commands.place import AwsOption, JsonOption, StackOption, YesOption, agree, system_at
from txn_cli.commands.since import AsOfOption, span_of
from txn_cli.fraud.model_keys import training_key, users_key
from txn_cli.fraud.person import person_of
from txn_cli.fraud.side_lines import side_lines
from txn_cli.output.failure import store_errors
from txn_cli.system import System
from txn_cli.terminal import say, say_document
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.transactions.instants import instant_of

T = TypeVar("T")

models = typer.Typer(help="The models that score: what is there, which one decides, and going back.")
ByOption = Annotated[
    str | None,
    typer.Option("--by", help="Who asks, at a local stack.", show_default="this user; on AWS its credentials"),
]


@models.command("list")
def list_models(*, as_json: JsonOption = False, data_dir: StackOption = None, aws: AwsOption = False) -> None:
    """List the models that are there and which one decides; of one that would not be taken, why."""
    system = system_at(data_dir, aws=aws)
    keys = trusted_keys(system.settings)

    async def found(objects: VersionedObjects) -> tuple[ActiveVersions, dict[str, str | None]]:
        registry, faults = ModelRegistry(objects), dict[str, str | None]()
        for model_id in await registry.ids():
            try:
                await registry.load(model_id, keys)
                faults[model_id] = None
            except ModelError as error:
                faults[model_id] = str(error)
        return await read_active(objects), faults

    active, faults = _at(system, found)
    if as_json:
        entries = [{"model": name, "fault": fault} for name, fault in faults.items()]
        say_document({"models": entries, **active.model_dump(mode="json", include={"wanted", "proposal"})})
        return
    roles = {active.wanted.challenger: "is logged", active.wanted.champion: "decides"}
    for name in sorted({*faults, *filter(None, roles)}):
        fault = faults.get(name, "it is not there")
        wanted = "is wanted, and refused: " if fault and name in roles else ""
        say(f"{name}  {wanted}{fault or roles.get(name, '')}".rstrip())
    if not (faults or any(roles)):
        say("No models: txn models activate shipped, or a folder of txn train")
    if active.proposal is not None:
        say(f"{active.proposal.who} asks for {active.proposal.wanted.champion}: a second person has to, too")


@models.command()
def activate(
    model: Annotated[str, typer.Argument(help="A folder of `txn train`, the id of a model, or `shipped`.")],
    *,
    challenger: Annotated[
        bool, typer.Option("--challenger", help="Only log its scores, beside the champion's.")
    ] = False,
    by: ByOption = None,
    yes: YesOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Let a model score, once it has passed every check. Away from a local stack two persons have to ask for it."""
    system = system_at(data_dir, aws=aws)
    taken = None if re.fullmatch(ID_PATTERN, model) else _taken(model, system)

    async def put(objects: VersionedObjects) -> str:
        registry = ModelRegistry(objects)
        if taken is None:
            return (await registry.load(model, trusted_keys(system.settings))).id
        await registry.put(taken[0].id, taken[1])
        return taken[0].id

    agree(f"Let {model} score?", system, yes=yes)
    asked = _asked("challenge" if challenger else "activate", by, system)
    model_id = _at(system, put)
    field: Role = "challenger" if challenger else "champion"
    _change(system, asked, lambda active: active.wanted.with_model(field, model_id))


@models.command()
def rollback(
    *, by: ByOption = None, yes: YesOption = False, data_dir: StackOption = None, aws: AwsOption = False
) -> None:
    """Let the model score again that did before the present one."""
    system = system_at(data_dir, aws=aws)
    agree("Go back to the model before?", system, yes=yes)
    _change(system, _asked("rollback", by, system), ActiveVersions.before)


@models.command()
def sign(
    folder: Annotated[Path, typer.Argument(help="A folder of `txn train`.")], *, data_dir: StackOption = None
) -> None:
    """Sign a model again, with the key of TXN_MODEL_SIGNING_KEY, of a local stack, or of this user."""
    key = training_key(data_dir)
    files = files_of(folder, unsigned=True)
    files[SIGNATURE] = signed(files["manifest.json"], key)
    load_model(files, [public_key_of(key)])
    try:
        (folder / SIGNATURE).write_bytes(files[SIGNATURE])
    except OSError as error:
        raise ModelError(f"cannot write the signature: {error.strerror}") from None
    say(f"Signed {folder}")


@models.command()
def compare(
    *,
    since: Annotated[str, typer.Option("--since", help="What arrived from here on, an RFC 3339 time or 2d.")] = "7d",
    as_of: AsOfOption = None,
    as_json: JsonOption = False,
    data_dir: StackOption = None,
    aws: AwsOption = False,
) -> None:
    """Compare challengers with the champion that scored beside them: agreement, alerts, who ranks frauds higher.

    Nothing is scored again: what both gave stands in the log of scores. Labels are those that are known, and behind
    them what transactions said of themselves.
    """
    begin, end = span_of(since, as_of, datetime.now(UTC), names="--since/--as-of")
    system = system_at(data_dir, aws=aws)
    from txn_cli.fraud.challengers import comparison  # noqa: PLC0415 - the extra `lake`

    document = asyncio.run(comparison(system.settings, trusted_keys(system.settings), begin, end))
    if as_json:
        say_document(document)
        return
    for each in document["comparisons"]:
        say(*side_lines(each["challenger"], each))
    if not document["comparisons"]:
        say(
            f"{document['rows']:,} transactions were scored, none by a challenger: "
            "txn models activate MODEL --challenger lets one score beside the champion"
        )


def _taken(model: str, system: System) -> tuple[Model, dict[str, bytes]]:
    """A model from a folder, under a signature that the system trusts.

    A local stack also takes what this user has trained, and signs it with its own key.

    Raises:
        ModelError: a check fails.
    """
    files = shipped_files() if model == "shipped" else files_of(Path(model))
    own, keys = system.settings.signs_models, trusted_keys(system.settings)
    users = users_key() if system.is_local else None
    loaded = load_model(files, (*keys, *(() if users is None else (public_key_of(users),))))
    if own is not None and model != "shipped":
        files[SIGNATURE] = signed(files["manifest.json"], own)
    return loaded, files


def _asked(action: str, by: str | None, system: System) -> Asked:
    who = asyncio.run(person_of(system, by))
    return Asked.of(action, who=who, at=instant_of(datetime.now(UTC)), alone=system.is_local)


def _change(system: System, asked: Asked, wanted: Callable[[ActiveVersions], Wanted]) -> None:
    async def change(objects: VersionedObjects) -> ActiveVersions:
        return await change_active(objects, lambda active: decided(active, asked, wanted(active)))

    after = _at(system, change)
    if after.proposal is not None:
        say(f"{asked.who} asks for it: nothing changes until a second person runs the same command")
    elif asked.action == "challenge":
        say(f"{after.wanted.challenger} is logged beside {after.wanted.champion}")
    else:
        say(f"{after.wanted.champion} scores from now on")


def _at(system: System, work: Callable[[VersionedObjects], Awaitable[T]]) -> T:
    async def run() -> T:
        with store_errors(f"read or write the registry in {system.settings.lake_bucket}"):
            async with Aws(system.settings).s3() as s3:
                return await work(VersionedObjects(s3, system.settings.lake_bucket))

    return asyncio.run(run())
