"""Values of Secrets Manager, for processes whose host does not put them into their environment."""

from typing import Final

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession

TIMEOUT_S: Final = 5.0


async def secret_value(arn: str) -> str:
    """The text of the current version of a secret, asked for in the region that its ARN names.

    Raises:
        ValueError: the text is no ARN, or the secret is not a text.
        ClientError, OSError: it cannot be read.
    """
    parts = arn.split(":")
    if len(parts) < 7 or parts[2] != "secretsmanager":
        raise ValueError("not the ARN of a secret")
    config = AioConfig(connect_timeout=TIMEOUT_S, read_timeout=TIMEOUT_S, retries={"total_max_attempts": 2})
    async with AioSession().create_client("secretsmanager", region_name=parts[3], config=config) as client:
        answer = await client.get_secret_value(SecretId=arn)
    if not isinstance(value := answer.get("SecretString"), str):
        raise ValueError("the secret is not a text")  # noqa: TRY004 - of what was stored, not of an argument
    return value
