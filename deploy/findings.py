"""What the judges of templates find and we leave as it is, each with its reason.

`judges.py` compares this table with what they find. A finding without a reason is an error; so is a reason without
a finding. A resource is `stack.Resource`.
"""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Explained:
    """A rule of a judge, the resources that it is about, and why they are as they are."""

    rule: str
    resources: tuple[str, ...]
    reason: str


EXPLAINED: Final[dict[str, tuple[Explained, ...]]] = {"cfn-lint": (), "checkov": (), "cdk-nag": ()}
