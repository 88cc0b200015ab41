"""Resources that stay when their stack, or their place in its template, goes."""

from typing import Any

from aws_cdk import CfnDeletionPolicy


def kept(resource: Any) -> Any:
    """Have CloudFormation leave a resource where it is, also when an update would replace it."""
    resource.cfn_options.deletion_policy = CfnDeletionPolicy.RETAIN
    resource.cfn_options.update_replace_policy = CfnDeletionPolicy.RETAIN
    return resource
