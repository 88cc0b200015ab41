"""Signed models in a bucket, `registry/models/<id>/`. A model is there once its manifest is: that is written last."""

import asyncio
import re
from collections.abc import Iterable, Mapping
from typing import Final

from fraud.model.loading import BYTES_MAX, MANIFEST, SIGNATURE, TREES, check_sizes, load_model
from fraud.model.manifest import ID_PATTERN
from fraud.model.model import Model
from fraud.model.model_errors import ModelError
from txn_core.aws.versioned_objects import VersionedObjects

MODELS_PREFIX: Final = "registry/models/"
_ORDER: Final = (TREES, SIGNATURE, MANIFEST)


class ModelRegistry:
    """The models of one bucket."""

    def __init__(self, objects: VersionedObjects) -> None:
        self._objects = objects

    async def put(self, model_id: str, files: Mapping[str, bytes]) -> None:
        """Store the files of a model. One that is there already stays, but for its signature.

        The files of an id never differ, and so may be written by several at once.
        """
        for name in _ORDER:
            await self._objects.put(_key(model_id, name), files[name])

    async def ids(self) -> list[str]:
        """The ids of the models that are there, in order."""
        return [name for name in await self._objects.folders(MODELS_PREFIX) if re.fullmatch(ID_PATTERN, name)]

    async def load(self, model_id: str, keys: Iterable[bytes]) -> Model:
        """A model, when it passes every check, which takes so long that a thread does it.

        Raises:
            ModelError: it is not there, or one line on the check that fails.
        """
        model = await asyncio.to_thread(load_model, await self.files(model_id), keys)
        if model.id != model_id:
            raise ModelError(f"{model_id} holds another model")
        return model

    async def files(self, model_id: str) -> dict[str, bytes]:
        """The files of a model, none read beyond its bound.

        Raises:
            ModelError: there is no such model, or one of its files is too large.
        """
        if not re.fullmatch(ID_PATTERN, model_id):
            raise ModelError("that is no model's id: `txn models list` shows them")
        found = {name: await self._objects.find(_key(model_id, name)) for name in BYTES_MAX}
        if not any(found.values()):
            raise ModelError(f"there is no model {model_id}: `txn models list` shows those that are")
        check_sizes({name: each.size for name, each in found.items() if each is not None})
        loaded = {name: await self._objects.load(_key(model_id, name)) for name in BYTES_MAX}
        files = {name: each.body for name, each in loaded.items() if each is not None}
        check_sizes({name: len(body) for name, body in files.items()})
        return files


def _key(model_id: str, name: str) -> str:
    return f"{MODELS_PREFIX}{model_id}/{name}"
