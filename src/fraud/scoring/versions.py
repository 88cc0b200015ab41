"""The models and rules under which a record is scored."""

from typing import TYPE_CHECKING, NamedTuple

from fraud.model.model import Model

if TYPE_CHECKING:
    from fraud.rules.rule_set import RuleSet


class PinnedVersions(NamedTuple):
    """Versions by their ids; None where none is wanted."""

    model: str | None = None
    challenger: str | None = None
    rules: str | None = None


class Versions(NamedTuple):
    """Versions, loaded: the model that decides, one that is only logged, and the rules."""

    champion: Model | None = None
    challenger: Model | None = None
    rules: "RuleSet | None" = None
