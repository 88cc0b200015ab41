"""The rules of layout on samples, and on the tree itself."""

from tests.lint.__main__ import tracked
from tests.lint.layout import MODULES_MAX, crowded, namesakes


def test_a_folder_with_too_many_modules_is_found() -> None:
    files = [f"src/txn_api/room/module_{number}.py" for number in range(MODULES_MAX)]
    assert list(crowded([*files, "src/txn_api/room/__init__.py", "docs/a.py"])) == []
    (found,) = crowded([*files, "src/txn_api/room/last.py"])
    assert found == f"src/txn_api/room holds {MODULES_MAX + 1} modules: at most {MODULES_MAX}"


def test_two_modules_of_one_name_are_found_within_a_package() -> None:
    (found,) = namesakes(["src/workers/a/report.py", "src/workers/b/report.py", "src/txn_cli/report.py"])
    assert found == "src/workers/a/report.py, src/workers/b/report.py: one name for each module of a package"
    assert list(namesakes(["src/workers/a/__init__.py", "src/workers/b/__init__.py"])) == []


def test_our_own_tree_keeps_the_rules() -> None:
    files = tracked()
    assert [*crowded(files), *namesakes(files)] == []
