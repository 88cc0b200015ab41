"""What tests of the scorer share."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest


@pytest.fixture
def no_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let what is for threads be done at once: a virtual clock would jump ahead of a thread."""

    async def at_once(work: Callable[..., Any], *args: Any) -> Any:
        return work(*args)

    monkeypatch.setattr(asyncio, "to_thread", at_once)
