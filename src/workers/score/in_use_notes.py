"""Notes which model and rules score now, where those who review can read it: they reach no registry."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

import structlog
from botocore.exceptions import ClientError

from fraud.model.model import Model
from fraud.records.documents import document_of
from fraud.records.in_use import ABOUT_CHARS_MAX, MODEL_PART, RULES_PART, ModelInUse, RuleInUse, VersionsInUse
from fraud.rules.rule import Rule
from fraud.scoring.versions import PinnedVersions
from txn_core.aws.errors import code_of, is_passing
from txn_core.dynamodb.review.score_counts import ScoreCountTable
from txn_core.exceptions import StoreError
from txn_core.transactions.instants import now
from workers.score.version_watch import VersionWatch

ROUND_S_MAX: Final = 60.0

_log = structlog.get_logger(__name__)


@dataclass(slots=True)
class InUseNotes:
    """The notes of one process. Several processes note the same, since all watch one registry."""

    table: ScoreCountTable
    versions: VersionWatch
    every_s: float
    _noted: PinnedVersions | None = field(default=None, init=False)

    async def run(self) -> None:
        """Note what is wanted whenever it has changed, for as long as the process works.

        Notes are for those who review: whatever the table answers, the scorer goes on without them.
        """
        while True:
            try:
                async with asyncio.timeout(ROUND_S_MAX):
                    await self.note()
            except Exception as error:
                if not (is_passing(error) or isinstance(error, (ClientError, StoreError))):
                    raise
                _log.warning("versions_in_use_not_noted", error=code_of(error))
            await asyncio.sleep(self.every_s)

    async def note(self) -> None:
        """Note what is wanted, unless that is noted already.

        Raises:
            ClientError, OSError: the table does not answer.
        """
        wanted = await self.versions.wanted_after(None)
        if wanted == self._noted:
            return
        loaded = await self.versions.versions(wanted)
        if loaded.champion is not None:
            model = model_in_use(loaded.champion)
            await self.table.note_in_use(f"{MODEL_PART}#{model.model}", document_of(model))
        rules = () if loaded.rules is None else rules_in_use(loaded.rules.rules.rules)
        in_use = VersionsInUse(noted_at=now(), model=wanted.model, rules_version=wanted.rules, rules=rules)
        await self.table.note_in_use(RULES_PART, document_of(in_use))
        self._noted = wanted


def model_in_use(model: Model) -> ModelInUse:
    """What is noted of a model."""
    return ModelInUse(model=model.id, alert_from=model.calibrated(model.manifest.thresholds.alert))


def rules_in_use(rules: Sequence[Rule]) -> tuple[RuleInUse, ...]:
    """What is noted of rules, in their order."""
    return tuple(
        RuleInUse(
            id=rule.id,
            about=rule.about[:ABOUT_CHARS_MAX],
            action=rule.action,
            mode=rule.mode,
            expires_at=rule.expires_at,
            is_disabled=rule.is_disabled,
        )
        for rule in rules
    )
