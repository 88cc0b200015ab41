"""An account: its roles, the policies of its buckets, keys and secrets, and who holds which credentials."""

import secrets
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from devkit.aws_account.ledger import Ledger
from devkit.aws_account.policies.evaluation import Decision, decide
from devkit.aws_account.policies.policy import Policy, Principal, Right
from devkit.aws_account.rights.key_rights import encrypted_resource, key_rights

SESSION: Final = timedelta(hours=6)
"""How long credentials of a task are good (ECS Developer Guide, "Task IAM role")."""
SUPPLIED: Final = frozenset({
    "aws:principalaccount", "aws:principalarn", "aws:requestedregion", "aws:resourceaccount",
    "aws:securetransport",
    "aws:sourceaccount", "aws:sourcearn", "aws:viaawsservice", "kms:viaservice",
    "lambda:sourcefunctionarn", "s3:delimiter", "s3:if-match",
    "s3:if-none-match", "s3:max-keys", "s3:objectcreationoperation", "s3:prefix", "s3:resourceaccount",
    "s3:x-amz-acl",
    "s3:x-amz-server-side-encryption", "s3:x-amz-server-side-encryption-aws-kms-key-id",
})  # fmt: skip
"""The context keys that a request may have here. A policy that asks for another one is refused."""


class UnknownKeyError(ValueError):
    """A policy asks for a context key that no request here has."""


@dataclass(frozen=True, slots=True)
class Role:
    """A role: who may take it on, and what it may do."""

    name: str
    arn: str
    trust: Policy
    policies: tuple[Policy, ...]


@dataclass(frozen=True, slots=True)
class Credentials:
    """Credentials as a task gets them; none of them is a real account's."""

    access_key: str
    secret_key: str
    token: str
    expires_at: datetime
    role: Role | None  # None for the operator, who may do everything

    @classmethod
    def made(cls, role: Role | None, lifetime: timedelta = SESSION) -> "Credentials":
        """New credentials."""
        return cls(
            "ASIA" + secrets.token_hex(8).upper(),
            secrets.token_urlsafe(30),
            secrets.token_urlsafe(60),
            datetime.now(UTC) + lifetime,
            role,
        )


class RefusedError(PermissionError):
    """Somebody may not do something; the text names both, as AWS does."""


@dataclass(slots=True)
class Account:
    """What is known of an account.

    Attributes:
        roles: by ARN.
        resource_policies: policies of buckets, by ARN.
        key_policies: policies of KMS keys, by ARN.
        key_of: the ARN of the key by which something is encrypted, by that one's ARN.
    """

    number: str
    region: str
    roles: dict[str, Role] = field(default_factory=dict)
    resource_policies: dict[str, Policy] = field(default_factory=dict)
    key_policies: dict[str, Policy] = field(default_factory=dict)
    key_of: dict[str, str] = field(default_factory=dict)
    sessions: dict[str, Credentials] = field(default_factory=dict)
    ledger: Ledger = field(default_factory=Ledger)

    def role_named(self, name: str) -> Role:
        """A role by its name, or by its ARN."""
        return self.roles.get(name) or next(role for role in self.roles.values() if role.name == name)

    def credentials_of(self, role: Role | None) -> Credentials:
        """New credentials, which the account knows from now on."""
        made = Credentials.made(role)
        self.sessions[made.access_key] = made
        return made

    def assume(self, role: Role, service: str, source_arn: str) -> Credentials:
        """The credentials of a role for a service of AWS that acts for one of its resources.

        Raises:
            RefusedError: the role trusts somebody else.
        """
        context = {"aws:sourceaccount": (self.number,), "aws:sourcearn": (source_arn,)}
        right = Right("sts:AssumeRole", role.arn, context)
        principal = Principal(service=service)
        decision = decide(principal, right, of_resource=role.trust, resource_must_allow=True)
        self.ledger.note(service, right, decision)
        if not decision.allowed:
            raise RefusedError(f"{service} may not take on {role.name}")
        return self.credentials_of(role)

    def authorise(self, role: Role, rights: Iterable[Right]) -> None:
        """Return when a role has all rights that a call needs, and those to keys that come with them.

        Raises:
            RefusedError: it has not.
        """
        for right in rights:
            for needed in (right, *key_rights(right, self.key_of, self.region)):
                decision = self.decide(role, needed)
                self.ledger.note(role.name, needed, decision)
                if not decision.allowed:
                    why = f"denied by {decision.denied_by}" if decision.denied_by else "nothing allows it"
                    raise RefusedError(f"{role.name} may not {needed.action} on {needed.resource}: {why}")

    def decide(self, role: Role, right: Right) -> Decision:
        """What the policies say, of the role and of the resource."""
        is_key = right.action.startswith("kms:")
        policies = self.key_policies if is_key else self.resource_policies
        return decide(
            Principal(self.number, role.arn),
            Right(right.action, right.resource, self._context(role, right)),
            own=role.policies,
            of_resource=policies.get(encrypted_resource(right.resource)),
            resource_must_allow=is_key,
        )

    def _context(self, role: Role, right: Right) -> Mapping[str, tuple[str, ...]]:
        usual = {
            "aws:principalaccount": (self.number,),
            "aws:principalarn": (role.arn,),
            "aws:requestedregion": (self.region,),
            "aws:resourceaccount": (self.number,),
            "aws:securetransport": ("true",),
            "aws:viaawsservice": ("false",),
        }
        if right.action.startswith("s3:"):
            usual["s3:resourceaccount"] = (self.number,)
        return usual | dict(right.context)

    def require_supplied(self) -> None:
        """Return when every condition of every policy can be judged.

        Raises:
            UnknownKeyError: a policy asks for a context key that is not in `SUPPLIED`.
        """
        of_roles = [policy for role in self.roles.values() for policy in (*role.policies, role.trust)]
        of_resources = [*self.resource_policies.values(), *self.key_policies.values()]
        for policy in (*of_roles, *of_resources):
            for statement in policy.statements:
                if policy in of_resources and statement.is_for_services:
                    continue  # no call here is one of a service by itself
                conditions: Mapping[str, Mapping[str, Any]] = statement.document.get("Condition", {})
                for key in (key.lower() for keys in conditions.values() for key in keys):
                    if key not in SUPPLIED:
                        raise UnknownKeyError(f"{statement.name} asks for {key}")
