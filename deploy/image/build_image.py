"""`make image`: builds the image by buildah in each of its sizes, and measures what each adds to its base.

Docker is not needed, and no daemon: buildah runs as root with its own store of images, in a folder that can be thrown
away. The base is pulled. Where no registry of images answers, debootstrap makes a stand-in from packages of Debian
under the tag of the base: good for a trial on this machine, never for production, and the report says so.

Exit codes: 0 built and within the bounds, or skipped, with the reason; 1 a step failed or a size is over its bound.
"""

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
NAME: Final = "txn-api"
PULL_S_MAX: Final = 300
BUILD_S_MAX: Final = 3_600
SUITE: Final = "bookworm"
PACKAGES: Final = "python3,python3-venv,ca-certificates"
PIP_FILES: Final = (Path("/etc/pip.conf"), Path.home() / ".config/pip/pip.conf")
AUTHORITIES: Final = Path("/etc/ssl/certs/ca-certificates.crt")


@dataclass(frozen=True, slots=True)
class Variant:
    """One size of the image: its tag, the extras that it holds, and the most it may add to its base, in MB (10^6)."""

    tag: str
    extras: str
    mb_max: int


VARIANTS: Final = (Variant("index", "", 140), Variant("archive", "lake", 320), Variant("score", "score", 420))


class BuildError(Exception):
    """A step that failed, in one line."""


class Buildah:
    """Buildah with a store of its own."""

    def __init__(self, store: Path) -> None:
        self.store = store
        self._command = ["buildah", "--root", str(store / "images"), "--runroot", str(store / "run")]
        self._command += ["--storage-driver", "vfs"]

    def run(self, *arguments: str, s_max: float = PULL_S_MAX, shows: bool = False) -> str:
        """Run one of its commands and give its output, or show it as it comes.

        Raises:
            BuildError: it failed, or took longer than `s_max` seconds.
        """
        try:
            ended = subprocess.run(
                [*self._command, *arguments],
                check=False,
                text=True,
                timeout=s_max,
                stdout=None if shows else subprocess.PIPE,
                stderr=None if shows else subprocess.PIPE,
            )
        except subprocess.TimeoutExpired:
            raise BuildError(f"buildah {arguments[0]} took longer than {s_max:.0f} s") from None
        if ended.returncode != 0:
            raise BuildError(f"buildah {arguments[0]} ended with {ended.returncode}: {(ended.stderr or '')[-500:]}")
        return (ended.stdout or "").strip()

    def has(self, image: str) -> bool:
        """Whether an image is in the store."""
        try:
            self.run("inspect", "--type", "image", image)
        except BuildError:
            return False
        return True

    def size_bytes(self, image: str) -> int:
        """The bytes of all files of an image, a file with several names once."""
        with self.mounted(image) as folder:
            return bytes_below(folder)

    @contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """The folder in which the files of an image are, for as long as the block runs."""
        container = self.run("from", "--pull-never", image)
        try:
            yield Path(self.run("mount", container))
        finally:
            self.run("rm", container)


def bytes_below(folder: Path) -> int:
    """The bytes of all files below a folder; a file with several names counts once."""
    sizes = {
        (status.st_dev, status.st_ino): status.st_size
        for path, _, files in os.walk(folder)
        for status in (os.lstat(os.path.join(path, file)) for file in files)  # noqa: PTH118 - 50,000 of them
    }
    return sum(sizes.values())


def base_of(dockerfile: str) -> str:
    """The image that a Dockerfile begins with."""
    return dockerfile.split("FROM ", 1)[1].split(maxsplit=1)[0]


def missing() -> str | None:
    """Why no image can be built here, or None."""
    if shutil.which("buildah") is None:
        return "there is no buildah (Debian and Fedora have a package of that name)"
    if os.geteuid() != 0:
        return "buildah without a daemon and without user namespaces needs root"
    return None


def have_base(buildah: Buildah, base: str) -> str:
    """Make sure that the base is in the store; says where it comes from.

    Raises:
        BuildError: no registry answers, and there is no debootstrap, or it failed.
    """
    full = f"docker.io/library/{base}"
    if buildah.has(full):
        return "in the store"
    try:
        buildah.run("pull", full)
    except BuildError as error:
        if shutil.which("debootstrap") is None:
            raise BuildError(f"{base} cannot be pulled, and there is no debootstrap: {error}") from None
        _bootstrap(buildah, full)
        return "a stand-in made by debootstrap: not for production"
    return "pulled"


