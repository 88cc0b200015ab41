"""The stack of what is kept: streams, tables, buckets, keys, secrets, backups. It stays when the stack goes."""

from aws_cdk import App, Stack

from deploy.names import choice, count, export, prefix
from deploy.parts.backup import add_backup
from deploy.parts.buckets import add_buckets
from deploy.parts.encryption import add_keys
from deploy.parts.key_secrets import add_secrets
from deploy.parts.streams import add_streams
from deploy.parts.tables import add_tables
from deploy.stacks.plain import plain_stack


def data_stack(app: App) -> Stack:
    """The stack."""
    stack = plain_stack(
        app, "data", "txn-api: streams, tables, lake, keys and secrets; all of it stays when the stack goes"
    )
    prefix(stack)
    mode = choice(
        stack, "StreamMode", "Who counts the shards: AWS, or the parameter Shards", ("ON_DEMAND", "PROVISIONED")
    )
    shards = count(stack, "Shards", "Shards of a PROVISIONED stream", 4, least=1, most=10_000)
    retention = count(
        stack, "RetentionHours", "Hours for which the stream keeps what it took", 168, least=24, most=8_760
    )
    warm_writes = count(
        stack,
        "WarmWrites",
        "Write units a second that the table of transactions and its indexes take from the start; can only grow",
        4_000,
        least=4_000,
        most=40_000,
    )
    kept_days = count(
        stack, "KeepIndexDays", "Days for which the index keeps a transaction; 0 is for ever", 0, most=36_500
    )
    export(stack, "KeptDays", kept_days.value_as_string)
    keys = add_keys(stack)
    add_streams(stack, keys.data, mode, shards, retention)
    add_tables(stack, keys.data, warm_writes)
    add_buckets(stack, keys)
    add_secrets(stack, keys.data)
    add_backup(stack, keys.data)
    return stack
