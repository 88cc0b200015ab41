"""A small template of the form that ours have, for tests of what reads and runs them."""

from typing import Any, Final

from devkit.aws_account.templates.physical_names import Place
from devkit.aws_account.templates.resolved_stack import ResolvedStack

PLACE: Final = Place("111122223333", "eu-central-1", "small")
BUCKET: Final = "txn-lake-111122223333-eu-central-1"
_TRUST: Final = {
    "Statement": [
        {
            "Effect": "Allow",
            "Action": "sts:AssumeRole",
            "Principal": {"Service": "ecs-tasks.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": {"Ref": "AWS::AccountId"}},
                "ArnLike": {"aws:SourceArn": {"Fn::Sub": "arn:aws:ecs:${AWS::Region}:${AWS::AccountId}:*"}},
            },
        }
    ]
}


def role(*statements: Any) -> dict[str, Any]:
    """A role of tasks with one policy."""
    policy = {"PolicyName": "own", "PolicyDocument": {"Statement": list(statements)}}
    return {"Type": "AWS::IAM::Role", "Properties": {"AssumeRolePolicyDocument": _TRUST, "Policies": [policy]}}


def allow(action: Any, resource: Any, **condition: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource} | (
        {"Condition": condition} if condition else {}
    )


def sub(text: str) -> dict[str, str]:
    """A text that CloudFormation fills in."""
    return {"Fn::Sub": text}


_LAKE: Final = sub("${Prefix}-lake-${AWS::AccountId}-${AWS::Region}")
_VIA: Final = {"StringEquals": {"kms:ViaService": [sub("s3.${AWS::Region}.amazonaws.com")]}}

TEMPLATE: Final[dict[str, Any]] = {
    "Parameters": {
        "Prefix": {"Type": "String", "Default": "txn"},
        "Mode": {"Type": "String", "Default": "ON_DEMAND"},
        "Shards": {"Type": "Number", "Default": 4},
    },
    "Conditions": {"IsProvisioned": {"Fn::Equals": [{"Ref": "Mode"}, "PROVISIONED"]}},
    "Resources": {
        "Key": {
            "Type": "AWS::KMS::Key",
            "DeletionPolicy": "Retain",
            "Properties": {
                "KeyPolicy": {
                    "Statement": [
                        {**allow("kms:*", "*"), "Principal": {"AWS": sub("arn:aws:iam::${AWS::AccountId}:root")}}
                    ]
                }
            },
        },
        "Stream": {
            "Type": "AWS::Kinesis::Stream",
            "Properties": {
                "Name": sub("${Prefix}-transactions"),
                "ShardCount": {"Fn::If": ["IsProvisioned", {"Ref": "Shards"}, {"Ref": "AWS::NoValue"}]},
            },
        },
        "Extra": {"Type": "AWS::SNS::Topic", "Condition": "IsProvisioned", "Properties": {}},
        "Lake": {
            "Type": "AWS::S3::Bucket",
            "DeletionPolicy": "Retain",
            "Properties": {
                "BucketName": _LAKE,
                "BucketEncryption": {
                    "ServerSideEncryptionConfiguration": [
                        {"ServerSideEncryptionByDefault": {"KMSMasterKeyID": {"Fn::GetAtt": ["Key", "Arn"]}}}
                    ]
                },
            },
        },
        "LakePolicy": {
            "Type": "AWS::S3::BucketPolicy",
            "Properties": {
                "Bucket": {"Ref": "Lake"},
                "PolicyDocument": {
                    "Statement": [
                        {
                            "Sid": "WriteOnce",
                            "Effect": "Deny",
                            "Principal": "*",
                            "Action": "s3:PutObject",
                            "Resource": sub("arn:aws:s3:::${Lake}/raw/*"),
                            "Condition": {"Null": {"s3:if-none-match": "true"}},
                        }
                    ]
                },
            },
        },
        "Secret": {
            "Type": "AWS::SecretsManager::Secret",
            "Properties": {
                "Name": sub("${Prefix}/card-keys"),
                "KmsKeyId": {"Ref": "Key"},
                "GenerateSecretString": {
                    "SecretStringTemplate": "{}",
                    "GenerateStringKey": "1",
                    "PasswordLength": 44,
                    "ExcludePunctuation": True,
                },
            },
        },
        "Execution": role(
            allow("secretsmanager:GetSecretValue", {"Ref": "Secret"}),
            allow("kms:Decrypt", {"Fn::GetAtt": ["Key", "Arn"]}),
        ),
        "Writer": role(
            allow(["s3:PutObject", "s3:GetObject"], sub("arn:aws:s3:::${Lake}/*")),
            allow(["kms:GenerateDataKey", "kms:Decrypt"], {"Fn::GetAtt": ["Key", "Arn"]}, **_VIA),
            allow("kinesis:PutRecords", sub("arn:aws:kinesis:${AWS::Region}:${AWS::AccountId}:stream/${Stream}")),
        ),
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": sub("${Prefix}-writer"),
                "TaskRoleArn": {"Fn::GetAtt": ["Writer", "Arn"]},
                "ExecutionRoleArn": {"Fn::GetAtt": "Execution.Arn"},
                "ContainerDefinitions": [
                    {
                        "Name": "main",
                        "Image": "example.org/txn",
                        "Command": ["worker", "archive"],
                        "Environment": [{"Name": "TXN_BUCKET", "Value": {"Ref": "Lake"}}],
                        "Secrets": [{"Name": "TXN_CARD_KEYS", "ValueFrom": {"Ref": "Secret"}}],
                        "StopTimeout": 60,
                    }
                ],
            },
        },
    },
    "Outputs": {"Key": {"Value": {"Fn::GetAtt": ["Key", "Arn"]}, "Export": {"Name": sub("${Prefix}-Key")}}},
}


def small_stack(**parameters: object) -> ResolvedStack:
    """The template, resolved."""
    return ResolvedStack(TEMPLATE, PLACE, parameters)
