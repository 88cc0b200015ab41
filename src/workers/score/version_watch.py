"""Which versions are wanted, and the versions themselves: read from the registry, checked, compiled, kept.

Whatever the registry holds, the scorer goes on. A wanted model that does not pass its checks, and wanted rules that
cannot be compiled, are refused, and what was wanted before stays wanted. Where the registry cannot be reached, it
stays wanted, too; only who has to know what to begin with waits for it. Whoever scores with what is loaded waits for
no request to the registry.
"""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Generic, Literal, NamedTuple, TypeVar

import structlog

from fraud.model.model import Model
from fraud.model.model_errors import ModelError
from fraud.registry.active_versions import ACTIVE_KEY, Wanted, read_active
from fraud.registry.model_registry import ModelRegistry
from fraud.registry.refused_model import REMEDY
from fraud.rules.rule_error import RuleError
from fraud.rules.rule_registry import RuleRegistry
from fraud.rules.rule_set import RuleSet
from fraud.scoring.versions import PinnedVersions, Versions
from txn_core.aws.errors import code_of, is_passing
from txn_core.aws.versioned_objects import VersionedObjects
from txn_core.transactions.instants import now
from workers.leases.version_pin import VersionPin
from workers.retries import UNLIMITED, Patience, retry_outages
from workers.score.score_metrics import ScoreMetrics

KEPT_MAX: Final = 4
"""Models, and sets of rules, that are kept loaded: those wanted now and those pinned before."""
REFUSED_AGAIN_S: Final = 60.0
"""How long what was refused is not looked at again; it may have been signed or put there meanwhile."""
ROUND_S_MAX: Final = 60.0
Kind = Literal["model", "rules"]
REMEDIES: Final[dict[Kind, str]] = {
    "model": f"what was wanted before decides, or rules alone; {REMEDY}",
    "rules": "what was wanted before decides; `txn rules list` shows what is there, `txn rules activate` ends this",
}
"""What becomes of records while something is refused, and what ends that."""

T = TypeVar("T")

_log = structlog.get_logger(__name__)


class _Refused(NamedTuple):
    """Something that was refused, and when, by the monotonic clock."""

    at_s: float


class Shelf(Generic[T]):
    """What was loaded of one kind by its id, and what was refused; bounded."""

    def __init__(self, kind: Kind, load: Callable[[str], Awaitable[T]], counts: ScoreMetrics) -> None:
        self._kind, self._load, self._counts = kind, load, counts
        self._kept: OrderedDict[str, T | _Refused] = OrderedDict()
        self._loading = asyncio.Lock()

    async def get(self, id_: str | None) -> T | None:
        """What has an id; None where there is none, or it is refused. What is kept is given at once.

        Raises:
            ClientError, OSError: the registry does not answer.
        """
        if id_ is None:
            return None
        if (found := self._known(id_)) is None:
            async with self._loading:  # several shards ask for one model
                if (found := self._known(id_)) is None:
                    found = self._kept[id_] = await self._loaded(id_)
        self._kept[id_] = found  # once more, where others have taken its place meanwhile
        self._kept.move_to_end(id_)
        if len(self._kept) > KEPT_MAX:
            self._kept.popitem(last=False)
        return None if isinstance(found, _Refused) else found

    def _known(self, id_: str) -> T | _Refused | None:
        """What is kept under an id, unless it was refused so long ago that it is looked at again."""
        found = self._kept.get(id_)
        is_due = isinstance(found, _Refused) and time.monotonic() - found.at_s >= REFUSED_AGAIN_S
        return None if is_due else found

    async def _loaded(self, id_: str) -> T | _Refused:
        try:
            return await self._load(id_)
        except (ModelError, RuleError) as error:
            self._counts.versions_refused.labels(self._kind).inc()
            _log.error("version_refused", kind=self._kind, version=id_, why=str(error), remedy=REMEDIES[self._kind])
            return _Refused(time.monotonic())


class _Choice(NamedTuple):
    """What is wanted of each kind, as far as it could be taken, and the kinds of which something was refused."""

    versions: PinnedVersions = PinnedVersions()
    refused: frozenset[str] = frozenset()


