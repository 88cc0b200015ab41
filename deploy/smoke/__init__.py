"""`make smoke-aws`: deploys the stacks into an account, sends rows, kills a task, reconciles, and deletes everything.

Nobody who wrote this had an account: it was run against fakes and a dry run alone (docs/deploy.md).
"""
