"""A model that is wanted and would not be taken, as after an update that computes features in another way."""

from collections.abc import Iterable
from typing import Final, NamedTuple

from fraud.model.model_errors import ModelError
from fraud.registry.model_registry import ModelRegistry
from txn_core.aws.versioned_objects import VersionedObjects

REMEDY: Final = "`txn models activate shipped`, or a model of your own, ends this"


class RefusedModel(NamedTuple):
    """The model's id, and the check that fails."""

    model: str
    why: str

    @property
    def line(self) -> str:
        """What that means, and the remedy, in one line."""
        return (
            f"The wanted model {self.model} is refused ({self.why}): the model before it decides, or rules alone; "
            f"{REMEDY}"
        )


async def refusal(objects: VersionedObjects, model: str, keys: Iterable[bytes]) -> RefusedModel | None:
    """Why a model of the registry would not be taken; None where it would be.

    Raises:
        ClientError, OSError: the registry does not answer.
    """
    try:
        await ModelRegistry(objects).load(model, keys)
    except ModelError as error:
        return RefusedModel(model, str(error))
    return None
