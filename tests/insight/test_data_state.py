"""The version of the data follows the code that makes answers of it."""

from pathlib import Path

from insight.answers.data_state import code_digest


def test_a_version_changes_with_the_code_and_its_names_and_with_nothing_else(tmp_path: Path) -> None:
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "one.py").write_text("a = 1")
    first = code_digest([tmp_path])
    (tmp_path / "below" / "one.pyc").write_text("of a cache")
    assert code_digest([tmp_path]) == first
    (tmp_path / "below" / "one.py").write_text("a = 2")
    second = code_digest([tmp_path])
    (tmp_path / "below" / "one.py").rename(tmp_path / "below" / "two.py")
    third = code_digest([tmp_path])
    (tmp_path / "q01.sql").write_text("select 1")
    assert len({first, second, third, code_digest([tmp_path])}) == 4
