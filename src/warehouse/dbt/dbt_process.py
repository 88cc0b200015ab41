"""dbt as a child process: one command, without network and telemetry, and its failure in one line.

dbt takes 4 seconds of CPU time to import, so a run of the warehouse starts it once. What dbt writes goes into a work
folder: `target/`, and the log. Its environment has nothing of ours but what it is given: no key, no credential.
"""

import asyncio
import json
import os
import re
import sys
from asyncio.subprocess import DEVNULL, PIPE
from collections.abc import Iterator, Mapping, Sequence
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
# No manifest and no results: they take a second of CPU time to write, and what failed is said on standard output.
_SPARING: Final = ("--no-write-json", "--log-level-file", "info", "--quiet", "--log-format", "json")
_DOCUMENTING: Final = ("--quiet", "--log-format", "json")
_KIND: Final = re.compile(r"^\s*([A-Z][A-Za-z ]+ Error): ", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Dbt:
    """How dbt is run for a target.

    Attributes:
        program: the `dbt` command.
        work: the folder for what it writes.
        target: the output in `profiles.yml`.
        environment: what `profiles.yml` takes from the environment, secrets included.
        script: what stands before dbt's arguments, where the program is a Python that runs dbt by a script of ours.
    """

    program: Path
    work: Path
    target: str
    environment: Mapping[str, str] = field(repr=False)
    script: Sequence[str] = ()

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
        how = _DOCUMENTING if command == "docs" else _SPARING
        launcher = (sys.executable, "-I", str(_LAUNCHER), str(os.getpid()), str(self.program), *self.script)
        child = await asyncio.create_subprocess_exec(
            *(*launcher, *how, command, *options),
            *("--project-dir", str(PROJECT), "--profiles-dir", str(PROJECT), "--target", self.target),
            *("--target-path", str(self.artifacts), "--log-path", str(self.log.parent)),
            env=self._variables(),
            cwd=self.work,
            stdin=DEVNULL,
            stdout=PIPE,
            stderr=DEVNULL,
            pass_fds=kept_open,
        )
        try:
            said, _ = await child.communicate()
        except BaseException:
            with suppress(ProcessLookupError):
                child.kill()
            await child.wait()
            raise
        if child.returncode:
            raise DbtError(
                f"{_failure(said, child.returncode)} (see {self.log}): run `txn warehouse run`, or with --full"
            )

    def _variables(self) -> dict[str, str]:
        passed = {name: os.environ[name] for name in _PASSED if name in os.environ}
        return passed | _QUIET | {"HOME": str(self.work), **self.environment}


def _failure(said: bytes, code: int) -> str:
    """What failed first, by its name and the kind of error alone: messages may repeat values."""
    failed, kind = "", ""
    for event in _events(said):
        data = event.get("data", {})
        if not failed and (node := data.get("node_info")):
            what, _, name = str(node["unique_id"]).partition(".")
            found = f" found {data['num_failures']} rows" if data.get("status") == "fail" else " failed"
            failed = f"the {what} {name.split('.')[1]} of the warehouse{found}"
        if failed and not kind and (match := _KIND.search(str(data.get("msg", "")))):
            kind = f", {match[1]}"
    return failed + kind if failed else f"dbt ended with code {code} before it built anything"


def _events(said: bytes) -> Iterator[dict[str, Any]]:
    for line in said.splitlines():
        with suppress(ValueError):
            event = json.loads(line)
            if isinstance(event, dict):
                yield event
