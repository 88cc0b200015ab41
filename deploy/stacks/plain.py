"""A stack without anything of the CDK's own: no bootstrap bucket, no assets, no metadata."""

from aws_cdk import App, BootstraplessSynthesizer, Stack


def plain_stack(app: App, name: str, description: str) -> Stack:
    """An empty stack whose template can be deployed by CloudFormation alone."""
    return Stack(
        app, name, description=description, synthesizer=BootstraplessSynthesizer(), analytics_reporting=False
    )
