"""AWS Lambda as far as one function sees it: the Runtime API, and environments that run the runtime client by it.

It speaks the "AWS Lambda runtime API" (version 2018-06-01): a runtime asks for the next invocation, and
posts an answer or an error. Each environment has an API of its own, as on AWS, and is a process, so that it can be
killed and frozen. Processes are forked from one that has the function's modules imported.
"""

import asyncio
import io
import json
import multiprocessing
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, Final

from aiohttp import web

PATH: Final = "/2018-06-01/runtime"
START_S_MAX: Final = 60.0
ARN: Final = "arn:aws:lambda:us-east-1:111122223333:function:txn"

Prepare = Callable[[], None]
"""What a process does before the runtime client begins; it has to be picklable."""


class FunctionError(Exception):
    """The function has answered with an error: its document is the argument."""


class TimedOutError(Exception):
    """The function has not answered in time; its environment has been ended, as Lambda ends it."""


@dataclass
class RuntimeApi:
    """Hands invocations to one runtime, one at a time."""

    address: str = ""
    asked: asyncio.Event = field(default_factory=asyncio.Event)
    """Set once the runtime has asked for its first invocation: its function is imported."""
    _next: asyncio.Queue[tuple[str, float, bytes] | None] = field(default_factory=asyncio.Queue)
    _results: dict[str, asyncio.Future[Any]] = field(default_factory=dict)

    async def invoke(self, event: Any, timeout_s: float) -> Any:
        """What the function answers.

        Raises:
            FunctionError: it has raised an error.
            TimeoutError: it has not answered in time.
        """
        id_ = f"request-{len(self._results)}"
        self._results[id_] = result = asyncio.get_running_loop().create_future()
        self._next.put_nowait((id_, time.time() + timeout_s, json.dumps(event).encode()))
        async with asyncio.timeout(timeout_s):
            return await result

    async def next(self, _: web.Request) -> web.Response:
        """The next invocation, once there is one."""
        self.asked.set()
        if (invocation := await self._next.get()) is None:
            raise web.HTTPServiceUnavailable
        id_, deadline_s, body = invocation
        headers = {
            "Lambda-Runtime-Aws-Request-Id": id_,
            "Lambda-Runtime-Deadline-Ms": str(int(deadline_s * 1000)),
            "Lambda-Runtime-Invoked-Function-Arn": ARN,
        }
        return web.Response(body=body, content_type="application/json", headers=headers)

    async def settle(self, request: web.Request) -> web.Response:
        """Take the answer to an invocation, or its error."""
        document, result = await request.json(), self._results[request.match_info["id"]]
        if not result.done() and request.match_info["kind"] == "response":
            result.set_result(document)
        elif not result.done():
            result.set_exception(FunctionError(document))
        return web.Response(status=202)

    @asynccontextmanager
    async def served(self) -> AsyncIterator["RuntimeApi"]:
        """The API on a port of this machine, for the time of the block."""
        app = web.Application(client_max_size=8 << 20)
        app.router.add_get(f"{PATH}/invocation/next", self.next)
        app.router.add_post(f"{PATH}/invocation/{{id}}/{{kind:response|error}}", self.settle)
        runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await runner.setup()
        try:
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            self.address = f"127.0.0.1:{runner.addresses[0][1]}"
            yield self
        finally:
            self._next.put_nowait(None)  # to a request that waits still
            await runner.cleanup()


@dataclass(frozen=True)
class LambdaFunction:
    """A function and what its environments have: variables, and a file that takes what they print.

    `preloaded` are modules that the process has imported from which environments are forked. The first function that
    a test process runs decides.
    """

    handler: str
    variables: Mapping[str, str]
    log: Path
    prepare: Prepare | None = None
    preloaded: tuple[str, ...] = ()

    @asynccontextmanager
    async def environment(self) -> AsyncIterator["LambdaEnvironment"]:
        """An environment of its own, which is ended with the block."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload([__name__, *self.preloaded])
        async with RuntimeApi().served() as api:
            arguments = (api.address, self.handler, dict(self.variables), str(self.log), self.prepare)
            process = context.Process(target=_run, args=arguments, daemon=True)
            process.start()
            try:
                async with asyncio.timeout(START_S_MAX):
                    await api.asked.wait()
                yield LambdaEnvironment(api, process)
            finally:
                process.kill()
                await asyncio.to_thread(process.join)


@dataclass(frozen=True)
class LambdaEnvironment:
    """One process of a function, which handles one invocation at a time."""

    api: RuntimeApi
    process: BaseProcess

    async def invoke(self, event: Any, timeout_s: float) -> Any:
        """What the function answers; one that takes too long is ended.

        Raises:
            FunctionError: it has raised an error.
            TimedOutError: it was ended.
        """
        try:
            return await self.api.invoke(event, timeout_s)
        except TimeoutError:
            self.kill()
            raise TimedOutError from None

    @property
    def is_alive(self) -> bool:
        """Whether it may be invoked again."""
        return self.process.is_alive()

    def kill(self) -> None:
        """End it at once."""
        self.process.kill()

    def freeze(self) -> None:
        """Let it stand still, whatever it does."""
        self._send(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let it go on."""
        self._send(signal.SIGCONT)

    def _send(self, number: signal.Signals) -> None:
        if self.process.is_alive() and self.process.pid is not None:
            os.kill(self.process.pid, number)


def _run(address: str, handler: str, variables: Mapping[str, str], log: str, prepare: Prepare | None) -> None:
    """Be the process of an environment."""
    descriptor = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(descriptor, stream)
    sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8")
    sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8")
    os.environ.clear()
    os.environ.update(variables, AWS_LAMBDA_RUNTIME_API=address)
    from awslambdaric.__main__ import main  # noqa: PLC0415 - it reads the variables when it is imported

    if prepare is not None:
        prepare()
    main(["awslambdaric", handler])
