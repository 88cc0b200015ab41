"""What the registry is asked for in a run: a model and rules from the beginning, others from the midst of it on.

The models are the shipped one with thresholds of the suite's own.
"""

import base64
from collections import defaultdict
from functools import cache
from itertools import islice
from typing import Final

from fraud.history.card_history import CardHistory
from fraud.model.loading import MANIFEST, SIGNATURE, load_model
from fraud.model.manifest import Manifest, Thresholds
from fraud.model.model import Model
from fraud.model.shipped import SHIPPED_KEY, shipped_files
from fraud.model.signature import public_key_of, signed
from fraud.observations.reading import observation_of_row
from fraud.registry.active_versions import ActiveVersions, Change, Wanted, change_active
from fraud.registry.model_registry import ModelRegistry
from fraud.rules.rule_registry import RuleRegistry
from fraud.rules.rule_set import RuleSet
from tests.chaos.documents import documents
from tests.chaos.judging.scores.evidence import Registry
from tests.fraud.rules.written import rules
from txn_core.aws.clients import Aws
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.settings import Settings
from txn_core.transactions.instants import now

PRIVATE_KEY: Final = b"\x17" * 32
PUBLIC_KEY: Final = public_key_of(PRIVATE_KEY)
MODEL_KEYS: Final = f'["{base64.b64encode(PUBLIC_KEY).decode()}"]'
FIRST_RULES: Final = rules("amount_minor > 970000", "amount_minor > 940000 && currency == 'KWD'")
SECOND_RULES: Final = rules("amount_minor < 30000", "count_24h > 12 && amount_minor > 900000")


SAMPLE: Final = 300
MILD, STRICT = 0.98, 0.94
"""What share of the suite's documents the two models let pass, whatever the shipped model thinks of them."""


@cache
def _files(passed: float) -> dict[str, bytes]:
    """The shipped model with other thresholds, and so another model, signed by the suite."""
    files = shipped_files()
    manifest = Manifest.model_validate_json(files[MANIFEST])
    alert = _log_odds()[int(passed * SAMPLE)]
    thresholds = Thresholds(review=alert - 500, alert=alert)
    body = manifest.model_copy(update={"thresholds": thresholds}).identified().model_dump_json().encode()
    return files | {MANIFEST: body, SIGNATURE: signed(body, PRIVATE_KEY)}


@cache
def _log_odds() -> list[int]:
    """What the shipped model says of some documents, in order."""
    model, histories = load_model(shipped_files(), [SHIPPED_KEY]), defaultdict[str, CardHistory](CardHistory.empty)
    said: list[int] = []
    for posted in islice((each for each in documents(0) if each.kind == "new"), SAMPLE):
        body = posted.document
        seen = observation_of_row(body, account="chaos", card_id=body["card_number"], merchant_id="")
        scored = model.score(seen, histories[seen.card_id])
        histories[seen.card_id].with_(seen, {model.id: scored.stage1_millilogit})
        said.append(scored.raw_millilogit)
    return sorted(said)


@cache
def registry() -> Registry:
    """What is asked for, loaded. Every run asks for the same."""
    mild, strict = (load_model(_files(passed), [PUBLIC_KEY]) for passed in (MILD, STRICT))
    first, second = FIRST_RULES, SECOND_RULES
    return Registry(
        models={model.id: model for model in (mild, strict)},
        rule_sets={each.version: RuleSet.of(each) for each in (first, second)},
        wanted=(
            Wanted(champion=mild.id, challenger=strict.id, rules=first.version),
            Wanted(champion=strict.id, rules=second.version),
        ),
    )


async def begin(settings: Settings) -> None:
    """Store models and rules, and ask for the first ones."""
    models: tuple[Model, ...] = tuple(registry().models.values())
    async with Aws(settings).s3() as s3:
        objects = VersionedObjects(s3, settings.lake_bucket)
        for model, files in zip(models, (_files(MILD), _files(STRICT)), strict=True):
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
