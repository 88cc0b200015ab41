"""What resources are called and which ARN they have, by their type.

Source: CloudFormation's Template Reference, "Return values" of each type.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

_NAMES: Final = {
    "AWS::DynamoDB::Table": ("TableName", "dynamodb", "table/{}"),
    "AWS::Kinesis::Stream": ("Name", "kinesis", "stream/{}"),
    "AWS::Kinesis::StreamConsumer": ("ConsumerName", "kinesis", "consumer/{}:1"),
    "AWS::KMS::Key": (None, "kms", "key/{}"),
    "AWS::SecretsManager::Secret": ("Name", "secretsmanager", "secret:{}-AbCdEf"),
    "AWS::ECS::TaskDefinition": ("Family", "ecs", "task-definition/{}:1"),
    "AWS::ECS::Cluster": ("ClusterName", "ecs", "cluster/{}"),
    "AWS::Logs::LogGroup": ("LogGroupName", "logs", "log-group:{}:*"),
    "AWS::SNS::Topic": ("TopicName", "sns", "{}"),
    "AWS::SQS::Queue": ("QueueName", "sqs", "{}"),
    "AWS::Lambda::Function": ("FunctionName", "lambda", "function:{}"),
}
"""By type: the property with the name, the service in the ARN, and how the resource stands in it."""
_REFERENCE_IS_ARN: Final = frozenset({
    "AWS::ECS::TaskDefinition", "AWS::SecretsManager::Secret", "AWS::SNS::Topic", "AWS::Kinesis::StreamConsumer",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a stack is: account and region, and what it is called."""

    account: str
    region: str
    stack: str = ""


def reference_of(kind: str, logical_id: str, properties: Mapping[str, Any], place: Place) -> str:
    """What `Ref` gives of a resource."""
    name = _name(kind, logical_id, properties, place)
    return _arn(kind, name, place) if kind in _REFERENCE_IS_ARN else name


def attribute_of(kind: str, logical_id: str, properties: Mapping[str, Any], attribute: str, place: Place) -> str:
    """What `Fn::GetAtt` gives of a resource; texts that nobody reads where the attribute is no ARN."""
    if attribute in {"Arn", "TaskDefinitionArn", "ConsumerARN", "TopicArn"}:
        return _arn(kind, _name(kind, logical_id, properties, place), place)
    if isinstance(own := properties.get(attribute), str):
        return own
    if attribute in {"Id", "KeyId"}:
        return reference_of(kind, logical_id, properties, place)
    return f"{place.stack}-{logical_id}-{attribute}"


def _name(kind: str, logical_id: str, properties: Mapping[str, Any], place: Place) -> str:
    named = {"AWS::S3::Bucket": "BucketName", "AWS::IAM::Role": "RoleName"} | {
        kind: of_type[0] for kind, of_type in _NAMES.items() if of_type[0]
    }
    return str(properties.get(named.get(kind, ""), f"{place.stack}-{logical_id}"))


def _arn(kind: str, name: str, place: Place) -> str:
    if kind == "AWS::S3::Bucket":
        return f"arn:aws:s3:::{name}"
    if kind == "AWS::IAM::Role":
        return f"arn:aws:iam::{place.account}:role/{name}"
    _, service, form = _NAMES.get(kind, (None, kind.split("::")[1].lower(), f"{kind.split('::')[2].lower()}/{{}}"))
    return f"arn:aws:{service}:{place.region}:{place.account}:{form.format(name)}"
