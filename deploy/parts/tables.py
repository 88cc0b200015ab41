"""The tables, by the definitions that the processes' own bootstrap uses: keys, indexes and TTL cannot drift."""

from typing import Any, Final

from aws_cdk import CfnCondition, CfnParameter, CfnTag, Fn, Stack
from aws_cdk import aws_dynamodb as dynamodb

from deploy.names import sub
from deploy.parts.conditions import either
from deploy.parts.kept import kept
from txn_core.drains import INDEX
from txn_core.dynamodb.table_shapes import BY_ORIGINAL, EXPIRES_AT
from txn_core.dynamodb.tables import TableNames, definitions

BACKED_UP: Final = ("api-keys", "alerts", "cases", "labels", "score-counts", "scores")
"""The tables that nothing can be rebuilt of. Leases are never among them: an old plan would be carried out again."""
BACKUP_TAG: Final = "txn-backup"
WARM_READS: Final = 12_000
"""Reads a second that a new table or index takes in any case, the least that can be asked for."""

_PREFIX: Final = "PREFIX"


def table_names() -> tuple[str, ...]:
    """The names of all tables behind the prefix."""
    return tuple(definition["TableName"].removeprefix(f"{_PREFIX}-") for definition in _definitions())


def expiring_tables() -> frozenset[str]:
    """The names, behind the prefix, of the tables whose rows may expire: of the index only where it has an end."""
    always = {name.removeprefix(f"{_PREFIX}-") for name in TableNames(_PREFIX).expiring}
    return frozenset(always | {shape.name for shape in INDEX.tables})


def logical_id(name: str) -> str:
    """The name of a table in the template."""
    return "".join(part.capitalize() for part in name.split("-")) + "Table"


def add_tables(stack: Stack, key: str, warm_writes: CfnParameter, kept_days: CfnParameter) -> None:
    """Add every table of the system, in its first generation."""
    for_ever: Any = Fn.condition_equals(kept_days.value_as_string, "0")
    ends = CfnCondition(stack, "IndexEnds", expression=Fn.condition_not(for_ever))
    for definition in _definitions():
        _add(stack, definition, key, warm_writes, ends)


def _definitions() -> list[Any]:
    return list(definitions(TableNames(_PREFIX)))


def _add(stack: Stack, definition: Any, key: str, warm_writes: CfnParameter, ends: CfnCondition) -> None:
    name = definition["TableName"].removeprefix(f"{_PREFIX}-")
    warm = dynamodb.CfnTable.WarmThroughputProperty(
        read_units_per_second=WARM_READS, write_units_per_second=warm_writes.value_as_number
    )
    indexes = [
        dynamodb.CfnTable.GlobalSecondaryIndexProperty(
            index_name=index["IndexName"],
            key_schema=_key_schema(index["KeySchema"]),
            projection=dynamodb.CfnTable.ProjectionProperty(
                projection_type=index["Projection"]["ProjectionType"],
                non_key_attributes=index["Projection"].get("NonKeyAttributes"),
            ),
            warm_throughput=warm if name == "transactions" and index["IndexName"] != BY_ORIGINAL else None,
        )
        for index in definition.get("GlobalSecondaryIndexes", ())
    ]
    table = dynamodb.CfnTable(
        stack,
        logical_id(name),
        table_name=sub(f"${{Prefix}}-{name}"),
        billing_mode=definition["BillingMode"],
        attribute_definitions=[
            dynamodb.CfnTable.AttributeDefinitionProperty(
                attribute_name=each["AttributeName"], attribute_type=each["AttributeType"]
            )
            for each in definition["AttributeDefinitions"]
        ],
        key_schema=_key_schema(definition["KeySchema"]),
        global_secondary_indexes=indexes or None,
        deletion_protection_enabled=True,
        point_in_time_recovery_specification=dynamodb.CfnTable.PointInTimeRecoverySpecificationProperty(
            point_in_time_recovery_enabled=True
        ),
        sse_specification=dynamodb.CfnTable.SSESpecificationProperty(
            sse_enabled=True, sse_type="KMS", kms_master_key_id=key
        ),
        time_to_live_specification=_expiry(name, ends),
        warm_throughput=warm if name == "transactions" else None,
        tags=[CfnTag(key=BACKUP_TAG, value=sub("${Prefix}"))] if name in BACKED_UP else None,
    )
    kept(table)


def _key_schema(keys: Any) -> Any:
    return [
        dynamodb.CfnTable.KeySchemaProperty(attribute_name=each["AttributeName"], key_type=each["KeyType"])
        for each in keys
    ]


def _expiry(name: str, ends: CfnCondition) -> Any:
    """The attribute that says when a row may go: rows of the index have it where they are not kept for ever."""
    if name in {shape.name for shape in INDEX.tables}:
        return either(ends, {"AttributeName": EXPIRES_AT, "Enabled": True})
    if f"{_PREFIX}-{name}" not in TableNames(_PREFIX).expiring:
        return None
    return dynamodb.CfnTable.TimeToLiveSpecificationProperty(enabled=True, attribute_name=EXPIRES_AT)
