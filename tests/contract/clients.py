"""`make clients`: clients made of openapi.yaml compile under their strict checkers and work on a local stack."""

import shutil
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from devkit.running_stack import RunningStack

from tests.contract.stack import DOCUMENT, HERE, TOOLS, a_stack, node, run


def main() -> None:
    """Make each client, check it, and send it on its trip."""
    with a_stack() as stack:
        for make in (python_client, typescript_client):
            started = time.perf_counter()
            with TemporaryDirectory(prefix="txn-client-") as folder:
                print(make(Path(folder), stack), f"({time.perf_counter() - started:.1f} s)")


def python_client(folder: Path, stack: RunningStack) -> str:
    """openapi-python-client, without a warning, and `mypy --strict` over client and use."""
    shutil.copy(HERE / "round_trip.py", folder)
    made = ("--path", DOCUMENT, "--output-path", folder / "txn_client", "--meta", "none")
    config = ("--config", HERE / "python_client.yaml")
    run(TOOLS / "openapi-python-client", "generate", *made, *config, "--fail-on-warning", folder=folder)
    run(TOOLS / "mypy", "--strict", "--no-error-summary", "txn_client", "round_trip.py", folder=folder)
    run(TOOLS / "python", "round_trip.py", folder=folder, stack=stack)
    return "openapi-python-client: made without a warning, mypy --strict is content, the round trip works"


def typescript_client(folder: Path, stack: RunningStack) -> str:
    """openapi-typescript and openapi-fetch, and `tsc --strict` over types and use."""
    (folder / "node_modules").symlink_to(HERE / "node_modules")
    (folder / "package.json").write_text('{"type": "module"}')
    for name in ("round_trip.ts", "tsconfig.json"):
        shutil.copy(HERE / name, folder)
    packages = folder / "node_modules" / ".bin"
    # A field with a default may be left out of a request.
    options = ("--default-non-nullable", "false", "--output", "schema.d.ts")
    run(node(), packages / "openapi-typescript", DOCUMENT, *options, folder=folder)
    run(node(), packages / "tsc", "--project", "tsconfig.json", folder=folder)
    run(node(), "built/round_trip.js", folder=folder, stack=stack)
    return "openapi-typescript and openapi-fetch: tsc --strict is content, the round trip works"


if __name__ == "__main__":
    main()
