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
from txn_core.card_numbers.free_text import holds_card_number

_PERSON_MAX = 64


async def person_of(system: System, by: str | None) -> str:
    """The name of the person.

    Raises:
        BadParameter: a name was given, and the system knows it better, or the name holds a card number.
        StoreError: STS does not tell.
    """
    if by is not None and holds_card_number(by):
        raise typer.BadParameter("that holds a card number", param_hint="--by")
    if system.is_local:
        return by or _as_person(_user())
    if by is not None:
        raise typer.BadParameter(
            "only a local stack takes a name: on AWS it is the credentials' own", param_hint="--by"
        )
    return _as_person((await Aws(system.settings).caller()).rpartition("/")[2])


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # as in a container
        return str(os.getuid())


def _as_person(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9._@+-]", "_", name)[:_PERSON_MAX]
