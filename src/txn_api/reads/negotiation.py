"""Which form an answer takes: what the `Accept` header prefers of what a look-up has (RFC 9110, 12.5.1).

The one small library for this (python-mimeparse) minds the case of types, takes `header=absent` for a match, and
gives up on a header of which it cannot read one part.
"""

import re
from collections.abc import Iterable, Mapping
from enum import Enum
from typing import Final, NamedTuple

from txn_api.problems import NotAcceptable

ACCEPT_CHARS_MAX: Final = 1_024
# Java's own client sends weights without the zero that the standard wants.
_WEIGHT: Final = re.compile(r"0|1|[01]?\.[0-9]{1,3}|[01]\.")


class Form(Enum):
    """The forms of a look-up's answer, the one for who has no preference first."""

    JSON = "application/json"
    CSV = "text/csv"

    @property
    def parameters(self) -> Mapping[str, str]:
        """What a media range may ask of the form besides its name (RFC 4180, 3)."""
        return {"charset": "utf-8"} if self is Form.JSON else {"charset": "utf-8", "header": "present"}

    @property
    def media_type(self) -> str:
        """The Content-Type; JSON has no parameters (RFC 8259, 11)."""
        return self.value if self is Form.JSON else f"{self.value}; charset=utf-8; header=present"


class _Range(NamedTuple):
    kind: str
    parameters: frozenset[tuple[str, str]]
    weight: float

    def precision(self, form: Form) -> int:
        """How precisely the range names a form; 0 when it does not."""
        if not self.parameters <= set(form.parameters.items()):
            return 0
        kinds = ("*/*", form.value.partition("/")[0] + "/*", form.value)
        return kinds.index(self.kind) + 1 + len(self.parameters) if self.kind in kinds else 0


def form_of(accept: str) -> Form:
    """The form that an Accept header prefers; of equals the one that it names more precisely, then JSON.

    What cannot be read of the header counts for nothing.

    Raises:
        NotAcceptable: the header takes neither form.
    """
    if not accept or accept in {"*/*", "application/json"}:
        return Form.JSON
    if len(accept) > ACCEPT_CHARS_MAX:
        raise NotAcceptable
    ranges = [found for text in accept.lower().split(",") if (found := _range(text)) is not None]
    # The first of equal maxima is taken.
    (weight, _), form = max(((_weight(ranges, form), form) for form in Form), key=lambda pair: pair[0])
    if weight == 0:
        raise NotAcceptable
    return form


def _weight(ranges: Iterable[_Range], form: Form) -> tuple[float, int]:
    """The weight that the most precise range gives a form, and how precise this range is."""
    named = [(precision, found.weight) for found in ranges if (precision := found.precision(form))]
    precision, weight = max(named, default=(0, 0.0))
    return weight, precision


def _range(text: str) -> _Range | None:
    kind, *parts = (part.strip() for part in text.split(";"))
    parameters, weight = [], 1.0
    for name, _, value in (part.partition("=") for part in parts if part):
        if name.strip() != "q":
            parameters.append((name.strip(), value.strip().strip('"')))
        elif _WEIGHT.fullmatch(value.strip()):
            weight = min(float(value), 1.0)
        else:
            return None
    return _Range("*/*" if kind == "*" else kind, frozenset(parameters), weight)
