"""A file of the repository that is written from the code: written again, or compared with what would be written."""

import argparse
from collections.abc import Callable
from pathlib import Path


def write_or_check(description: str | None, amiss: str, render: Callable[[str], str]) -> None:
    """Do as the command line says: `FILE` writes the file, `--check FILE` says whether it has drifted.

    `render` makes the text of the file's present one, which is empty when there is no file. `amiss` is what is said
    of a file that has drifted, behind its name; the process then ends with 1.
    """
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("file", type=Path)
    parser.add_argument("--check", action="store_true", help="fail when the file is not what would be written")
    arguments = parser.parse_args()
    file: Path = arguments.file
    present = file.read_text(encoding="utf-8") if file.exists() else None
    written = render(present or "")
    if not arguments.check:
        file.write_text(written, encoding="utf-8")
    elif present != written:
        parser.exit(1, f"{file} {amiss}\n")