class VersionWatch:
    """Watches the registry for one process. `keys` are the public keys of those whose models are taken."""

    def __init__(
        self,
        objects: VersionedObjects,
        keys: Sequence[bytes],
        counts: ScoreMetrics,
        *,
        every_s: float,
        patience: Patience = UNLIMITED,
    ) -> None:
        self._objects, self._keys, self._every_s, self._patience = objects, tuple(keys), every_s, patience
        self._counts = counts
        self._registry, self._rule_registry = ModelRegistry(objects), RuleRegistry(objects)
        self._models = Shelf("model", self._load_model, counts)
        self._rules = Shelf("rules", self._load_rules, counts)
        self._failing: dict[str, frozenset[str]] = {}
        self._etag: str | None = None
        self._choice: _Choice | None = None

    async def wanted_after(self, pin: VersionPin | None) -> PinnedVersions:
        """The versions for what stands behind the last pin. Of what is refused, the pin's own versions go on.

        Waits for the registry when it was never reached.
        """
        if self._choice is None:
            await retry_outages("registry", self.look, until=self._patience)
        choice = self._choice or _Choice()
        if pin is None:
            return choice.versions
        kept = {name: getattr(pin, name) for name in choice.refused if getattr(choice.versions, name) is None}
        return choice.versions._replace(**kept)

    async def versions(self, pinned: PinnedVersions) -> Versions:
        """The versions of some ids, loaded; waits while the registry is away. What is refused is None."""
        return await retry_outages("versions", partial(self._versions, pinned), until=self._patience)

    async def run(self) -> None:
        """Look at the registry again and again, for as long as the process works, and disable rules that fail."""
        while True:
            await asyncio.sleep(self._every_s)
            try:
                async with asyncio.timeout(ROUND_S_MAX):
                    await self._disable_failing()
                    await self.look()
            except Exception as error:
                if not is_passing(error):
                    raise
                _log.warning("outage", call="registry", error=code_of(error))

    async def look(self) -> None:
        """Take up what is wanted now.

        Raises:
            ClientError, OSError: the registry does not answer.
        """
        found = await self._objects.find(ACTIVE_KEY)
        etag = None if found is None else found.etag
        if self._choice is not None and etag == self._etag and not self._choice.refused:
            return
        try:
            wanted = (await read_active(self._objects)).wanted
        except ModelError as error:
            if self._choice is None or etag != self._etag:
                _log.error("registry_unreadable", why=str(error))
            self._choice, self._etag = self._choice or _Choice(), etag
            self._counts.note_refused(self._choice.refused | {"registry"})
            return
        self._choice, self._etag = await self._chosen(wanted), etag
        self._counts.note_refused(self._choice.refused)

    def note_failing(self, version: str, failing: frozenset[str]) -> None:
        """Note rules of a version that fail all the time: `run` has the registry want the rules without them."""
        self._failing[version] = self._failing.get(version, frozenset()) | failing

    async def _disable_failing(self) -> None:
        """Want the rules without those that fail all the time. What an outage ends is done with the next look.

        Raises:
            ClientError, OSError: the registry does not answer.
        """
        for version, failing in tuple(self._failing.items()):
            try:
                without = await self._rule_registry.disable(version, failing, now())
            except (ModelError, RuleError) as error:
                _log.error("rules_not_disabled", rules=sorted(failing), why=str(error))
            else:
                if without is not None:
                    _log.error("rules_disabled", rules=sorted(failing), version=without)
            if self._failing[version] == failing:
                del self._failing[version]

    async def _chosen(self, wanted: Wanted) -> _Choice:
        """What can be taken of what is wanted; for the rest, what was taken before."""
        before = PinnedVersions() if self._choice is None else self._choice.versions
        loaded = await self._versions(PinnedVersions(wanted.champion, wanted.challenger, wanted.rules))
        asked = {
            "model": (wanted.champion, loaded.champion),
            "challenger": (wanted.challenger, loaded.challenger),
            "rules": (wanted.rules, loaded.rules),
        }
        refused = frozenset(name for name, (id_, found) in asked.items() if id_ is not None and found is None)
        chosen = {name: getattr(before, name) if name in refused else id_ for name, (id_, _) in asked.items()}
        return _Choice(PinnedVersions(**chosen), refused)

    async def _versions(self, pinned: PinnedVersions) -> Versions:
        return Versions(
            await self._models.get(pinned.model),
            await self._models.get(pinned.challenger),
            await self._rules.get(pinned.rules),
        )

    async def _load_model(self, model_id: str) -> Model:
        return await self._registry.load(model_id, self._keys)

    async def _load_rules(self, version: str) -> RuleSet:
        return await asyncio.to_thread(RuleSet.of, await self._rule_registry.load(version))
