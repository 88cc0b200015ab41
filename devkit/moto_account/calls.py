"""Calls that make resources of the kinds that moto's CloudFormation lacks, although moto has their services.

Properties of CloudFormation bear the names of the service's own parameters, mostly. What botocore's model of the call
has is passed on, and botocore's validation looks at it; the rest is what only CloudFormation knows.
"""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

Properties = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Making:
    """How resources of one kind are made and removed.

    Attributes:
        service: the name of botocore's client.
        create: its method that makes one, and that changes one where `changes` says so.
        arguments: further arguments, from the properties and the resource's name; they go before those by name.
        reference: what `Ref` gives, from the arguments and the answer.
        delete: its method that removes one, or none where it goes with another resource.
        delete_arguments: from what `Ref` gives.
        changes: whether the same call changes a resource that is there. Else a changed resource stays as it is.
        known: whether moto knows the call; if not, its arguments are validated all the same.
    """

    service: str
    create: str
    reference: Callable[[Properties, Properties], str]
    arguments: Callable[[Properties, str], dict[str, Any]] = lambda _properties, _name: {}
    delete: str | None = None
    delete_arguments: Callable[[str], dict[str, Any]] = lambda _reference: {}
    changes: bool = False
    known: bool = True


def _named(name: str) -> Callable[[Properties, Properties], str]:
    return lambda arguments, _answer: str(arguments[name])


def _answered(*path: str) -> Callable[[Properties, Properties], str]:
    def found(_arguments: Properties, answer: Properties) -> str:
        value: Any = answer
        for part in path:
            value = value[part]
        return str(value)

    return found


def _secret(properties: Properties, name: str) -> dict[str, Any]:
    made = {"Name": properties.get("Name", name)}
    if "GenerateSecretString" not in properties:
        return made
    form = properties["GenerateSecretString"]
    drawn = name[:1] + "x" * (int(form.get("PasswordLength", 32)) - 1)
    template = form.get("SecretStringTemplate")
    given = drawn if template is None else json.dumps({**json.loads(template), form["GenerateStringKey"]: drawn})
    return {**made, "SecretString": given}


def _scaling_policy(properties: Properties, _name: str) -> dict[str, Any]:
    target = properties.get("ScalingTargetId")
    if target is None:
        return {}
    resource, dimension, service = target.split("|")
    return {"ResourceId": resource, "ScalableDimension": dimension, "ServiceNamespace": service}


def _of_scaling_policy(arn: str) -> dict[str, Any]:
    """What names a policy: its ARN ends in `resource/SERVICE/RESOURCE:policyName/NAME`."""
    place, _, name = arn.partition(":resource/")[2].partition(":policyName/")
    service, _, resource = place.partition("/")
    dimension = f"{service}:service:DesiredCount"
    return {
        "PolicyName": name,
        "ServiceNamespace": service,
        "ResourceId": resource,
        "ScalableDimension": dimension,
    }


def _backup_plan(properties: Properties, _name: str) -> dict[str, Any]:
    given = properties["BackupPlan"]
    rules = [
        {
            "RuleName": rule["RuleName"],
            "TargetBackupVaultName": rule["TargetBackupVault"],
            "ScheduleExpression": rule["ScheduleExpression"],
            "Lifecycle": {name: int(days) for name, days in rule.get("Lifecycle", {}).items()},
        }
        for rule in given["BackupPlanRule"]
    ]
    return {"BackupPlan": {"BackupPlanName": given["BackupPlanName"], "Rules": rules}}


def _by_arn(name: str) -> Callable[[str], dict[str, Any]]:
    return lambda reference: {name: reference}


def _scalable(arguments: Properties, _answer: Properties) -> str:
    return "|".join(arguments[name] for name in ("ResourceId", "ScalableDimension", "ServiceNamespace"))


