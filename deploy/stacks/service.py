"""The stack of what runs: cluster, a service for each process, what stands before the API."""

from typing import Any, Final

from aws_cdk import App, CfnCondition, CfnParameter, CfnRule, CfnRuleAssertion, CfnTag, Fn, Stack
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam

from deploy.front.balancers import Asked, Front, add_front
from deploy.names import choice, count, export, parameter, prefix, sub
from deploy.parts.conditions import condition, either, number, only_if, text
from deploy.parts.encryption import data_key
from deploy.parts.functions import add_files_function, add_index_function
from deploy.parts.processes import OPERATOR, Process, processes
from deploy.parts.roles import exported_roles
from deploy.parts.services import Size, add_cluster, add_scaling, add_service, canary
from deploy.parts.tasks import add_task, common
from deploy.parts.vpc import security_group, the_network
from deploy.policies import trust
from deploy.stacks.plain import plain_stack

DIGEST: Final = ".+@sha256:[0-9a-f]{64}"
TLS_POLICIES: Final = ("ELBSecurityPolicy-TLS13-1-3-2021-06", "ELBSecurityPolicy-TLS13-1-2-Res-2021-06")
FAILED_ANSWERS: Final = ("failed", "outcome_unknown", "overloaded")
"""The outcomes of `txn_http_answers_total` by which a new version is taken back: all answers of 500 or more."""
TLS_ENDS: Final = ("nlb", "alb")
"""The fronts whose balancer ends the clients' TLS."""
BAKE_MINUTES: Final = 10
CANARY_PERCENT: Final = 10


def service_stack(app: App) -> Stack:
    """The stack."""
    stack = plain_stack(app, "service", "txn-api: API and workers on Fargate, and what stands before the API")
    prefix(stack)
    image = parameter(
        stack,
        "Image",
        "Image of a registry in this account, by its digest",
        allowed_pattern=DIGEST,
        constraint_description="REPOSITORY@sha256:DIGEST",
    ).value_as_string
    front, deployment = (
        _front_parameters(stack),
        choice(stack, "Deployment", "How a new version of the API takes over", ("CANARY", "ROLLING")),
    )
    index_host = choice(stack, "IndexHost", "What runs the index", ("fargate", "lambda"))
    count(stack, "IndexGeneration", "The generation of the index that is written and read", 1, least=1, most=9_999)
    choice(stack, "LogLevel", "The least severe log line", ("info", "debug", "warning", "error"))
    ingest_url = parameter(
        stack, "IngestApiUrl", "Base URL of the API for whoever takes in clients' files; nobody does without it", ""
    )
    sizes = {process.name: _size(stack, process) for process in processes()}

    key = data_key()
    network = the_network()
    cluster = add_cluster(stack)
    workers = security_group(stack, "WorkerGroup", network, "Workers: nobody reaches them")
    api_group = security_group(stack, "ApiGroup", network, "The API")
    built = add_front(stack, front, network, api_group, key)
    of_all = common(stack, image, key, _index_ends(stack))
    add_task(stack, OPERATOR, of_all, exported_roles(OPERATOR))
    add_index_function(stack, condition(stack, "IsIndexFunction", index_host, "lambda"), of_all)
    takes_service, takes_function = _takers_of_files(stack, ingest_url)
    add_files_function(stack, takes_function, of_all, network, workers)
    runs = {"index": condition(stack, "IsIndexService", index_host, "fargate"), "ingest": takes_service}
    for process in processes():
        task, _ = add_task(stack, process, of_all, exported_roles(process))
        group = api_group if process.serves else workers
        more = _of_api(stack, built, deployment) if process.serves else {}
        service = add_service(stack, process, cluster, task, network, group, sizes[process.name], **more)
        scaling = add_scaling(stack, process, cluster, service, sizes[process.name])
        if process.name in runs:
            only_if(runs[process.name], service, *scaling)
    _export(stack, cluster, workers, built, front.certificate)
    return stack


def _index_ends(stack: Stack) -> CfnCondition:
    """When the index is not kept for ever."""
    kept_days = count(
        stack, "KeepIndexDays", "Days for which the index keeps a transaction; 0 is for ever", 0, most=36_500
    )
    for_ever: Any = Fn.condition_equals(kept_days.value_as_string, "0")
    return CfnCondition(stack, "IndexEnds", expression=Fn.condition_not(for_ever))


def _takers_of_files(stack: Stack, url: CfnParameter) -> list[CfnCondition]:
    """When a service takes in clients' files, and when a function does."""
    host = choice(stack, "IngestHost", "What takes in clients' files", ("fargate", "lambda"))
    is_given: Any = Fn.condition_not(Fn.condition_equals(url.value_as_string, ""))
    found = []
    for name, value in (("IsIngestService", "fargate"), ("IsFilesFunction", "lambda")):
        both: Any = Fn.condition_and(is_given, Fn.condition_equals(host.value_as_string, value))
        found.append(CfnCondition(stack, name, expression=both))
    return found


