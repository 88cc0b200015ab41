"""All entries of the runbook, in the order in which they are shown."""

from typing import Final

from operations.runbook import api_entries as api
from operations.runbook import drain_entries as drain
from operations.runbook import store_entries as store

RUNBOOK: Final = (
    *(drain.INDEX_LAG, drain.DRAIN_LAG, drain.UNOWNED_SHARDS, drain.SHARDS_STUCK, drain.ITERATOR_AGE),
    *(drain.RETENTION_LOSSES, drain.FOREIGN_LEASES, drain.LEDGERS, drain.STOLEN_LEASES, drain.READS_LIMITED),
    *(drain.DEAD_LETTERS, drain.MODELS_REFUSED),
    *(api.SERVER_ERRORS, api.OUTCOME_UNKNOWN, api.LOAD_REFUSED, api.LATENCY, api.THROTTLES, api.HOT_SHARD),
    *(api.STRAY_LANDINGS, api.AGGREGATION_OFF, api.KEY_GUESSES, api.CARD_GUESSES),
    *(store.HEARTBEAT, store.STORES_FAILING, store.TABLES_THROTTLED, store.LEASES_THROTTLED, store.CALLS_DENIED),
    *(store.ZONE_WITHOUT_TARGETS, store.CERTIFICATE, store.CHANGED_BY_HAND, store.LOG_LINES_DROPPED),
    *(store.FUNCTIONS_FAILING, store.FILES_WAITING, store.WAREHOUSE_FAILING, store.MISSING),
)
