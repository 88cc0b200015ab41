"""Each alarm fires and is over, as CloudWatch evaluates it and as Prometheus does, over the same series."""

import shutil
import subprocess
from pathlib import Path
from typing import Final

import pytest
from devkit.alarms.cloudwatch_story import states
from devkit.alarms.story import LEAD, Story, stories_of

from devkit.alarms import rules_test_file
from operations.alarms import rules_file
from operations.alarms.alarm_table import ALARMS

FOLDER: Final = Path(__file__).parents[3] / "deploy" / "prometheus"
STORIES: Final = [story for alarm in ALARMS for story in stories_of(alarm)]


@pytest.mark.parametrize("story", STORIES, ids=lambda story: f"{story.alarm.name}-{story.name}")
def test_cloudwatch(story: Story) -> None:
    """Quiet before, in alarm at the end of the trouble if it is long enough, and quiet again."""
    found = states(story)
    end = LEAD + story.trouble
    assert "ALARM" not in found[:LEAD]
    assert (found[end - 1] == "ALARM") is story.fires
    assert ("ALARM" in found) is story.fires
    assert found[-1] == "OK"


def test_every_alarm_fires_in_some_story() -> None:
    assert {story.alarm.name for story in STORIES if story.fires} == {alarm.name for alarm in ALARMS}


def test_the_files_have_not_drifted() -> None:
    """`make alarms` would write the very files that are committed."""
    assert (FOLDER / "rules.yml").read_text() == rules_file.rules_text()
    assert (FOLDER / "cloudwatch.yml").read_text() == rules_file.cloudwatch_text()
    assert (FOLDER / "rules_test.yml").read_text() == rules_test_file.text()


def test_prometheus() -> None:
    """The same by promtool, which Debian's package `prometheus` has."""
    if (promtool := shutil.which("promtool")) is None:
        pytest.skip("there is no promtool here (Debian: prometheus)")
    run = subprocess.run(
        [promtool, "test", "rules", str(FOLDER / "rules_test.yml")],
        check=False,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert run.returncode == 0, run.stdout + run.stderr
