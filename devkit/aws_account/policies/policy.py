"""Policies as statements, and what a request is to them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Self

from devkit.aws_account.policies.conditions import Context, holds, texts
from devkit.aws_account.policies.patterns import action_like, arn_like

ANYBODY: Final = "*"


@dataclass(frozen=True, slots=True)
class Principal:
    """Who asks: a role of an account by its ARN, or a service of AWS by its name (`ecs-tasks.amazonaws.com`)."""

    account: str = ""
    role: str | None = None
    service: str | None = None

    @property
    def root(self) -> str:
        """The ARN by which a policy means the whole account."""
        return f"arn:aws:iam::{self.account}:root"


@dataclass(frozen=True, slots=True)
class Right:
    """An action on a resource in a context, which one call needs; a call may need several.

    Attributes:
        resource: an ARN, or `*` for an action that knows no resource.
    """

    action: str
    resource: str
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: what it says of which actions, resources and principals, and under which conditions."""

    name: str
    allows: bool
    document: Mapping[str, Any]

    @property
    def actions(self) -> tuple[str, ...]:
        """The actions that it names, as patterns."""
        return texts(self.document.get("Action", ()))

    def action_for(self, right: Right) -> str | None:
        """The pattern by which it applies to a right, or None. Whose the right is, is not asked here."""
        named = next((one for one in self.actions if action_like(one, right.action)), None)
        if "NotAction" in self.document:
            excepted = any(action_like(one, right.action) for one in texts(self.document["NotAction"]))
            named = None if excepted else ANYBODY
        if named is None or not self._means(right.resource):
            return None
        return named if holds(self.document.get("Condition", {}), right.context) else None

    def _means(self, resource: str) -> bool:
        if "NotResource" in self.document:
            return not any(arn_like(one, resource) for one in texts(self.document["NotResource"]))
        # A trust policy has no resource: it is the role's own.
        return any(arn_like(one, resource) for one in texts(self.document.get("Resource", ANYBODY)))

    @property
    def is_for_services(self) -> bool:
        """Whether it is about services of AWS alone."""
        named = self.document.get("Principal")
        return isinstance(named, Mapping) and set(named) == {"Service"}

    def names_directly(self, principal: Principal) -> bool:
        """Whether it is about this very role or service, or about everybody."""
        return self._names({ANYBODY, principal.role}, principal.service)

    def names_account(self, principal: Principal) -> bool:
        """Whether it is about the principal's account, whose own policies then decide on an allowance."""
        return bool(principal.account) and self._names({principal.root, principal.account}, None)

    def _names(self, arns: set[str | None], service: str | None) -> bool:
        if "NotPrincipal" in self.document:
            raise ValueError("NotPrincipal is not evaluated")
        named = self.document.get("Principal")
        if named == ANYBODY:
            return ANYBODY in arns
        if not isinstance(named, Mapping):
            return False
        if service is not None and service in texts(named.get("Service", ())):
            return True
        return any(one in arns for one in texts(named.get("AWS", ())))


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy by its name."""

    name: str
    statements: tuple[Statement, ...]

    @classmethod
    def parse(cls, name: str, document: Mapping[str, Any]) -> Self:
        """Read a policy document, in which one statement may stand without a list."""
        listed = document["Statement"]
        statements: Sequence[Mapping[str, Any]] = listed if isinstance(listed, list) else [listed]
        return cls(
            name,
            tuple(
                Statement(f"{name}/{one.get('Sid', number)}", one["Effect"] == "Allow", one)
                for number, one in enumerate(statements)
            ),
        )
