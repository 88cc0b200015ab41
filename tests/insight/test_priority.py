"""The insight service lets everything else on the machine go first, also where Linux schedules by session."""

import subprocess
import sys
from pathlib import Path

import pytest

LOWER = """
import os, sys
from insight.serving import lower_priority
lower_priority(10)
lower_priority(10)
print(os.nice(0))
"""
AUTOGROUP = Path("/proc/self/autogroup")
SAYS_GROUP = "print(open('/proc/self/autogroup').read().rsplit(maxsplit=1)[-1])\n"


def _said(code: str, *, leads_session: bool) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", code], start_new_session=leads_session, capture_output=True, text=True, check=True
    )
    return ran.stdout.split()


def test_the_process_is_nice() -> None:
    assert _said(LOWER, leads_session=False) == ["10"]


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system does not schedule by session")
def test_a_process_that_leads_its_session_lowers_the_session() -> None:
    assert _said(LOWER + SAYS_GROUP, leads_session=True) == ["10", "10"]


@pytest.mark.skipif(not AUTOGROUP.exists(), reason="this system does not schedule by session")
def test_a_process_in_the_session_of_others_leaves_the_session_as_it_is() -> None:
    before = AUTOGROUP.read_text().rsplit(maxsplit=1)[-1]
    assert _said(LOWER + SAYS_GROUP, leads_session=False) == ["10", before]
