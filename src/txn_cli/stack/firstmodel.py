"""The model that scores in a stack where nobody has chosen one: the one that comes with the package."""

import json
from typing import Final

from fraud.model.loading import MANIFEST
from fraud.model.model_errors import ModelError
from fraud.model.shipped import shipped_files
from fraud.registry.active_versions import ActiveVersions, change_active
from fraud.registry.approval import Asked, decided
from fraud.registry.model_registry import ModelRegistry
from txn_cli.stack.narrator import Narrator
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.settings import Settings
from txn_core.transactions.instants import now

WHO: Final = "txn-up"


async def ensure_model(settings: Settings, narrator: Narrator) -> None:
    """Let the shipped model score, unless a model was ever chosen. What the registry holds otherwise stays."""
    files = shipped_files()
    model_id = str(json.loads(files[MANIFEST])["id"])
    asked = Asked.of("activate", who=WHO, at=now(), alone=True)

    def chosen(active: ActiveVersions) -> ActiveVersions:
        if active.wanted.champion is not None or any(change.action == "activate" for change in active.history):
            return active
        return decided(active, asked, active.wanted.model_copy(update={"champion": model_id}))

    async with Aws(settings).s3() as s3:
        objects = VersionedObjects(s3, settings.lake_bucket)
        await ModelRegistry(objects).put(model_id, files)
        try:
            await change_active(objects, chosen)
        except ModelError as error:
            narrator.warn(f"No model is chosen: {error}")
