"""Two KMS keys: one for all that is ours, one for clients' files alone, the one place where card numbers may lie."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from aws_cdk import Stack
from aws_cdk import aws_kms as kms

from deploy.names import arn, export, imported, sub
from deploy.parts.kept import kept
from deploy.policies import Statement, allow, document, of_service


@dataclass(frozen=True, slots=True)
class Keys:
    """The ARNs of the keys."""

    data: Any
    files: Any


def add_keys(stack: Stack) -> Keys:
    """Add the keys with their aliases; both are rotated each year."""
    logs = of_service(
        sub("logs.${AWS::Region}.amazonaws.com"),
        ["kms:Decrypt", "kms:DescribeKey", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"],
        ArnLike={"kms:EncryptionContext:aws:logs:arn": arn("logs", "log-group:*")},
    )
    alarms = of_service(
        "cloudwatch.amazonaws.com", ["kms:Decrypt", "kms:GenerateDataKey*"], StringEquals=_of_this_account()
    )
    events = of_service(
        "events.amazonaws.com", ["kms:Decrypt", "kms:GenerateDataKey*"], StringEquals=_of_this_account()
    )
    data = _key(
        stack, "DataKey", "Streams, tables, lake, secrets and logs of ${Prefix}", "data", [logs, alarms, events]
    )
    files = _key(stack, "FilesKey", "Clients' files of ${Prefix}, and nothing else", "files", [])
    return Keys(data.attr_arn, files.attr_arn)


def data_key() -> str:
    """The ARN of the key of data, for other stacks."""
    return imported("DataKeyArn")


def files_key() -> str:
    """The ARN of the key of clients' files, for other stacks."""
    return imported("FilesKeyArn")


def key_use(key: str, services: Sequence[str], actions: Sequence[str]) -> Statement:
    """The right to use a key through some services alone: never by a call to KMS itself."""
    via = [sub(f"{service}.${{AWS::Region}}.amazonaws.com") for service in services]
    return allow(actions, key, StringEquals={"kms:ViaService": via})


def _of_this_account() -> dict[str, Any]:
    return {"aws:SourceAccount": sub("${AWS::AccountId}")}


def _key(stack: Stack, name: str, description: str, alias: str, statements: Sequence[Statement]) -> Any:
    account = {"AWS": sub("arn:${AWS::Partition}:iam::${AWS::AccountId}:root")}
    owner = {**allow("kms:*", "*"), "Principal": account}
    used = [{**statement, "Resource": "*"} for statement in statements]
    key = kms.CfnKey(
        stack,
        name,
        description=sub(description),
        enable_key_rotation=True,
        pending_window_in_days=30,
        key_policy=document(owner, *used),
    )
    kms.CfnAlias(stack, f"{name}Alias", alias_name=sub(f"alias/${{Prefix}}-{alias}"), target_key_id=key.ref)
    kept(key)
    export(stack, f"{name}Arn", key.attr_arn)
    return key
