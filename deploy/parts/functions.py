"""The index and the files of clients as Lambda functions (docs/lambda.md). The other drains keep plans on leases."""

from typing import Any, Final

from aws_cdk import CfnCondition, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as functions

from deploy.names import STREAM, arn, imported, stream_arn, sub
from deploy.parts.conditions import either, only_if, text
from deploy.parts.encryption import data_key, key_use
from deploy.parts.file_events import add_file_events
from deploy.parts.key_secrets import secret_arn
from deploy.parts.log_groups import log_group
from deploy.parts.processes import KEPT_DAYS, Process, files_function, index_function
from deploy.parts.tasks import Common
from deploy.parts.vpc import Network
from deploy.policies import RESHUFFLES, Statement, allow, deny, document, trust

MEMORY: Final = 1_769
"""MiB, with which Lambda gives one core."""
INDEX_TIMEOUT_S: Final = 120
FILES_TIMEOUT_S: Final = 900
"""The longest that Lambda allows."""
FILES_AT_ONCE: Final = 5
BATCH: Final = 100
_INTERFACES: Final = tuple(
    f"ec2:{call}"
    for call in (
        "AssignPrivateIpAddresses",
        "CreateNetworkInterface",
        "DeleteNetworkInterface",
        "DescribeNetworkInterfaces",
        "DescribeSubnets",
        "UnassignPrivateIpAddresses",
    )
)
"""What Lambda does by the role of a function in a VPC (Lambda Developer Guide, "Required IAM permissions")."""


def add_index_function(stack: Stack, exists: CfnCondition, of: Common) -> None:
    """Add the function and the mapping: nothing is given up, skipped, split or run in parallel."""
    function = _add_function(stack, exists, of, index_function(), INDEX_TIMEOUT_S)
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
    only_if(exists, mapping)


def add_files_function(stack: Stack, exists: CfnCondition, of: Common, network: Network, group: Any) -> None:
    """Add the function and what calls it. It stands in the VPC, where the API may be all inside."""
    function = _add_function(
        stack,
        exists,
        of,
        files_function(),
        FILES_TIMEOUT_S,
        reserved_concurrent_executions=FILES_AT_ONCE,
        vpc_config=functions.CfnFunction.VpcConfigProperty(
            subnet_ids=network.subnets, security_group_ids=[group.attr_group_id]
        ),
    )
    only_if(exists, *add_file_events(stack, function))


def add_function_roles(stack: Stack) -> list[Any]:
    """Add the role of each function: what the process may do, and what its host does."""
    index, files = index_function(), files_function()
    of_code = {"ArnEquals": {"lambda:SourceFunctionArn": arn("lambda", f"function:{_name(files)}")}}
    return [
        _role(stack, index, allow("kinesis:DescribeStream", stream_arn(STREAM))),
        # Lambda makes the interfaces; the code itself may not.
        _role(stack, files, allow(_INTERFACES, "*"), deny(_INTERFACES, "*", **of_code)),
    ]


def _name(process: Process) -> str:
    """The name of the function of a process, as a text of `Fn::Sub`."""
    return f"${{Prefix}}-{process.name}"


def _log(process: Process) -> str:
    return f"/aws/lambda/{_name(process)}"


def _add_function(
    stack: Stack, exists: CfnCondition, of: Common, process: Process, timeout_s: int, **more: Any
) -> Any:
    """Add a function of the image and its log; secrets are variables with their ARNs."""
    group: Any = log_group(stack, f"{process.id}FunctionLogGroup", _log(process), of.key)
    variables = {
        name: text(either(of.index_ends, value)) if name == f"TXN_{KEPT_DAYS.upper()}" else value
        for name, value in of.variables(process).items()
    }
    secrets = {f"SECRET_OF_TXN_{secret.setting.upper()}": secret_arn(secret) for secret in process.secrets}
    function: Any = functions.CfnFunction(
        stack,
        f"{process.id}Function",
        function_name=sub(_name(process)),
        package_type="Image",
        architectures=["arm64"],
        code=functions.CfnFunction.CodeProperty(image_uri=of.image),
        image_config=functions.CfnFunction.ImageConfigProperty(
            entry_point=["python", "-m", "awslambdaric"], command=list(process.command)
        ),
        memory_size=MEMORY,
        timeout=timeout_s,
        role=imported(f"{process.id}FunctionRoleArn"),
        kms_key_arn=of.key,
        logging_config=functions.CfnFunction.LoggingConfigProperty(log_group=group.ref, log_format="JSON"),
        environment=functions.CfnFunction.EnvironmentProperty(variables={**variables, **secrets}),
        **more,
    )
    only_if(exists, group, function)
    return function


def _role(stack: Stack, process: Process, *of_host: Statement) -> Any:
    return iam.CfnRole(
        stack,
        f"{process.id}FunctionRole",
        assume_role_policy_document=trust("lambda.amazonaws.com"),
        policies=[
            iam.CfnRole.PolicyProperty(
                policy_name="calls",
                policy_document=document(
                    *process.rights.statements(),
                    allow("secretsmanager:GetSecretValue", [secret_arn(secret) for secret in process.secrets]),
                    key_use(data_key(), ["secretsmanager"], ["kms:Decrypt"]),
                    allow(["logs:CreateLogStream", "logs:PutLogEvents"], arn("logs", f"log-group:{_log(process)}:*")),
                    *of_host,
                    deny(RESHUFFLES, "*"),
                ),
            )
        ],
    )
