"""What the OpenAPI document shows of the operations routes."""

from typing import Any, Final

_AT: Final = "2026-01-02T03:04:05.000000Z"
_SHARD: Final = "shardId-000000000000"
_NUMBER: Final = "49590338271490256608559692538361571095921575989136588898"

LETTER_ID: Final = f"undecodable.2026-01-02.{_SHARD}-{_NUMBER}-0"

LETTER: Final[dict[str, Any]] = {
    "id": LETTER_ID,
    "reason": "undecodable",
    "codes": ["json_invalid at /"],
    "drains": ["index", "archive"],
    "shard_id": _SHARD,
    "sequence_number": _NUMBER,
    "sub_sequence_number": 0,
    "positions": 1,
    "at": _AT,
    "data_bytes": 512,
    "replay": "never",
    "replay_tries": 0,
}

REPLAY: Final[dict[str, Any]] = {"outcomes": [{"outcome": "sent", "count": 1}], "why": [], "next_cursor": None}

REPORT: Final[dict[str, Any]] = {
    "at": _AT,
    "state": "warning",
    "findings": [
        {
            "state": "warning",
            "figure": "index_lag",
            "subject": "index",
            "text": "index is 42 s behind.",
            "runbook": "/runbook/index_lag",
        }
    ],
    "api": {
        "processes": 1,
        "window_s": 60.0,
        "accepted_total": 120_000,
        "accepted_per_s": 250.5,
        "answers": [
            {"status": "2xx", "total": 120_000, "recent": 15_030},
            {"status": "3xx", "total": 0, "recent": 0},
            {"status": "4xx", "total": 12, "recent": 1},
            {"status": "5xx", "total": 0, "recent": 0},
        ],
        "load_refused": 0,
        "p50_ms": 6.2,
        "p99_ms": 41.0,
        "pending": 3,
        "shards": [{"shard_id": _SHARD, "throttled_total": 0, "throttled": 0, "pace": 1.0}],
        "history": [{"at": _AT, "accepted_per_s": 249.0, "p99_ms": 40.0}],
    },
    "drains": {
        "read_at": _AT,
        "drains": [
            {
                "name": "index",
                "stream": "txn-transactions",
                "lag_s": 42.0,
                "behind": 1,
                "unowned": 0,
                "unowned_lag_s": 0.0,
                "owners": 1,
                "amiss": None,
                "ledger": {"agreeing": 3, "differing": 0},
                "shards": [
                    {
                        "shard_id": _SHARD,
                        "state": "behind",
                        "lag_s": 42.0,
                        "lag_records": 9,
                        "lag_records_more": True,
                        "owner": "host-1234-ab",
                        "wanted_by": None,
                        "done_minute": "2026-01-02T03:03",
                        "checkpoint": _NUMBER,
                    }
                ],
                "shards_more": 0,
            }
        ],
    },
    "dead_letters": {
        "read_at": _AT,
        "reasons": [{"reason": "undecodable", "kept": 4, "kept_more": False, "waiting": 0}],
    },
    "cost": {
        "usd": 3.75,
        "region": "us-east-1",
        "priced_on": "2026-11",
        "parts": [
            {
                "name": "dynamodb_index",
                "units": 6.0,
                "unit": "write request units of 1 KB",
                "basis": "derived",
                "price_usd": 0.625,
                "price_source": "Amazon DynamoDB pricing, on-demand",
                "usd": 3.75,
            }
        ],
        "left_out": ["S3: requests and storage of the lake"],
    },
    "missing": [],
}
