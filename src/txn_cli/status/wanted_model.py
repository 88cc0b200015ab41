"""Whether the model that is wanted for scores would be taken, as far as the registry can be read."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from typing import Self

from botocore.exceptions import BotoCoreError, ClientError

from fraud.model.model_errors import ModelError
from fraud.model.trusted_keys import trusted_keys
from fraud.registry.active_versions import read_active
from fraud.registry.refused_model import RefusedModel, refusal
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.exceptions import SettingsError, StoreError
from txn_core.settings import Settings


@dataclass(frozen=True, slots=True)
class WantedModel:
    """Looks at what is wanted. Who may not read the bucket is told of the workers all the same."""

    registry: VersionedObjects
    keys: tuple[bytes, ...]
    _taken: set[str] = field(default_factory=set)

    @classmethod
    @asynccontextmanager
    async def open(cls, settings: Settings) -> "AsyncIterator[Self | None]":
        """One for the time of the block; None where the bucket cannot be asked."""
        async with AsyncExitStack() as stack:
            try:
                s3 = await stack.enter_async_context(Aws(settings).s3())
                registry = VersionedObjects(s3, settings.lake_bucket)
            except (SettingsError, StoreError, ClientError, BotoCoreError, OSError):
                yield None
            else:
                yield cls(registry, trusted_keys(settings))

    async def refused(self) -> RefusedModel | None:
        """The model that is wanted and would not be taken. One that passed every check once is not checked again."""
        try:
            model = (await read_active(self.registry)).wanted.champion
            if model is None or model in self._taken:
                return None
            refused = await refusal(self.registry, model, self.keys)
        except (ModelError, ClientError, BotoCoreError, OSError):
            return None
        if refused is None:
            self._taken.add(model)
        return refused
