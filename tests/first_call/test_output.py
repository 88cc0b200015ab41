"""Silences are measured up to the first output, between outputs, and up to the end."""

from pathlib import Path

from tests.first_call.output import Silences, Watch


def test_the_first_output_and_the_longest_silence_are_told() -> None:
    silences = Silences(100.0)
    for size, at_s in ((0, 101.0), (0, 103.0), (5, 103.5), (9, 104.0), (9, 111.0), (12, 112.0), (14, 113.0)):
        silences.see(size, at_s)
    assert silences.first_s == 3.5
    assert silences.longest_s == 8.0


def test_a_silence_without_an_end_counts() -> None:
    silences = Silences(0.0)
    silences.see(1, 1.0)
    silences.see(1, 21.0)
    assert silences.longest_s == 20.0


def test_a_file_is_watched_until_its_last_line(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.touch()
    with Watch(log, "Ready.") as watch, log.open("a") as file:
        assert not watch.wait(0.2)
        file.write("Installing\nReady. Ctrl-C\n")
        file.flush()
        assert watch.wait(60.0)
    assert watch.silences.first_s is not None


def test_a_watch_ends_with_its_block(tmp_path: Path) -> None:
    (tmp_path / "log").touch()
    with Watch(tmp_path / "log", "Ready.") as watch:
        pass
    assert watch.wait(60.0)
    assert watch.silences.first_s is None
