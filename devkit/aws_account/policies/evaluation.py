"""Whether a principal may do something: explicit denials first, then allowances, else no.

Source: IAM User Guide, "Policy evaluation logic", for one account without boundaries, session policies and
organisations. A bucket's policy and the role's own policies each suffice to allow. The policy of a key must allow,
too, or hand the decision to the account (KMS Developer Guide, "Key policies").
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from devkit.aws_account.policies.policy import Policy, Principal, Right, Statement


class Grant(NamedTuple):
    """The statement by which something is allowed, and the pattern of its action."""

    statement: str
    action: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What came of an evaluation.

    Attributes:
        grants: every allowance that applies; empty when the right is refused.
        denied_by: the statement that denies explicitly, or None.
    """

    grants: tuple[Grant, ...]
    denied_by: str | None = None

    @property
    def allowed(self) -> bool:
        """Whether the right is there."""
        return bool(self.grants)


def decide(
    principal: Principal,
    right: Right,
    *,
    own: Iterable[Policy] = (),
    of_resource: Policy | None = None,
    resource_must_allow: bool = False,
) -> Decision:
    """Evaluate the principal's own policies and the policy of the resource.

    Args:
        principal: who asks.
        right: what for.
        own: the policies of the principal.
        of_resource: the policy of the resource, if it has one.
        resource_must_allow: whether own policies count only where the resource's policy hands the decision to the
            account, as it is with keys and with trust in a role.
    """
    own_statements = [statement for policy in own for statement in policy.statements]
    of_resource_statements = of_resource.statements if of_resource is not None else ()
    about = [one for one in of_resource_statements if one.names_directly(principal) or one.names_account(principal)]
    for statement in (*own_statements, *about):
        if not statement.allows and statement.action_for(right) is not None:
            return Decision((), statement.name)
    direct = (statement for statement in about if statement.names_directly(principal))
    handed_on = not resource_must_allow or any(
        statement.allows and statement.names_account(principal) and statement.action_for(right) for statement in about
    )
    return Decision((*_grants(direct, right), *(_grants(own_statements, right) if handed_on else ())))


def _grants(statements: Iterable[Statement], right: Right) -> Iterator[Grant]:
    for statement in statements:
        if statement.allows and (action := statement.action_for(right)) is not None:
            yield Grant(statement.name, action)
