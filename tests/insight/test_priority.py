"""The insight service lets everything else on the machine go first, also where Linux schedules by session."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from insight.serving import lower_session

LOWER = """
import os, sys
from insight.serving import lower_priority
lower_priority(10)
lower_priority(10)
print(os.nice(0))
"""
AUTOGROUP = Path("/proc/self/autogroup")
BY_SESSION = pytest.mark.skipif(
    not AUTOGROUP.exists() or not AUTOGROUP.read_text(), reason="this system does not schedule by session"
)
NICENESS = str(max(10, os.nice(0)))
"""Of a process that was told to be nice by 10: the suite's own, where that is more."""
SAYS_GROUP = "print(open('/proc/self/autogroup').read().rsplit(maxsplit=1)[-1])\n"


def _said(code: str, *, leads_session: bool) -> list[str]:
    ran = subprocess.run(
        [sys.executable, "-c", code], start_new_session=leads_session, capture_output=True, text=True, check=True
    )
    return ran.stdout.split()


def test_the_process_is_nice() -> None:
    assert _said(LOWER, leads_session=False) == [NICENESS]


@BY_SESSION
def test_a_process_that_leads_its_session_lowers_the_session() -> None:
    assert _said(LOWER + SAYS_GROUP, leads_session=True) == [NICENESS, "10"]


@BY_SESSION
def test_a_process_in_the_session_of_others_leaves_the_session_as_it_is() -> None:
    before = AUTOGROUP.read_text().rsplit(maxsplit=1)[-1]
    assert _said(LOWER + SAYS_GROUP, leads_session=False) == [NICENESS, before]


@pytest.mark.parametrize(
    ("said", "written"), [("/autogroup-7 nice 0\n", "10"), ("/autogroup-7 nice 12\n", "12"), ("", "")]
)
def test_a_session_is_lowered_unless_it_is_nicer_or_in_no_group(tmp_path: Path, said: str, written: str) -> None:
    """A session that began before all groups has a file that is empty."""
    autogroup = tmp_path / "autogroup"
    autogroup.write_text(said)
    lower_session(autogroup, 10)
    assert autogroup.read_text() == written
