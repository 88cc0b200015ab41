"""What the code of the deployment knows of ours: definitions, and nothing that runs."""

import ast
from pathlib import Path

import pytest

FOLDER = Path(__file__).parents[2] / "deploy"
OURS = {
    "bench",
    "devkit",
    "fraud",
    "ingest",
    "insight",
    "operations",
    "tests",
    "txn_api",
    "txn_cli",
    "txn_core",
    "txn_server",
    "warehouse",
    "workers",
}
ALLOWED = (
    "operations.alarms",
    "operations.dashboard",
    "txn_core.drains",
    "txn_core.dynamodb.table_shapes",
    "txn_core.dynamodb.tables",
    "txn_core.generated_file",
    "txn_core.settings",
)
MODULES = [path for name in (".", "front", "parts", "stacks", "watching") for path in (FOLDER / name).glob("*.py")]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_templates_are_made_of_definitions(path: Path) -> None:
    """Tables, drains, settings and alarms: the tools of the deployment need none of the libraries of a process."""
    imported = {
        f"{node.module}.{each.name}"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ImportFrom)
        for each in node.names
    }
    ours = {name for name in imported if name.partition(".")[0] in OURS}
    assert {name for name in ours if not name.startswith(ALLOWED)} == set()
