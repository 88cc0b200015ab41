"""CloudFormation templates, resolved without CloudFormation, and the account that they make."""
