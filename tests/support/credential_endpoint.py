"""The endpoint from which the tasks of ECS and the pods of EKS get credentials, which are valid for a short time."""

import itertools
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest
from aiohttp import web


class CredentialEndpoint:
    """Gives a new key whenever it is asked, as the container credential provider of AWS' tools wants it."""

    def __init__(self, valid_s: float) -> None:
        self.valid_s = valid_s
        self.asked = 0
        self.failures = 0
        """How many of the next calls fail."""
        self._ends_at: dict[str, float] = {}
        self._numbers = itertools.count(1)

    def is_valid(self, access_key: str) -> bool:
        """Whether a key was given out, and its time is not over."""
        return time.time() < self._ends_at.get(access_key, 0.0)

    async def _answer(self, _: web.Request) -> web.Response:
        self.asked += 1
        if self.failures:
            self.failures -= 1
            return web.Response(status=500)
        key, ends_at = f"ASIA{next(self._numbers):016d}", time.time() + self.valid_s
        self._ends_at[key] = ends_at
        return web.json_response(
            {
                "AccessKeyId": key,
                "SecretAccessKey": "secret",
                "Token": "token",
                "Expiration": datetime.fromtimestamp(ends_at, UTC).isoformat(),
            }
        )


@asynccontextmanager
async def credential_endpoint(
    environment: pytest.MonkeyPatch, valid_s: float = 3600.0
) -> AsyncIterator[CredentialEndpoint]:
    """An endpoint that the environment names, in the place of all other credentials."""
    endpoint = CredentialEndpoint(valid_s)
    app = web.Application()
    app.router.add_get("/credentials", endpoint._answer)
    runner = web.AppRunner(app)
    await runner.setup()
    try:
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        port = runner.addresses[0][1]
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN"):
            environment.delenv(name, raising=False)
        environment.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"http://127.0.0.1:{port}/credentials")
        yield endpoint
    finally:
        await runner.cleanup()
