"""What DynamoDB refuses for good, and on whose account.

`ValidationException` is said of an item that is too large just as of a request that is wrong for every item; the
texts that tell them apart are no contract. So whoever has to know tries twice, in writes that write nothing: the
item, and one that is known to be sound.
"""

from typing import Final

from botocore.exceptions import ClientError

from txn_core.aws.errors import Failure, code_of, failure_of

# A condition that no item meets: a request that comes so far was sound, and changes nothing.
NEVER: Final = "attribute_exists(#key) AND attribute_not_exists(#key)"

_OF_ITEMS: Final = frozenset({"ValidationException", "ItemCollectionSizeLimitExceededException"})


def may_be_the_item(error: ClientError) -> bool:
    """Whether a write may have been refused for its item. A missing table or right is never the item's fault."""
    return code_of(error) in _OF_ITEMS


def trial_passed(error: ClientError) -> bool:
    """What the refusal of a write under `NEVER` says: true when only the condition stood in its way.

    Raises:
        ClientError: the refusal says nothing of the item.
    """
    if failure_of(error) is Failure.CONDITION_FAILED:
        return True
    if may_be_the_item(error):
        return False
    raise error
