"""The credentials of a process: looked for when its first client is made, and not begun without.

A client that is made while nobody gives credentials stays without them for as long as it lives, and each of its calls
fails. Where credentials come from an endpoint of the machine or the task, that may be slow to start: it is asked for
`START_S_MAX` seconds. How credentials are renewed is the AWS client's business.
"""

import asyncio
from typing import Final

from aiobotocore.credentials import AioCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError

from txn_core.exceptions import SettingsError, StoreError

START_S_MAX: Final = 6.0
PAUSE_S: Final = 0.5
MISSING: Final = (
    "there are no AWS credentials: give the process a role (ECS, EKS, EC2), or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)


async def found_credentials(session: AioSession) -> AioCredentials:
    """The credentials of a session, which keeps them.

    Raises:
        SettingsError: nothing on this machine gives any.
        StoreError: what should give them does not; the text names it.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + START_S_MAX
    while True:
        failure: BotoCoreError | None = None
        try:
            found: AioCredentials | None = await session.get_credentials()
            if found is not None:
                return found
        except BotoCoreError as error:
            failure = error
        if loop.time() + PAUSE_S > end_s:
            break
        await asyncio.sleep(PAUSE_S)
    if failure is None:
        raise SettingsError(MISSING)
    raise StoreError(f"the AWS credentials cannot be had: {type(failure).__name__}") from failure
