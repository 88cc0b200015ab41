"""What the registry is asked for in a run: a model and rules from the beginning, others from the midst of it on."""

import base64
from functools import cache
from typing import Final

from fraud.model.loading import MANIFEST, SIGNATURE, load_model
from fraud.model.manifest import Manifest, Thresholds
from fraud.model.model import Model
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.model.signature import public_key_of, signed
from fraud.registry.active_versions import ActiveVersions, Change, Wanted, change_active
from fraud.registry.model_registry import ModelRegistry
from fraud.rules.rule_registry import RuleRegistry
from fraud.rules.rule_set import RuleSet
from tests.chaos.judging.scores.evidence import Registry
from tests.fraud.rules.written import rules
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.settings import Settings
from txn_core.transactions.instants import now

PRIVATE_KEY: Final = b"\x17" * 32
PUBLIC_KEY: Final = public_key_of(PRIVATE_KEY)
MODEL_KEYS: Final = f'["{base64.b64encode(PUBLIC_KEY).decode()}"]'
# Of the suite's documents the shipped model flags one in thirty, this one one in fifteen.
THRESHOLDS: Final = Thresholds(review=-3_300, alert=-1_480)
FIRST_RULES: Final = rules("amount_minor > 970000", "amount_minor > 940000 && currency == 'KWD'")
SECOND_RULES: Final = rules("amount_minor < 30000", "count_24h > 12 && amount_minor > 900000")


@cache
def strict_files() -> dict[str, bytes]:
    """The shipped model with other thresholds, and so another model, signed by the suite."""
    files = shipped_files()
    manifest = Manifest.model_validate_json(files[MANIFEST])
    changed = manifest.model_copy(update={"thresholds": THRESHOLDS}).identified()
    body = changed.model_dump_json().encode()
    return files | {MANIFEST: body, SIGNATURE: signed(body, PRIVATE_KEY)}


@cache
def registry() -> Registry:
    """What is asked for, loaded. Every run asks for the same."""
    shipped, strict = (load_model(files, [SHIPPED_KEY, PUBLIC_KEY]) for files in (shipped_files(), strict_files()))
    first, second = FIRST_RULES, SECOND_RULES
    return Registry(
        models={model.id: model for model in (shipped, strict)},
        rule_sets={each.version: RuleSet.of(each) for each in (first, second)},
        wanted=(
            Wanted(champion=shipped.id, challenger=strict.id, rules=first.version),
            Wanted(champion=strict.id, rules=second.version),
        ),
    )


async def begin(settings: Settings) -> None:
    """Store models and rules, and ask for the first ones."""
    models: tuple[Model, ...] = tuple(registry().models.values())
    async with Aws(settings).s3() as s3:
        objects = VersionedObjects(s3, settings.lake_bucket)
        for model, files in zip(models, (shipped_files(), strict_files()), strict=True):
            await ModelRegistry(objects).put(model.id, files)
        for each in (FIRST_RULES, SECOND_RULES):
            await RuleRegistry(objects).put(each)
        await _want(objects, registry().wanted[0])


async def change(settings: Settings) -> None:
    """Ask for the second ones."""
    async with Aws(settings).s3() as s3:
        await _want(VersionedObjects(s3, settings.lake_bucket), registry().wanted[1])


async def _want(objects: VersionedObjects, wanted: Wanted) -> None:
    def wanting(active: ActiveVersions) -> ActiveVersions:
        return active.changed(Change(action="activate", at=now(), who="chaos", approver=None, wanted=wanted))

    await change_active(objects, wanting)
