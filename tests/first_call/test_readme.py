"""What the README tells a stranger to type."""

import re
import subprocess
from pathlib import Path
from typing import Final

import pytest

from tests.first_call.readme import README, ROOT, blocks, demo_command

_SHELL: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_demo_is_the_first_command() -> None:
    """It is what `make first-call` starts."""
    assert demo_command() == "make demo"


def test_a_post_and_then_look_ups_are_the_first_calls() -> None:
    """The second block goes on with the first one's variables."""
    post, look_ups = blocks("First call")
    assert "KEY=" in post
    assert "-d '{" in post
    assert look_ups.count("curl") == 3
    assert "KEY=" not in look_ups


@pytest.mark.parametrize("block", [*blocks("Two commands"), *blocks("First call")])
def test_every_block_is_sound_shell(block: str) -> None:
    """As far as a shell can tell without running it."""
    subprocess.run(["bash", "-n", "-c", block], check=True)


def test_only_the_blocks_of_the_section_are_found() -> None:
    """Up to the next heading, and of shell alone."""
    text = "\n## A\n\n```sh\none\n```\n\n```json\n{}\n```\n\n```sh\ntwo\n```\n\n## B\n\n```sh\nthree\n```\n"
    assert blocks("A", text) == ["one\n", "two\n"]


@pytest.mark.parametrize("document", [README, *(ROOT / "docs").glob("*.md")], ids=lambda path: path.name)
def test_no_command_shows_a_key(document: Path) -> None:
    """The arguments of a command are in the list of processes, which all users of a machine may read."""
    for block in _SHELL.findall(document.read_text(encoding="utf-8")):
        assert "Bearer $" not in block
        assert "--api-key " not in block
        assert 'hmac "$' not in block
