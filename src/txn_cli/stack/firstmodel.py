"""The model that scores in a stack where nobody has chosen one: the one that comes with the package."""

import json
from collections.abc import Sequence
from typing import Final

from fraud.model.loading import MANIFEST
from fraud.model.model_errors import ModelError
from fraud.model.shipped import shipped_files
from fraud.model.trusted_keys import trusted_keys
from fraud.registry.active_versions import ActiveVersions, change_active, read_active
from fraud.registry.approval import Asked, decided
from fraud.registry.model_registry import ModelRegistry
from fraud.registry.refused_model import refusal
from txn_cli.stack.narrator import Narrator
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.settings import Settings
from txn_core.transactions.instants import now

WHO: Final = "txn-up"


async def ensure_model(settings: Settings, narrator: Narrator) -> None:
    """Let the shipped model score in the stack of these settings, unless a model was ever chosen (`choose_model`)."""
    async with Aws(settings).s3() as s3:
        await choose_model(VersionedObjects(s3, settings.lake_bucket), trusted_keys(settings), narrator)


async def choose_model(registry: VersionedObjects, keys: Sequence[bytes], narrator: Narrator) -> None:
    """Let the shipped model score, unless a model was ever chosen. What the registry holds otherwise stays.

    Where nobody but this command has chosen, and an update refuses what it chose, it chooses the shipped model again.
    Whatever else is refused is said. `keys` are the public keys of those whose models are taken.
    """
    files = shipped_files()
    shipped = str(json.loads(files[MANIFEST])["id"])
    asked = Asked.of("activate", who=WHO, at=now(), alone=True)
    await ModelRegistry(registry).put(shipped, files)
    try:
        wanted = (await read_active(registry)).wanted.champion
        refused = None if wanted is None else await refusal(registry, wanted, keys)

        def chosen(active: ActiveVersions) -> ActiveVersions:
            if not _is_ours(active, None if refused is None else refused.model):
                return active
            return decided(active, asked, active.wanted.model_copy(update={"champion": shipped}))

        after = await change_active(registry, chosen)
    except ModelError as error:
        narrator.warn(f"No model is chosen: {error}")
        return
    if refused is not None and after.wanted.champion == refused.model:
        narrator.warn(refused.line)
    elif refused is not None:
        narrator.warn(f"{refused.model} is refused ({refused.why}): the shipped model scores from now on")


def _is_ours(active: ActiveVersions, refused: str | None) -> bool:
    """Whether it is for us to choose: nobody ever chose, or what we chose ourselves is refused."""
    choices = [change for change in active.history if change.action in {"activate", "rollback"}]
    if active.wanted.champion is None:
        return not choices
    return active.wanted.champion == refused and bool(choices) and all(change.who == WHO for change in choices)
