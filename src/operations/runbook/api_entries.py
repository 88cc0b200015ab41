"""The entries about the API: what its clients notice, and what its producer says of the stream."""

from typing import Final

from operations.runbook.runbook_entry import SHARE, RunbookEntry

SERVER_ERRORS: Final = RunbookEntry(
    "server_errors",
    "Requests fail",
    "Answers have a status of 500 or more; the figure is their share of at least 20 answers. A client that gets one "
    "sends the same again, which is safe. The alarm leaves `outcome_unknown` out, which has its own.",
    first_look=(
        "`request_failed`, `records_given_up` and `store_not_reached` in the log of the API.",
        "`/readyz`: whether stream and tables answer.",
    ),
    safe_action=(
        "If answers are `overloaded`, add processes.",
        "If it began with a deployment, go back to the image before.",
        "If the stream throttles, do what `throttles` says.",
    ),
    stop=(
        "If `request_failed` names a defect of ours and going back does not help, keep the log and call for help. Do "
        "not take the front away: clients keep their transactions only as long as their own buffers last."
    ),
    warning=0.001,
    critical=0.01,
    unit=SHARE,
)
OUTCOME_UNKNOWN: Final = RunbookEntry(
    "outcome_unknown",
    "Clients are told that the outcome is unknown",
    "Kinesis did not confirm in time. Each of these transactions may or may not be stored; a retry with the same id "
    "is safe and never makes two.",
    first_look=(
        "`txn_request_time_seconds`, the time of Kinesis itself, and `records_given_up` in the log of the API.",
        "The AWS Health Dashboard, and the endpoint for Kinesis in your VPC.",
    ),
    safe_action=(
        "Wait while Kinesis recovers: the API sends again by itself.",
        "If one task alone has it, stop that task; its successor begins with new connections.",
    ),
    stop=(
        "Do not tell clients to send with new ids, and do not raise the deadline of requests beyond the clients' own."
    ),
)
LOAD_REFUSED: Final = RunbookEntry(
    "load_refused",
    "Load is refused",
    "Answers are 429 or 503; the figure is their share of at least 20 answers: limits of keys, and processes that "
    "are full. Nothing of these requests was stored.",
    first_look=(
        "In the log, which keys are refused (`requests_not_logged` sums up). A single key is its client's matter.",
        "CPU of the processes, and `txn_user_records_pending`.",
    ),
    safe_action=(
        "If shards throttle, do what `throttles` says. If they do not, add processes of the API.",
        "Raise the limits of a key whose client has a reason (`txn keys`).",
    ),
    stop="Do not lift all limits at once: they keep one client from the others' room.",
    warning=0.01,
    critical=0.1,
    unit=SHARE,
)
LATENCY: Final = RunbookEntry(
    "latency",
    "Answers are slow",
    "The 99th percentile of the time to the answer of `/transactions`, of at least 20 answers.",
    first_look=(
        "Whether shards throttle, and whether records wait on their way to the stream.",
        "`txn_request_time_seconds`, the time of Kinesis itself.",
        "CPU of the processes.",
    ),
    safe_action=(
        "If the processes use their cores up, add processes.",
        "If shards throttle, do what `throttles` says.",
    ),
    stop="If only look-ups are slow, leave the producers alone. If Kinesis itself is slow, wait.",
    warning=500.0,
    critical=2500.0,
    unit="ms",
)
THROTTLES: Final = RunbookEntry(
    "throttles",
    "A shard throttles writes",
    "Kinesis refused attempts of a shard. The records wait and are sent again. Other shards do not wait.",
    first_look=(
        "Whether one shard has much more than the others: a card or a client that sends very much.",
        "Whether another writer uses the same stream.",
        "`aws kinesis describe-stream-summary`: whether the stream is on demand or provisioned.",
    ),
    safe_action=(
        (
            "On demand, only AWS splits shards, and it does so by itself within minutes. Limit the client that sends "
            "too much, or change the mode (`StreamMode` of the data stack, `aws kinesis update-stream-mode`)."
        ),
        (
            "Provisioned, if all shards have much: the stream is too small. Raise `Shards` of the data stack, or "
            "call `aws kinesis update-shard-count`."
        ),
        "Provisioned, if one shard has much: split that shard (`hot_shard`).",
    ),
    stop=(
        "A stream changes its shard count at most 10 times a day, and its mode twice. After two reshards that did "
        "not help, find the writer instead."
    ),
    warning=0.0,
    critical=600.0,
    unit="attempts a minute",
)
HOT_SHARD: Final = RunbookEntry(
    "hot_shard",
    "One shard gets most of the load",
    "A shard gets more than three times the mean of all shards. Its cards wait while other shards have room. Streams "
    "of three shards or fewer cannot have it.",
    first_look=(
        "`/#/operations`, or `txn_shard_rate_share`: which shard.",
        "Whether one card or one client sends most of it, such as a test card in a load test.",
        "`aws kinesis describe-stream-summary`: whether the stream is on demand or provisioned.",
    ),
    safe_action=(
        (
            "On demand, AWS splits it by itself, and refuses `split-shard`. You can only limit the client, or change "
            "the mode (`throttles`)."
        ),
        "Provisioned: split that shard (`aws kinesis split-shard`). Order by card holds.",
        "Limit the key of a runaway client.",
    ),
    stop="A single card cannot be split: its records stay in one shard, for their order. Limit the client instead.",
)
STRAY_LANDINGS: Final = RunbookEntry(
    "stray_landings",
    "Records land on other shards than they were sent to",
    "For minutes, records have landed elsewhere than the shard map says. A reshard makes some for a few seconds. "
    "When it lasts, somebody has switched the stream to a distribution that ignores partition keys, and the order of "
    "a card's transactions no longer holds. No record is lost.",
    first_look=(
        (
            "`aws kinesis describe-stream-summary`: the record distribution strategy, and whether a reshard is under "
            "way."
        ),
        "CloudTrail: who called `UpdateStreamRecordDistributionStrategy`.",
    ),
    safe_action=(
        "Set the strategy back to partition keys.",
        "Wait for a reshard to end.",
    ),
    stop=(
        "Do not compute anything from the order of events of these minutes. Scores of them may have to be made again."
    ),
)
AGGREGATION_OFF: Final = RunbookEntry(
    "aggregation_off",
    "Records travel one by one",
    "The API does not know the stream's shards, so that each record goes by itself. It is safe, and costs some times "
    "as much of the shards' room.",
    first_look=(
        "`shards_not_listed` in the log of the API, and whether its role may `kinesis:ListShards`.",
        "`aggregation_turned_off` in the log: the stream does not distribute by keys (`stray_landings`).",
    ),
    safe_action=("Give the right back. The processes list the shards again by themselves.",),
    stop="Do not restart all processes at once: they would all ask for the shards in the same second.",
)
KEY_GUESSES: Final = RunbookEntry(
    "key_guesses",
    "Somebody guesses keys",
    "More API keys or tokens that do not exist are presented than are looked up. Keys that a process has not seen "
    "wait meanwhile; keys in use do not.",
    first_look=("The front's access counts by address, and whether a client was deployed with a wrong key.",),
    safe_action=("Block the address at the front, or tell the client.",),
    stop="Nobody guesses a key of 256 bits. If a real key is used from elsewhere, revoke it (`txn keys revoke`).",
)
CARD_GUESSES: Final = RunbookEntry(
    "card_guesses",
    "Somebody may be guessing card numbers",
    "An account sends or looks up very many cards that differ in their hidden digits alone, and the cards beyond its "
    "bound are refused.",
    first_look=("`many_cards_of_mask` and `cards_of_mask_refused` in the log of the API: which account.",),
    safe_action=(
        "Ask the account what it does.",
        "Without a reason, revoke its keys (`txn keys revoke`).",
        "With a reason, give its key a larger bound (`--cards-of-mask-max`).",
    ),
    stop="Do not copy masks or ids into tickets. If an account cannot explain it, it is an incident of card data.",
)
