"""The commands that the README gives."""

import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
README: Final = ROOT / "README.md"
_BLOCK: Final = re.compile(r"^```sh\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(heading: str, text: str | None = None) -> list[str]:
    """The blocks of shell commands under a heading of the second level, in their order."""
    whole = README.read_text(encoding="utf-8") if text is None else text
    _, _, after = whole.partition(f"\n## {heading}\n")
    section, _, _ = after.partition("\n## ")
    return _BLOCK.findall(section)


def demo_command() -> str:
    """The first of the README's two commands, without its comment."""
    [block] = blocks("Two commands")
    first = block.splitlines()[0]
    return first.partition("#")[0].strip()
