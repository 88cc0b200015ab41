"""The data stack: tables that cannot drift, objects written once, keys drawn once, all of it kept."""

from typing import Any

import pytest

from tests.deploy.templates import listed, of_type, template, text
from txn_core.dynamodb.table_shapes import EXPIRES_AT
from txn_core.dynamodb.tables import TableNames, definitions
from txn_core.lake.layout import DEAD_LETTER_PREFIX, RAW_PREFIX
from txn_core.setting_groups.key_settings import KeySettings

_NAMES = TableNames("${Prefix}")
_REPLACEABLE = {"AWS::KMS::Alias", "AWS::Backup::BackupPlan", "AWS::Backup::BackupSelection", "AWS::IAM::Role"}
"""What holds no data: it is made again from the template."""


def _tables() -> dict[str, dict[str, Any]]:
    return {text(table["TableName"]): table for table in of_type("data", "AWS::DynamoDB::Table").values()}


def test_the_tables_are_those_of_the_processes() -> None:
    """Name, key, indexes and attributes of each table are as `txn bootstrap` would make them."""
    wanted = {definition["TableName"]: definition for definition in definitions(_NAMES)}
    assert set(_tables()) == set(wanted)
    for name, table in _tables().items():
        found = {key: table[key] for key in ("TableName", "BillingMode", "AttributeDefinitions", "KeySchema")}
        indexes = [
            {key: value for key, value in index.items() if key != "WarmThroughput"}
            for index in table.get("GlobalSecondaryIndexes", ())
        ]
        found |= {"TableName": name, **({"GlobalSecondaryIndexes": indexes} if indexes else {})}
        assert found == wanted[name]


def test_rows_that_expire_are_removed() -> None:
    """The tables with a time to live are those whose rows have one."""
    expiring = {
        name: table["TimeToLiveSpecification"]
        for name, table in _tables().items()
        if "TimeToLiveSpecification" in table
    }
    assert expiring == {
        name: {"AttributeName": EXPIRES_AT, "Enabled": True} for name in _NAMES.expiring if name in _tables()
    }


@pytest.mark.parametrize("name", sorted(_tables()))
def test_a_table_is_protected(name: str) -> None:
    """No table is deleted by mistake, and each can be had as it was at any second of the last 35 days."""
    table = _tables()[name]
    assert table["DeletionProtectionEnabled"] is True
    assert table["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
    assert table["SSESpecification"]["SSEType"] == "KMS"


def test_leases_are_in_no_backup() -> None:
    """A lease that came back from a backup would carry out an old plan again."""
    backed_up = {name for name, table in _tables().items() if table.get("Tags")}
    assert _NAMES.api_keys in backed_up
    assert not {name for name in backed_up if name.endswith(("-leases", "-ledger"))}


def test_what_holds_data_stays_when_the_stack_goes() -> None:
    """Every resource is retained, also when an update would replace it, but for those that hold nothing."""
    for name, resource in template("data")["Resources"].items():
        if resource["Type"] not in _REPLACEABLE:
            assert (name, resource.get("DeletionPolicy"), resource.get("UpdateReplacePolicy")) == (
                name,
                "Retain",
                "Retain",
            )


def _policy(bucket: str) -> dict[str, dict[str, Any]]:
    document = of_type("data", "AWS::S3::BucketPolicy")[bucket]["PolicyDocument"]
    return {statement["Sid"]: statement for statement in document["Statement"]}


def test_objects_of_the_lake_are_written_once() -> None:
    """Whoever it is: a put on what is written once is refused without `If-None-Match`."""
    statement = _policy("LakePolicy")["WriteOnce"]
    keys = [text(each).partition("/")[2] for each in statement["Resource"]]
    assert {f"{RAW_PREFIX}*", f"{DEAD_LETTER_PREFIX}*"} <= set(keys)
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:PutObject")
    assert statement["Condition"] == {"Null": {"s3:if-none-match": "true"}}


@pytest.mark.parametrize("bucket", ["LakePolicy", "FilesPolicy"])
def test_buckets_speak_tls_alone(bucket: str) -> None:
    """Every call without TLS is refused, on the bucket and on its objects."""
    statement = _policy(bucket)["TlsOnly"]
    assert (statement["Effect"], statement["Principal"], statement["Action"]) == ("Deny", "*", "s3:*")
    assert len(statement["Resource"]) == 2
    assert statement["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_clients_files_are_kept_for_a_day_in_one_version() -> None:
    """The one bucket in which card numbers may lie keeps no versions, and nothing longer than a day."""
    bucket = of_type("data", "AWS::S3::Bucket")["FilesBucket"]
    (rule,) = bucket["LifecycleConfiguration"]["Rules"]
    assert "VersioningConfiguration" not in bucket
    assert (rule["ExpirationInDays"], rule["Status"], rule.get("Prefix")) == (1, "Enabled", None)


def test_keys_are_drawn_as_they_were_first_drawn() -> None:
    """CloudFormation draws a key again when this changes, and all ids would be others: it must never change."""
    drawn = {
        text(secret["Name"]): secret.get("GenerateSecretString", secret.get("SecretString"))
        for secret in of_type("data", "AWS::SecretsManager::Secret").values()
    }
    plain = {"ExcludePunctuation": True, "PasswordLength": 44}
    assert drawn == {
        "${Prefix}/card-keys": {**plain, "GenerateStringKey": "1", "SecretStringTemplate": "{}"},
        "${Prefix}/identity-key": plain,
        "${Prefix}/cursor-key": plain,
        "${Prefix}/dead-letter-key": plain,
        "${Prefix}/ingest-key": plain,
        "${Prefix}/ingest-api-keys": "{}",
    }


def test_a_drawn_key_is_a_key() -> None:
    """44 letters and digits, as Secrets Manager draws them, are what the settings take for a key."""
    drawn = "aB3" * 14 + "zZ"
    settings = KeySettings.model_validate({"card_keys": {"1": drawn}, "identity_key": drawn})
    assert settings.identity_key is not None
    assert len(settings.identity_key.get_secret_value()) == 33


def test_both_streams_are_encrypted() -> None:
    """Records are encrypted with our key at rest."""
    for stream in of_type("data", "AWS::Kinesis::Stream").values():
        assert stream["StreamEncryption"]["EncryptionType"] == "KMS"
    assert len(listed(list(of_type("data", "AWS::Kinesis::Stream")))) == 2
