"""What the templates of `deploy/templates` say. None of these tests needs the CDK, or AWS."""
