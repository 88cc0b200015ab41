"""What the commands of the local stack say where there is none."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from txn_cli.main import app_of
from txn_core.exceptions import StackError


def test_status_without_a_stack_says_that_there_is_none(tmp_path: Path, own_environment: pytest.MonkeyPatch) -> None:
    """Rather than the name of what went wrong at the place that was asked instead."""
    asked = CliRunner().invoke(app_of("status"), ["status", "--data-dir", str(tmp_path)])
    assert isinstance(asked.exception, StackError)
    assert str(asked.exception).startswith(f"no stack is ready in {tmp_path}: start one with `txn up`")
