"""Secrets of a function: Lambda has no variables whose values it fetches from Secrets Manager, as ECS has.

A variable `SECRET_OF_TXN_DEAD_LETTER_KEY` holds the ARN of the secret whose value the variable `TXN_DEAD_LETTER_KEY`
is to have. So the values stand in the memory of the process, and not in the function's configuration, which whoever
may look at the function may read.
"""

from collections.abc import MutableMapping
from typing import Final

from botocore.exceptions import BotoCoreError, ClientError

from txn_core.aws.errors import code_of
from txn_core.aws.secret_values import secret_value
from txn_core.exceptions import SettingsError

PREFIX: Final = "SECRET_OF_"


async def read_secrets(environ: MutableMapping[str, str]) -> None:
    """Set the variables whose secrets are named; those that are set already are left as they are.

    Raises:
        SettingsError: a secret cannot be read. The text names the variable and why.
    """
    named = {name.removeprefix(PREFIX): arn for name, arn in environ.items() if name.startswith(PREFIX)}
    for variable, arn in named.items():
        if variable in environ:
            continue
        try:
            environ[variable] = await secret_value(arn)
        except (BotoCoreError, ClientError, OSError, ValueError) as error:
            raise SettingsError(f"{variable}: its secret cannot be read ({code_of(error)})") from None
