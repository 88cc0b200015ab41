"""What DynamoDB refuses for good, and on whose account.

`ValidationException` is said of an item that is too large just as of a request that is wrong for every item; the
texts that tell them apart are no contract. So whoever has to know tries twice, in writes that write nothing: the
item, and one that is known to be sound.
"""

from collections.abc import Awaitable
from typing import Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, code_of, failure_of
from txn_core.exceptions import StoreError

# A condition that no item meets: a request that comes so far was sound, and changes nothing.
NEVER: Final = "attribute_exists(#key) AND attribute_not_exists(#key)"

_OF_ITEMS: Final = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})


def may_be_the_item(error: ClientError) -> bool:
    """Whether a write may have been refused for its item. A missing table or right is never the item's fault."""
    return code_of(error) in _OF_ITEMS


async def would_be_taken(write: Awaitable[object]) -> bool:
    """What comes of a write under `NEVER`: true when only the condition stood in its way, false for its item.

    Raises:
        ClientError: the refusal says nothing of the item.
    """
    try:
        await write
    except ClientError as error:
        if failure_of(error) is Failure.CONDITION_FAILED:
            return True
        if may_be_the_item(error):
            return False
        raise
    raise StoreError("a condition that no item meets was met")
