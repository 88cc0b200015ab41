"""What the judges of the document need: a running local stack, Node, and the tools that live apart from our own."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from devkit.running_stack import RunningStack, running_stack

from txn_cli.stack.binaries import find_node

ROOT: Final = Path(__file__).parents[2]
HERE: Final = Path(__file__).parent
DOCUMENT: Final = ROOT / "openapi.yaml"
TOOLS: Final = Path(sys.prefix) / "contract" / "bin"  # `make` puts them there


@contextmanager
def a_stack() -> Iterator[RunningStack]:
    """`txn up` in a folder that is gone afterwards."""
    with TemporaryDirectory(prefix="txn-contract-") as folder, running_stack(Path(folder) / "data") as stack:
        yield stack


def run(*command: str | Path, folder: Path, stack: RunningStack | None = None) -> None:
    """Run one of the tools; what it prints is seen.

    Raises:
        CalledProcessError: it was not content.
    """
    subprocess.run([str(part) for part in command], check=True, cwd=folder, env=_environment(stack))


def node() -> Path:
    """The Node that came from PyPI."""
    return find_node().node


def _environment(stack: RunningStack | None) -> dict[str, str]:
    path = os.pathsep.join((str(TOOLS), str(node().parent), os.environ.get("PATH", "")))
    told = {"API_URL": stack.ready["api_url"], "API_KEY": stack.ready["api_key"]} if stack else {}
    return os.environ | {"PATH": path} | told
