"""A status for machines, as JSON."""

from operations.drains.shard_status import ShardStatus
from txn_cli.status.drain import Status, WorkerStatus
from txn_cli.status.index_layout import IndexLayout
from txn_cli.status.process import ApiStatus, IngestStatus, ProcessReadiness
from txn_cli.status.warehouse_status import warehouse_document
from workers.rebuild.lake_progress import LakeCount


def document(status: Status) -> dict[str, object]:
    """The status as JSON values; times are ages in seconds."""
    return {
        "drained": status.drained,
        "at": status.at.isoformat(),
        "api": None if status.api is None else _api(status.api),
        "ingest": None if status.ingest is None else _ingest(status.ingest),
        "warehouse": None if status.warehouse is None else warehouse_document(status.warehouse),
        "index": None if status.index is None else _index(status.index),
        "refused_model": None if status.refused is None else status.refused._asdict(),
        "workers": {worker.kind: _worker(worker, status) for worker in status.workers},
    }


def _api(api: ApiStatus) -> dict[str, object]:
    return {"url": api.url, **_readiness(api.ready), "answered": api.answered}


def _ingest(ingest: IngestStatus) -> dict[str, object]:
    return {**_readiness(ingest.ready), "counts": ingest.counts}


def _index(index: IndexLayout) -> dict[str, object]:
    return {
        "generation": index.generation,
        "item_form": int(index.item_form),
        "keeps_relations": index.keeps_relations,
    }


def _readiness(readiness: ProcessReadiness) -> dict[str, object]:
    return {"ready": readiness.ready, "why": readiness.why or None}


def _worker(worker: WorkerStatus, status: Status) -> dict[str, object]:
    return {
        "drained": worker.drained,
        "amiss": worker.amiss or None,
        "lag_s": round(worker.lag_s(status.at), 3),
        "refused": list(worker.refused),
        "process": None if worker.ready is None else _readiness(worker.ready),
        "leases": dict(worker.leases),
        "counts": worker.counts,
        "shards": [_shard(shard, status) for shard in worker.shards],
        "lake": None if worker.lake is None else _lake(worker.lake),
    }


def _lake(lake: LakeCount) -> dict[str, object]:
    return {
        "complete": lake.complete,
        "parts": lake.parts,
        "parts_done": lake.parts_done,
        "listed": lake.listed,
        "cut_off": list(lake.cut_off),
        "unreadable": list(lake.unreadable),
    }


def _shard(shard: ShardStatus, status: Status) -> dict[str, object]:
    return {
        "shard_id": shard.shard_id,
        "drain": shard.drain,
        "lag_s": round(shard.lag_s(status.at), 3),
        "lag_records": None if shard.rest is None else shard.rest.unread,
        "lag_records_more": shard.rest is not None and shard.rest.more,
        "foreign": shard.foreign,
        "read_limit": shard.limit,
        "owner": None if shard.lease is None else shard.lease.owner,
        "wanted_by": None if shard.lease is None else shard.lease.wanted_by,
        "lease_counter": None if shard.lease is None else shard.lease.counter,
        "checkpoint": shard.checkpoint.sequence_number,
        "checkpoint_sub": shard.checkpoint.sub_sequence_number,
    }
