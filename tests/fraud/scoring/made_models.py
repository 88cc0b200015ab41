"""Models for tests of the scorer: the shipped one, under the ids of a test."""

from dataclasses import replace
from functools import cache
from typing import Any

from fraud.model.loading import MANIFEST, SIGNATURE, TREES, checked_model
from fraud.model.manifest import Manifest
from fraud.model.model import Model
from fraud.model.shipped import shipped_files
from fraud.model.signature import signed

CHAMPION = "mdl_" + "c" * 32
CHALLENGER = "mdl_" + "d" * 32


@cache
def model(model_id: str = CHAMPION) -> Model:
    """A model whose log-odds depend on the card's history."""
    shipped = _shipped()
    return replace(shipped, manifest=shipped.manifest.model_copy(update={"id": model_id}))


def retrained(key: bytes) -> tuple[str, dict[str, bytes]]:
    """Id and files of a model that is signed by a key, with the trees of the shipped one."""
    files = shipped_files()
    shipped = Manifest.model_validate_json(files[MANIFEST])
    training = shipped.training.model_copy(update={"source": "another"})
    manifest = shipped.model_copy(update={"training": training}).identified()
    body = manifest.model_dump_json().encode()
    return manifest.id, {**files, MANIFEST: body, SIGNATURE: signed(body, key)}


class FailingModel(Model):
    """A model that fails on every transaction."""

    __slots__ = ()

    def score(self, *_: Any) -> Any:
        raise ZeroDivisionError


def failing(model_id: str = CHAMPION) -> FailingModel:
    """A model that fails."""
    sound = model(model_id)
    return FailingModel(sound.manifest, sound.trees, sound.first, sound.second)


@cache
def _shipped() -> Model:
    files = shipped_files()
    return checked_model(files[MANIFEST], files[TREES])
