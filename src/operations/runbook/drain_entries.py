"""The entries about drains: what is on the stream and not yet in a view."""

from typing import Final

from operations.runbook.runbook_entry import RunbookEntry

INDEX_LAG: Final = RunbookEntry(
    "index_lag",
    "The index is behind",
    "Look-ups do not find the youngest transactions: the figure is the age of the oldest record that is not in the "
    "index. Transactions that were answered 202 are safe on the stream meanwhile.",
    first_look=(
        "`txn status`: which shards are behind, and who owns their leases.",
        "`/readyz` of the worker, or `outage` in its log: which store it waits for.",
        "`txn_index_reads_limited` and throttles of the table: which limit holds it up.",
    ),
    safe_action=(
        "If no process owns the leases, start `txn worker index`.",
        (
            "If it works without pause, add workers up to the number of shards. Beyond that, give the stream more "
            "shards (`throttles` says how)."
        ),
        "If DynamoDB throttles writes, raise the capacity of the table.",
    ),
    stop=(
        "Do not restart a worker that waits for a store, and move no checkpoint. If one shard alone stands still "
        "while its worker is ready, keep the log and call for whoever knows the worker."
    ),
    warning=30.0,
    critical=60.0,
    unit="s",
)
DRAIN_LAG: Final = RunbookEntry(
    "drain_lag",
    "A drain is behind",
    "The figure is the age of the oldest record that the archive or the scorer has not made durable. Each writes "
    "every 10 s, so a few seconds are usual. What the stream no longer retains is lost for a drain.",
    first_look=(
        "`txn status`: which shards are behind, who owns their leases, and which limit of a shard holds them up.",
        "`/readyz` of the worker, or `outage` in its log: which store it waits for.",
    ),
    safe_action=(
        "If no process owns the leases, start `txn worker archive` or `txn worker score`.",
        "If a limit of the shard holds it up, give the stream more shards (`hot_shard` says how).",
        "Raise the retention of the stream before the lag comes near to it.",
    ),
    stop=(
        "Do not delete a plan from a lease, and write no object by hand: the plan says which object is to be "
        "written. Call for help when the lag passes a quarter of the retention."
    ),
    warning=60.0,
    critical=120.0,
    unit="s",
)
ITERATOR_AGE: Final = RunbookEntry(
    "iterator_age",
    "Readers come near to the end of retention",
    "The oldest record that some reader of the stream took last is older than a quarter of the stream's retention. "
    "When it reaches the whole, records are lost for that reader. Kinesis says so itself, whatever our processes "
    "say.",
    first_look=(
        "`txn status`: which drain it is. If none of ours is behind, another application reads the stream.",
        "The lag alarms of the drains, and why they were not acted on.",
    ),
    safe_action=(
        (
            "Raise the retention first: `aws kinesis increase-stream-retention-period`. It works at once and loses "
            "nothing."
        ),
        "Then mend the drain as its own entry says (`drain_lag`, `index_lag`).",
    ),
    stop="Never lower the retention while anybody is behind, and do not reset a lease to the tip of the stream.",
)
RETENTION_LOSSES: Final = RunbookEntry(
    "retention_losses",
    "The stream lost what a drain had not read",
    "Retention was ahead of a drain. Records that were answered 202 are missing in this view, while other views may "
    "have them.",
    first_look=(
        "`records_lost_by_retention` in the log of the worker: shard, from where to where, and why.",
        "`txn reconcile --since`: which records the other drains have.",
    ),
    safe_action=(
        "Raise the retention of the stream, and add workers, so that no more is lost.",
        "If the index lost them and the archive has them, rebuild the index from the lake (docs/rebuild.md).",
        (
            "If the archive lost them, keep the index, and ask clients to send again what they were answered since "
            "then: one id is one transaction."
        ),
    ),
    stop=(
        "Do not call it mended until `txn reconcile` explains every minute. What no view has can only come from "
        "clients."
    ),
)
UNOWNED_SHARDS: Final = RunbookEntry(
    "unowned_shards",
    "Nobody reads a shard",
    "Records wait in shards whose lease no process holds; the figure is for how long. A lease is taken within "
    "seconds after its owner has gone.",
    first_look=(
        "See whether a process of this drain runs: `txn status`, or the list of your containers.",
        "In its log, why it takes no lease. A child shard waits until its parents are finished.",
        "Where the index is a function of Lambda, nobody holds its leases: see its mapping's state and its errors.",
    ),
    safe_action=("Start a worker of this drain. It takes the leases within `TXN_LEASE_FAILOVER_S`.",),
    stop=(
        "Do not edit lease rows. If workers run and take none for several minutes, keep their logs and call for help."
    ),
    critical=30.0,
    unit="s",
)
FOREIGN_LEASES: Final = RunbookEntry(
    "foreign_leases",
    "The leases belong to another stream",
    "The stream was deleted and made again. The drain reads nothing until its leases are reset.",
    first_look=(
        "Who deleted the stream, and what it held that was not read (CloudTrail, `DeleteStream`).",
        "`txn status`: the old checkpoints, and up to which minute each shard was done.",
    ),
    safe_action=(
        "Run `txn leases reset` for this drain. It says first what it will do.",
        "Then compare the views from the minute of the new stream on: `txn reconcile --since`.",
    ),
    stop=(
        "If the reset names plans of the archive whose object is not there, do not give `--give-up-plans` before it "
        "is known who else has these records."
    ),
    critical=0.0,
    unit="drains",
)
SHARDS_STUCK: Final = RunbookEntry(
    "shards_stuck",
    "A shard makes no progress",
    "The drain of a shard fails again and again at the same place. Other shards go on. Its records are safe on the "
    "stream as long as it retains them.",
    first_look=(
        "`drain_failed` in the log of the worker: the error, the shard, the place.",
        "`/readyz` of the worker: whether a store is away, or a right is missing.",
    ),
    safe_action=(
        "If a store or a right is missing, give it back. The shard goes on by itself within a minute.",
        "If it began with a deployment, go back to the image before. Checkpoints and plans stay valid.",
        "Raise the retention of the stream if it will take hours.",
    ),
    stop=(
        "Do not skip records by hand. A record that cannot be processed becomes a dead letter by itself; one that "
        "does not is a defect, which needs its bytes where they are."
    ),
)
STOLEN_LEASES: Final = RunbookEntry(
    "stolen_leases",
    "Workers stand still or die",
    "Leases were taken from workers that stood still. Deployments give their leases back and are not counted. "
    "Nothing is lost: the successor goes on from the checkpoint.",
    first_look=(
        "Which tasks ended, and why: out of memory, a health check, a host that went away.",
        "CPU of the workers: one that gets no CPU for `TXN_LEASE_FAILOVER_S` loses its leases.",
    ),
    safe_action=(
        "Give the tasks more memory or CPU if they ran out of it.",
        "Add workers if those that remain have no room.",
    ),
    stop="Do not raise `TXN_LEASE_FAILOVER_S` to silence it: shards of dead workers would then wait as long.",
)
READS_LIMITED: Final = RunbookEntry(
    "reads_limited",
    "A limit of the shards slows a drain down",
    "A shard gives 2 MB and 5 reads a second to all who poll it, and a drain has wanted more in most of the last "
    "minutes.",
    first_look=(
        "`txn status`: which shards, and which limit: `bytes`, or `throttled` when others read beside the drains.",
        "Whether the drain falls behind. If it does not, there is no hurry.",
    ),
    safe_action=(
        "Stop readers that need not poll, such as a second tool that watches the stream.",
        "Split the shards that are busiest, where the stream lets you (`hot_shard` says how).",
    ),
    stop="Do not raise `TXN_POLL_READS_PER_S` of one drain: it takes the reads from the others.",
)
LEDGERS: Final = RunbookEntry(
    "ledgers",
    "Ledgers differ",
    "A drain has made other records durable than the archive in some minutes of a shard, among the latest minutes "
    "that both have done.",
    first_look=("Run `txn reconcile --since 1h`. It reads the minutes that differ again and names each record.",),
    safe_action=("Keep the raw objects and the dead letters as they are until it is explained.",),
    stop="Rebuild and delete nothing before each record that differs is explained.",
    critical=0.0,
    unit="minutes",
)
DEAD_LETTERS: Final = RunbookEntry(
    "dead_letters",
    "Records could not be processed",
    "Records were set apart as dead letters. They hold nothing up. The figure counts those of yesterday and today "
    "that were not sent again.",
    first_look=(
        (
            "`txn dead-letters list`: reason and code. `undecodable` comes from a foreign or newer writer, "
            "`unwritable` from the table, `conflict` from a client that used one id for two contents."
        ),
    ),
    safe_action=(
        (
            "When the cause is gone, send them again, on the page or by `txn dead-letters replay`. Nothing is made "
            "twice."
        ),
        "Tell the client of a `conflict`: it cannot be mended by sending it again.",
    ),
    stop=(
        "Do not open letters of a foreign writer on a screen that others see: they may hold card numbers. If more "
        "come each minute, find the writer first."
    ),
    warning=0.0,
    unit="letters",
)
MODELS_REFUSED: Final = RunbookEntry(
    "models_refused",
    "The scorer does without what is wanted",
    "The model or the rules that are wanted are refused, or records are scored by no model. Scoring goes on with "
    "what was wanted before, or with rules alone.",
    first_look=(
        "`txn models list` and `txn rules list` say why. `version_refused` in the scorer's log has the cause.",
    ),
    safe_action=("Activate the version before, or one that passes `txn rules test`.",),
    stop="Do not sign or edit a manifest by hand to have it taken.",
)
