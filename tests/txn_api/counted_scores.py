"""What a scorer has counted, and noted of what scores now, in the tables of an application."""

from typing import Any

from fraud.quality.quality_desk import QualityDesk
from fraud.records.documents import document_of
from fraud.records.in_use import ModelInUse, RuleInUse, VersionsInUse
from fraud.records.score_counts import STEPS, ScoreCounts
from tests.fraud.builders import after
from tests.txn_api.conftest import Api
from txn_core.dynamodb.review.score_counts import CountItem, CountKey
from txn_core.positions import ShardId
from txn_core.transactions.instants import now, today

SCORED = 500
ABOUT = {"spree": "Three in one night", "trial": "A thing to try"}


async def scored(api: Api) -> None:
    """A live rule and one in shadow, a model that alerts from 600 on, and a day of scores, ten in each step."""
    counts = api.services.store(QualityDesk)._tables.counts
    rules = (rule_in_use("spree"), rule_in_use("trial", mode="shadow"))
    in_use = VersionsInUse(noted_at=now(), model="mdl_1", rules_version="rul_1", rules=rules)
    await counts.note_in_use("rules", document_of(in_use))
    await counts.note_in_use("model#mdl_1", document_of(ModelInUse(model="mdl_1", alert_from=600)))
    found = ScoreCounts(scored=SCORED, by_score=(10,) * STEPS, live={"spree": 20}, shadow={"trial": 5})
    key = CountKey(api.account, today(), ShardId("shardId-000000000000"))
    await counts.put(key, CountItem("001-1", document_of(found)), seen=None, day_s=0)


def rule_in_use(id_: str, **changes: Any) -> RuleInUse:
    """A rule that is in use for some days."""
    fields: dict[str, Any] = {
        "about": ABOUT[id_],
        "action": "alert",
        "mode": "live",
        "expires_at": after(now(), days=9),
        "is_disabled": False,
    }
    return RuleInUse(id=id_, **fields | changes)
