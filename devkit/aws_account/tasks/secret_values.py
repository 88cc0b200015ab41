"""Values of the secrets that templates make, drawn as Secrets Manager draws them."""

import json
import secrets
import string
from collections.abc import Iterable, Mapping
from typing import Any, Final

from devkit.aws_account.templates.resolved_stack import ResolvedStack

DEFAULT_LENGTH: Final = 32
_PUNCTUATION: Final = "!\"#$%&'()*+,-./:;<=>?@[\\]^_`{|}~"


def secret_values(stacks: Iterable[ResolvedStack]) -> dict[str, str]:
    """A value for each secret, by its ARN: the given one, or a drawn one (`GetRandomPassword`)."""
    return {
        secret.reference: _value(secret.properties)
        for stack in stacks
        for secret in stack.of_kind("AWS::SecretsManager::Secret")
    }


def _value(properties: Mapping[str, Any]) -> str:
    if "SecretString" in properties:
        return str(properties["SecretString"])
    form: Mapping[str, Any] = properties.get("GenerateSecretString", {})
    punctuation = "" if form.get("ExcludePunctuation") else _PUNCTUATION
    excluded = form.get("ExcludeCharacters", "")
    characters = [one for one in string.ascii_letters + string.digits + punctuation if one not in excluded]
    drawn = "".join(secrets.choice(characters) for _ in range(int(form.get("PasswordLength", DEFAULT_LENGTH))))
    if (template := form.get("SecretStringTemplate")) is None:
        return drawn
    return json.dumps({**json.loads(template), form["GenerateStringKey"]: drawn})
