"""What installs into `.venv` shows that it goes on, and what it has come to."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from requirements import install

UNPACKING = "Installing collected packages: a, b"


@pytest.fixture
def python(tmp_path: Path) -> Callable[[str], list[str]]:
    """A command of Python that says what it is given, before it goes on with more."""
    return lambda script: [sys.executable, "-c", script]


def test_a_silent_step_is_told_of_until_it_ends(
    tmp_path: Path, python: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The step ends once three lines were told during its silence."""
    told: list[str] = []
    unpacking, size = "  Installing collected packages", "  2 MB so far, going on"
    seen = tmp_path / "seen"
    (tmp_path / "installed").write_bytes(bytes(1_500_000))

    def say(line: str) -> None:
        told.append(line)
        if Counter(told)[size] >= 3 and unpacking in told:
            seen.touch()

    monkeypatch.setattr(install, "say", say)
    wait = f"import pathlib, time\nwhile not pathlib.Path({str(seen)!r}).exists(): time.sleep(0.01)"
    assert install.run(python(f"print({UNPACKING!r}, flush=True)\n{wait}"), tmp_path, silence_s_max=0.05) == 0
    assert {*told} == {unpacking, size}


def test_of_what_pip_says_the_large_downloads_are_passed_on(
    tmp_path: Path, python: Callable[[str], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    lines = [
        "Collecting a==1 (from -r requirements/local.txt (line 1))",
        "  Downloading a-1-py3-none-any.whl (61.1 MB)",
        "  Downloading b-1-py3-none-any.whl (12 kB)",
        "Using cached c-1-py3-none-any.whl (1.9 MB)",
        "Requirement already satisfied: d",
    ]
    assert install.run(python(f"print({chr(10).join(lines)!r})"), tmp_path, silence_s_max=60.0) == 0
    assert capsys.readouterr().out.splitlines() == [
        "  Downloading a-1-py3-none-any.whl (61.1 MB)",
        "  Using cached c-1-py3-none-any.whl (1.9 MB)",
    ]


def test_a_step_that_fails_ends_all_with_its_code(
    tmp_path: Path, python: Callable[[str], list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    ran: list[int] = []

    def steps(*_: object) -> Iterator[list[str]]:
        for code in (0, 3, 0):
            ran.append(code)
            yield python(f"exit({code})")

    monkeypatch.setattr(install, "steps", steps)
    monkeypatch.setattr(sys, "argv", ["install.py", "local", "--into", str(tmp_path)])
    with pytest.raises(SystemExit, match="3"):
        install.main()
    assert ran == [0, 3]


def test_an_environment_is_made_unless_a_whole_one_is_there(tmp_path: Path) -> None:
    """One without pip was cut off while it was made."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/python").touch()
    assert [step[1:3] for step in install.steps(tmp_path, ["local"])] == [("-m", "venv"), *[("-m", "pip")] * 2]
    (tmp_path / "bin/pip").touch()
    assert [step[1:3] for step in install.steps(tmp_path, ["local"])] == [("-m", "pip")] * 2


def test_a_folder_s_size_is_what_du_says(tmp_path: Path) -> None:
    """A file of several names counts once, a hole not at all."""
    (tmp_path / "deep/er").mkdir(parents=True)
    (tmp_path / "deep/er/file").write_bytes(os.urandom(3 << 20))
    os.link(tmp_path / "deep/er/file", tmp_path / "again")
    with (tmp_path / "hole").open("wb") as hole:
        hole.truncate(50 << 20)
    du = subprocess.run(["du", "-sm", str(tmp_path)], check=True, capture_output=True, text=True)
    assert abs(install.megabytes(tmp_path) - int(du.stdout.split()[0])) <= 1
    assert install.megabytes(tmp_path) < 50
