"""In which AWS region a process works. Every client and every signature takes it from the settings.

`TXN_AWS_REGION` goes first. Then come the variables of AWS' own tools in their order (AWS SDKs and Tools Reference
Guide, "AWS Region"): `AWS_REGION`, which ECS, EKS and Lambda set and which botocore does not read, then
`AWS_DEFAULT_REGION`, then the `region` of the profile. There is no default: data of a stack in Frankfurt must not be
kept in Virginia because a variable is missing.
"""

import os
import re
from typing import Final

VARIABLES: Final = ("AWS_REGION", "AWS_DEFAULT_REGION")
LOCAL_REGION: Final = "us-east-1"
"""What requests to a server on this machine are signed for; such a server takes any region."""
MISSING: Final = (
    "the AWS region is not known: set TXN_AWS_REGION, AWS_REGION or AWS_DEFAULT_REGION, or one in the AWS profile"
)
_LABEL: Final = re.compile(r"(?!-)[A-Za-z0-9-]{1,63}(?<!-)")


def region_given(value: object) -> object:
    """The value of the setting, or what AWS' own variables and files name in the place of an empty one.

    Raises:
        ValueError: it cannot be a region's name, which becomes a part of host names.
    """
    region = value or next(filter(None, map(os.environ.get, VARIABLES)), None) or _region_of_profile()
    if isinstance(region, str) and _LABEL.fullmatch(region) is None:
        raise ValueError(
            "not the name of a region; it may also come from AWS_REGION, AWS_DEFAULT_REGION or a profile"
        )
    return region


def _region_of_profile() -> str | None:
    """The region of the profile that `AWS_PROFILE` names, or of the default one; None where files name none."""
    # Processes on AWS have the variable, and need not wait a tenth of a second for this.
    from botocore.exceptions import BotoCoreError  # noqa: PLC0415 - see above
    from botocore.session import Session  # noqa: PLC0415 - see above

    try:
        # The handlers are for calls, and to register them takes nearly all of a session's time.
        region: str | None = Session(include_builtin_handlers=False).get_config_variable("region")
    except BotoCoreError:  # there is no such profile, or a file cannot be read: the first client says so
        return None
    return region
