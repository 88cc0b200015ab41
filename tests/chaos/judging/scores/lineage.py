"""Which shards come before which: a shard is read only after its parents are done."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Lineage:
    """The shards of a stream with their parents."""

    parents: Mapping[str, tuple[str, ...]]
    _ancestors: dict[str, frozenset[str]] = field(default_factory=dict)

    def ancestors(self, shard_id: str) -> frozenset[str]:
        """All shards that are done before a shard is begun."""
        if (known := self._ancestors.get(shard_id)) is None:
            direct = self.parents.get(shard_id, ())
            known = frozenset(direct).union(*map(self.ancestors, direct))
            self._ancestors[shard_id] = known
        return known

    def ordered(self, shard_ids: Iterable[str]) -> list[str]:
        """Some shards, ancestors first."""
        return sorted(shard_ids, key=lambda shard_id: (len(self.ancestors(shard_id)), shard_id))

    def beside(self, shard_id: str, shard_ids: Iterable[str]) -> list[str]:
        """Those of some shards that are read at the same time as a shard, in order."""
        before = self.ancestors(shard_id)
        return [
            other
            for other in self.ordered(shard_ids)
            if other != shard_id and other not in before and shard_id not in self.ancestors(other)
        ]
