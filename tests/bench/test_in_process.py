"""The harness in which instructions are counted answers every post, ours and the bare callable's."""

import subprocess
import sys

import pytest
from bench.in_process import APPLICATIONS


@pytest.mark.parametrize("application", APPLICATIONS)
def test_every_post_is_answered(application: str) -> None:
    """It fails at the first that is not 202. A process of its own, for it tells the collector what to keep."""
    command = [sys.executable, "-m", "bench.in_process", application, "--requests", "300"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert "us of CPU a request" in done.stdout
