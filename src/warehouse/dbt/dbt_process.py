"""dbt as a child process: one command, without network and telemetry, and its failure in one line.

dbt takes 4 seconds of CPU time to import, so a run of the warehouse starts it once. What dbt writes goes into a work
folder: `target/`, and the log. Its environment has nothing of ours but what it is given: no key, no credential.
"""

import asyncio
import json
import os
import sys
from asyncio.subprocess import DEVNULL
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from importlib.resources import files
from pathlib import Path
from typing import Any, Final

from warehouse.dbt.environment import DbtError

PROJECT: Final = Path(str(files("warehouse"))) / "models"
_PASSED: Final = ("PATH", "LANG", "LC_ALL", "TMPDIR", "JAVA_HOME", "SSL_CERT_FILE")
_QUIET: Final = {"DO_NOT_TRACK": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false", "DBT_VERSION_CHECK": "false"}
_LAUNCHER: Final = Path(__file__).with_name("launcher.py")
_BAD: Final = frozenset({"error", "fail", "runtime error", "partial success"})


@dataclass(frozen=True, slots=True)
class Dbt:
    """How dbt is run for a target.

    Attributes:
        program: the `dbt` command.
        work: the folder for what it writes.
        target: the output in `profiles.yml`.
        environment: what `profiles.yml` takes from the environment, secrets included.
    """

    program: Path
    work: Path
    target: str
    environment: Mapping[str, str] = field(repr=False)

    @property
    def log(self) -> Path:
        """The log, which dbt rotates by itself."""
        return self.work / "logs/dbt.log"

    @property
    def artifacts(self) -> Path:
        """The folder of manifest, catalog, results and compiled SQL."""
        return self.work / "target"

    async def run(self, command: str, *options: str, kept_open: tuple[int, ...] = ()) -> None:
        """Run one command with its options to its end.

        Args:
            command: such as `build`.
            options: of this command.
            kept_open: file descriptors that the child keeps open as long as it lives, such as a lock's.

        Raises:
            DbtError: a model or a test failed, and which; or dbt did not come so far.
        """
        self.work.mkdir(mode=0o700, parents=True, exist_ok=True)
        results = self.artifacts / "run_results.json"
        results.unlink(missing_ok=True)
        child = await asyncio.create_subprocess_exec(
            *(
                sys.executable,
                "-I",
                str(_LAUNCHER),
                str(os.getpid()),
                str(self.program),
                "--quiet",
                command,
                *options,
            ),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", self.target),
            *("--target-path", str(self.artifacts), "--log-path", str(self.log.parent)),
            env=self._variables(),
            cwd=self.work,
            stdin=DEVNULL,
            stdout=DEVNULL,
            stderr=DEVNULL,
            pass_fds=kept_open,
        )
        try:
            code = await child.wait()
        except BaseException:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
            raise
        if code:
            raise DbtError(f"{self._failure(results, code)} (see {self.log}): run it again, or with --full")

    def _variables(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return passed | _QUIET | {"HOME": str(self.work), **self.environment}

    def _failure(self, results: Path, code: int) -> str:
        """What failed first, by its name alone: a message may repeat values."""
        try:
            document: dict[str, Any] = json.loads(results.read_bytes())
        except (OSError, ValueError):
            return f"dbt ended with code {code} before it built anything"
        for result in document["results"]:
            if result["status"] in _BAD:
                kind, _, name = str(result["unique_id"]).partition(".")
                name = name.partition(".")[2]
                if kind == "test" and result["status"] == "fail":
                    return f"the test {name.partition('.')[0]} of the warehouse found {result['failures']} rows"
                return f"the {kind} {name} of the warehouse failed"
        return f"dbt ended with code {code}"
