"""IAM policies: parsed, and evaluated as the IAM User Guide says ("Policy evaluation logic")."""
