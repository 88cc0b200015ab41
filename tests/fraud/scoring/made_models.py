"""Models for tests of the scorer: the shipped one, under the ids of a test."""

from dataclasses import replace
from functools import cache
from typing import Any

from fraud.model.loading import MANIFEST, TREES, checked_model
from fraud.model.model import Model
from fraud.model.shipped import shipped_files

CHAMPION = "mdl_" + "c" * 32
CHALLENGER = "mdl_" + "d" * 32


@cache
def model(model_id: str = CHAMPION) -> Model:
    """A model whose log-odds depend on the card's history."""
    shipped = _shipped()
    return replace(shipped, manifest=shipped.manifest.model_copy(update={"id": model_id}))


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
