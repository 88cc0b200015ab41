"""The entries about what the processes run on: stores, rights, the front, hosts, and the deployment itself."""

from typing import Final

from operations.runbook.runbook_entry import RunbookEntry

HEARTBEAT: Final = RunbookEntry(
    "heartbeat",
    "No process of a kind says anything",
    "For three minutes nobody has reported a metric of this kind of process: all of them are gone, or their metrics "
    "are. Every other alarm of this kind is silent meanwhile.",
    first_look=(
        "Whether tasks run: the events of the ECS service, or the list of your containers.",
        "Why the last ones ended: exit code, last log lines, an image or a secret that cannot be read.",
        "If they run: whether `TXN_EMF` is on, or whether Prometheus reaches their port.",
    ),
    safe_action=(
        "Go back to the task definition before.",
        "Start a process by hand with the same settings, and read its first log lines: it says what it lacks.",
    ),
    stop="If a store refuses its role, do not widen the role by a wildcard to have it start.",
)
STORES_FAILING: Final = RunbookEntry(
    "stores_failing",
    "DynamoDB or S3 fails",
    "Calls end with a status of 500 or more, or without an answer. They are repeated; workers wait, and the API "
    "answers 503 where it cannot.",
    first_look=(
        "The AWS Health Dashboard for DynamoDB and S3 in this region.",
        "The gateway endpoints of the VPC and its route tables, if nobody else has trouble.",
        "`outage` in the logs: which call, which error.",
    ),
    safe_action=(
        "Wait: workers go on by themselves.",
        "Raise the retention of the stream if it takes hours.",
    ),
    stop="Do not restart workers, and do not fail over to tables of another region: they are not the same index.",
)
TABLES_THROTTLED: Final = RunbookEntry(
    "tables_throttled",
    "A table throttles",
    "DynamoDB refuses calls for want of capacity in three of five minutes. Look-ups may be answered 503, and drains "
    "fall behind; nothing is lost.",
    first_look=(
        "CloudWatch: which table or index, reads or writes, and whether one partition alone is hot.",
        "Whether the table is new: an on-demand table starts at 4,000 write units a second.",
    ),
    safe_action=(
        "Raise the capacity, or warm an on-demand table (`aws dynamodb update-table --warm-throughput`).",
        "Lower the load that can wait: a rebuild, a backfill, an upload.",
    ),
    stop=(
        "A merchant that is hot alone is not helped by capacity: keep to `TXN_MERCHANT_WRITE_SHARDS`, which is kept "
        "with the table and must not be changed on it."
    ),
)
LEASES_THROTTLED: Final = RunbookEntry(
    "leases_throttled",
    "A table of leases throttles",
    "Workers cannot renew leases or store checkpoints in time. They lose leases to each other, and no drain makes "
    "progress for long.",
    first_look=(
        "CloudWatch: reads or writes of this table, and how many workers of this kind run.",
        "Whether somebody else scans the table.",
    ),
    safe_action=(
        "Take away workers beyond the number of shards: they read nothing, and still scan the leases.",
        "Raise the capacity of the table.",
    ),
    stop=(
        "Never restore a table of leases from a backup, and never delete its rows: old plans would be carried out "
        "again."
    ),
)
CALLS_DENIED: Final = RunbookEntry(
    "calls_denied",
    "AWS refuses calls for want of a right",
    "A role, a key policy, a bucket policy or a permission boundary refuses what a process needs. The process goes "
    "on as far as it can.",
    first_look=(
        "The logs of the process: which call, which code.",
        "CloudTrail: `errorCode` of this role, and who changed a policy or the KMS key in the minutes before.",
    ),
    safe_action=(
        "Take the change back by hand. `aws cloudformation detect-stack-drift` says what differs from the template.",
        (
            "Or let CloudFormation do it: a change set with `--deployment-mode REVERT_DRIFT`. An ordinary deployment "
            "of the same template changes nothing, since it compares templates."
        ),
    ),
    stop=(
        "Do not answer by a wildcard. A refused `kms:Decrypt` may mean that somebody scheduled the key for deletion: "
        "stop that first (`aws kms cancel-key-deletion`)."
    ),
)
ZONE_WITHOUT_TARGETS: Final = RunbookEntry(
    "zone_without_targets",
    "A zone has no healthy target",
    "The balancer has no healthy process of the API in one availability zone for three minutes. Clients whose "
    "address leads there fail until the zone is taken out of DNS.",
    first_look=(
        "Whether tasks run in that zone, and what `/healthz` says from within it.",
        "The AWS Health Dashboard for the zone.",
    ),
    safe_action=(
        "Add tasks: the service spreads them over the zones.",
        (
            "Shift the zone away (`aws arc-zonal-shift start-zonal-shift`) if the zone itself has trouble. The "
            "balancer of the service stack allows it; of another one, see `zonal_shift.config.enabled`."
        ),
    ),
    stop="Do not shift away a second zone before the remaining one has room for all.",
)
CERTIFICATE: Final = RunbookEntry(
    "certificate",
    "The certificate ends soon",
    "The front's certificate ends in less than 30 days. ACM renews by itself 60 days before, so renewal has failed.",
    first_look=("`aws acm describe-certificate`: the renewal status, and the DNS record that it waits for.",),
    safe_action=("Set the CNAME that ACM asks for, or import the next certificate under the same ARN.",),
    stop="Do not change the listener to plain TCP: card numbers would travel in clear.",
)
CHANGED_BY_HAND: Final = RunbookEntry(
    "changed_by_hand",
    "The stream was changed by hand, or a stack was deleted",
    "A person changed the stream, its tables, its key or its bucket past CloudFormation, or deleted a stack. "
    "Deployments wake nobody: they are told of by mail.",
    first_look=(
        "CloudTrail: who, from where, which call, with which parameters.",
        "`aws cloudformation detect-stack-drift`: what differs from the template now.",
    ),
    safe_action=(
        "If it was a reshard or a longer retention that this runbook asks for, note it down and go on.",
        (
            "Otherwise set the old value by hand, or execute a change set with `--deployment-mode REVERT_DRIFT`. An "
            "ordinary deployment of the same template takes nothing back."
        ),
        (
            "A table that is gone: `txn bootstrap` with a person's rights, then encryption, recovery and protection "
            "as the template says (docs/backup.md)."
        ),
    ),
    stop="If nobody owns up to it, treat it as an intrusion: revoke the session, and keep CloudTrail's records.",
)
LOG_LINES_DROPPED: Final = RunbookEntry(
    "log_lines_dropped",
    "Log lines are missing",
    "Nobody took a process's log in time, and lines were dropped. Requests and drains are not held up. What happened "
    "in these minutes may not be in the log.",
    first_look=("The log driver: its mode (non-blocking), its buffer, and throttles of CloudWatch Logs.",),
    safe_action=("Give the driver a larger buffer, or ask for a higher quota of `PutLogEvents`.",),
    stop="Do not make the driver blocking: the process's own queue would drop the lines instead.",
)
FUNCTIONS_FAILING: Final = RunbookEntry(
    "functions_failing",
    "A function of Lambda fails, is not started, or takes too long",
    "Invocations of the function of the index, or of clients' files, end with an error, are throttled, or come near "
    "to their timeout. Records stay on the stream and files in their bucket, and both are handed over again; a file "
    "lives there for one day.",
    first_look=(
        "`invocation_failed` in the function's log group (`/aws/lambda/PREFIX-index`, `-files`): which error.",
        "`IteratorAge` of the function: whether the index falls behind.",
        "Throttles: the concurrent executions of the account, and which other function takes them.",
        "`outage` in the log: which store it waits for.",
    ),
    safe_action=(
        "If a store or a right is missing, give it back. Invocations are repeated by themselves.",
        "If executions are throttled, raise the account's quota for concurrent executions.",
        "If invocations of the index are long, do what `throttles` says, or let DynamoDB take more.",
        "If it began with a deployment, deploy `service` with the image before.",
        "If a function cannot do it, let a service do it: `IndexHost` or `IngestHost` `fargate` (docs/lambda.md).",
    ),
    stop=(
        "Do not delete the mapping's position: never `LATEST`, no record age, no retry limit, no bisection. Each of "
        "them passes records over."
    ),
)
FILES_WAITING: Final = RunbookEntry(
    "files_waiting",
    "A file waits to be taken in",
    "A file lies in the clients' bucket for an hour. It holds card numbers, and S3 removes it after a day, read or "
    "not.",
    first_look=(
        "`txn status`: the ingest worker, and what failed. Its log names the file's batch.",
        "`txn_ingest_folders_without_key`: whether the account has an API key.",
    ),
    safe_action=(
        "Start the worker, or set the account's key.",
        "Ask the client for the file again if a day has passed.",
    ),
    stop="Do not copy the file anywhere else: this bucket is the only place where card numbers may lie.",
)
WAREHOUSE_FAILING: Final = RunbookEntry(
    "warehouse_failing",
    "The warehouse is not built",
    "Three runs in a row have failed; of runs on ECS, each that fails is told of. Answers stay as of the last good "
    "run. Nothing else is held up.",
    first_look=(
        "`warehouse_run_failed` in the log: the reason, such as memory, a lock, or a model of dbt.",
        "Of a task that never started, its `stoppedReason`: an image or a secret that cannot be read.",
    ),
    safe_action=("Run `txn warehouse run` by hand. It goes on with what the last run left.",),
    stop=(
        "Do not delete the landing. If a model fails for its data, keep the data and call for whoever owns the model."
    ),
)
MISSING: Final = RunbookEntry(
    "missing",
    "A figure cannot be read",
    "A store did not answer in time, so that a part of the report is missing. The other parts hold.",
    first_look=(
        "`/readyz`: whether stream and tables answer.",
        "Whether the role of the API may read leases, the stream and the bucket (docs/operations.md).",
    ),
    safe_action=("Give the right back, or wait for the store.",),
    stop="A part that stays missing while the store answers is a defect: keep the log.",
    warning=0.0,
    unit="parts",
)