def _front_parameters(stack: Stack) -> Asked:
    """What is asked of the front; CloudFormation refuses a balancer that has to end TLS and has no certificate."""
    asked = Asked(
        kind=choice(stack, "Front", "What stands before the API", ("nlb", "alb", "apigw", "none")),
        certificate=parameter(stack, "CertificateArn", "Certificate of the balancer (ACM); nlb and alb need one", ""),
        tls_policy=choice(stack, "TlsPolicy", "Which TLS the balancer speaks", TLS_POLICIES),
        clients=parameter(
            stack,
            "ClientCidr",
            "Addresses that may reach the balancer",
            "10.0.0.0/8",
            allowed_pattern="[0-9./]{9,18}",
        ),
    )
    ends_tls: Any = Fn.condition_or(*(Fn.condition_equals(asked.kind.value_as_string, kind) for kind in TLS_ENDS))
    is_given: Any = Fn.condition_not(Fn.condition_equals(asked.certificate.value_as_string, ""))
    CfnRule(
        stack,
        "FrontHasCertificate",
        rule_condition=ends_tls,
        assertions=[CfnRuleAssertion(assert_=is_given, assert_description="Front nlb and alb need a CertificateArn")],
    )
    return asked


def _size(stack: Stack, process: Process) -> Size:
    return Size(
        count(stack, f"{process.id}Min", f"Tasks of {process.name} at least", process.least),
        count(
            stack, f"{process.id}Max", f"Tasks of {process.name} at most; more than shards do nothing", process.most
        ),
    )


def _of_api(stack: Stack, front: Front, deployment: CfnParameter) -> dict[str, Any]:
    """The balancer of the API's service, and how one version takes over from another."""
    wanted = condition(stack, "WantsCanary", deployment, "CANARY")
    both: Any = Fn.condition_and(wanted, front.exists)
    is_canary = CfnCondition(stack, "IsCanary", expression=both)
    role = iam.CfnRole(
        stack,
        "TrafficRole",
        assume_role_policy_document=trust("ecs.amazonaws.com"),
        managed_policy_arns=[
            sub("arn:${AWS::Partition}:iam::aws:policy/AmazonECSInfrastructureRolePolicyForLoadBalancers")
        ],
    )
    only_if(is_canary, role)
    errors = cloudwatch.CfnAlarm(
        stack,
        "DeploymentAlarm",
        alarm_name=sub("${Prefix}-deployment"),
        alarm_description="Requests fail while a version of the API takes over: the deployment goes back by itself",
        metrics=_failed_answers(),
        evaluation_periods=3,
        datapoints_to_alarm=2,
        threshold=5,
        comparison_operator="GreaterThanThreshold",
        treat_missing_data="notBreaching",
    )
    configuration = ecs.CfnService.DeploymentConfigurationProperty(
        minimum_healthy_percent=100,
        maximum_percent=200,
        strategy=text(either(is_canary, "CANARY", "ROLLING")),
        canary_configuration=either(
            is_canary, {"CanaryPercent": CANARY_PERCENT, "CanaryBakeTimeInMinutes": BAKE_MINUTES}
        ),
        bake_time_in_minutes=number(either(is_canary, BAKE_MINUTES)),
        alarms=ecs.CfnService.DeploymentAlarmsProperty(alarm_names=[errors.ref], enable=True, rollback=True),
        deployment_circuit_breaker=ecs.CfnService.DeploymentCircuitBreakerProperty(enable=True, rollback=True),
    )
    balanced = {
        "ContainerName": "api",
        "ContainerPort": 8080,
        "TargetGroupArn": front.targets,
        **canary(is_canary, role.attr_arn, front.listener, front.other_targets),
    }
    return {
        # A service can have a target group once a listener has it: so it waits for the listener that it names.
        "tags": [CfnTag(key="txn-listener", value=text(either(front.exists, front.listener, "none")))],
        "deployment_configuration": configuration,
        "load_balancers": either(front.exists, [balanced]),
        "health_check_grace_period_seconds": number(either(front.exists, 60)),
    }


def _failed_answers() -> list[Any]:
    """The answers of a minute that failed, whatever their status."""
    query, stat, metric = (
        cloudwatch.CfnAlarm.MetricDataQueryProperty,
        cloudwatch.CfnAlarm.MetricStatProperty,
        cloudwatch.CfnAlarm.MetricProperty,
    )
    counted = [
        query(
            id=f"m{place}",
            metric_stat=stat(
                metric=metric(
                    namespace=sub("${Prefix}"),
                    metric_name="txn_http_answers_total",
                    dimensions=[
                        cloudwatch.CfnAlarm.DimensionProperty(name=name, value=value)
                        for name, value in {"service": "api", "outcome": outcome}.items()
                    ],
                ),
                period=60,
                stat="Sum",
            ),
            return_data=False,
        )
        for place, outcome in enumerate(FAILED_ANSWERS, 1)
    ]
    filled = ",".join(f"FILL({each.id},0)" for each in counted)
    return [query(id="e1", expression=f"SUM([{filled}])"), *counted]


def _export(stack: Stack, cluster: Any, workers: Any, front: Front, certificate: CfnParameter) -> None:
    """What the warehouse and watch stacks build on."""
    export(stack, "ClusterArn", cluster.attr_arn)
    export(stack, "WorkerGroupId", workers.attr_group_id)
    only_if(front.has_nlb, *(export(stack, f"Front{name}", value) for name, value in front.names.items()))
    only_if(front.ends_tls, export(stack, "FrontCertificateArn", certificate.value_as_string))
