"""A challenger beside its champion, on what both have scored: the log of scores, and the labels that are known."""

from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from fraud.evaluation.side_by_side import Decide, SideBySide
from fraud.model.model_errors import ModelError
from fraud.registry.model_registry import ModelRegistry
from txn_cli.fraud.known_labels import known_labels
from txn_cli.fraud.labelled_lake import KnownLabels
from txn_cli.fraud.shadowed_scores import Names, ShadowedScore, imported_labels, shadowed_scores
from txn_cli.output.failure import store_errors
from txn_core.aws.clients import Aws
from txn_core.aws.objects import ObjectStore
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.dynamodb.review.labels import LabelTable
from txn_core.dynamodb.tables import TableNames
from txn_core.settings import Settings
from txn_core.transactions.instants import instant_of

_DAY_S: Final = 86_400


async def comparison(settings: Settings, keys: Iterable[bytes], begin: datetime, end: datetime) -> dict[str, Any]:
    """What models said of the transactions that arrived between two moments, with the labels known at the second.

    Raises:
        StoreError: the lake or the labels cannot be read.
    """
    names = TableNames.of(settings)
    with store_errors(f"read the labels in {names.labels}"):
        async with Aws(settings).dynamodb() as dynamodb:
            known = await known_labels(LabelTable(dynamodb, names.labels), instant_of(end))
    with store_errors(f"read the scores in {settings.lake_bucket}"):
        async with Aws(settings).s3() as s3:
            store = ObjectStore(s3, settings.lake_bucket)
            scores = await shadowed_scores(store, begin, end)
            labels = {**await imported_labels(store, begin, end), **known}
            registry = ModelRegistry(VersionedObjects(s3, settings.lake_bucket))
            decides = {model: await _decide(registry, model, keys) for model in sorted(_models(scores))}
    return {"since": instant_of(begin), "as_of": instant_of(end), **compared_scores(scores, labels, decides.get)}


def compared_scores(
    scores: Mapping[Names, ShadowedScore], labels: KnownLabels, decide_of: Callable[[str], Decide | None]
) -> dict[str, Any]:
    """Each pair of a champion and a challenger, on the transactions that both have scored; as JSON has it.

    A model whose decisions are not known any more is compared by its ranks alone.
    """
    pairs: dict[tuple[str, str], SideBySide] = {}
    alone = without_model = 0
    for name, score in sorted(scores.items()):
        if score.model is None or score.raw_millilogit is None:
            without_model += 1
            continue
        alone += not score.shadow
        for challenger, millilogit in score.shadow.items():
            pair = score.model, challenger
            if pair not in pairs:
                pairs[pair] = SideBySide(*(decide_of(model) for model in pair))
            pairs[pair].add(
                score.card,
                int(score.occurred_at.timestamp()) // _DAY_S,
                champion=score.raw_millilogit,
                challenger=millilogit,
                is_fraud=labels.get(name),
            )
    return {
        "rows": len(scores),
        "without_model": without_model,
        "without_challenger": alone,
        "comparisons": [
            {"champion": champion, "challenger": challenger, **side.document()}
            for (champion, challenger), side in sorted(pairs.items())
        ],
    }


def _models(scores: Mapping[Names, ShadowedScore]) -> set[str]:
    return {
        model for score in scores.values() if score.model and score.shadow for model in (score.model, *score.shadow)
    }


async def _decide(registry: ModelRegistry, model: str, keys: Iterable[bytes]) -> Decide | None:
    try:
        return (await registry.load(model, keys)).decide
    except ModelError:
        return None
