"""Forging tokens costs its own budget: signatures that do not hold are bounded for all of a process together.

Anybody can name one of the issuer's keys, and to verify a signature under it costs twice what all else of a refusal
does. Whether a token is good cannot be told without that. So while the budget is spent, a token that this process has
not seen is told to come back, forged or good, unless it says that it is of a subject of whom a token was good here
before: such a subject has a budget of its own, which nobody spends who does not know it. So a client's next token is
taken beside any flood, and its first one as soon as it has luck. Tokens that were found good before are not touched,
and good ones spend nothing.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from prometheus_client import CollectorRegistry, Counter

from txn_api.access.rate_limits import Bucket
from txn_api.problems import Overloaded
from txn_core.recent import remember

IN_VAIN_PER_S: Final = 100
"""Verifications in vain: a hundredth of a process's time."""
OF_SUBJECT_PER_S: Final = 10
SUBJECTS_MAX: Final = 10_000
"""Subjects that are known here; of more, the one whose token was verified longest ago is forgotten."""


class Forgeries:
    """The budgets of one process."""

    def __init__(self, in_vain: Bucket | None = None, registry: CollectorRegistry | None = None) -> None:
        self._in_vain = in_vain or Bucket(IN_VAIN_PER_S)
        self._of_subjects: OrderedDict[str, Bucket] = OrderedDict()
        counted = Counter(
            "txn_api_token_misses",
            "Access tokens that were verified in vain, or not verified",
            ["outcome"],
            registry=registry,
        )
        self._invalid, self._unread = counted.labels("invalid"), counted.labels("unread")

    def budget(self, claimed: Callable[[], str | None]) -> Bucket:
        """What the verification of a new token is at the expense of, if it is in vain.

        `claimed` says of which subject the token says that it is; asked only when that matters.

        Raises:
            Overloaded: there is nothing left for it; it is not known what the token is.
        """
        if self._in_vain.left:
            return self._in_vain
        subject = claimed()
        own = None if subject is None else self._of_subjects.get(subject)
        if own is None or not own.left:
            self._unread.inc()
            raise Overloaded
        return own

    def found(self, budget: Bucket | None) -> None:
        """A token was verified and refused, at the expense of this."""
        if budget is not None:
            budget.owe(1)
        self._invalid.inc()

    def held(self, subject: str) -> None:
        """A token of this subject was good."""
        own = self._of_subjects.get(subject) or Bucket(OF_SUBJECT_PER_S)
        remember(self._of_subjects, subject, own, SUBJECTS_MAX)
