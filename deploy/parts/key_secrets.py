"""The secrets. AWS draws them, so that nobody ever sees them; what is drawn once is never drawn again.

CloudFormation draws a new value when `GenerateSecretString` changes: the card ids of all data would be others then. A
test holds every value below as it was first deployed.
"""

from dataclasses import dataclass
from typing import Any, Final

from aws_cdk import Stack
from aws_cdk import aws_secretsmanager as secretsmanager

from deploy.names import export, imported, sub
from deploy.parts.kept import kept

LETTERS: Final = 44
"""Letters and digits of a key: base64 of 33 bytes, of which 262 bits are random."""


@dataclass(frozen=True, slots=True)
class KeySecret:
    """A secret by its name behind the prefix, the setting that it becomes, and what it is for."""

    name: str
    setting: str
    purpose: str
    versions: bool = False
    drawn: bool = True

    @property
    def logical_id(self) -> str:
        """Its name in the template, under which its ARN is exported."""
        return "".join(part.capitalize() for part in self.name.split("-")) + "Secret"


CARD_KEYS: Final = KeySecret(
    "card-keys",
    "card_keys",
    "Card keys by version; without them no card number finds its transactions",
    versions=True,
)
IDENTITY_KEY: Final = KeySecret("identity-key", "identity_key", "Key of merchant and customer ids, never rotated")
CURSOR_KEY: Final = KeySecret("cursor-key", "cursor_key", "Key that signs paging cursors")
DEAD_LETTER_KEY: Final = KeySecret("dead-letter-key", "dead_letter_key", "Key that seals dead letters")
INGEST_KEY: Final = KeySecret("ingest-key", "ingest_key", "Key of batch ids, never rotated")
INGEST_API_KEYS: Final = KeySecret(
    "ingest-api-keys", "ingest_api_keys", "API keys of the ingest worker by account; put them in by hand", drawn=False
)
SECRETS: Final = (CARD_KEYS, IDENTITY_KEY, CURSOR_KEY, DEAD_LETTER_KEY, INGEST_KEY, INGEST_API_KEYS)


def add_secrets(stack: Stack, key: str) -> None:
    """Add all of them."""
    for secret in SECRETS:
        made: Any = secretsmanager.CfnSecret(
            stack,
            secret.logical_id,
            name=sub(f"${{Prefix}}/{secret.name}"),
            description=secret.purpose,
            kms_key_id=key,
            generate_secret_string=_drawn(secret) if secret.drawn else None,
            secret_string=None if secret.drawn else "{}",
        )
        kept(made)
        export(stack, f"{secret.logical_id}Arn", made.ref)


def secret_arn(secret: KeySecret) -> str:
    """The ARN of a secret, for other stacks."""
    return imported(f"{secret.logical_id}Arn")


def _drawn(secret: KeySecret) -> Any:
    form = {"secret_string_template": "{}", "generate_string_key": "1"} if secret.versions else {}
    return secretsmanager.CfnSecret.GenerateSecretStringProperty(
        password_length=LETTERS, exclude_punctuation=True, **form
    )
