"""The engines of the warehouse: PostgreSQL on RDS, and Redshift Serverless."""

from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import CfnCondition, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_rds as rds
from aws_cdk import aws_redshiftserverless as redshift
from aws_cdk import aws_secretsmanager as secretsmanager

from deploy.names import LAKE_BUCKET, bucket_arn, sub
from deploy.parts.conditions import only_if
from deploy.parts.encryption import key_use
from deploy.parts.kept import kept
from deploy.policies import allow, document, trust

POSTGRES_VERSION: Final = "17.9"
USER: Final = "warehouse"
DATABASE: Final = "warehouse"
COPIED: Final = ("curated/*", "vault/*", "redshift/*")
"""What Redshift reads by COPY: the curated table, the vault, and the manifests of loads."""


@dataclass(frozen=True, slots=True)
class Engine:
    """One engine: the secret that holds its URL, and when there is one.

    Attributes:
        target: as `txn warehouse run --target` names it.
        setting: the setting that the URL becomes.
        port: on which it listens.
    """

    target: str
    port: int
    setting: str
    url: Any
    exists: CfnCondition


def add_postgres(stack: Stack, exists: CfnCondition, subnets: Any, group: Any, key: str, size: Any) -> Engine:
    """Add PostgreSQL in two zones. Its URL is put together by CloudFormation from the password that AWS draws."""
    password = _password(stack, "PostgresPassword", key)
    places: Any = rds.CfnDBSubnetGroup(
        stack, "PostgresSubnets", db_subnet_group_description="Tasks' subnets", subnet_ids=subnets
    )
    rules: Any = rds.CfnDBParameterGroup(
        stack,
        "PostgresParameters",
        family=f"postgres{POSTGRES_VERSION.partition('.')[0]}",
        description="TLS alone, statements of change logged",
        parameters={"rds.force_ssl": "1", "log_statement": "ddl"},
    )
    watching: Any = iam.CfnRole(
        stack,
        "PostgresMonitoringRole",
        assume_role_policy_document=trust("monitoring.rds.amazonaws.com"),
        managed_policy_arns=[
            sub("arn:${AWS::Partition}:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole")
        ],
    )
    database: Any = rds.CfnDBInstance(
        stack,
        "Postgres",
        db_instance_identifier=sub("${Prefix}-warehouse"),
        engine="postgres",
        engine_version=POSTGRES_VERSION,
        db_instance_class=size.value_as_string,
        allocated_storage="100",
        max_allocated_storage=1_000,
        storage_type="gp3",
        storage_encrypted=True,
        kms_key_id=key,
        db_name=DATABASE,
        master_username=USER,
        master_user_password=_resolved("PostgresPassword"),
        db_subnet_group_name=places.ref,
        db_parameter_group_name=rules.ref,
        vpc_security_groups=[group.attr_group_id],
        publicly_accessible=False,
        multi_az=True,
        backup_retention_period=35,
        copy_tags_to_snapshot=True,
        deletion_protection=True,
        auto_minor_version_upgrade=True,
        enable_iam_database_authentication=True,
        enable_cloudwatch_logs_exports=["postgresql", "upgrade"],
        enable_performance_insights=True,
        performance_insights_kms_key_id=key,
        monitoring_interval=60,
        monitoring_role_arn=watching.attr_arn,
        ca_certificate_identifier="rds-ca-rsa2048-g1",
    )
    kept(database)
    url = _url(
        stack,
        "PostgresUrl",
        key,
        f"postgresql://{USER}:{_resolved_text('PostgresPassword')}@${{Postgres.Endpoint.Address}}:5432/{DATABASE}"
        "?sslmode=require",
    )
    only_if(exists, password, places, rules, watching, database, url)
    return Engine("postgres", 5432, "warehouse_postgres_url", url, exists)


def add_redshift(stack: Stack, exists: CfnCondition, subnets: Any, group: Any, key: str, capacity: Any) -> Engine:
    """Add Redshift Serverless, which reads the lake by a role of its own and through the VPC's ways alone."""
    password = _password(stack, "RedshiftPassword", key)
    copies: Any = iam.CfnRole(
        stack,
        "CopyRole",
        assume_role_policy_document=trust(
            "redshift-serverless.amazonaws.com", StringEquals={"aws:SourceAccount": sub("${AWS::AccountId}")}
        ),
        policies=[
            iam.CfnRole.PolicyProperty(
                policy_name="copy",
                policy_document=document(
                    allow(
                        "s3:GetObject",
                        [bucket_arn(LAKE_BUCKET, keys) for keys in COPIED],
                        StringEquals={"s3:ResourceAccount": sub("${AWS::AccountId}")},
                    ),
                    allow(
                        "s3:ListBucket",
                        bucket_arn(LAKE_BUCKET),
                        StringLike={"s3:prefix": list(COPIED)},
                        StringEquals={"s3:ResourceAccount": sub("${AWS::AccountId}")},
                    ),
                    key_use(key, ["s3"], ["kms:Decrypt"]),
                ),
            )
        ],
    )
    space: Any = redshift.CfnNamespace(
        stack,
        "RedshiftNamespace",
        namespace_name=sub("${Prefix}-warehouse"),
        db_name=DATABASE,
        admin_username=USER,
        admin_user_password=_resolved("RedshiftPassword"),
        kms_key_id=key,
        iam_roles=[copies.attr_arn],
        default_iam_role_arn=copies.attr_arn,
        log_exports=["userlog", "connectionlog", "useractivitylog"],
    )
    kept(space)
    work: Any = redshift.CfnWorkgroup(
        stack,
        "RedshiftWorkgroup",
        workgroup_name=sub("${Prefix}-warehouse"),
        namespace_name=space.ref,
        base_capacity=capacity.value_as_number,
        subnet_ids=subnets,
        security_group_ids=[group.attr_group_id],
        publicly_accessible=False,
        enhanced_vpc_routing=True,
        config_parameters=[
            redshift.CfnWorkgroup.ConfigParameterProperty(parameter_key="require_ssl", parameter_value="true")
        ],
    )
    url = _url(
        stack,
        "RedshiftUrl",
        key,
        f"redshift://{USER}:{_resolved_text('RedshiftPassword')}@${{RedshiftWorkgroup.Workgroup.Endpoint.Address}}"
        f":5439/{DATABASE}",
    )
    only_if(exists, password, copies, space, work, url)
    return Engine("redshift", 5439, "warehouse_redshift_url", url, exists)


def _password(stack: Stack, name: str, key: str) -> Any:
    secret = secretsmanager.CfnSecret(
        stack,
        name,
        description="Password of the warehouse's owner",
        kms_key_id=key,
        generate_secret_string=secretsmanager.CfnSecret.GenerateSecretStringProperty(
            password_length=40, exclude_punctuation=True, require_each_included_type=True
        ),
    )
    return kept(secret)


def _resolved(secret: str) -> str:
    """A password where CloudFormation fills it in; it stands in no template and in no event."""
    return sub(_resolved_text(secret))


def _resolved_text(secret: str) -> str:
    return f"{{{{resolve:secretsmanager:${{{secret}}}}}}}"


def _url(stack: Stack, name: str, key: str, text: str) -> Any:
    secret = secretsmanager.CfnSecret(
        stack, name, description="URL of the warehouse's engine", kms_key_id=key, secret_string=sub(text)
    )
    return kept(secret)
