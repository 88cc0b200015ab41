"""Who asks for a change that needs four eyes. On AWS that is whoever the credentials belong to.

Of an ARN the last part counts: the name of a user, or of the session of a role, which IAM Identity Center makes the
name of the person who signed in.
"""

import os
import pwd
import re

import typer

from txn_cli.system import System
from txn_core.aws.clients import Aws

_PERSON_MAX = 64


async def person_of(system: System, by: str | None) -> str:
    """The name of the person.

    Raises:
        BadParameter: a name was given, and the system knows it better.
        StoreError: STS does not tell.
    """
    if system.is_local:
        return by or _as_person(pwd.getpwuid(os.getuid()).pw_name)
    if by is not None:
        raise typer.BadParameter(
            "only a local stack takes a name: on AWS it is the credentials' own", param_hint="--by"
        )
    return _as_person((await Aws(system.settings).caller()).rpartition("/")[2])


def _as_person(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._@+-]", "_", name)[:_PERSON_MAX]
