"""Conditional writes: whether one was carried out, and the expressions of their updates."""

from collections.abc import Awaitable, Collection

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, failure_of


async def carried_out(write: Awaitable[object]) -> bool:
    """Whether a conditional write was carried out; false when its condition was not met.

    Raises:
        ClientError: the write failed in another way.
    """
    try:
        await write
    except ClientError as error:
        if failure_of(error) is Failure.CONDITION_FAILED:
            return False
        raise
    return True


def replacement(attributes: Collection[str], optional: Collection[str]) -> str:
    """The update that sets attributes `#name` to `:name`, and removes those optional ones that are not among them."""
    update = "SET " + ", ".join(f"#{name} = :{name}" for name in attributes)
    if removed := [name for name in optional if name not in attributes]:
        update += " REMOVE " + ", ".join(f"#{name}" for name in removed)
    return update
