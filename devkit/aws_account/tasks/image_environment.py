"""The environment that the image brings: what the Dockerfile sets in its last stage."""

import re
import shlex
from pathlib import Path
from typing import Final

_CONTINUED: Final = re.compile(r"\\\n\s*")
DOCKERFILE: Final = Path(__file__).parents[3] / "Dockerfile"


def image_environment(dockerfile: Path = DOCKERFILE) -> dict[str, str]:
    """The variables of `ENV` in the last stage, without the path, which is this machine's own here."""
    last_stage = _CONTINUED.sub(" ", dockerfile.read_text()).rpartition("\nFROM ")[2]
    lines = (line.removeprefix("ENV ") for line in last_stage.splitlines() if line.startswith("ENV "))
    pairs = (pair.partition("=") for line in lines for pair in shlex.split(line))
    return {name: value for name, _, value in pairs if name != "PATH"}