MAKINGS: Final[Mapping[str, Making]] = {
    "AWS::CloudWatch::Alarm": Making(
        "cloudwatch", "put_metric_alarm", _named("AlarmName"), lambda p, n: {"AlarmName": p.get("AlarmName", n)},
        "delete_alarms", lambda name: {"AlarmNames": [name]}, changes=True,
    ),
    "AWS::CloudWatch::CompositeAlarm": Making(
        "cloudwatch", "put_composite_alarm", _named("AlarmName"), lambda p, n: {"AlarmName": p.get("AlarmName", n)},
        changes=True, known=False,
    ),
    "AWS::SecretsManager::Secret": Making(
        "secretsmanager", "create_secret", _answered("ARN"), _secret,
        "delete_secret", lambda arn: {"SecretId": arn, "ForceDeleteWithoutRecovery": True},
    ),
    "AWS::S3::BucketPolicy": Making(
        "s3", "put_bucket_policy", _named("Bucket"), lambda p, _: {"Policy": json.dumps(p["PolicyDocument"])},
        "delete_bucket_policy", _by_arn("Bucket"), changes=True,
    ),
    "AWS::SNS::TopicPolicy": Making(
        "sns", "set_topic_attributes", _named("TopicArn"),
        lambda p, _: {
            "TopicArn": p["Topics"][0],
            "AttributeName": "Policy",
            "AttributeValue": json.dumps(p["PolicyDocument"]),
        },
        changes=True,
    ),
    "AWS::SNS::Subscription": Making(
        "sns", "subscribe", _answered("SubscriptionArn"), lambda _p, _n: {"ReturnSubscriptionArn": True},
        "unsubscribe", _by_arn("SubscriptionArn"),
    ),
    "AWS::ApplicationAutoScaling::ScalableTarget": Making(
        "application-autoscaling", "register_scalable_target", _scalable,
        delete="deregister_scalable_target",
        delete_arguments=lambda reference: _scaling_policy({"ScalingTargetId": reference}, ""),
        changes=True,
    ),
    "AWS::ApplicationAutoScaling::ScalingPolicy": Making(
        "application-autoscaling", "put_scaling_policy", _answered("PolicyARN"), _scaling_policy,
        "delete_scaling_policy", _of_scaling_policy, changes=True,
    ),
    "AWS::Logs::MetricFilter": Making(
        "logs", "put_metric_filter", _named("filterName"),
        lambda p, n: {
            "filterName": p.get("FilterName", n),
            "filterPattern": p["FilterPattern"],
            "logGroupName": p["LogGroupName"],
            "metricTransformations": [_first_small(one) for one in p["MetricTransformations"]],
        },
        changes=True,
    ),
    "AWS::Backup::BackupVault": Making(
        "backup", "create_backup_vault", _named("BackupVaultName"), delete="delete_backup_vault",
        delete_arguments=_by_arn("BackupVaultName"),
    ),
    "AWS::Backup::BackupPlan": Making(
        "backup", "create_backup_plan", _answered("BackupPlanId"), _backup_plan, "delete_backup_plan",
        _by_arn("BackupPlanId"),
    ),
    "AWS::WAFv2::WebACL": Making(
        "wafv2", "create_web_acl", _answered("Summary", "ARN"), lambda p, n: {"Name": p.get("Name", n)}
    ),
    "AWS::WAFv2::WebACLAssociation": Making("wafv2", "associate_web_acl", _named("ResourceArn"), changes=True),
    "AWS::WAFv2::LoggingConfiguration": Making(
        "wafv2", "put_logging_configuration", lambda arguments, _: arguments["LoggingConfiguration"]["ResourceArn"],
        lambda p, _: {
            "LoggingConfiguration": {
                "ResourceArn": p["ResourceArn"],
                "LogDestinationConfigs": p["LogDestinationConfigs"],
                "RedactedFields": p.get("RedactedFields", []),
                "LoggingFilter": p["LoggingFilter"],
            },
        },
        changes=True,
    ),
    "AWS::ApiGatewayV2::Api": Making(
        "apigatewayv2", "create_api", _answered("ApiId"), delete="delete_api", delete_arguments=_by_arn("ApiId")
    ),
    "AWS::ApiGatewayV2::VpcLink": Making(
        "apigatewayv2", "create_vpc_link", _answered("VpcLinkId"), delete="delete_vpc_link",
        delete_arguments=_by_arn("VpcLinkId"),
    ),
    "AWS::ApiGatewayV2::Integration": Making("apigatewayv2", "create_integration", _answered("IntegrationId")),
    "AWS::ApiGatewayV2::Route": Making("apigatewayv2", "create_route", _answered("RouteId")),
    "AWS::ApiGatewayV2::Stage": Making("apigatewayv2", "create_stage", _answered("StageName")),
    "AWS::Budgets::Budget": Making(
        "budgets", "create_budget", lambda arguments, _: arguments["Budget"]["BudgetName"],
    ),
    "AWS::RDS::DBCluster": Making(
        "rds", "create_db_cluster", _named("DBClusterIdentifier"),
        lambda p, n: {"DBClusterIdentifier": p.get("DBClusterIdentifier", n.lower())},
        "delete_db_cluster", lambda name: {"DBClusterIdentifier": name, "SkipFinalSnapshot": True},
    ),
    "AWS::Lambda::EventInvokeConfig": Making(
        "lambda", "put_function_event_invoke_config", _named("FunctionName"),
        delete="delete_function_event_invoke_config", delete_arguments=_by_arn("FunctionName"), changes=True,
    ),
    "AWS::Scheduler::Schedule": Making(
        "scheduler", "create_schedule", _named("Name"), lambda p, n: {"Name": p.get("Name", n)},
        "delete_schedule", _by_arn("Name"),
    ),
}  # fmt: skip
"""By kind. That moto takes a call says that names and shapes are right, and no more."""


def _first_small(names: Properties) -> dict[str, Any]:
    return {name[:1].lower() + name[1:]: value for name, value in names.items()}
