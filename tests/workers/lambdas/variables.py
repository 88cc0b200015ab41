"""The settings of a test as the variables of a function."""

import base64
import json
import os
from collections.abc import Mapping

from pydantic import SecretBytes, SecretStr

from txn_core.settings import Settings

KEPT = ("PATH", "HOME", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_DEFAULT_REGION")


def variables_of(settings: Settings, *names: str) -> dict[str, str]:
    """The variables of what a test has set of the stack, and of further fields."""
    stack = ("kinesis_endpoint_url", "dynamodb_endpoint_url", "s3_endpoint_url", "stream", "table_prefix", "bucket")
    given = {f"TXN_{name.upper()}": _text(getattr(settings, name)) for name in (*stack, "dead_letter_key", *names)}
    return {name: os.environ[name] for name in KEPT if name in os.environ} | given


def _text(value: object) -> str:
    match value:
        case SecretBytes():
            return base64.b64encode(value.get_secret_value()).decode()
        case SecretStr():
            return value.get_secret_value()
        case Mapping():
            return json.dumps({key: _text(each) for key, each in value.items()})
    return str(value)
