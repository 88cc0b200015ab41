"""`docs/problems.md`: what is committed is what the problems say of themselves."""

from pathlib import Path

import pytest

from operations.http import problems_file
from txn_api.problems import PROBLEMS
from txn_core.transactions.faults import MESSAGES

COMMITTED = Path(__file__).parents[3] / "docs" / "problems.md"


def test_the_committed_page_has_not_drifted(own_environment: pytest.MonkeyPatch) -> None:
    """`make openapi` would write the very file that is committed."""
    assert COMMITTED.read_text() == problems_file.text()


def test_the_check_finds_drift(own_environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`--check` fails for a missing and for an edited file, and passes for the one just written."""
    file = tmp_path / "problems.md"

    def run(*arguments: str) -> None:
        own_environment.setattr("sys.argv", ["problems_file", *arguments, str(file)])
        problems_file.main()

    with pytest.raises(SystemExit):
        run("--check")
    run()
    run("--check")
    file.write_text(file.read_text() + "\n")
    with pytest.raises(SystemExit):
        run("--check")


def test_every_problem_and_every_fault_has_its_place(own_environment: pytest.MonkeyPatch) -> None:
    """One section a problem, with an anchor, and one row a fault; each problem says who answers with it."""
    page = problems_file.text()
    for problem in PROBLEMS:
        section = page.partition(f"\n## {problem.code}\n")[2].partition("\n## ")[0]
        assert problem.detail in section
        assert problem.remedy in section
        assert "**Answered by:**" in section
    for code, message in MESSAGES.items():
        assert f"| `{code}` | {message} |" in page
