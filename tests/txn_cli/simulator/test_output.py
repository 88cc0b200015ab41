"""Where simulated rows go."""

import gzip
from pathlib import Path

import pytest

from txn_cli.simulator.output import opened, paced


class Time:
    """Time that passes by pauses alone."""

    now = 0.0

    def __call__(self) -> float:
        """The time."""
        return self.now

    def pass_by(self, seconds: float) -> None:
        """Let time pass."""
        self.now += seconds


def test_a_gzip_file_is_the_same_bytes_whatever_its_name_and_time(tmp_path: Path) -> None:
    for name in ("one.csv.gz", "two.csv.gz"):
        with opened(tmp_path / name) as file:
            file.write("a,b\n")
    assert (tmp_path / "one.csv.gz").read_bytes() == (tmp_path / "two.csv.gz").read_bytes()
    assert gzip.decompress((tmp_path / "one.csv.gz").read_bytes()) == b"a,b\n"
    assert (tmp_path / "one.csv.gz").read_bytes()[4:8] == b"\0\0\0\0"


def test_any_other_file_is_plain(tmp_path: Path) -> None:
    with opened(tmp_path / "rows.csv") as file:
        file.write("a,b\n")
    assert (tmp_path / "rows.csv").read_bytes() == b"a,b\n"


def test_without_a_file_it_is_standard_output(capsys: pytest.CaptureFixture[str]) -> None:
    with opened(None) as file:
        file.write("a,b\n")
    assert capsys.readouterr().out == "a,b\n"


def test_items_come_at_the_rate_asked_for_and_catch_up_after_a_delay() -> None:
    time = Time()
    taken = []
    for item in paced(range(6), 10.0, clock=time, pause=time.pass_by):
        taken.append((item, round(time.now, 6)))
        if item == 1:
            time.now += 0.25
    assert taken == [(0, 0.0), (1, 0.1), (2, 0.35), (3, 0.35), (4, 0.4), (5, 0.5)]
