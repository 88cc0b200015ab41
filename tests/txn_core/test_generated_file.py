"""Files that are written from the code."""

from collections.abc import Callable
from pathlib import Path

import pytest

from txn_core.generated_file import write_or_check


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Runs the module's command line on a file, whose text it gives."""
    file = tmp_path / "file.txt"

    def on_file(*options: str, render: Callable[[str], str]) -> str:
        monkeypatch.setattr("sys.argv", ["module", *options, str(file)])
        write_or_check("Writes.", "has drifted: write it again", render)
        return file.read_text(encoding="utf-8")

    return on_file


def test_a_file_is_written_and_then_sound(run: Callable[..., str]) -> None:
    assert run(render=lambda _: "é\n") == "é\n"
    assert run("--check", render=lambda _: "é\n") == "é\n"


@pytest.mark.parametrize("there_is", [True, False])
def test_a_file_that_has_drifted_is_said_to(
    run: Callable[..., str], capsys: pytest.CaptureFixture[str], *, there_is: bool
) -> None:
    """And left as it is; a missing one has drifted, too."""
    if there_is:
        run(render=lambda _: "old\n")
    with pytest.raises(SystemExit) as ended:
        run("--check", render=lambda _: "new\n")
    assert ended.value.code == 1
    assert "file.txt has drifted: write it again" in capsys.readouterr().err
    assert not there_is or run("--check", render=lambda text: text) == "old\n"


def test_a_part_of_a_file_is_written_into_what_stands_there(run: Callable[..., str]) -> None:
    run(render=lambda _: "one\n")
    assert run(render=lambda text: text + "two\n") == "one\ntwo\n"
