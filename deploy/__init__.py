"""The system on AWS: CloudFormation templates, written with the CDK and rendered into `templates`."""
