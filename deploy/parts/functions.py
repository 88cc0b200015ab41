"""The index as a Lambda function, which the stream calls. The other drains keep plans on their leases."""

from typing import Any, Final

from aws_cdk import CfnCondition, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions

from deploy.names import STREAM, arn, imported, stream_arn, sub
from deploy.parts.conditions import either, only_if, text
from deploy.parts.encryption import data_key, key_use
from deploy.parts.key_secrets import DEAD_LETTER_KEY, secret_arn
from deploy.parts.log_groups import log_group
from deploy.parts.processes import KEPT_DAYS, index_function
from deploy.parts.rights import OF_DRAINS
from deploy.parts.tasks import Common
from deploy.policies import RESHUFFLES, allow, deny, document, trust
from txn_core.drains import INDEX

HANDLER: Final = "workers.lambdas.index_function.handler"
MEMORY: Final = 1_769
"""MiB, with which Lambda gives one core."""
LOG: Final = "/aws/lambda/${Prefix}-index"
TIMEOUT_S: Final = 120
BATCH: Final = 100


def add_index_function(stack: Stack, exists: CfnCondition, of: Common) -> None:
    """Add the function, its log and the mapping: nothing is given up, skipped, split or run in parallel."""
    group: Any = log_group(stack, "IndexFunctionLogGroup", LOG, of.key)
    variables = {
        name: text(either(of.index_ends, value)) if name == f"TXN_{KEPT_DAYS.upper()}" else value
        for name, value in of.variables(index_function()).items()
    }
    function: Any = functions.CfnFunction(
        stack,
        "IndexFunction",
        function_name=sub("${Prefix}-index"),
        package_type="Image",
        architectures=["arm64"],
        code=functions.CfnFunction.CodeProperty(image_uri=of.image),
        image_config=functions.CfnFunction.ImageConfigProperty(
            entry_point=["python", "-m", "awslambdaric"], command=[HANDLER]
        ),
        memory_size=MEMORY,
        timeout=TIMEOUT_S,
        role=imported("IndexFunctionRoleArn"),
        kms_key_arn=of.key,
        logging_config=functions.CfnFunction.LoggingConfigProperty(log_group=group.ref, log_format="JSON"),
        environment=functions.CfnFunction.EnvironmentProperty(
            variables={**variables, f"SECRET_OF_TXN_{DEAD_LETTER_KEY.setting.upper()}": secret_arn(DEAD_LETTER_KEY)}
        ),
    )
    mapping = functions.CfnEventSourceMapping(
        stack,
        "IndexMapping",
        function_name=function.ref,
        event_source_arn=stream_arn(STREAM),
        starting_position="TRIM_HORIZON",
        batch_size=BATCH,
        maximum_batching_window_in_seconds=1,
        parallelization_factor=1,
        maximum_retry_attempts=-1,
        maximum_record_age_in_seconds=-1,
        bisect_batch_on_function_error=False,
        function_response_types=["ReportBatchItemFailures"],
    )
    only_if(exists, group, function, mapping)


def add_function_role(stack: Stack) -> Any:
    """Add the role of the function: what the worker may do, and what its host does."""
    secret = secret_arn(DEAD_LETTER_KEY)
    return iam.CfnRole(
        stack,
        "IndexFunctionRole",
        assume_role_policy_document=trust("lambda.amazonaws.com"),
        policies=[
            iam.CfnRole.PolicyProperty(
                policy_name="calls",
                policy_document=document(
                    *OF_DRAINS[INDEX.name].statements(),
                    allow("kinesis:DescribeStream", stream_arn(STREAM)),
                    allow("secretsmanager:GetSecretValue", secret),
                    key_use(data_key(), ["secretsmanager"], ["kms:Decrypt"]),
                    allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", f"log-group:{LOG}:*")),
                    deny(RESHUFFLES, "*"),
                ),
            )
        ],
    )