def _bootstrap(buildah: Buildah, name: str) -> None:
    """Make an image of Debian with Python where the pinned one has it, and like that one without bytecode."""
    folder = buildah.store / "base"
    shutil.rmtree(folder, ignore_errors=True)
    command = ["debootstrap", "--variant=minbase", f"--include={PACKAGES}", SUITE, str(folder)]
    ended = subprocess.run(command, check=False, capture_output=True, text=True, timeout=BUILD_S_MAX)
    if ended.returncode != 0:
        raise BuildError(f"debootstrap ended with {ended.returncode}: {(ended.stdout or '')[-500:]}")
    for link in ("python", "python3"):
        (folder / "usr/local/bin" / link).symlink_to("/usr/bin/python3")
    for cache in list((folder / "usr/lib/python3.11").rglob("__pycache__")):
        shutil.rmtree(cache)
    for folder_of_packages in ("var/cache/apt", "var/lib/apt/lists"):
        shutil.rmtree(folder / folder_of_packages, ignore_errors=True)
    container = buildah.run("from", "scratch")
    try:
        buildah.run("add", container, str(folder), "/", s_max=BUILD_S_MAX)
        buildah.run("commit", "--format", "docker", container, name, s_max=BUILD_S_MAX)
    finally:
        buildah.run("rm", container)
        shutil.rmtree(folder)


def build(buildah: Buildah, variant: Variant) -> str:
    """Build one size; gives the image's name.

    The machine's configuration of pip and its authorities are mounted while it is built, and are in no layer.
    """
    name = f"localhost/{NAME}:{variant.tag}"
    buildah.run(
        *("build", "--isolation", "chroot", "--format", "docker", "--pull-never", "--layers=false"),
        *_volumes(),
        *("--build-arg", f"EXTRAS={variant.extras}", "--tag", name, str(ROOT)),
        s_max=BUILD_S_MAX,
        shows=True,
    )
    return name


def _volumes() -> Iterator[str]:
    for path in (*PIP_FILES, AUTHORITIES):
        if path.is_file():
            yield from ("--volume", f"{path}:{path}:ro")


def report(sizes: Sequence[tuple[Variant, int]], base_bytes: int) -> tuple[list[str], bool]:
    """A line a size, and whether each is within its bound."""
    lines, fits = [f"base {base_bytes / 1e6:6.0f} MB"], True
    for variant, size in sizes:
        over_mb = (size - base_bytes) / 1e6
        fits = fits and over_mb <= variant.mb_max
        lines.append(
            f"{variant.tag:8} EXTRAS={variant.extras!r:7} {over_mb:6.1f} MB over the base, at most {variant.mb_max}"
        )
    return lines, fits


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))
    sys.stdout.flush()


def main() -> int:
    """Build what the command line asks for."""
    parser = argparse.ArgumentParser(prog="make image", description="Build the image and measure it.")
    parser.add_argument("--store", type=Path, default=ROOT / ".image", help="where buildah keeps its images")
    parser.add_argument("--only", choices=[variant.tag for variant in VARIANTS], help="build this size alone")
    asked = parser.parse_args()
    if (reason := missing()) is not None:
        _say(f"Skipped: {reason}")
        return 0
    buildah, base = Buildah(asked.store), base_of((ROOT / "Dockerfile").read_text())
    try:
        _say(f"Base {base}: {have_base(buildah, base)}")
        chosen = [variant for variant in VARIANTS if asked.only in {None, variant.tag}]
        built = [(variant, build(buildah, variant)) for variant in chosen]
        sizes = [(variant, buildah.size_bytes(name)) for variant, name in built]
        lines, fits = report(sizes, buildah.size_bytes(f"docker.io/library/{base}"))
    except BuildError as error:
        _say(f"Failed: {error}")
        return 1
    _say(*lines)
    return 0 if fits else 1


if __name__ == "__main__":
    sys.exit(main())
