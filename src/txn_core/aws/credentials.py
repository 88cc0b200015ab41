"""The credentials of a process: looked for when its first client is made, and not begun without.

A client that is made while nobody gives credentials stays without them for as long as it lives, and each of its calls
fails. Where credentials come from an endpoint of the machine or the task, that may be slow to start: it is asked for
`START_S_MAX` seconds. When credentials are renewed is the AWS client's business. If what it is given has expired
already, or is empty, that is an outage of whoever gives it, as no answer is; the client by itself would raise what no
caller of a store expects, or not use the credentials that it has to their end.
"""

import asyncio
import inspect
from datetime import UTC, datetime
from typing import Any, Final

from aiobotocore.credentials import AioCredentials, AioRefreshableCredentials
from aiobotocore.session import AioSession
from botocore.exceptions import BotoCoreError, CredentialRetrievalError

from txn_core.exceptions import StoreError

START_S_MAX: Final = 6.0
PAUSE_S: Final = 0.5
_CHECKED: Final = "txn_checked"
MISSING: Final = (
    "there are no AWS credentials: give the process a role (ECS, EKS, EC2), or set AWS_ACCESS_KEY_ID and "
    "AWS_SECRET_ACCESS_KEY, or AWS_PROFILE"
)


async def found_credentials(session: AioSession) -> AioCredentials:
    """The credentials of a session, which keeps them.

    Raises:
        StoreError: nothing on this machine gives any, or what should does not; the text says which.
    """
    loop = asyncio.get_running_loop()
    end_s = loop.time() + START_S_MAX
    while True:
        failure: BotoCoreError | None = None
        try:
            found: AioCredentials | None = await session.get_credentials()
            if found is not None:
                _refuse_expired(found)
                return found
        except BotoCoreError as error:
            failure = error
        if loop.time() + PAUSE_S > end_s:
            break
        await asyncio.sleep(PAUSE_S)
    if failure is None:
        raise StoreError(MISSING)
    raise StoreError(f"the AWS credentials cannot be had: {type(failure).__name__}") from failure


def _refuse_expired(credentials: AioCredentials) -> None:
    """Let a renewal fail that gives no credentials, or such as have expired."""
    if not isinstance(credentials, AioRefreshableCredentials) or hasattr(credentials, _CHECKED):
        return
    renew = credentials._refresh_using  # noqa: SLF001 - there is no other place between the endpoint and the client

    async def renewed() -> Any:
        given = renew()
        if inspect.isawaitable(given):
            given = await given
        if not given or not (ends_at := given.get("expiry_time")):  # so botocore says that EC2's service is silent
            raise CredentialRetrievalError(provider=credentials.method, error_msg="no answer has any")
        moment = datetime.fromisoformat(ends_at) if isinstance(ends_at, str) else ends_at
        if moment.astimezone(UTC) <= datetime.now(UTC):
            raise CredentialRetrievalError(provider=credentials.method, error_msg="they have expired already")
        return given

    credentials._refresh_using = renewed  # noqa: SLF001 - the same
    setattr(credentials, _CHECKED, True)
