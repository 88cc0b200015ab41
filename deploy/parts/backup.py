"""The backup of the tables that nothing can be rebuilt of, each day, for 35 days."""

from typing import Any, Final

from aws_cdk import Fn, Stack
from aws_cdk import aws_backup as backup
from aws_cdk import aws_iam as iam

from deploy.names import sub
from deploy.parts.kept import kept
from deploy.parts.tables import BACKUP_TAG
from deploy.policies import trust

KEPT_DAYS: Final = 35


def add_backup(stack: Stack, key: str) -> None:
    """Add the vault, the plan, and the role that AWS Backup assumes; tables are chosen by their tag."""
    vault: Any = backup.CfnBackupVault(
        stack, "BackupVault", backup_vault_name=sub("${Prefix}-tables"), encryption_key_arn=key
    )
    kept(vault)
    plan = backup.CfnBackupPlan(
        stack,
        "BackupPlan",
        backup_plan=backup.CfnBackupPlan.BackupPlanResourceTypeProperty(
            backup_plan_name=sub("${Prefix}-tables"),
            backup_plan_rule=[
                backup.CfnBackupPlan.BackupRuleResourceTypeProperty(
                    rule_name="daily",
                    target_backup_vault=vault.ref,
                    schedule_expression="cron(0 3 * * ? *)",
                    lifecycle=backup.CfnBackupPlan.LifecycleResourceTypeProperty(delete_after_days=KEPT_DAYS),
                )
            ],
        ),
    )
    role = iam.CfnRole(
        stack,
        "BackupRole",
        assume_role_policy_document=trust("backup.amazonaws.com"),
        managed_policy_arns=[
            sub(f"arn:${{AWS::Partition}}:iam::aws:policy/service-role/AWSBackupServiceRolePolicyFor{what}")
            for what in ("Backup", "Restores")
        ],
    )
    chosen = backup.CfnBackupSelection.ConditionResourceTypeProperty(
        condition_type="STRINGEQUALS", condition_key=BACKUP_TAG, condition_value=Fn.ref("Prefix")
    )
    backup.CfnBackupSelection(
        stack,
        "BackupSelection",
        backup_plan_id=plan.ref,
        backup_selection=backup.CfnBackupSelection.BackupSelectionResourceTypeProperty(
            iam_role_arn=role.attr_arn, selection_name="tagged", list_of_tags=[chosen]
        ),
    )
