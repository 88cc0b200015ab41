"""Removes from installed packages what no process of the image loads: run while the image is built.

Each rule names a package, patterns below it, and why nothing needs what they match. A pattern that matches nothing is
an error: the package has changed, and the rule has to be looked at again. Bytecode stays: a container whose root is
read-only would otherwise compile at each start all that it imports. Licences stay, with the metadata of each package.

Used as `python trim.py SITE_PACKAGES`. On what is left, `tests/deploy/image/test_trim.py` loads what processes load.
"""

import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from typing import Final

SERVICES: Final = frozenset({"dynamodb", "kinesis", "s3", "secretsmanager", "sts", "sso", "sso-oidc"})
"""What botocore keeps the description of: the services that we call, and those that it calls for credentials."""


class TrimError(Exception):
    """A rule that does not fit the package any more."""


@dataclass(frozen=True, slots=True)
class Rule:
    """What goes from a package.

    Attributes:
        package: its folder in site-packages. Where it is not installed, the rule rests.
        patterns: globs below that folder, of files and of folders.
        kept: names that stay although a pattern matches them.
        unless: a package that needs what would go. Where it is installed, the rule rests.
    """

    package: str
    patterns: tuple[str, ...]
    kept: frozenset[str] = frozenset()
    unless: str | None = None


RULES: Final = (
    # Descriptions of 400 services. Files beside their folders tell endpoints and retries.
    Rule("botocore", ("data/*/",), kept=SERVICES),
    Rule("boto3", ("data/*/", "examples"), kept=SERVICES),
    # Arrow Flight, a protocol that nothing here speaks.
    Rule("pyarrow", ("libarrow_flight.so.*", "libarrow_python_flight.so*", "_flight.*", "flight.py")),
    # The same library three times: the loader asks for the name with one number.
    Rule("pyarrow", ("libarrow_python.so", "libarrow_python.so.*.*.*")),
    Rule("pyarrow", ("libarrow_python_parquet_encryption.so", "libarrow_python_parquet_encryption.so.*.*.*")),
    # Arrow's own client of S3: the workers have theirs. The warehouse writes what Redshift copies by it.
    Rule("pyarrow", ("libarrow_s3.so.*", "_s3fs.*"), unless="duckdb"),
    # What extensions of Arrow are compiled against, and its tests.
    Rule("pyarrow", ("include", "includes", "src", "tests", "*.pxi", "*.pyx", "_pyarrow_cpp_tests.*", "conftest.py")),
    # Functions that no rule of ours may call (fraud/rules/language.py).
    Rule("cel_expr_python", ("ext",)),
    # The library a second time, for interpreters other than CPython.
    Rule("zstandard", ("_cffi.*", "backend_cffi.py")),
    Rule("uvloop", ("**/*.pyx", "**/*.pxd")),
)


def trim(site_packages: Path, rules: tuple[Rule, ...] = RULES) -> int:
    """Remove what the rules name; gives how many bytes that was.

    Raises:
        TrimError: a pattern matches nothing.
    """
    removed = 0
    for path in unneeded(site_packages, rules):
        removed += sum(file.lstat().st_size for file in files_of(path))
        if path.is_dir():
            rmtree(path)
        else:
            path.unlink()
    return removed


def unneeded(site_packages: Path, rules: tuple[Rule, ...] = RULES) -> Iterator[Path]:
    """The files and folders that the rules name.

    Raises:
        TrimError: a pattern matches nothing.
    """
    for rule in rules:
        is_needed = rule.unless is not None and (site_packages / rule.unless).is_dir()
        if not is_needed and (package := site_packages / rule.package).is_dir():
            yield from _matches(package, rule)


def files_of(path: Path) -> Iterator[Path]:
    """A file, or all files below a folder."""
    return (file for file in (path.rglob("*") if path.is_dir() else (path,)) if not file.is_dir())


def _matches(package: Path, rule: Rule) -> Iterator[Path]:
    for pattern in rule.patterns:
        found = [path for path in package.glob(pattern) if path.name not in rule.kept]
        if pattern.endswith("/"):
            found = [path for path in found if path.is_dir()]
        if not found:
            raise TrimError(f"{package.name}: {pattern} matches nothing: look whether the package changed")
        yield from found


def main() -> None:
    """Trim the folder that the command line names."""
    removed = trim(Path(sys.argv[1]))
    sys.stdout.write(f"{removed / 1e6:.0f} MB removed that no process loads\n")


if __name__ == "__main__":
    main()
