"""Wildcards of IAM policies: `*` stands for any text, `?` for one character, and an ARN is matched part by part."""

import re
from functools import lru_cache
from typing import Final

ARN_PARTS: Final = 6


@lru_cache(4_096)
def _expression(pattern: str) -> re.Pattern[str]:
    signs = {"*": ".*", "?": "."}
    return re.compile("".join(signs.get(sign) or re.escape(sign) for sign in pattern), re.DOTALL)


def like(pattern: str, text: str) -> bool:
    """Whether a text is what a pattern describes; case counts."""
    return _expression(pattern).fullmatch(text) is not None


def action_like(pattern: str, action: str) -> bool:
    """Whether an action (`kinesis:PutRecords`) is one that a policy names; case does not count."""
    return like(pattern.lower(), action.lower())


def arn_like(pattern: str, arn: str) -> bool:
    """Whether an ARN is what a pattern describes.

    No wildcard reaches over a colon into the next of the six parts (IAM User Guide, "ArnLike"). A lone `*` describes
    every ARN.
    """
    if pattern == "*":
        return True
    patterns, parts = pattern.split(":", ARN_PARTS - 1), arn.split(":", ARN_PARTS - 1)
    return len(patterns) == len(parts) == ARN_PARTS and all(map(like, patterns, parts))
